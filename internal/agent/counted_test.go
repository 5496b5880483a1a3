package agent_test

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
	"badged/internal/agent"
	"badged/internal/health"
	"badged/keypad"
	"badged/reader"
)

// types has a keypad send keys.
func (s *script) types(keys string) {
	for _, k := range keys {
		s.say <- reader.Event{Kind: reader.KindKey, Key: keypad.Key(k)}
	}
}

// entries are the events of codes and PINs: their reasons, and how many were only counted.
func (l *lab) entries() (listed []enroll.Reason, counted uint64) {
	l.t.Helper()
	for _, ev := range l.tail(enroll.EventPresentation) {
		if ev.Count > 0 {
			counted += ev.Count
		} else {
			listed = append(listed, ev.Reason)
		}
	}
	return listed, counted
}

// keypadLab is a door with a keypad whose lights nobody looks at, and the agent's log.
func keypadLab(t *testing.T) (l *lab, keys *script, log *bytes.Buffer) {
	t.Helper()
	l, keys, log = newLab(t), newScript("front-keypad"), new(bytes.Buffer)
	l.attach(keys, "front")
	l.opts.Doors = append(l.opts.Doors, frontDoor(newRelay()))
	l.opts.Log = slog.New(slog.NewTextHandler(log, nil))
	decided := l.opts.Decided
	l.opts.Decided = func(d agent.Decided) { l.opts.Log.Info("decision"); decided(d) }
	ignoreCues(t, keys)
	return l, keys, log
}

// ignoreCues takes the cues of a keypad until the test ends.
func ignoreCues(t *testing.T, keys *script) {
	done := make(chan struct{})
	t.Cleanup(func() { close(keys.cues); <-done })
	go func() {
		defer close(done)
		for range keys.cues {
		}
	}()
}

// Issue 7, 4.6: a machine at a keypad fills neither disk nor log. Each kind of entry that
// cannot succeed is listed ten times a minute, the rest comes as one event.
func TestEntriesWithoutEffectAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, keys, log := keypadLab(t)
		stop := l.run()
		const codes, pins = 300, 200
		for i := range codes {
			keys.types("*1928")
			if i < pins {
				keys.types("4711#")
			}
		}
		synctest.Wait()
		if listed, _ := l.entries(); len(listed) != 10 {
			t.Errorf("%d of %d entries are listed", len(listed), codes+pins)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		listed, counted := l.entries()
		if len(listed) != 10 || counted != codes+pins-10 {
			t.Errorf("after a minute %d are listed and %d counted, of %d", len(listed), counted, codes+pins)
		}
		if n := strings.Count(log.String(), "decision"); n != 10 {
			t.Errorf("the log has %d decisions", n)
		}
		keys.types("*1928")
		synctest.Wait()
		if listed, _ := l.entries(); len(listed) != 11 {
			t.Error("the next minute lists nothing")
		}
		for range 15 {
			keys.types("*1928")
		}
		stop()
		if _, counted := l.entries(); counted != codes+pins-10+6 {
			t.Errorf("at the end %d are counted", counted)
		}
	})
}

// Each reader has its own bound: a machine at one keypad does not hide who types at another.
func TestEntriesAtOneKeypadHideNoneAtAnother(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, keys, _ := keypadLab(t)
		other := newScript("hall-keypad")
		l.attach(other, "hall")
		ignoreCues(t, other)
		stop := l.run()
		for range 30 {
			keys.types("*1928")
		}
		other.types("*1928")
		synctest.Wait()
		listed := map[string]int{}
		for _, ev := range l.tail(enroll.EventPresentation) {
			listed[ev.Point]++
		}
		if listed["front"] != 10 || listed["hall"] != 1 {
			t.Errorf("listed at each point: %v", listed)
		}
		stop()
	})
}

// Guesses, which could have succeeded, are listed and counted one by one whatever came
// before them: the hub adds up what it hears.
func TestGuessesAreNeverLeftOut(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, keys, _ := keypadLab(t)
		stop := l.run()
		for range 40 {
			keys.types("4711#")
		}
		l.claim(l.member(""), "7365")
		budget := enroll.DefaultSite().GuessBudget
		for range budget - 1 {
			keys.types("*1928")
		}
		synctest.Wait()
		for _, it := range l.health.Snapshot() {
			if it.State == health.Fail {
				t.Errorf("within the budget: %+v", it)
			}
		}
		keys.types("*1928")
		l.await("claiming", health.Fail)
		for range 30 {
			keys.types("*1928") // closed: these could not succeed
		}
		keys.types("*7365")
		synctest.Wait()
		listed, _ := l.entries()
		guesses := slices.DeleteFunc(listed, func(r enroll.Reason) bool { return r != enroll.CodeRefused })
		if len(guesses) != budget {
			t.Errorf("%d of %d guesses are listed", len(guesses), budget)
		}
		if got := l.events(enroll.EventDevice); count(got, enroll.ClaimsClosed) != 1 {
			t.Errorf("device events %v, want one claims_closed", got)
		}
		stop()
	})
}

func count(list []enroll.Reason, r enroll.Reason) (n int) {
	for _, have := range list {
		if have == r {
			n++
		}
	}
	return n
}

// Issue 7, 4.5: status says that claiming is closed, with what to do, from the moment on,
// also after a restart, and until an operator has opened it.
func TestClosedClaimingShowsInStatus(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l, keys, _ := keypadLab(t)
		changed := make(chan struct{})
		l.opts.Changed = changed
		set := func(change func(*enroll.Site)) {
			site := l.store.Index().Site()
			change(&site)
			l.store.Index().Apply(site)
			changed <- struct{}{}
		}
		l.claim(l.member(""), "7365")
		stop := l.run()
		for range enroll.DefaultSite().GuessBudget {
			keys.types("*1928")
		}
		if it := l.await("claiming", health.Fail); !strings.Contains(it.Do, "badgehub site reopen") || it.Text == "" {
			t.Errorf("status says %q, do %q", it.Text, it.Do)
		}
		set(func(s *enroll.Site) { s.ClaimsEpoch++ })
		l.await("claiming", health.OK)
		set(func(s *enroll.Site) { s.ClaimsClosed = true }) // others typed, elsewhere
		l.await("claiming", health.Fail)
		set(func(s *enroll.Site) { s.ClaimsClosed, s.ClaimsEpoch = false, s.ClaimsEpoch+1 })
		l.await("claiming", health.OK)
		keys.types("*7365")
		synctest.Wait()
		var last enroll.Decision
		for len(l.got) > 0 {
			last = (<-l.got).Decision
		}
		if last.Reason != enroll.AwaitCard {
			t.Errorf("after it was opened a good code is answered %d", last.Reason)
		}
		stop()
		if n := count(l.events(enroll.EventDevice), enroll.ClaimsClosed); n != 1 {
			t.Errorf("%d events, want one: nobody typed here the second time", n)
		}
	})
}
