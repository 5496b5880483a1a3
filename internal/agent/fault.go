package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/internal/health"
	"badged/reader"
)

// fault takes what went wrong at a reader, and reports whether it was told by itself.
func (a *Agent) fault(ctx context.Context, d *device, why reader.Why) (listed bool) {
	if d.faults.list(time.Now(), faultsListed) {
		a.act(ctx, d, d.point, a.engine.Fault(ctx, d.point.Point, d.name, why))
		return true
	}
	d.faults.why = why
	if why != reader.BadNumber {
		d.noisy = true
		a.opts.Health.Set(health.Item{
			Name: d.healthName(), State: health.Warn,
			Text: "reader " + d.name + " sends what cannot be decoded",
			Do:   "check its wiring, speed (baud) and protocol",
		})
	}
	return false
}

// alarm takes what a reader must be looked at for. It is counted apart from faults:
// noise must not hide it.
func (a *Agent) alarm(ctx context.Context, d *device, why reader.Why) {
	a.opts.Health.Set(health.Item{
		Name: d.healthName() + " " + string(why), State: health.Warn,
		Text: "reader " + d.name + " raised the alarm " + string(why),
		Do:   "look at the device and its cable before you trust it again; docs/readers.md says what each alarm means",
	})
	if d.alarms.list(time.Now(), faultsListed) {
		a.report(ctx, alarmEvent(d, why, 0))
		a.log.Warn("reader raised an alarm", "reader", d.name, "why", string(why))
		return
	}
	d.alarms.why = why
}

func alarmEvent(d *device, why reader.Why, more uint64) enroll.Event {
	return enroll.Event{
		Kind: enroll.EventDevice, Reason: enroll.DeviceAlarm,
		Point: d.point.Name, Device: d.name, Why: why, Number: more,
	}
}

// clean tells that a reader was understood.
func (a *Agent) clean(d *device) {
	if d.noisy {
		d.noisy = false
		a.opts.Health.Set(health.Item{Name: d.healthName()})
	}
}
