package gpioport

import (
	"context"
	"errors"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/warthog618/go-gpiocdev/uapi"

	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/wiegand"
)

const cdvi = "10001011001101010001101110"

// edges are those of a frame that ended just now, a bit a millisecond, on lines 4 and 5,
// numbered from seq on.
func edges(bits string, seq uint32) []event {
	begin := monotonic() - time.Duration(len(bits))*time.Millisecond
	list := make([]event, len(bits))
	for i := range list {
		list[i] = event{at: begin + time.Duration(i)*time.Millisecond, line: 4 + int(bits[i]&1), seq: seq + uint32(i)}
	}
	return list
}

// wiegandLines runs Lines on a fake chip.
func wiegandLines(t *testing.T) (*fakeChip, chan reader.Event, chan error) {
	t.Helper()
	bursts, err := keypad.BurstsOf("auto")
	if err != nil {
		t.Fatal(err)
	}
	chip := &fakeChip{}
	spec, err := ParseLinesSpec("gpiochip0:4,5 pull-up")
	if err != nil {
		t.Fatal(err)
	}
	l := NewLines(LinesConfig{Name: "front", Spec: spec}, wiegand.New(wiegand.Options{Formats: pacs.Selection{}, Keypad: bursts}))
	l.open = chip.open
	ctx, cancel := context.WithCancel(t.Context())
	events, ended := make(chan reader.Event, 64), make(chan error, 1)
	go func() { ended <- l.Run(ctx, func(e reader.Event) { events <- e }) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("the end: %v", err)
		}
	})
	if e := nextEvent(t, events); e.Kind != reader.KindUp {
		t.Fatalf("first %s", e.Kind)
	}
	return chip, events, ended
}

func nextEvent(t *testing.T, events chan reader.Event) reader.Event {
	t.Helper()
	select {
	case e := <-events:
		return e
	case <-time.After(2 * time.Minute):
		t.Fatal("no event")
		return reader.Event{}
	}
}

// wantTime wants a time to be that of the kernel's clock. It may be later by as long as the
// lines took to open, since the two clocks are read one after the other meanwhile; a machine
// that is busy between the two readings of this function changes nothing.
func wantTime(t *testing.T, got time.Time, kernel, opened time.Duration) {
	t.Helper()
	before := monotonic()
	ago := time.Since(got)
	after := monotonic()
	if ago < before-kernel-opened || ago > after-kernel {
		t.Errorf("it was %v ago, want %v to %v", ago, before-kernel-opened, after-kernel)
	}
}

func TestLinesReadFrames(t *testing.T) {
	began := monotonic()
	chip, events, _ := wiegandLines(t)
	opened := monotonic() - began
	frame := edges(cdvi, 1)
	chip.write(frame...)
	e := nextEvent(t, events)
	if e.Kind != reader.KindCard || e.Card.FrameFormat() != "H10301" || e.Card.Reveal() != "166A37" {
		t.Fatalf("%s %s", e.Kind, e.Why)
	}
	wantTime(t, e.At, frame[25].at, opened)
	chip.write(edges("1010", 27)...)
	if e := nextEvent(t, events); e.Kind != reader.KindKey || e.Key != keypad.Star {
		t.Errorf("%s %s", e.Kind, e.Why)
	}
	if chip.cfg.Flags != uapi.LineFlagV2Input|uapi.LineFlagV2EdgeFalling|uapi.LineFlagV2BiasPullUp || !slices.Equal(chip.lines, []int{4, 5}) {
		t.Errorf("requested %v of lines %v", chip.cfg.Flags, chip.lines)
	}
}

// The kernel hands the edges of two lines on by two threads, which may overtake each
// other, also from one read to the next.
func TestLinesInOrder(t *testing.T) {
	chip, events, _ := wiegandLines(t)
	frame := edges(cdvi, 1)
	for i := 0; i+3 < len(frame); i += 3 {
		frame[i], frame[i+2] = frame[i+2], frame[i]
	}
	chip.write(frame[:4]...)
	chip.write(frame[4:]...)
	if e := nextEvent(t, events); e.Kind != reader.KindCard || e.Card.Reveal() != "166A37" {
		t.Errorf("%s %s", e.Kind, e.Why)
	}
}

func TestLostEdgesAreAFault(t *testing.T) {
	for name, cut := range map[string]func([]event) []event{
		"in the middle": func(f []event) []event { return slices.Delete(f, 9, 11) },
		"in front":      func(f []event) []event { return f[1:] },
	} {
		t.Run(name, func(t *testing.T) {
			chip, events, _ := wiegandLines(t)
			chip.write(cut(edges(cdvi, 1))...)
			if e := nextEvent(t, events); e.Kind != reader.KindFault || e.Why != reader.LostEdges {
				t.Errorf("%s %s", e.Kind, e.Why)
			}
			chip.write(edges(cdvi, 27)...)
			if e := nextEvent(t, events); e.Kind != reader.KindCard {
				t.Errorf("the frame after it: %s %s", e.Kind, e.Why)
			}
		})
	}
}

// What waits in the kernel when the time of a frame is over belongs to it, if it came in
// time: a busy terminal does not cut frames.
func TestLinesLookOnceMore(t *testing.T) {
	frame := edges(cdvi, 1)
	for i := range frame {
		frame[i].at -= time.Second // its time is over
	}
	req := &late{now: frame[:20], then: frame[20:]}
	l := NewLines(LinesConfig{Spec: LinesSpec{D0: 4, D1: 5}}, wiegand.New(wiegand.Options{}))
	l.open = func(string, []int, uapi.LineConfig) (request, error) { return req, nil }
	var got []reader.Event
	err := l.Run(t.Context(), func(e reader.Event) { got = append(got, e) })
	if len(got) != 3 || got[1].Kind != reader.KindCard || got[2].Kind != reader.KindDown {
		t.Errorf("%d events, %v", len(got), err)
	}
}

// late is a request whose reads time out while there is more.
type late struct {
	handle
	now, then []event
	drained   int
}

func (r *late) Read(p []byte) (int, error) {
	switch {
	case len(r.now) > 0:
		n := put(p, &r.now)
		return n, nil
	case r.drained < 2:
		return 0, os.ErrDeadlineExceeded
	}
	return 0, syscall.ENODEV
}

func (r *late) drain(p []byte) (int, error) {
	n := put(p, &r.then)
	if n == 0 {
		r.drained++
	}
	return n, nil
}

func (*late) SetReadDeadline(time.Time) error { return nil }
func (*late) Close() error                    { return nil }

// put encodes as many events as fit.
func put(p []byte, list *[]event) int {
	chip, n := fakeChip{}, min(len(*list), len(p)/eventSize)
	r, w, err := os.Pipe()
	if err != nil {
		panic(err)
	}
	defer r.Close()
	defer w.Close()
	chip.events = w
	chip.write((*list)[:n]...)
	*list = (*list)[n:]
	if n == 0 {
		return 0
	}
	n, err = r.Read(p)
	if err != nil {
		panic(err)
	}
	return n
}

func TestLinesThatFail(t *testing.T) {
	chip, events, ended := wiegandLines(t)
	chip.write(edges(cdvi[:7], 1)...)
	chip.do(func() { chip.events.Close() })
	for e := nextEvent(t, events); e.Kind != reader.KindDown; e = nextEvent(t, events) {
	}
	err := <-ended
	var op *reader.OpError
	if !errors.As(err, &op) || op.Device != "gpiochip0:4,5 pull-up" || op.Op != "read" {
		t.Errorf("%v", err)
	}
	ended <- nil // for the cleanup
}

// A frame that the loss of the chip cut is not put together with what comes after.
func TestLinesForgetACutFrame(t *testing.T) {
	whole := edges(cdvi, 1)
	l := NewLines(LinesConfig{Spec: LinesSpec{D0: 4, D1: 5}}, wiegand.New(wiegand.Options{}))
	var got []reader.Event
	for _, part := range [][]event{whole[:7], whole[7:]} {
		first := part[0].seq - 1
		for i := range part {
			part[i].seq -= first
		}
		l.open = func(string, []int, uapi.LineConfig) (request, error) { return &late{now: part, drained: 2}, nil }
		if err := l.Run(t.Context(), func(e reader.Event) { got = append(got, e) }); !errors.Is(err, syscall.ENODEV) {
			t.Fatal(err)
		}
	}
	l.dec.Tick(time.Now().Add(time.Hour), func(e reader.Event) { got = append(got, e) })
	var faults int
	for _, e := range got {
		if e.Kind == reader.KindFault && e.Why == reader.BadLength {
			faults++
		}
		if e.Kind == reader.KindCard {
			t.Error("two halves make a card")
		}
	}
	if faults != 2 {
		t.Errorf("%d faults", faults)
	}
}

func TestOrderWraps(t *testing.T) {
	o := order{next: 0xFFFFFFFE}
	now := time.Unix(0, 0)
	for _, seq := range []uint32{1, 0xFFFFFFFF, 0, 0xFFFFFFFE} {
		o.addEdge(event{seq: seq}, now)
	}
	for _, want := range []uint32{0xFFFFFFFE, 0xFFFFFFFF, 0, 1} {
		if e, ok, lost := o.popEdge(now); !ok || lost || e.seq != want {
			t.Fatalf("%x, %v, %v; want %x", e.seq, ok, lost, want)
		}
	}
	o.addEdge(event{seq: 4}, now)
	if _, ok, _ := o.popEdge(now.Add(holdTime - 1)); ok {
		t.Error("given up too early")
	}
	if e, ok, lost := o.popEdge(o.deadline()); !ok || !lost || e.seq != 4 {
		t.Error("not given up")
	}
	o.addEdge(event{seq: 3}, now)
	if _, ok, lost := o.popEdge(now); ok || lost || len(o.held) != 0 {
		t.Error("an edge that was given up counts")
	}
}
