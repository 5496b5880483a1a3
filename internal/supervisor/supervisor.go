// Package supervisor speaks to systemd, if it started the program: that it is ready, that
// it works, that it stops; and takes the sockets that systemd holds for it.
package supervisor

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"syscall"
	"time"

	"github.com/coreos/go-systemd/v22/activation"
	"github.com/coreos/go-systemd/v22/daemon"
	"golang.org/x/sys/unix"
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

// startBeat is how often a supervisor is told that a start goes on, and startMore how long
// it then waits at least.
const (
	startBeat = time.Second
	startMore = 2 * time.Minute
)

// ExtendStart gives a function for a start to call whenever it has got on: with very many
// cards, or on a slow disk, it may take longer than a unit is given. tell is called at most
// once a second, with what sd_notify(3) has for that.
func ExtendStart(tell func(state string)) (goesOn func(rows int)) {
	var last time.Time
	return func(rows int) {
		if time.Since(last) < startBeat {
			return
		}
		last = time.Now()
		tell(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d\nSTATUS=starting, %d rows read", startMore.Microseconds(), rows))
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

// PassedSocket takes the socket that the supervisor passed under a name (FileDescriptorName
// of a socket unit), and closes the others; nil: there is none. A process has it once: what
// says so goes out of its environment, so that no child takes itself for the one meant.
func PassedSocket(name string) (socket *os.File) {
	for _, f := range activation.Files(true) {
		if f.Name() == name && socket == nil {
			socket = f
			continue
		}
		_ = f.Close()
	}
	return socket
}

// SocketID is the number that the kernel gives each socket once (SO_COOKIE, socket(7)). All
// descriptors of a socket have it, in whichever process.
func SocketID(socket syscall.Conn) (id uint64, err error) {
	raw, err := socket.SyscallConn()
	if err == nil {
		var inner error
		err = raw.Control(func(fd uintptr) { id, inner = unix.GetsockoptUint64(int(fd), unix.SOL_SOCKET, unix.SO_COOKIE) })
		err = errors.Join(err, inner)
	}
	if err != nil {
		return 0, fmt.Errorf("tell a socket from others: %w", err)
	}
	return id, nil
}
