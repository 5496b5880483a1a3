package reader

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"
)

// supervisor is the state that Supervise keeps between the runs of a source.
type supervisor struct {
	src  Source
	log  *slog.Logger
	poke chan struct{} // the watchdog's deadline is earlier now

	turn  chan struct{} // holds the lock, also while an event is emitted; guards what follows
	emit  func(Event)
	state func(error)
	dog   watchdog
	told  Kind   // the last of KindUp and KindDown that was emitted
	said  bool   // the source itself has reported why its device does not work
	works bool   // the last call of state was with nil
	last  string // the last failure that was logged
}

func newSupervisor(src Source, emit func(Event), state func(error), log *slog.Logger) *supervisor {
	return &supervisor{
		src: src, emit: emit, state: state, log: log.With("reader", src.Name()),
		poke: make(chan struct{}, 1), turn: make(chan struct{}, 1),
	}
}

func (s *supervisor) lock()   { s.turn <- struct{}{} }
func (s *supervisor) unlock() { <-s.turn }

// attempt is one run of the source. Its fields are the supervisor's.
type attempt struct {
	worked bool  // the device did, in this run
	left   bool  // nobody listens to this run any more
	why    Why   // the watchdog ended it; empty: it ended by itself,
	err    error // with this
}

// runSource runs the source until it ends, or the watchdog or ctx ends it.
func (s *supervisor) runSource(ctx context.Context) *attempt {
	a := &attempt{}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	s.startRun()
	ended := make(chan error, 1)
	go func() { ended <- s.src.Run(run, func(e Event) { s.handleEvent(a, e) }) }()
	for {
		timer, stop := s.timer()
		select {
		case err := <-ended:
			stop()
			a.err = err
			return a
		case <-ctx.Done():
			stop()
			s.awaitEnd(ctx, a, ended)
			return a
		case <-s.poke:
		case <-timer:
			if s.endBadRun(a) {
				cancel()
				s.awaitEnd(ctx, a, ended)
				return a
			}
		}
		stop()
	}
}

// startRun tells the watchdog that a run begins.
func (s *supervisor) startRun() {
	s.lock()
	defer s.unlock()
	s.dog.startRun(time.Now(), s.allowedSilence())
}

// allowedSilence is how long the source may be silent now.
func (s *supervisor) allowedSilence() time.Duration {
	if e, ok := s.src.(Expecter); ok {
		return e.Silence()
	}
	return 0
}

// timer fires at the watchdog's deadline, if there is one. For an Expecter that may be silent
// it fires every AnswerTime, to ask whether it still may.
func (s *supervisor) timer() (<-chan time.Time, func() bool) {
	s.lock()
	due := s.dog.deadline()
	s.unlock()
	if _, ok := s.src.(Expecter); ok && due.IsZero() {
		due = time.Now().Add(AnswerTime)
	}
	if due.IsZero() {
		return nil, func() bool { return true }
	}
	t := time.NewTimer(time.Until(due))
	return t.C, t.Stop
}

// awaitEnd waits until Run returns. If Run is stuck, end reports that, and stops waiting when ctx
// has ended.
func (s *supervisor) awaitEnd(ctx context.Context, a *attempt, ended <-chan error) {
	t := time.NewTimer(endBound)
	defer t.Stop()
	select {
	case <-ended:
		return
	case <-t.C:
	}
	s.abandonRun(ctx, a)
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// handleEvent handles an event of a run.
func (s *supervisor) handleEvent(a *attempt, e Event) {
	s.lock()
	defer s.unlock()
	if a.left {
		return
	}
	now := time.Now()
	switch {
	case e.Kind == KindDown:
		s.said = !e.Why.isExplained()
		if e.Why.meansPresent() {
			s.dog.noteSign(now)
		}
		s.reportDown(e)
		return
	case e.Kind == KindFault:
		if s.dog.countFault(now) {
			s.wakeTimer()
		}
	case e.Kind == KindAlarm || e.Kind == KindOver:
		s.dog.noteSign(now)
	case s.dog.provesWork(e):
		a.worked = true
		s.reportUp(now, e)
	}
	if e.Kind != KindUp && e.Kind != KindAlive {
		s.emit(e)
	}
	s.dog.excuseWait(time.Since(now))
}

// wakeTimer makes attempt read the watchdog's deadline again.
func (s *supervisor) wakeTimer() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// reportUp reports that the device works, if that is new; e proves it.
func (s *supervisor) reportUp(now time.Time, e Event) {
	again := s.dog.noteProgress(now)
	s.said = false
	if again || s.last != "" {
		s.log.Info("reader works again")
		s.last = ""
	}
	if again || !s.works {
		s.works = true
		s.state(nil)
	}
	if again || s.told != KindUp {
		s.told = KindUp
		s.emit(Event{Kind: KindUp, At: e.At, Unit: e.Unit})
	}
}

// reportDown reports that the device does not work, if that is new.
func (s *supervisor) reportDown(e Event) {
	if !e.Why.isExplained() {
		s.reportFailure(describeFailure(s.src.Name(), e.Why))
	}
	if s.told != KindDown {
		s.told = KindDown
		s.emit(e)
	}
}

// reportFailure passes an error to state, and logs it if it is new.
func (s *supervisor) reportFailure(err error) {
	s.works = false
	s.state(err)
	if text := err.Error(); text != s.last {
		s.last = text
		s.log.Warn("reader failed, trying again", "err", text)
	}
}

// endBadRun decides at the watchdog's deadline whether the run must end because the source failed.
// It reports true if so, and climbs one rung.
func (s *supervisor) endBadRun(a *attempt) bool {
	s.lock()
	defer s.unlock()
	now := time.Now()
	s.dog.setSilence(now, s.allowedSilence())
	switch calm := s.dog.isCalm(now); {
	case calm && s.said: // no noise any more, but no device that works
		s.dog.noteProgress(now)
	case calm:
		a.worked = true
		s.reportUp(now, Event{At: now})
	}
	a.why = s.dog.findFailure(now)
	if a.why == "" {
		return false
	}
	a.left = true
	s.dog.climbRung()
	return true
}

// abandonRun abandons a run that does not end: its later events are dropped.
func (s *supervisor) abandonRun(ctx context.Context, a *attempt) {
	s.lock()
	defer s.unlock()
	a.left = true
	err := &OpError{Op: "close", Device: s.src.Name(), Hint: "unplug the device; if that does not help, start the terminal again", Err: errStuck}
	if ctx.Err() != nil {
		s.log.Warn("reader does not end, and is left behind", "err", err)
		return
	}
	s.reportFailure(err)
	s.reportDown(Event{Kind: KindDown, At: time.Now(), Why: Lost})
}

// chooseRung reports how a run ended and returns the rung to act on; well: the source failed
// by itself.
func (s *supervisor) chooseRung(a *attempt) rung {
	s.lock()
	defer s.unlock()
	switch {
	case a.why == "":
		s.dog.rung, s.said = well, false
		s.reportFailure(cmp.Or(a.err, errEnded))
	case s.dog.rung == reported && s.said: // it knows better
	case s.dog.rung == reported:
		s.reportDown(Event{Kind: KindDown, At: time.Now(), Why: a.why})
	default:
		s.log.Info("reader is opened again by its watchdog", "why", string(a.why), "reset", s.dog.rung == reset)
	}
	return s.dog.rung
}

// resetDevice resets the device if the source can. A failed reset shows in the next run.
func (s *supervisor) resetDevice(ctx context.Context) {
	r, ok := s.src.(Resetter)
	if !ok {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, resetBound)
	defer cancel()
	if err := r.Reset(ctx); err != nil {
		s.log.Debug("reader was not reset", "err", err)
	}
}

var (
	errEnded = errors.New("device ended")
	errStuck = errors.New("its driver does not return")
)

// describeFailure explains why a device counts as failed, and what to do.
func describeFailure(name string, why Why) error {
	text, hint := string(why), "check its cable, power, speed and protocol; it is tried again by itself"
	commission := "badgectl osdp commission " + name
	switch why {
	case Silent:
		text = "no answer"
	case Garbage:
		text = "nothing but faults"
	case Insecure:
		text, hint = "insecure: it has no key yet, or no secure channel", "put it into install mode and give it a key: "+commission
	case Downgraded:
		text, hint = "downgrade: it says that it has no secure channel any more", "look for a device between it and the terminal, and at its firmware; it is used again as soon as it offers the channel"
	case WrongKey:
		text, hint = "wrong_key: it does not have its key", "look at it; if you have cleared or exchanged it yourself: "+commission+" --cleared"
	case SecureOnly:
		text, hint = `secure_only: it refuses to speak in the clear, as its option secure = "off" asks of it`, "take that option out, and give it a key: "+commission
	}
	return &OpError{Op: OpHear, Device: name, Hint: hint, Err: errors.New(text)}
}
