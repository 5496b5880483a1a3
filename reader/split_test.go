package reader

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"
)

// bus is a source of several devices, told what to emit by a channel.
type bus struct {
	silence time.Duration
	say     chan Event
	fail    chan error
	ends    time.Duration // how long it takes to end

	mu      sync.Mutex // guards what follows
	runs    int
	running int
	resets  int
	cues    []string
}

func newBus(silence time.Duration) *bus {
	return &bus{silence: silence, say: make(chan Event), fail: make(chan error)}
}

func (*bus) Name() string             { return "line" }
func (b *bus) Silence() time.Duration { return b.silence }

func (b *bus) enter(reset bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.running++; b.running > 1 {
		panic("the line is used twice")
	}
	if reset {
		b.resets++
	} else {
		b.runs++
	}
}

func (b *bus) exit() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.running--
}

func (b *bus) Reset(context.Context) error {
	b.enter(true)
	defer b.exit()
	return nil
}

func (b *bus) Run(ctx context.Context, emit func(Event)) error {
	b.enter(false)
	defer b.exit()
	emit(Event{Kind: KindUp, Unit: Line})
	for {
		select {
		case e := <-b.say:
			emit(e)
		case err := <-b.fail:
			emit(Event{Kind: KindDown, Unit: Line, Why: Lost})
			return err
		case <-ctx.Done():
			time.Sleep(b.ends)
			return nil
		}
	}
}

func (b *bus) SignalUnit(_ context.Context, unit int, c Cue) error {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cues = append(b.cues, fmt.Sprintf("%d %s", unit, c))
	return nil
}

func (b *bus) count() (runs, running, resets int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.runs, b.running, b.resets
}

// part is a Run of a part on its way.
type partRun struct {
	stop  context.CancelFunc
	ended chan error

	mu  sync.Mutex // guards got
	got []Event
}

func runPart(src Source) *partRun {
	ctx, stop := context.WithCancel(context.Background())
	p := &partRun{stop: stop, ended: make(chan error, 1)}
	go func() {
		p.ended <- src.Run(ctx, func(e Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			p.got = append(p.got, e)
		})
	}()
	synctest.Wait()
	return p
}

func (p *partRun) events() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	s := ""
	for _, e := range p.got {
		s += fmt.Sprintf("%s%d ", e.Kind, e.Unit)
	}
	return s
}

func (b *bus) emit(e Event) {
	b.say <- e
	synctest.Wait()
}

func pair(b *bus) (first, second Source) {
	parts := Split(b, Part{"in", 1}, Part{"out", 2})
	return parts[0], parts[1]
}

func TestSplitHandsEventsToTheirPart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(0)
		in, out := pair(b)
		if in.Name() != "in" || out.Name() != "out" {
			t.Error("names")
		}
		one, two := runPart(in), runPart(out)
		for _, e := range []Event{{Kind: KindCard, Unit: 1}, {Kind: KindKey, Unit: 2}, {Kind: KindCard, Unit: 3}, {Kind: KindFault, Unit: Line}} {
			b.emit(e)
		}
		if one.events() != "up-1 card1 fault-1 " || two.events() != "up-1 key2 fault-1 " {
			t.Errorf("one %s, two %s", one.events(), two.events())
		}
		if runs, running, _ := b.count(); runs != 1 || running != 1 {
			t.Errorf("%d runs, %d at once", runs, running)
		}
		one.stop()
		synctest.Wait()
		b.emit(Event{Kind: KindCard, Unit: 1}) // nobody listens
		b.emit(Event{Kind: KindCard, Unit: 2})
		if _, running, _ := b.count(); running != 1 || <-one.ended != nil {
			t.Error("one part that left ended the line")
		}
		again := runPart(in)
		b.emit(Event{Kind: KindCard, Unit: 1})
		if again.events() != "up-1 card1 " || one.events() != "up-1 card1 fault-1 " {
			t.Errorf("again %s, one %s", again.events(), one.events())
		}
		again.stop()
		two.stop()
		if err := errors.Join(<-again.ended, <-two.ended); err != nil {
			t.Error(err)
		}
		if _, running, _ := b.count(); running != 0 { // not only soon: the last one waits
			t.Error("the line runs on")
		}
	})
}

func TestSplitEndsAllWithTheError(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(0)
		in, out := pair(b)
		one, two := runPart(in), runPart(out)
		gone := errors.New("gone")
		b.fail <- gone
		if a, b := <-one.ended, <-two.ended; !errors.Is(a, gone) || !errors.Is(b, gone) {
			t.Errorf("%v, %v", a, b)
		}
		if one.events() != "up-1 down-1 " || two.events() != one.events() {
			t.Errorf("one %s, two %s", one.events(), two.events())
		}
		three := runPart(in)
		if runs, _, _ := b.count(); runs != 2 || three.events() != "up-1 " {
			t.Errorf("%d runs; %s", runs, three.events())
		}
		three.stop()
		<-three.ended
	})
}

func TestSplitJoinsARunThatEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(0)
		b.ends = time.Second
		in, out := pair(b)
		one := runPart(in)
		one.stop()
		synctest.Wait()
		two := runPart(out)
		given := runPart(in) // up before the line is free
		given.stop()
		if err := <-given.ended; err != nil || given.events() != "" {
			t.Errorf("%v, %s", err, given.events())
		}
		<-one.ended
		synctest.Wait()
		if runs, _, _ := b.count(); runs != 2 || two.events() != "up-1 " {
			t.Errorf("%d runs; %s", runs, two.events())
		}
		two.stop()
		<-two.ended
	})
}

func TestSplitPartsAreFeedbackOnlyIfTheLineIs(t *testing.T) {
	b := newBus(0)
	_, out := pair(b)
	if err := out.(Feedback).Signal(t.Context(), CueGranted); err != nil || !slices.Equal(b.cues, []string{"2 granted"}) {
		t.Errorf("%v, %v", err, b.cues)
	}
	if _, ok := Split(&flaky{}, Part{"in", 1})[0].(Feedback); ok {
		t.Error("a line without cues shows them")
	}
}

// supervised runs a part with its watchdog.
func supervised(t *testing.T, src Source, told *[]Event) (stop func()) {
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		Supervise(ctx, src, func(e Event) { *told = append(*told, e) }, func(error) {}, slog.New(slog.DiscardHandler))
	}()
	return func() { cancel(); <-done }
}

// alive says for the units, about each second, one after the other, that they answer.
func (b *bus) alive(seconds int, units ...int) {
	for range seconds {
		time.Sleep(700 * time.Millisecond)
		for _, u := range units {
			time.Sleep(100 * time.Millisecond)
			select {
			case b.say <- Event{Kind: KindAlive, Unit: u}:
			case <-time.After(100 * time.Millisecond): // between two runs
			}
		}
	}
}

// A device that is dead is reported; its neighbour and the line do not notice.
func TestSplitDeadDeviceDisturbsNobody(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(3 * time.Second)
		in, out := pair(b)
		var one, two []Event
		stopOne, stopTwo := supervised(t, in, &one), supervised(t, out, &two)
		b.alive(5, 1, 2)
		b.alive(60, 1)
		runs, _, resets := b.count()
		b.alive(12, 1, 2) // 10.8 s: what Supervise promises is 10 s
		stopOne()
		stopTwo()
		if runs != 1 || resets != 0 {
			t.Errorf("%d runs, %d resets of the line", runs, resets)
		}
		if outline(one) != "up" || outline(two) != "up downsilent up" {
			t.Errorf("one %s, two %s", outline(one), outline(two))
		}
	})
}

// A line that is dead is opened again and reset, and all its devices are reported.
func TestSplitDeadLineIsOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(3 * time.Second)
		in, out := pair(b)
		var one, two []Event
		stopOne, stopTwo := supervised(t, in, &one), supervised(t, out, &two)
		b.alive(5, 1, 2)
		time.Sleep(3500 * time.Millisecond)
		if runs, _, resets := b.count(); runs != 2 || resets != 0 {
			t.Errorf("at first %d runs, %d resets of the line", runs, resets)
		}
		time.Sleep(3500 * time.Millisecond)
		if runs, _, resets := b.count(); runs < 3 || resets != 1 {
			t.Errorf("then %d runs, %d resets of the line", runs, resets)
		}
		time.Sleep(time.Minute)
		b.alive(10, 1, 2)
		stopOne()
		stopTwo()
		if outline(one) != "up downsilent up" || outline(two) != outline(one) {
			t.Errorf("one %s, two %s", outline(one), outline(two))
		}
	})
}

func outline(events []Event) string {
	var s []Kind
	for _, e := range events {
		s = append(s, e.Kind+Kind(e.Why))
	}
	return join(s)
}

// Everything at once, for the race detector: parts come and go while the line speaks,
// fails and is reset.
func TestSplitUnderLoad(t *testing.T) {
	b := newBus(time.Millisecond)
	parts := Split(b, Part{"a", 0}, Part{"b", 1}, Part{"c", 2})
	ctx, stop := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	for i, src := range parts {
		for range 2 { // Split does not mind
			wg.Go(func() {
				for n := 0; n < 300; n++ {
					run, end := context.WithTimeout(ctx, time.Duration(n%7)*100*time.Microsecond)
					_ = src.Run(run, func(e Event) {
						if e.Unit != i && e.Unit != Line {
							t.Errorf("part %d got an event of %d", i, e.Unit)
						}
					})
					end()
					_ = src.(Resetter).Reset(ctx)
				}
			})
		}
	}
	var feed sync.WaitGroup
	feed.Go(func() {
		for n := 0; ctx.Err() == nil; n++ {
			select {
			case b.say <- Event{Kind: KindAlive, Unit: n % 3}:
			case <-ctx.Done():
			}
			if n%50 == 0 {
				select {
				case b.fail <- errors.New("gone"):
				case <-ctx.Done():
				}
			}
		}
	})
	wg.Wait()
	stop()
	feed.Wait()
	if _, running, _ := b.count(); running != 0 {
		t.Error("the line runs on")
	}
}

// What a device tells once is not lost because its part runs a moment late, or not at
// that time: alarms, and whether it works. Badges of then are.
func TestSplitKeepsWhatALatePartMustHear(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBus(0)
		in, out := pair(b)
		first := runPart(in)
		for _, e := range []Event{
			{Kind: KindAlarm, Unit: 2, Why: Insecure}, {Kind: KindUp, Unit: 2}, {Kind: KindCard, Unit: 2},
			{Kind: KindAlarm, Unit: 2, Why: Insecure}, {Kind: KindAlarm, Unit: 2, Why: Tampered}, {Kind: KindDown, Unit: 2},
		} {
			b.emit(e)
		}
		second := runPart(out)
		if got := second.events(); got != "up-1 alarm2 alarm2 down2 " {
			t.Errorf("the late part heard %s", got)
		}
		second.stop()
		if err := <-second.ended; err != nil {
			t.Error(err)
		}
		again := runPart(out)
		if got := again.events(); got != "up-1 " {
			t.Errorf("it heard again %s", got)
		}
		if got := first.events(); got != "up-1 " {
			t.Errorf("the other part heard %s", got)
		}
		first.stop()
		again.stop()
		<-first.ended
		<-again.ended
	})
}
