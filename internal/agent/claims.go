package agent

import (
	"context"

	"badged/internal/health"
)

// claimsClosed is what status says while no code binds a card any more.
var claimsClosed = health.Item{
	Name: "claiming", State: health.Fail,
	Text: "claiming by keypad is closed after too many wrong codes: no code binds a card, at no door of the site",
	Do:   "find out who typed them (badgehub event list), then open it again on the hub: badgehub site reopen",
}

// claimsState shows whether claiming by keypad is closed, when that has changed.
func (a *Agent) claimsState(ctx context.Context) {
	it := health.Item{Name: claimsClosed.Name}
	if a.engine.ClaimingClosed(ctx) {
		it = claimsClosed
	}
	if it == a.claims {
		return
	}
	a.claims = it
	a.opts.Health.Set(it)
	if it.State == health.OK {
		a.log.Info("claiming by keypad is open")
	} else {
		a.log.Error("claiming by keypad is closed after too many wrong codes", "do", it.Do)
	}
}
