// Package supervisor speaks to systemd, if it started the program: that it is ready, that
// it works, that it stops.
package supervisor

import (
	"context"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// The states that a supervisor is told.
const (
	Ready    = daemon.SdNotifyReady
	Stopping = daemon.SdNotifyStopping
	Watchdog = daemon.SdNotifyWatchdog
)

// Notify tells the supervisor a state, if there is one.
func Notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("the supervisor was not told", "state", state, "err", err)
	}
}

// WatchdogInterval is how often the supervisor wants to hear of progress; 0: never.
func WatchdogInterval(log *slog.Logger) time.Duration {
	d, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog's interval cannot be read", "err", err)
	}
	return d
}

// FeedWatchdog keeps the watchdog quiet as long as turns are taken: it is told when
// progress has grown, and only then.
func FeedWatchdog(ctx context.Context, every time.Duration, progress func() uint64, tell func()) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	last := progress()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if now := progress(); now != last {
			last = now
			tell()
		}
	}
}
