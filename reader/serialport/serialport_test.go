package serialport_test

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/asciikeypad"
	"badged/reader/rdm6300"
	"badged/reader/serialport"
)

// running is a source on its way.
type running struct {
	events chan reader.Event
	ended  chan error
	stop   context.CancelFunc
}

// start runs fn with a context that ends with the test.
func start(t *testing.T, fn func(ctx context.Context, emit func(reader.Event)) error) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{make(chan reader.Event, 64), make(chan error, 1), stop}
	go func() {
		err := fn(ctx, func(e reader.Event) { r.events <- e })
		r.ended <- err
		close(r.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-r.ended
	})
	return r
}

// next waits for the next event, which must be of the kind want.
func (r *running) next(t *testing.T, want reader.Kind) reader.Event {
	t.Helper()
	select {
	case e := <-r.events:
		if e.Kind != want {
			t.Fatalf("event %s %s, want %s", e.Kind, e.Why, want)
		}
		return e
	case <-time.After(2 * time.Minute):
		t.Fatalf("no event %s", want)
	}
	return reader.Event{}
}

// end waits for Run's answer.
func (r *running) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(2 * time.Minute):
		t.Fatal("Run did not return")
		return nil
	}
}

func newReader(t *testing.T) *sim.Reader {
	t.Helper()
	r, err := sim.NewReader(filepath.Join(t.TempDir(), "rfid"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = r.Close() })
	return r
}

func rfid(path string) *serialport.Port {
	return serialport.New(serialport.Config{Name: "hall", Path: path}, rdm6300.New(rdm6300.Options{}))
}

func TestBadge(t *testing.T) {
	dev := newReader(t)
	r := start(t, rfid(dev.Path()).Run)
	r.next(t, reader.KindUp)
	before := time.Now()
	if err := dev.Tap("62E3086CED"); err != nil {
		t.Fatal(err)
	}
	e := r.next(t, reader.KindCard)
	if e.Card.Hex() != "62E3086CED" || e.Card.Bits() != 40 {
		t.Errorf("another card arrived: %v", e.Card)
	}
	if e.At.Before(before) || e.At.After(time.Now()) {
		t.Error("the event's time is not that of its last byte")
	}
}

func TestFrameThatArrivesInPieces(t *testing.T) {
	dev := newReader(t)
	r := start(t, rfid(dev.Path()).Run)
	r.next(t, reader.KindUp)
	frame := []byte("\x0262E3086CED08\x03")
	other := []byte("\x026F007B39725F\x03")
	for cut := 1; cut < len(frame); cut++ {
		for _, f := range [][]byte{frame, other} { // another card in between: no repeat
			for _, piece := range [][]byte{f[:cut], f[cut:]} {
				if err := dev.Send(piece); err != nil {
					t.Fatal(err)
				}
			}
			r.next(t, reader.KindCard)
		}
	}
}

func TestFrameThatStopsIsAFault(t *testing.T) {
	dev := newReader(t)
	r := start(t, rfid(dev.Path()).Run)
	r.next(t, reader.KindUp)
	if err := dev.Send([]byte("\x0262E3")); err != nil {
		t.Fatal(err)
	}
	if e := r.next(t, reader.KindFault); e.Why != reader.Timeout {
		t.Errorf("why %s", e.Why)
	}
}

func TestEndOfContextEndsABlockedRead(t *testing.T) {
	dev := newReader(t)
	r := start(t, rfid(dev.Path()).Run)
	r.next(t, reader.KindUp)
	r.stop()
	if err := r.end(t); err != nil {
		t.Errorf("Run gave %v", err)
	}
	if len(r.events) != 0 {
		t.Error("an orderly end was told as an event")
	}
}

func TestWhatWasSentBeforeIsDropped(t *testing.T) {
	dev := newReader(t)
	for range 400 { // more than the kernel's 4096 byte line buffer
		if dev.Send([]byte("\x0262E3086CED08\x03")) != nil {
			break
		}
	}
	r := start(t, rfid(dev.Path()).Run)
	r.next(t, reader.KindUp)
	if err := dev.Tap("6F007B3972"); err != nil {
		t.Fatal(err)
	}
	if e := r.next(t, reader.KindCard); e.Card.Hex() != "6F007B3972" {
		t.Error("a badge from before the start was told")
	}
}

func TestTapSeesTheBytesFirst(t *testing.T) {
	dev := newReader(t)
	var seen []byte
	port := serialport.New(serialport.Config{
		Name: "keys", Path: dev.Path(),
		Tap: func(p []byte, _ time.Time) { seen = append(seen, p...) },
	}, asciikeypad.New())
	r := start(t, port.Run)
	r.next(t, reader.KindUp)
	if err := dev.Send([]byte("7")); err != nil {
		t.Fatal(err)
	}
	r.next(t, reader.KindKey)
	r.stop()
	if err := r.end(t); err != nil || string(seen) != "7" {
		t.Errorf("tap saw %d bytes; Run gave %v", len(seen), err)
	}
}

func TestOneProgramAtATime(t *testing.T) {
	dev := newReader(t)
	first := start(t, rfid(dev.Path()).Run)
	first.next(t, reader.KindUp)

	second := start(t, rfid(dev.Path()).Run)
	second.next(t, reader.KindDown)
	if err := second.end(t); err == nil || !strings.Contains(err.Error(), "in use by another program") {
		t.Errorf("the second open gave %v", err)
	}

	if err := dev.Tap("62E3086CED"); err != nil {
		t.Fatal(err)
	}
	first.next(t, reader.KindCard) // undisturbed
	first.stop()
	if err := first.end(t); err != nil {
		t.Fatal(err)
	}
	third := start(t, rfid(dev.Path()).Run)
	third.next(t, reader.KindUp)
}

func TestUnplugged(t *testing.T) {
	dev := newReader(t)
	r := start(t, rfid(dev.Path()).Run)
	r.next(t, reader.KindUp)
	if err := dev.Unplug(); err != nil {
		t.Fatal(err)
	}
	if e := r.next(t, reader.KindDown); e.Why != reader.Lost {
		t.Errorf("why %s", e.Why)
	}
	err := r.end(t)
	var op *reader.OpError
	if !errors.As(err, &op) || op.Op != "read" || op.Device != dev.Path() || op.Hint == "" {
		t.Errorf("Run gave %v", err)
	}
}

func TestSupervisedPortComesBack(t *testing.T) {
	dev := newReader(t)
	r := start(t, func(ctx context.Context, emit func(reader.Event)) error {
		reader.Supervise(ctx, rfid(dev.Path()), emit, func(error) {}, slog.New(slog.DiscardHandler))
		return nil
	})
	r.next(t, reader.KindUp)
	for range 3 {
		if err := dev.Unplug(); err != nil {
			t.Fatal(err)
		}
		r.next(t, reader.KindDown)
		if err := dev.Replug(); err != nil {
			t.Fatal(err)
		}
		r.next(t, reader.KindUp)
		if err := dev.Tap("62E3086CED"); err != nil {
			t.Fatal(err)
		}
		r.next(t, reader.KindCard)
		if err := dev.Tap("6F007B3972"); err != nil {
			t.Fatal(err)
		}
		r.next(t, reader.KindCard)
	}
}

func TestPortsThatCannotBeOpened(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	dangling := filepath.Join(dir, "dangling")
	if err := os.Symlink(filepath.Join(dir, "gone"), dangling); err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct{ name, path, want, hint string }{
		{"missing", filepath.Join(dir, "ttyUSB0"), "no such file or directory", "plug the device in"},
		{"link to nothing", dangling, "no such file or directory", "plug the device in"},
		{"directory", dir, "is a directory", "name the port in it"},
		{"file", file, "not a serial port", "/dev/serial/by-id"},
		{"another device", "/dev/null", "not a serial port", "/dev/serial/by-id"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := start(t, rfid(tt.path).Run)
			r.next(t, reader.KindDown)
			checkOpenError(t, r.end(t), tt.path, tt.want, tt.hint)
		})
	}
}

func checkOpenError(t *testing.T, err error, path, want, hint string) {
	t.Helper()
	var op *reader.OpError
	if !errors.As(err, &op) || op.Op != "open" || op.Device != path {
		t.Fatalf("got %v", err)
	}
	if !strings.Contains(op.Err.Error(), want) || !strings.Contains(op.Hint, hint) {
		t.Errorf("got %v; want %q and the hint %q", err, want, hint)
	}
	if strings.Count(err.Error(), path) != 1 {
		t.Errorf("the path is not told once: %v", err)
	}
}

func TestMissingIsNotExist(t *testing.T) {
	r := start(t, rfid(filepath.Join(t.TempDir(), "none")).Run)
	r.next(t, reader.KindDown)
	if err := r.end(t); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v", err)
	}
}
