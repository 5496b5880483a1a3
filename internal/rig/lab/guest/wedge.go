package main

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"badged/internal/rig/sim"
)

// wedge is a reader that types the numbers of badges as a keyboard does.
type wedge struct {
	*gadget
	keyboard sim.HIDKeyboard
	function int // the one of the gadget that types
	plugs    int // where it is plugged in
}

// newWedge makes a reader of one keyboard, to be plugged into the nth controller.
func newWedge(plugs int, id identity, keyboard sim.HIDKeyboard) (*wedge, error) {
	return newCombo(plugs, id, keyboard)
}

// newCombo makes one of several interfaces, of which the last types.
func newCombo(plugs int, id identity, keyboards ...sim.HIDKeyboard) (*wedge, error) {
	var functions []function
	for _, k := range keyboards {
		functions = append(functions, function{1, 1, k.Length, k.Descriptor})
	}
	g, err := newGadget(fmt.Sprintf("wedge%d", plugs), plugs, id, functions...)
	last := len(keyboards) - 1
	return &wedge{g, keyboards[last], last, plugs}, err
}

// keyboardOf gives one of the keyboards of internal/rig/sim.
func keyboardOf(name string) sim.HIDKeyboard {
	for _, k := range sim.HIDKeyboards() {
		if k.Name == name {
			return k
		}
	}
	panic("there is no keyboard " + name)
}

// swipe types a number, and Enter behind it.
func (w *wedge) swipe(number string) error {
	reports, err := w.keyboard.Reports(number + "\n")
	if err != nil {
		return err
	}
	return w.sendReports(w.function, reports)
}

// path is the port that it is in, as badged's configuration has it.
func (w *wedge) path() (string, error) {
	found, err := filepath.Glob(fmt.Sprintf("/sys/devices/platform/dummy_hcd.%d/usb*/*-1", w.plugs))
	if err != nil || len(found) != 1 {
		return "", fmt.Errorf("find the port of %s: there are %d", w.name, len(found))
	}
	return filepath.Base(found[0]), nil
}

// scrap ends a wedge.
func (w *wedge) scrap() error { return errors.Join(w.unplug(), w.remove()) }

// A keyboard that is taken, or let go, is deaf for 50 ms: the kernel waits until what
// the device had in store has passed (usbhid_open). What is typed then is gone.
const (
	deaf  = 50 * time.Millisecond
	again = 3 * deaf
)

// knock has a key typed until there is an answer, because the first may fall on deaf
// ears, or be too early for the device itself.
func knock(what string, press func() error, answered func() bool) (err error) {
	for range 100 {
		err = press()
		if until(again, what, answered) == nil {
			return nil
		}
	}
	return errors.Join(fmt.Errorf("wait for %s: no key arrived", what), err)
}

// mustBeSilent shows that nothing that a keyboard typed has reached the console, now
// that it is nobody's any more: Enter does, and is the first that does. press types it.
func (g *guest) mustBeSilent(press func() error) error {
	if err := knock("a key at the console", press, func() bool { return g.console.count() > 0 }); err != nil {
		return err
	}
	if n := g.console.takeOther('\r'); n > 0 {
		return fmt.Errorf("%d characters of a reader reached the console", n)
	}
	return nil
}
