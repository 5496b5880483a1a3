package reader

import (
	"cmp"
	"context"
	"errors"
	"log/slog"
	"time"
)

// supervisor is what Supervise remembers from one run to the next.
type supervisor struct {
	src  Source
	log  *slog.Logger
	poke chan struct{} // the watchdog's deadline is earlier now

	turn  chan struct{} // holds the lock, also while an event is emitted; guards what follows
	emit  func(Event)
	state func(error)
	dog   watchdog
	told  Kind   // the last of KindUp and KindDown that was emitted
	said  bool   // the source itself has told why its device does not work
	works bool   // state was told nil last
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

// attempt runs the source until it ends, or the watchdog or ctx ends it.
func (s *supervisor) attempt(ctx context.Context) *attempt {
	a := &attempt{}
	run, cancel := context.WithCancel(ctx)
	defer cancel()
	s.startRun()
	ended := make(chan error, 1)
	go func() { ended <- s.src.Run(run, func(e Event) { s.event(a, e) }) }()
	for {
		timer, stop := s.timer()
		select {
		case err := <-ended:
			stop()
			a.err = err
			return a
		case <-ctx.Done():
			stop()
			s.end(ctx, a, ended)
			return a
		case <-s.poke:
		case <-timer:
			if s.bites(a) {
				cancel()
				s.end(ctx, a, ended)
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
	s.dog.startRun(time.Now(), s.silence())
}

// silence is how long the source may be silent now.
func (s *supervisor) silence() time.Duration {
	if e, ok := s.src.(Expecter); ok {
		return e.Silence()
	}
	return 0
}

// timer fires at the watchdog's deadline, if there is one. An Expecter that may be
// silent is asked now and then whether it still may.
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

// end waits until Run returns; when it is stuck, it is reported, and left behind when
// ctx has ended.
func (s *supervisor) end(ctx context.Context, a *attempt, ended <-chan error) {
	t := time.NewTimer(endBound)
	defer t.Stop()
	select {
	case <-ended:
		return
	case <-t.C:
	}
	s.stuck(ctx, a)
	select {
	case <-ended:
	case <-ctx.Done():
	}
}

// event takes what a run says.
func (s *supervisor) event(a *attempt, e Event) {
	s.lock()
	defer s.unlock()
	if a.left {
		return
	}
	now := time.Now()
	switch {
	case e.Kind == KindDown:
		s.said = !e.Why.explained()
		if e.Why.answers() {
			s.dog.noteSign(now)
		}
		s.down(e)
		return
	case e.Kind == KindFault:
		if s.dog.fault(now) {
			s.rereadDeadline()
		}
	case e.Kind == KindAlarm || e.Kind == KindOver:
		s.dog.noteSign(now)
	case s.dog.proof(e):
		a.worked = true
		s.up(now, e)
	}
	if e.Kind != KindUp && e.Kind != KindAlive {
		s.emit(e)
	}
	s.dog.held(time.Since(now))
}

// rereadDeadline has the watchdog's deadline read again.
func (s *supervisor) rereadDeadline() {
	select {
	case s.poke <- struct{}{}:
	default:
	}
}

// up tells that the device works, if that is new; e is the proof.
func (s *supervisor) up(now time.Time, e Event) {
	again := s.dog.progress(now)
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

// down tells that the device does not work, if that is new.
func (s *supervisor) down(e Event) {
	if !e.Why.explained() {
		s.ill(bad(s.src.Name(), e.Why))
	}
	if s.told != KindDown {
		s.told = KindDown
		s.emit(e)
	}
}

// ill tells what is wrong.
func (s *supervisor) ill(err error) {
	s.works = false
	s.state(err)
	if text := err.Error(); text != s.last {
		s.last = text
		s.log.Warn("reader failed, trying again", "err", text)
	}
}

// bites ends a run in which the source is bad, and reports whether it did.
func (s *supervisor) bites(a *attempt) bool {
	s.lock()
	defer s.unlock()
	now := time.Now()
	s.dog.expect(now, s.silence())
	switch calm := s.dog.calm(now); {
	case calm && s.said: // no noise any more, but no device that works
		s.dog.progress(now)
	case calm:
		a.worked = true
		s.up(now, Event{At: now})
	}
	a.why = s.dog.bad(now)
	if a.why == "" {
		return false
	}
	a.left = true
	s.dog.bite()
	return true
}

// stuck leaves a run behind that does not end.
func (s *supervisor) stuck(ctx context.Context, a *attempt) {
	s.lock()
	defer s.unlock()
	a.left = true
	err := &OpError{Op: "close", Device: s.src.Name(), Hint: "unplug the device; if that does not help, start the terminal again", Err: errStuck}
	if ctx.Err() != nil {
		s.log.Warn("reader does not end, and is left behind", "err", err)
		return
	}
	s.ill(err)
	s.down(Event{Kind: KindDown, At: time.Now(), Why: Lost})
}

// chooseRung tells how a run ended, and gives the rung to act on; well: the source failed by
// itself.
func (s *supervisor) chooseRung(a *attempt) rung {
	s.lock()
	defer s.unlock()
	switch {
	case a.why == "":
		s.dog.rung, s.said = well, false
		s.ill(cmp.Or(a.err, errEnded))
	case s.dog.rung == reported && s.said: // it knows better
	case s.dog.rung == reported:
		s.down(Event{Kind: KindDown, At: time.Now(), Why: a.why})
	default:
		s.log.Info("reader is opened again by its watchdog", "why", string(a.why), "reset", s.dog.rung == reset)
	}
	return s.dog.rung
}

// reset resets the device if the source can. What fails shows when it is run.
func (s *supervisor) reset(ctx context.Context) {
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

// bad says in words why a device is held for bad, and what to do.
func bad(name string, why Why) error {
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
