package usbport

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// AnyInterface is the Interface of a Spec that names none.
const AnyInterface = -1

// maxSpec is more than any spec needs: a serial number has at most 126 characters.
const maxSpec = 300

// Spec selects a device and an interface of it. A zero value, or AnyInterface, matches
// anything.
type Spec struct {
	Vendor, Product uint16
	Serial          string // as the device says it
	Path            string // the port that it is in: bus-port.port, as in 1-1.2
	Usage           Usage  // of a top-level collection of the interface
	Interface       int    // bInterfaceNumber
}

// Usage is what a collection of a report descriptor is for: HID Usage Tables 1.4,
// section 3. 0001:0006 is a keyboard.
type Usage struct{ Page, ID uint16 }

// The usages of what types.
var (
	Keyboard = Usage{1, 6}
	Keypad   = Usage{1, 7}
)

// String is the usage as a Spec has it.
func (u Usage) String() string { return fmt.Sprintf("%04x:%04x", u.Page, u.ID) }

var errSpec = errors.New("write usb:VID:PID, four hexadecimal digits each, and then any of serial=S path=1-1.2 usage=0001:0006 interface=0")

// ParseSpec reads the spec of a device:
//
//	usb:VID:PID [serial=S] [path=1-1.2] [usage=PPPP:UUUU] [interface=N]
//
// Its error says what is allowed.
func ParseSpec(s string) (Spec, error) {
	spec := Spec{Interface: AnyInterface}
	rest, ok := strings.CutPrefix(s, "usb:")
	words := strings.Fields(rest)
	if !ok || len(s) > maxSpec || len(words) == 0 {
		return Spec{}, fmt.Errorf("%.120q is no USB device: %w", s, errSpec)
	}
	if spec.Vendor, spec.Product, ok = hexPair(words[0]); !ok {
		return Spec{}, fmt.Errorf("%.120q is no VID:PID: %w", words[0], errSpec)
	}
	seen := map[string]bool{}
	for _, word := range words[1:] {
		key, value, _ := strings.Cut(word, "=")
		if seen[key] {
			return Spec{}, fmt.Errorf("%.120q is there twice: %w", key, errSpec)
		}
		seen[key] = true
		if err := spec.set(key, value); err != nil {
			return Spec{}, err
		}
	}
	return spec, nil
}

// set takes one of the words behind VID:PID.
func (s *Spec) set(key, value string) error {
	ok, want := false, ""
	switch key {
	case "serial":
		s.Serial, ok = value, isSerial(value)
		want = "the device's serial number, without spaces; use path= for a device that has none"
	case "path":
		s.Path, ok = value, isPortPath(value)
		want = "bus and ports as in 1-1.2"
	case "usage":
		s.Usage.Page, s.Usage.ID, ok = hexPair(value)
		ok = ok && s.Usage.Page != 0
		want = "usage page and usage as in 0001:0006, four hexadecimal digits each"
	case "interface":
		n, err := strconv.ParseUint(value, 10, 8)
		s.Interface, ok = int(n), err == nil
		want = "a number from 0 to 255"
	default:
		return fmt.Errorf("%.120q is not known: %w", key, errSpec)
	}
	if !ok {
		return fmt.Errorf("%s=%.120q: must be %s", key, value, want)
	}
	return nil
}

// hexPair reads XXXX:XXXX.
func hexPair(s string) (a, b uint16, ok bool) {
	x, y, _ := strings.Cut(s, ":")
	if len(x) != 4 || len(y) != 4 {
		return 0, 0, false
	}
	m, err1 := strconv.ParseUint(x, 16, 16)
	n, err2 := strconv.ParseUint(y, 16, 16)
	return uint16(m), uint16(n), err1 == nil && err2 == nil
}

// isSerial reports whether a serial number can stand in a spec.
func isSerial(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] > '~' {
			return false
		}
	}
	return s != "" && len(s) <= 126
}

// isPortPath reports whether s is like 1-1.2: the name of a USB device in sysfs.
func isPortPath(s string) bool {
	bus, ports, ok := strings.Cut(s, "-")
	if !ok || len(s) > 40 || !isNumber(bus) {
		return false
	}
	for port := range strings.SplitSeq(ports, ".") {
		if !isNumber(port) {
			return false
		}
	}
	return true
}

func isNumber(s string) bool {
	n, err := strconv.ParseUint(s, 10, 8)
	return err == nil && n > 0 && s[0] != '0'
}

// String is the spec as ParseSpec reads it.
func (s Spec) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "usb:%04x:%04x", s.Vendor, s.Product)
	if s.Serial != "" {
		b.WriteString(" serial=" + s.Serial)
	}
	if s.Path != "" {
		b.WriteString(" path=" + s.Path)
	}
	if s.Usage != (Usage{}) {
		b.WriteString(" usage=" + s.Usage.String())
	}
	if s.Interface != AnyInterface {
		b.WriteString(" interface=" + strconv.Itoa(s.Interface))
	}
	return b.String()
}

// fits reports whether the spec means this interface.
func (s Spec) fits(d Device) bool {
	return s.fitsUSB(d.usb, d.serial) &&
		(s.Interface == AnyInterface || s.Interface == d.Interface) &&
		(s.Usage == Usage{} || d.hasUsage(s.Usage))
}

// fitsInput reports whether the spec means the device that an input device is of.
func (s Spec) fitsInput(in input) bool {
	return in.isUSB && s.fitsUSB(in.usb, in.usb.serial)
}

// fitsUSB reads the serial number last and only if it matters, because reading it blocks while
// the kernel is still setting the device up.
func (s Spec) fitsUSB(u usb, serial func() string) bool {
	return s.Vendor == u.Vendor && s.Product == u.Product &&
		(s.Path == "" || s.Path == u.Path) &&
		(s.Serial == "" || s.Serial == serial())
}
