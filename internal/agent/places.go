package agent

import (
	"time"

	"badged/enroll"
	"badged/internal/health"
)

// placeState shows in health why a place refuses people: the hub does not know the door, the
// terminal has not heard from the hub for too long, or the hub has sent nothing yet.
func (a *Agent) placeState() {
	a.opts.Health.Set(describeSite(a.opts.Index.Told(), a.opts.Quarantined))
	if !a.opts.Index.Told() {
		return
	}
	for _, p := range a.order {
		if p.Kind == enroll.DoorP {
			a.opts.Health.Set(a.describeDoor(p))
		}
	}
}

// describeSite describes a terminal that has no data from its hub yet.
func describeSite(told, quarantined bool) health.Item {
	it := health.Item{Name: "site"}
	if told {
		return it
	}
	it.State = health.Warn
	it.Text = "the hub has not told this terminal anything yet: no member is known, and doors open for nobody"
	it.Do = "see that the hub runs and can be reached; the rest comes by itself"
	if quarantined {
		it.State = health.Fail
		it.Text = "the database was damaged, and the hub has not filled the new one yet: no member is known, and doors open for nobody"
		it.Do = "bring the hub and the network back at once; the rest comes by itself"
	}
	return it
}

func (a *Agent) describeDoor(p *point) health.Item {
	it := health.Item{Name: "door " + p.Door}
	if !a.opts.Index.HasDoor(p.Door) {
		it.State = health.Fail
		it.Text = "the hub knows no door " + p.Door + ", which point " + p.Name + " opens: nobody can be given a right to it"
		it.Do = "correct door = of that point in the configuration, or make the door at the hub: badgehub door add " + p.Door
	} else if since, stale := a.engine.Stale(p.Door); stale {
		it.State = health.Fail
		it.Text = "the hub was last heard " + heardText(since) + ", and this door may not go without it for so long: people are refused"
		it.Do = "bring the hub and the network back; or let the door go without for longer: badgehub door add " + p.Door + " --fresh-for 168h"
	}
	return it
}

func heardText(at time.Time) string {
	if at.IsZero() {
		return "never"
	}
	return "at " + at.UTC().Format("15:04 UTC on 2006-01-02")
}
