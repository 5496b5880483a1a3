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

// Guard is the command that runs HoldLine with the kind of output as its last argument, in
// a process of its own: it releases a relay that stays energised because the agent stands
// still (SIGSTOP, a driver that hangs) or was killed. Its first word is the program, its
// second one the name under which that is called. An empty Guard guards nothing.
//
//	agent                                        HoldLine
//	line, or socket of a board  ---- shared ---> releases it, and nothing else
//	page: energised until then  ---- memory ---> looks four times a second
//	      looked so often      <---- memory ---- counts that: one that stands still is replaced
//	pipe                        ----  fd 0  ---> its end: the agent is gone
//
// Nothing is sent when a relay is energised: two words are written to memory, so that a
// badge does not wait for the other process.
type Guard []string

// The kinds of outputs that HoldLine releases.
const (
	guardLine  = "line"  // a request of a GPIO chip
	guardBoard = "board" // the socket of a virtual board
)

// guardEnd is how long a guard may take to end when its pipe is closed, guardAgain the time
// until another one is started in the place of one that ended by itself.
const (
	guardEnd   = time.Second
	guardAgain = 2 * time.Second
)

// The agent looks each guardCheck whether a guard has looked meanwhile, which it does four
// times as often. A guard stands still when it has not for guardMissed times, or, before
// its first look, for guardBegin times.
const (
	guardCheck  = time.Second
	guardMissed = 5
	guardBegin  = 30
)

// sentry is the guards of one output, one after the other: each connection has its own.
// The page is that of all of them.
type sentry struct {
	guard  Guard
	kind   string
	told   func(error) // nil: the output is guarded, or why it is not; may be nil itself
	last   string      // that was told
	any    bool
	memory *os.File // nil: none was started yet
	page   atomic.Pointer[page]
}

// share makes the page that all guards of this output look at.
func (s *sentry) share() error {
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

// energise tells that the output is energised until then; the zero time: it is not.
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

// watch keeps a guard at the output of which c is a descriptor. stop ends it, and returns
// when no other process has the output any more. A door works without its guard too: told
// hears why there is none.
func (s *sentry) watch(c syscall.Conn) (stop func()) {
	if len(s.guard) == 0 {
		return func() {}
	}
	s.energise(time.Time{})
	p := s.post(c)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() {
		defer close(done)
		s.keep(ctx, c, p)
	}()
	return func() {
		cancel()
		<-done
	}
}

// keep starts another guard when one has ended, which it must not by itself, or stands still.
func (s *sentry) keep(ctx context.Context, c syscall.Conn, p *posted) {
	for {
		if p != nil {
			err := s.attend(ctx, p)
			if err == nil {
				p.dismiss()
				return
			}
			s.reportGuard(err)
		}
		if sleep(ctx, guardAgain); ctx.Err() != nil {
			return
		}
		p = s.post(c)
	}
}

// attend waits until a guard is of no use any more, and says why; nil: ctx has ended.
func (s *sentry) attend(ctx context.Context, p *posted) error {
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
		if v.missed(s.page.Load().looks.Load()) {
			p.kill()
			return errStandsStill
		}
	}
}

// post starts a guard; nil: that was not possible.
func (s *sentry) post(c syscall.Conn) *posted {
	p, err := s.start(c)
	if err != nil {
		s.reportGuard(fmt.Errorf("start the process that guards a relay: %w", err))
		return nil
	}
	s.reportGuard(nil)
	return p
}

// reportGuard tells whether the output is guarded, when that has changed.
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

func (s *sentry) start(c syscall.Conn) (*posted, error) {
	if err := s.share(); err != nil {
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

// posted is a guard at work.
type posted struct {
	cmd  *exec.Cmd
	pipe *os.File
	done chan struct{} // closed when it has ended
}

// dismiss ends the guard, and with that its hold on the output.
func (p *posted) dismiss() {
	_ = p.pipe.Close()
	late := time.AfterFunc(guardEnd, func() { _ = p.cmd.Process.Kill() })
	<-p.done
	late.Stop()
}

// kill ends a guard that does not listen. One that even the kernel cannot end is given up:
// it would keep its relay without a guard for ever.
func (p *posted) kill() {
	_ = p.pipe.Close()
	_ = p.cmd.Process.Kill()
	select {
	case <-p.done:
	case <-time.After(guardEnd):
	}
}

// vigil finds out whether a guard stands still. It counts how often it was asked, not the
// time: when the whole machine has stood still, nobody is to blame.
type vigil struct {
	first int64 // how often was looked before this guard
	last  int64
	asked int // since the guard has looked
	begun bool
}

// missed is told how often the guard has looked, each guardCheck. It reports whether the
// guard stands still.
func (v *vigil) missed(looks int64) bool {
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

// page is what an agent and its guards share.
type page struct {
	until atomic.Int64 // energised until then: CLOCK_MONOTONIC in ns; 0: released
	looks atomic.Int64 // how often a guard has looked
}

// bootTime is the time that both processes have.
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

// duplicate gives another descriptor of the same open file, for a guard.
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
