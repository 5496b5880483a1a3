package usbport

import (
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// machine is the kernel that devices are looked up in and opened from. Tests have
// one of their own.
type machine struct {
	root string // what the paths below /sys and /dev are joined to
	// openInput takes an event node for this process alone until it is closed.
	openInput  func(path string) (io.Closer, error)
	openHidraw func(path string) (*hidraw, error)
	// muteConsole makes the text console deaf until it is closed.
	muteConsole func() (io.Closer, error)
	watch       func() (*watch, error)

	grabs  grabs
	muting muting
}

// host is the machine that the agent runs on.
var host = &machine{root: "/", openInput: openInput, openHidraw: openHidraw, muteConsole: muteConsole, watch: newWatch}

// attribute gives a line of sysfs; "" when there is none.
func attribute(parts ...string) string {
	b, err := os.ReadFile(filepath.Join(parts...))
	if err != nil {
		return ""
	}
	return strings.TrimRight(string(b), "\n")
}

func hexAttribute(parts ...string) uint16 {
	n, _ := strconv.ParseUint(attribute(parts...), 16, 16)
	return uint16(n)
}

// class gives the folders of the devices of a class that are called so and numbered.
// A class that is not there has none: its module is not loaded yet.
func (m *machine) class(name string) ([]string, error) {
	class := m.node("sys/class", name)
	entries, err := os.ReadDir(class)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	var dirs []string
	for _, e := range entries {
		if n, ok := strings.CutPrefix(e.Name(), name); !ok || !isDigits(n) {
			continue
		}
		if to, err := os.Readlink(filepath.Join(class, e.Name())); err == nil {
			dirs = append(dirs, filepath.Join(class, to))
		} // else it was unplugged just now
	}
	return dirs, nil
}

// devices returns the HID interfaces of all USB devices, without their serial numbers and
// names: reading those waits for the device's lock, which the kernel holds while it sets the
// device up (Linux, drivers/usb/core/sysfs.c, usb_string_attr), so that one slow device would
// delay the discovery of all others.
func (m *machine) devices() ([]Device, error) {
	nodes, err := m.class("hidraw")
	if err != nil {
		return nil, err
	}
	inputs, err := m.listInputs()
	if err != nil {
		return nil, err
	}
	var devices []Device
	for _, dir := range nodes {
		if d, ok := m.device(dir, inputs); ok {
			devices = append(devices, d)
		}
	}
	return devices, nil
}

// device looks at one hidraw node; false: it is not a USB device's.
func (m *machine) device(dir string, inputs []input) (Device, bool) {
	hid := filepath.Dir(filepath.Dir(dir))
	usb, iface, ok := m.usbOf(hid)
	if !ok {
		return Device{}, false
	}
	p, err := os.ReadFile(filepath.Join(hid, "report_descriptor"))
	if err != nil {
		return Device{}, false // it was unplugged just now
	}
	d := Device{usb: usb, Interface: iface, Hidraw: m.node("dev", filepath.Base(dir)), hid: hid}
	d.Usages = parseDescriptor(p).usages
	d.Keyboard = d.hasUsage(Keyboard) || d.hasUsage(Keypad)
	for _, in := range inputs {
		if filepath.Dir(filepath.Dir(in.dir)) == hid && in.node != "" {
			d.Inputs = append(d.Inputs, in.node)
			d.Keyboard = d.Keyboard || in.types
		}
	}
	return d, true
}

func (m *machine) node(parts ...string) string {
	return filepath.Join(m.root, filepath.Join(parts...))
}

// usbOf climbs from a folder to the interface and the USB device that it is of.
func (m *machine) usbOf(dir string) (usb, int, bool) {
	iface := -1
	for top := filepath.Join(m.root, "sys/devices"); len(dir) > len(top); dir = filepath.Dir(dir) {
		if n, err := strconv.ParseUint(attribute(dir, "bInterfaceNumber"), 16, 8); err == nil {
			iface = int(n)
		}
		if iface < 0 || attribute(dir, "idVendor") == "" {
			continue
		}
		return usb{
			Vendor: hexAttribute(dir, "idVendor"), Product: hexAttribute(dir, "idProduct"),
			Path: filepath.Base(dir),
			dir:  dir, bus: attribute(dir, "busnum"), dev: attribute(dir, "devnum"),
		}, iface, true
	}
	return usb{}, 0, false
}

// printable is what a device calls itself without what a terminal would obey.
func printable(s string) string {
	s = strings.Map(func(r rune) rune {
		if strconv.IsPrint(r) {
			return r
		}
		return '?'
	}, strings.ToValidUTF8(s, "?"))
	return strings.Join(strings.Fields(s), " ")
}
