package hid

import "strings"

// Layout is the keyboard layout that a reader types for.
type Layout string

// The layouts.
const (
	US     Layout = "us"
	FR     Layout = "fr"     // AZERTY: digits are Shift and the top row
	DE     Layout = "de"     // QWERTZ
	Numpad Layout = "numpad" // digits of the keypad; letters of us
	Alt    Layout = "alt"    // Alt and the character's code on the keypad
)

// Layouts are all of them, the likelier ones first.
var Layouts = []Layout{US, FR, DE, Numpad, Alt}

// Usages of keys that are the same on each layout (HUT, table 12).
const (
	keyLetters  = 0x04 // A to Z
	keyDigits   = 0x1E // 1 to 9, 0
	keyEnter    = 0x28
	keyTab      = 0x2B
	keySpace    = 0x2C
	keyMarks    = 0x2D // minus to slash
	keyCapsLock = 0x39
	keyScroll   = 0x47
	keyNumLock  = 0x53
	padFirst    = 0x54 // / * - + Enter 1 to 9, 0, .
	padStar     = 0x55
	padEnter    = 0x58
	padOne      = 0x59
	padZero     = 0x62
	padPoint    = 0x63
	keyNonUS    = 0x64 // between left Shift and Z
	padEqual    = 0x67
)

// The modifiers of a report, by their bits.
const (
	modControl = 1<<0 | 1<<4
	modShift   = 1<<1 | 1<<5
	modLeftAlt = 1 << 2
	modAltGr   = 1 << 6
	modGUI     = 1<<3 | 1<<7
)

// level is the characters of the plain keys, or of those with a modifier: letters from
// usage 04, digits from 1E, marks from 2D to 38 and then 64. A blank stands for what is
// no ASCII character, or a dead key.
type level struct{ letters, digits, marks string }

// table is the levels of a layout: plain, with Shift, with AltGr.
type table [3]level

var (
	plainLetters = "abcdefghijklmnopqrstuvwxyz"
	plainDigits  = "1234567890"

	tables = map[Layout]*table{
		US: {
			{plainLetters, plainDigits, "-=[]\\\\;'`,./\\"},
			{strings.ToUpper(plainLetters), "!@#$%^&*()", "_+{}||:\"~<>?|"},
			{},
		},
		FR: {
			{"qbcdefghijkl,noparstuvzxyw", "& \"'(- _  ", ")= $**m  ;:!<"},
			{"QBCDEFGHIJKL?NOPARSTUVZXYW", plainDigits, " +    M% ./ >"},
			{"", "  #{[| \\^@", "]}"},
		},
		DE: {
			{"abcdefghijklmnopqrstuvwxzy", plainDigits, "   +##   ,.-<"},
			{"ABCDEFGHIJKLMNOPQRSTUVWXZY", "!\" $%&/()=", "?  *''   ;:_>"},
			{"                @", "      {[]}", "\\  ~        |"},
		},
		Numpad: {
			{plainLetters, "", ""},
			{strings.ToUpper(plainLetters), "", ""},
			{},
		},
	}
)

const padCharacters = "/*-+\r1234567890."

// symbol is what a key typed: an ASCII character, Enter, Tab or one of these.
type symbol byte

const (
	none    symbol = 0   // a key that types nothing on purpose: Caps Lock
	part    symbol = 1   // of a character, by its code
	command symbol = 2   // a key or a chord that has no character: F12, an arrow, Control and C
	bad     symbol = 255 // a character that is none of ASCII, or that the layout does not have
	enter   symbol = '\r'
	tab     symbol = '\t'
)

// symbol returns what the key types while the modifiers are down. It ignores the lock keys:
// their effect depends on the host, and a reader's number must not.
func (t *table) symbol(key, mods byte) symbol {
	shift := mods&modShift != 0
	altGr := mods&modAltGr != 0 || mods&modControl != 0 && mods&modLeftAlt != 0
	chord := mods&modGUI != 0 || !altGr && mods&(modControl|modLeftAlt) != 0
	switch {
	case key == keyCapsLock, key == keyScroll, key == keyNumLock:
		return none
	case chord:
		return t.chord(key, mods)
	case isCommandKey(key):
		return command
	case altGr && isLetter(key) && (shift || t[2].symbol(key) == bad):
		return command
	case altGr && shift:
		return bad
	case altGr:
		return t[2].symbol(key)
	case key == keyEnter, key == padEnter:
		return enter
	case key == keyTab:
		return tab
	case key == keySpace:
		return ' '
	case shift:
		return t[1].symbol(key)
	case key >= padFirst && key <= padPoint:
		return symbol(padCharacters[key-padFirst])
	case key == padEqual:
		return '='
	default:
		return t[0].symbol(key)
	}
}

// isLetter reports whether a key has a letter on one of the layouts.
func isLetter(key byte) bool { return key >= keyLetters && key < keyDigits }

// chord returns what a key does while Control, Alt or the logo key is down. Scanners press
// Control with J, M or I for line feed, carriage return and tab (ASCII 0A, 0D and 09), on the
// keys of the layout or on those of a US keyboard.
func (t *table) chord(key, mods byte) symbol {
	if mods&^(modControl|modShift) != 0 {
		return command
	}
	for _, letter := range []symbol{t[0].symbol(key), tables[US][0].symbol(key)} {
		switch letter {
		case 'j', 'm':
			return enter
		case 'i':
			return tab
		}
	}
	return command
}

// isCommandKey reports whether a key has a character on no layout (HUT, table 12).
func isCommandKey(key byte) bool {
	for _, r := range commandKeys {
		if r[0] <= key && key <= r[1] {
			return true
		}
	}
	return false
}

// commandKeys are the first and the last of keys in a row.
var commandKeys = [][2]byte{
	{0x29, 0x2A}, // Escape, Backspace
	{0x3A, 0x52}, // F1 to F12, Print Screen, Pause, Insert to Page Down, arrows
	{0x65, 0x66}, // Menu, Power
	{0x68, 0xA4}, // F13 to F24, Execute to Volume Down, locks, international keys, languages, Erase to ExSel
}

func (l level) symbol(key byte) symbol {
	row, i := "", 0
	switch {
	case key == keyNonUS:
		row, i = l.marks, keyCapsLock-keyMarks
	case isLetter(key):
		row, i = l.letters, int(key-keyLetters)
	case key >= keyDigits && key < keyEnter:
		row, i = l.digits, int(key-keyDigits)
	case key >= keyMarks && key < keyCapsLock:
		row, i = l.marks, int(key-keyMarks)
	}
	if i >= len(row) || row[i] == ' ' {
		return bad
	}
	return symbol(row[i])
}
