package reader

import (
	"cmp"
	"time"
)

// Polling is the rhythm in which a Poller asks a device one question at a time, and what
// it found so far. Interval and Timeout must be set.
//
//	          Asked                 Answered               Interval
//	(ready) ---------> (waiting) --------------> (resting) ---------> (ready)
//	   ^                   | Timeout: Overdue
//	   +-------------------+ silentAfter times in a row: fault "silent", once
//
// Before Open it is (closed): it asks nothing and waits for nothing.
type Polling struct {
	Interval time.Duration // between an answer and the next question
	Timeout  time.Duration // the longest wait for an answer
	Gone     int           // answers without a badge after which it is gone. 0: DefaultGone

	opened, waiting bool
	next            time.Time // of the answer's being overdue when waiting, else of the next question
	unanswered      int
	silent          bool // and told
	alive           time.Time

	seen  Presence
	wrong Why // with what is in the field, and that was told
}

// DefaultGone is that of a Polling that was not told another.
const DefaultGone = 3

const (
	silentAfter = 3           // questions without answer
	aliveEvery  = time.Second // KindAlive
	minAway     = 3 * time.Second
)

// Open starts the rhythm, again too. That the device was silent is remembered.
func (p *Polling) Open(now time.Time) { p.opened, p.waiting, p.next = true, false, now }

// Opened reports whether there is a host that asks. A decoder that was never opened
// listens to what others made a device say: it decodes a capture.
func (p *Polling) Opened() bool { return p.opened }

// Ready reports whether it is time to ask.
func (p *Polling) Ready(now time.Time) bool {
	return p.opened && !p.waiting && !now.Before(p.next)
}

// Waiting reports whether an answer is due.
func (p *Polling) Waiting() bool { return p.waiting }

// Hurry makes the next question ready at once: there is something to show.
func (p *Polling) Hurry(now time.Time) {
	if !p.waiting && p.next.After(now) {
		p.next = now
	}
}

// Asked tells that a question is on its way, whose answer takes up to extra longer
// than others.
func (p *Polling) Asked(now time.Time, extra time.Duration) {
	p.waiting, p.next = true, now.Add(p.Timeout+extra)
}

// Answered tells that the device answered, and was understood. At most once a second it
// emits KindAlive.
func (p *Polling) Answered(at time.Time, emit func(Event)) {
	p.Garbled(at)
	if at.Sub(p.alive) >= aliveEvery {
		p.alive = at
		emit(Event{Kind: KindAlive, At: at})
	}
}

// Garbled tells that the device answered something that is of no use: it is no proof
// that the device works.
func (p *Polling) Garbled(at time.Time) {
	p.waiting, p.next = false, at.Add(p.Interval)
	p.unanswered, p.silent = 0, false
}

// Overdue ends the wait for an answer whose time is over, and reports whether that was
// so. The question may be asked again at once.
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

// Deadline is when to ask, or when the answer is overdue; zero when closed.
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

// Found takes what the device has in its field: a badge, or what is wrong with it. It emits
// each once while it stays.
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

// None tells that the device has nothing in its field.
func (p *Polling) None() {
	p.wrong = ""
	p.seen.Missed(cmp.Or(p.Gone, DefaultGone))
}

// Away is how long a badge must not have been found for its next answer to be a new
// presentation, though no answer said that it was gone: the device did not answer.
func (p *Polling) Away() time.Duration { return max(minAway, 3*(p.Interval+p.Timeout)) }
