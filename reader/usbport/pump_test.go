package usbport

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
	"badged/reader/hid"
)

// A device of features: it answers each report with its bytes and the id that was
// asked for.
type features struct {
	plain
	sent   chan []byte
	setErr error
	getErr error
}

func (f *features) set(p []byte) error {
	if f.setErr == nil {
		f.sent <- bytes.Clone(p)
	}
	return f.setErr
}

func (f *features) get(p []byte) (int, error) {
	if f.getErr != nil {
		return 0, f.getErr
	}
	return copy(p[1:], "answer") + 1, nil
}

// asker is a host that asks a number of times, then rests.
type asker struct {
	echo
	opened  int
	left    int
	answers [][]byte
	get     byte
}

func (a *asker) Open(now time.Time) { a.opened++; a.left = 2 }

func (a *asker) Send(now time.Time) []byte {
	if a.left == 0 {
		return nil
	}
	a.left--
	return []byte{3, 0x8F}
}

func (a *asker) Answer(sent byte) byte { return sent + a.get }

func (a *asker) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	a.answers = append(a.answers, bytes.Clone(p))
	a.due = at.Add(time.Millisecond)
	emit(reader.Event{Kind: reader.KindAlive, At: at})
}

func (a *asker) Tick(time.Time, func(reader.Event)) { a.due = time.Time{}; a.left = 1 }

func TestFeatureReports(t *testing.T) {
	r := newRig(t, first)
	f := &features{plain: plain{unhex(t, bootKeyboard)}, sent: make(chan []byte, 1000)}
	r.ctl = f
	dec := &asker{get: 1}
	s := start(t, r.port(spec, dec))
	s.next(reader.KindUp)
	for range 5 { // two at once, then one each millisecond
		s.next(reader.KindAlive)
		if p := <-f.sent; !bytes.Equal(p, []byte{3, 0x8F}) {
			t.Errorf("sent % x", p)
		}
	}
	r.report("hidraw0", 1, 2, 3) // it types as well
	s.next(reader.KindAlive)
	s.stop()
	if err := s.end(); err != nil {
		t.Error(err)
	}
	if dec.opened != 1 || len(dec.at) != 0 {
		t.Errorf("opened %d times, saw %d reports", dec.opened, len(dec.at))
	}
	for _, a := range dec.answers {
		if string(a) != "\x04answer" {
			t.Errorf("answer % x", a)
		}
	}
}

func TestFeatureReportsThatFail(t *testing.T) {
	for _, tt := range []struct {
		dev  features
		want string
	}{
		{features{setErr: unix.EPIPE}, "set feature report"},
		{features{getErr: unix.EPIPE}, "get feature report"},
		{features{getErr: unix.ETIMEDOUT}, "get feature report"},
		{features{setErr: unix.ENODEV}, "the device went away"},
	} {
		r := newRig(t, first)
		tt.dev.sent = make(chan []byte, 10)
		tt.dev.desc = unhex(t, bootKeyboard)
		r.ctl = &tt.dev
		s := start(t, r.port(spec, &asker{}))
		s.next(reader.KindUp)
		s.next(reader.KindDown)
		s.endsWith(tt.want)
	}
}

// newTestPump is a pump on one end of a socket pair; what is written to the other
// comes as reports.
func newTestPump(t *testing.T, dec reader.Decoder) (*pump, *os.File) {
	t.Helper()
	r := newRig(t)
	r.desc = unhex(t, bootKeyboard)
	h, err := r.openHidraw("/dev/hidraw0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = h.f.Close() })
	return newPump(h, dec, r.desc, nil), r.raw["hidraw0"]
}

// What is typed while a device is opened may be the end of a number.
func TestTheFirstReportThatCountsComesAfterAPause(t *testing.T) {
	dec := &echo{}
	s, dev := newTestPump(t, dec)
	write(t, dev, 1, 2, 3)
	if err := s.awaitSilence(time.Millisecond, time.Hour); err != nil {
		t.Fatal(err)
	}
	write(t, dev, 4)
	_ = dev.Close()
	var got []int
	if err := s.pumpReports(func(e reader.Event) { got = append(got, e.Unit) }); !errors.Is(err, errGone) {
		t.Errorf("run gave %v", err)
	}
	if !slices.Equal(got, []int{4}) {
		t.Errorf("got reports %v, want 4 only", got)
	}
}

func TestAPauseIsNotAwaitedForEver(t *testing.T) {
	s, dev := newTestPump(t, &echo{})
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for err := error(nil); err == nil; {
			_, err = dev.Write([]byte{1}) // waits while it is full
		}
	}()
	if err := s.awaitSilence(time.Hour, time.Millisecond); err != nil {
		t.Error(err)
	}
	_ = s.h.f.Close()
	<-ended
}

// typed gives what a keyboard says of a number after what was missed, and after begin.
func typed(t *testing.T, begin func(s *pump, dev *os.File), keys ...byte) (faults []reader.Why, cards []string) {
	t.Helper()
	dec, err := hid.New(hid.Options{})
	if err != nil {
		t.Fatal(err)
	}
	s, dev := newTestPump(t, dec)
	begin(s, dev)
	first := true
	rest := func() {
		if first {
			first = false
			press(t, dev, keys...)
			_ = dev.Close()
		}
	}
	err = s.pumpReports(func(e reader.Event) {
		switch e.Kind {
		case reader.KindFault:
			faults = append(faults, e.Why)
		case reader.KindCard:
			cards = append(cards, e.Card.Reveal())
		}
		rest()
	})
	if !errors.Is(err, errGone) {
		t.Error(err)
	}
	return faults, cards
}

// press types keys on a boot keyboard.
func press(t *testing.T, dev *os.File, keys ...byte) {
	t.Helper()
	for _, k := range keys {
		for _, p := range [][]byte{{0, 0, k, 0, 0, 0, 0, 0}, make([]byte, 8)} {
			if _, err := dev.Write(p); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// The keys 2, 3 and Enter, the rest of a number, and a whole one: 45 and Enter.
var restAndWhole = []byte{0x1F, 0x20, 0x28, 0x21, 0x22, 0x28}

func TestTheRestOfANumberIsNoCard(t *testing.T) {
	for name, tt := range map[string]struct {
		begin func(s *pump, dev *os.File)
		why   reader.Why
	}{
		"after more than the kernel keeps": {func(_ *pump, dev *os.File) {
			press(t, dev, slices.Repeat([]byte{0x1E}, kernelReports/2)...)
			write(t, dev, 0)
		}, reader.Overflow},
		"after a pause that did not come": {func(s *pump, _ *os.File) {
			if err := s.awaitSilence(time.Hour, 0); err != nil {
				t.Error(err)
			}
		}, reader.BadFrame},
	} {
		t.Run(name, func(t *testing.T) {
			faults, cards := typed(t, tt.begin, restAndWhole...)
			if !slices.Equal(faults, []reader.Why{tt.why}) || !slices.Equal(cards, []string{"45"}) {
				t.Errorf("faults %v, %d cards", faults, len(cards))
			}
		})
	}
}

func TestADeviceThatGoesWhileAPauseIsAwaited(t *testing.T) {
	s, dev := newTestPump(t, &echo{})
	_ = dev.Close()
	if err := s.awaitSilence(time.Hour, time.Hour); !errors.Is(err, errGone) {
		t.Errorf("got %v", err)
	}
}

// How long the pause is, the decoder knows; a device that only answers needs none.
func TestPauses(t *testing.T) {
	for _, tt := range []struct {
		dec  reader.Decoder
		want time.Duration
	}{{&echo{}, firstPause}, {&asker{}, 0}, {&slow{}, time.Second}} {
		if got := (&pump{dec: tt.dec}).firstSilence(); got != tt.want {
			t.Errorf("%T: got %v, want %v", tt.dec, got, tt.want)
		}
	}
}

type slow struct{ echo }

func (slow) Pause() time.Duration { return time.Second }

func write(t *testing.T, f *os.File, reports ...byte) {
	t.Helper()
	for _, b := range reports {
		if _, err := f.Write([]byte{b}); err != nil {
			t.Fatal(err)
		}
	}
}

// Reports that were there when the time for them ran out came in time: the port was
// late, not the device.
func TestAPortThatIsLateMakesNoGap(t *testing.T) {
	dec := &echo{gap: 1} // always over when the port looks
	s, dev := newTestPump(t, dec)
	var got []reader.Kind
	write(t, dev, 1)
	err := s.pumpReports(func(e reader.Event) {
		got = append(got, e.Kind)
		switch len(got) {
		case 1, 2:
			write(t, dev, 2)
		case 4:
			_ = dev.Close()
		}
	})
	if !errors.Is(err, errGone) {
		t.Error(err)
	}
	if want := []reader.Kind{reader.KindKey, reader.KindKey, reader.KindKey, reader.KindFault}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for i := 1; i < len(dec.at); i++ {
		if d := dec.at[i].Sub(dec.at[i-1]); d < 0 || d >= dec.gap {
			t.Errorf("report %d came %v after the one before", i, d)
		}
	}
	if s.lag != 0 {
		t.Error("the decoder's clock is late for ever")
	}
}

// What the kernel's buffer could not hold is lost without a trace: a full one counts
// for nothing, and neither does what was under way.
func TestAFullBufferCountsForNothing(t *testing.T) {
	for n, want := range map[int][]int{
		kernelReports - 1: {kernelReports, 0},
		kernelReports:     {1, 1},
	} {
		dec := &echo{}
		s, dev := newTestPump(t, dec)
		write(t, dev, 0)
		keys, faults := 0, 0
		err := s.pumpReports(func(e reader.Event) {
			switch {
			case e.Kind == reader.KindFault && e.Why == reader.Overflow:
				faults++
			case e.Kind == reader.KindKey:
				keys++
			}
			if keys == 1 && faults == 0 {
				write(t, dev, make([]byte, n)...)
				_ = dev.Close()
			}
		})
		if !errors.Is(err, errGone) || keys != want[0] || faults != want[1] || len(dec.described) != faults {
			t.Errorf("%d reports: %v, %d keys, %d faults, described %d times", n, err, keys, faults, len(dec.described))
		}
	}
}
