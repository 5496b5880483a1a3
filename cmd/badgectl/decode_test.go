package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
	"unicode/utf8"
)

const (
	frame    = "0236324533303836434544303803"
	badFrame = "0236324533303836434544303903"
	card     = `{"kind":"card","number":"62E3086CED","hex":"62E3086CED","bits":40,"format":"EM4100"}` + "\n"
)

func TestDecode(t *testing.T) {
	tests := []struct {
		name, in string
		args     []string
		want     string
		code     int
	}{
		{"a badge", frame, []string{"--protocol", "rdm6300"}, card, 0},
		{"over two lines", frame[:10] + "\n" + frame[10:] + "\n", []string{"--protocol", "rdm6300"}, card, 0},
		{"a capture", "# device: x\n\n@0 " + frame + "\n@65 " + frame + "\n@4000 " + frame, []string{"--protocol", "rdm6300"}, card + card, 0},
		{"a wrong checksum", badFrame, []string{"--protocol", "rdm6300"}, `{"kind":"fault","why":"checksum"}` + "\n", 1},
		{"cut off", frame[:12], []string{"--protocol", "rdm6300"}, `{"kind":"fault","why":"timeout"}` + "\n", 1},
		{"cut off, then whole", "@0 " + frame[:12] + "\n@900 " + frame, []string{"--protocol", "rdm6300"}, `{"kind":"fault","why":"timeout"}` + "\n" + card, 1},
		{"keys", "2a37", []string{"--protocol", "asciikeypad"}, `{"kind":"key","key":"*"}` + "\n" + `{"kind":"key","key":"7"}` + "\n", 0},
		{"an option with a comma", "2c410d", []string{"--protocol", "line", "-o", "prefix=,"}, `{"kind":"card","number":"A","hex":"41","bits":8,"format":"text"}` + "\n", 0},
		{"a number rule", "31320d0a", []string{"--protocol", "line", "-o", "charset=digits", "--number", "lpad(4)"},
			`{"kind":"card","number":"0012","hex":"3132","bits":16,"format":"text"}` + "\n", 0},
		{"nothing", "", []string{"--protocol", "line"}, "", 0},
		{"blanks", "02 36 32 45 33 30 38 36 43 45 44 30 38 03", []string{"--protocol", "rdm6300"}, card, 0},
		{"colons, behind a time", "@5 02:36:32:45:33:30:38:36:43:45:44:30:38:03", []string{"--protocol", "rdm6300"}, card, 0},
		{"0x and commas", "0x02, 0x36, 0x32, 0x45, 0x33, 0x30, 0x38, 0x36, 0x43, 0x45, 0x44, 0x30, 0x38, 0x3", []string{"--protocol", "rdm6300"}, card, 0},
		{"dashes over two lines", "02-36-32-45-33-30-38\n36-43-45-44-30-38-03", []string{"--protocol", "rdm6300"}, card, 0},
		{"a report", "00 00 1E 00 00 00 00 00\n00:00:00:00:00:00:00:00\n0x00 0x00 0x28 0x00 0x00 0x00 0x00 0x00", []string{"--protocol", "hid"},
			`{"kind":"card","number":"1","hex":"31","bits":8,"format":"text"}` + "\n", 0},
		{"Ctrl+J behind Enter, two badges in two seconds", "@0 00001E0000000000\n@1 0000000000000000\n@2 0000280000000000\n@3 0000000000000000\n@4 01000D0000000000\n@5 0000000000000000\n" +
			"@1000 00001F0000000000\n@1001 0000000000000000\n@1002 0000280000000000\n@1003 0000000000000000\n@1004 01000D0000000000\n@1005 0000000000000000\n", []string{"--protocol", "hid"},
			`{"kind":"card","number":"1","hex":"31","bits":8,"format":"text"}` + "\n" + `{"kind":"card","number":"2","hex":"32","bits":8,"format":"text"}` + "\n", 0},
		{"twelve digits of an EM-18 and nothing else", "304230304134314635324532", []string{"--protocol", "rdm6300"},
			`{"kind":"card","number":"0B00A41F52","hex":"0B00A41F52","bits":40,"format":"EM4100"}` + "\n", 0},
		{"an answer", "0x2a", []string{"--protocol", "asciikeypad"}, `{"kind":"key","key":"*"}` + "\n", 0},
		{"hexdump -C", "00000000  02 36 32 45 33 30 38 36  43 45 44 30 38 03        |.62E3086CED08.|\n0000000e\n", []string{"--protocol", "rdm6300"}, card, 0},
		{"od -tx1", "0000000 02 36 32 45 33 30 38 36 43 45 44 30 38 03 02 36\n0000020 32 45 33 30 38 36 43 45 44 30 38 03\n0000034\n", []string{"--protocol", "rdm6300"}, card, 0}, // twice at one moment is once
		{"escapes without quotes", `\x0262E3086CED08\x03`, []string{"--protocol", "rdm6300"}, card, 0},
		{"names of control characters", "<STX>62E3086CED08<ETX>", []string{"--protocol", "rdm6300"}, card, 0},
		{"an end in escapes", `0049182736\r\n`, []string{"--protocol", "line"}, `{"kind":"card","number":"0049182736","hex":"30303439313832373336","bits":80,"format":"text"}` + "\n", 0},
		{"an array of C", "uint8_t x[] = {\n  0x02,0x36,0x32,0x45,0x33,0x30,0x38,\n  0x36,0x43,0x45,0x44,0x30,0x38,0x03\n};\n", []string{"--protocol", "rdm6300"}, card, 0},
		{"a log with a count", "Received 14 bytes: 02 36 32 45 33 30 38 36 43 45 44 30 38 03", []string{"--protocol", "rdm6300"}, card, 0},
		{"reports of a keyboard as hexdump -C shows them", "00000000  00 00 1e 00 00 00 00 00  |........|\n00000008\n", []string{"--protocol", "hid", "-o", "keypad=on"}, `{"kind":"key","key":"1"}` + "\n", 0},
		{"bits are no option of bytes", "", []string{"--protocol", "line", "-o", "bits=26"}, "", 64},
		{"no hex", "xyz", []string{"--protocol", "line"}, "", 1},
		{"times of a clock", "@1700000000000 " + frame[:12] + "\n@1700000000065.5\t" + frame[12:], []string{"--protocol", "rdm6300"}, card, 0},
		{"times of a clock, cut off, then whole", "@1700000000000\t" + frame[:12] + "\n@1700000000900 " + frame, []string{"--protocol", "rdm6300"},
			`{"kind":"fault","why":"timeout"}` + "\n" + card, 1},
		{"a time behind lines without one", frame[:12] + "\n@7000 " + frame[12:], []string{"--protocol", "rdm6300"}, card, 0},
		{"a byte order mark", "\uFEFF" + frame, []string{"--protocol", "rdm6300"}, card, 0},
		{"a byte order mark before a comment", "\uFEFF# device: x\r\n@0 " + frame, []string{"--protocol", "rdm6300"}, card, 0},
		{"text as it is", "3c26413e0d", []string{"--protocol", "line"}, `{"kind":"card","number":"<&A>","hex":"3C26413E","bits":32,"format":"text"}` + "\n", 0},
		{"an unknown protocol", "", []string{"--protocol", "nope"}, "", 64},
		{"an unknown option", "", []string{"--protocol", "line", "-o", "x=1"}, "", 64},
		{"an option without value", "", []string{"--protocol", "line", "-o", "x"}, "", 64},
		{"a wrong rule", "", []string{"--protocol", "line", "--number", "nope"}, "", 64},
		{"too many files", "", []string{"--protocol", "line", "a", "b"}, "", 64},
		{"no such file", "", []string{"--protocol", "line", "/nowhere/x"}, "", 1},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.in, append([]string{"decode"}, tt.args...)...)
			if tt.want != "" && got.out != tt.want || got.code != tt.code {
				t.Errorf("code %d, want %d; printed\n%swant\n%s%s", got.code, tt.code, got.out, tt.want, got.stderr)
			}
			if silent := got.stderr == ""; got.code == 64 && silent {
				t.Error("it does not say what is wrong")
			}
		})
	}
}

// A badge that the rule does not fit is a fault as any other: what follows is told.
func TestDecodeGoesOnAfterABadgeThatDoesNotFit(t *testing.T) {
	got := run(t, "313233340d\n78790d\n7a7a0d\n01320d\n373839300d", "decode", "--protocol", "line", "--number", "hex2dec")
	const unfit, digit = `{"kind":"fault","why":"number"}` + "\n", `{"kind":"fault","why":"digit"}` + "\n"
	want := `{"kind":"card","number":"4660","hex":"31323334","bits":32,"format":"text"}` + "\n" + unfit + unfit + digit +
		`{"kind":"card","number":"30864","hex":"37383930","bits":32,"format":"text"}` + "\n"
	if got.out != want || got.code != 1 || got.stderr != "" {
		t.Errorf("code %d, printed\n%swant\n%s%s", got.code, got.out, want, got.stderr)
	}
}

func TestDecodeSaysWhatIsWrongWithALine(t *testing.T) {
	for _, tt := range []struct{ name, in, protocol, want string }{
		{"time runs backwards", "@5 2a\n@4 2a", "asciikeypad", "line 2: its time is before that of the line above"},
		{"time of edges runs backwards", "@5 1\n# x\n@4 0", "wiegand", "line 3: its time is before that of the line above"},
		{"time of a line above that has none", "@0 1010\n1010\n@500 1010", "wiegand", "line 3: its time is before that of the line above, which came a second"},
		{"more than a day", "@0 2a\n@86400001 2a", "asciikeypad", "line 2: its time is more than 24h0m0s after"},
		{"no time", "@ 2a", "asciikeypad", "line 1: a time is @ and milliseconds"},
		{"too many edges", "@0 " + strings.Repeat("1", 4097), "wiegand", "line 1: 4097 edges"},
	} {
		got := run(t, tt.in, "decode", "--protocol", tt.protocol)
		if got.code != 1 || !strings.Contains(got.stderr, tt.want) {
			t.Errorf("%s: code %d, want %q: %s", tt.name, got.code, tt.want, got.stderr)
		}
	}
}

// What was attempted is said by who attempted it.
func TestAFileThatIsNotThere(t *testing.T) {
	for want, args := range map[string][]string{
		"badgectl: read the bytes to decode: open /nowhere/x": {"decode", "--protocol", "line", "/nowhere/x"},
		"badgectl: read the badges: open /nowhere/x":          {"card", "learn", "/nowhere/x"},
		"badgectl: read the capture: open /nowhere/x":         {"replay", "--protocol", "line", "/nowhere/x"},
	} {
		if got := run(t, "", args...); got.code != 1 || !strings.HasPrefix(got.stderr, want) {
			t.Errorf("code %d, want %q: %s", got.code, want, got.stderr)
		}
	}
}

// The help names each format, in lines that a screen holds.
func TestDecodeHelp(t *testing.T) {
	got := run(t, "", "decode", "--help")
	for _, want := range []string{"H10301 (26)", "H10302 (37)", "C1k48s (48)"} {
		if !strings.Contains(strings.Join(strings.Fields(got.out), " "), want) {
			t.Errorf("%s is missing", want)
		}
	}
	for l := range strings.Lines(got.out) {
		if n := utf8.RuneCountInString(strings.TrimSuffix(l, "\n")); n > screenWidth {
			t.Errorf("%d characters: %s", n, l)
		}
	}
}

func TestDecodeTellsALongLine(t *testing.T) {
	got := run(t, "00\n\n"+strings.Repeat("00", 1<<20)+"\n", "decode", "--protocol", "line")
	if want := "line 3: longer than 24640 characters"; got.code != 1 || !strings.Contains(got.stderr, want) || strings.Contains(got.stderr, "bufio") {
		t.Errorf("code %d, want 1 and %q: %s", got.code, want, got.stderr)
	}
}

func TestDecodeWiegand(t *testing.T) {
	const (
		cdvi   = "10001011001101010001101110"
		badge  = `{"kind":"card","number":"166A37","hex":"8B351B80","bits":26,"format":"H10301","facility":22,"card":27191}` + "\n"
		key    = `{"kind":"key","key":"*"}` + "\n"
		parity = `{"kind":"fault","why":"parity"}` + "\n"
	)
	for _, tt := range []struct {
		name, in string
		args     []string
		want     string
		code     int
	}{
		{"a badge", cdvi, nil, badge, 0},
		{"a line is a frame", cdvi + "\n" + cdvi + "\n1010\n", nil, badge + badge + key, 0},
		{"edges with their times", timed("@%d %c\n", cdvi) + "@900 1010", nil, badge + key, 0},
		{"a tab behind the time", timed("@%d\t%c\n", cdvi) + "@900\t1010", nil, badge + key, 0},
		{"a capture", "# device: x\n" + timed("@%d %x\n", cdvi), nil, badge, 0},
		{"lost edges", cdvi[:9] + "x" + cdvi[9:], nil, `{"kind":"fault","why":"edges"}` + "\n", 1},
		{"wrong parity", "0" + cdvi[1:], nil, parity, 1},
		{"lines exchanged", "01110100110010101110010001\n01110100110010101110010001\n01110100110010101110010001", nil,
			parity + parity + `{"kind":"fault","why":"swapped"}` + "\n", 1},
		{"raw", "10100100110111001100110000011101", []string{"-o", "format=raw"},
			`{"kind":"card","number":"A4DCCC1D","hex":"A4DCCC1D","bits":32,"format":"raw"}` + "\n", 0},
		{"a field that is 0", "11001010100101001001100111111000", []string{"-o", "format=Kastle"},
			`{"kind":"card","number":"054A4CFC","hex":"CA9499F8","bits":32,"format":"Kastle","facility":74,"card":19708,"issue":5}` + "\n", 0},
		{"every field", "011011011111011001010100101011001011", []string{"-o", "format=C15001"},
			`{"kind":"card","number":"36FB2A565","hex":"6DF654ACB0","bits":36,"format":"C15001","facility":178,"card":42341,"oem":879}` + "\n", 0},
		{"not told apart", "0000000000000000000000000000000000010", nil,
			`{"kind":"card","number":"0000000002","hex":"0000000010","bits":37,"format":"37-bit"}` + "\n", 0},
		{"configured", "0000000000000000000000000000000000010", []string{"-o", "format=H10304"},
			`{"kind":"card","number":"000000001","hex":"0000000010","bits":37,"format":"H10304","facility":0,"card":1}` + "\n", 0},
		{"Rosslare", "110111", []string{"-o", "keypad=6bit"}, key, 0},
		{"a keypad that sends whole numbers", "10000000000010010011001111\n" + cdvi, []string{"-o", "keypad=frame", "-o", "facility=0"},
			`{"kind":"key","key":"4"}` + "\n" + `{"kind":"key","key":"7"}` + "\n" + `{"kind":"key","key":"1"}` + "\n" + `{"kind":"key","key":"1"}` + "\n" + `{"kind":"key","key":"#"}` + "\n" + badge, 0},
		{"and its own error", "0x1FFFF, 26 bits", []string{"-o", "keypad=frame", "-o", "entry=code"}, `{"kind":"fault","why":"overflow"}` + "\n", 1},
		{"in groups", "1000 1011 0011 0101 0001 1011 10\n1-00010110-0110101000110111-0\n1_00010110_0110101000110111_0", nil, badge + badge + badge, 0},
		{"hex, 26 bits", "22CD46E, 26 bits", nil, badge, 0},
		{"26 bits in front, with a time", "@5 26 bits: 0x22CD46E", nil, badge, 0},
		{"hex whose length is an option", "22CD46E\n2:2C:D4:6E\n" + cdvi, []string{"-o", "bits=26"}, badge + badge + badge, 0},
		{"its own output", `{"kind":"card","number":"166A37","hex":"8B351B80","bits":26,"format":"H10301"}`, nil, badge, 0},
		{"a log of ESPHome", "[12:34:56][V][wiegand:090]: received 26-bit value: 22cd46e", nil, badge, 0},
		{"a line of proxmark3", "[=] raw: 0000000000000020062cd46e", nil, badge, 0},
		{"hex without its length", "22CD46E0", nil, "", 1},
		{"a length that does not fit", "22CD46E, 24 bits", nil, "", 1},
		{"a length that cannot be", cdvi, []string{"-o", "bits=257"}, "", 64},
		{"no edges", "10002", nil, "", 1},
		{"a wrong time", "@x 1000", nil, "", 1},
		{"no such format", cdvi, []string{"-o", "format=W26"}, "", 64},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.in, append([]string{"decode", "--protocol", "wiegand"}, tt.args...)...)
			if got.out != tt.want || got.code != tt.code {
				t.Errorf("code %d, want %d; printed\n%swant\n%s%s", got.code, tt.code, got.out, tt.want, got.stderr)
			}
		})
	}
}

// timed writes an edge a line, one every two milliseconds.
func timed(format, bits string) string {
	var s strings.Builder
	for i := range len(bits) {
		fmt.Fprintf(&s, format, 2*i, bits[i])
	}
	return s.String()
}

// TestDecodeEveryFormat decodes the known frames as a technician would.
func TestDecodeEveryFormat(t *testing.T) {
	f, err := os.Open("../../testdata/vectors/wiegand-formats.csv")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	rows, err := csv.NewReader(f).ReadAll()
	if err != nil || len(rows) < 29 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for _, r := range rows[1:] {
		t.Run(r[0]+"/"+r[2]+"-"+r[3], func(t *testing.T) {
			got := run(t, r[6], "decode", "--protocol", "wiegand", "-o", "format="+r[0])
			var card map[string]any
			dec := json.NewDecoder(strings.NewReader(got.out))
			dec.UseNumber()
			if err := dec.Decode(&card); err != nil || got.code != 0 {
				t.Fatalf("code %d, %v: %s%s", got.code, err, got.out, got.stderr)
			}
			for i, key := range []string{"bits", "facility", "card", "issue", "oem"} {
				if v, ok := card[key]; ok && v != json.Number(r[1+i]) || !ok && r[1+i] != "0" {
					t.Errorf("%s is %v, want %s", key, v, r[1+i])
				}
			}
			if card["format"] != r[0] {
				t.Errorf("format %v", card["format"])
			}
		})
	}
}
