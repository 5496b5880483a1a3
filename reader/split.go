package reader

import (
	"context"
	"slices"
	"sync"
	"time"
)

// UnitFeedback is a Source on a line with several devices that show decisions.
type UnitFeedback interface {
	SignalUnit(ctx context.Context, unit int, c Cue) error
}

// Part is one device on a line that it shares.
type Part struct {
	Name string // of the reader
	Unit int    // its Event.Unit
}

// Split makes a Source for each device on a line that src runs. The first Run of a part
// runs src, the others join; when src fails, all of them end with its error. A part
// whose ctx ends only leaves; the last one to leave ends src and waits for that.
//
// If a part leaves or is reset after no device on the line has sent anything for as long as
// src may be silent, Split runs or resets src again for all parts, which do not notice. So
// the watchdog of any part revives a dead line, and the watchdog of a part with a dead device
// disturbs no other part.
//
//	          first Run                        last Run leaves;
//	(closed) -----------> (running) --+        one leaves a silent line
//	    ^                  | ^  | Run joins ----------------------+
//	    |  src fails       | +--+ or leaves                       v
//	    +------------------+                     src ends     (ending)
//	    +------------------------------------------------------+  Run and Reset wait
//
// An event goes to the part of its Unit, an event of Line to all parts. If the part does not
// run, the event is dropped, except alarms and whether the device works: the next Run of the
// part emits them. A part of a line that shows cues (UnitFeedback) is a Feedback. A part
// may be silent for as long as src may.
func Split(src Source, parts ...Part) []Source {
	l := &line{src: src, missed: missed{}}
	show, shows := src.(UnitFeedback)
	list := make([]Source, len(parts))
	for i, p := range parts {
		member := &member{Part: p, line: l}
		if list[i] = member; shows {
			list[i] = &shower{member, show}
		}
	}
	return list
}

// line is what the parts of a Split share.
type line struct {
	src Source

	mu     sync.Mutex // guards what follows
	use    *lineUse   // nil: closed
	heard  time.Time  // when any device last sent something
	reset  time.Time  // the last one
	missed missed
}

// lineUse is one run of a line, or one reset. Its fields are guarded by the line.
type lineUse struct {
	cancel context.CancelFunc
	ending bool
	again  bool          // it ends because of its silence: the remaining guests join the next use
	done   chan struct{} // closed when again and err are final
	err    error
	guests []*guest
	open   *Event // the KindUp of Line that came last; nil: the port is not open
	began  time.Time
}

// guest is one Run of a part.
type guest struct {
	unit int
	mu   sync.Mutex  // held while an event is emitted; guards emit
	emit func(Event) // nil: it left
}

// member is the Source of a part.
type member struct {
	Part
	line *line
}

// Name implements Source.
func (m *member) Name() string { return m.Part.Name }

// Silence implements Expecter.
func (m *member) Silence() time.Duration { return m.line.allowedSilence() }

// Reset implements Resetter.
func (m *member) Reset(ctx context.Context) error { return m.line.resetDevice(ctx) }

// Run implements Source.
func (m *member) Run(ctx context.Context, emit func(Event)) error {
	for ctx.Err() == nil {
		g := &guest{unit: m.Unit, emit: emit}
		use := m.line.joinRun(ctx, g)
		if use == nil {
			return nil
		}
		select {
		case <-ctx.Done():
			m.line.leaveRun(use, g)
			return nil
		case <-use.done:
			if !use.again {
				return use.err
			}
		}
	}
	return nil
}

// shower is the part of a line that shows cues.
type shower struct {
	*member
	show UnitFeedback
}

// Signal implements Feedback.
func (s *shower) Signal(ctx context.Context, c Cue) error { return s.show.SignalUnit(ctx, s.Unit, c) }

func (l *line) allowedSilence() time.Duration {
	if e, ok := l.src.(Expecter); ok {
		return e.Silence()
	}
	return 0
}

// joinRun makes g a guest of the line's run, and begins one if there is none. It waits for a run
// that is ending. It returns nil if ctx ends first.
func (l *line) joinRun(ctx context.Context, g *guest) *lineUse {
	g.mu.Lock() // what the line says comes behind its KindUp
	defer g.mu.Unlock()
	for {
		use, before, joined := l.tryJoin(g)
		if joined {
			for _, e := range before {
				g.emit(e)
			}
			return use
		}
		select {
		case <-use.done:
		case <-ctx.Done():
			return nil
		}
	}
}

// tryJoin also returns the events that g must get first.
func (l *line) tryJoin(g *guest) (use *lineUse, before []Event, joined bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.use == nil {
		l.startSource()
	}
	if l.use.ending {
		return l.use, nil, false
	}
	l.use.guests = append(l.use.guests, g)
	if l.use.open != nil {
		before = append(before, *l.use.open)
	}
	return l.use, append(before, l.missed.takeUnit(g.unit)...), true
}

// startSource runs the source. The caller holds the lock.
func (l *line) startSource() {
	ctx, cancel := context.WithCancel(context.Background())
	use := &lineUse{cancel: cancel, done: make(chan struct{}), began: time.Now()}
	l.use = use
	go func() {
		err := l.src.Run(ctx, func(e Event) { l.deliverEvent(use, e) })
		cancel()
		l.endUse(use, err)
	}()
}

// endUse marks a use as ended and wakes those that wait for it.
func (l *line) endUse(use *lineUse, err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	use.ending, use.err = true, err
	l.use = nil
	close(use.done)
}

// leaveRun removes a guest. If that ends the run, it waits for the end.
func (l *line) leaveRun(use *lineUse, g *guest) {
	g.mu.Lock()
	g.emit = nil
	g.mu.Unlock()
	if l.removeGuest(use, g) {
		<-use.done
	}
}

func (l *line) removeGuest(use *lineUse, g *guest) (ending bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	use.guests = slices.DeleteFunc(use.guests, func(o *guest) bool { return o == g })
	if len(use.guests) == 0 || l.silentSince(use.began) {
		stopUse(use)
	}
	return use.ending
}

// stopUse ends a run; the remaining guests join the next one. The caller holds the lock.
func stopUse(use *lineUse) {
	if !use.ending {
		use.ending, use.again = true, true
		use.cancel()
	}
}

// silentSince reports whether no device has sent anything for too long, and t is at least as
// long ago. The caller holds the lock.
func (l *line) silentSince(t time.Time) bool {
	s := l.allowedSilence()
	return s > 0 && time.Since(l.heard) >= s && time.Since(t) >= s
}

// deliverEvent passes an event to the guests that it is about.
func (l *line) deliverEvent(use *lineUse, e Event) {
	for _, g := range l.listenersOf(use, e) {
		g.deliver(e)
	}
	l.noteEvent(use, e) // again: the time that delivery took is no silence of the device
}

// listenersOf returns the guests that an event is about.
func (l *line) listenersOf(use *lineUse, e Event) []*guest {
	l.noteEvent(use, e)
	l.mu.Lock()
	defer l.mu.Unlock()
	about := slices.Clone(use.guests)
	about = slices.DeleteFunc(about, func(g *guest) bool { return e.Unit != Line && e.Unit != g.unit })
	if len(about) == 0 && e.Unit != Line {
		l.missed.keepEvent(e)
	}
	return about
}

// noteEvent records what an event says about the line.
func (l *line) noteEvent(use *lineUse, e Event) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case e.Unit != Line && e.Kind != KindFault && (e.Kind != KindDown || e.Why.meansPresent()):
		l.heard = time.Now()
	case e.Unit == Line && e.Kind == KindUp:
		use.open = &e
	case e.Unit == Line && e.Kind == KindDown:
		use.open = nil
	}
}

// deliver emits an event to a guest that has not left.
func (g *guest) deliver(e Event) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.emit != nil {
		g.emit(e)
	}
}

// resetDevice resets the device of the line, unless the device of another part works or the
// line was just reset.
func (l *line) resetDevice(ctx context.Context) error {
	r, ok := l.src.(Resetter)
	if !ok {
		return nil
	}
	for {
		use, mine := l.tryReset()
		if mine {
			err := r.Reset(ctx)
			l.endUse(use, nil)
			return err
		}
		if use == nil {
			return nil
		}
		select {
		case <-use.done:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// tryReset claims the line for a reset. If the line is in use, it returns the use that must
// end first; nil if no reset is due.
func (l *line) tryReset() (use *lineUse, mine bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case !l.silentSince(l.reset):
		return nil, false
	case l.use == nil:
		l.reset = time.Now()
		l.use = &lineUse{ending: true, again: true, done: make(chan struct{})}
		return l.use, true
	case !l.use.ending:
		stopUse(l.use)
	}
	return l.use, false
}
