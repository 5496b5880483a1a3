// Package agent runs the decisions of a terminal. It handles the events of readers, doors,
// panels and clocks one at a time, each in the goroutine that brings it, so that there is one
// order of decisions and no hand-over between a badge and its door. The effects of a decision
// never block: relays first, then panels, lights, the disk and logs.
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

// Options configures an Agent.
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
	// StoreFailed returns why nothing can be written, or nil.
	StoreFailed func() error
	// Quarantined says that the database was damaged and replaced by a new one, whose first
	// event reports that.
	Quarantined bool
	// Changed receives a value when the hub has changed accounts or settings. It may be nil.
	Changed <-chan struct{}
	// Decided is called with every listed decision, after the agent has acted on it, in the
	// order of decisions. It must not block. It may be nil.
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
// A goroutine that brings an event waits for the turn before it: that is the whole queue, and
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
	counting []*device // devices and panels, whose events without effect are counted

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

// New makes an agent. It starts nothing and energises nothing.
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
			a.publishScreen(p)
		}
	}
	return a
}

// Run runs readers, doors and the clock until ctx ends. Then the readers end first, the agent
// decides about what they have read, and the relays are released.
func (a *Agent) Run(ctx context.Context) {
	work := context.WithoutCancel(ctx)
	var sources, cues sync.WaitGroup
	a.turn(work, a.reportStart)
	stopCues := a.startCues(work, &cues)
	a.startSources(ctx, &sources)
	quiet := make(chan struct{})
	go func() { defer close(quiet); <-ctx.Done(); sources.Wait() }()
	a.watchTime(work, quiet)
	a.turn(work, a.reportCounted)
	a.endTurns()
	a.closeRelays()
	stopCues()
	cues.Wait()
}

// reportStart reports that the terminal started, and that its database was replaced if so.
func (a *Agent) reportStart(ctx context.Context) {
	if a.opts.Quarantined {
		a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.DatabaseQuarantined})
	}
	a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.TerminalStarted})
	a.placeState()
}

// reportCounted reports what was only counted so far.
func (a *Agent) reportCounted(ctx context.Context) {
	for _, d := range a.counting {
		a.reportCountedOf(ctx, d, time.Now().Add(listWindow))
	}
}

// Progress grows with every turn: an agent whose Progress stands still for longer than
// its Heartbeat hangs.
func (a *Agent) Progress() uint64 { return a.progress.Load() }

// turn runs fn as the next turn of this terminal. It reports false if there are no more turns.
func (a *Agent) turn(ctx context.Context, fn func(ctx context.Context)) bool {
	a.token <- struct{}{}
	defer func() { <-a.token }()
	if a.ended {
		return false
	}
	fn(ctx)
	a.settleTurn(ctx)
	return true
}

// settleTurn ends a turn: it starts the commit of the queued events, updates health and sets the
// timer.
func (a *Agent) settleTurn(ctx context.Context) {
	_ = a.engine.Commit(ctx) // storeState shows a failure
	a.storeState()
	a.quotaState(ctx)
	a.claimsState(ctx)
	a.armTimer()
	a.progress.Add(1)
}

// endTurns waits for the present turn and allows no more.
func (a *Agent) endTurns() {
	a.token <- struct{}{}
	defer func() { <-a.token }()
	a.ended = true
}

// watchTime runs turns at deadlines and after changes from the hub, until quiet is closed.
func (a *Agent) watchTime(ctx context.Context, quiet <-chan struct{}) {
	for {
		select {
		case <-a.timer.C:
			a.turn(ctx, func(ctx context.Context) {
				a.armed = time.Time{}
				a.runDue(ctx, time.Now())
			})
		case <-a.opts.Changed:
			a.turn(ctx, a.refreshSessions)
		case <-quiet:
			return
		}
	}
}

// armTimer sets the timer to the next deadline, if that has changed.
func (a *Agent) armTimer() {
	next := a.nextDeadline()
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

// nextDeadline is the earliest deadline; zero: none.
func (a *Agent) nextDeadline() time.Time {
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

// runDue handles all deadlines that have passed.
func (a *Agent) runDue(ctx context.Context, now time.Time) {
	for _, d := range a.doors {
		if due(d.machine.Deadline(), now) {
			a.applyEffect(ctx, d, d.machine.Tick(now))
		}
	}
	for _, p := range a.order {
		if due(p.keys.Deadline(), now) {
			a.handleEntry(ctx, nil, p, p.keys.Tick(now))
		}
		a.expirePoint(ctx, p, now)
	}
	for _, d := range a.counting {
		a.reportCountedOf(ctx, d, now)
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

// doInTurn runs fn in a turn and returns its error. A browser that goes away does not interrupt it.
func (a *Agent) doInTurn(ctx context.Context, fn func(ctx context.Context) error) error {
	err := enroll.ErrNoSession // the agent ends, and every session with it
	a.turn(context.WithoutCancel(ctx), func(ctx context.Context) { err = fn(ctx) })
	return err
}

// report queues an event. It ignores errors, because health shows a store that fails.
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
