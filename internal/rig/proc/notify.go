package proc

import (
	"cmp"
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"time"
)

// Notify is the socket on which a process tells that it is ready, as systemd's
// sd_notify(3) has it.
type Notify struct {
	path string
	conn *net.UnixConn
}

// ListenNotify makes the socket at path.
func ListenNotify(path string) (Notify, error) {
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		return Notify{}, fmt.Errorf("listen for readiness at %s: %w", path, err)
	}
	return Notify{path, conn}, nil
}

// Env is what a process needs to know of it.
func (n Notify) Env() string { return "NOTIFY_SOCKET=" + n.path }

// Close ends it; the path can be listened on again.
func (n Notify) Close() {
	_ = n.conn.Close()
	_ = os.Remove(n.path)
}

// Ready waits for READY=1. The end of ctx ends the wait.
func (n Notify) Ready(ctx context.Context) error {
	_ = n.conn.SetReadDeadline(time.Time{})
	stop := context.AfterFunc(ctx, func() { _ = n.conn.SetReadDeadline(time.Now()) })
	defer stop()
	buf := make([]byte, 4096)
	for {
		k, err := n.conn.Read(buf)
		if err != nil {
			return fmt.Errorf("wait for readiness: %w", cmp.Or(context.Cause(ctx), err))
		}
		for line := range strings.Lines(string(buf[:k])) {
			if strings.TrimSpace(line) == "READY=1" {
				return nil
			}
		}
	}
}
