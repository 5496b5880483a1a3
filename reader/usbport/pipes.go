//go:build libusb

package usbport

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// smartCard is the class of the interfaces that a Bulk takes: USB CCID 1.1, section 5.
const smartCard = 0x0B

// pipes is a smart card interface of a USB device.
type pipes struct {
	usb
	iface int
	dir   string // in sysfs
	class []byte // its class descriptor; nil: it has none
}

// isClaimed reports whether a program has claimed the interface: its driver is usbfs then.
func (p pipes) isClaimed() bool {
	to, err := os.Readlink(filepath.Join(p.dir, "driver"))
	return err == nil && filepath.Base(to) == "usbfs"
}

// isThere reports whether it is still plugged in.
func (p pipes) isThere() bool { return p.dev != "" && attribute(p.usb.dir, "devnum") == p.dev }

// findPipes gives the one smart card interface that s means.
func (m *machine) findPipes(s Spec) (pipes, error) {
	all, err := m.allPipes()
	if err != nil {
		return pipes{}, err
	}
	fit := slices.DeleteFunc(all, func(p pipes) bool {
		return !s.fitsUSB(p.usb, p.serial) || s.Interface != AnyInterface && s.Interface != p.iface || s.Usage != Usage{}
	})
	if len(fit) == 1 {
		return fit[0], nil
	}
	var ports, faces []string
	for _, p := range fit {
		ports = append(ports, "path="+p.Path)
		faces = append(faces, fmt.Sprintf("interface=%d", p.iface))
	}
	slices.Sort(ports)
	ports = slices.Compact(ports)
	switch {
	case len(fit) == 0:
		return pipes{}, errAbsent
	case len(ports) > 1:
		return pipes{}, &ambiguousError{ports}
	}
	slices.Sort(faces)
	return pipes{}, &ambiguousError{faces}
}

// allPipes gives the smart card interfaces that are plugged in.
func (m *machine) allPipes() ([]pipes, error) {
	names, err := m.busNames()
	if err != nil {
		return nil, err
	}
	var list []pipes
	for _, name := range names {
		if !strings.Contains(name, ":") {
			continue // a device, not an interface
		}
		dir, err := filepath.EvalSymlinks(m.node(usbDevices, name))
		if err != nil || hexAttribute(dir, "bInterfaceClass") != smartCard {
			continue
		}
		if u, n, ok := m.usbOf(dir); ok {
			raw, _ := os.ReadFile(filepath.Join(u.dir, "descriptors")) // without, the decoder says what is missing
			config, _ := strconv.Atoi(attribute(u.dir, "bConfigurationValue"))
			list = append(list, pipes{usb: u, iface: n, dir: dir, class: classDescriptor(raw, config, n)})
		}
	}
	return list, nil
}

// usbDevices has a link to each USB device and interface.
const usbDevices = "sys/bus/usb/devices"

func (m *machine) busNames() ([]string, error) {
	entries, err := os.ReadDir(m.node(usbDevices))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	names := make([]string, 0, len(entries))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names, nil
}

// pluggedText is a text that changes whenever a device comes or goes.
func (m *machine) pluggedText() string {
	names, _ := m.busNames() // then it does not change
	var b strings.Builder
	for _, name := range names {
		b.WriteString(name + "=" + attribute(m.node(usbDevices, name), "devnum") + " ")
	}
	return b.String()
}

// Types of descriptors: USB 2.0, table 9-5, and of a class: USB CCID 1.1, table 5.1-1.
const (
	typeConfig    = 2
	typeInterface = 4
	typeClass     = 0x21
	classLen      = 0x36
)

// classDescriptor finds that of an interface in the attribute "descriptors": the device
// descriptor, then each configuration with what belongs to it. Old readers have it
// behind their endpoints.
func classDescriptor(raw []byte, config, iface int) []byte {
	in, ours := false, false
	for len(raw) >= 2 {
		n := int(raw[0])
		if n < 2 || n > len(raw) {
			return nil
		}
		switch d := raw[:n]; {
		case d[1] == typeConfig && n >= 6:
			in, ours = int(d[5]) == config, false
		case d[1] == typeInterface && n >= 4:
			ours = in && int(d[2]) == iface && d[3] == 0
		case ours && (d[1] == typeClass || d[1] == 0xFF) && n >= classLen:
			return d
		}
		raw = raw[n:]
	}
	return nil
}
