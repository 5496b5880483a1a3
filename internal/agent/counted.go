package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/reader"
)

// The bounds of what one reader may write within listWindow when nothing comes of it:
// noise and wrong speeds make hundreds of faults in a second, a machine at a keypad
// thousands of entries. A card always has its event.
const (
	listWindow    = time.Minute
	faultsListed  = 10
	entriesListed = 10
)

// counted bounds one kind of thing that a reader says without effect.
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

// full reports whether the next one would only be counted.
func (c *counted) full(now time.Time, limit int) bool {
	return !c.over(now) && c.listed >= limit
}

// over reports whether a new window begins with the next one.
func (c *counted) over(now time.Time) bool { return c.more == 0 && !now.Before(c.ends) }

// list reports whether one is told by itself; if not, it is counted.
func (c *counted) list(now time.Time, limit int) bool {
	if c.over(now) {
		*c = counted{ends: now.Add(listWindow)}
	}
	if c.listed < limit {
		c.listed++
		return true
	}
	c.more++
	return false
}

// deadline is when there is something to tell; zero: there is not.
func (c *counted) deadline() time.Time {
	if c.more == 0 {
		return time.Time{}
	}
	return c.ends
}

// deadline is when there is something to tell of a reader; zero: there is not.
func (d *device) deadline() time.Time {
	return earlier(earlier(d.faults.deadline(), d.alarms.deadline()), d.entries.deadline())
}

// decideEntry has the engine answer a code or a PIN, and does what it says. Refused
// entries beyond the bound get the same answer and are only counted.
func (a *Agent) decideEntry(ctx context.Context, d *device, decide func(enroll.Point) enroll.Decision) {
	p, now := d.point.Point, time.Now()
	p.Muted = d.entries.full(now, entriesListed)
	dec := decide(p)
	if dec.Counted || dec.Outcome == enroll.Refused && !p.Muted { // a guess is listed at a muted point too
		d.entries.list(now, entriesListed)
		d.entries.reason = dec.Reason
	}
	a.applyDecision(ctx, d, d.point, dec)
}

// tellCounted tells what was only counted of a reader, each kind in one event, if its
// window ends by now.
func (a *Agent) tellCounted(ctx context.Context, d *device, now time.Time) {
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
