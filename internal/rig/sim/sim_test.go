package sim

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"badged/internal/ptyport"
)

// within bounds everything that must come at once.
func within(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	return ctx
}

// open opens a virtual device as a program would.
func open(t *testing.T, path string) *os.File {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func expect(t *testing.T, r io.Reader, want string) {
	t.Helper()
	got := make([]byte, len(want))
	if _, err := io.ReadFull(r, got); err != nil || string(got) != want {
		t.Fatalf("read %q, %v; want %q", got, err, want)
	}
}

func TestReaderSpeaksRDM6300(t *testing.T) {
	r, err := NewReader(filepath.Join(t.TempDir(), "rfid"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f := open(t, r.Path())
	if err := r.Tap("62E3086CED"); err != nil {
		t.Fatal(err)
	}
	expect(t, f, "\x0262E3086CED08\x03") // Seeed wiki
	for _, bad := range []string{"", "62E3086CE", "62E3086CED0", "62E3086CEX", "+2E3086CED"} {
		if r.Tap(bad) == nil {
			t.Errorf("%q is a badge", bad)
		}
	}
}

func TestHoldRepeats(t *testing.T) {
	r, err := NewReader(filepath.Join(t.TempDir(), "rfid"))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	f := open(t, r.Path())
	ctx, stop := context.WithCancel(t.Context())
	held := make(chan error, 1)
	go func() { held <- r.Hold(ctx, "62E3086CED") }()
	expect(t, f, "\x0262E3086CED08\x03\x0262E3086CED08\x03")
	stop()
	if err := <-held; err != nil {
		t.Error(err)
	}
}

func TestLineAndKeypad(t *testing.T) {
	dir := t.TempDir()
	l, err := NewLineReader(filepath.Join(dir, "line"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	k, err := NewKeypad(filepath.Join(dir, "keys"))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	lf, kf := open(t, l.Path()), open(t, k.Path())
	if err := errors.Join(l.Tap("0008844356"), k.Type("*7365#")); err != nil {
		t.Fatal(err)
	}
	expect(t, lf, "0008844356\r\n")
	expect(t, kf, "*7365#")
	if k.Type("12a4") == nil {
		t.Error("a keypad has a key a")
	}
}

func TestUnplugAndReplug(t *testing.T) {
	k, err := NewKeypad(filepath.Join(t.TempDir(), "keys"))
	if err != nil {
		t.Fatal(err)
	}
	defer k.Close()
	f := open(t, k.Path())
	if err := errors.Join(k.Unplug(), k.Unplug()); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Read(make([]byte, 1)); err == nil {
		t.Error("reading an unplugged device gives no error")
	}
	if _, err := os.Stat(k.Path()); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("the path of an unplugged device is there: %v", err)
	}
	if err := k.Type("1"); !errors.Is(err, ptyport.ErrUnplugged) {
		t.Errorf("typing on an unplugged keypad: %v", err)
	}
	if err := errors.Join(k.Replug(), k.Replug()); err != nil {
		t.Fatal(err)
	}
	f = open(t, k.Path())
	if err := k.Type("7"); err != nil {
		t.Fatal(err)
	}
	expect(t, f, "7")
}

func TestPathThatIsTaken(t *testing.T) {
	path := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := NewReader(path); err == nil {
		t.Error("a file was replaced by a device")
	}
	if _, err := NewPins(path); err == nil {
		t.Error("a file was replaced by pins")
	}
}

// agent is the other end of pins.
type agent struct {
	net.Conn
	lines *bufio.Scanner
}

func connect(t *testing.T, p *Pins) agent {
	t.Helper()
	c, err := net.Dial("unix", p.Path())
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(2 * time.Minute))
	t.Cleanup(func() { _ = c.Close() })
	return agent{c, bufio.NewScanner(c)}
}

func (a agent) hears(t *testing.T, want ...string) {
	t.Helper()
	for _, w := range want {
		if !a.lines.Scan() || a.lines.Text() != w {
			t.Fatalf("heard %q, want %q", a.lines.Text(), w)
		}
	}
}

func (a agent) says(t *testing.T, s string) {
	t.Helper()
	if _, err := io.WriteString(a, s); err != nil {
		t.Fatal(err)
	}
}

func newPins(t *testing.T) *Pins {
	t.Helper()
	p, err := NewPins(filepath.Join(t.TempDir(), "pins.sock"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := p.Close(); err != nil {
			t.Error(err)
		}
	})
	return p
}

func await(t *testing.T, p *Pins, what string, ok func(PinsState) bool) PinsState {
	t.Helper()
	s, err := p.Await(within(t), ok)
	if err != nil {
		t.Fatalf("%s: %v", what, err)
	}
	return s
}

func TestPinsTellTheirInputs(t *testing.T) {
	p := newPins(t)
	p.SetContact(false)
	a := connect(t, p)
	a.hears(t, "contact 0", "exit 0")
	p.SetContact(true)
	p.SetContact(true) // no change
	p.PressExit()
	a.hears(t, "contact 1", "exit 1", "exit 0")
}

func TestRelayFollowsItsAgent(t *testing.T) {
	p := newPins(t)
	a := connect(t, p)
	a.says(t, "relay 1\n")
	s := await(t, p, "relay on", func(s PinsState) bool { return s.Relay })
	if s.Pulses != 1 || s.Agents != 1 {
		t.Errorf("state %+v", s)
	}
	a.says(t, "relay 0\nrelay 1\n")
	await(t, p, "second pulse", func(s PinsState) bool { return s.Relay && s.Pulses == 2 })
	_ = a.Close()
	await(t, p, "relay falls with its agent", func(s PinsState) bool { return !s.Relay && s.Agents == 0 })
}

func TestAStrangersLossLeavesTheRelay(t *testing.T) {
	p := newPins(t)
	a, b := connect(t, p), connect(t, p)
	await(t, p, "both", func(s PinsState) bool { return s.Agents == 2 })
	a.says(t, "relay 1\n")
	await(t, p, "relay on", func(s PinsState) bool { return s.Relay })
	_ = b.Close()
	if s := await(t, p, "one left", func(s PinsState) bool { return s.Agents == 1 }); !s.Relay {
		t.Error("the relay fell with somebody else's connection")
	}
}

func TestNonsenseEndsTheConnection(t *testing.T) {
	p := newPins(t)
	for _, s := range []string{"relay 2\n", "open sesame\n", string(make([]byte, 4*maxLine))} {
		a := connect(t, p)
		a.hears(t, "contact 1", "exit 0")
		_, _ = io.WriteString(a, s) // may fail when the other end is quicker
		if a.lines.Scan() {
			t.Error("nonsense was answered")
		}
	}
}

func TestOldSocketIsReplaced(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pins.sock")
	old, err := net.ListenUnix("unix", &net.UnixAddr{Name: path})
	if err != nil {
		t.Fatal(err)
	}
	old.SetUnlinkOnClose(false)
	_ = old.Close()
	p, err := NewPins(path)
	if err != nil {
		t.Fatal(err)
	}
	_ = p.Close()
}
