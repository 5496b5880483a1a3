package terminal

import (
	"context"
	"log/slog"

	"badged/internal/agent"
	"badged/internal/ctl"
	"badged/sync/wire"
)

// logDecision writes one line for a decision. The agent calls it after it has acted on the
// decision.
func logDecision(log *slog.Logger, d agent.Decided) {
	attrs := make([]slog.Attr, 0, 5)
	attrs = append(attrs,
		slog.String("point", d.Point),
		slog.String("reader", d.Reader),
		slog.String("outcome", wire.Outcome(d.Decision.Outcome).String()),
		slog.String("reason", wire.Reason(d.Decision.Reason).String()))
	if a := d.Decision.Account; !a.ID.IsZero() {
		attrs = append(attrs, slog.String("account", ctl.AccountLabel(a.ID, a.Number)))
	}
	log.LogAttrs(context.Background(), slog.LevelInfo, "decided", attrs...)
}
