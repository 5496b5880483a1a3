package keypad

import (
	"fmt"
	"slices"
	"strings"
)

// Burst is the code of a keypad that sends each key as a few bits on the lines of its reader.
type Burst struct {
	Name  string
	Bits  int
	codes [12]byte // of the keys 0 to 9, * and #, first bit highest
}

// bursts by name. Sources: 4bit: Everfocus ERK-871, page 9. 8bit, the same after its
// complement: HID Wiegand PINPad, page 3; Rosslare option 3. 6bit and 6bit-parity:
// Rosslare AY-T6350, sections 5.4.1 and 5.4.2, which differ in 0, * and #, so that
// only a configuration can tell them apart.
var bursts = []Burst{
	{"4bit", 4, [12]byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 0b1010, 0b1011}},
	{"6bit", 6, [12]byte{
		0b110100, 0b000010, 0b000100, 0b000111, 0b101001, 0b101010, 0b101100, 0b101111, 0b110001, 0b110010, 0b110111, 0b011001,
	}},
	{"6bit-parity", 6, [12]byte{
		0b000001, 0b000010, 0b000100, 0b000111, 0b101001, 0b101010, 0b101100, 0b101111, 0b110001, 0b110010, 0b110100, 0b110111,
	}},
	{"8bit", 8, [12]byte{0xF0, 0xE1, 0xD2, 0xC3, 0xB4, 0xA5, 0x96, 0x87, 0x78, 0x69, 0x5A, 0x4B}},
}

// keys are the keys in the order of Burst.codes.
const keys = "0123456789*#"

// BurstsOf gives the bursts that a configuration names: "auto" is the two that their
// lengths tell apart, 4bit and 8bit; "none" is none.
func BurstsOf(name string) ([]Burst, error) {
	switch name {
	case "", "auto":
		return []Burst{bursts[0], bursts[3]}, nil
	case "none":
		return nil, nil
	}
	for i, b := range bursts {
		if b.Name == name {
			return bursts[i : i+1 : i+1], nil
		}
	}
	return nil, fmt.Errorf("%.20q: must be %s", name, strings.Join(BurstNames(), ", "))
}

// BurstNames are the names that BurstsOf takes.
func BurstNames() []string {
	names := []string{"auto", "none"}
	for _, b := range bursts {
		names = append(names, b.Name)
	}
	return names
}

// Key returns the key of a code; false for a code that is not in the table, such as one of 8bit
// with a changed bit.
func (b Burst) Key(code byte) (Key, bool) {
	i := slices.Index(b.codes[:], code)
	if i < 0 {
		return 0, false
	}
	return Key(keys[i]), true
}

// FromOSDP gives the key of a byte of an OSDP keypad reply: ASCII, with DEL for * and
// CR for # (SIA OSDP 2.2, osdp_KEYPAD). Many keypads send * and # themselves.
func FromOSDP(b byte) (Key, bool) {
	switch b {
	case 0x7F:
		return Star, true
	case 0x0D:
		return Hash, true
	}
	return KeyOf(b)
}
