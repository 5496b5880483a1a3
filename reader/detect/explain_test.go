package detect_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/reader/detect"
	"badged/reader/protocols"
	"badged/reader/readertest"
)

var t0 = time.Unix(0, 0)

// once is a swipe that comes in one piece.
func once(text string) []detect.Chunk { return []detect.Chunk{{At: t0, Bytes: []byte(text)}} }

// slowly is a swipe whose bytes come so far apart.
func slowly(text string, gap time.Duration) (swipe []detect.Chunk) {
	for i := range len(text) {
		swipe = append(swipe, detect.Chunk{At: t0.Add(time.Duration(i) * gap), Bytes: []byte{text[i]}})
	}
	return swipe
}

// outline shows candidates: "line charset=digits: 4711".
func outline(list []detect.Candidate) string {
	var out []string
	for _, c := range list {
		s := c.Protocol
		for _, name := range slices.Sorted(maps.Keys(c.Options)) {
			s += " " + name + "=" + c.Options[name]
		}
		if c.Number != "" {
			s += ": " + c.Number
		}
		out = append(out, s)
	}
	return strings.Join(out, "; ")
}

// TestExplain (issue 7, 2.11): what a swipe says of the reader's protocol.
func TestExplain(t *testing.T) {
	const rdm = "\x0262E3086CED08\x03"
	yhy := string(readertest.Serial(t, "yhy52x-autoblock")[0].Bytes)
	stx := string(readertest.Serial(t, "newegg-stx-len")[0].Bytes)
	for _, tt := range []struct {
		name  string
		swipe []detect.Chunk
		want  string
	}{
		{"RDM6300", once(rdm), "rdm6300: 62E3086CED"},
		{"that repeats, cut in front and behind", once(rdm[5:] + rdm + rdm + rdm[:4]), "rdm6300: 62E3086CED"},
		{"byte by byte", slowly(rdm, time.Millisecond), "rdm6300: 62E3086CED"},
		{"EM-18", once("0B00A41F52E2"), "rdm6300: 0B00A41F52"},
		{"ID-12", once("\x0262E3086CED08\r\n\x03"), "id12: 62E3086CED"},
		{"Parallax", once("\n62E3086CED\r"), "parallax: 62E3086CED"},
		{"STX and length", once(stx), "stxlen: 06008E6D5D"},
		{"YHY52x", once(yhy), "yhy52x: 5EC0E07A"},
		{"IndiTag", once(":112233445501\r\n"), "twn3 mode=inditag: 1122334455"},
		{"HID Prox, or a line", once("1A808001C0\r"), "twn3 mode=prox: 010003; line charset=hex: 1A808001C0"},
		{"digits and CR LF", once("0008844356\r\n"), "line charset=digits: 0008844356"},
		{"hex", once("04AABBCC\n"), "line charset=hex: 04AABBCC"},
		{"text", once("A-4711\r"), "line: A-4711"},
		{"in STX and ETX", once("\x020008844356\x03"), `line charset=digits prefix=\x02 terminator=\x03: 0008844356`},
		{"with a line end behind", once("\x020008844356\x03\r\n"), `line charset=digits prefix=\x02 suffix=\x03: 0008844356`},
		{"twice", once("\x024711\x03\x024711\x03"), `line charset=digits prefix=\x02 terminator=\x03: 4711`},
		{"a stripe", once(";5235092385?\r"), "line charset=digits prefix=; suffix=?: 5235092385"},
		{"keys", slowly("4711#", 200*time.Millisecond), "asciikeypad"},
		{"keys with Enter", slowly("4711\r", 200*time.Millisecond), "asciikeypad"},
		{"a reader that sends digits slowly", slowly("4711\r", 9*time.Millisecond), "line charset=digits: 4711"},
		{"two keys may be noise", slowly("47", 200*time.Millisecond), ""},
		{"noise", once("\xff\x00\x8f\xfe"), ""},
		{"another checksum", once("\x0262E3086CED09\x03"), `line charset=hex prefix=\x02 terminator=\x03: 62E3086CED09`},
		{"text without an end", once("A-4711"), ""},
		{"nothing", nil, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			list := detect.Explain(tt.swipe)
			if got := outline(list); got != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
			for _, c := range list {
				if _, err := protocols.New(c.Protocol, c.Options); err != nil {
					t.Errorf("the options cannot be pasted: %v", err)
				}
			}
		})
	}
}

// FuzzExplain: whatever comes, the options that are proposed can be had.
func FuzzExplain(f *testing.F) {
	for _, s := range []string{"\x0262E3086CED08\x03", "0B00A41F52E2", "1A808001C0\r", ";12?\r\n", "\x02\\x\x03", "4711#"} {
		f.Add([]byte(s), 7)
	}
	f.Fuzz(func(t *testing.T, in []byte, gap int) {
		swipe := slowly(string(in), time.Duration(min(max(gap, 0), 1000))*time.Millisecond)
		for _, c := range append(detect.Explain(swipe), detect.Explain(once(string(in)))...) {
			if _, err := protocols.New(c.Protocol, c.Options); err != nil {
				t.Error(err)
			}
		}
	})
}
