package terminal

import (
	"context"
	"runtime/debug"
	"time"

	"badged/internal/clock"
	"badged/internal/health"
)

// hubClock gives the hub's time to the clock and stores what it makes of it.
type hubClock struct{ *terminal }

// HubTime implements uplink.Clock.
func (h hubClock) HubTime(at time.Time) (settled bool) {
	before := h.clock.Belief().Doubt
	settled = h.clock.HubTime(at)
	if doubt := h.clock.Belief().Doubt; doubt != "" && before == "" {
		h.log.Warn("the hub tells a time that is not believed", "why", doubt)
	}
	h.showClock()
	h.storeTime(context.Background())
	return settled
}

func (t *terminal) storeTime(ctx context.Context) {
	if err := t.store.KeepTime(ctx, t.clock.Kept()); err != nil && ctx.Err() == nil {
		t.log.Warn("the time cannot be kept for the next start", "err", err)
	}
}

// keepTimeEvery is how often the time is stored while the hub says nothing.
const keepTimeEvery = 10 * time.Minute

// keepTime stores the time now and then, until ctx ends: a box that wakes without a clock
// knows what had ended.
func (t *terminal) keepTime(ctx context.Context) error {
	tick := time.NewTicker(keepTimeEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			t.showClock()
			t.storeTime(ctx)
		}
	}
}

func (t *terminal) showClock() {
	t.health.Set(describeClock(t.clock.Now().State, t.clock.Belief()))
}

// describeClock tells a technician when the time is not known, or the hub tells another one.
func describeClock(state clock.State, b clock.Belief) health.Item {
	it := health.Item{Name: "clock"}
	switch {
	case state == clock.Unknown:
		it.State = health.Warn
		it.Text = "the clock shows a time that has passed: time-limited grants follow the setting of the door, and no code binds a card"
		it.Do = "connect the terminal to its hub, which tells the time, or set the clock and its battery right"
	case b.Doubt != "":
		it.State = health.Warn
		it.Text = b.Doubt
		it.Do = "set the clock of the hub's machine right; if it is right already, wait: the terminal believes it when it stays so"
	}
	if state == clock.Unknown && b.Doubt != "" {
		it.Text += "; " + b.Doubt
	}
	return it
}

// built is when the program's sources were committed; zero if the build does not say.
func built() (at time.Time) {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return at
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.time" {
			at, _ = time.Parse(time.RFC3339, s.Value)
		}
	}
	return at
}
