package protocols

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"

	"badged/internal/spelling"
	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/wiegand"
)

// entryOptions describe a keypad that sends whole numbers.
var entryOptions = []Option{
	{"digits", "of keypad=frame: digits of the shortest number, 1 to 8; zeros in front, which it loses, are put back", "4"},
	{"entry", "of keypad=frame: what a number is: pin (# is put behind it), or code (* is put in front, too)", "pin"},
	{"facility", "of keypad=frame: facility of its frames, 0 to 65535; or none: the number has all their bits; or bcd: all their bits, as decimal digits", "0"},
}

var wiegandRows = []Protocol{{
	Name: "wiegand",
	Doc:  "reader, keypad or both on two lines, D0 and D1",
	Port: Lines,
	Options: append(slices.Clip(entryOptions), []Option{
		{"format", "auto, raw, names of formats (H10302), or a definition (bits=26 facility=2-9 card=10-25 even=1:2-13 odd=26:14-25)", "auto"},
		{"keypad", "bursts of its keys: auto (4bit and 8bit), none, 4bit, 6bit, 6bit-parity, 8bit; a burst of that length is a key, with format raw too, unless it is none; or frame: it sends the whole number as a frame of 26 or 34 bits", "auto"},
	}...),
	make: newWiegand,
}}

// burstAliases are the names that testdata/vectors has for bursts.
var burstAliases = map[string]string{"6bit-rosslare": "6bit", "6bit-nibble-parity": "6bit-parity"}

func newWiegand(v values) (reader.Decoder, error) {
	formats, err := pacs.Select(v["format"])
	if err != nil {
		return nil, fmt.Errorf("format: %w", err)
	}
	o := wiegand.Options{Formats: formats}
	if v["keypad"] == wholeFrames {
		o.Entry, err = v.readEntry()
		return wiegand.New(o), err
	}
	if o.Keypad, err = v.readBursts(); err != nil {
		return nil, err
	}
	for _, option := range entryOptions {
		if s, ok := v[option.Name]; ok && s != option.Default {
			return nil, fmt.Errorf("%s: is for a keypad that sends whole numbers; add keypad = %q", option.Name, wholeFrames)
		}
	}
	return wiegand.New(o), nil
}

// readBursts reads what a keypad sends for a key.
func (v values) readBursts() ([]keypad.Burst, error) {
	name := v["keypad"]
	bursts, err := keypad.BurstsOf(cmp.Or(burstAliases[name], name))
	if err != nil {
		return nil, spelling.Word("keypad", name, append(keypad.BurstNames(), wholeFrames)...)
	}
	return bursts, nil
}

// wholeFrames is the value of keypad for one that sends whole numbers.
const wholeFrames = "frame"

// readEntry reads what a keypad sends for a whole number.
func (v values) readEntry() (*wiegand.Entry, error) {
	const maxFacility = 65535
	e := wiegand.Entry{Digits: keypad.MinPIN}
	if n, err := v.readNumber("digits", keypad.MaxCode); err != nil {
		return nil, err
	} else if n > 0 {
		e.Digits = n
	}
	switch s := v["entry"]; s {
	case "", "pin":
	case "code":
		e.Code = true
	default:
		return nil, spelling.Word("entry", s, "pin", "code")
	}
	switch s, ok := v["facility"]; {
	case s == "none" || s == "bcd":
		e.Facility, e.BCD = wiegand.NoFacility, s == "bcd"
	case ok:
		n, err := strconv.ParseUint(s, 10, 16)
		if err != nil {
			return nil, fmt.Errorf("facility %.40q%s: must be a number, 0 to %d, none or bcd", s, spelling.HintValue(s, []string{"none", "bcd"}), maxFacility)
		}
		e.Facility = int(n)
	}
	return &e, nil
}

// MayBeTyped returns a function that reports whether a badge looks like a number typed on a
// keypad that sends whole numbers although the reader is not configured for one; nil: no badge
// of the reader can.
func MayBeTyped(protocol string, opts map[string]string) func(reader.Card) bool {
	if protocol != "wiegand" || opts["keypad"] == "none" || opts["keypad"] == wholeFrames {
		return nil
	}
	return wiegand.MayBeTyped
}
