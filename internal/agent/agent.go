// Package agent is the run loop of a terminal: everything that readers, doors and
// panels say meets in one bounded channel, and one goroutine decides, so that there
// is one order of decisions. What a decision leads to never waits: relays first,
// then panels, lights and logs.
package agent

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"badged/enroll"
	"badged/internal/health"
	"badged/keypad"
)

// Options is what an agent is made of.
type Options struct {
	Engine  *enroll.Engine
	Index   *enroll.Index // what Engine decides from
	Device  string        // the terminal's name
	Points  []enroll.Point
	Doors   []Door
	Readers []Reader
	Health  *health.Register
	Log     *slog.Logger

	// Account reads a whole account, for a panel that shows it when it has changed.
	Account func(context.Context, enroll.AccountID) (enroll.Account, error)
	// StoreFailed tells why nothing can be written, or nil.
	StoreFailed func() error
	// Quarantined tells that the database was damaged and begun anew: it is the first
	// event of the new one.
	Quarantined bool
	// Changed tells that the hub has changed accounts or settings. It may be nil.
	Changed <-chan struct{}
	// Decided is told every decision of a presentation, after it was acted upon, from
	// the loop: it must not wait. It may be nil.
	Decided func(Decided)
	// Heartbeat is how often the loop wakes to show Progress when nothing happens;
	// 0: never.
	Heartbeat time.Duration
}

// Decided is one decision: where, by which reader (empty: time decided), what.
type Decided struct {
	Point    string
	Reader   string
	Decision enroll.Decision
}

// queue is how many messages wait for the loop. When it is full, readers wait.
const queue = 64

// Agent is the loop and what it owns. Make one with New, run it once.
type Agent struct {
	opts   Options
	engine *enroll.Engine
	log    *slog.Logger

	in       chan message
	ended    chan struct{} // closed when nobody takes messages any more
	progress atomic.Uint64

	points  map[string]*point // the map is fixed; a point is the loop's
	order   []*point          // as configured
	doors   []*doorUnit
	devices []*device

	// What follows is the loop's.
	codeDigits  int // as the collectors have it
	storeFailed bool
	beat        time.Time // the next heartbeat
	timer       *time.Timer
	armed       time.Time // when timer fires; zero: never
}

// message is what a reader said, or something to do in the loop.
type message struct {
	from *device
	ev   readerEvent
	do   func(ctx context.Context)
}

// New makes an agent. Nothing runs, and nothing is energised.
func New(opts Options) *Agent {
	a := &Agent{
		opts: opts, engine: opts.Engine, log: opts.Log,
		in: make(chan message, queue), ended: make(chan struct{}),
		points: map[string]*point{},
		timer:  time.NewTimer(time.Hour),
	}
	a.timer.Stop()
	if opts.Heartbeat > 0 {
		a.beat = time.Now().Add(opts.Heartbeat)
	}
	a.codeDigits = opts.Index.Site().CodeDigits
	for _, p := range opts.Points {
		pt := &point{Point: p, keys: keypad.New(keypad.Config{CodeDigits: a.codeDigits})}
		a.points[p.Name] = pt
		a.order = append(a.order, pt)
	}
	for _, d := range opts.Doors {
		a.addDoor(d)
	}
	for _, r := range opts.Readers {
		a.addReader(r)
	}
	for _, p := range a.order {
		if p.Kind == enroll.Print {
			a.publish(p)
		}
	}
	return a
}

// Run runs readers, doors and the loop until ctx ends. Then the readers end first,
// what they have said is still decided, and the relays are released.
func (a *Agent) Run(ctx context.Context) {
	work := context.WithoutCancel(ctx)
	var sources, cues sync.WaitGroup
	a.start(ctx, &sources)
	stopCues := a.startCues(work, &cues)
	quiet := make(chan struct{})
	go func() { defer close(quiet); sources.Wait() }()
	a.started(work)
	a.loop(work, quiet)
	close(a.ended)
	a.release()
	stopCues()
	cues.Wait()
}

// started tells the order of events that the terminal's memory is new.
func (a *Agent) started(ctx context.Context) {
	if a.opts.Quarantined {
		a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.DatabaseQuarantined, Device: a.opts.Device})
	}
	a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.TerminalStarted, Device: a.opts.Device})
}

// Progress grows whenever the loop gets round: an agent whose Progress stands still
// for longer than its Heartbeat hangs.
func (a *Agent) Progress() uint64 { return a.progress.Load() }

// loop takes one message after the other until quiet is closed and none is left.
func (a *Agent) loop(ctx context.Context, quiet <-chan struct{}) {
	for {
		a.arm()
		select {
		case m := <-a.in:
			a.handle(ctx, m)
		case <-a.timer.C:
			a.armed = time.Time{}
			a.tick(ctx, time.Now())
		case <-a.opts.Changed:
			a.refresh(ctx)
		case <-quiet:
			select {
			case m := <-a.in:
				a.handle(ctx, m)
			default:
				return
			}
		}
		a.progress.Add(1)
	}
}

func (a *Agent) handle(ctx context.Context, m message) {
	if m.do != nil {
		m.do(ctx)
		return
	}
	a.event(ctx, m.from, m.ev)
}

// arm sets the timer to the next deadline, if that has changed.
func (a *Agent) arm() {
	next := a.next()
	if next.Equal(a.armed) {
		return
	}
	a.armed = next
	if next.IsZero() {
		a.timer.Stop()
		return
	}
	a.timer.Reset(max(time.Until(next), 0))
}

// next is the earliest deadline; zero: none.
func (a *Agent) next() time.Time {
	first := earlier(a.beat, a.engine.Deadline())
	for _, p := range a.order {
		first = earlier(first, earlier(p.keys.Deadline(), p.deadline()))
	}
	for _, d := range a.doors {
		first = earlier(first, d.machine.Deadline())
	}
	return first
}

// earlier is the earlier of two times, of which zero means never.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

// tick does what is due.
func (a *Agent) tick(ctx context.Context, now time.Time) {
	for _, d := range a.doors {
		if due(d.machine.Deadline(), now) {
			a.drive(ctx, d, d.machine.Tick(now))
		}
	}
	for _, p := range a.order {
		if due(p.keys.Deadline(), now) {
			a.entry(ctx, nil, p, p.keys.Tick(now))
		}
		a.expire(ctx, p, now)
	}
	if due(a.engine.Deadline(), now) {
		for _, x := range a.engine.Tick(ctx, now) {
			a.act(ctx, nil, a.points[x.Point], x.Decision)
		}
	}
	if a.opts.Heartbeat > 0 && !now.Before(a.beat) {
		a.beat = now.Add(a.opts.Heartbeat)
	}
}

func due(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// do runs fn in the loop and gives its error.
func (a *Agent) do(ctx context.Context, fn func(ctx context.Context) error) error {
	done := make(chan error, 1)
	if !a.post(ctx, func(ctx context.Context) { done <- fn(ctx) }) {
		return enroll.ErrNoSession // the agent ends, and every session with it
	}
	select {
	case err := <-done:
		return err
	case <-a.ended:
		return enroll.ErrNoSession
	case <-ctx.Done():
		return ctx.Err()
	}
}

// post hands fn to the loop, waiting while the queue is full. It tells whether the
// loop will run it.
func (a *Agent) post(ctx context.Context, fn func(ctx context.Context)) bool {
	select {
	case a.in <- message{do: fn}:
		return true
	case <-a.ended:
		return false
	case <-ctx.Done():
		return false
	}
}

// report puts an event into the order. A store that fails is shown by health, not by
// what happened at a door.
func (a *Agent) report(ctx context.Context, ev enroll.Event) {
	a.storeState(a.engine.Report(ctx, ev) != nil)
}

// storeState shows whether the last event could be kept.
func (a *Agent) storeState(failed bool) {
	if failed == a.storeFailed {
		return
	}
	a.storeFailed = failed
	it := health.Item{Name: "store"}
	if failed {
		it.State = health.Fail
		it.Text = "nothing can be written: people are refused, the exit buttons still work"
		it.Do = "make room on the disk or replace it; the agent goes on by itself if it can"
		err := a.opts.StoreFailed()
		if err != nil {
			it.Text += ": " + err.Error()
		}
		a.log.Error("the store fails, everything new is refused", "err", err)
	}
	a.opts.Health.Set(it)
}
