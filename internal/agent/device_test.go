package agent_test

import (
	"context"
	"path/filepath"
	"testing"

	"badged/enroll"
	"badged/internal/health"
	"badged/internal/rig/sim"
	"badged/reader/gpioport"
	"badged/reader/protocols"
	"badged/reader/serialport"
)

func (l *lab) serial(name, point, protocol, path string) {
	l.t.Helper()
	dec, err := protocols.New(protocol, nil)
	if err != nil {
		l.t.Fatal(err)
	}
	l.attach(serialport.New(serialport.Config{Name: name, Path: path}, dec), point)
}

// TestRealDevices runs an agent on serial devices and a board of pins, from the bytes
// on the wire to the relay.
func TestRealDevices(t *testing.T) {
	l, dir := newLab(t), t.TempDir()
	hall := must(sim.NewReader(filepath.Join(dir, "hall")))(t)
	front := must(sim.NewReader(filepath.Join(dir, "front")))(t)
	keys := must(sim.NewKeypad(filepath.Join(dir, "keys")))(t)
	pins := must(sim.NewPins(filepath.Join(dir, "pins.sock")))(t)
	t.Cleanup(func() { hall.Close(); front.Close(); keys.Close(); pins.Close() })
	l.serial("hall-rfid", "hall", "rdm6300", hall.Path())
	l.serial("front-rfid", "front", "rdm6300", front.Path())
	l.serial("front-keys", "front", "asciikeypad", keys.Path())

	var boards gpioport.Boards
	open := func(name string) *gpioport.Pin { return boards.Open(gpioport.Spec{Board: pins.Path(), Pin: name}) }
	d := frontDoor(gpioport.NewRelay(open("relay")))
	d.Contact, d.Exit = must(gpioport.Contact(open("contact")))(t), must(gpioport.Button(open("exit")))(t)
	l.opts.Doors = append(l.opts.Doors, d)
	ctx, cancel := context.WithCancel(t.Context())
	up, ended := make(chan error, 8), make(chan struct{})
	go func() { defer close(ended); boards.Run(ctx, func(_ string, err error) { up <- err }) }()
	t.Cleanup(func() { cancel(); <-ended })
	if err := <-up; err != nil {
		t.Fatal(err)
	}
	l.claim(l.member(""), "7365")
	stop := l.run()
	for _, name := range []string{"hall-rfid", "front-rfid", "front-keys"} {
		l.await("reader "+name, health.OK)
	}

	do(t, hall.Tap("0A00000001"))
	l.expect(enroll.Granted, enroll.NewAccount)
	do(t, keys.Type("*7365"))
	l.expect(enroll.Waiting, enroll.AwaitCard)
	do(t, front.Tap("0B00000001"))
	l.expect(enroll.Granted, enroll.ClaimBound)
	relay := func(on bool, pulses int) {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), patience)
		defer cancel()
		if s, err := pins.Await(ctx, func(s sim.PinsState) bool { return s.Relay == on && s.Pulses == pulses }); err != nil {
			t.Fatalf("%v: %+v", err, s)
		}
	}
	relay(true, 1)
	pins.SetContact(false)
	pins.SetContact(true)
	relay(false, 1)
	pins.PressExit()
	relay(true, 2)

	do(t, hall.Unplug())
	l.await("reader hall-rfid", health.Warn)
	do(t, hall.Replug())
	l.await("reader hall-rfid", health.OK)
	do(t, hall.Tap("0A00000002"))
	l.expect(enroll.Granted, enroll.NewAccount)

	before, _, _ := l.store.Index().Counts()
	do(t, hall.Garbage())
	for l.expectFault(); len(l.got) > 0; {
		l.expectFault()
	}
	if after, _, _ := l.store.Index().Counts(); after != before {
		t.Error("garbage made a card")
	}
	stop()
	relay(false, 2)
}

func (l *lab) expectFault() { l.t.Helper(); l.expect(enroll.Faulty, enroll.BadRead) }

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		do(t, err)
		return v
	}
}

func do(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
