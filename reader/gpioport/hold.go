package gpioport

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"
	"golang.org/x/sys/unix"
)

// The descriptors that a guard inherits.
const (
	holdPipe   = 0
	holdOutput = 3
	holdPage   = 4
)

// holdLook is how often HoldLine looks at the page. holdGrace is how much longer than announced
// a relay may be energised. Together they are less than a second; a working agent is faster.
const (
	holdLook  = 250 * time.Millisecond
	holdGrace = 500 * time.Millisecond
)

// HoldLine guards one relay: it runs in the process that Guard describes, and ends with the
// agent. It releases the relay when the agent is gone, and when the relay is energised for
// longer than the agent announced. It decides nothing else and can energise nothing.
func HoldLine(kind string) error {
	release, ok := map[string]func(){guardLine: releaseLine, guardBoard: releaseBoard}[kind]
	if !ok {
		return fmt.Errorf("hold a relay: %.20q is no kind of output", kind)
	}
	signal.Ignore(syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP) // the agent's end is its end
	page, err := mapPage(holdPage)
	if err != nil {
		return fmt.Errorf("hold a relay: %w (only badged starts this)", err)
	}
	defer release()
	for {
		page.looks.Add(1)
		pipe := []unix.PollFd{{Fd: holdPipe, Events: unix.POLLIN}}
		n, err := unix.Poll(pipe, int(holdLook.Milliseconds()))
		if err != nil && !errors.Is(err, unix.EINTR) {
			return os.NewSyscallError("poll", err)
		}
		if n > 0 {
			return nil
		}
		if at := page.until.Load(); at != 0 && bootTime() > at+int64(holdGrace) && page.until.CompareAndSwap(at, 0) {
			release()
		}
	}
}

func releaseLine() { _ = uapi.SetLineValuesV2(holdOutput, uapi.LineValues{Mask: 1}) }

// releaseBoard never blocks: a board that does not read counts as gone.
func releaseBoard() {
	_ = unix.Send(holdOutput, []byte("relay 0\n"), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}
