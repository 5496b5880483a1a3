package hid_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/chars"
	"badged/reader/hid"
)

// us types text on a boot keyboard.
func us(t testing.TB, text string) [][]byte {
	t.Helper()
	return reports(t, sim.HIDKeyboard{Layout: "us"}, text)
}

func TestFrames(t *testing.T) {
	track2 := hid.Options{Shape: chars.Shape{Prefix: ";", Suffix: "?", Charset: chars.Digits}}
	bare := hid.Options{Terminator: hid.None, Shape: chars.Shape{Prefix: ";", Suffix: "?"}}
	long := strings.Repeat("1", chars.DefaultMax)
	for _, tt := range []struct {
		name     string
		opts     hid.Options
		in, want string
	}{
		{"zeros in front stay", hid.Options{}, "000123\n", "card 000123"},
		{"Enter or Tab", hid.Options{}, "12\t34\n", "card 12, card 34"},
		{"Enter only", hid.Options{Terminator: hid.Enter}, "12\t34\n56\n", "fault digit, card 56"},
		{"Tab only", hid.Options{Terminator: hid.Tab}, "\n12\t34\n56\t78\t", "card 12, fault digit, card 78"},
		{"none: a pause", hid.Options{Terminator: hid.None}, "12", "card 12"},
		{"none: Enter behind the number is nothing", hid.Options{Terminator: hid.None}, "12\n", "card 12"},
		{"none: a suffix ends it at once", bare, ";12?;34?\n", "card 12, card 34"},
		{"none: a pause without the suffix", bare, ";12", "fault framing"},
		{"none: prefix and suffix alike", hid.Options{Terminator: hid.None, Shape: chars.Shape{Prefix: "%", Suffix: "%"}}, "%12%", "card 12"},
		{"Enter is awaited and does not come", hid.Options{}, "12", "fault timeout"},
		{"framed", track2, ";12?\n;34?\n", "card 12, card 34"},
		{"no start", track2, "12?\n;34?\n", "fault framing, card 34"},
		{"no end", track2, ";12\n;34?\n", "fault framing, card 34"},
		{"start alone", track2, ";\n", "fault framing"},
		{"nothing in it", track2, ";?\n", "fault length"},
		{"prefix and suffix do not share", hid.Options{Shape: chars.Shape{Prefix: "%", Suffix: "%"}}, "%\n", "fault framing"},
		{"what follows = is kept", hid.Options{}, "5235092385=8\n", "card 5235092385=8"},
		{"what follows = is stripped", hid.Options{Checksum: hid.Strip, Shape: chars.Shape{Charset: chars.Digits}}, "5235092385=8\n", "card 5235092385"},
		{"from the first = on", hid.Options{Checksum: hid.Strip}, "12=3=4\n", "card 12"},
		{"= must be there", hid.Options{Checksum: hid.Strip}, "5235092385\n12=3\n", "fault framing, card 12"},
		{"all of track 2", hid.Options{Checksum: hid.Strip, Shape: chars.Shape{Prefix: ";", Suffix: "?", Charset: chars.Digits}}, ";5235092385=99011200?\n", "card 5235092385"},
		{"case stays", hid.Options{Shape: chars.Shape{Charset: chars.Hex}}, "aB1\n", "card aB1"},
		{"no hex digit", hid.Options{Shape: chars.Shape{Charset: chars.Hex}}, "aG1\nbb\n", "fault digit, card bb"},
		{"no digit", hid.Options{Shape: chars.Shape{Charset: chars.Digits}}, "1a\n2\n", "fault digit, card 2"},
		{"too short", hid.Options{Shape: chars.Shape{Min: 4}}, "123\n1234\n", "fault length, card 1234"},
		{"longest", hid.Options{}, long + "\n", "card " + long},
		{"over-long is one fault", hid.Options{}, long + "111\n22\n", "fault overflow, card 22"},
		{"longer than max within the frame", hid.Options{Checksum: hid.Strip, Shape: chars.Shape{Max: 3}}, "1234=5\n", "fault length"},
		{"endless", hid.Options{}, strings.Repeat("1", 20_000), "fault overflow"},
		{"the same badge twice", hid.Options{}, "12\n12\n", "card 12, card 12"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			d := decoder(t, tt.opts)
			got := strings.Trim(play(d, 0, us(t, tt.in)...)+", "+passDeadlines(d), ", ")
			if got != tt.want {
				t.Errorf("got %.80q, want %.80q", got, tt.want)
			}
		})
	}
}

const ms = time.Millisecond

// timed feeds text that starts with the milliseconds of its first report, each report one
// millisecond after the other.
func timed(t testing.TB, d *hid.Decoder, pieces ...any) string {
	t.Helper()
	var out []string
	for i := 0; i < len(pieces); i += 2 {
		at := time.Duration(pieces[i].(int)) * ms
		for _, r := range us(t, pieces[i+1].(string)) {
			if s := play(d, at, r); s != "" {
				out = append(out, s)
			}
			at += ms
		}
	}
	return strings.Join(out, ", ")
}

func TestPauses(t *testing.T) {
	for _, tt := range []struct {
		name   string
		opts   hid.Options
		pieces []any
		want   string
	}{
		// "12" is four reports: the last at +3 ms.
		{"just in time", hid.Options{}, []any{0, "12", 152, "34\n"}, "card 1234"},
		{"too late: the rest is no number", hid.Options{}, []any{0, "12", 153, "34\n", 500, "56\n"}, "fault timeout, card 56"},
		{"a rest without its end", hid.Options{}, []any{0, "12", 153, "34", 1000, "5", 3100, "66\n"}, "fault timeout, card 66"},
		{"a rest that goes on and on", hid.Options{}, []any{0, "12", 1900, "34", 3800, "5", 5700, "66\n", 5800, "77\n"}, "fault timeout, card 77"},
		{"the whole takes too long", hid.Options{KeyTimeout: time.Second}, []any{0, "1", 900, "2", 1800, "3", 2000, "4\n"}, "fault timeout"},
		{"just not too long", hid.Options{KeyTimeout: time.Second}, []any{0, "1", 900, "2", 1800, "3", 1990, "4\n"}, "card 1234"},
		{"slower, as configured", hid.Options{KeyTimeout: time.Second, Timeout: 5 * time.Second}, []any{0, "1", 900, "2", 1800, "3", 2700, "4\n"}, "card 1234"},
		{"a long key time-out stretches the whole", hid.Options{KeyTimeout: 4 * time.Second}, []any{0, "1", 3900, "2\n"}, "card 12"},
		{"none: two numbers", hid.Options{Terminator: hid.None}, []any{0, "12", 153, "34", 400, "5"}, "card 12, card 34"},
		{"none: what takes too long is no number", hid.Options{Terminator: hid.None, KeyTimeout: time.Second}, []any{0, "1", 900, "2", 1800, "3", 2500, "4", 3600, "5", 4700, "6"}, "fault timeout, card 5"},
		{"none: garbage ends with a pause", hid.Options{Terminator: hid.None, Shape: chars.Shape{Charset: chars.Digits}}, []any{0, "1\n2", 200, "34", 400, "5"}, "fault digit, card 34"},
		{"the same badge within the time of repeat", hid.Options{Repeat: 3 * time.Second}, []any{0, "12\n", 2000, "12\n", 4900, "12\n", 8000, "12\n"}, "card 12, card 12"},
		{"another badge within it", hid.Options{Repeat: 3 * time.Second}, []any{0, "12\n", 100, "34\n", 200, "12\n"}, "card 12, card 34, card 12"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := timed(t, decoder(t, tt.opts), tt.pieces...); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestDeadlines(t *testing.T) {
	d := decoder(t, hid.Options{Terminator: hid.None})
	timed(t, d, 0, "12")
	if got := d.Deadline().Sub(t0); got != 3*ms+hid.DefaultKeyTimeout {
		t.Fatalf("deadline in %v", got)
	}
	var got []reader.Event
	emit := func(e reader.Event) { got = append(got, e) }
	d.Tick(d.Deadline().Add(-1), emit)
	if len(got) != 0 {
		t.Error("a tick before the deadline did something")
	}
	d.Tick(d.Deadline(), emit)
	if len(got) != 1 || got[0].Kind != reader.KindCard || !got[0].At.Equal(t0.Add(3*ms)) || !d.Deadline().IsZero() {
		t.Errorf("%d events", len(got))
	}
	timed(t, d, 1000, "1", 1100, "2", 1200, "3")
	for at := 1300; at < 2950; at += 100 {
		timed(t, d, at, "4")
	}
	if got := d.Deadline().Sub(t0); got != 3*time.Second {
		t.Errorf("the whole ends in %v", got)
	}
}

// TestAReportThatSaysTheSameIsNoKey: some readers repeat their last report all the time (HID
// 1.11, 7.2.4, Set_Idle). It does not stretch a number either.
func TestAReportThatSaysTheSameIsNoKey(t *testing.T) {
	d := decoder(t, hid.Options{})
	one := boot(t, "1E")[0]
	play(d, 0, one)
	if got := play(d, 100*ms, one) + play(d, 150*ms, one); got != "fault timeout" {
		t.Errorf("got %q", got)
	}
	for at := 250; at < 5000; at += 100 {
		if got := play(d, time.Duration(at)*ms, one); got != "" {
			t.Errorf("later: %q", got)
		}
	}
}

// TestALostReleaseIsNoNumber: the first digit of the next badge is the one that is
// still held to be down.
func TestALostReleaseIsNoNumber(t *testing.T) {
	d := decoder(t, hid.Options{})
	play(d, 0, boot(t, "1F 28 0 1E")...)
	got := play(d, 3*time.Second, boot(t, "1E 0 1F 28 0 1E 0 28 0")...)
	if got != "fault timeout, fault framing, card 1" {
		t.Errorf("got %q", got)
	}
}

func TestUnpluggedInTheMiddleOfANumber(t *testing.T) {
	for _, k := range sim.HIDKeyboards() {
		d := described(t, hid.Options{Layout: layout(k), Repeat: time.Hour}, k.Descriptor)
		number := reports(t, k, "1122334455\n")
		for n := range len(number) {
			at := time.Duration(n) * 10 * ms
			if got := play(d, at, number[:n]...); got != "" && n < len(number)-2 {
				t.Fatalf("%s: %d reports give %q", k.Name, n, got)
			}
			if err := d.Describe(k.Descriptor); err != nil {
				t.Fatal(err)
			}
			if !d.Deadline().IsZero() {
				t.Fatalf("%s: something of %d reports stayed", k.Name, n)
			}
			if got := play(d, at, number...); got != "card 1122334455" {
				t.Fatalf("%s: plugged in after %d reports: %q", k.Name, n, got)
			}
			if err := d.Describe(k.Descriptor); err != nil {
				t.Fatal(err)
			}
		}
	}
}

// TestMissed: what comes after reports that were lost is dropped up to its end, or until
// nothing came for the longest time of a number, and is no fault of its own.
func TestMissed(t *testing.T) {
	for _, tt := range []struct {
		name   string
		opts   hid.Options
		pieces []any
		want   string
	}{
		{"up to Enter", hid.Options{}, []any{100, "34\n", 200, "56\n"}, "card 56"},
		{"a rest without its end", hid.Options{}, []any{100, "34", 2100, "5\n", 2200, "6\n"}, "card 6"},
		{"nothing", hid.Options{}, []any{2000, "56\n"}, "card 56"},
		{"none: a pause", hid.Options{Terminator: hid.None}, []any{100, "34", 400, "56", 700, "7"}, "card 56"},
	} {
		d := decoder(t, tt.opts)
		timed(t, d, -10, "12")
		d.Missed(t0)
		if got := timed(t, d, tt.pieces...); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// TestTheEndOfSkipIsADeadline: a port that is late must not take its own lateness for a
// pause.
func TestTheEndOfSkipIsADeadline(t *testing.T) {
	d := decoder(t, hid.Options{})
	d.Missed(t0)
	if got := d.Deadline().Sub(t0); got != hid.DefaultTimeout {
		t.Errorf("deadline in %v", got)
	}
	d.Tick(d.Deadline(), func(e reader.Event) { t.Errorf("%s %s", e.Kind, e.Why) })
	if !d.Deadline().IsZero() {
		t.Error("it has no end")
	}
}

// TestTenThousandBadges: for each layout none is wrong, lost or double, whichever keyboard
// types it in whichever style.
func TestTenThousandBadges(t *testing.T) {
	byLayout := map[hid.Layout][]sim.HIDKeyboard{}
	for _, k := range sim.HIDKeyboards() {
		byLayout[layout(k)] = append(byLayout[layout(k)], k)
	}
	for _, l := range hid.Layouts {
		for _, k := range byLayout[l] {
			t.Run(string(l)+"/"+k.Name, func(t *testing.T) { badges(t, k, 10_000/len(byLayout[l])) })
		}
	}
}

func badges(t *testing.T, k sim.HIDKeyboard, n int) {
	t.Helper()
	rnd := rand.New(rand.NewPCG(5, 6))
	d := described(t, hid.Options{Layout: layout(k), Shape: chars.Shape{Charset: chars.Hex}}, k.Descriptor)
	at := t0
	for range n {
		number := randomNumber(rnd)
		k.Style = sim.HIDStyle(rnd.IntN(int(styles(k))))
		var got []string
		for _, r := range reports(t, k, number+"\n") {
			at = at.Add(time.Duration(1+rnd.IntN(10)) * ms)
			d.Feed(at, r, show(&got))
		}
		if len(got) != 1 || got[0] != "card "+number {
			t.Fatalf("got %d events, not the one card", len(got))
		}
		at = at.Add(time.Duration(rnd.IntN(500)) * ms)
	}
}

// styles is how many of the styles the keyboard can type in: a bitmap cannot hold two new
// keys at once.
func styles(k sim.HIDKeyboard) sim.HIDStyle {
	if k.Form == sim.HIDBitmap {
		return sim.HIDPacked
	}
	return sim.HIDPacked + 1
}

// randomNumber gives decimal and hex numbers of the lengths that badges have.
func randomNumber(rnd *rand.Rand) string {
	n := rnd.Uint64()
	return fmt.Sprintf([]string{"%05d", "%010d", "%08X", "%010X", "%014x", "%016X"}[rnd.IntN(6)],
		n>>[]int{50, 32, 32, 24, 8, 0}[rnd.IntN(6)])
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		opts hid.Options
		want string
	}{
		{hid.Options{Layout: "dvorak"}, `layout "dvorak": must be us, fr, de, numpad or alt`},
		{hid.Options{Terminator: "space"}, `terminator "space": must be auto, enter, tab or none`},
		{hid.Options{Checksum: "luhn"}, `checksum "luhn": must be keep or strip`},
		{hid.Options{Shape: chars.Shape{Charset: "octal"}}, `charset "octal": must be digits, hex or text`},
		{hid.Options{Shape: chars.Shape{Min: -1}}, "min -1: must be 1 to 256"},
		{hid.Options{Shape: chars.Shape{Min: 8, Max: 4}}, "max 4: must be min (8) to 256"},
		{hid.Options{Shape: chars.Shape{Prefix: "a\r"}}, "prefix and suffix: must be printable ASCII"},
		{hid.Options{Shape: chars.Shape{Suffix: "é"}}, "prefix and suffix: must be printable ASCII"},
		{hid.Options{Shape: chars.Shape{Suffix: strings.Repeat("x", 257)}}, "prefix and suffix"},
		{hid.Options{Timeout: 100 * ms}, "timeout 100ms: must be key_timeout (150ms) or longer"},
		{hid.Options{KeyTimeout: -1}, "key_timeout"},
	} {
		if _, err := hid.New(tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %q", tt.opts, err, tt.want)
		}
	}
}

// FuzzDecoder holds the decoder against a model of a boot keyboard: write down what was typed,
// and look at each line.
func FuzzDecoder(f *testing.F) {
	for _, text := range []string{"0008844356\n", "1223\t", "12=3\n"} {
		for style := range sim.HIDPacked + 1 {
			f.Add(slices.Concat(reports(f, sim.HIDKeyboard{Layout: "us", Style: style}, text)...))
		}
	}
	f.Add(slices.Concat(boot(f, "1E 01 1F 28 1E/1E 28 1E c1F 28 1E 1E/1F/20 28 53 1E s28")...))
	f.Add(slices.Concat(boot(f, "1E 28 0 c0D 0 1F 28 45 0 20 0 c10 0 45 1E 0 51 28 w15 0 a29 0 21 28")...))
	f.Fuzz(func(t *testing.T, in []byte) {
		d := decoder(t, hid.Options{Shape: chars.Shape{Charset: chars.Digits}})
		var got []string
		for r := range slices.Chunk(in, 8) {
			d.Feed(t0, r, func(e reader.Event) {
				if e.Kind == reader.KindCard {
					got = append(got, e.Card.Reveal())
				}
			})
		}
		if want := model(in); !slices.Equal(got, want) {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

// model gives the numbers that a boot keyboard types: the lines that are digits only. A
// report that cannot be read is an x.
func model(in []byte) (numbers []string) {
	text, held := "", []byte{}
	for r := range slices.Chunk(in, 8) {
		if len(r) < 8 || slices.ContainsFunc(r[2:], func(k byte) bool { return k >= 1 && k <= 3 }) || doubled(r[2:]) {
			text += "x"
			continue
		}
		for _, k := range r[2:] {
			if k != 0 && (k < 0xE0 || k > 0xE7) && !slices.Contains(held, k) {
				text = typed(text, k, r[0]|modifiers(r[2:]))
			}
		}
		held = slices.Clone(r[2:])
	}
	lines := strings.Split(text, "\n")
	for _, l := range lines[:len(lines)-1] {
		if l != "" && len(l) <= chars.DefaultMax && strings.Trim(l, "0123456789") == "" {
			numbers = append(numbers, l)
		}
	}
	return numbers
}

func doubled(keys []byte) bool {
	for i, k := range keys {
		if k != 0 && slices.Contains(keys[:i], k) {
			return true
		}
	}
	return false
}

// modifiers are those that are told among the keys.
func modifiers(keys []byte) (mods byte) {
	for _, k := range keys {
		if k >= 0xE0 && k <= 0xE7 {
			mods |= 1 << (k - 0xE0)
		}
	}
	return mods
}

// typed adds what a key types: a digit, an end, or an x. Keys that have no character are
// nothing at the start of a line.
func typed(text string, k, mods byte) string {
	const shifts, controls = 0x22, 0x11
	begun := text != "" && text[len(text)-1] != '\n'
	altGr := mods&0x40 != 0 || mods&controls != 0 && mods&0x04 != 0
	chord := mods&0x88 != 0 || !altGr && mods&(controls|0x04) != 0
	switch {
	case k == 0x39, k == 0x47, k == 0x53:
		return text
	case (k == 0x28 || k == 0x58 || k == 0x2B) && mods&^shifts == 0,
		(k == 0x0C || k == 0x0D || k == 0x10) && mods&controls != 0 && mods&^(shifts|controls) == 0:
		return text + "\n"
	case chord || nameless(k):
		if !begun {
			return text
		}
	case mods != 0:
	case k >= 0x1E && k <= 0x27:
		return text + string("1234567890"[k-0x1E])
	case k >= 0x59 && k <= 0x62:
		return text + string("1234567890"[k-0x59])
	}
	return text + "x"
}

// nameless reports whether no layout has a character for the key.
func nameless(k byte) bool {
	return k == 0x29 || k == 0x2A || k >= 0x3A && k <= 0x52 || k == 0x65 || k == 0x66 || k >= 0x68 && k <= 0x84 || k >= 0x90 && k <= 0xA4
}
