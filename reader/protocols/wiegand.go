package protocols

import (
	"cmp"
	"fmt"

	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/wiegand"
)

var wiegandRows = []Protocol{{
	Name: "wiegand",
	Doc:  "reader, keypad or both on two lines, D0 and D1",
	Port: Lines,
	Options: []Option{
		{"format", "auto, raw, names of formats (H10302), or a definition (bits=26 facility=2-9 card=10-25 even=1:2-13 odd=26:14-25)", "auto"},
		{"keypad", "bursts of its keys: auto (4bit and 8bit), none, 4bit, 6bit, 6bit-parity, 8bit; a burst of that length is a key, with format raw too, unless it is none", "auto"},
	},
	make: newWiegand,
}}

// burstAliases are the names that testdata/vectors has for bursts.
var burstAliases = map[string]string{"6bit-rosslare": "6bit", "6bit-nibble-parity": "6bit-parity"}

func newWiegand(v values) (reader.Decoder, error) {
	formats, err := pacs.Select(v["format"])
	if err != nil {
		return nil, fmt.Errorf("format: %w", err)
	}
	bursts, err := keypad.BurstsOf(cmp.Or(burstAliases[v["keypad"]], v["keypad"]))
	if err != nil {
		return nil, fmt.Errorf("keypad %w", err)
	}
	return wiegand.New(wiegand.Options{Formats: formats, Keypad: bursts}), nil
}
