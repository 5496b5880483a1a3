package main

import (
	"encoding/csv"
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"
)

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
