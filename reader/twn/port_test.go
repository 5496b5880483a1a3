package twn_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/serialport"
	"badged/reader/twn"
)

// run drives dec at path and gives what it says but KindAlive.
func run(t *testing.T, path string, dec serialport.Dialogue) (*serialport.Bus, <-chan reader.Event) {
	t.Helper()
	bus := serialport.NewBus(serialport.Config{Name: "hall", Path: path}, dec)
	events := make(chan reader.Event, 1000)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- bus.Run(ctx, func(e reader.Event) {
			if e.Kind != reader.KindAlive {
				events <- e
			}
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	expect(t, events, reader.Event{Kind: reader.KindUp, Unit: reader.Line})
	return bus, events
}

// expect waits for an event. On a machine that is slow an answer may come late, when
// nobody waits for it any more: that is a fault of its own.
func expect(t *testing.T, events <-chan reader.Event, want reader.Event) {
	t.Helper()
	for end := time.After(2 * time.Minute); ; {
		select {
		case e := <-events:
			if e.Why == reader.BadFrame {
				continue
			}
			if e.At = (time.Time{}); e != want {
				t.Fatalf("%s %s, want %s %s", e.Kind, e.Why, want.Kind, want.Why)
			}
			return
		case <-end:
			t.Fatalf("no %s %s", want.Kind, want.Why)
		}
	}
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); !ok(); time.Sleep(time.Millisecond) {
		if time.Now().After(end) {
			t.Fatal("not " + what)
		}
	}
}

// The whole way over a line, with and without CRC, which the decoder finds out.
func TestAReaderOnAPort(t *testing.T) {
	t.Run("with CRC", func(t *testing.T) { onAPort(t, true) })
	t.Run("without", func(t *testing.T) { onAPort(t, false) })
}

func onAPort(t *testing.T, crc bool) {
	t.Parallel()
	dev, err := sim.NewTWN4(filepath.Join(t.TempDir(), "tty"), crc)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dev.Close() })
	bus, events := run(t, dev.Path(), twn.NewSimple(twn.SimpleOptions{Interval: time.Millisecond, Timeout: 400 * time.Millisecond}))
	rounds := func(n int) {
		t.Helper()
		from := dev.State().Asked
		until(t, "asked", func() bool { return dev.State().Asked >= from+n })
	}
	rounds(5)
	dev.Lay(0x80, 32, "529D06E3")
	expect(t, events, mifareCard)
	rounds(20)
	dev.Lay(0x40, 40, "62E3086CED")
	expect(t, events, emCard)
	dev.Take()
	rounds(10)
	dev.Lay(0x40, 40, "62E3086CED")
	expect(t, events, emCard)

	if err := bus.Signal(t.Context(), reader.CueGranted); err != nil {
		t.Fatal(err)
	}
	until(t, "green", func() bool { s := dev.State(); return s.Lights == 2 && s.Beeps == 1 })
	until(t, "dark again", func() bool { return dev.State().Lights == 0 })

	dev.Garble(1)
	expect(t, events, reader.Event{Kind: reader.KindFault, Why: reader.BadDigit})
	dev.Take()
	rounds(10)
	dev.Deaf(true)
	expect(t, events, reader.Event{Kind: reader.KindFault, Why: reader.Silent})
	dev.Deaf(false)
	dev.Lay(0x80, 32, "529D06E3")
	expect(t, events, mifareCard)
	if n := dev.State().Rejects; n > 3 {
		t.Errorf("the reader did not understand %d messages", n)
	}
}
