package hid

import (
	"fmt"
	"strings"
)

// nameRuns are the names of keys in a row that have no character.
var nameRuns = []struct {
	first byte
	names string
}{
	{keyEnter, "Enter Esc Backspace Tab Space"},
	{keyCapsLock, "Caps_Lock F1 F2 F3 F4 F5 F6 F7 F8 F9 F10 F11 F12 Print_Screen Scroll_Lock Pause Insert Home " +
		"Page_Up Delete End Page_Down Right Left Down Up Num_Lock"},
	{0x65, "Menu Power"},
	{0x68, "F13 F14 F15 F16 F17 F18 F19 F20 F21 F22 F23 F24"},
}

// keyName is the name of the first pressed key on a US keyboard, with its modifiers: Ctrl+J. An
// Alt code has no such key.
func keyName(s strokes) string {
	if len(s.pressed) == 0 {
		return "that a code stands for"
	}
	name := ""
	for _, m := range []struct {
		mask byte
		name string
	}{{modControl, "Ctrl+"}, {modLeftAlt, "Alt+"}, {modAltGr, "AltGr+"}, {modShift, "Shift+"}, {modGUI, "Win+"}} {
		if s.mods&m.mask != 0 {
			name += m.name
		}
	}
	return name + plainName(s.pressed[0])
}

func plainName(key byte) string {
	for _, r := range nameRuns {
		names := strings.Fields(r.names)
		if i := int(key) - int(r.first); i >= 0 && i < len(names) {
			return strings.ReplaceAll(names[i], "_", " ")
		}
	}
	c := tables[US][0].symbol(key)
	switch {
	case key >= padFirst && key <= padPoint:
		return "keypad " + strings.ReplaceAll(padCharacters[key-padFirst:][:1], "\r", "Enter")
	case c != bad:
		return strings.ToUpper(string(rune(c)))
	}
	return fmt.Sprintf("with usage %02X", key)
}
