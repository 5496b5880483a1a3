package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/reader"
)

// The bounds on the events without effect of one reader within listWindow: noise and wrong
// speeds make hundreds of faults in a second, a machine at a keypad thousands of entries. A
// card always has its event.
const (
	listWindow    = time.Minute
	faultsListed  = 10
	entriesListed = 10
)

// counted bounds one kind of a reader's events without effect.
//
//	         one of them               more than limit
//	(none) ----------> listed, one by one ------------> counted
//	   ^                    | the window ends              | the window ends:
//	   +--------------------+------------------------------+ told as one
type counted struct {
	ends   time.Time // of the window; zero: there is none
	listed int
	more   uint64
	why    reader.Why    // of the last fault that was only counted
	reason enroll.Reason // of the last entry that was only counted
}

// isFull reports whether the next event would only be counted.
func (c *counted) isFull(now time.Time, limit int) bool {
	return !c.isOver(now) && c.listed >= limit
}

// isOver reports whether the next event begins a new window.
func (c *counted) isOver(now time.Time) bool { return c.more == 0 && !now.Before(c.ends) }

// listOrCount reports whether an event is to be listed by itself; if not, it counts it.
func (c *counted) listOrCount(now time.Time, limit int) bool {
	if c.isOver(now) {
		*c = counted{ends: now.Add(listWindow)}
	}
	if c.listed < limit {
		c.listed++
		return true
	}
	c.more++
	return false
}

// deadline is when to report the count; zero: nothing was counted.
func (c *counted) deadline() time.Time {
	if c.more == 0 {
		return time.Time{}
	}
	return c.ends
}

// deadline is when to report a count of the reader; zero: nothing was counted.
func (d *device) deadline() time.Time {
	return earlier(earlier(d.faults.deadline(), d.alarms.deadline()), d.entries.deadline())
}

// decideEntry lets the engine decide about a code or a PIN, and applies the decision. Refused
// entries beyond the bound get the same answer and are only counted.
func (a *Agent) decideEntry(ctx context.Context, d *device, decide func(enroll.Point) enroll.Decision) {
	p, now := d.point.Point, time.Now()
	p.Muted = d.entries.isFull(now, entriesListed)
	dec := decide(p)
	if dec.Counted || dec.Outcome == enroll.Refused && !p.Muted { // a guess is listed at a muted point too
		d.entries.listOrCount(now, entriesListed)
		d.entries.reason = dec.Reason
	}
	a.applyDecision(ctx, d, d.point, dec)
}

// reportCountedOf reports the counts of a reader, each kind in one event, if its window has ended
// by now.
func (a *Agent) reportCountedOf(ctx context.Context, d *device, now time.Time) {
	for _, k := range []struct {
		counted *counted
		words   string
		event   func(*counted) enroll.Event
	}{
		{&d.faults, "faults", func(c *counted) enroll.Event {
			return enroll.Event{Kind: enroll.EventPresentation, Outcome: enroll.Faulty, Reason: enroll.BadRead, Why: c.why, Count: c.more}
		}},
		{&d.alarms, "alarms", func(c *counted) enroll.Event { return alarmEvent(d, enroll.DeviceAlarm, c.why, c.more) }},
		{&d.entries, "refused entries", func(c *counted) enroll.Event {
			return enroll.Event{Kind: enroll.EventPresentation, Outcome: enroll.Refused, Reason: c.reason, Count: c.more}
		}},
	} {
		if c := k.counted; due(c.deadline(), now) {
			ev := k.event(c)
			ev.Point, ev.Device = d.point.Name, d.name
			a.report(ctx, ev)
			a.log.Warn("reader has more "+k.words+" than are listed", "reader", d.name, "why", string(c.why), "more", c.more)
			*c = counted{}
		}
	}
}
