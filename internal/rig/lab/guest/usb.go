package main

import (
	"errors"
	"fmt"

	"badged/internal/ctl"
	"badged/internal/rig/lab"
	"badged/internal/rig/sim"
)

// fewBadges is how many a step presents that is about something else than their number.
const fewBadges = 20

// cheap is what most cheap readers say they are.
var cheap = identity{vendor: 0x16c0, product: 0x27db}

func (id identity) String() string {
	s := fmt.Sprintf("usb:%04x:%04x", id.vendor, id.product)
	if id.serial != "" {
		s += " serial=" + id.serial
	}
	return s
}

// consoleOpen shows what the other steps rely on: keys of a keyboard that nobody has
// taken do reach the console.
func consoleOpen(g *guest) (_ string, err error) {
	w, err := newWedge(0, cheap, keyboardOf("boot"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, w.scrap()) }()
	if err := w.plug(); err != nil {
		return "", err
	}
	if err := g.mustBeSilent(func() error { return w.swipe("") }); err != nil {
		return "", err
	}
	if err := w.swipe(lab.Number(0)); err != nil {
		return "", err
	}
	err = until(presented, "keys at the console", func() bool { return g.console.has(lab.Number(0) + "\r") })
	g.console.takeTyped()
	return "keys of a keyboard that nobody has taken do reach the console", err
}

// wedgeCase is a reader that types, and what its configuration needs.
type wedgeCase struct {
	keyboards []string // of its interfaces; the last types
	port      string   // beside VID:PID
	options   string
}

var wedgeCases = map[string]wedgeCase{
	"boot":      {keyboards: []string{"boot"}},
	"report-id": {keyboards: []string{"report-id"}},
	"mouse":     {keyboards: []string{"composite"}},
	"combo":     {keyboards: []string{"composite", "boot"}, port: " interface=1"},
	"nkro":      {keyboards: []string{"nkro"}},
	"azerty":    {keyboards: []string{"azerty"}, options: `layout = "fr"`},
}

// oneWedge gives the step of one case.
func oneWedge(name string) func(*guest) (string, error) {
	return func(g *guest) (_ string, err error) {
		c := wedgeCases[name]
		var keyboards []sim.HIDKeyboard
		for _, k := range c.keyboards {
			keyboards = append(keyboards, keyboardOf(k))
		}
		w, err := newCombo(0, cheap, keyboards...)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, w.scrap()) }()
		if err := w.plug(); err != nil {
			return "", err
		}
		d := device{name: name, protocol: "hid", port: cheap.String() + c.port, more: options(c.options)}
		err = g.present(setup{devices: []device{d}}, []hand{{name, w.swipe, 1}})
		return fmt.Sprintf("%d badges, none of their keys at the console", fewBadges), err
	}
}

// options are those of a reader that types. The machine is emulated, and on a busy host
// it stands still for seconds between two keys: every badge ends with a key, so a long
// pause costs nothing.
func options(more string) string {
	s := `key_timeout = "20s", timeout = "1m"`
	if more != "" {
		s += ", " + more
	}
	return "options = { " + s + " }"
}

// present runs badged, and has badges presented by all hands in turn. None of their
// keys may reach the console.
func (g *guest) present(s setup, hands []hand) error {
	a, err := startAgent(s)
	if err != nil {
		return err
	}
	for n := range fewBadges {
		h := hands[n%len(hands)]
		if err == nil {
			err = a.presentOne(h, n)
		}
	}
	err = errors.Join(err, a.stop())
	for _, h := range hands {
		if err == nil {
			err = g.mustBeSilent(func() error { return h.present("") })
		}
	}
	return err
}

func (a *agent) presentOne(h hand, n int) error {
	_, err := a.presentCard(h.point, n, func() error { return h.present(lab.Number(n)) })
	return err
}

// twins are two readers that say the same of themselves.
func twins(g *guest) (_ string, err error) {
	var hands []hand
	var devices []device
	for i, name := range []string{"east", "west"} {
		w, err := newWedge(i, cheap, keyboardOf("boot"))
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, w.scrap()) }()
		if err := w.plug(); err != nil {
			return "", err
		}
		path := ""
		if err := until(presented, "a port", func() bool { path, err = w.path(); return err == nil }); err != nil {
			return "", err
		}
		hands = append(hands, hand{name, w.swipe, 1})
		devices = append(devices, device{name: name, protocol: "hid", port: cheap.String() + " path=" + path, more: options("")})
	}
	err = g.present(setup{devices: devices}, hands)
	return fmt.Sprintf("%d badges, each at its own reader", fewBadges), err
}

// qemuKeyboard is a keyboard that is not of our making.
func qemuKeyboard(g *guest) (_ string, err error) {
	if err := g.link.Ask("plug", "keyboard"); err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, g.link.Ask("unplug", "keyboard")) }()
	press := func(number string) error { return g.link.Ask("type", number) }
	d := device{name: "keyboard", protocol: "hid", port: "usb:0627:0001", more: options("")}
	err = g.present(setup{devices: []device{d}}, []hand{{"keyboard", press, 1}})
	return fmt.Sprintf("%d badges typed on QEMU's keyboard, none of their keys at the console", fewBadges), err
}

// manyStyles are the readers of manyWedges: how they let go of their keys, and how many
// badges make 63 reports.
var manyStyles = []struct {
	style sim.HIDStyle
	ahead int
}{{sim.HIDReleased, 2}, {sim.HIDFollowed, 3}, {sim.HIDOverlap, 2}, {sim.HIDPacked, 5}}

// manyWedges sends all members' badges through four readers, which is as many as the
// kernel makes.
func manyWedges(*guest) (_ string, err error) {
	var hands []hand
	s := setup{}
	for i, m := range manyStyles {
		id, keyboard := cheap, keyboardOf("boot")
		id.serial = fmt.Sprintf("r%d", i)
		keyboard.Style = m.style
		w, err := newWedge(i, id, keyboard)
		if err != nil {
			return "", err
		}
		defer func() { err = errors.Join(err, w.scrap()) }()
		if err := w.plug(); err != nil {
			return "", err
		}
		hands = append(hands, hand{id.serial, w.swipe, m.ahead})
		s.devices = append(s.devices, device{name: id.serial, protocol: "hid", port: id.String(), more: options("")})
	}
	a, err := startAgent(s)
	if err != nil {
		return "", err
	}
	figure, err := a.wantAll(hands)
	return figure, errors.Join(err, a.stop())
}

// foreign is a keyboard that is on no list.
func foreign(g *guest) (_ string, err error) {
	stranger, err := newWedge(0, identity{0x1234, 0x5678, ""}, keyboardOf("boot"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, stranger.scrap()) }()
	known, err := newWedge(1, identity{0x046d, 0xc31c, ""}, keyboardOf("boot"))
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, known.scrap()) }()
	d := device{name: "serial", protocol: "rdm6300", port: "/dev/ttyUSB0"}
	a, err := startAgent(setup{devices: []device{d}, allow: []string{"usb:046d:c31c"}})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	typed := 0
	for range 5 {
		n, err := a.intrude(stranger)
		if err != nil {
			return "", err
		}
		typed += n
	}
	if err := known.plug(); err != nil {
		return "", err
	}
	if err := g.mustBeSilent(func() error { return known.swipe("") }); err != nil {
		return "", err
	}
	return fmt.Sprintf("5 alarms; of %d numbers that it typed no key at the console, and none was a card", typed), a.wantNothing()
}

// intrude plugs a keyboard in that types from the first moment on, until badged
// says that it does. It gives how many numbers were typed.
func (a *agent) intrude(w *wedge) (typed int, err error) {
	if err := w.plug(); err != nil {
		return 0, err
	}
	alarm := make(chan error, 1)
	go func() {
		_, err := a.next("", presented, "the alarm", func(ev ctl.Event) bool { return ev.Reason == "device_alarm" && ev.Why == "foreign" })
		alarm <- err
	}()
	for {
		if w.swipe(lab.Number(typed)) == nil {
			typed++
		}
		select {
		case err = <-alarm:
			for range fewBadges {
				err = errors.Join(err, w.swipe(lab.Number(typed)))
				typed++
			}
			return typed, errors.Join(err, w.unplug())
		default:
		}
	}
}
