package usbport

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// Bus types of input devices: linux/input.h.
const (
	busUSB       = 0x03
	busBluetooth = 0x05
)

// input is an input device of the kernel, with or without an event node yet.
type input struct {
	dir      string // in sysfs; its number is never used again
	bus      uint16
	types    bool   // it has keys that type
	commands bool   // it has keys that switch off, or start something
	node     string // /dev/input/event3; "" before evdev made it
	usb      usb    // that it is of
	isUSB    bool   // usb is set
	plugging string // which device, plugged in when
	whole    bool   // it is not just being plugged in or unplugged
}

// listInputs gives all input devices.
func (m *machine) listInputs() ([]input, error) {
	dirs, err := m.class("input")
	if err != nil {
		return nil, err
	}
	all := make([]input, 0, len(dirs))
	for _, dir := range dirs {
		if in := m.readInput(dir); in.whole {
			all = append(all, in)
		}
	}
	return all, nil
}

func (m *machine) readInput(dir string) input {
	in := input{dir: dir, bus: hexAttribute(dir, "id/bustype")}
	keys := attribute(dir, "capabilities/key")
	in.types, in.commands = anyKey(keys, typing), anyKey(keys, commanding)
	in.usb, _, in.isUSB = m.usbOf(dir)
	in.plugging = filepath.Dir(filepath.Dir(dir))
	if in.isUSB {
		in.plugging = in.usb.dir + " " + in.usb.dev
	}
	in.node = m.eventNode(dir)
	in.whole = in.bus != 0 && keys != "" && (in.bus != busUSB || in.isUSB || in.isMadeUp())
	return in
}

// eventNode gives the event node of an input device; "" before evdev made it.
func (m *machine) eventNode(dir string) string {
	entries, _ := os.ReadDir(dir)
	for _, e := range entries {
		if n, ok := strings.CutPrefix(e.Name(), "event"); ok && isDigits(n) {
			return m.node("dev/input", e.Name())
		}
	}
	return ""
}

// isKeyboard reports whether somebody can plug it in and type on it, or command.
func (in input) isKeyboard() bool {
	return (in.types || in.commands) && (in.bus == busUSB || in.bus == busBluetooth)
}

// isMadeUp reports whether a program made the device (uhid, uinput). Only such can be
// on USB without being of a USB device; one that is unplugged seems to be, because the
// kernel takes the attributes of its interface away first.
func (in input) isMadeUp() bool { return strings.Contains(in.dir, "/sys/devices/virtual/") }

func isDigits(s string) bool {
	return s != "" && strings.Trim(s, "0123456789") == ""
}

// typing are the keys that make an input device a keyboard, as ranges of
// linux/input-event-codes.h: Escape to F12 with all letters, digits and the keypad;
// Enter of the keypad to Delete; the keys of a telephone's pad. Without them it is
// a power button, a volume control, a mouse or a touch screen.
var typing = [][2]int{{1, 88}, {96, 111}, {0x200, 0x20F}}

// commanding are the keys that logind and desktops obey: the logo keys, stop to "my
// computer" with power, sleep, wake up and the starting of programs, F13 to F24,
// suspend, power 2, restart, and those that start or end programs. A mouse or a headset has
// none of them: its keys go back and forward, or play.
var commanding = [][2]int{{125, 157}, {183, 194}, {116, 116}, {205, 205}, {356, 356}, {408, 408}, {0x1A5, 0x1B1}, {0x241, 0x247}}

// anyKey reports whether a bitmap of keys has one of the ranges. sysfs shows it as
// words of the machine's size in hexadecimal, the highest first, leading zeros of a
// word left out: Linux, drivers/input/input.c, input_print_bitmap.
func anyKey(bitmap string, ranges [][2]int) bool {
	words := strings.Fields(bitmap)
	slices.Reverse(words)
	for i, w := range words {
		v, err := strconv.ParseUint(w, 16, strconv.IntSize)
		for bit := 0; err == nil && v != 0; bit++ {
			if v&1 != 0 && isWithin(i*strconv.IntSize+bit, ranges) {
				return true
			}
			v >>= 1
		}
	}
	return false
}

func isWithin(key int, ranges [][2]int) bool {
	return slices.ContainsFunc(ranges, func(r [2]int) bool { return r[0] <= key && key <= r[1] })
}
