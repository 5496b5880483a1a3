package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/internal/health"
	"badged/reader"
)

// The bound of what a reader's faults may write: noise, or a wrong speed, makes
// hundreds of them in a second, for ever.
const (
	faultsListed = 10
	faultsWindow = time.Minute
)

// faults counts the faults of a reader.
//
//	         a fault                  more than faultsListed
//	(none) ----------> listed, one by one ------------> counted
//	   ^                    | the window ends              | the window ends:
//	   +--------------------+------------------------------+ told as one
type faults struct {
	ends   time.Time // of the window; zero: there is none
	listed int
	more   uint64
	why    reader.Why // of the last that was only counted
}

// list reports whether a fault is told by itself; if not, it is counted.
func (f *faults) list(now time.Time, why reader.Why) bool {
	if f.more == 0 && !now.Before(f.ends) {
		*f = faults{ends: now.Add(faultsWindow)}
	}
	if f.listed < faultsListed {
		f.listed++
		return true
	}
	f.more++
	f.why = why
	return false
}

// deadline is when there is something to tell; zero: there is not.
func (f *faults) deadline() time.Time {
	if f.more == 0 {
		return time.Time{}
	}
	return f.ends
}

// fault takes what went wrong at a reader, and reports whether it was told by itself.
func (a *Agent) fault(ctx context.Context, d *device, why reader.Why) (listed bool) {
	if d.faults.list(time.Now(), why) {
		a.act(ctx, d, d.point, a.engine.Fault(ctx, d.point.Point, d.name, why))
		return true
	}
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
	if d.alarms.list(time.Now(), why) {
		a.report(ctx, alarmEvent(d, why, 0))
		a.log.Warn("reader raised an alarm", "reader", d.name, "why", string(why))
	}
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

// tellFaults tells of a reader's faults that were only counted, in one event, if
// their window ends by now.
func (a *Agent) tellFaults(ctx context.Context, d *device, now time.Time) {
	if f := &d.faults; due(f.deadline(), now) {
		a.report(ctx, enroll.Event{
			Kind: enroll.EventPresentation, Outcome: enroll.Faulty, Reason: enroll.BadRead,
			Point: d.point.Name, Device: d.name, Why: f.why, Number: f.more,
		})
		a.log.Warn("reader has more faults than are listed", "reader", d.name, "why", string(f.why), "more", f.more)
		*f = faults{}
	}
	if f := &d.alarms; due(f.deadline(), now) {
		a.report(ctx, alarmEvent(d, f.why, f.more))
		a.log.Warn("reader has more alarms than are listed", "reader", d.name, "why", string(f.why), "more", f.more)
		*f = faults{}
	}
}
