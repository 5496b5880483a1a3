//go:build libusb

package usbport

import (
	"context"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"badged/reader"
	"badged/reader/ccid"
)

// Descriptors of QEMU 7.2's usb-ccid, as its sysfs attribute "descriptors" gives them.
const qemuCCID = "120100020000 0040 e6083344 0000 010203 01" +
	"09025d00010106e032" + // configuration 1; its length does not matter here
	"0904000003 0b 0000 04" +
	"3621100100070100 0000a00f 00000000 01000080 25000000 c2010000 fe000000 00000000 00000000 fe040100 12000100 ffff 0000 01 01" +
	"0705810340 00ff" + "0705820240 0000" + "0705030240 0000"

// aSlot is the machine's sysfs with smart card readers in it, and no device nodes.
func aSlot(t *testing.T, m *machine, port, dev string, descriptors []byte) (face string) {
	t.Helper()
	dir := m.node("sys/devices/pci0/usb1", port)
	face = filepath.Join(dir, port+":1.0")
	for name, text := range map[string]string{
		dir + "/idVendor": "08e6", dir + "/idProduct": "4433", dir + "/busnum": "1", dir + "/devnum": dev, dir + "/bConfigurationValue": "1",
		dir + "/serial": "S" + port, dir + "/descriptors": string(descriptors),
		face + "/bInterfaceNumber": "00", face + "/bInterfaceClass": "0b",
	} {
		putFile(t, name, text)
	}
	for _, to := range []string{dir, face} {
		name := m.node(usbDevices, filepath.Base(to))
		if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.Symlink(to, name)); err != nil {
			t.Fatal(err)
		}
	}
	return face
}

func putFile(t *testing.T, name, text string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(name), 0o755), os.WriteFile(name, []byte(text), 0o644)); err != nil {
		t.Fatal(err)
	}
}

func takeOut(t *testing.T, m *machine, port string) {
	t.Helper()
	err := errors.Join(os.Remove(m.node(usbDevices, port)), os.Remove(m.node(usbDevices, port+":1.0")), os.RemoveAll(m.node("sys/devices/pci0/usb1", port)))
	if err != nil {
		t.Fatal(err)
	}
}

func packed(t *testing.T, s string) []byte {
	t.Helper()
	return unhex(t, strings.ReplaceAll(s, " ", ""))
}

func TestFindPipes(t *testing.T) {
	r := newRig(t)
	aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
	p, err := r.m.findPipes(mustSpec(t, "usb:08e6:4433"))
	if err != nil || p.bus != "1" || p.dev != "4" || p.iface != 0 || len(p.class) != classLen || binary.LittleEndian.Uint32(p.class[40:]) != 0x104fe || p.isClaimed() || !p.isThere() {
		t.Errorf("%+v %v", p, err)
	}
	aSlot(t, r.m, "1-2", "5", nil)
	for spec, want := range map[string]string{
		"usb:08e6:4433":                      "2 devices fit: add path=1-1 or path=1-2",
		"usb:08e6:4434":                      errAbsent.Error(),
		"usb:08e6:4433 serial=S1-2":          "",
		"usb:08e6:4433 path=1-1":             "",
		"usb:08e6:4433 path=1-1 interface=1": errAbsent.Error(),
	} {
		_, err := r.m.findPipes(mustSpec(t, spec))
		if (err == nil) != (want == "") || err != nil && !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", spec, err)
		}
	}
}

func mustSpec(t *testing.T, s string) Spec {
	t.Helper()
	spec, err := ParseSpec(s)
	if err != nil {
		t.Fatal(err)
	}
	return spec
}

func TestClassDescriptor(t *testing.T) {
	raw := packed(t, qemuCCID)
	for n := range raw { // a device may break off anywhere
		if d := classDescriptor(raw[:n], 1, 0); d != nil && len(d) < classLen {
			t.Fatalf("%d bytes of %d", len(d), n)
		}
	}
	if classDescriptor(raw, 2, 0) != nil || classDescriptor(raw, 1, 1) != nil {
		t.Error("the descriptor of something else")
	}
	if classDescriptor([]byte{0, 0, 0}, 1, 0) != nil {
		t.Error("a descriptor without length")
	}
}

// pipe is a smart card reader behind two pipes.
type pipe struct {
	bulk, interrupt chan transfer
	uid             string
	mute            bool
	broken          error
	opened, closed  int
}

func newPipe() *pipe {
	return &pipe{bulk: make(chan transfer, 4), interrupt: make(chan transfer, 4), uid: "04A1B2C3D4E5F6"}
}

func (p *pipe) open(pipes) (*link, error) {
	if p.broken != nil {
		return nil, p.broken
	}
	p.opened++
	from := func(c chan transfer) receiver {
		return func(ctx context.Context, b []byte) (int, error) {
			select {
			case t := <-c:
				return copy(b, t.p), t.err
			case <-ctx.Done():
				return 0, ctx.Err()
			}
		}
	}
	return &link{write: p.write, receive: []receiver{from(p.bulk), from(p.interrupt)}, close: func() { p.closed++ }}, nil
}

// write answers a command, behind a transfer that says nothing.
func (p *pipe) write(_ context.Context, q []byte) error {
	if p.mute {
		return nil
	}
	kind, data := byte(0x80), ""
	switch q[0] {
	case 0x65:
		kind = 0x81
	case 0x62:
		data = "3B8180018080"
	case 0x6F:
		data = p.uid + "9000"
	}
	d, err := hex.DecodeString(data)
	if err != nil {
		return err
	}
	a := append(binary.LittleEndian.AppendUint32([]byte{kind}, uint32(len(d))), q[5], q[6], 0, 0, 0)
	p.bulk <- transfer{}
	p.bulk <- transfer{p: append(a, d...)}
	return nil
}

// follow runs a Bulk until the test ends, and gives what it says.
func follow(t *testing.T, b *Bulk) (events <-chan reader.Event, ended <-chan error) {
	t.Helper()
	said, over := make(chan reader.Event, 100), make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	go func() { over <- b.Run(ctx, func(e reader.Event) { said <- e }) }()
	t.Cleanup(cancel)
	return said, over
}

func next(t *testing.T, from <-chan reader.Event, kind reader.Kind) reader.Event {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		select {
		case e := <-from:
			if e.Kind == kind {
				return e
			}
		case <-limit:
			t.Fatalf("no event %s", kind)
		}
	}
}

func ends(t *testing.T, ended <-chan error) string {
	t.Helper()
	select {
	case err := <-ended:
		return err.Error()
	case <-time.After(2 * time.Minute):
		t.Fatal("Run does not end")
	}
	return ""
}

func newBulk(t *testing.T, r *rig, p *pipe) *Bulk {
	t.Helper()
	src, err := NewBulk(Config{Name: "hall", Spec: mustSpec(t, "usb:08e6:4433")}, ccid.New(ccid.Options{}))
	if err != nil {
		t.Fatal(err)
	}
	b := src.(*Bulk)
	b.m, b.open = r.m, p.open
	return b
}

func TestBulkReadsAndComesBack(t *testing.T) {
	r, p := newRig(t), newPipe()
	b := newBulk(t, r, p)
	aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
	said, ended := follow(t, b)
	next(t, said, reader.KindUp)
	if c := next(t, said, reader.KindCard).Card; c.Hex() != p.uid {
		t.Errorf("card of %v", c)
	}
	takeOut(t, r.m, "1-1")
	p.interrupt <- transfer{err: errGone}
	if e := next(t, said, reader.KindDown); e.Why != reader.Lost {
		t.Errorf("down: %s", e.Why)
	}
	if s := ends(t, ended); !strings.Contains(s, "usb:08e6:4433") || !strings.Contains(s, "check its cable") {
		t.Errorf("error %q", s)
	}
	if p.opened != 1 || p.closed != 1 {
		t.Errorf("opened %d times, closed %d times", p.opened, p.closed)
	}
	said, _ = follow(t, b) // waits
	p.uid = "0A0B0C0D"     // another card lies there now
	aSlot(t, r.m, "1-1", "5", packed(t, qemuCCID))
	r.uevent("add", "usb")
	next(t, said, reader.KindUp)
	if c := next(t, said, reader.KindCard).Card; c.Hex() != p.uid {
		t.Errorf("card of %v", c)
	}
}

func TestBulkSaysWhatIsWrong(t *testing.T) {
	for _, tt := range []struct {
		name  string
		setup func(t *testing.T, r *rig, p *pipe)
		want  string
		why   reader.Why
	}{
		{"absent", func(*testing.T, *rig, *pipe) {}, "find usb:08e6:4433: no such device is plugged in (plug it in", reader.Lost},
		{"two", func(t *testing.T, r *rig, _ *pipe) {
			aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
			aSlot(t, r.m, "1-2", "5", packed(t, qemuCCID))
		}, "add path=1-1 or path=1-2", reader.Ambiguous},
		{"held", func(t *testing.T, r *rig, p *pipe) {
			aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
			p.broken = errHeld
		}, "another program has claimed it (pcscd has the reader: stop it", reader.Lost},
		{"no right", func(t *testing.T, r *rig, p *pipe) {
			aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
			p.broken = fs.ErrPermission
		}, "claim usb:08e6:4433: permission denied (give the agent's user the right to ", reader.Lost},
		{"no reader", func(t *testing.T, r *rig, _ *pipe) {
			aSlot(t, r.m, "1-1", "4", nil)
		}, "no CCID descriptor (it is not the kind of reader", reader.Lost},
		{"mute", func(t *testing.T, r *rig, p *pipe) {
			aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
			p.mute = true
		}, "talk to usb:08e6:4433: no answer", reader.Lost},
		{"stalls", func(t *testing.T, r *rig, p *pipe) {
			aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
			p.bulk <- transfer{err: unix.EPIPE}
		}, "talk to usb:08e6:4433: broken pipe", reader.Lost},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r, p := newRig(t), newPipe()
			tt.setup(t, r, p)
			b := newBulk(t, r, p)
			said, ended := follow(t, b)
			if e := next(t, said, reader.KindDown); e.Why != tt.why {
				t.Errorf("down: %s", e.Why)
			}
			if s := ends(t, ended); !strings.Contains(s, tt.want) {
				t.Errorf("error %q", s)
			}
			if p.opened != p.closed {
				t.Error("the device stays claimed")
			}
		})
	}
}

// A reader that failed is reset before it is claimed again; there is no node here.
func TestBulkResetsWhatFailed(t *testing.T) {
	r, p := newRig(t), newPipe()
	aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
	p.bulk <- transfer{err: unix.EPIPE}
	b := newBulk(t, r, p)
	_, ended := follow(t, b)
	ends(t, ended)
	_, ended = follow(t, b)
	if s := ends(t, ended); !strings.Contains(s, "reset usb:08e6:4433: open ") || p.opened != 1 {
		t.Errorf("error %q, opened %d times", s, p.opened)
	}
}

func TestHeldInterface(t *testing.T) {
	r := newRig(t)
	face := aSlot(t, r.m, "1-1", "4", packed(t, qemuCCID))
	if err := os.Symlink("../../../bus/usb/drivers/usbfs", filepath.Join(face, "driver")); err != nil {
		t.Fatal(err)
	}
	p, err := r.m.findPipes(mustSpec(t, "usb:08e6:4433"))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := (&library{m: r.m}).claimInterface(p); !errors.Is(err, errHeld) {
		t.Errorf("open: %v", err)
	}
}

// libusb is the real one, which has no such device.
func TestLibraryWithoutTheDevice(t *testing.T) {
	r := newRig(t)
	aSlot(t, r.m, "1-1", "127", packed(t, qemuCCID))
	p, err := r.m.findPipes(mustSpec(t, "usb:08e6:4433"))
	if err != nil {
		t.Fatal(err)
	}
	p.bus = "250"
	l := &library{m: r.m}
	for range 3 {
		if _, err := l.claimInterface(p); err == nil {
			t.Fatal("it was opened")
		}
	}
	l.bad = r.m.pluggedText()
	if _, err := l.claimInterface(p); !errors.Is(err, errBroken) {
		t.Errorf("after a panic, with the same devices: %v", err)
	}
}

func TestPanicsAreErrors(t *testing.T) {
	var panicked *panicError
	err := withoutPanic(func() error { var none []int; return errors.New(string(rune(none[len(os.Args)]))) })
	if !errors.As(err, &panicked) || !strings.Contains(err.Error(), "out of range") {
		t.Errorf("got %v", err)
	}
}

func TestNewBulkRefusesAUsage(t *testing.T) {
	if _, err := NewBulk(Config{Spec: mustSpec(t, "usb:08e6:4433 usage=0001:0006")}, ccid.New(ccid.Options{})); err == nil {
		t.Error("a usage was taken")
	}
}
