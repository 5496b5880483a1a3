package agent

import (
	"time"

	"badged/internal/door"
)

// nobodyFor is how long no badge was presented when nobody is about.
const nobodyFor = time.Minute

// WhyBusy says why the terminal should not start again now: because of somebody at a door, a
// reader or a panel; empty: nobody is about. It is safe for concurrent use.
func (a *Agent) WhyBusy(now time.Time) string {
	for _, d := range a.doors {
		if a.DoorState(d.Name) != door.Locked {
			return "waits until door " + d.Name + " is closed and locked"
		}
	}
	for _, p := range a.order {
		if s := p.screen.Load(); s != nil && s.Session != "" {
			return "waits until nobody is logged in at " + p.Name
		}
	}
	for _, d := range a.devices {
		r := d.reads.snapshot()
		if now.Sub(r.LastBadge) < nobodyFor || now.Sub(r.LastFault) < nobodyFor {
			return "waits for a minute without a badge at " + d.name
		}
	}
	return ""
}
