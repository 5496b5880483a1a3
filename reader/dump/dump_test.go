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
		"12:34:56.789 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"[12:34:56] 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"Received 14 bytes: 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"14 bytes received: 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"Received (14 bytes): 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"Read 14 byte(s): 0236324533303836434544303803",
		"[14]: 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"RX[14]: 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"uint8_t x[] = {0x02,0x36,0x32,0x45,0x33,0x30,0x38,0x36,0x43,0x45,0x44,0x30,0x38,0x03};",
		"static const unsigned char frame[14] = { 0x02, 0x36, 0x32, 0x45, 0x33, 0x30, 0x38, 0x36, 0x43, 0x45, 0x44, 0x30, 0x38, 0x03 }; // a badge",
		"b := []byte{0x02, 0x36, 0x32, 0x45, 0x33, 0x30, 0x38, 0x36, 0x43, 0x45, 0x44, 0x30, 0x38, 0x03}",
		"byte frame[]={0x2,0x36,0x32,0x45,0x33,0x30,0x38,0x36,0x43,0x45,0x44,0x30,0x38,0x3};",
		`frame = b'\x0262E3086CED08\x03'`,
		`frame = bytes.fromhex("0236324533303836434544303803")`,
		`\x0262E3086CED08\x03`,
		`\00262E3086CED08\003`,
		`"\x02" "62E3086CED08" "\x03"`,
		`Received: \x0262E3086CED08\x03`,
		"<STX>62E3086CED08<ETX>",
		"[STX]62E3086CED08[ETX]",
		"<stx> 62E3086CED08 <etx>",
		"<0x02>62E3086CED08<0x03>",
		"^B62E3086CED08^C",
		"\u240262E3086CED08\u2403",
		"0000000 02 36 32 45 33 30 38 36 43 45 44 30 38 03",
		"0000000  02  36  32  45  33  30  38  36  43  45  44  30  38  03",
		"000000 02 36 32 45 33 30 38 36 43 45 44 30 38 03  >.62E3086CED08.<",
		"00000000  02 36 32 45 33 30 38 36  43 45 44 30 38 03",
	} {
		got, err := dump.Bytes(line)
		if err != nil || strings.ToUpper(hex.EncodeToString(got)) != frame {
			t.Errorf("%s: got %X, %v", line, got, err)
		}
	}
	for _, line := range []string{"xyz", "023", "02 3G", "0x", "02 36 324", `"\q"`, "62E3086CED0g", `62E3\q`,
		"uint8_t x[] = {2, 54, 50, 69};",                // decimal
		"0000000 3602 4532 3033 3638 4543 3044 0338",    // hexdump without -C: its words are exchanged
		"0000000 033002 042462 030063",                  // od without -tx1
		"<STX>36 32 45 33 30 38 36 43 45 44 30 38<ETX>", // a text, or hex
		"<02>62E3086CED08<03>",                          // a text, or hex
		`02 36 32 45 33 30 38 36 43 45 44 30 38 03\r\n`, // a text, or hex
		"<XYZ>62E3086CED08<ETX>", "62E3086CED08<ETX", "n = 14",
	} {
		if got, err := dump.Bytes(line); err == nil && len(got) > 0 {
			t.Errorf("%s: got %X", line, got)
		} else if err != nil && strings.Contains(err.Error(), line) {
			t.Errorf("the error shows what was pasted: %v", err)
		}
	}
}

// TestDumps (issue 7, 2.5): what a viewer prints of several rows; the last is its end.
func TestDumps(t *testing.T) {
	const frame = "0236324533303836434544303803"
	zeros := strings.Repeat("00", 64)
	for name, tt := range map[string]struct{ in, want string }{
		"hexdump -C":                   {"00000000  02 36 32 45 33 30 38 36  43 45 44 30 38 03        |.62E3086CED08.|\n0000000e\n", frame},
		"hexdump -C from the middle":   {"00000010  02 36 32 45 33 30 38 36  43 45 44 30 38 03        |.62E3086CED08.|\n0000001e\n", frame},
		"hexdump -C of a full row":     {"00000000  02 36 32 45 33 30 38 36  43 45 44 30 38 03 0d 0a  |.62E3086CED08...|\n00000010\n", frame + "0D0A"},
		"two dumps":                    {"00000000  02 36  |.6|\n00000002\n00000000  32 45  |2E|\n00000002\n", "02363245"},
		"rows again":                   {"00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000040  02 36 |.6|\n00000042\n", zeros + "0236"},
		"rows again to the end":        {"00000000  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n00000040\n", zeros},
		"rows again of od":             {"0000000 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00 00\n*\n0000100\n", zeros},
		"od -tx1":                      {"0000000 02 36 32 45 33 30 38 36 43 45 44 30 38 03 02 36\n0000020 32 45 33 30\n0000024\n", frame + "023632453330"},
		"od -A x -t x1z":               {"000000 02 36 32 45 33 30 38 36 43 45 44 30 38 03 02 36  >.62E3086CED08..6<\n000010 32 45 33 30  >2E30<\n000014\n", frame + "023632453330"},
		"od -A x -t x1":                {"000000 02 36 32 45 33 30 38 36 43 45 44 30 38 03 02 36\n000010 32 45 33 30\n000014\n", frame + "023632453330"},
		"xxd":                          {"00000000: 0236 3245 3330 3836 4345 4430 3803 0236  .62E3086CED08..6\n00000010: 3245 3330                                2E30\n", frame + "023632453330"},
		"xxd -i":                       {"unsigned char x[] = {\n  0x02, 0x36, 0x32, 0x45, 0x33, 0x30, 0x38, 0x36, 0x43, 0x45, 0x44, 0x30,\n  0x38, 0x03\n};\nunsigned int x_len = 14;\n", frame},
		"eight digits that are no end": {"00000000  02 36 |.6|\n0000000e\n", "02360000000E"},
		"eight digits":                 {"0000000e\n", "0000000E"},
		"an end stands once":           {"00000000  02 36 |.6|\n00000002\n00000002\n", "023600000002"},
	} {
		t.Run(name, func(t *testing.T) {
			var r dump.Reader
			var got []byte
			for line := range strings.Lines(tt.in) {
				b, err := r.Bytes(strings.TrimSpace(line))
				if err != nil {
					t.Fatalf("%s%v", line, err)
				}
				got = append(got, b...)
			}
			if strings.ToUpper(hex.EncodeToString(got)) != tt.want {
				t.Errorf("got %X, want %s", got, tt.want)
			}
		})
	}
}

// A dump that names a row far away does not fill the memory.
func TestRowsAgainAreBounded(t *testing.T) {
	for _, in := range []string{"00000000  02 36 |.6|\n*\n00002002\n", "00000010  02 36 |.6|\n*\n00000000\n", "00000000  02 36 |.6|\n*\n02 03\n", "00000000  02 36 |.6|\n*\n00000003\n"} {
		var r dump.Reader
		var err error
		for line := range strings.Lines(in) {
			if _, err = r.Bytes(strings.TrimSpace(line)); err != nil {
				break
			}
		}
		if err == nil {
			t.Errorf("read:\n%s", in)
		}
	}
}

// TestAmbiguousHexSaysHowToWriteIt (issue 7, 2.5).
func TestAmbiguousHexSaysHowToWriteIt(t *testing.T) {
	for line, want := range map[string]string{
		"uint8_t x[] = {2, 54, 50, 69};": "write 0x in front",
		"0000000 3602 4532 3033":         "hexdump -C",
		"<STX>36 32 45 33<ETX>":          `\x02`,
		"<02>62E3086CED08<03>":           `\x02`,
		`02 36 32 45 33 30\r\n`:          `\x02`,
		"02 36 324":                      "02 36 32",
		"<XYZ>62E3086CED08<ETX>":         `\x02`,
	} {
		if _, err := dump.Bytes(line); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: want %q: %v", line, want, err)
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
		{"26 bits / Facility Code: 99 / User Code = 31337", 0, ""}, // numbers, and no frame
		{"26 bit, site code: 99, card: 31337", 0, ""},
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
	f.Add([]byte{0}, "00000000  02 36 |.6|\n*\n00000040\n<STX>62<ETX>", 0)
	f.Add([]byte{0}, "raw: 0000000000000020062cd46e", 0)
	f.Add([]byte{0xFF, 1}, `b'\x02\''`, 300)
	f.Fuzz(func(t *testing.T, in []byte, line string, bits int) {
		_, _ = dump.Bytes(line)
		var r dump.Reader
		for _, l := range strings.Split(line, "\n") {
			_, _ = r.Bytes(l)
		}
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
