package release

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/sync/hub/refusal"
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
		{"its hours have not begun", func(r *Release, _ *Member) { r.Between = night }, Others{At: 21*60 + 59}, Fetch},
		{"its hours have begun", func(r *Release, _ *Member) { r.Between = night }, Others{At: 22 * 60}, Go},
		{"its hours go on after midnight", func(r *Release, _ *Member) { r.Between = night }, Others{At: 4*60 + 59}, Go},
		{"its hours are over", func(r *Release, _ *Member) { r.Between = night }, Others{At: 5 * 60}, Fetch},
		{"it fetches at any hour", func(r *Release, m *Member) { r.Between, m.Install.Stage = night, Fetching }, Others{At: 12 * 60}, Fetch},
		{"it had its turn, and its hours ended before it began", func(r *Release, m *Member) { r.Between, m.Install.Stage = night, Installing }, Others{At: 5 * 60}, Fetch},
		{"it has begun, and goes through with it", func(r *Release, m *Member) {
			r.Between, m.Install.Stage, m.Begun = night, Installing, true
		}, Others{At: 5 * 60}, Go},
		{"no percent", func(r *Release, _ *Member) { r.Percent = 0 }, Others{}, Nothing},
	} {
		r, m := with(c.change)
		if got := Decide(r, m, c.others); got != c.want {
			t.Errorf("%s: told %d, want %d", c.what, got, c.want)
		}
	}
}

// night is hours over midnight.
var night = Hours{22 * 60, 5 * 60}

// Issue 12, 5: what a terminal that is ready waits for is said, the hours first, then a terminal of
// its own doors.
func TestWhatATerminalWaitsFor(t *testing.T) {
	r := next
	r.Between = Hours{2 * 60, 5 * 60}
	for _, c := range []struct {
		others Others
		want   Wait
	}{
		{Others{At: 3 * 60}, ""},
		{Others{At: 3 * 60, Healthy: 3, Going: 2, Busy: []string{"outer"}}, ""},
		{Others{At: 5 * 60, Going: 1, Busy: []string{"inner"}}, ForHours},
		{Others{At: 3 * 60, Going: 1, Busy: []string{"inner"}}, ForGroup},
		{Others{At: 3 * 60, Going: 1, Busy: []string{"outer"}}, ForFirst},
		{Others{At: 3 * 60, Going: 2, Healthy: 2}, ForOthers},
	} {
		m := member(Ready, "inner")
		if got := waitsFor(r, m, c.others); got != c.want {
			t.Errorf("with %+v it waits for %q, want %q", c.others, got, c.want)
		}
		if goes := Decide(r, m, c.others) == Go; goes != (c.want == "") {
			t.Errorf("with %+v it goes: %v", c.others, goes)
		}
	}
}

// Issue 12, 5: hours are read as people write them, over midnight too, and anything else is
// refused; each minute of the day is in the hours that it is in.
func TestHours(t *testing.T) {
	for _, text := range []string{"02:00-05:00", "22:30-05:00", "23:59-00:00", "00:00-23:59"} {
		h, err := ParseHours(text)
		if err != nil || h.String() != text || h.Always() {
			t.Errorf("%s is read as %v: %v", text, h, err)
		}
		for m := range Minute(dayMinutes) {
			if want := inHours(text[:5], text[6:], m.String()); h.Has(m) != want {
				t.Fatalf("%s has %s: %v", text, m, !want)
			}
		}
	}
	if h, err := ParseHours(""); err != nil || !h.Always() || !h.Has(0) || !h.Has(dayMinutes-1) {
		t.Errorf("no hours are read as %v: %v", h, err)
	}
	for _, text := range []string{"02:00", "2:00-5:00", "02:00-24:00", "02:60-05:00", "02:00-02:00", "02:00 05:00", "02:00-05:00 ", "00:00-00:00", "-"} {
		if _, err := ParseHours(text); refusal.Code(err) != CodeHours {
			t.Errorf("%q is read: %v", text, err)
		}
	}
}

// inHours decides by the texts of times, which sort.
func inHours(from, to, at string) bool {
	if from < to {
		return from <= at && at < to
	}
	return !(to <= at && at < from)
}

// The time of the day is that of the site's clocks.
func TestTheTimeOfTheDayIsTheSites(t *testing.T) {
	paris, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	summer := time.Date(2030, 7, 1, 23, 30, 0, 0, time.UTC)
	if got := MinuteOf(summer.In(paris)).String(); got != "01:30" {
		t.Errorf("it is %s", got)
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
