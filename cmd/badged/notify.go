package main

import (
	"context"
	"log/slog"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// notify tells the supervisor, if there is one.
func notify(log *slog.Logger, state string) {
	if _, err := daemon.SdNotify(false, state); err != nil {
		log.Warn("the supervisor was not told", "state", state, "err", err)
	}
}

// watchdogInterval is how often the supervisor wants to hear of progress; 0: never.
func watchdogInterval(log *slog.Logger) time.Duration {
	d, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		log.Warn("the watchdog's interval cannot be read", "err", err)
	}
	return d
}

// feed keeps the watchdog quiet as long as turns are taken: it is told when
// progress has grown, and only then.
func feed(ctx context.Context, every time.Duration, progress func() uint64, tell func()) {
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
