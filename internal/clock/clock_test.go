package clock_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/internal/clock"
)

// box is a clock on a machine whose own clock and passing time the test sets.
type box struct {
	*clock.Clock
	t      *testing.T
	wall   time.Time // what the machine's shows when it starts; it goes on from there
	passed time.Duration
	ntp    bool
}

var (
	day  = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC) // the true time when a box starts
	year = 365 * 24 * time.Hour
	dead = time.Unix(0, 0).UTC() // what a board without a battery shows
)

// start starts a box whose former runs kept a time.
func start(t *testing.T, wall time.Time, kept clock.Kept) *box {
	b := &box{t: t, wall: wall}
	b.Clock = clock.New(clock.Options{
		Kept: kept, Built: day.Add(-year), Synced: func() bool { return b.ntp },
		Machine: func() (time.Time, time.Duration) { return b.wall.Add(b.passed), b.passed },
	})
	return b
}

// restart starts the box again; its machine's clock shows wall.
func (b *box) restart(wall time.Time) *box { return start(b.t, wall, b.Kept()) }

// now is the true time.
func (b *box) now() time.Time { return day.Add(b.passed) }

// hearHub lets the hub, whose clock is wrong by that, answer every ten seconds for a while.
func (b *box) hearHub(wrong, during time.Duration) {
	for end := b.passed + during; b.passed <= end; b.passed += 10 * time.Second {
		b.HubTime(b.now().Add(wrong))
	}
}

// expect says what the clock shows, and how far it is wrong.
func (b *box) expect(when string, state clock.State, wrong time.Duration) {
	b.t.Helper()
	s := b.Now()
	if off := s.Wall.Sub(b.now()); s.State != state || state != clock.Unknown && off != wrong {
		b.t.Errorf("%s: %v, wrong by %v, want %v, %v", when, s.State, off, state, wrong)
	}
}

func TestStates(t *testing.T) {
	b := start(t, dead, clock.Kept{Floor: day})
	b.expect("below the floor", clock.Unknown, 0)
	b.wall = day.Add(30 * time.Second)
	b.expect("above the floor", clock.Holdover, 30*time.Second)
	b.HubTime(b.now())
	b.expect("at the hub's first word", clock.Holdover, 0)
	b.hearHub(0, 20*time.Second)
	b.expect("when it has said the same again", clock.Trusted, 0)
	b.passed += time.Minute
	b.expect("a minute later", clock.Trusted, 0)
}

// Whoever sets the machine's clock after the hub has spoken, to whatever time, revives
// nothing that has ended and ends nothing early.
func TestAfterTheHubTheMachinesClockDoesNotCount(t *testing.T) {
	b := start(t, dead, clock.Kept{Floor: day.Add(-time.Hour)})
	b.hearHub(0, time.Minute)
	for _, set := range []time.Time{day.Add(-48 * time.Hour), dead, day.Add(56 * year)} {
		b.wall = set
		b.passed += time.Minute
		b.expect("set to "+set.String(), clock.Trusted, 0)
	}
}

// Issue 14, 1.3: a hub whose clock is a year ahead for some seconds spoils nothing, whatever
// the terminal has to hold against it, and whether it has heard the hub before or not.
// (Before: a year without claims.)
func TestAnHourOrAYearForSomeSecondsSpoilsNothing(t *testing.T) {
	for _, wrong := range []time.Duration{time.Hour, year, -time.Hour, -year / 2} {
		for name, wall := range map[string]time.Time{"with a battery": day, "without": dead} {
			for _, heard := range []bool{true, false} {
				b := start(t, wall, clock.From(day.Add(-time.Hour)).Kept)
				if heard {
					b.hearHub(0, time.Minute)
				}
				b.hearHub(wrong, 15*time.Second)
				if heard {
					b.expect(name+", meanwhile", clock.Trusted, 0)
				}
				b.hearHub(0, time.Minute)
				b.expect(name+", afterwards", clock.Trusted, 0)
				if off := b.Kept().Floor.Sub(b.now()).Abs(); off > time.Minute {
					t.Errorf("%s, wrong by %v: the floor is wrong by %v", name, wrong, off)
				}
			}
		}
	}
}

// Issue 14, 1.3: a time that was believed and stored by mistake is taken back when several
// later times agree, at once after a restart too, and by a box without any clock.
func TestWhatWasStoredByMistakeIsTakenBack(t *testing.T) {
	for name, wall := range map[string]time.Time{"with a battery": day, "without": dead} {
		for _, restart := range []bool{false, true} {
			b := start(t, wall, clock.From(day.Add(-time.Hour)).Kept)
			b.hearHub(year, 10*time.Minute)
			if off := b.Kept().Floor.Sub(b.now()); off < year-time.Minute {
				t.Fatalf("%s: after ten minutes the floor is wrong by %v only", name, off)
			}
			if restart {
				b = b.restart(wall)
				b.expect(name+", restarted", clock.Unknown, 0)
			}
			b.HubTime(b.now())
			if b.Kept().Floor.Before(b.now().Add(year - time.Hour)) {
				t.Errorf("%s: one answer took the floor back", name)
			}
			b.hearHub(0, 5*time.Minute)
			b.expect(name, clock.Trusted, 0)
			if off := b.Kept().Floor.Sub(b.now()).Abs(); off > time.Minute {
				t.Errorf("%s: the floor is still wrong by %v", name, off)
			}
		}
	}
}

// What witnesses say decides how long a contradiction must hold out.
func TestWitnesses(t *testing.T) {
	const soon, late = 20 * time.Second, 5 * time.Minute
	for name, c := range map[string]struct {
		wall  time.Duration // how far the machine's clock is wrong
		ntp   bool
		heard time.Duration // how wrong the hub was for ten minutes; -1: not heard before
		says  time.Duration // how wrong it is now
		needs time.Duration
	}{
		"nothing contradicts":                       {-time.Hour, false, -1, 0, 0},
		"the machine's clock agrees":                {0, true, -1, 0, 0},
		"time servers contradict":                   {0, true, -1, time.Hour, late},
		"a machine's clock that is ahead":           {time.Hour, false, -1, 0, soon},
		"below the floor, the machine agrees":       {-48 * time.Hour, false, -1, -48 * time.Hour, soon},
		"below the floor":                           {-year, false, -1, -48 * time.Hour, late},
		"former answers contradict":                 {-year, false, 0, time.Hour, late},
		"former answers do, the machine agrees":     {0, false, time.Hour, 0, soon},
		"it goes back to what it said before":       {-year, false, 0, 0, 0},
		"former answers contradict a step of hours": {-year, false, 0, -3 * time.Hour, late},
	} {
		t.Run(name, func(t *testing.T) {
			b := start(t, day.Add(c.wall), clock.From(day.Add(-24*time.Hour)).Kept)
			b.ntp = c.ntp
			if c.heard >= 0 {
				b.hearHub(c.heard, 10*time.Minute)
			}
			from := b.passed
			for b.HubTime(b.now().Add(c.says)); b.Now().State == clock.Unknown || b.Now().Wall.Sub(b.now()) != c.says; b.HubTime(b.now().Add(c.says)) {
				if b.passed += 10 * time.Second; b.passed-from > time.Hour {
					t.Fatal("it is never believed")
				}
			}
			if took := b.passed - from; took != c.needs {
				t.Errorf("believed after %v, want %v", took, c.needs)
			}
		})
	}
}

// Answers that contradict each other never take the place of what is believed, however many
// they are.
func TestAnswersThatDifferDoNotAddUp(t *testing.T) {
	b := start(t, dead, clock.From(day.Add(-time.Hour)).Kept)
	b.hearHub(0, time.Minute)
	for range 60 {
		for _, wrong := range []time.Duration{time.Hour, -3 * time.Hour} {
			b.HubTime(b.now().Add(wrong))
			b.passed += 10 * time.Second
			b.expect(fmt.Sprintf("after an answer that is wrong by %v", wrong), clock.Trusted, 0)
		}
	}
}

// A hub that goes back to its former time after minutes with another one is believed soon:
// what passed since is known.
func TestTheFormerTimeIsAWitness(t *testing.T) {
	b := start(t, dead, clock.From(day.Add(-time.Hour)).Kept)
	b.hearHub(0, time.Minute)
	b.hearHub(year, 6*time.Minute)
	b.expect("after six minutes", clock.Trusted, year)
	b.hearHub(0, 20*time.Second)
	b.expect("soon after it is right again", clock.Trusted, 0)
}

// No time before the program was built, or generations later, is ever believed.
func TestImpossibleTimes(t *testing.T) {
	b := start(t, dead, clock.Kept{})
	b.expect("below the build time", clock.Unknown, 0)
	for _, wrong := range []time.Duration{-year - time.Minute - time.Hour, 60 * year} {
		b.hearHub(wrong, time.Hour)
		b.expect("told for an hour", clock.Unknown, 0)
		if b.Belief().Doubt == "" {
			t.Error("nobody is told")
		}
	}
}

// Issue 14, 1.3: status says which clock is believed and why.
func TestBelief(t *testing.T) {
	b := start(t, dead, clock.From(day).Kept)
	expect := func(why, doubt string) {
		t.Helper()
		got := b.Belief()
		if !strings.Contains(got.Why, why) || !strings.Contains(got.Doubt, doubt) || (doubt == "") != (got.Doubt == "") {
			t.Errorf("it says %+v, want %q, %q", got, why, doubt)
		}
	}
	expect("none: the machine's clock shows 1970-01-01 00:00, and it has been 2026-11-21 12:00 before", "")
	b.wall = day
	expect("the machine's: it shows no time that has passed", "")
	b.ntp = true
	expect("the machine's, which time servers keep", "")
	b.HubTime(b.now())
	expect("nothing contradicts its first answers", "")
	b.hearHub(0, 2*time.Minute)
	expect("the hub's: its answers have agreed for 2m", "")
	b.HubTime(b.now().Add(year))
	expect("the hub's", "the hub says 2027-11-21 12:02, which contradicts that (1 of 6 answers in 0s of 5m0s before it is believed)")
	b.HubTime(b.now())
	expect("the hub's", "")
}

// Heard is by the clock's own time, whatever the hub says it is; the floor goes on while the
// hub is away.
func TestHeardAndFloor(t *testing.T) {
	b := start(t, dead, clock.From(day.Add(-time.Hour)).Kept)
	if !b.Heard().Equal(day.Add(-time.Hour)) {
		t.Errorf("heard %v", b.Heard())
	}
	b.hearHub(0, time.Minute)
	b.HubTime(b.now().Add(year)) // in doubt, but heard
	heard := b.now()
	b.passed += 100 * time.Hour
	if !b.Heard().Equal(heard) {
		t.Errorf("heard %v, want %v", b.Heard(), heard)
	}
	if k := b.Kept(); !k.Floor.Equal(b.now()) || !k.Heard.Equal(heard) {
		t.Errorf("%v is kept at %v", k, b.now())
	}
	b = b.restart(dead)
	if s := b.Now(); s.State != clock.Unknown || !s.Passed(heard) || s.Passed(heard.Add(101*time.Hour)) || !b.Heard().Equal(heard) {
		t.Errorf("after a restart without a clock: %+v, heard %v", s, b.Heard())
	}
}

func TestBootsDiffer(t *testing.T) {
	one, other := clock.New(clock.From(time.Now())), clock.New(clock.From(time.Now()))
	if one.Now().Boot == other.Now().Boot {
		t.Error("two runs have the same boot id")
	}
}
