package terminal

import (
	"context"
	"time"
)

// purgeEvery is how often the terminal removes its own lapsed accounts. It can be long,
// because a badge of such an account counts as unknown from its end on anyway.
const purgeEvery = time.Hour

// purgeLapsed removes lapsed accounts that the hub does not have, until ctx ends. The hub removes
// its own.
func (t *terminal) purgeLapsed(ctx context.Context) error {
	tick := time.NewTicker(purgeEvery)
	defer tick.Stop()
	for {
		if t.clock.Settled() { // else a wrong time would remove what has not ended
			t.purgeLapsedNow(ctx)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// purgeLapsedNow removes those that have lapsed by now.
func (t *terminal) purgeLapsedNow(ctx context.Context) {
	n, err := t.store.PurgeLapsed(ctx, t.clock.Now())
	if err != nil && ctx.Err() == nil {
		t.log.Warn("anonymous accounts that ended could not be removed, it is tried again", "err", err)
	}
	if n > 0 {
		t.log.Info("anonymous accounts that nobody made their own have ended", "accounts", n)
	}
}
