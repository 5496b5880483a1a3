package gpioport

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync/atomic"
	"syscall"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Guard is the command that runs HoldLine, with the kind of output as its last argument, in
// a separate process: it releases a relay that stays energised because the agent hangs
// (SIGSTOP, a driver that hangs) or was killed. Its first word is the path of the program, its
// second one the program's argv[0]. An empty Guard guards nothing.
//
//	agent                                        HoldLine
//	line, or socket of a board  ---- shared ---> releases it, and nothing else
//	page: energised until then  ---- memory ---> looks four times a second
//	      looked so often      <---- memory ---- counts that: one that stands still is replaced
//	pipe                        ----  fd 0  ---> its end: the agent is gone
//
// Energising a relay sends nothing: it writes to shared memory, so that a badge does not wait
// for the other process.
type Guard []string

// The kinds of outputs that HoldLine releases.
const (
	guardLine  = "line"  // a request of a GPIO chip
	guardBoard = "board" // the socket of a virtual board
)

// guardEnd is how long a guard may take to end after its pipe was closed. guardAgain is the
// time until the agent replaces a guard that ended by itself.
const (
	guardEnd   = time.Second
	guardAgain = 2 * time.Second
)

// Every guardCheck the agent checks whether the guard has looked at the page since, which a
// guard does four times as often. A guard counts as hanging if it has not for guardMissed
// checks, or, before its first look, for guardBegin checks.
const (
	guardCheck  = time.Second
	guardMissed = 5
	guardBegin  = 30
)

// sentry manages the guards of one output, one after the other: each connection has its own
// guard. All of them share the page.
type sentry struct {
	guard  Guard
	kind   string
	told   func(error) // called with nil if the output is guarded, or with the reason; may be nil
	last   string      // the last reported reason
	any    bool
	memory *os.File // nil: none was started yet
	page   atomic.Pointer[page]
}

// makePage makes the page that the agent shares with all guards of this output.
func (s *sentry) makePage() error {
	if s.memory != nil {
		return nil
	}
	fd, err := unix.MemfdCreate("relay", unix.MFD_CLOEXEC)
	if err != nil {
		return err
	}
	memory := os.NewFile(uintptr(fd), "relay")
	if err := memory.Truncate(int64(os.Getpagesize())); err != nil {
		return errors.Join(err, memory.Close())
	}
	p, err := mapPage(fd)
	if err != nil {
		return errors.Join(err, memory.Close())
	}
	s.memory = memory
	s.page.Store(p)
	return nil
}

// energise tells the guard until when the output is energised; the zero time: it is released.
func (s *sentry) energise(until time.Time) {
	p := s.page.Load()
	switch {
	case p == nil:
	case until.IsZero():
		p.until.Store(0)
	default:
		p.until.Store(bootTime() + int64(time.Until(until)))
	}
}

// startGuarding keeps a guard running for the output with the descriptor c. stop ends the guard, and
// returns when no other process holds the output. The door works without a guard too: told
// then gets the reason.
func (s *sentry) startGuarding(c syscall.Conn) (stop func()) {
	if len(s.guard) == 0 {
		return func() {}
	}
	s.energise(time.Time{})
	p := s.startGuard(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.keepGuarded(ctx, c, p)
	}()
	return func() {
		cancel()
		<-done
	}
}

// keepGuarded replaces a guard that has ended by itself or hangs.
func (s *sentry) keepGuarded(ctx context.Context, c syscall.Conn, p *posted) {
	for {
		if p != nil {
			err := s.watchGuard(ctx, p)
			if err == nil {
				p.endGuard()
				return
			}
			s.reportGuard(err)
		}
		if sleep(ctx, guardAgain); ctx.Err() != nil {
			return
		}
		p = s.startGuard(c)
	}
}

// watchGuard waits until a guard has ended or hangs, and returns which; nil: ctx has ended.
func (s *sentry) watchGuard(ctx context.Context, p *posted) error {
	v := vigil{first: s.page.Load().looks.Load()}
	check := time.NewTicker(guardCheck)
	defer check.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-p.done:
			_ = p.pipe.Close()
			return errUnguarded
		case <-check.C:
		}
		if v.standsStill(s.page.Load().looks.Load()) {
			p.killGuard()
			return errStandsStill
		}
	}
}

// startGuard starts a guard and reports that; nil: that failed.
func (s *sentry) startGuard(c syscall.Conn) *posted {
	p, err := s.startProcess(c)
	if err != nil {
		s.reportGuard(fmt.Errorf("start the process that guards a relay: %w", err))
		return nil
	}
	s.reportGuard(nil)
	return p
}

// reportGuard passes to told whether the output is guarded, if that has changed.
func (s *sentry) reportGuard(err error) {
	text := ""
	if err != nil {
		text = err.Error()
	}
	if s.told != nil && (text != s.last || !s.any) {
		s.told(err)
	}
	s.last, s.any = text, true
}

func (s *sentry) startProcess(c syscall.Conn) (*posted, error) {
	if err := s.makePage(); err != nil {
		return nil, err
	}
	output, err := duplicate(c)
	if err != nil {
		return nil, err
	}
	defer output.Close()
	in, pipe, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	defer in.Close()
	p := &posted{pipe: pipe, done: make(chan struct{}), cmd: &exec.Cmd{
		Path: s.guard[0], Args: append(s.guard[1:len(s.guard):len(s.guard)], s.kind),
		Stdin: in, Env: []string{"GOMAXPROCS=1"}, ExtraFiles: []*os.File{output, s.memory},
		SysProcAttr: &syscall.SysProcAttr{Setsid: true}, // what is sent to the agent's group is not for it
	}}
	if err := p.cmd.Start(); err != nil {
		return nil, errors.Join(err, pipe.Close())
	}
	go func() {
		_ = p.cmd.Wait() // how it ended does not matter
		close(p.done)
	}()
	return p, nil
}

// posted is a running guard.
type posted struct {
	cmd  *exec.Cmd
	pipe *os.File
	done chan struct{} // closed when it has ended
}

// endGuard ends the guard, and with that its hold on the output.
func (p *posted) endGuard() {
	_ = p.pipe.Close()
	late := time.AfterFunc(guardEnd, func() { _ = p.cmd.Process.Kill() })
	<-p.done
	late.Stop()
}

// killGuard kills a guard that hangs. It does not wait longer than guardEnd for one that even the
// kernel cannot end, because the relay needs another guard.
func (p *posted) killGuard() {
	_ = p.pipe.Close()
	_ = p.cmd.Process.Kill()
	select {
	case <-p.done:
	case <-time.After(guardEnd):
	}
}

// vigil detects a guard that hangs. It counts checks and not time, so that a guard does not
// count as hanging after the whole machine was suspended.
type vigil struct {
	first int64 // how often was looked before this guard
	last  int64
	asked int // since the guard has looked
	begun bool
}

// standsStill gets the number of the guard's looks at every check. It reports whether the guard
// hangs.
func (v *vigil) standsStill(looks int64) bool {
	if looks != v.first && looks != v.last {
		v.last, v.asked, v.begun = looks, 0, true
		return false
	}
	v.asked++
	if !v.begun {
		return v.asked >= guardBegin
	}
	return v.asked >= guardMissed
}

var (
	errUnguarded   = errors.New("the process that guards a relay has ended")
	errStandsStill = errors.New("the process that guards a relay stood still and was killed")
)

// page is the memory that an agent and its guards share.
type page struct {
	until atomic.Int64 // energised until then: CLOCK_MONOTONIC in ns; 0: released
	looks atomic.Int64 // how often a guard has looked
}

// bootTime is CLOCK_MONOTONIC in ns, which is the same in both processes.
func bootTime() int64 {
	var ts unix.Timespec
	if unix.ClockGettime(unix.CLOCK_MONOTONIC, &ts) != nil {
		return 0 // the kernel has always had it
	}
	return ts.Nano()
}

func mapPage(fd int) (*page, error) {
	b, err := unix.Mmap(fd, 0, os.Getpagesize(), unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, err
	}
	return (*page)(unsafe.Pointer(&b[0])), nil
}

// duplicate returns another descriptor of the same open file, for a guard.
func duplicate(c syscall.Conn) (*os.File, error) {
	raw, err := c.SyscallConn()
	if err != nil {
		return nil, err
	}
	fd := -1
	var inner error
	if err := raw.Control(func(own uintptr) { fd, inner = unix.FcntlInt(own, unix.F_DUPFD_CLOEXEC, 0) }); err != nil {
		return nil, err
	}
	if inner != nil {
		return nil, inner
	}
	return os.NewFile(uintptr(fd), "output"), nil
}
