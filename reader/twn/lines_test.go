package twn_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"badged/reader"
	"badged/reader/pacs"
	"badged/reader/readertest"
	"badged/reader/twn"
)

// ambiguous is the line of a HID Prox badge, and that of an IndiTag without its colon.
const ambiguous = "1A10217540"

func TestIndiTagContract(t *testing.T) {
	for _, mode := range []twn.Mode{twn.IndiTag, twn.Auto} {
		t.Run(string(mode), func(t *testing.T) { indiTagContract(t, mode) })
	}
}

func indiTagContract(t *testing.T, mode twn.Mode) {
	v := readertest.Serial(t, "twn3-inditag")[0]
	readertest.Decoder(t, readertest.Contract{
		New:    func() reader.Decoder { return lines(t, twn.LineOptions{Mode: mode}) },
		Frames: [][]byte{v.Bytes, []byte(":00FF80000180\r\n"), []byte(":" + ambiguous + "\r\n")},
		Want: []reader.Event{
			card(reader.NewCard(reader.Unknown, "IndiTag", 40, decodeHex(t, v.Card))),
			card(reader.NewCard(reader.Unknown, "IndiTag", 40, decodeHex(t, "00FF800001"))),
			card(reader.NewCard(reader.Unknown, "IndiTag", 32, decodeHex(t, ambiguous[:8]))),
		},
		Checksum: true,
		Garbage: [][]byte{
			{0}, {0xFF}, []byte("\r"), []byte("\n"), []byte("\r\n"), []byte(":"), []byte("::::"), []byte("noise\r\n"),
			[]byte(":1122334455"), []byte(":112233445502\r\n"), []byte("998877\r\n"), bytes.Repeat([]byte("F"), 1000),
		},
	})
}

func TestProxContract(t *testing.T) {
	frames := [][]byte{[]byte("1A808001C0\r"), []byte("1A8B351B80\r")}
	var want []reader.Event
	for _, packed := range []string{"808001C0", "8B351B80"} {
		c, why := pacs.Selection{}.Card(reader.HIDProx, 26, decodeHex(t, packed))
		if why != "" {
			t.Fatal(why)
		}
		want = append(want, card(c))
	}
	readertest.Decoder(t, readertest.Contract{
		New:     func() reader.Decoder { return lines(t, twn.LineOptions{Mode: twn.Prox}) },
		Frames:  frames,
		Want:    want,
		Garbage: [][]byte{{0}, {0xFF}, []byte("\n"), []byte("noise\r"), []byte("1A808001\r"), []byte("1A808001E0\r"), bytes.Repeat([]byte("F"), 1000)},
	})
}

func TestLinesSayABadgeInManyWays(t *testing.T) {
	for _, tt := range []struct {
		format   twn.Mode
		in, want string
	}{
		{twn.Auto, "1A808001C0\r", "hidprox H10301 26 010003"},
		{twn.Auto, "1A808001C0\r\n1A8B351B80\r", "hidprox H10301 26 010003, hidprox H10301 26 166A37"},
		{twn.Auto, ":112233445501\r\n1A808001C0\r", "unknown IndiTag 40 1122334455, hidprox H10301 26 010003"},
		{twn.Auto, "1A008001C0\r", "faultparity"},
		{twn.Auto, "1A808001C1\r", "faultformat"},
		{twn.Auto, "112233445501\r\n", "faultlength"},
		{twn.Auto, ":112233445502\r", "faultchecksum"},
		{twn.Auto, ambiguous + "\r", "faultambiguous"},
		{twn.Prox, ambiguous + "\r", "hidprox H10301 26 2042EA"},
		{twn.Auto, "529D06E3\r", "faultlength"},
		{twn.Prox, ":1A808001C0\r", "faultdigit"},
		{twn.Hex, ":529D06E3\r", "faultdigit"},
		{twn.Prox, "1A808001C0\r", "hidprox H10301 26 010003"},
		{twn.Prox, "1A008001C0\r", "faultparity"},
		{twn.Prox, "1A808001C1\r", "faultformat"},
		{twn.Prox, "00\r", "faultlength"},
		{twn.Prox, "20808001C0\r1B808001C0\r", "faultformat, faultlength"},
		{twn.Hex, "529D06E3\r", "text text 64 529D06E3"},
		{twn.Hex, "529D06E3\r\n04A1B2C3D4E5F6\r\n", "text text 64 529D06E3, text text 112 04A1B2C3D4E5F6"},
		{twn.Hex, "529D06E\r", "faultlength"},
		{twn.Hex, "529d06e3\r", "faultdigit"},
		{twn.Hex, "N\r", "faultdigit"},
		{twn.Hex, strings.Repeat("A", 66) + "\r", "faultlength"},
		{twn.Hex, strings.Repeat("A", 69) + "\r529D06E3\r", "faultoverflow, text text 64 529D06E3"},
		{twn.Decimal, "0008844356\r", "text text 80 0008844356"},
		{twn.Decimal, "000884435F\r", "faultdigit"},
		{twn.Decimal, "123\n456\r", "faultframing, text text 24 456"},
		{twn.IndiTag, "112233445501\r\n", "faultframing"},
		{twn.IndiTag, "1A808001C0\r", "faultframing"},
		{twn.IndiTag, ":112233445501\r\r\n", "faultframing"},
		{twn.IndiTag, ":00\r\n", "faultlength"},
		{twn.IndiTag, ":112233445501\r:112233445501\r\n", "faultframing"},
	} {
		if got := feed(lines(t, twn.LineOptions{Mode: tt.format}), tt.in); got != tt.want {
			t.Errorf("%s %.20q: got %q, want %q", tt.format, tt.in, got, tt.want)
		}
	}
}

// Raw bits are not checked, so that nothing would tell a line of HID Prox from another.
func TestRawBitsAreNotGuessed(t *testing.T) {
	raw, err := pacs.Select("raw")
	if err != nil {
		t.Fatal(err)
	}
	for mode, want := range map[twn.Mode]string{twn.Auto: "faultformat", twn.Prox: "hidprox raw 24 9602D2"} {
		if got := feed(lines(t, twn.LineOptions{Mode: mode, Cards: raw}), "189602D2\r"); got != want {
			t.Errorf("%s: got %q, want %q", mode, got, want)
		}
	}
}

func TestALineThatStays(t *testing.T) {
	d := lines(t, twn.LineOptions{Mode: twn.Hex})
	if got := feed(d, "529D06E3\r529D06E3\r", "529D06E3\r", "529D", "06E3\r", "529D06E3\r"); got != "text text 64 529D06E3, text text 64 529D06E3, faulttimeout, text text 32 06E3, text text 64 529D06E3" {
		t.Errorf("got %q", got)
	}
}

func TestALineThatStops(t *testing.T) {
	d := lines(t, twn.LineOptions{})
	if got := feed(d, "1A80", "", "1A808001C0\r"); got != "faulttimeout, hidprox H10301 26 010003" {
		t.Errorf("got %q", got)
	}
	if got := feed(d, strings.Repeat("A", 69), "", "1A8B351B80\r"); got != "faultoverflow, hidprox H10301 26 166A37" {
		t.Errorf("too long, then stopped: %q", got)
	}
	feed(d, "1A80")
	if got := d.Deadline().Sub(t0); got != twn.DefaultLineTimeout {
		t.Errorf("stopped after %v", got)
	}
}

func TestFormatsThatCannotBe(t *testing.T) {
	if _, err := twn.NewLines(twn.LineOptions{Mode: "octal"}); err == nil || !strings.Contains(err.Error(), "mode \"octal\": must be auto, inditag, prox, hex or decimal") {
		t.Errorf("got %v", err)
	}
}

// FuzzLines: what comes out as a card stands in the input, and a split changes nothing.
func FuzzLines(f *testing.F) {
	f.Add([]byte(":112233445501\r\n"), 4, uint8(0))
	f.Add([]byte("1A808001C0\r\n1A808001C0\r"), 9, uint8(1))
	f.Add([]byte("529D06E3\r0008844356\r"), 9, uint8(2))
	f.Add([]byte(":112233445501\r\n1A808001C0\r"+ambiguous+"\r"), 9, uint8(4))
	formats := []twn.Mode{twn.IndiTag, twn.Prox, twn.Hex, twn.Decimal, twn.Auto}
	f.Fuzz(func(t *testing.T, in []byte, cut int, format uint8) {
		opts := twn.LineOptions{Mode: formats[format%5]}
		whole := texts(lines(t, opts), in)
		cut = min(max(cut, 0), len(in))
		if got := texts(lines(t, opts), in[:cut], in[cut:]); fmt.Sprint(got) != fmt.Sprint(whole) {
			t.Error("a split changes the cards")
		}
		for _, text := range whole {
			if !bytes.Contains(in, []byte(text)) {
				t.Error("a card that was not sent")
			}
		}
	})
}

// texts gives the cards as a line writes them.
func texts(d reader.Decoder, chunks ...[]byte) (out []string) {
	for _, c := range chunks {
		d.Feed(t0, c, func(e reader.Event) {
			switch {
			case e.Kind != reader.KindCard:
			case e.Card.Tech() == reader.Text:
				out = append(out, e.Card.Reveal())
			default:
				out = append(out, e.Card.Hex())
			}
		})
	}
	return out
}
