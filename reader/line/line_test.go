package line_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/chars"
	"badged/reader/line"
	"badged/reader/readertest"
)

var t0 = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

func decoder(t testing.TB, o line.Options) *line.Decoder {
	t.Helper()
	d, err := line.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func TestContract(t *testing.T) {
	for name, tt := range map[string]struct {
		opts   line.Options
		frames []string
		cards  []string
	}{
		"digits":      {line.Options{Shape: chars.Shape{Charset: chars.Digits}}, []string{"0008844356\r\n", "1234\r", "5678\n"}, []string{"0008844356", "1234", "5678"}},
		"hex":         {line.Options{Shape: chars.Shape{Charset: chars.Hex, Min: 8, Max: 8}}, []string{"946EBD28\r\n", "529d06e3\r\n"}, []string{"946EBD28", "529d06e3"}},
		"framed":      {line.Options{Shape: chars.Shape{Prefix: "\x02", Suffix: "\x03", Charset: chars.Hex}}, []string{"\x02AB\x03\r\n", "\x02CD\x03\r\n"}, []string{"AB", "CD"}},
		"its own end": {line.Options{Shape: chars.Shape{Prefix: "\x02", Charset: chars.Hex}, Terminator: "\x03"}, []string{"\x02AB\x03", "\x02CD\x03\r\n"}, []string{"AB", "CD"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := readertest.Contract{
				New:     func() reader.Decoder { return decoder(t, tt.opts) },
				Garbage: [][]byte{{0}, {0xFF, 0xFE}, []byte("no digits"), []byte(strings.Repeat("x", 400))},
			}
			for i, f := range tt.frames {
				c.Frames = append(c.Frames, []byte(f))
				c.Want = append(c.Want, reader.Event{Kind: reader.KindCard, Card: reader.TextCard(tt.cards[i])})
			}
			readertest.Decoder(t, c)
		})
	}
}

// play feeds the text and shows the events: "card 12" or "fault length".
func play(d reader.Decoder, at time.Duration, in string) string {
	var out []string
	d.Feed(t0.Add(at), []byte(in), func(e reader.Event) {
		if e.Kind == reader.KindCard {
			out = append(out, "card "+e.Card.Reveal())
		} else {
			out = append(out, fmt.Sprintf("%s %s", e.Kind, e.Why))
		}
	})
	return strings.Join(out, ", ")
}

func TestLines(t *testing.T) {
	long := strings.Repeat("1", chars.DefaultMax)
	etx := line.Options{Shape: chars.Shape{Prefix: "\x02"}, Terminator: "\x03"}
	for _, tt := range []struct {
		name     string
		opts     line.Options
		in, want string
	}{
		{"CR", line.Options{}, "123\r", "card 123"},
		{"LF", line.Options{}, "123\n", "card 123"},
		{"CR LF", line.Options{}, "123\r\n456\r\n", "card 123, card 456"},
		{"zeros in front stay", line.Options{Shape: chars.Shape{Charset: chars.Digits}}, "000123\r", "card 000123"},
		{"case stays", line.Options{Shape: chars.Shape{Charset: chars.Hex}}, "aB\r", "card aB"},
		{"empty lines are nothing", line.Options{}, "\r\n\r\n\n", ""},
		{"foreign character", line.Options{Shape: chars.Shape{Charset: chars.Digits}}, "12A\r34\r", "fault digit, card 34"},
		{"control character", line.Options{}, "12\x0034\r", "fault digit"},
		{"not ASCII", line.Options{}, "12é\r", "fault digit"},
		{"longest", line.Options{}, long + "\r", "card " + long},
		{"over-long is one fault", line.Options{}, long + "1111\r22\r", "fault overflow, card 22"},
		{"endless", line.Options{}, strings.Repeat("1", 100_000), "fault overflow"},
		{"too short", line.Options{Shape: chars.Shape{Min: 4}}, "123\r", "fault length"},
		{"prefix and suffix", line.Options{Shape: chars.Shape{Prefix: "ID:", Suffix: ";"}}, "ID:123;\r", "card 123"},
		{"no prefix", line.Options{Shape: chars.Shape{Prefix: "ID:"}}, "123\r", "fault framing"},
		{"no suffix", line.Options{Shape: chars.Shape{Suffix: ";"}}, "123\r", "fault framing"},
		{"prefix alone", line.Options{Shape: chars.Shape{Prefix: "ID:"}}, "ID:\r", "fault length"},
		{"prefix and suffix do not share", line.Options{Shape: chars.Shape{Prefix: ";", Suffix: ";"}}, ";\r", "fault framing"},
		{"longer than max within the frame", line.Options{Shape: chars.Shape{Prefix: ";", Max: 3}}, ";1234\r", "fault overflow"},
		{"ETX ends it at once", etx, "\x02123\x03", "card 123"},
		{"CR and LF between frames", etx, "\r\n\x0212\x03\r\n\x0234\x03", "card 12, card 34"},
		{"CR inside", etx, "\x0212\r34\x03\x0256\x03", "fault digit, card 56"},
		{"CR alone ends nothing", etx, "\x0212\r\n", ""},
		{"only its end ends what is too long", etx, "\x02" + long + "1\r\n11\x03\x0222\x03", "fault overflow, card 22"},
		{"nothing between two ends", etx, "\x03\x03\x0212\x03", "card 12"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			if got := play(decoder(t, tt.opts), 0, tt.in); got != tt.want {
				t.Errorf("got %.80q, want %.80q", got, tt.want)
			}
		})
	}
}

func TestALineThatStops(t *testing.T) {
	d := decoder(t, line.Options{})
	play(d, 0, "123")
	if got := d.Deadline().Sub(t0); got != line.DefaultTimeout {
		t.Fatalf("deadline in %v", got)
	}
	if got := play(d, line.DefaultTimeout, "456\r"); got != "fault timeout" {
		t.Errorf("the late rest of a line: %q", got)
	}
	if got := play(d, 2*line.DefaultTimeout, "789\r"); got != "card 789" {
		t.Errorf("the next line: %q", got)
	}
}

func TestOptionsThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		opts line.Options
		want string
	}{
		{line.Options{Shape: chars.Shape{Charset: "base64"}}, "digits, hex or text"},
		{line.Options{Shape: chars.Shape{Min: -1}}, "min -1"},
		{line.Options{Shape: chars.Shape{Min: 8, Max: 4}}, "max 4: must be min (8)"},
		{line.Options{Shape: chars.Shape{Max: 257}}, "max 257"},
		{line.Options{Shape: chars.Shape{Max: 256, Prefix: "x"}}, "257 characters"},
		{line.Options{Shape: chars.Shape{Prefix: "a\r"}}, "CR or LF"},
		{line.Options{Shape: chars.Shape{Suffix: "\x03"}, Terminator: "\x03"}, "must not contain the terminator"},
		{line.Options{Terminator: "\r\n"}, "terminator: must be auto (CR, LF or both) or one byte"},
	} {
		if _, err := line.New(tt.opts); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%+v: got %v, want %q", tt.opts, err, tt.want)
		}
	}
}

// FuzzDecoder holds the decoder against a model: split the whole input into lines,
// and look at each.
func FuzzDecoder(f *testing.F) {
	f.Add("0008844356\r\n946EBD28\r", 3)
	f.Add("12A\r34\r\n", 1)
	f.Add("11111111111111111\r2\r", 9)
	f.Fuzz(func(t *testing.T, in string, cut int) {
		const longest = 12
		d := decoder(t, line.Options{Shape: chars.Shape{Charset: chars.Digits, Max: longest}})
		cut = min(max(cut, 0), len(in))
		got := strings.Trim(play(d, 0, in[:cut])+", "+play(d, 0, in[cut:]), ", ")
		if want := model(in, longest); got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func model(in string, longest int) string {
	var out []string
	lines := strings.Split(strings.ReplaceAll(in, "\r", "\n"), "\n")
	for i, l := range lines {
		ended := i < len(lines)-1
		switch {
		case len(l) > longest:
			out = append(out, "fault overflow")
		case l == "" || !ended:
		case strings.Trim(l, "0123456789") != "":
			out = append(out, "fault digit")
		default:
			out = append(out, "card "+l)
		}
	}
	return strings.Join(out, ", ")
}
