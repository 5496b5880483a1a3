package main

import (
	"strings"
	"testing"
)

func TestLearn(t *testing.T) {
	const printed = "\ufeffread,expected\n01026F6C3A,0040856634\n62E3086CED,3808980205\n# from the hall\n\n0000D507D0, 0013961168\n"
	for _, tt := range []struct {
		name, in string
		args     []string
		out      string
		code     int
		stderr   string
	}{
		{"a rule", printed, nil, "right(8)|hex2dec|lpad(10)\n", 0, ""},
		{"a rule for programs", printed, []string{"--json"}, `{"result":"rule","rules":["right(8)|hex2dec|lpad(10)"]}` + "\n", 0, ""},
		{"numbers with a comma", "01026F6C3A,111,27706\n6F007B3972,123,14706\n0100050007,005,00007\n", nil, `join(",","substr(4,2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")` + "\n", 0, ""},
		{"a spreadsheet's quotes", "01026F6C3A,\"111,27706\"\n6F007B3972,\"123,14706\"\n0100050007,\"005,00007\"\n", nil, `join(",","substr(4,2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")` + "\n", 0, ""},
		{"a spreadsheet's semicolons", "A1;A1\nB2;B2\nC3;C3\n", nil, "\n", 0, "no rule is needed"},
		{"separators in both columns", "\"0x04, 0xA2\",04:A2\n\"0x9F, 0x7C\",9F:7C\n\"0x11, 0xD3\",11:D3\n", nil, "drop|drop(\",\")|group(2,\":\")\n", 0, "leave group out"},
		{"bits inside a decimal number", "35020915,01112345\n60019906,20160001\n10094161,07700808\n", nil, `join("","dec2bin|lpad(26)|substr(1,8)|bin2dec|lpad(3)","dec2bin|lpad(26)|substr(9,16)|bin2dec|lpad(5)")` + "\n", 0, ""},
		{"no rule needed", "A1,A1\nB2,B2\nC3,C3\n", nil, "\n", 0, "no rule is needed"},
		{"numbers of one length are filled up", "62E3086CED,3808980205\n6FAA7B3972,2860202354\n10D086F444,3498505284\n", []string{"--json"}, `{"result":"rule","rules":["right(8)|hex2dec|lpad(10)"]}` + "\n", 0, ""},
		{"columns with tabs", "read\texpected\n01026F6C3A\t111,27706\n6F007B3972\t123,14706\n0100050007\t005,00007\n", nil, `join(",","substr(4,2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")` + "\n", 0, ""},
		{"one facility for which fixed digits may stand", "2C4F1A2B3C,914F1A2B3C\n2C5554C1F7,915554C1F7\n2C08711D43,9108711D43\n", nil, "ambiguous\nright(8)|prepend(\"91\")\n", 1, "Add a badge of another facility"},
		{"a line without an end", "1,1\n" + strings.Repeat("7", 70_000), nil, "", 1, "line 2 is longer than 4096 bytes: give a line for each badge"},
		{"ambiguous", "0001234,1234\n0005678,5678\n0009012,9012\n", nil, "ambiguous\nright(4)\nltrim(\"0\")\n", 1, "add a badge"},
		{"none", "62E3086CED,1\n6F007B3972,77\n100086F444,3\n", []string{"--json"}, `{"result":"none","rules":[]}` + "\n", 1, ""},
		{"two badges", "1,1\n2,2\n", nil, "", 1, "three different badges"},
		{"no comma", "1,1\n2 2\n", nil, "", 1, "line 2: must be"},
		{"two files", "", []string{"a", "b"}, "", 64, "takes at most 1 argument"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got := run(t, tt.in, append([]string{"card", "learn"}, tt.args...)...)
			if got.out != tt.out || got.code != tt.code || !strings.Contains(got.stderr, tt.stderr) {
				t.Errorf("got %d %q %s", got.code, got.out, got.stderr)
			}
		})
	}
}

// A rule that is far too long is not said back: what is wrong stands in one short line.
func TestConvertDoesNotEchoALongRule(t *testing.T) {
	got := run(t, "", "card", "convert", strings.Repeat("lower|", 100)+"lower", "A1")
	if got.code != 64 || !strings.Contains(got.stderr, "at most 512 characters") || strings.Contains(got.stderr, "lower|lower") {
		t.Errorf("got %d %.200q", got.code, got.stderr)
	}
}
