package agent

import (
	"context"

	"badged/keypad"
)

// Entry takes a result of a point's keypad, as its first device brings it.
func (a *Agent) Entry(ctx context.Context, point string, r keypad.Result) {
	a.turn(ctx, func(ctx context.Context) {
		p := a.points[point]
		a.handleEntry(ctx, p.devices[0], p, r)
	})
}
