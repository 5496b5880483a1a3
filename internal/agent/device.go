package agent

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"badged/enroll"
	"badged/internal/health"
	"badged/reader"
)

// Reader configures a reader or keypad of a point.
type Reader struct {
	Source reader.Source // may be a reader.Feedback too
	Point  string        // empty: it belongs to the terminal, such as a guard of its USB sockets
	// Number makes the site's number of a card.
	Number func(reader.Card) (reader.Number, error)
	// MayBeTyped reports whether a badge looks like a number that was typed at a keypad which
	// the reader is not set to; nil: none does.
	MayBeTyped func(reader.Card) bool
	// KeysOnly is a keypad, which reads no badges.
	KeysOnly bool
}

// device is a reader while the agent runs.
type device struct {
	Reader
	name  string
	point *point
	cues  chan reader.Cue // nil: it shows nothing

	// What follows is the turn's.
	faults  counted
	alarms  counted
	raised  map[reader.Why]bool // alarms that are not over
	entries counted             // codes and PINs that were refused
	typed   typed
	down    bool // it does not work
	reads   reads
}

func (d *device) healthName() string { return "reader " + d.name }

// cueQueue is how many cues may wait for a reader's lights. Further ones are dropped, because
// late lights are worse than none.
const cueQueue = 4

func (a *Agent) addReader(r Reader) {
	d := &device{Reader: r, name: r.Source.Name(), point: a.points[r.Point]}
	if r.Point == "" {
		d.point = &point{}
	}
	if _, ok := r.Source.(reader.Feedback); ok {
		d.cues = make(chan reader.Cue, cueQueue)
	}
	d.point.devices = append(d.point.devices, d)
	a.devices = append(a.devices, d)
	a.counting = append(a.counting, d)
}

// startSources runs the sources of events: readers and the inputs of doors.
func (a *Agent) startSources(ctx context.Context, wg *sync.WaitGroup) {
	work := context.WithoutCancel(ctx)
	for _, d := range a.devices {
		emit := func(ev reader.Event) {
			a.turn(work, func(ctx context.Context) { a.handleEvent(ctx, d, ev) })
		}
		state := func(err error) {
			a.turn(work, func(context.Context) { a.deviceState(d, err) })
		}
		wg.Go(func() { reader.Supervise(ctx, d.Source, emit, state, a.log) })
	}
	for _, d := range a.doors {
		a.watchInputs(ctx, wg, d)
	}
}

// startCues runs a goroutine for each reader that shows something; stop ends them.
func (a *Agent) startCues(ctx context.Context, wg *sync.WaitGroup) (stop func()) {
	ctx, stop = context.WithCancel(ctx)
	for _, d := range a.devices {
		if d.cues != nil {
			wg.Go(func() { d.showCues(ctx, a.log) })
		}
	}
	return stop
}

func (d *device) showCues(ctx context.Context, log *slog.Logger) {
	fb := d.Source.(reader.Feedback)
	for {
		select {
		case <-ctx.Done():
			return
		case c := <-d.cues:
			if err := fb.Signal(ctx, c); err != nil && ctx.Err() == nil {
				log.Warn("reader does not show its answer", "reader", d.name, "cue", string(c), "err", err)
			}
		}
	}
}

// queueCue queues a cue if the reader can show it; it never blocks.
func (d *device) queueCue(c reader.Cue) {
	if d == nil || d.cues == nil || c == "" {
		return
	}
	select {
	case d.cues <- c:
	default:
	}
}

// deviceState shows the state of a reader in health, with the cause of a failure.
func (a *Agent) deviceState(d *device, err error) {
	item := health.Item{Name: d.healthName()}
	if err != nil {
		item.State, item.Text = health.Warn, err.Error()
		item.Do = "check the reader's cable and power, and its port in the configuration; it is tried again by itself"
		var op *reader.OpError
		if errors.As(err, &op) && op.Op == reader.OpHear {
			item.Text, item.Do = op.Cause(), op.Hint
		}
	}
	a.opts.Health.Set(item)
	d.down = err != nil
	if d.point.Kind == enroll.Print {
		a.publishScreen(d.point)
	}
}

// readerDown reports whether no badge can be presented here, as no reader works.
func (p *point) readerDown() bool {
	read := 0
	for _, d := range p.devices {
		if d.KeysOnly {
			continue
		}
		if !d.down {
			return false
		}
		read++
	}
	return read > 0
}

// Keyed records that a reader has a new key.
func (a *Agent) Keyed(ctx context.Context, name string) {
	a.turn(context.WithoutCancel(ctx), func(ctx context.Context) {
		for _, d := range a.devices {
			if d.name == name {
				a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.DeviceKeyed, Point: d.point.Name, Device: name})
			}
		}
	})
}

// decideCard decides about a badge, and then wipes it: the decision refers to it by its id.
func (a *Agent) decideCard(ctx context.Context, d *device, c reader.Card) {
	defer c.Wipe()
	p := d.point
	if !p.pinKeys.IsZero() {
		p.hidePINKeys() // whoever shows a badge needs no PIN
	}
	p.binds = time.Time{}
	a.suspectTyped(d, c)
	n, err := d.Number(c)
	if err != nil {
		a.endOthers(ctx, p, enroll.Decision{})
		if a.handleFault(ctx, d, reader.BadNumber) {
			a.log.Warn("card does not fit the number rule", "reader", d.name, "card", c, "err", err)
		}
		return
	}
	defer n.Wipe()
	if a.addBadge(ctx, d, n, c) {
		return
	}
	dec := a.engine.Card(ctx, p.spokenTo(a.idleLang(p)), n, c)
	a.endOthers(ctx, p, dec)
	a.applyDecision(ctx, d, p, dec)
	a.countRead(d, readOutcome(dec))
}

// handleEvent handles an event of a reader.
func (a *Agent) handleEvent(ctx context.Context, d *device, ev reader.Event) {
	p := d.point
	if d.Point == "" && (ev.Kind == reader.KindCard || ev.Kind == reader.KindKey || ev.Kind == reader.KindFault) {
		return // it belongs to no point
	}
	switch ev.Kind {
	case reader.KindCard:
		a.decideCard(ctx, d, ev.Card)
	case reader.KindKey:
		a.endTypedSuspicion(d)
		a.configureKeys()
		d.queueCue(reader.CueKey)
		a.prolongIfOpen(p)
		if !p.pinKeys.IsZero() {
			p.keepPINKeys(time.Now())
		}
		if a.answerByKey(ctx, p, ev.Key) {
			return
		}
		a.handleEntry(ctx, d, p, p.keys.Press(ev.At, ev.Key))
	case reader.KindFault:
		a.handleFault(ctx, d, ev.Why)
	case reader.KindAlarm:
		a.raiseAlarm(ctx, d, ev.Why)
	case reader.KindOver:
		a.clearAlarm(ctx, d, ev.Why)
	case reader.KindUp:
		a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.DeviceUp, Point: p.Name, Device: d.name})
	case reader.KindDown:
		a.report(ctx, enroll.Event{Kind: enroll.EventDevice, Reason: enroll.DeviceDown, Point: p.Name, Device: d.name, Why: ev.Why})
	}
}
