package agent

import (
	"context"
	"time"

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

// clean tells that a reader was understood.
func (a *Agent) clean(d *device) {
	if d.noisy {
		d.noisy = false
		a.opts.Health.Set(health.Item{Name: d.healthName()})
	}
}
