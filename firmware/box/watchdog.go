package box

import (
	"context"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// watchdog starts the machine again when nothing feeds it for dogBound: the agent's own progress
// does, so that a box whose doors stand still comes back by itself.
type watchdog struct{ file *os.File }

const (
	dogDevice = "/dev/watchdog"
	dogBound  = 120 // seconds: an agent that stands still is started again before
)

func openWatchdog(log *slog.Logger) *watchdog {
	f, err := os.OpenFile(dogDevice, os.O_WRONLY, 0)
	if err != nil {
		log.Warn("there is no watchdog: a kernel that stands still is not started again", "err", err)
		return &watchdog{}
	}
	if err := unix.IoctlSetPointerInt(int(f.Fd()), unix.WDIOC_SETTIMEOUT, dogBound); err != nil {
		log.Warn("the watchdog's time was not set", "err", err)
	}
	return &watchdog{f}
}

// feed tells it that all is well.
func (w *watchdog) feed() {
	if w.file != nil {
		_, _ = w.file.Write([]byte{0}) // a watchdog that takes nothing starts the machine again
	}
}

// feedUntil feeds it by a timer where there is no agent yet, until the function that it gives is
// called.
func (w *watchdog) feedUntil(ctx context.Context) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	go func() {
		for {
			w.feed()
			select {
			case <-ctx.Done():
				return
			case <-time.After(dogBound / 4 * time.Second):
			}
		}
	}()
	return stop
}

// close leaves it running: what follows is a restart, which it watches too.
func (w *watchdog) close() { w.feed() }
