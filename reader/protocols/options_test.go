package protocols_test

import (
	"strings"
	"testing"

	"badged/reader/protocols"
)

// TestValuesHaveANearWord (issue 7, 2.10): a slip in a value is told with the word that was meant.
func TestValuesHaveANearWord(t *testing.T) {
	for _, tt := range []struct{ protocol, option, value, meant string }{
		{"hid", "layout", "frr", "fr"},
		{"hid", "terminator", "entr", "enter"},
		{"hid", "checksum", "stirp", "strip"},
		{"hid", "charset", "digit", "digits"},
		{"hid", "keypad", "of", "off"},
		{"hid", "repeat", "of", "off"},
		{"line", "charset", "hexx", "hex"},
		{"line", "terminator", "atuo", "auto"},
		{"wiegand", "keypad", "fram", "frame"},
		{"wiegand", "keypad", "6bit-party", "6bit-parity"},
		{"wiegand", "format", "H1030", "H10301"},
		{"osdp", "secure", "of", "off"},
		{"osdp", "fmt", "OFF", "off"},
		{"osdp", "text", "of", "off"},
		{"twn3", "mode", "indytag", "inditag"},
		{"twn4", "mode", "asci", "ascii"},
		{"twn4", "crc", "aut", "auto"},
	} {
		_, err := protocols.New(tt.protocol, map[string]string{tt.option: tt.value})
		if want := "(did you mean \"" + tt.meant + "\"?)"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s, %s %q: want %s: %v", tt.protocol, tt.option, tt.value, want, err)
		}
	}
	for _, tt := range []struct{ option, value, meant string }{{"entry", "cod", "code"}, {"facility", "nome", "none"}} {
		_, err := protocols.New("wiegand", map[string]string{"keypad": "frame", tt.option: tt.value})
		if want := "(did you mean \"" + tt.meant + "\"?)"; err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s %q: want %s: %v", tt.option, tt.value, want, err)
		}
	}
}
