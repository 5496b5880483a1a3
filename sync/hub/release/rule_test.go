package release

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/sync/wire"
)

var (
	now  = time.UnixMilli(1_900_000_000_000).UTC()
	next = Release{ID: ID{14}, Version: "1.4.0", Sequence: 14, Boards: []string{"rpi-4"}, Wave: Wave{Assigned: now, Percent: 100, StopAfter: 1}}
)

func member(stage Stage, groups ...string) Member {
	return Member{Terminal: "hall", Board: "rpi-4", Installed: ID{13}, Sequence: 13, Groups: groups, Install: Install{Release: next.ID, Stage: stage}}
}

// Issue 12, 5: waves, pause, stop, one terminal of a door group at a time, and no second try
// without a word.
func TestWhoIsToldNow(t *testing.T) {
	with := func(change func(r *Release, m *Member)) (Release, Member) {
		r, m := next, member(Ready, "inner")
		change(&r, &m)
		return r, m
	}
	for _, c := range []struct {
		what   string
		change func(r *Release, m *Member)
		others Others
		want   Order
	}{
		{"the first that is ready goes", func(*Release, *Member) {}, Others{}, Go},
		{"one that has not all of it fetches", func(_ *Release, m *Member) { m.Install.Stage = Fetching }, Others{}, Fetch},
		{"a second one waits for the first", func(*Release, *Member) {}, Others{Going: 1}, Fetch},
		{"a second one waits for another group, too, while none has come through", func(*Release, *Member) {}, Others{Going: 1, Busy: []string{"outer"}}, Fetch},
		{"as many go as have come through", func(*Release, *Member) {}, Others{Going: 1, Healthy: 2}, Go},
		{"not more", func(*Release, *Member) {}, Others{Going: 2, Healthy: 2}, Fetch},
		{"its group is busy", func(*Release, *Member) {}, Others{Going: 1, Healthy: 5, Busy: []string{"outer", "inner"}}, Fetch},
		{"another group is busy", func(*Release, *Member) {}, Others{Going: 1, Healthy: 5, Busy: []string{"outer"}}, Go},
		{"it keeps its turn", func(_ *Release, m *Member) { m.Install.Stage = Installing }, Others{Going: 1, Busy: []string{"inner"}}, Go},
		{"it has failed", func(_ *Release, m *Member) { m.Install.Stage = Failed }, Others{}, Nothing},
		{"it was lost", func(_ *Release, m *Member) { m.Install.Stage = Lost }, Others{}, Nothing},
		{"it was rolled back by hand", func(_ *Release, m *Member) { m.Install.Stage = Healthy }, Others{}, Nothing},
		{"it has it", func(_ *Release, m *Member) { m.Installed, m.Sequence = next.ID, 14 }, Others{}, Nothing},
		{"it has another one of that sequence", func(_ *Release, m *Member) { m.Sequence = 14 }, Others{}, Nothing},
		{"it has a newer one", func(_ *Release, m *Member) { m.Sequence = 15 }, Others{}, Nothing},
		{"it is another board", func(_ *Release, m *Member) { m.Board = "rpi-5" }, Others{}, Nothing},
		{"nobody is to have it", func(r *Release, _ *Member) { r.Assigned = time.Time{} }, Others{}, Nothing},
		{"paused", func(r *Release, _ *Member) { r.Paused = true }, Others{}, Nothing},
		{"stopped", func(r *Release, _ *Member) { r.Stopped = true }, Others{}, Nothing},
		{"a pause holds back one that has its turn, too", func(r *Release, m *Member) { r.Paused, m.Install.Stage = true, Installing }, Others{}, Nothing},
		{"others are named", func(r *Release, _ *Member) { r.Terminals = []string{"attic"} }, Others{}, Nothing},
		{"it is named", func(r *Release, _ *Member) { r.Terminals = []string{"attic", "hall"} }, Others{}, Go},
		{"its doors are meant", func(r *Release, _ *Member) { r.Groups = []string{"inner"} }, Others{}, Go},
		{"other doors are meant", func(r *Release, _ *Member) { r.Groups = []string{"outer"} }, Others{}, Nothing},
		{"other doors, but it is named", func(r *Release, _ *Member) { r.Groups, r.Terminals = []string{"outer"}, []string{"hall"} }, Others{}, Go},
		{"no percent", func(r *Release, _ *Member) { r.Percent = 0 }, Others{}, Nothing},
	} {
		r, m := with(c.change)
		if got := Decide(r, m, c.others); got != c.want {
			t.Errorf("%s: told %d, want %d", c.what, got, c.want)
		}
	}
}

// Issue 12, 5: a wave is as large as it says, holds every smaller one, and is another one for
// another release.
func TestWavesGrow(t *testing.T) {
	wave := func(id ID, percent uint64) (names []string) {
		r := next
		r.ID, r.Percent = id, percent
		for i := range 1000 {
			m := member(Fetching)
			m.Terminal = fmt.Sprintf("terminal-%d", i)
			if Decide(r, m, Others{}) == Fetch {
				names = append(names, m.Terminal)
			}
		}
		return names
	}
	if none := wave(next.ID, 0); len(none) > 0 {
		t.Errorf("no percent of the terminals are %q", none)
	}
	ten, half, all := wave(next.ID, 10), wave(next.ID, 50), wave(next.ID, 100)
	if len(ten) < 60 || len(ten) > 140 || len(half) < 430 || len(half) > 570 || len(all) != 1000 {
		t.Errorf("of 1000 terminals, 10 percent are %d, 50 are %d, 100 are %d", len(ten), len(half), len(all))
	}
	for _, name := range ten {
		if !slices.Contains(half, name) {
			t.Errorf("%s is of the first 10 percent, and not of the first 50", name)
		}
	}
	if other := wave(ID{15}, 10); slices.Equal(other, ten) {
		t.Error("the same terminals go first with every release")
	}
}

// Issue 12, 5: what a terminal reports is its state; late and repeated reports change nothing.
func TestWhatATerminalReports(t *testing.T) {
	about := func(phase wire.UpdatePhase) wire.Update {
		return wire.Update{Installed: ID{13}, Release: next.ID[:], Phase: phase, Done: 3, Why: "why"}
	}
	for _, c := range []struct {
		what   string
		was    Stage
		retry  bool
		report wire.Update
		want   Stage
	}{
		{"it has all of it", Fetching, false, about(wire.UpdateReady), Ready},
		{"its disk lost some", Ready, false, about(wire.UpdateFetching), Fetching},
		{"restarted in the middle, it keeps its turn", Installing, false, about(wire.UpdateFetching), Installing},
		{"and when it has all of it again", Installing, false, about(wire.UpdateReady), Installing},
		{"on trial", Installing, false, about(wire.UpdateTrial), Installing},
		{"by hand", Fetching, false, about(wire.UpdateTrial), Installing},
		{"rolled back", Installing, false, about(wire.UpdateFailed), Failed},
		{"failed before the hub ever told it", Fetching, false, about(wire.UpdateFailed), Failed},
		{"an old failure does not undo a retry", Fetching, true, about(wire.UpdateFailed), Fetching},
		{"a retry that failed", Installing, true, about(wire.UpdateFailed), Failed},
		{"failed, and it fetches again by itself", Failed, false, about(wire.UpdateReady), Failed},
		{"lost, and back in the middle", Lost, false, about(wire.UpdateTrial), Installing},
		{"lost, and back before it wrote", Lost, false, about(wire.UpdateFetching), Installing},
		{"lost, and failed", Lost, false, about(wire.UpdateFailed), Failed},
		{"lost, and healthy", Lost, false, wire.Update{Installed: next.ID}, Healthy},
		{"healthy", Installing, true, wire.Update{Installed: next.ID}, Healthy},
		{"another release", Installing, false, wire.Update{Installed: ID{13}, Release: make([]byte, 32), Phase: wire.UpdateFailed}, Installing},
		{"nothing", Ready, false, wire.Update{Installed: ID{13}}, Ready},
	} {
		was := Install{Release: next.ID, Terminal: "hall", Stage: c.was, Retry: c.retry, Since: now.Add(-time.Hour)}
		is, news := applyReport(was, c.report, now)
		if is.Stage != c.want || news != (is != was) {
			t.Errorf("%s: %+v, news %v; want stage %s", c.what, is, news, c.want)
		}
		if moved := is.Stage != was.Stage; moved != is.Since.Equal(now) {
			t.Errorf("%s: since %v", c.what, is.Since)
		}
		if again, news := applyReport(is, c.report, now.Add(time.Minute)); news {
			t.Errorf("%s: the same report again is news: %+v", c.what, again)
		}
	}
}

// Issue 12, 5: a terminal that went and was not seen again counts as failed, and not before.
func TestASilentTerminalIsLost(t *testing.T) {
	i := Install{Stage: Installing, Since: now}
	late := now.Add(LostAfter + time.Minute)
	for _, c := range []struct {
		what     string
		lastSeen time.Time
		at       time.Time
		want     bool
	}{
		{"just told", now, now.Add(time.Minute), false},
		{"silent since", now, late, true},
		{"heard of since", late.Add(-time.Minute), late, false},
	} {
		if got := i.isLost(c.lastSeen, c.at); got != c.want {
			t.Errorf("%s: lost is %v", c.what, got)
		}
	}
	i.Stage = Ready
	if i.isLost(now, late) {
		t.Error("a terminal that waits for its turn is lost")
	}
}
