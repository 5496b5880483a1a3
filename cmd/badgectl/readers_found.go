package main

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"badged/internal/ctl"
	"badged/internal/foreign"
	"badged/reader/gpioport"
	"badged/reader/serialport"
	"badged/reader/usbport"
)

// found is a device that is there.
type found struct {
	Device   string `json:"device"`             // as a port is written
	What     string `json:"what"`               // for people
	Node     string `json:"node,omitempty"`     // in /dev
	Protocol string `json:"protocol,omitempty"` // that it likely speaks
	Reader   string `json:"reader,omitempty"`   // that it is
	Config   string `json:"config"`             // lines to paste

	note string                 // on the protocol, in Config
	is   func(port string) bool // whether a reader with this port is it
}

// plugged lists devices of all kinds of port.
func plugged(configured []ctl.Reader) (list []found, err error) {
	for _, kind := range []func() ([]found, error){hidDevices, smartCardReaders, serialPorts, gpioChips} {
		more, err := kind()
		if err != nil {
			return nil, err
		}
		list = append(list, more...)
	}
	for i := range list {
		list[i].complete(i+1, configured)
	}
	return list, nil
}

// complete adds which reader a device is, and the lines to paste.
func (f *found) complete(n int, configured []ctl.Reader) {
	i := slices.IndexFunc(configured, func(r ctl.Reader) bool { return f.is(r.Port) })
	if i >= 0 {
		f.Reader = configured[i].Name
	}
	var b strings.Builder
	fmt.Fprintf(&b, "[[reader]]\nname = \"reader-%d\"\npoint = \"POINT\"   # the name of a [[point]]\n", n)
	if f.note != "" {
		fmt.Fprintf(&b, "# %s\n", foreign.Line(f.note)) // a device names itself
	}
	fmt.Fprintf(&b, "protocol = %q\nport = %q\n", f.Protocol, f.Device)
	f.Config = b.String()
}

// Devices whose number says more than their descriptor. RF IDeas and SYC sell the same
// device as a keyboard and with feature reports only.
var makers = map[uint16]struct{ name, protocol string }{
	0x0c27: {"RF IDeas pcProx", "pcprox"},
	0xffff: {"SYC badge reader", "sycreader"},
}

func hidDevices() (list []found, err error) {
	devices, err := usbport.List()
	for _, d := range devices {
		if f, ok := hidDevice(d); ok {
			list = append(list, f)
		}
	}
	return list, err
}

// named makes what asks a USB device by the port of a reader.
func named(is func(usbport.Spec) bool) func(port string) bool {
	return func(port string) bool {
		s, err := usbport.ParseSpec(port)
		return err == nil && is(s)
	}
}

// hidDevice says what a HID interface is; false for mice and the like.
func hidDevice(d usbport.Device) (found, bool) {
	f := found{Device: d.Spec.String(), Node: d.Hidraw, is: named(d.Is)}
	maker, known := makers[d.Vendor]
	name := cmp.Or(d.Name, maker.name, "without a name")
	switch {
	case d.Keyboard && known:
		f.What, f.Protocol = "USB reader that types: "+name, "hid"
		f.note = maker.protocol + " may do as well: see docs/readers.md"
	case d.Keyboard:
		f.What, f.Protocol = "USB keyboard or reader that types: "+name, "hid"
	case known:
		f.What, f.Protocol = "USB badge reader: "+name, maker.protocol
	default:
		return found{}, false
	}
	return f, true
}

func smartCardReaders() (list []found, err error) {
	devices, err := usbport.SmartCardReaders()
	for _, d := range devices {
		list = append(list, found{
			Device: d.Spec.String(), Protocol: "ccid",
			What: "USB smart card reader: " + cmp.Or(d.Name, "without a name"),
			note: "needs badged built with libusb, and no pcscd: see docs/readers.md",
			is:   named(d.Is),
		})
	}
	return list, err
}

func serialPorts() (list []found, err error) {
	adapters, err := serialport.List()
	for _, p := range adapters {
		list = append(list, serialPort(p))
	}
	return list, err
}

// What the name of an adapter says of the reader behind it.
var adapterNames = []struct{ part, protocol, note string }{
	{"RS485", "osdp", "an RS-485 adapter: likely OSDP"},
	{"RS-485", "osdp", "an RS-485 adapter: likely OSDP"},
	{"OEM RFID Device", "twn4", "an Elatec reader: see docs/readers.md"},
}

func serialPort(p serialport.Adapter) found {
	f := found{
		Device: p.Path, Node: p.Node, What: "serial port " + p.Node, Protocol: "rdm6300",
		note: "a guess: `badgectl readers learn --port " + p.Path + "` finds it out",
		is: func(port string) bool {
			to, err := filepath.EvalSymlinks(port)
			return port == p.Path || port == p.Node || err == nil && to == p.Node
		},
	}
	if p.Name != "" {
		f.What = "serial port " + p.Node + ": " + p.Name
	}
	for _, a := range adapterNames {
		if strings.Contains(p.Name, a.part) {
			f.Protocol, f.note = a.protocol, a.note
		}
	}
	return f
}

func gpioChips() (list []found, err error) {
	chips, err := gpioport.Chips()
	for _, c := range chips {
		list = append(list, gpioChip(c))
	}
	return list, err
}

// gpioChip is never one reader: other lines of it are free.
func gpioChip(c gpioport.Chip) found {
	f := found{
		Device: c.Name + ":D0,D1", Node: "/dev/" + c.Name, Protocol: "wiegand",
		What: fmt.Sprintf("GPIO chip %s, lines 0 to %d", c.Label, c.Lines-1),
		note: "in place of D0 and D1 the numbers of their lines, as in " + c.Name + ":17,27",
		is:   func(string) bool { return false },
	}
	if c.Label == "" {
		f.What = "GPIO chip; not allowed to look at it: run badgectl as root"
	}
	return f
}
