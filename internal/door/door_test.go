package door_test

import (
	"testing"
	"time"

	"pgregory.net/rapid"

	"badged/internal/door"
)

var (
	start = time.Date(2026, 1, 5, 8, 0, 0, 0, time.UTC)
	cfg   = door.Config{OpenFor: 5 * time.Second, HeldAfter: 30 * time.Second}
)

// step is one line of a story: what happens how long after the one before, and what
// must come of it.
type step struct {
	after  time.Duration
	in     door.Input
	tick   bool
	effect door.Effect
	state  door.State
}

func TestStories(t *testing.T) {
	const s = time.Second
	on, drop := door.Energise, door.Drop
	relock := cfg
	relock.RelockOnOpen = true
	for name, c := range map[string]struct {
		cfg   door.Config
		steps []step
	}{
		"granted and nobody passes": {cfg, []step{
			{0, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, 0, true, door.Effect{}, door.Granted},
			{1 * s, 0, true, door.Effect{Relay: drop}, door.Locked},
		}},
		"pass and close": {cfg, []step{
			{0, door.ContactClosed, false, door.Effect{}, door.Locked},
			{0, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{1 * s, door.ContactOpen, false, door.Effect{Report: door.WasOpened}, door.Open},
			{1 * s, door.ContactClosed, false, door.Effect{Relay: drop, Report: door.WasClosed}, door.Locked},
		}},
		"relock on open": {relock, []step{
			{0, door.ContactClosed, false, door.Effect{}, door.Locked},
			{0, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{1 * s, door.ContactOpen, false, door.Effect{Relay: drop, Report: door.WasOpened}, door.Open},
		}},
		"held open": {cfg, []step{
			{0, door.ContactClosed, false, door.Effect{}, door.Locked},
			{0, door.Exit, false, door.Effect{Relay: on, Report: door.ExitUsed}, door.Granted},
			{1 * s, door.ContactOpen, false, door.Effect{Report: door.WasOpened}, door.Open},
			{4 * s, 0, true, door.Effect{Relay: drop}, door.Open},
			{26 * s, 0, true, door.Effect{Report: door.IsHeld}, door.Held},
			{90 * s, 0, true, door.Effect{}, door.Held},
			{0, door.ContactClosed, false, door.Effect{Report: door.WasClosed}, door.Locked},
		}},
		"forced": {cfg, []step{
			{0, door.ContactClosed, false, door.Effect{}, door.Locked},
			{0, door.ContactOpen, false, door.Effect{Report: door.WasForced}, door.Forced},
			{0, door.ContactClosed, false, door.Effect{Report: door.WasClosed}, door.Locked},
		}},
		"forced after the grant was over": {cfg, []step{
			{0, door.ContactClosed, false, door.Effect{}, door.Locked},
			{0, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{6 * s, door.ContactOpen, false, door.Effect{Relay: drop, Report: door.WasForced}, door.Forced},
			{1 * s, door.Grant, false, door.Effect{Relay: on}, door.Open},
		}},
		"open at start": {cfg, []step{
			{0, door.ContactOpen, false, door.Effect{Report: door.WasOpened}, door.Open},
		}},
		"lockdown": {cfg, []step{
			{0, door.LockdownOn, false, door.Effect{}, door.Locked},
			{0, door.Grant, false, door.Effect{}, door.Locked},
			{0, door.Exit, false, door.Effect{Relay: on, Report: door.ExitUsed}, door.Granted},
			{5 * s, 0, true, door.Effect{Relay: drop}, door.Locked},
			{0, door.LockdownOff, false, door.Effect{}, door.Locked},
			{0, door.Grant, false, door.Effect{Relay: on}, door.Granted},
		}},
		"release": {cfg, []step{
			{0, door.ContactClosed, false, door.Effect{}, door.Locked},
			{0, door.ReleaseOn, false, door.Effect{}, door.Locked},
			{0, door.ContactOpen, false, door.Effect{Report: door.WasOpened}, door.Open},
			{99 * s, 0, true, door.Effect{}, door.Open},
			{0, door.ReleaseOff, false, door.Effect{}, door.Open},
			{30 * s, 0, true, door.Effect{Report: door.IsHeld}, door.Held},
		}},
		"the contact spoke before the grant was decided": {cfg, []step{
			{0, door.ContactClosed, false, door.Effect{}, door.Locked},
			{1 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{-time.Millisecond, door.ContactOpen, false, door.Effect{Report: door.WasOpened}, door.Open},
			{5*s + time.Millisecond, 0, true, door.Effect{Relay: drop}, door.Open},
		}},
		"a grant when the time of the last was just over": {cfg, []step{
			{0, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{5 * s, door.Grant, false, door.Effect{Relay: door.Renew}, door.Granted},
			{-1 * s, door.Exit, false, door.Effect{Relay: on, Report: door.ExitUsed}, door.Granted},
			{5 * s, 0, true, door.Effect{}, door.Granted},
			{1 * s, 0, true, door.Effect{Relay: drop}, door.Locked},
		}},
		"grants in a row end at the cap": {cfg, []step{
			{0, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{4 * s, door.Grant, false, door.Effect{Relay: on}, door.Granted},
			{2 * s, 0, true, door.Effect{Relay: drop}, door.Locked},
			{keepGoing, door.Grant, false, door.Effect{Relay: on}, door.Granted},
		}},
	} {
		t.Run(name, func(t *testing.T) {
			m, now := door.New(c.cfg), start
			if !m.Until().IsZero() || m.State() != door.Locked {
				t.Fatal("a new machine is not locked")
			}
			for i, st := range c.steps {
				now = now.Add(st.after)
				var got door.Effect
				if st.tick {
					got = m.Tick(now)
				} else {
					got = m.HandleInput(now, st.in)
				}
				if got != st.effect || m.State() != st.state {
					t.Errorf("step %d: got %+v and %v, want %+v and %v", i, got, m.State(), st.effect, st.state)
				}
			}
		})
	}
}

const keepGoing = time.Millisecond

// Whatever a configuration says, a grant energises the relay for Cap at most, and so
// does the exit button.
func TestOpenForIsCutAtTheCap(t *testing.T) {
	for _, in := range []door.Input{door.Grant, door.Exit} {
		m := door.New(door.Config{OpenFor: 10 * time.Minute})
		m.HandleInput(start, in)
		if got := m.Until().Sub(start); got != door.Cap {
			t.Errorf("input %d: on for %v, want %v", in, got, door.Cap)
		}
		if e := m.Tick(start.Add(door.Cap)); e.Relay != door.Drop || !m.Until().IsZero() {
			t.Errorf("input %d: after the cap %+v", in, e)
		}
	}
}

// A clock that goes back, or an input that waited, neither shortens nor prolongs what
// was given: all later times count from the latest that was told.
func TestTimeGoingBackChangesNoPulse(t *testing.T) {
	m := door.New(cfg)
	m.HandleInput(start.Add(time.Hour), door.Grant)
	want := m.Until()
	if e := m.Tick(start); e != (door.Effect{}) || !m.Until().Equal(want) {
		t.Errorf("an hour back: %+v, until %v", e, m.Until())
	}
	m.HandleInput(start, door.Grant)
	if !m.Until().Equal(want) || m.State() != door.Granted {
		t.Errorf("a grant an hour back: until %v, want %v", m.Until(), want)
	}
	if e := m.Tick(want); e.Relay != door.Drop {
		t.Errorf("at its end: %+v", e)
	}
	m.HandleInput(start, door.Exit) // seen before the relay dropped
	if got := m.Until(); !got.Equal(want.Add(cfg.OpenFor)) {
		t.Errorf("an exit after the drop: until %v, want %v", got, want.Add(cfg.OpenFor))
	}
}

// relay follows the effects as a driver without a bound of its own would.
type relay struct {
	on    bool
	since time.Time
}

func (r *relay) take(now time.Time, e door.Effect) {
	switch {
	case e.Relay == door.Energise && !r.on:
		r.on, r.since = true, now
	case e.Relay == door.Renew:
		r.on, r.since = true, now
	case e.Relay == door.Drop:
		r.on = false
	}
}

func on(m *door.Machine) bool { return !m.Until().IsZero() }

func energises(e door.Effect) bool { return e.Relay == door.Energise || e.Relay == door.Renew }

// TestInvariants throws everything at a machine that is ticked at its deadlines: the
// relay follows what the machine says of it, never stays on beyond the cap, and only
// a grant or the exit button energises it; the exit button always does.
func TestInvariants(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		m := door.New(door.Config{
			OpenFor:      time.Duration(rapid.IntRange(1, 60).Draw(t, "openFor")) * time.Second,
			HeldAfter:    time.Duration(rapid.IntRange(0, 60).Draw(t, "heldAfter")) * time.Second,
			RelockOnOpen: rapid.Bool().Draw(t, "relock"),
		})
		var r relay
		now := start
		lockdown := false
		for range rapid.IntRange(1, 60).Draw(t, "steps") {
			target := now.Add(time.Duration(rapid.IntRange(-5, 40).Draw(t, "after")) * time.Second)
			for d := m.Deadline(); !d.IsZero() && !d.After(target); d = m.Deadline() {
				if d.After(now) {
					now = d
				}
				e := m.Tick(now)
				if energises(e) {
					t.Fatal("time energised the relay")
				}
				if e == (door.Effect{}) {
					t.Fatal("a deadline passed without an effect")
				}
				r.take(now, e)
			}
			if target.After(now) {
				now = target
			}
			in := door.Input(rapid.IntRange(0, int(door.ReleaseOff)).Draw(t, "in"))
			e := m.HandleInput(target, in) // perhaps seen before the last one
			r.take(now, e)
			switch {
			case energises(e) && in != door.Grant && in != door.Exit:
				t.Fatalf("input %d energised the relay", in)
			case energises(e) && in == door.Grant && lockdown:
				t.Fatal("a grant opened in lockdown")
			case !energises(e) && in == door.Exit:
				t.Fatal("the exit button did not open")
			case r.on != on(m):
				t.Fatal("the relay does not follow the machine")
			case r.on && now.Sub(r.since) >= door.Cap:
				t.Fatalf("on for %v", now.Sub(r.since))
			}
			switch in {
			case door.LockdownOn:
				lockdown = true
			case door.LockdownOff:
				lockdown = false
			}
		}
	})
}

// TestExhaustive walks every sequence of four inputs and ticks from every state that
// three reach: no sequence leaves the relay on for ever.
func TestExhaustive(t *testing.T) {
	const kinds = int(door.ReleaseOff) + 2 // every input, and a tick
	var walk func(path []int)
	walk = func(path []int) {
		if len(path) == 5 {
			m, now := door.New(cfg), start
			for _, k := range path {
				now = now.Add(4 * time.Second)
				if k == kinds-1 {
					m.Tick(now)
				} else {
					m.HandleInput(now, door.Input(k))
				}
				if on(m) && m.Deadline().IsZero() {
					t.Fatalf("%v: energised without an end", path)
				}
			}
			if m.Tick(now.Add(door.Cap)); on(m) {
				t.Fatalf("%v: energised after the cap", path)
			}
			return
		}
		for k := range kinds {
			walk(append(path[:len(path):len(path)], k))
		}
	}
	walk(nil)
}
