package dump_test

import (
	"bytes"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"

	"badged/reader/dump"
)

// TestBytes (issue 7, 2.5): a frame as people paste it.
func TestBytes(t *testing.T) {
	const frame = "0236324533303836434544303803"
	for _, line := range []string{
		frame,
		strings.ToLower(frame),
		"02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"02:36:32:45:33:30:38:36:43:45:44:30:38:03",
		"02-36-32-45-33-30-38-36-43-45-44-30-38-03",
		"02,36,32,45,33,30,38,36,43,45,44,30,38,03,",
		"02; 36; 32; 45; 33; 30; 38; 36; 43; 45; 44; 30; 38; 03",
		"\t02  36 32 45\t33 30 38 36  43 45 44 30 38 03 ",
		"2 36 32 45 33 30 38 36 43 45 44 30 38 3",
		"0236 3245 3330 3836 4345 4430 3803",
		"0x02 0x36 0x32 0x45 0x33 0x30 0x38 0x36 0x43 0x45 0x44 0x30 0x38 0x03",
		"{0x2,0x36,0x32,0x45,0x33,0x30,0x38,0x36,0x43,0x45,0x44,0x30,0x38,0x3}",
		"[0X02, 0X36, 0X32, 0X45, 0X33, 0X30, 0X38, 0X36, 0X43, 0X45, 0X44, 0X30, 0X38, 0X03]",
		"0x" + frame,
		"02h 36h 32h 45h 33h 30h 38h 36h 43h 45h 44h 30h 38h 03h",
		"<02><36><32><45><33><30><38><36><43><45><44><30><38><03>",
		"02.36.32.45.33.30.38.36.43.45.44.30.38.03",
		"$02 $36 $32 $45 $33 $30 $38 $36 $43 $45 $44 $30 $38 $03",
		"%02%36%32%45%33%30%38%36%43%45%44%30%38%03",
		"02|36|32|45|33|30|38|36|43|45|44|30|38|03",
		"RX: 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"02363245  33303836  43454430  3803",
		`\x02\x36\x32\x45\x33\x30\x38\x36\x43\x45\x44\x30\x38\x03`,
		`"\x0262E3086CED08\x03"`,
		`b'\x0262E3086CED08\x03'`,
		`"` + frame + `"`,
		"00000000: 0236 3245 3330 3836 4345 4430 3803       .62E3086CED08.",
		"00000000  02 36 32 45 33 30 38 36  43 45 44 30 38 03        |.62E3086CED08.|",
		"[12:34:56][D][uart_debug:158]: <<< 02:36:32:45:33:30:38:36:43:45:44:30:38:03",
		`[12:34:56][D][uart_debug:176]: <<< "\x0262E3086CED08\x03"`,
		"12:34:56.789 -> 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
	} {
		got, err := dump.Bytes(line)
		if err != nil || strings.ToUpper(hex.EncodeToString(got)) != frame {
			t.Errorf("%s: got %X, %v", line, got, err)
		}
	}
	for _, line := range []string{"xyz", "023", "02 3G", "0x", "02 36 324", `"\q"`, "62E3086CED0g"} {
		if got, err := dump.Bytes(line); err == nil && len(got) > 0 {
			t.Errorf("%s: got %X", line, got)
		} else if err != nil && strings.Contains(err.Error(), line) {
			t.Errorf("the error shows what was pasted: %v", err)
		}
	}
}

// TestEdges (issue 7, 2.5): a frame of 26 bits as people paste it.
func TestEdges(t *testing.T) {
	const frame = "10001011001101010001101110"
	for _, tt := range []struct {
		line string
		bits int
	}{
		{frame, 0},
		{frame, 26},
		{"1000 1011 0011 0101 0001 1011 10", 0},
		{"1 00010110 0110101000110111 0", 0},
		{"1-00010110-0110101000110111-0", 0},
		{"10001011_00110101_00011011_10", 0},
		{"10001011,00110101,00011011,10", 0},
		{"0b" + frame, 0},
		{frame + " (26 bits)", 0},
		{"22CD46E, 26 bits", 0},
		{"22CD46E 26 bits", 0},
		{"22cd46e (26 bits)", 0},
		{"22CD46E (26-bit)", 0},
		{"0x22CD46E, 26bit", 0},
		{"022CD46E, 26 bits", 0},
		{"000000000022CD46E, 26 bits", 0},
		{"02 2C D4 6E, 26 bits", 0},
		{"02:2C:D4:6E 26 bits", 0},
		{"26 bits: 22CD46E", 0},
		{"Wiegand 26 bits, hex: 22CD46E", 0},
		{"bits=26 hex=22CD46E", 0},
		{"Bits: 26, Value: 0x22CD46E", 0},
		{"len: 26 data: 02 2C D4 6E", 0},
		{"22CD46E:26", 0},
		{"26:22CD46E", 0},
		{"22CD46E,26", 0},
		{"26,22CD46E", 0},
		{"22CD46E 26", 0},
		{"22CD46Eh (26)", 0},
		{"(26) 0x022CD46E", 0},
		{frame + " 26", 0},
		{frame + "b", 0},
		{"10001011'00110101'00011011'10", 0},
		{"hex 22CD46E, 26 bits", 0},
		{"22CD46Eh, 26 bits", 0},
		{"0x22CD46E/26", 0},
		{"22CD46E", 26},
		{"0x02, 0x2C, 0xD4, 0x6E", 26},
		{"0x2, 0x2C, 0xD4, 0x6E", 26},
		{"8B351B80", 26}, // as badgectl prints it
		{"8B 35 1B 80, 26 bits", 0},
		{`{"kind":"card","number":"166A37","hex":"8B351B80","bits":26,"format":"H10301","facility":22,"card":27191}`, 0},
		{"[12:34:56][V][wiegand:090]: received 26-bit value: 22cd46e", 0},
		{"[=] raw: 0000000000000020062cd46e", 0},
	} {
		got, err := dump.Edges(tt.line, tt.bits)
		if err != nil || string(got) != frame {
			t.Errorf("%s: got %s, %v", tt.line, got, err)
		}
	}
}

// What has another meaning, or none, is refused or read as it stands.
func TestEdgesThatAreOthers(t *testing.T) {
	for _, tt := range []struct {
		line string
		bits int
		want string // "": an error
	}{
		{"101x01", 0, "101x01"},
		{"x", 0, "x"},
		{"1000 10", 0, "100010"},
		{"10 1000", 0, "101000"},
		{"1000 0010 11", 0, "1000001011"},
		{"1010", 26, "00000000000001000000010000"}, // hex of that length
		{"0x2, 0x2, 24 bits", 0, "000000000000001000000010"},
		{"A4DCCC1D, 32 bits", 0, "10100100110111001100110000011101"},
		{"raw: 000000000000001000000002", 0, "1000000000000000000000000000000000010"},
		{"raw: 0000000000000020000000FF", 0, ""}, // too few bits behind the mark
		{"raw: 000000004000001000000002", 0, ""}, // more than 37 bits
		{"1000000002, 37 bits", 0, "1000000000000000000000000000000000010"},
		{"22CD46E", 0, ""},
		{"22CD46E, 25 bits", 0, ""},
		{"22CD46E, 0 bits", 0, ""},
		{"22CD46E, 257 bits", 0, ""},
		{"22CD46G, 26 bits", 0, ""},
		{"02:2C:D4:6E", 0, ""},
		{"8B351B:80", 0, ""}, // bytes, and no length
		{"8B351B 80", 0, ""},
		{"80 8B351B", 0, ""},
		{"00400040, 26 bits", 0, ""}, // at the left and at the right
		{"received 26-bit tag: 1468983", 0, ""},
		{"10002", 0, ""},
	} {
		got, err := dump.Edges(tt.line, tt.bits)
		if string(got) != tt.want || (err == nil) != (tt.want != "") {
			t.Errorf("%s: got %s, %v, want %s", tt.line, got, err, tt.want)
		}
	}
}

// FuzzDump: bytes that are printed in each of the ways are read again, and nothing panics.
func FuzzDump(f *testing.F) {
	f.Add([]byte("\x0262E3086CED08\x03"), "22CD46E, 26 bits", 26)
	f.Add([]byte{0}, "raw: 0000000000000020062cd46e", 0)
	f.Add([]byte{0xFF, 1}, `b'\x02\''`, 300)
	f.Fuzz(func(t *testing.T, in []byte, line string, bits int) {
		_, _ = dump.Bytes(line)
		if edges, err := dump.Edges(line, min(max(bits, 0), dump.MaxBits)); err == nil && strings.Trim(string(edges), "01x") != "" {
			t.Errorf("edges that are none: %q", edges)
		}
		if len(in) == 0 {
			return
		}
		for _, text := range []string{fmt.Sprintf("%X", in), fmt.Sprintf("% x", in), fmt.Sprintf("%# x", in), strings.ReplaceAll(fmt.Sprintf("% X", in), " ", ":"), hex.EncodeToString(in)} {
			if got, err := dump.Bytes(text); err != nil || !bytes.Equal(got, in) {
				t.Errorf("%s: got %X, %v", text, got, err)
			}
		}
	})
}
