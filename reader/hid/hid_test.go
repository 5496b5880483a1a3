package hid_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/keypad"
	"badged/reader"
	"badged/reader/chars"
	"badged/reader/hid"
	"badged/reader/readertest"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func decoder(t testing.TB, o hid.Options) *hid.Decoder {
	t.Helper()
	d, err := hid.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// keyboard gives the virtual reader of that name.
func keyboard(t testing.TB, name string) sim.HIDKeyboard {
	t.Helper()
	all := sim.HIDKeyboards()
	i := slices.IndexFunc(all, func(k sim.HIDKeyboard) bool { return k.Name == name })
	if i < 0 {
		t.Fatalf("there is no keyboard %s", name)
	}
	return all[i]
}

// layout is the decoder's name for what the virtual reader types.
func layout(k sim.HIDKeyboard) hid.Layout { return hid.Layout(strings.TrimSuffix(k.Layout, "0")) }

func reports(t testing.TB, k sim.HIDKeyboard, text string) [][]byte {
	t.Helper()
	r, err := k.Reports(text)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// show prints events: "card 12", "key 1" or "fault length".
func show(out *[]string) func(reader.Event) {
	return func(e reader.Event) {
		switch e.Kind {
		case reader.KindCard:
			*out = append(*out, "card "+e.Card.Reveal())
		case reader.KindKey:
			*out = append(*out, "key "+e.Key.Reveal())
		default:
			*out = append(*out, fmt.Sprintf("%s %s", e.Kind, e.Why))
		}
	}
}

// play feeds reports at one moment and shows the events.
func play(d reader.Decoder, at time.Duration, reports ...[]byte) string {
	var out []string
	for _, r := range reports {
		d.Feed(t0.Add(at), r, show(&out))
	}
	return strings.Join(out, ", ")
}

// passDeadlines lets the decoder's deadlines pass and shows the events.
func passDeadlines(d reader.Decoder) string {
	var out []string
	for due := d.Deadline(); !due.IsZero(); due = d.Deadline() {
		d.Tick(due, show(&out))
	}
	return strings.Join(out, ", ")
}

// boot gives reports of a boot keyboard, written as keys in hex: "1E 1F/20 s21 0" is 1,
// then 2 and 3 in one report, then Shift and 4, then nothing. Modifiers are c, s, a, w (the
// logo) and g (AltGr).
func boot(t testing.TB, keys string) [][]byte {
	t.Helper()
	mods := map[byte]byte{'c': 0x01, 's': 0x02, 'a': 0x04, 'w': 0x08, 'g': 0x40}
	var out [][]byte
	for report := range strings.FieldsSeq(keys) {
		p := make([]byte, 8)
		for mods[report[0]] != 0 {
			p[0] |= mods[report[0]]
			report = report[1:]
		}
		for i, key := range strings.Split(report, "/") {
			if _, err := fmt.Sscanf(key, "%x", &p[2+i]); err != nil {
				t.Fatal(err)
			}
		}
		out = append(out, p)
	}
	return out
}

func TestContract(t *testing.T) {
	garbage := map[int][][]byte{}
	for _, size := range []int{8, 9, 16} {
		full := make([]byte, size)
		for i := range full {
			full[i] = 0xFF
		}
		full[0] = 1
		tooLong := make([]byte, 0, size*200)
		for i := range 200 {
			p := make([]byte, size)
			switch size {
			case 8:
				p[2] = byte(i%2) * 0x1E
			case 9:
				p[0], p[3] = 1, byte(i%2)*0x1E
			case 16:
				p[4] = byte(i%2) << 6
			}
			tooLong = append(tooLong, p...)
		}
		garbage[size] = [][]byte{full[:size-1], full[:1], full, tooLong}
	}
	for _, k := range sim.HIDKeyboards() {
		t.Run(k.Name, func(t *testing.T) {
			c := readertest.Contract{
				New: func() reader.Decoder {
					return described(t, hid.Options{Layout: layout(k), Shape: chars.Shape{Charset: chars.Digits, Min: 4, Max: 10}}, k.Descriptor)
				},
				Garbage: garbage[k.Length],
				Reports: k.Length,
			}
			for _, number := range []string{"0008844356", "1223", "3334445550"} {
				c.Frames = append(c.Frames, slices.Concat(reports(t, k, number+"\n")...))
				c.Want = append(c.Want, reader.Event{Kind: reader.KindCard, Card: reader.TextCard(number)})
			}
			readertest.Decoder(t, c)
		})
	}
}

func TestKeys(t *testing.T) {
	for _, tt := range []struct {
		name, keys, want string
	}{
		{"pressed and released", "1E 0 1F 0 28 0", "card 12"},
		{"never released but by the next", "1E 1F 20 28 0", "card 123"},
		{"overlapping", "1E 1E/1F 1F 1F/20 20 0 28", "card 123"},
		{"overlapping, the older key moves to the front", "1E 1E/1F 1F 20/1F 28", "card 123"},
		{"the next key before all others", "1E 1F/1E 28", "card 12"},
		{"a doubled digit", "1E 0 1E 0 28 0", "card 11"},
		{"a digit that stays", "1E 1E 1E 0 28", "card 1"},
		{"a digit that stays while others come and go", "1E 1E/1F 1E 1E/1F 0 28", "card 122"},
		{"several at once", "1E/1F/20 0 21/28 0", "card 1234"},
		{"several at once, backwards", "27/26/25/24/23/22 0 28", "card 098765"},
		{"the end and the next in one report", "1E 28/1F 0 28", "card 1, card 2"},
		{"Enter of the keypad", "1E 58", "card 1"},
		{"Tab", "1E 2B", "card 1"},
		{"Enter twice", "1E 28 0 28 0", "card 1"},
		{"keypad digits", "59 5A 61 62 28", "card 1290"},
		{"locks are nothing", "53 0 1E 39 0 1F 47 28", "card 12"},
		{"Shift", "s04 s0 s05 04 0 s28", "card ABa"},
		{"Shift comes before its key and stays after it", "s0 s04 s0 0 04 28", "card Aa"},
		{"blank", "1E 2C 1F 28", "card 1 2"},
		{"Control", "1E c06 0 1F 28", "fault digit"},
		{"the logo key", "1E w0F 0 1F 28", "fault digit"},
		{"Alt is no AltGr", "1E a14 0 1F 28", "fault digit"},
		{"a function key", "1E 3A 0 1F 28", "fault digit"},
		{"backspace takes nothing back", "1E 2A 0 1F 28", "fault digit"},
		{"a reserved key", "1E FF 0 1F 28", "fault digit"},
		{"keys were lost", "1E 1E/1F 01/01/01/01/01/01 20 28 0 1E 28", "fault framing, card 1"},
		{"keys were lost before the first", "01/01/01/01/01/01 20 28 0 1E 28", "fault framing, card 1"},
		{"the keyboard's own faults", "1E 02 0 28 1E 03 0 28", "fault framing, fault framing"},
		{"one key twice in a report", "1E/1E 0 28 1F 28", "fault framing, card 2"},
		{"a fault is one", "1E 3A 3B 3C 01 0 28 1F 28", "fault digit, card 2"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(decoder(t, hid.Options{}), 0, boot(t, tt.keys)...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestABitmapHasNoOrder(t *testing.T) {
	k := keyboard(t, "nkro")
	k.Style = sim.HIDPacked
	d := described(t, hid.Options{}, k.Descriptor)
	if got := play(d, 0, reports(t, k, "12\n")...); got != "fault framing" {
		t.Errorf("two keys at once: %q", got)
	}
	k.Style = sim.HIDOverlap
	if got := play(d, 3*time.Second, reports(t, k, "1223\n")...); got != "card 1223" {
		t.Errorf("one key more at a time: %q", got)
	}
}

func TestReportsOfOthersAreNothing(t *testing.T) {
	k := keyboard(t, "composite")
	d := described(t, hid.Options{}, k.Descriptor)
	var in [][]byte
	for _, r := range reports(t, k, "1223\n") {
		in = append(in, sim.HIDMouse(30, -30), r, []byte{3, 0xE9, 0})
	}
	if got := play(d, 0, in...); got != "card 1223" {
		t.Errorf("a mouse that moves meanwhile: %q", got)
	}
	if got := play(d, 0, sim.HIDMouse(0x1E, 0x28), []byte{2}, nil, []byte{3, 0x28, 0}) + passDeadlines(d); got != "" {
		t.Errorf("a mouse alone: %q", got)
	}
	if got := play(d, 0, []byte{9, 0, 0, 0x1E, 0, 0, 0, 0, 0}); got != "fault framing" {
		t.Errorf("an id that is not described: %q", got)
	}
}

func TestReportsThatDoNotFitTheDescriptor(t *testing.T) {
	one, enter := []byte{0, 0, 0x1E, 0, 0, 0, 0, 0}, []byte{0, 0, 0x28, 0, 0, 0, 0, 0}
	for _, tt := range []struct {
		name string
		in   [][]byte
		want string
	}{
		{"a packet filled with zeros", [][]byte{append(one[:8:8], make([]byte, 56)...), enter}, "card 1"},
		{"filled with something else", [][]byte{append(one[:8:8], 0, 0, 1), enter}, "fault length"},
		{"too short", [][]byte{one, one[:7], enter}, "fault length"},
		{"a key that is not described", [][]byte{one, {0, 0, 0x67, 0, 0, 0, 0, 0}, enter}, "fault framing"},
		{"empty is none", [][]byte{one, nil, enter}, "card 1"},
	} {
		if got := play(described(t, hid.Options{}, keyboard(t, "boot").Descriptor), 0, tt.in...); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestNineBytesWithoutADescriptor: a capture may come from a reader with a report id, and
// without its descriptor.
func TestNineBytesWithoutADescriptor(t *testing.T) {
	if got := play(decoder(t, hid.Options{}), 0, reports(t, keyboard(t, "report-id"), "1223\n")...); got != "card 1223" {
		t.Errorf("got %q", got)
	}
}

func TestLayouts(t *testing.T) {
	ascii := " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"
	without := func(s string) string {
		return strings.Map(func(r rune) rune {
			if strings.ContainsRune(s, r) {
				return -1
			}
			return r
		}, ascii)
	}
	for name, text := range map[string]string{
		"boot":   ascii,
		"alt":    ascii,
		"alt0":   ascii,
		"azerty": without("~`"), // dead keys
		"qwertz": without("^`"), // dead keys
		"numpad": "0123456789.+-*/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz ",
	} {
		k := keyboard(t, name)
		for _, c := range text {
			s := string(c)
			if got := play(decoder(t, hid.Options{Layout: layout(k)}), 0, reports(t, k, s+s+"\n")...); got != "card "+s+s {
				t.Errorf("%s, %q: got %q", name, s, got)
			}
		}
	}
}

func TestKeysThatALayoutDoesNotHave(t *testing.T) {
	for _, tt := range []struct {
		layout hid.Layout
		keys   string
		want   string
	}{
		{hid.FR, "1F 28", "fault digit"},      // é
		{hid.FR, "1E 28", "card &"},           // a reader for us
		{hid.FR, "g1F 28", "fault digit"},     // a dead tilde
		{hid.FR, "s1E s0 1E 28", "card 1&"},   //
		{hid.DE, "2F 28", "fault digit"},      // ü
		{hid.DE, "g14 28", "card @"},          //
		{hid.DE, "ca14 28", "card @"},         // Control and Alt are AltGr, too
		{hid.DE, "1E gs14 28", "fault digit"}, // in front it is a chord
		{hid.US, "1E g04 28", "fault digit"},  // nothing has AltGr
		{hid.Numpad, "1E 28", "fault digit"},  // the top row
		{hid.Numpad, "s59 28", "fault digit"}, // Shift makes it an arrow
	} {
		if got := play(decoder(t, hid.Options{Layout: tt.layout}), 0, boot(t, tt.keys)...); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.layout, tt.keys, got, tt.want)
		}
	}
}

func TestAltCodes(t *testing.T) {
	for _, tt := range []struct{ name, keys, want string }{
		{"with and without a zero in front", "a0 a5C a0 a61 0 a62 a0 a5D a0 a62 0 28", "card 12"},
		{"zeros in front of two digits", "a62 a0 a62 a0 a5C a0 a60 0 28", "card 0"},
		{"Alt is released with the press of Enter", "a5C a61 28", "card 1"},
		{"one Alt right after the other", "a5C a61 0 a5D a62 0 28", "card 12"},
		{"Enter as a code", "a5C a61 0 a59 a5B 0", "card 1"},
		{"two ends as codes", "a5C a61 0 a59 a5B 0 a59 a62 0 a5D a62 0 28", "card 1, card 2"},
		{"the other Alt", "g5C g61 0 28", "card 1"},
		{"Alt alone is nothing", "a0 0 a0 a5C a61 0 28", "card 1"},
		{"a code that is no ASCII", "a5A a5B a5C 0 28", "fault digit"},
		{"a control character", "a5C a61 0 a5F 0 28", "fault digit"},
		{"a code of five digits", "a62 a0 a62 a0 a62 a5C a61 0 28", "fault digit"},
		{"a digit of the top row", "a21 a26 0 28", "fault digit"},
		{"a key without Alt", "1E 28", "fault digit"},
		{"Enter while Alt is down", "a5C a61 a58 0 28", "fault digit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(decoder(t, hid.Options{Layout: hid.Alt}), 0, boot(t, tt.keys)...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestACodeThatStops: its first digits are not those of the next.
func TestACodeThatStops(t *testing.T) {
	d := decoder(t, hid.Options{Layout: hid.Alt})
	if got := play(d, 0, boot(t, "a5C a0")...) + passDeadlines(d); got != "fault timeout" {
		t.Errorf("got %q", got)
	}
	if got := play(d, 3*time.Second, boot(t, "a61 0 a61 0 28")...); got != "" {
		t.Errorf("the second digit later: %q", got)
	}
	d = decoder(t, hid.Options{Layout: hid.Alt, Terminator: hid.None})
	if got := play(d, 0, boot(t, "a5C a61 0 a5D")...) + passDeadlines(d); got != "fault timeout" {
		t.Errorf("a pause that ends no number: %q", got)
	}
}

func TestKeypad(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layout hid.Layout
		keys   string
		want   string
	}{
		{"top row", hid.US, "1E 0 27 0", "key 1, key 0"},
		{"the keypad's star, its Enter", hid.US, "55 0 59 0 58 0", "key *, key 1, key #"},
		{"Shift and 8 is a star, Shift and 3 a hash", hid.US, "s25 0 s20 0 28", "key *, key #, key #"},
		{"a French star", hid.FR, "32 0 s1E 0", "key *, key 1"},
		{"a held key is one", hid.US, "1E 1E 1E 0 1E", "key 1, key 1"},
		{"what is no key is one fault until the next", hid.US, "04 0 05 0 1E 0 06 0", "fault digit, key 1, fault digit"},
		{"two keys at once", hid.US, "1E 1E/1F 1F 0", "key 1, key 2"},
		{"Alt codes", hid.Alt, "a5C a61 0 a5C a5A 0", "key 1, key *"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decoder(t, hid.Options{Keypad: true, Layout: tt.layout})
			if got := play(d, 0, boot(t, tt.keys)...) + passDeadlines(d); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
	d := decoder(t, hid.Options{Keypad: true})
	d.Feed(t0, boot(t, "55")[0], func(e reader.Event) {
		if e.Key != keypad.Star || !e.At.Equal(t0) {
			t.Error("the key or its time is another")
		}
	})
	if !d.Deadline().IsZero() {
		t.Error("a keypad waits for nothing")
	}
}
