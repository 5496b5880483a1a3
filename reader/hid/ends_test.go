package hid_test

import (
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader/chars"
	"badged/reader/hid"
)

// TestEndsOfScanners (issue 7, 2.1): what scanners type behind the end of a number, or in front
// of it, is nothing, and Control with J, M or I is the control character that it makes.
func TestEndsOfScanners(t *testing.T) {
	for _, tt := range []struct {
		name   string
		layout hid.Layout
		keys   string
		want   string
	}{
		{"Enter, then Ctrl+J", hid.US, "1E 0 28 0 c0D 0 1F 0 28 0 c0D 0", "card 1, card 2"},
		{"Ctrl+J alone", hid.US, "1E 0 c0D 0 1F 0 c0D 0", "card 1, card 2"},
		{"Ctrl+M alone", hid.US, "1E 0 c10 0 1F 0 c10 0", "card 1, card 2"},
		{"Ctrl+M, then Ctrl+J", hid.US, "1E 0 c0 c10 c0 c0D 0 1F 0 c10 c0D 0", "card 1, card 2"},
		{"Ctrl+I is Tab", hid.US, "1E 0 c0C 0 1F 0 c0C 0", "card 1, card 2"},
		{"Enter, then F12", hid.US, "1E 28 45 0 1F 28 45 0", "card 1, card 2"},
		{"Enter, then an arrow", hid.US, "1E 28 51 0 1F 28 4F 0", "card 1, card 2"},
		{"Tab, then Enter and Ctrl+J", hid.US, "1E 2B 0 28 0 c0D 0 1F 2B 28", "card 1, card 2"},
		{"a chord behind the end", hid.US, "1E 28 0 c16 0 w15 0 a3D 0 ca4C 0 cs29 0 1F 28", "card 1, card 2"},
		{"keys without a character behind the end", hid.US, "1E 28 29 2A 4A 49 46 65 66 68 73 0 1F 28", "card 1, card 2"},
		{"a key of a function in front", hid.US, "3A 0 c1F 0 1E 28", "card 1"},
		{"AltGr and a letter behind the end", hid.US, "1E 28 g04 0 1F 28", "card 1, card 2"},
		{"AltGr and a letter of a French reader", hid.FR, "s1E 28 0 g04 0 gs04 0 s1F 28", "card 1, card 2"},
		{"AltGr inside a number is a fault", hid.US, "1E g04 0 1F 28", "fault digit"},
		{"international keys behind the end", hid.US, "1E 28 85 87 8A 8F 0 1F 28", "card 1, card 2"},
		{"an international key inside a number is a fault", hid.US, "1E 87 1F 28", "fault digit"},
		{"inside a number it is a fault", hid.US, "1E 45 0 1F 28 20 28", "fault digit, card 3"},
		{"in place of an end it is a fault", hid.US, "1E 45 0", "fault digit"},
		{"a number that a fault spoilt ends with Ctrl+J", hid.US, "1E 3A 0 c0D 0 1F 28", "fault digit, card 2"},
		{"a character that cannot be read is lost, also in front", hid.FR, "1F s1E s28", "fault digit"},
		{"the M of a French keyboard", hid.FR, "s1E 0 c33 0 s1F 0 c33 0", "card 1, card 2"},
		{"a French reader with the codes of a US keyboard", hid.FR, "s1E 0 c10 0 s1F 0 c0D 0", "card 1, card 2"},
		{"the keypad block", hid.Numpad, "59 0 c0D 0 5A 28 c0D", "card 1, card 2"},
		{"codes, then Ctrl+J", hid.Alt, "a5C a61 0 28 c0D 0 a5D a62 0 c0D 0", "card 1, card 2"},
		{"codes, then F12", hid.Alt, "a5C a61 0 28 45 a3D 0 a5D a62 0 28", "card 1, card 2"},
		{"codes of CR and LF", hid.Alt, "a5C a61 0 a59 a5B 0 a59 a62 0 a5D a62 0 a59 a62 0", "card 1, card 2"},
		{"codes of STX and ETX around the number", hid.Alt, "a5A 0 a5C a61 0 28 a5B 0 a5A 0 a5D a62 0 28 a5B 0", "card 1, card 2"},
		{"a code of a control character within the number", hid.Alt, "a5C a61 0 a5B 0 28", "fault digit"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decoder(t, hid.Options{Layout: tt.layout})
			if got := strings.Trim(play(d, 0, boot(t, tt.keys)...)+", "+passDeadlines(d), ", "); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

// TestNoBadgeIsSwallowedBehindAnEnd (issue 7, 2.1): a badge in each second is read, whatever
// follows its end.
func TestNoBadgeIsSwallowedBehindAnEnd(t *testing.T) {
	for _, behind := range []string{"c0D 0", "45 0", "51 0", "c0D 0 45 0", "w0 w06 0"} {
		d := decoder(t, hid.Options{Shape: chars.Shape{Charset: chars.Digits}})
		var got []string
		for i := range 3 {
			got = append(got, play(d, time.Duration(i)*time.Second, boot(t, "1E 0 1F 0 28 0 "+behind)...))
		}
		if s := strings.Join(got, "; "); s != "card 12; card 12; card 12" {
			t.Errorf("%s: got %q", behind, s)
		}
	}
}

// TestKeysBehindANumberThatAPauseEnds (issue 7, 2.1): without a terminator, too, keys and chords
// behind the number are nothing, unless a character follows.
func TestKeysBehindANumberThatAPauseEnds(t *testing.T) {
	for keys, want := range map[string]string{
		"1E 0 1F 0":           "card 12",
		"1E 0 1F 0 c0D 0":     "card 12",
		"1E 0 1F 0 45 0":      "card 12",
		"1E 0 1F 0 28 0":      "card 12",
		"1E 0 1F 0 2B 28 c0D": "card 12",
		"28 45 0 1E 0 1F 0":   "card 12",
		"1E 0 45 0 1F 0":      "fault digit",
		"1E 0 28 0 1F 0":      "fault digit",
	} {
		d := decoder(t, hid.Options{Terminator: hid.None})
		for i := range 3 {
			at := time.Duration(i) * time.Second
			if got := strings.Trim(play(d, at, boot(t, keys+" 0")...)+", "+passDeadlines(d), ", "); got != want {
				t.Errorf("%s, badge %d: got %q, want %q", keys, i, got, want)
			}
		}
	}
	d := decoder(t, hid.Options{Terminator: hid.None, Shape: chars.Shape{Suffix: "="}})
	if got := strings.Trim(play(d, 0, boot(t, "1E 0 28 0 2E 0 1F 2E 28 0")...)+", "+passDeadlines(d), ", "); !strings.HasPrefix(got, "fault") {
		t.Errorf("an end in front of the suffix: got %q", got)
	}
}

// TestDoubledDigitsOfACode (issue 7, 2.10): a reader may put all the digits of an Alt code into
// one report, a doubled one twice. Outside a code it says that keys were lost.
func TestDoubledDigitsOfACode(t *testing.T) {
	for _, tt := range []struct {
		layout     hid.Layout
		keys, want string
	}{
		{hid.Alt, "a62/62/5C/61 0 a5D/5D 0 28", "card 17"},
		{hid.Alt, "a0 a62/5C/60 a0 0 a0 a5D/5D a0 0 28", "card 07"},
		{hid.Alt, "5D/5D 0 28", "fault framing"},
		{hid.US, "1E a5D/5D 0 28", "fault framing"},
	} {
		if got := play(decoder(t, hid.Options{Layout: tt.layout}), 0, boot(t, tt.keys)...); got != tt.want {
			t.Errorf("%s %s: got %q, want %q", tt.layout, tt.keys, got, tt.want)
		}
	}
}

// TestLearnTellsTheKeyInTheWay (issue 7, 2.1): the layout is not blamed for a key that no
// layout has a character for.
func TestLearnTellsTheKeyInTheWay(t *testing.T) {
	for _, tt := range []struct{ name, keys, want string }{
		{"F12 in place of the end", "1E 0 1F 0 45 0", "the key F12 stands in a number, or in place of its end"},
		{"an arrow", "1E 0 51 0", "the key Down"},
		{"a chord", "1E 0 c06 0 28", "the key Ctrl+C"},
		{"several modifiers", "1E 0 cs06 0 28", "the key Ctrl+Shift+C"},
		{"the logo key", "1E 0 w15 0 28", "the key Win+R"},
		{"a function key in a code", "a5C a61 0 3A 0 28", "the key F1 "},
		{"of two layouts the one that read on for longer", "g21 0 s1E 0 45 0", "the key F12 "},
		{"a key of no layout", "1E 0 B6 0 28", "no layout (us, fr, de, numpad, alt) has the key with usage B6"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			_, err := hid.Learn(nil, recorded(boot(t, tt.keys)), "12")
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v, want %q", err, tt.want)
			}
		})
	}
}

// TestLearnLooksPastTheEnd (issue 7, 2.1): keys behind the end do not keep a swipe from being
// explained.
func TestLearnLooksPastTheEnd(t *testing.T) {
	for _, tt := range []struct{ name, keys, want string }{
		{"Ctrl+J behind Enter", "1E 1F 28 0 c0D 0", "us,de terminator=enter: 12 printed"},
		{"Ctrl+J alone", "1E 1F 0 c0D 0", "us,de terminator=enter: 12 printed"},
		{"F12 behind Enter", "1E 1F 28 45 0", "us,de terminator=enter: 12 printed"},
		{"Enter behind Tab", "1E 1F 2B 28 0", "us,de terminator=tab: 12 printed"},
		{"sentinels", "33 1E 1F s38 0 28 0 c0D 0", "us prefix=; suffix=? terminator=enter: 12 printed\nus terminator=enter: ;12? holds"},
		{"F1 in front", "3A 0 1E 1F 28", "us,de terminator=enter: 12 printed"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := hid.Learn(nil, recorded(boot(t, tt.keys)), "12")
			if err != nil || outline(got) != tt.want {
				t.Errorf("got %v\n%s\nwant\n%s", err, outline(got), tt.want)
			}
		})
	}
}

// recorded gives reports their times.
func recorded(reports [][]byte) (swipe []hid.Report) {
	for i, r := range reports {
		swipe = append(swipe, hid.Report{At: t0.Add(time.Duration(i) * ms), Data: r})
	}
	return swipe
}

// TestEveryKeyboardMayAddALineFeed (issue 7, 2.1): Enter and then Control with J, on each form of
// report.
func TestEveryKeyboardMayAddALineFeed(t *testing.T) {
	for _, k := range sim.HIDKeyboards() {
		d := described(t, hid.Options{Layout: layout(k)}, k.Descriptor)
		one, err := k.Reports("1223\n")
		if err != nil {
			t.Fatal(err)
		}
		feed, err := k.Control('J')
		if err != nil {
			t.Fatal(err)
		}
		for n := range 3 {
			if got := play(d, time.Duration(n)*time.Second, append(one, feed...)...); got != "card 1223" {
				t.Errorf("%s: got %q", k.Name, got)
			}
		}
	}
}
