package agent

import (
	"context"
	"time"

	"badged/reader"
)

// handleFault handles a fault of a reader, and reports whether it was listed by itself.
func (a *Agent) handleFault(ctx context.Context, d *device, why reader.Why) (listed bool) {
	a.countRead(d, why)
	if d.faults.listOrCount(time.Now(), faultsListed) {
		a.applyDecision(ctx, d, d.point, a.engine.Fault(ctx, d.point.Point, d.name, why))
		return true
	}
	d.faults.why = why
	return false
}
