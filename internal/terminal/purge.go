package terminal

import (
	"context"
	"time"
)

// purgeEvery is how often the terminal removes its own accounts that lapsed. Nobody waits
// for it: a badge of such an account is unknown from its end on.
const purgeEvery = time.Hour

// purge removes what lapsed, until ctx ends. What the hub has, the hub removes.
func (t *terminal) purge(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if t.clock.Settled() { // else a wrong time would remove what has not ended
			t.purgeLapsed(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (t *terminal) purgeLapsed(ctx context.Context) {
	n, err := t.store.PurgeLapsed(ctx, t.clock.Now())
	if err != nil && ctx.Err() == nil {
		t.log.Warn("anonymous accounts that ended could not be removed, it is tried again", "err", err)
	}
	if n > 0 {
		t.log.Info("anonymous accounts that nobody made their own have ended", "accounts", n)
	}
}
