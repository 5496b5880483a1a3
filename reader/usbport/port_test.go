package usbport

import (
	"bytes"
	"context"
	"errors"
	"io/fs"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
)

// echo says each report's first byte as the unit of a key, and is otherwise what the
// test makes of it.
type echo struct {
	described [][]byte
	refuses   error
	at        []time.Time
	ticks     int
	gap       time.Duration // not 0: a deadline so long after each report
	due       time.Time
}

func (e *echo) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	e.at = append(e.at, at)
	if e.gap > 0 {
		e.due = at.Add(e.gap)
	}
	emit(reader.Event{Kind: reader.KindKey, At: at, Unit: int(p[0])})
}

func (e *echo) Deadline() time.Time { return e.due }

func (e *echo) Tick(now time.Time, emit func(reader.Event)) {
	e.ticks++
	e.due = time.Time{}
	emit(reader.Event{Kind: reader.KindFault, At: now, Why: reader.Timeout})
}

func (e *echo) Describe(d []byte) error {
	e.described = append(e.described, bytes.Clone(d))
	e.due = time.Time{}
	return e.refuses
}

func (r *rig) port(spec string, dec reader.Decoder) *Port {
	r.t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.desc == nil {
		r.desc = unhex(r.t, bootKeyboard)
	}
	p := New(Config{Name: "hall", Spec: mustParse(r.t, spec)}, dec)
	p.m = r.m
	return p
}

const spec = "usb:08ff:0009"

func TestReports(t *testing.T) {
	r := newRig(t, first, second, own)
	dec := &echo{}
	p := r.port(spec, dec)
	var tapped []byte
	p.cfg.Tap = func(p []byte, _ time.Time) { tapped = append(tapped, p...) }
	s := start(t, p)
	s.next(reader.KindUp)
	r.untilTaken("event1")
	before := time.Now()
	for n := range byte(100) {
		r.report("hidraw0", n, 1)
		if e := s.next(reader.KindKey); e.Unit != int(n) || e.At.Before(before) || e.At.After(time.Now()) {
			t.Fatalf("report %d: got %+v", n, e)
		}
	}
	s.stop()
	if err := s.end(); err != nil || len(s.events) != 0 {
		t.Errorf("an orderly end gave %v and %d events", err, len(s.events))
	}
	if len(tapped) != 200 || len(dec.described) != 1 || !bytes.Equal(dec.described[0], r.desc) {
		t.Errorf("tapped %d bytes, described %d times", len(tapped), len(dec.described))
	}
	r.untilTaken()
}

func TestAllInterfacesAreTaken(t *testing.T) {
	r := newRig(t, first, second)
	s := start(t, r.port("usb:1234:5678 usage=0001:0006", &echo{}))
	s.next(reader.KindUp)
	r.untilTaken("event2", "event3")
	r.alias("2-1:1.0", "2-1:1.0", "2-1:1.2", ".0002", ".0004", "input3", "input6", "event2", "event6")
	r.untilTaken("event2", "event3", "event6") // one that the kernel made later
}

func TestUnplugged(t *testing.T) {
	r := newRig(t, first)
	dec := &echo{}
	p := r.port(spec, dec)
	for n := 1; n < 4; n++ {
		s := start(t, p)
		s.next(reader.KindUp)
		r.report("hidraw0", 5)
		s.next(reader.KindKey)
		r.unplug(first)
		if e := s.next(reader.KindDown); e.Why != reader.Lost {
			t.Errorf("why %s", e.Why)
		}
		s.endsWith("read usb:08ff:0009: the device went away", "cable")
		r.untilTaken()

		s = start(t, p) // it waits now, and says nothing more
		r.plug(first)
		s.next(reader.KindUp)
		if len(dec.described) != 2*n {
			t.Errorf("described %d times", len(dec.described))
		}
		s.stop()
		if err := s.end(); err != nil {
			t.Error(err)
		}
	}
}

func TestWhatCameBeforeTheEndIsRead(t *testing.T) {
	r := newRig(t, first)
	s := start(t, r.port(spec, &echo{}))
	s.next(reader.KindUp)
	for n := range byte(20) {
		r.report("hidraw0", n)
	}
	r.unplug(first)
	for range 20 {
		s.next(reader.KindKey)
	}
	s.next(reader.KindDown)
}

func TestAbsentIsToldOnceThenWaitedFor(t *testing.T) {
	r := newRig(t, second)
	p := r.port(spec, &echo{})
	s := start(t, p)
	if e := s.next(reader.KindDown); e.Why != reader.Lost {
		t.Errorf("why %s", e.Why)
	}
	s.endsWith("find usb:08ff:0009: no such device", "badgectl readers")
	s = start(t, p)
	r.alias(first, "hidraw0", "hidraw5", ".0001", ".0006", "event1", "event31", "input2", "input22") // other numbers
	s.next(reader.KindUp)
	r.report("hidraw5", 1)
	s.next(reader.KindKey)
	s.stop()
	if err := s.end(); err != nil {
		t.Error(err)
	}
	r.unplug(first)
	start(t, p).next(reader.KindDown) // it worked: that it is absent is news again
}

// The kernel says "add" before udev has set the rights.
func TestNodesThatAreNotReady(t *testing.T) {
	for _, node := range []string{"event1", "hidraw0"} {
		for _, err := range []error{fs.ErrPermission, fs.ErrNotExist} {
			r := newRig(t, first)
			r.failures(node, 3, &fs.PathError{Op: "open", Path: node, Err: err})
			start(t, r.port(spec, &echo{})).next(reader.KindUp)
		}
	}
}

func TestDevicesThatCannotBeUsed(t *testing.T) {
	t.Parallel()
	refusal := errors.New("has no keys")
	for _, tt := range []struct {
		name string
		prep func(*rig, *echo)
		why  reader.Why
		want []string
	}{
		{
			"no right to the keys", func(r *rig, _ *echo) {
				r.fail("event1", &fs.PathError{Op: "open", Path: "event1", Err: fs.ErrPermission})
			},
			reader.Lost, []string{"open usb:08ff:0009", "event1", "group input"},
		},
		{
			"no right to the reports", func(r *rig, _ *echo) {
				r.fail("hidraw0", &fs.PathError{Op: "open", Path: "hidraw0", Err: fs.ErrPermission})
			},
			reader.Lost, []string{"hidraw0", "group input"},
		},
		{
			"keys taken by another program", func(r *rig, _ *echo) { r.fail("event1", errGrabbed) },
			reader.Lost, []string{"another program has taken its keys", "fuser"},
		},
		{
			"not that kind", func(_ *rig, e *echo) { e.refuses = refusal },
			reader.Lost, []string{"use usb:08ff:0009: has no keys", "badgectl readers"},
		},
		{
			"two of them", func(r *rig, _ *echo) { r.alias(first, twin...) },
			reader.Ambiguous, []string{"find usb:08ff:0009: 2 devices fit: add path=1-1 or path=7-1", "add"},
		},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			r := newRig(t, first)
			dec := &echo{}
			tt.prep(r, dec)
			s := start(t, r.port(spec, dec))
			if e := s.next(reader.KindDown); e.Why != tt.why {
				t.Errorf("why %s", e.Why)
			}
			err := s.end()
			var op *reader.OpError
			if !errors.As(err, &op) {
				t.Fatalf("got %v", err)
			}
			for _, text := range tt.want {
				if !bytes.Contains([]byte(err.Error()), []byte(text)) {
					t.Errorf("got %v, want %q", err, text)
				}
			}
			r.untilTaken()
		})
	}
}

// None of two devices is read, but the keys of both are held; when one is left it is
// read by the Run that waits.
func TestAmbiguousIsHeldAndResolved(t *testing.T) {
	r := newRig(t, first)
	r.alias(first, twin...)
	p := r.port(spec, &echo{})
	s := start(t, p)
	s.next(reader.KindDown)
	s.endsWith("add path=1-1 or path=7-1")
	s = start(t, p)
	r.untilTaken("event1", "event27")
	r.unplug("dummy_hcd.7")
	s.next(reader.KindUp)
	r.untilTaken("event1")
}

func TestEndWhileWaiting(t *testing.T) {
	r := newRig(t)
	p := r.port(spec, &echo{})
	s := start(t, p)
	s.next(reader.KindDown)
	s.endsWith("no such device")
	s = start(t, p)
	s.stop()
	if err := s.end(); err != nil {
		t.Error(err)
	}
	r.plug(first)
	r.fail("hidraw0", &fs.PathError{Op: "open", Path: "hidraw0", Err: fs.ErrPermission})
	s = start(t, p)
	r.untilTaken("event1")
	s.stop()
	if err := s.end(); err != nil {
		t.Error(err)
	}
}

// The node of a device that went away can be another device's a moment later.
func TestANodeThatIsAnotherDevicesByNow(t *testing.T) {
	r := newRig(t, first)
	d := r.devices()[0]
	r.unplug(first)
	r.alias(second, ".0002", ".0001") // hidraw0 is in 2-1 now
	if o, err := r.m.openDevice(d); !errors.Is(err, errAbsent) {
		t.Errorf("opened %+v, %v", o, err)
	}
}

func TestReset(t *testing.T) {
	r := newRig(t, first)
	p := r.port(spec, &echo{})
	if err := p.Reset(t.Context()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("reset gave %v", err)
	}
	r.write("dev/bus/usb/001/002", nil)
	if err := p.Reset(t.Context()); !errors.Is(err, unix.ENOTTY) {
		t.Errorf("reset of a file gave %v", err)
	}
	ended, end := context.WithCancel(t.Context())
	end()
	if err := p.Reset(ended); !errors.Is(err, context.Canceled) {
		t.Errorf("reset gave %v", err)
	}
	r.unplug(first)
	if err := p.Reset(t.Context()); !errors.Is(err, errAbsent) {
		t.Errorf("reset gave %v", err)
	}
}
