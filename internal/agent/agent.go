// Package agent decides at a terminal. What readers, doors, panels and clocks say is
// taken one at a time, each by the goroutine that brings it, so that there is one order
// of decisions and no hand-over between a badge and its door. What a decision leads to
// never waits: relays first, then panels, lights, the disk and logs.
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
	Site    string        // what the terminal's identity calls the site; panels show it until the hub names it
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
	// Decided is told every decision of a presentation that is listed, after it was acted
	// upon, in the order of decisions: it must not wait. It may be nil.
	Decided func(Decided)
	// Heartbeat is how often Progress shows that the agent works, and health whether the
	// store does, when nothing happens; 0: never.
	Heartbeat time.Duration
}

// Decided is one decision: where, by which reader (empty: time decided), what.
type Decided struct {
	Point    string
	Reader   string
	Decision enroll.Decision
}

// Agent is a terminal at work. Make one with New, run it once.
//
//	reader, button, panel, timer ──► turn (one at a time) ──► engine ──► relay
//	                                   then screens, lights; then the group commit begins
//
// Whoever brings something waits for the turn before: that is the whole queue, and
// nothing in it is dropped.
type Agent struct {
	opts   Options
	engine *enroll.Engine
	log    *slog.Logger

	progress atomic.Uint64
	timer    *time.Timer

	points   map[string]*point // the map is fixed; a point belongs to the turn
	order    []*point          // as configured
	doors    []*doorUnit
	devices  []*device
	counting []*device // devices and panels: what they say without effect is counted

	// token is held for one turn; it guards what follows, points, doors and the engine.
	token       chan struct{}
	ended       bool          // no more turns
	keypad      keypad.Config // as the collectors have it
	storeFailed bool
	quota       health.Item // as health has it
	claims      health.Item // as health has it
	beat        time.Time   // the next heartbeat
	armed       time.Time   // when timer fires; zero: never
}

// New makes an agent. Nothing runs, and nothing is energised.
func New(opts Options) *Agent {
	a := &Agent{
		opts: opts, engine: opts.Engine, log: opts.Log,
		points: map[string]*point{},
		timer:  time.NewTimer(time.Hour),
		token:  make(chan struct{}, 1),
	}
	a.quota.Name, a.claims.Name = "new accounts", claimsClosed.Name
	a.timer.Stop()
	if opts.Heartbeat > 0 {
		a.beat = time.Now().Add(opts.Heartbeat)
	}
	a.keypad = keypadOf(opts.Index.Site())
	for _, p := range opts.Points {
		pt := &point{Point: p, keys: keypad.New(a.keypad)}
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
			p.panel = &device{name: panelName, point: p}
			a.counting = append(a.counting, p.panel)
			a.publish(p)
		}
	}
	return a
}

// Run runs readers, doors and the clock until ctx ends. Then the readers end first,
// what they have said is still decided, and the relays are released.
func (a *Agent) Run(ctx context.Context) {
	work := context.WithoutCancel(ctx)
	var sources, cues sync.WaitGroup
	a.turn(work, a.started)
	stopCues := a.startCues(work, &cues)
	a.start(ctx, &sources)
	quiet := make(chan struct{})
	go func() { defer close(quiet); <-ctx.Done(); sources.Wait() }()
	a.watchTime(work, quiet)
	a.turn(work, a.ending)
	a.end()
	a.release()
	stopCues()
	cues.Wait()
}

// started tells the order of events that the terminal's memory is new.
func (a *Agent) started(ctx context.Context) {
	if a.opts.Quarantined {
		a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.DatabaseQuarantined})
	}
	a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.TerminalStarted})
	a.placeState()
}

// ending tells what was only counted so far.
func (a *Agent) ending(ctx context.Context) {
	for _, d := range a.counting {
		a.tellCounted(ctx, d, time.Now().Add(listWindow))
	}
}

// Progress grows with every turn: an agent whose Progress stands still for longer than
// its Heartbeat hangs.
func (a *Agent) Progress() uint64 { return a.progress.Load() }

// turn runs fn as the next thing that happens at this terminal, and reports whether
// there was a turn left for it.
func (a *Agent) turn(ctx context.Context, fn func(ctx context.Context)) bool {
	a.token <- struct{}{}
	defer func() { <-a.token }()
	if a.ended {
		return false
	}
	fn(ctx)
	a.settle(ctx)
	return true
}

// settle ends a turn: what it put into the order goes to the disk, and the timer is
// set to what is due next.
func (a *Agent) settle(ctx context.Context) {
	_ = a.engine.Commit(ctx) // what cannot be kept shows in the store
	a.storeState()
	a.quotaState(ctx)
	a.claimsState(ctx)
	a.arm()
	a.progress.Add(1)
}

// end lets the last turn pass.
func (a *Agent) end() {
	a.token <- struct{}{}
	defer func() { <-a.token }()
	a.ended = true
}

// watchTime takes turns for what is due and for what the hub has changed, until quiet
// is closed.
func (a *Agent) watchTime(ctx context.Context, quiet <-chan struct{}) {
	for {
		select {
		case <-a.timer.C:
			a.turn(ctx, func(ctx context.Context) {
				a.armed = time.Time{}
				a.tick(ctx, time.Now())
			})
		case <-a.opts.Changed:
			a.turn(ctx, a.refresh)
		case <-quiet:
			return
		}
	}
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
	for _, d := range a.counting {
		first = earlier(first, d.deadline())
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
	for _, d := range a.counting {
		a.tellCounted(ctx, d, now)
	}
	if due(a.engine.Deadline(), now) {
		for _, x := range a.engine.Tick(ctx, now) {
			a.applyDecision(ctx, nil, a.points[x.Point], x.Decision)
		}
	}
	if a.opts.Heartbeat > 0 && !now.Before(a.beat) {
		a.beat = now.Add(a.opts.Heartbeat)
		a.placeState()
	}
}

func due(deadline, now time.Time) bool { return !deadline.IsZero() && !now.Before(deadline) }

// do takes a turn for fn and gives its error. What a panel began is not interrupted by
// a browser that goes away.
func (a *Agent) do(ctx context.Context, fn func(ctx context.Context) error) error {
	err := enroll.ErrNoSession // the agent ends, and every session with it
	a.turn(context.WithoutCancel(ctx), func(ctx context.Context) { err = fn(ctx) })
	return err
}

// report puts an event into the order. A store that fails is shown by health, not by
// what happened at a door.
func (a *Agent) report(ctx context.Context, ev enroll.Event) { _ = a.engine.Report(ctx, ev) }

// storeState shows whether anything can be written, when that has changed.
func (a *Agent) storeState() {
	err := a.opts.StoreFailed()
	if (err != nil) == a.storeFailed {
		return
	}
	a.storeFailed = err != nil
	it := health.Item{Name: "store"}
	if err != nil {
		it.State = health.Fail
		it.Text = "nothing can be written: people are refused, the exit buttons still work: " + err.Error()
		it.Do = "make room on the disk, or replace it; the agent goes on by itself if it can"
		a.log.Error("the store fails, everything new is refused", "err", err)
	} else {
		a.log.Info("the store works again")
	}
	a.opts.Health.Set(it)
}
