package pn532_test

import (
	"context"
	"path/filepath"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/pn532"
	"badged/reader/serialport"
)

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

// The whole way over a line: the chip is woken, asked, reset and woken again.
func TestAChipOnAPort(t *testing.T) {
	chip, err := sim.NewPN532(filepath.Join(t.TempDir(), "tty"))
	if err != nil {
		t.Fatal(err)
	}
	defer chip.Close()
	port := serialport.New(serialport.Config{Name: "hall", Path: chip.Path(), Baud: 115200},
		pn532.New(pn532.Options{Interval: time.Millisecond, Timeout: 400 * time.Millisecond}))
	events := make(chan reader.Event, 1000)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- port.Run(ctx, func(e reader.Event) {
			if e.Kind != reader.KindAlive {
				events <- e
			}
		})
	}()
	rounds := func(n int) {
		t.Helper()
		from := chip.Asked()
		for end := time.Now().Add(2 * time.Minute); chip.Asked() < from+n; time.Sleep(time.Millisecond) {
			if time.Now().After(end) {
				t.Fatal("the chip is not asked")
			}
		}
	}
	expect(t, events, reader.Event{Kind: reader.KindUp, Unit: reader.Line})
	rounds(5)
	chip.Lay(seven)
	expect(t, events, event(seven))
	rounds(20)
	chip.Lay(ten)
	expect(t, events, event(ten))
	chip.Lay()
	rounds(10)
	chip.Lay(seven, ten)
	expect(t, events, reader.Event{Kind: reader.KindFault, Why: reader.Ambiguous})
	chip.Lay(ten)
	expect(t, events, event(ten))
	chip.Garble(1)
	expect(t, events, reader.Event{Kind: reader.KindFault, Why: reader.BadChecksum})
	chip.Lay()
	rounds(10)
	chip.Reset()
	expect(t, events, reader.Event{Kind: reader.KindFault, Why: reader.Silent})
	chip.Lay(seven)
	expect(t, events, event(seven))
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}
