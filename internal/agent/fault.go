package agent

import (
	"context"
	"time"

	"badged/reader"
)

// fault takes what went wrong at a reader, and reports whether it was told by itself.
func (a *Agent) fault(ctx context.Context, d *device, why reader.Why) (listed bool) {
	a.countRead(d, why)
	if d.faults.list(time.Now(), faultsListed) {
		a.applyDecision(ctx, d, d.point, a.engine.Fault(ctx, d.point.Point, d.name, why))
		return true
	}
	d.faults.why = why
	return false
}
