package sim

import (
	"fmt"
	"unicode"
)

// HIDForm is how the reports of a keyboard hold its keys.
type HIDForm uint8

// The forms.
const (
	HIDBoot   HIDForm = iota // 8 bytes: modifiers, reserved, six keys
	HIDWithID                // 9 bytes: the same behind report id 1
	HIDBitmap                // 16 bytes: modifiers, a bit for each key from 00 to 77
)

// HIDStyle is how a reader lets go of its keys.
type HIDStyle uint8

// The styles.
const (
	HIDReleased HIDStyle = iota // each key is released before the next is pressed
	HIDFollowed                 // the next key replaces the last; only a doubled one is released in between
	HIDOverlap                  // the last key is released after the next was pressed
	HIDPacked                   // up to six keys a report, as they come
)

// HIDKeyboard is a reader that types as a USB keyboard does.
type HIDKeyboard struct {
	Name       string
	Descriptor []byte // report descriptor of its interface
	Length     int    // of its longest report in bytes
	Form       HIDForm
	Style      HIDStyle
	Layout     string // us, fr, de, numpad, alt, or alt0: alt with a 0 in front of codes
}

// HIDKeyboards are the readers of the lab.
func HIDKeyboards() []HIDKeyboard {
	return []HIDKeyboard{
		{Name: "boot", Descriptor: hidBoot(), Length: 8, Layout: "us"},
		{Name: "report-id", Descriptor: hidWithID(), Length: 9, Form: HIDWithID, Layout: "us"},
		{Name: "composite", Descriptor: hidComposite(), Length: 9, Form: HIDWithID, Layout: "us"},
		{Name: "nkro", Descriptor: hidBitmap(), Length: 16, Form: HIDBitmap, Layout: "us"},
		{Name: "azerty", Descriptor: hidBoot(), Length: 8, Layout: "fr"},
		{Name: "qwertz", Descriptor: hidBoot(), Length: 8, Layout: "de", Style: HIDFollowed},
		{Name: "numpad", Descriptor: hidBoot(), Length: 8, Layout: "numpad", Style: HIDOverlap},
		{Name: "alt", Descriptor: hidBoot(), Length: 8, Layout: "alt"},
		{Name: "alt0", Descriptor: hidBoot(), Length: 8, Layout: "alt0"},
	}
}

// HIDMouse gives a report of the mouse of the composite keyboard: it moved.
func HIDMouse(x, y int8) []byte { return []byte{2, 0, byte(x), byte(y), 0} }

// hidKey is a key with its modifiers.
type hidKey struct{ mods, usage byte }

// Reports types the text: its characters, \n for Enter, \t for Tab. It starts and ends
// with no key down.
func (k HIDKeyboard) Reports(text string) ([][]byte, error) {
	t := hidTyping{keyboard: k}
	for _, c := range text {
		if err := t.character(c); err != nil {
			return nil, err
		}
	}
	t.flush()
	t.hold(0)
	return t.out, nil
}

// Control presses a letter while Control is down, as scanners do for control characters: J is
// line feed.
func (k HIDKeyboard) Control(letter rune) ([][]byte, error) {
	layout := k.Layout
	if hidRuns[layout] == nil {
		layout = "us"
	}
	key, ok := hidKeyOf(layout, unicode.ToLower(letter))
	if !ok {
		return nil, fmt.Errorf("the layout %s has no key for %q", layout, letter)
	}
	const control = 1
	return [][]byte{k.report(control, nil), k.report(control, []byte{key.usage}), k.report(0, nil)}, nil
}

// hidTyping is what becomes of a text.
type hidTyping struct {
	keyboard HIDKeyboard
	out      [][]byte
	mods     byte
	down     []byte
	waiting  []hidKey // to be packed
}

func (t *hidTyping) character(c rune) error {
	if l := t.keyboard.Layout; l == "alt" || l == "alt0" {
		return t.code(c)
	}
	key, ok := hidKeyOf(t.keyboard.Layout, c)
	if !ok {
		return fmt.Errorf("the layout %s has no key for the character %q", t.keyboard.Layout, c)
	}
	t.press(key)
	return nil
}

// code types a character as its decimal code on the keypad, with Alt held.
func (t *hidTyping) code(c rune) error {
	if c == '\n' || c == '\t' {
		key, _ := hidKeyOf("us", c)
		t.press(key)
		return nil
	}
	if c < ' ' || c > '~' {
		return fmt.Errorf("there is no code for the character %q", c)
	}
	format := "%d"
	if t.keyboard.Layout == "alt0" {
		format = "0%03d"
	}
	const leftAlt = 4
	t.hold(leftAlt)
	for _, digit := range fmt.Sprintf(format, c) {
		key, _ := hidKeyOf("numpad", digit)
		t.hold(leftAlt, key.usage)
		t.hold(leftAlt)
	}
	t.hold(0)
	return nil
}

// press types one key in the keyboard's style.
func (t *hidTyping) press(key hidKey) {
	held := len(t.down) > 0
	doubled := held && t.down[len(t.down)-1] == key.usage
	switch t.keyboard.Style {
	case HIDPacked:
		t.pack(key)
		return
	case HIDFollowed:
		if doubled {
			t.hold(0)
		}
	case HIDOverlap:
		switch {
		case doubled || t.mods != key.mods:
			t.hold(0)
		case held:
			t.hold(key.mods, t.down[len(t.down)-1], key.usage)
		}
	}
	t.hold(key.mods, key.usage)
	if t.keyboard.Style == HIDReleased {
		t.hold(0)
	}
}

// pack keeps the key until a report is full, or it can not be in it.
func (t *hidTyping) pack(key hidKey) {
	for _, other := range t.waiting {
		if other.usage == key.usage || other.mods != key.mods {
			t.flush()
			break
		}
	}
	if t.waiting = append(t.waiting, key); len(t.waiting) == 6 {
		t.flush()
	}
}

func (t *hidTyping) flush() {
	if len(t.waiting) == 0 {
		return
	}
	var usages []byte
	for _, key := range t.waiting {
		usages = append(usages, key.usage)
	}
	t.hold(t.waiting[0].mods, usages...)
	t.hold(0)
	t.waiting = nil
}

// hold sends a report of what is down, unless the last one said so.
func (t *hidTyping) hold(mods byte, usages ...byte) {
	if len(t.out) > 0 && mods == t.mods && string(usages) == string(t.down) {
		return
	}
	t.mods, t.down = mods, usages
	t.out = append(t.out, t.keyboard.report(mods, usages))
}

func (k HIDKeyboard) report(mods byte, usages []byte) []byte {
	if k.Form == HIDBitmap {
		p := make([]byte, 16)
		p[0] = mods
		for _, u := range usages {
			p[1+u>>3] |= 1 << (u & 7)
		}
		return p
	}
	p := make([]byte, 8)
	p[0] = mods
	copy(p[2:], usages)
	if k.Form == HIDWithID {
		p = append([]byte{1}, p...)
	}
	return p
}
