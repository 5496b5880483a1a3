package clock

import (
	"fmt"
	"time"
)

// The rules of belief. Each answer of the hub is held against what else tells the time:
//
//	the line of former answers, if they agreed       what passed since is known exactly
//	the machine's clock, from its battery or NTP     may stand still, and anybody can set it
//	the floor, the last time that was believed       true unless it was believed by mistake
//	the build time of the program                    always true
//
// An answer that fits the line is believed. One that does not begins a doubt, a second line.
// A doubt that holds out takes the place of the line:
//
//	                                                           answers  for at least
//	nothing contradicts it: no line, and above the floor           1        0
//	the machine's clock or the line before this one agrees, or
//	there is no firm line                                          3       20 s
//	otherwise: a firm line or the floor contradicts it             6        5 min
//
// A line is firm after 3 answers within at least 20 s. Only a firm one moves the floor.
const (
	slack    = time.Minute // two clocks that agree may differ by this
	driftOf  = 2000        // and by one part in this of what passed since
	soon     = 3           // answers
	soonFor  = 20 * time.Second
	late     = 6 // answers
	lateFor  = 5 * time.Minute
	lifetime = 50 * 365 * 24 * time.Hour // of a program: nothing true lies further after its build
)

// answer is a time that the hub told.
type answer struct {
	at   time.Time
	mono time.Duration // when it came
}

// line is answers that agree, and the time that passes since.
type line struct {
	last    answer
	first   time.Duration // when the first came
	answers int           // 0: there is none
}

// timeAt is the time that a line shows at a moment.
func (l line) timeAt(mono time.Duration) time.Time { return l.last.at.Add(mono - l.last.mono) }

func (l line) firm() bool { return l.lasted(soon, soonFor) }

func (l line) lasted(answers int, span time.Duration) bool {
	return l.answers >= answers && l.last.mono-l.first >= span
}

// agrees reports whether an answer fits a line.
func (l line) agrees(a answer) bool {
	if l.answers == 0 {
		return false
	}
	return near(a.at, l.timeAt(a.mono), slack+(a.mono-l.last.mono)/driftOf)
}

func near(a, b time.Time, slack time.Duration) bool { return a.Sub(b).Abs() <= slack }

// addAnswer adds an answer that agrees, or begins the line with it.
func (l *line) addAnswer(a answer) {
	if l.answers == 0 {
		l.first = a.mono
	}
	l.last, l.answers = a, l.answers+1
}

// witnesses are what else tells the time.
type witnesses struct {
	floor, built time.Time
	wall         time.Time // the machine's
	synced       bool      // by NTP
}

// possible reports whether a time can be true at all.
func (w witnesses) possible(t time.Time) bool {
	return !t.Before(w.built) && (w.built.IsZero() || t.Sub(w.built) < lifetime)
}

// allows reports whether nothing contradicts a time. A machine's clock that is behind may
// have stood still, unless NTP keeps it.
func (w witnesses) allows(t time.Time) bool {
	switch {
	case t.Before(w.floor):
		return false
	case w.wall.Before(w.floor), near(t, w.wall, slack):
		return true
	default:
		return !w.synced && t.After(w.wall)
	}
}

// belief decides which of the hub's answers to believe.
type belief struct {
	line   line // is believed
	former line // was, while it was firm
	doubt  line // contradicts it, or the floor

	needs      proof     // of the doubt
	impossible time.Time // what the hub said last; zero: it made sense
}

// proof is how long a doubt must hold out before it is believed.
type proof struct {
	answers int
	span    time.Duration
}

// weighAnswer adds an answer to the line that it fits. settled is false while the next answers
// help to decide.
func (b *belief) weighAnswer(a answer, w witnesses) (settled bool) {
	b.impossible = time.Time{}
	switch {
	case !w.possible(a.at):
		b.impossible = a.at
		return true
	case b.line.agrees(a):
		b.doubt = line{}
		b.line.addAnswer(a)
		return b.settled()
	case !b.doubt.agrees(a):
		b.doubt = line{}
	}
	b.doubt.addAnswer(a)
	if b.needs = b.requiredProof(a, w); b.doubt.lasted(b.needs.answers, b.needs.span) {
		b.believeDoubt()
	}
	return b.settled()
}

// settled reports whether all that the hub said agrees.
func (b *belief) settled() bool {
	return b.doubt.answers == 0 && (b.line.answers == 0 || b.line.firm())
}

// requiredProof is what the doubt needs to be believed, by its newest answer.
func (b *belief) requiredProof(a answer, w witnesses) proof {
	switch {
	case b.line.answers == 0 && w.allows(a.at):
		return proof{1, 0}
	case near(a.at, w.wall, slack), b.former.agrees(a), !b.line.firm() && !a.at.Before(w.floor) && !w.synced:
		return proof{soon, soonFor}
	default:
		return proof{late, lateFor}
	}
}

// believeDoubt puts the doubt in the place of the line.
func (b *belief) believeDoubt() {
	if b.line.firm() {
		b.former = b.line
	}
	b.line, b.doubt = b.doubt, line{}
}

// Belief says which clock is believed, and why.
type Belief struct {
	Why   string // which, and for what reason
	Doubt string // what the hub says instead; empty: it says nothing else
}

// Belief explains the present moment to a technician.
func (c *Clock) Belief() Belief {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.now()
	return Belief{Why: c.describeLine(s), Doubt: c.belief.describeDoubt(s)}
}

// describeLine says which clock a stamp is of, and why that one is believed.
func (c *Clock) describeLine(s Stamp) string {
	switch l := c.belief.line; {
	case l.firm():
		return fmt.Sprintf("the hub's: its answers have agreed for %v", (l.last.mono - l.first).Round(time.Second))
	case l.answers > 0:
		return "the hub's: nothing contradicts its first answers"
	case s.State == Unknown:
		return fmt.Sprintf("none: the machine's clock shows %s, and it has been %s before", formatMinute(s.Wall), formatMinute(s.Floor))
	case c.synced():
		return "the machine's, which time servers keep: the hub has not told the time since the start"
	default:
		return "the machine's: it shows no time that has passed, and the hub has not told the time since the start"
	}
}

// describeDoubt tells what the hub says that is not believed.
func (b *belief) describeDoubt(s Stamp) string {
	switch {
	case !b.impossible.IsZero():
		return fmt.Sprintf("the hub says %s, which cannot be: it is before this program was built, or far too late", formatMinute(b.impossible))
	case b.doubt.answers == 0:
		return ""
	default:
		return fmt.Sprintf("the hub says %s, which contradicts that (%d of %d answers in %v of %v before it is believed)", formatMinute(b.doubt.timeAt(s.Mono)),
			b.doubt.answers, b.needs.answers, (b.doubt.last.mono - b.doubt.first).Round(time.Second), b.needs.span)
	}
}

func formatMinute(t time.Time) string { return t.Format("2006-01-02 15:04") }
