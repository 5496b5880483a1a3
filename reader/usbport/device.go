package usbport

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strings"

	"badged/reader"
)

// Device is a HID interface of a USB device.
type Device struct {
	usb
	Serial    string // as the device says it: any byte can be in it
	Name      string // maker and product, printable
	Interface int
	Usages    []Usage // of its top-level collections
	Hidraw    string  // /dev/hidraw0
	Inputs    []string
	Keyboard  bool // it can type
	Spec      Spec // the shortest that means this one and no other that is there

	hid string // its folder of the HID layer, which no other device ever has
}

// usb is a USB device.
type usb struct {
	Vendor, Product uint16
	Path            string // the port that it is in, as in 1-1.2

	dir      string // in sysfs
	bus, dev string // its numbers, which change with each plugging
}

func (u usb) serial() string { return attribute(u.dir, "serial") }

func (u usb) name() string {
	return printable(attribute(u.dir, "manufacturer") + " " + attribute(u.dir, "product"))
}

// Is reports whether a spec means this interface, and maybe others.
func (d Device) Is(s Spec) bool { return s.fits(d) }

// serial is the device's serial number, whether List asked for it or not.
func (d Device) serial() string {
	if d.Serial != "" {
		return d.Serial
	}
	return d.usb.serial()
}

func (d Device) hasUsage(u Usage) bool { return slices.Contains(d.Usages, u) }

// List gives the HID interfaces of the USB devices that are plugged in, in the
// order of their ports. Its error is a *reader.OpError.
func List() ([]Device, error) { return host.listDevices() }

func (m *machine) listDevices() ([]Device, error) {
	devices, err := m.devices()
	if err != nil {
		return nil, &reader.OpError{Op: "list", Device: "USB HID devices", Err: err}
	}
	for i, d := range devices {
		devices[i].Serial, devices[i].Name = d.serial(), d.name()
	}
	for i := range devices {
		devices[i].Spec = shortestSpec(devices[i], devices)
	}
	slices.SortFunc(devices, func(a, b Device) int {
		return cmp.Or(comparePaths(a.Path, b.Path), cmp.Compare(a.Interface, b.Interface), cmp.Compare(a.hid, b.hid))
	})
	return devices, nil
}

// comparePaths puts 1-2 before 1-10.
func comparePaths(a, b string) int {
	split := func(r rune) bool { return r == '-' || r == '.' }
	return slices.CompareFunc(strings.FieldsFunc(a, split), strings.FieldsFunc(b, split), func(x, y string) int {
		return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
	})
}

// shortestSpec returns the shortest spec that distinguishes d from the others.
func shortestSpec(d Device, all []Device) Spec {
	plain := Spec{Vendor: d.Vendor, Product: d.Product, Interface: AnyInterface}
	face, serial, path := plain, plain, plain
	face.Interface, path.Path = d.Interface, d.Path
	if isSerial(d.Serial) {
		serial.Serial = d.Serial
	}
	for _, s := range []Spec{plain, face, serial, path} {
		if found, err := chooseDevice(s, all); err == nil && found.hid == d.hid {
			return s
		}
	}
	path.Interface = d.Interface
	return path
}

var errAbsent = errors.New("no such device is plugged in")

// ambiguousError says which words to add to a spec.
type ambiguousError struct{ add []string }

func (e *ambiguousError) Error() string {
	return fmt.Sprintf("%d devices fit: add %s", len(e.add), strings.Join(e.add, " or "))
}

// chooseDevice returns the one interface that s means. Of several on one device it returns the
// one that types, if only one does.
func chooseDevice(s Spec, all []Device) (Device, error) {
	var fit []Device
	for _, d := range all {
		if s.fits(d) {
			fit = append(fit, d)
		}
	}
	if len(fit) == 0 {
		return Device{}, errAbsent
	}
	add := []string{}
	for _, d := range fit {
		if word := "path=" + d.Path; !slices.Contains(add, word) {
			add = append(add, word)
		}
	}
	if len(add) > 1 {
		slices.Sort(add)
		return Device{}, &ambiguousError{add}
	}
	return chooseInterface(fit)
}

func chooseInterface(fit []Device) (Device, error) {
	if len(fit) == 1 {
		return fit[0], nil
	}
	var typing []Device
	var add []string
	for _, d := range fit {
		add = append(add, fmt.Sprintf("interface=%d", d.Interface))
		if d.Keyboard {
			typing = append(typing, d)
		}
	}
	if len(typing) == 1 {
		return typing[0], nil
	}
	slices.Sort(add)
	return Device{}, &ambiguousError{add}
}
