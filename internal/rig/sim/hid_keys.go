package sim

import "strings"

// hidRun is characters that neighbouring keys type; a blank is a key that types nothing of
// ours.
type hidRun struct {
	mods  byte
	first byte
	types string
}

const (
	hidShift = 0x02
	hidAltGr = 0x40
)

// hidRuns are the keys by layout, as drawn on the keyboards that are sold for the United
// States, France and Germany.
var hidRuns = map[string][]hidRun{
	"us": {
		{0, 0x04, "abcdefghijklmnopqrstuvwxyz1234567890"},
		{0, 0x2D, "-=[]\\ ;'`,./"},
		{hidShift, 0x04, "ABCDEFGHIJKLMNOPQRSTUVWXYZ!@#$%^&*()"},
		{hidShift, 0x2D, "_+{}| :\"~<>?"},
	},
	"fr": {
		// The row from A to P, and so on: by place, not by usage.
		{0, 0x14, "a"}, {0, 0x1A, "z"}, {0, 0x08, "e"}, {0, 0x15, "r"}, {0, 0x17, "t"},
		{0, 0x1C, "y"}, {0, 0x18, "u"}, {0, 0x0C, "i"}, {0, 0x12, "o"}, {0, 0x13, "p"},
		{0, 0x04, "q"}, {0, 0x16, "s"}, {0, 0x07, "d"}, {0, 0x09, "fgh"}, {0, 0x0D, "jkl"}, {0, 0x33, "m"},
		{0, 0x1D, "w"}, {0, 0x1B, "x"}, {0, 0x06, "c"}, {0, 0x19, "v"}, {0, 0x05, "b"}, {0, 0x11, "n"},
		{hidShift, 0x14, "A"}, {hidShift, 0x1A, "Z"}, {hidShift, 0x08, "E"}, {hidShift, 0x15, "R"}, {hidShift, 0x17, "T"},
		{hidShift, 0x1C, "Y"}, {hidShift, 0x18, "U"}, {hidShift, 0x0C, "I"}, {hidShift, 0x12, "O"}, {hidShift, 0x13, "P"},
		{hidShift, 0x04, "Q"}, {hidShift, 0x16, "S"}, {hidShift, 0x07, "D"}, {hidShift, 0x09, "FGH"}, {hidShift, 0x0D, "JKL"}, {hidShift, 0x33, "M"},
		{hidShift, 0x1D, "W"}, {hidShift, 0x1B, "X"}, {hidShift, 0x06, "C"}, {hidShift, 0x19, "V"}, {hidShift, 0x05, "B"}, {hidShift, 0x11, "N"},
		{hidShift, 0x1E, "1234567890"}, {0, 0x1E, "& \"'(- _"}, {0, 0x2D, ")="},
		{hidShift, 0x2E, "+"}, {0, 0x30, "$*"}, {hidShift, 0x34, "%"},
		{0, 0x10, ","}, {0, 0x36, ";:!"}, {hidShift, 0x10, "?"}, {hidShift, 0x36, "./"},
		{hidAltGr, 0x20, "#{[| \\^@"}, {hidAltGr, 0x2D, "]}"}, {0, 0x64, "<"}, {hidShift, 0x64, ">"},
	},
	"de": {
		{0, 0x04, "abcdefghijklmnopqrstuvwx"}, {0, 0x1D, "y"}, {0, 0x1C, "z"},
		{hidShift, 0x04, "ABCDEFGHIJKLMNOPQRSTUVWX"}, {hidShift, 0x1D, "Y"}, {hidShift, 0x1C, "Z"},
		{0, 0x1E, "1234567890"}, {hidShift, 0x1E, "!\" $%&/()="}, {hidShift, 0x2D, "?"},
		{0, 0x30, "+"}, {hidShift, 0x30, "*"}, {0, 0x32, "#"}, {hidShift, 0x32, "'"},
		{0, 0x36, ",.-"}, {hidShift, 0x36, ";:_"}, {0, 0x64, "<"}, {hidShift, 0x64, ">"},
		{hidAltGr, 0x24, "{[]}"}, {hidAltGr, 0x2D, "\\"}, {hidAltGr, 0x14, "@"}, {hidAltGr, 0x30, "~"}, {hidAltGr, 0x64, "|"},
	},
	"numpad": {
		{0, 0x59, "1234567890."}, {0, 0x54, "/*-+\n"},
		{0, 0x04, "abcdefghijklmnopqrstuvwxyz"}, {hidShift, 0x04, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"},
	},
}

// hidEverywhere are the keys that are the same on each layout.
var hidEverywhere = []hidRun{{0, 0x28, "\n"}, {0, 0x2B, "\t"}}

// hidKeyOf finds the key that types c.
func hidKeyOf(layout string, c rune) (hidKey, bool) {
	if c == ' ' {
		return hidKey{0, 0x2C}, true
	}
	for _, runs := range [][]hidRun{hidRuns[layout], hidEverywhere} {
		for _, r := range runs {
			if i := strings.IndexRune(r.types, c); i >= 0 {
				return hidKey{r.mods, r.first + byte(i)}, true
			}
		}
	}
	return hidKey{}, false
}
