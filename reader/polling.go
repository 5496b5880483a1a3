package reader

import (
	"cmp"
	"time"
)

// Polling schedules the questions of a Poller to a device, one at a time, and remembers what
// it found. Interval and Timeout must be set.
//
//	          Asked                 Answered               Interval
//	(ready) ---------> (waiting) --------------> (resting) ---------> (ready)
//	   ^                   | Timeout: Overdue
//	   +-------------------+ silentAfter times in a row: fault "silent", once
//
// Before Open it is (closed): it neither asks nor waits.
type Polling struct {
	Interval time.Duration // between an answer and the next question
	Timeout  time.Duration // the longest wait for an answer
	Gone     int           // answers without a badge after which the badge is gone. 0: DefaultGone

	opened, waiting bool
	next            time.Time // waiting: when the answer is overdue; else: of the next question
	unanswered      int
	silent          bool // and reported
	alive           time.Time

	seen  Presence
	wrong Why // the last reported problem with what is in the field
}

// DefaultGone is the default of Polling.Gone.
const DefaultGone = 3

const (
	silentAfter = 3           // questions without answer
	aliveEvery  = time.Second // KindAlive
	minAway     = 3 * time.Second
)

// Open starts asking, or starts again. It keeps the memory that the device was silent.
func (p *Polling) Open(now time.Time) { p.opened, p.waiting, p.next = true, false, now }

// Opened reports whether there is a host that asks. A decoder that was never opened decodes
// the answers to somebody else, as in a capture.
func (p *Polling) Opened() bool { return p.opened }

// Ready reports whether it is time for the next question.
func (p *Polling) Ready(now time.Time) bool {
	return p.opened && !p.waiting && !now.Before(p.next)
}

// Waiting reports whether an answer is due.
func (p *Polling) Waiting() bool { return p.waiting }

// Hurry makes the next question ready at once, if no answer is due.
func (p *Polling) Hurry(now time.Time) {
	if !p.waiting && p.next.After(now) {
		p.next = now
	}
}

// Asked records that a question was sent. Its answer may take extra longer than others.
func (p *Polling) Asked(now time.Time, extra time.Duration) {
	p.waiting, p.next = true, now.Add(p.Timeout+extra)
}

// Answered records an answer that was understood. It emits KindAlive at most once a second.
func (p *Polling) Answered(at time.Time, emit func(Event)) {
	p.Garbled(at)
	if at.Sub(p.alive) >= aliveEvery {
		p.alive = at
		emit(Event{Kind: KindAlive, At: at})
	}
}

// Garbled records an answer that was not understood. It does not prove that the device works.
func (p *Polling) Garbled(at time.Time) {
	p.waiting, p.next = false, at.Add(p.Interval)
	p.unanswered, p.silent = 0, false
}

// Overdue ends the wait for an answer whose time is over, and reports whether it did. The
// question may be repeated at once.
func (p *Polling) Overdue(now time.Time, emit func(Event)) bool {
	if !p.waiting || now.Before(p.next) {
		return false
	}
	p.waiting, p.next = false, now
	if p.unanswered++; p.unanswered >= silentAfter && !p.silent {
		p.silent = true
		emit(Event{Kind: KindFault, At: now, Why: Silent})
	}
	return true
}

// Deadline is when to ask next, or when the answer is overdue; zero when closed.
func (p *Polling) Deadline() time.Time {
	if !p.opened {
		return time.Time{}
	}
	return p.next
}

// Silence is that of an Expecter: AnswerTime, or three questions if they take longer.
func (p *Polling) Silence() time.Duration {
	return max(AnswerTime, silentAfter*(p.Interval+p.Timeout))
}

// Found records a badge in the device's field, or what is wrong with it. It emits each once
// while it stays.
func (p *Polling) Found(at time.Time, c Card, why Why, emit func(Event)) {
	was := p.wrong
	p.wrong = why
	switch {
	case why != "" && why == was:
	case why != "":
		emit(Event{Kind: KindFault, At: at, Why: why})
	case p.seen.Seen(at, c, p.Away()):
		emit(Event{Kind: KindCard, At: at, Card: c})
	}
}

// None records that the device has nothing in its field.
func (p *Polling) None() {
	p.wrong = ""
	p.seen.Missed(cmp.Or(p.Gone, DefaultGone))
}

// Away is how long a badge must be missing before it counts as a new presentation although no
// answer said that it was gone, because the device did not answer.
func (p *Polling) Away() time.Duration { return max(minAway, 3*(p.Interval+p.Timeout)) }
