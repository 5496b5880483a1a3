package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/internal/health"
	"badged/reader"
)

// raiseAlarm handles the alarm of a reader. It is counted separately from faults, so that noise
// cannot hide it.
func (a *Agent) raiseAlarm(ctx context.Context, d *device, why reader.Why) {
	if d.raised == nil {
		d.raised = map[reader.Why]bool{}
	}
	d.raised[why] = true
	a.opts.Health.Set(describeAlarm(d, why))
	if a.reportAlarm(ctx, d, enroll.DeviceAlarm, why) {
		a.log.Warn("reader raised an alarm", "reader", d.name, "why", string(why))
	}
}

// clearAlarm handles the end of an alarm.
func (a *Agent) clearAlarm(ctx context.Context, d *device, why reader.Why) {
	if !d.raised[why] {
		return
	}
	delete(d.raised, why)
	a.opts.Health.Set(health.Item{Name: alarmName(d, why)})
	if a.reportAlarm(ctx, d, enroll.AlarmOver, why) {
		a.log.Info("alarm of a reader is over", "reader", d.name, "why", string(why))
	}
}

// reportAlarm records the start or the end of an alarm, and reports whether it did: beyond the
// bound it only counts.
func (a *Agent) reportAlarm(ctx context.Context, d *device, what enroll.Reason, why reader.Why) bool {
	if !d.alarms.listOrCount(time.Now(), faultsListed) {
		d.alarms.why = why
		return false
	}
	a.report(ctx, alarmEvent(d, what, why, 0))
	return true
}

func alarmEvent(d *device, what enroll.Reason, why reader.Why, more uint64) enroll.Event {
	return enroll.Event{Kind: enroll.EventDevice, Reason: what, Point: d.point.Name, Device: d.name, Why: why, Count: more}
}

func alarmName(d *device, why reader.Why) string { return d.healthName() + " " + string(why) }

// describeAlarm describes an alarm for a person, with what to do.
func describeAlarm(d *device, why reader.Why) health.Item {
	it := health.Item{
		Name: alarmName(d, why), State: health.Warn,
		Text: "reader " + d.name + " raised the alarm " + string(why),
		Do:   "look at the device and its cable before you trust it again; docs/readers.md says what each alarm means",
	}
	commission := "badgectl osdp commission " + d.name
	switch why {
	case reader.Insecure:
		it.Text = "reader " + d.name + " is not used: it has no key yet, or no secure channel"
		it.Do = "put it into install mode and give it a key: " + commission + " (it says so if the reader has no secure channel)"
	case reader.WrongKey:
		it.Text = "reader " + d.name + " is not used: it does not have its key; it was cleared or exchanged, or somebody imitates it"
		it.Do = "look at it first; if you have cleared or exchanged it yourself: " + commission + " --cleared"
	case reader.Tampered:
		it.Text = "reader " + d.name + " says that it was opened or taken off its wall"
	case reader.PowerLost:
		it.Text, it.Do = "reader "+d.name+" says that its supply has failed", "check its supply and battery"
	case reader.Forged:
		it.Text = "somebody may be on the cable of reader " + d.name + ": a message came that the reader cannot have made"
	}
	return it
}
