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

// The descriptors that a guard is given.
const (
	holdPipe   = 0
	holdOutput = 3
	holdPage   = 4
)

// holdLook is how often HoldLine looks, and holdGrace how much longer than told a relay may
// be energised: together less than a second. The agent, if it is well, is faster.
const (
	holdLook  = 250 * time.Millisecond
	holdGrace = 500 * time.Millisecond
)

// HoldLine is the guard of one relay: it runs in a process that Guard has started, and ends
// with the agent. It releases the relay when the agent is gone, and when it is energised
// for longer than the agent said that it would be. It decides nothing else, reads nothing
// but time, and can energise nothing.
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

// releaseBoard never waits: a board that does not read is as good as gone.
func releaseBoard() {
	_ = unix.Send(holdOutput, []byte("relay 0\n"), unix.MSG_DONTWAIT|unix.MSG_NOSIGNAL)
}
