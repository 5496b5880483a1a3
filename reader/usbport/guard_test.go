package usbport

import (
	"bytes"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"badged/reader"
)

// lockedBuffer is a log that a test reads while it is written.
type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) has(text string) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return strings.Contains(l.b.String(), text)
}

func (r *rig) guard(allow, readers string) (*Guard, *lockedBuffer) {
	r.t.Helper()
	log := &lockedBuffer{}
	cfg := GuardConfig{Name: "guard", Log: slog.New(slog.NewTextHandler(log, nil))}
	if allow != "" {
		cfg.Allow = []Spec{mustParse(r.t, allow)}
	}
	if readers != "" {
		cfg.Readers = []Spec{mustParse(r.t, readers)}
	}
	g := NewGuard(cfg)
	g.m = r.m
	return g, log
}

func (r *rig) inhibited(input string) bool {
	b, err := os.ReadFile(filepath.Join(r.root, "sys/class/input", input, "inhibited"))
	return err == nil && strings.TrimSpace(string(b)) == "1"
}

func (r *rig) isDeaf() bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.deaf
}

func TestGuardHoldsWhatIsOnNoList(t *testing.T) {
	r := newRig(t, own, first, second)
	g, log := r.guard("", spec)
	s := start(t, g)
	s.next(reader.KindUp)
	if e := s.next(reader.KindAlarm); e.Why != reader.Foreign {
		t.Errorf("why %s", e.Why)
	}
	r.untilTaken("event1", "event2", "event3") // the reader's too, and the mouse of the strange one; not the machine's own
	for range 3 {
		r.unplug(second)
		r.untilTaken("event1")
		if e := s.next(reader.KindOver); e.Why != reader.Foreign { // it is gone: so is the alarm
			t.Errorf("why %s", e.Why)
		}
		r.plug(second)
		s.next(reader.KindAlarm)
		r.untilTaken("event1", "event2", "event3")
	}
	s.stop()
	if err := s.end(); err != nil || len(s.events) != 0 {
		t.Errorf("the end gave %v and %d events", err, len(s.events))
	}
	r.untilTaken()
	if !log.has(`usb="usb:1234:5678 path=2-1"`) || !log.has("ACME Reader cm") {
		t.Error("the log does not say which keyboard it was")
	}
}

func TestGuardLeavesTheAllowedAlone(t *testing.T) {
	r := newRig(t, own, second)
	g, _ := r.guard("usb:1234:5678 usage=0001:0006", "")
	s := start(t, g)
	s.next(reader.KindUp)
	r.alias(second, "dummy_hcd.1", "dummy_hcd.6", "2-1", "6-1", ".0002", ".0012", ".0003", ".0013", "input3", "input13", "event2", "event12", "1234", "1235")
	s.next(reader.KindAlarm)
	r.untilTaken("event12")
}

func TestASerialNumberTellsTheAllowedFromAnother(t *testing.T) {
	r := newRig(t, first)
	g, _ := r.guard(spec+" serial=S1", "")
	s := start(t, g)
	s.next(reader.KindUp)
	r.alias(first, append(twin, "serial = S1", "serial = S2")...)
	s.next(reader.KindAlarm)
	r.untilTaken("event27")
}

// Several input devices of one plugging are one alarm, even when they come late.
func TestOneAlarmForEachPlugging(t *testing.T) {
	r := newRig(t, second)
	g, _ := r.guard("", "")
	s := start(t, g)
	s.next(reader.KindUp)
	s.next(reader.KindAlarm)
	r.alias("2-1:1.0", "2-1:1.0", "2-1:1.2", ".0002", ".0004", "input3", "input6", "event2", "event6")
	r.untilTaken("event2", "event3", "event6")
	r.unplug(second)
	r.untilTaken()
	s.next(reader.KindOver)
	r.alias(second, "devnum = 2", "devnum = 3")
	s.next(reader.KindAlarm)
	r.untilTaken("event2", "event3")
	r.unplug(second)
	r.untilTaken()
	s.next(reader.KindOver)
	s.stop()
	if err := s.end(); err != nil || len(s.events) != 0 {
		t.Errorf("the end gave %v and %d more events", err, len(s.events))
	}
}

// What switches the machine off is held and told, whether it types or not.
func TestAStrangePowerKey(t *testing.T) {
	const power = "key = 10000000000000 0"
	r := newRig(t)
	g, _ := r.guard("", "")
	s := start(t, g)
	s.next(reader.KindUp)
	r.alias(first, "key = e080ffdf01cfffff fffffffffffffffe", power)
	s.next(reader.KindAlarm)
	r.untilTaken("event1")
	r.alias(second, "key = 70000 0 0 0 0", power) // beside a keyboard: one alarm
	s.next(reader.KindAlarm)
	r.untilTaken("event1", "event2", "event3")
	if len(s.events) != 0 {
		t.Errorf("%d more events", len(s.events))
	}
}

// Until evdev has made its event node a keyboard is shut in the kernel, and the console
// does not listen.
func TestAKeyboardWithoutAnEventNode(t *testing.T) {
	r := newRig(t)
	g, _ := r.guard("", "")
	s := start(t, g)
	s.next(reader.KindUp)
	r.alias(first, "/event1/dev", "/no-node-yet")
	s.next(reader.KindAlarm)
	until(t, "it is shut", func() bool { return r.inhibited("input2") && r.isDeaf() })
	r.plug("event1")
	r.untilTaken("event1")
	until(t, "it is open again, to who has taken it", func() bool { return !r.inhibited("input2") && !r.isDeaf() })

	r.unplug(first)
	r.untilTaken()
	s.next(reader.KindOver)
	r.alias(first, "/event1/dev", "/no-node-yet", "devnum = 2", "devnum = 3")
	s.next(reader.KindAlarm)
	until(t, "it is shut", func() bool { return r.inhibited("input2") && r.isDeaf() })
	s.stop()
	if err := s.end(); err != nil {
		t.Error(err)
	}
	if r.inhibited("input2") || r.isDeaf() {
		t.Error("the guard left something shut")
	}
}

// An agent that was killed may have left a keyboard shut.
func TestAKeyboardThatWasLeftShut(t *testing.T) {
	r := newRig(t)
	r.alias(first, "inhibited = 0", "inhibited = 1")
	g, _ := r.guard("", spec)
	s := start(t, g)
	s.next(reader.KindUp)
	r.untilTaken("event1")
	until(t, "it is open", func() bool { return !r.inhibited("input2") })
}

func TestAKeyboardThatCannotBeHeld(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		err  error
		want string
	}{
		{errGrabbed, "another program has taken its keys"},
		{&fs.PathError{Op: "open", Path: "event1", Err: fs.ErrPermission}, "group input"},
	} {
		r := newRig(t, first)
		r.fail("event1", tt.err)
		g, log := r.guard("", "")
		s := start(t, g)
		s.next(reader.KindUp)
		s.next(reader.KindAlarm)
		until(t, "the log says why", func() bool { return log.has(tt.want) })
		if !r.inhibited("input2") {
			t.Error("it is not even shut")
		}
		r.fail("event1", nil)
		r.untilTaken("event1") // without a uevent: it is tried again
	}
}

func TestWhatIsNotAPluggedInKeyboard(t *testing.T) {
	for name, change := range map[string][]string{
		"another bus":        {"bustype = 0003", "bustype = 0019"},
		"a headset":          {"key = e080ffdf01cfffff fffffffffffffffe", "key = 1b800000000 e000000000000 0"},
		"a mouse":            {"key = e080ffdf01cfffff fffffffffffffffe", "key = ff0000 0 c0000000 0 0"},
		"one that is going":  {"0/bInterfaceNumber", "0/gone"},
		"one that is coming": {"capabilities/key", "capabilities/rel"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t)
			r.alias(first, change...)
			g, _ := r.guard("", "")
			s := start(t, g)
			s.next(reader.KindUp)
			r.plug(second)
			s.next(reader.KindAlarm)
			r.untilTaken("event2", "event3")
			if len(s.events) != 0 {
				t.Errorf("%d more events", len(s.events))
			}
		})
	}
}

// What a program makes up, and Bluetooth keyboards, are of no USB device.
func TestKeyboardsWithoutAUSBDevice(t *testing.T) {
	r := newRig(t)
	r.file("sys/devices/virtual/misc/uhid/0003:08FF:0009.0009/input/input9/id/bustype = 0003")
	r.file("sys/devices/virtual/misc/uhid/0003:08FF:0009.0009/input/input9/capabilities/key = e080ffdf01cfffff fffffffffffffffe")
	r.file("sys/devices/virtual/misc/uhid/0003:08FF:0009.0009/input/input9/event9/dev = 13:73")
	r.file("sys/devices/platform/bt/0005:08FF:0009.000A/input/input8/id/bustype = 0005")
	r.file("sys/devices/platform/bt/0005:08FF:0009.000A/input/input8/capabilities/key = e080ffdf01cfffff fffffffffffffffe")
	r.file("sys/devices/platform/bt/0005:08FF:0009.000A/input/input8/event8/dev = 13:72")
	g, _ := r.guard(spec, "")
	s := start(t, g)
	s.next(reader.KindUp)
	s.next(reader.KindAlarm)
	s.next(reader.KindAlarm)
	r.untilTaken("event8", "event9")
}

// A Port and a Guard take the same node once, and the one that ends first leaves it to
// the other.
func TestGuardAndPortShareANode(t *testing.T) {
	r := newRig(t, first)
	g, _ := r.guard("", spec)
	guard := start(t, g)
	guard.next(reader.KindUp)
	port := start(t, r.port(spec, &echo{}))
	port.next(reader.KindUp)
	r.untilTaken("event1")
	port.stop()
	if err := port.end(); err != nil {
		t.Error(err)
	}
	r.untilTaken("event1")
	guard.stop()
	if err := guard.end(); err != nil {
		t.Error(err)
	}
	r.untilTaken()
}

func TestGuardThatCannotLook(t *testing.T) {
	r := newRig(t)
	r.m.watch = func() (*watch, error) { return nil, errors.New("no files left") }
	g, _ := r.guard("", "")
	s := start(t, g)
	s.next(reader.KindDown)
	if err := s.end(); err == nil || !strings.Contains(err.Error(), "watch USB keyboards: no files left") {
		t.Errorf("got %v", err)
	}
	r = newRig(t)
	r.write("sys/class/input", nil) // no folder
	g, _ = r.guard("", "")
	s = start(t, g)
	s.next(reader.KindDown)
	if err := s.end(); err == nil {
		t.Error("no error")
	}
}

// Where the kernel's messages are not to be had one looks every two seconds.
func TestGuardInASandbox(t *testing.T) {
	t.Parallel()
	r := newRig(t)
	r.m.watch = deafWatch
	g, _ := r.guard("", "")
	s := start(t, g)
	s.next(reader.KindUp)
	r.plug(first)
	s.next(reader.KindAlarm)
}
