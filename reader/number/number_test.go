package number_test

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"badged/reader"
	"badged/reader/number"
)

func parse(t testing.TB, rule string) number.Rule {
	t.Helper()
	r, err := number.Parse(rule)
	if err != nil {
		t.Fatalf("%s: %v", rule, err)
	}
	return r
}

// vector is a line of one of the files in testdata/vectors.
type vector struct {
	Tool, Expr, Inp string // convert.jsonl
	ID40, UID, Fmt  string // em4100.jsonl, uid-hf.jsonl
	Out             string
}

func vectors(t testing.TB, file string) (list []vector) {
	t.Helper()
	f, err := os.Open("../../testdata/vectors/" + file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		var v vector
		if err := json.Unmarshal(lines.Bytes(), &v); err != nil {
			t.Fatal(err)
		}
		list = append(list, v)
	}
	if len(list) == 0 {
		t.Fatalf("no vector in %s", file)
	}
	return list
}

// inWords are the vectors' expressions that are words of their tool, as rules.
var inWords = map[string]string{"(default) strip after =": "strip-after(=)"}

func TestVendorVectors(t *testing.T) {
	for _, v := range vectors(t, "convert.jsonl") {
		rule := v.Expr
		if r, ok := inWords[rule]; ok {
			rule = r
		}
		t.Run(v.Tool+" "+v.Expr, func(t *testing.T) {
			if got, err := parse(t, rule).Convert(v.Inp); got != v.Out || err != nil {
				t.Errorf("%s gives %q, %v; want %q", v.Inp, got, err, v.Out)
			}
		})
	}
}

// formats are the rules for the formats that badges and readers show.
var formats = map[string]string{
	"10H":                                "",
	"hex":                                "",
	"13D":                                "hex2dec|lpad(13)",
	"8H->10D (label + USB wedge reader)": "right(8)|hex2dec|lpad(10)",
	"8H->10D":                            "right(8)|hex2dec|lpad(10)",
	"40bit dec":                          "hex2dec",
	"10D":                                "hex2dec|lpad(10)",
	"hex reversed":                       "reverse",
	"2H+4H (3.5)":                        `join(",","right(6)|left(2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`,
	"3.5 (label)":                        `join(",","right(6)|left(2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`,
	"3+5 no separator":                   `join("","right(6)|left(2)|hex2dec|lpad(3)","right(4)|hex2dec|lpad(5)")`,
}

func TestPrintedFormats(t *testing.T) {
	for _, v := range slices.Concat(vectors(t, "em4100.jsonl"), vectors(t, "uid-hf.jsonl")) {
		rule, ok := formats[v.Fmt]
		if !ok {
			t.Fatalf("no rule for format %q", v.Fmt)
		}
		t.Run(v.Fmt+" of "+v.Out, func(t *testing.T) {
			if got, err := parse(t, rule).Convert(v.ID40 + v.UID); got != v.Out || err != nil {
				t.Errorf("%q gives %q, %v", rule, got, err)
			}
		})
	}
}

func TestVerbs(t *testing.T) {
	for _, tt := range []struct{ rule, in, want string }{
		{"", "00 12", "00 12"},
		{"  ", "12", "12"},
		{"ltrim(2)", "1234", "34"},
		{`ltrim("0")`, "00120", "120"},
		{"rtrim(2)", "1234", "12"},
		{`rtrim("F0")`, "12F0FF", "12"},
		{"left(9)", "123", "123"},
		{"right(2)", "1234", "34"},
		{"mid(1,2)", "123456", "234"},
		{"mid(0, 0)", "1234", "1234"},
		{`regex((.{2,3})x)`, "abcx", "abc"},
		{`regex(\d*=(\d*)=\d*)|lpad(8)`, "123453=292929=1221", "00292929"},
		{`regex(\((.)\))`, "a(b)", "b"},
		{"strip-after", "5235092385=8", "5235092385"},
		{"substr(1)", "1234", "234"},
		{"substr(1,2)", "1234", "23"},
		{"lpad(6)", "1234", "001234"},
		{"lpad(6,F)", "1234", "FF1234"},
		{`lpad(6,")")`, "1234", "))1234"},
		{"lpad(2)", "1234", "1234"},
		{"rpad(6)", "1234", "123400"},
		{"prepend(ab)|append(cd)", "12", "ab12cd"},
		{`append(" |,)\"\x")`, "1", `1 |,)"\x`},
		{`append("")`, "1", "1"},
		{"hex2dec", "62E3086CED", "424715775213"},
		{"hex2dec", "ffffffffffffffffffff", "1208925819614629174706175"},
		{"dec2hex", "424715775213", "62E3086CED"},
		{"hex2bin|bin2hex", "62E3086CED", "62E3086CED"},
		{"dec2bin|bin2dec", "0100023", "100023"},
		{"hex2dec", "0000", "0"},
		{"reverse", "62E3086CED", "ED6C08E362"},
		{"bitreverse", "0180A5", "8001A5"},
		{"nibblereverse", "0B00A41F52", "0D00528FA4"},
		{"nibblereverse", "0123456789ABCDEFabcdef", "084C2A6E195D3B7F5D3B7F"},
		{"bitreverse|nibblereverse", "1A", "A1"},
		{"hex2ascii", "3934", "94"},
		{"drop", "04:A2:33:1B", "04A2331B"},
		{"drop", "04-a2 33.1b", "04a2331b"},
		{"drop()", "0x04 0XA2 0x33 0x1B", "04A2331B"},
		{"drop|lower", "04A2331B", "04a2331b"},
		{`drop(",")`, "111,27706", "11127706"},
		{`drop("=>", 0x)`, "0x1=>2", "12"},
		{`group(2,":")`, "04A2331B", "04:A2:33:1B"},
		{`group(2," 0x")|prepend(0x)`, "04A2331B", "0x04 0xA2 0x33 0x1B"},
		{`group(4,-)`, "04A233", "04A2-33"},
		{`group(4,-)`, "04A2", "04A2"},
		{`regex("^0*([0-9]+)=")`, "00123=4", "123"},
		{`regex("(..)-(..)")`, "AB-CD", "AB"},
		{"left(4);hex2dec ; lpad(6)", "10AB99", "004267"},
		{`join(",","left(2)|hex2dec|lpad(3)","right(4)|hex2dec")`, "0A00FF", "010,255"},
		{`join("","left(1)")`, "12", "1"},
		{"regex([0-9]+)", "ab12cd", "12"},
		{"upper", "ab1", "AB1"},
		{"lower()", "AB1", "ab1"},
		{"strip-after(=)", "12", "12"},
		{" hex2dec ( ) | lpad( 10 , 0 ) ", "946EBD28", "2490285352"},
	} {
		if got, err := parse(t, tt.rule).Convert(tt.in); got != tt.want || err != nil {
			t.Errorf("%s of %q: %q, %v; want %q", tt.rule, tt.in, got, err, tt.want)
		}
	}
}

func TestRulesThatCannotBe(t *testing.T) {
	for _, tt := range []struct {
		rule   string
		column int
		want   string
	}{
		{"lefft(2)", 1, `unknown verb "lefft" (did you mean "left"?): must be one of ltrim, rtrim, left`},
		{"left(2)|", 9, "a verb is missing"},
		{"|left(2)", 1, "a verb is missing"},
		{"left(2) right(2)", 9, "followed by |"},
		{"left", 1, "left takes these arguments: (count)"},
		{"upper|left(1,2)", 7, "left takes these arguments"},
		{"upper(1)", 1, "upper takes no argument"},
		{"left(x)", 6, "must be a number, 0 to 256"},
		{"left(-1)", 6, "must be a number"},
		{"left(257)", 6, "must be a number"},
		{`left("2")`, 6, "must be a number"},
		{"mid(1,x)", 7, "must be a number"},
		{"ltrim(x)", 7, "must be a number"},
		{"lpad(2,ab)", 8, "must be one character"},
		{"lpad(2,)", 8, "an argument is missing"},
		{`drop("")`, 6, "must not be empty"},
		{"drop(1,2,3,4,5,6,7,8,9)", 1, "drop takes these arguments"},
		{"group(2)", 1, "group takes these arguments"},
		{"group(0,-)", 7, "must be 1 or more"},
		{"group(x,-)", 7, "must be a number"},
		{"join(-" + strings.Repeat(`,"upper"`, 9) + ")", 1, "8 rules at most"},
		{"left(", 6, "an argument is missing"},
		{"left(2", 7, "followed by , or )"},
		{`append("x`, 8, "the quote does not end"},
		{`append("x\"`, 8, "the quote does not end"},
		{`append("x"y)`, 11, "followed by , or )"},
		{`regex("(")`, 7, "not a regular expression"},
		{`regex("(?<=FC)([0-9]+)")`, 7, "look-behind is not supported in a pattern: write what stands around the number too"},
		{`regex((?<!0)([0-9]+))`, 7, "look-behind is not supported"},
		{`regex("([0-9]+)(?==)")`, 7, "look-ahead is not supported"},
		{`regex("(?!0).*")`, 7, "look-ahead is not supported"},
		{`regex("(?>a+)b")`, 7, "an atomic group is not supported"},
		{`regex("(.)\1")`, 7, "a reference to a group is not supported"},
		{`lapd(8)`, 1, `unknown verb "lapd" (did you mean "lpad"?): must be one of`},
		{`regex((a)`, 7, "does not close"},
		{`regex(a`, 7, "does not close"},
		{`regex(`, 7, "does not close"},
		{`strip-after("")`, 13, "must not be empty"},
		{`upper|join("-","left(2)","lefft(2)")`, 27, `unknown verb "lefft"`},
		{`join("-",left)`, 10, "stands in quotes"},
		{`join("-")`, 1, "join takes these arguments"},
		{strings.Repeat("upper|", 32) + "upper", 193, "at most 32 verbs"},
		{strings.Repeat(" ", 513), 513, "at most 512 characters"},
	} {
		_, err := number.Parse(tt.rule)
		var e *number.Error
		if !errors.As(err, &e) || e.Column != tt.column || !strings.Contains(e.Problem, tt.want) {
			t.Errorf("%.40q: got %v; want column %d, %q", tt.rule, err, tt.column, tt.want)
		}
	}
}

func TestTextsThatDoNotFit(t *testing.T) {
	long := strings.Repeat("1", number.MaxText)
	for _, tt := range []struct {
		rule, in string
		column   int
		want     string
	}{
		{"upper|hex2dec", "7365G", 7, "hex2dec: the text must be hex digits, 0 to 9 and A to F"},
		{"hex2dec", "73 65", 1, "hex digits"},
		{"hex2dec", "-7365", 1, "hex digits"},
		{"hex2dec", "0x7365", 1, "hex digits"},
		{"hex2dec", "7_365", 1, "hex digits"},
		{"dec2hex", "7365A", 1, "digits, 0 to 9"},
		{"bin2dec", "7365", 1, "binary digits, 0 and 1"},
		{"upper|substr(9)|hex2dec", "7365", 17, "hex digits"},
		{"reverse", "73651", 1, "pairs of hex digits"},
		{"bitreverse", "7365XY", 1, "pairs of hex digits"},
		{"hex2ascii", "736573650A", 1, "printable ASCII"},
		{"nibblereverse", "73-65", 1, "hex digits"},
		{"drop", "-:. 0x", 1, "nothing is left"},
		{`regex("^A")`, "7365", 1, "does not match the pattern"},
		{`upper|join("","left(2)","right(2)|bin2dec")`, "7365", 7, "join: rule 2: number rule, column 10: bin2dec"},
		{"upper|ltrim(4)", "7365", 7, "nothing is left"},
		{"", "", 1, "nothing is left"},
		{"", long + "7", 1, "the card's text is longer than 256"},
		{"append(7)", long, 1, "the number is longer than 256"},
		{strings.Repeat("hex2bin|", 7) + "upper", long, 17, "makes more than 4096"},
	} {
		_, err := parse(t, tt.rule).Convert(tt.in)
		var e *number.Error
		if !errors.As(err, &e) || e.Column != tt.column || !strings.Contains(e.Problem, tt.want) {
			t.Errorf("%.40q of a text: got %v; want column %d, %q", tt.rule, err, tt.column, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "7365") {
			t.Errorf("%s: the error shows the text", tt.rule)
		}
	}
}

func TestApply(t *testing.T) {
	card := reader.NewCard(reader.EM4100, "EM4100", 40, []byte{0x01, 0x02, 0x6F, 0x6C, 0x3A})
	n, err := parse(t, "right(8)|hex2dec|lpad(10)").Apply(card)
	if err != nil || n.Reveal() != "0040856634" {
		t.Errorf("number is wrong, %v", err)
	}
	if n, err := (number.Rule{}).Apply(card); err != nil || n.Reveal() != "01026F6C3A" {
		t.Errorf("empty rule: %v", err)
	}
	if n, err := parse(t, "").Apply(reader.TextCard("aB12")); err != nil || n.Reveal() != "aB12" {
		t.Errorf("empty rule of a text: %v", err)
	}
	if _, err := parse(t, "dec2bin").Apply(card); err == nil {
		t.Error("hex is decimal")
	}
}

func TestEveryVerbHasADoc(t *testing.T) {
	for _, v := range number.Verbs() {
		if v.Name == "" || v.Doc == "" {
			t.Errorf("verb %q has no doc", v.Name)
		}
	}
}

// FuzzRule: a rule never panics, its errors point into it and its numbers are
// bounded.
func FuzzRule(f *testing.F) {
	for _, v := range vectors(f, "convert.jsonl") {
		f.Add(v.Expr, v.Inp)
	}
	f.Add(`regex("^0*(.+)$")|upper|lpad(20,"|")`, "00ab")
	f.Fuzz(func(t *testing.T, rule, text string) {
		r, err := number.Parse(rule)
		if err == nil {
			var out string
			if out, err = r.Convert(text); err == nil && (out == "" || len(out) > number.MaxText) {
				t.Errorf("a number of %d characters", len(out))
			}
		}
		var e *number.Error
		if err != nil && (!errors.As(err, &e) || e.Column < 1 || e.Column > len(rule)+1) {
			t.Errorf("%q: %v", rule, err)
		}
	})
}

// FuzzRoundTrips: bases, bytes and bits go there and back.
func FuzzRoundTrips(f *testing.F) {
	f.Add([]byte{0x62, 0xE3, 0x08, 0x6C, 0xED})
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(raw) == 0 || len(raw) > 64 {
			return
		}
		hex := reader.NewCard(reader.EM4100, "EM4100", 8*len(raw), raw).Hex()
		digits := fmt.Sprintf("|lpad(%d)", 2*len(raw))
		for _, rule := range []string{"hex2dec|dec2hex" + digits, "hex2bin|bin2hex" + digits, "hex2bin|bin2dec|dec2bin|bin2hex" + digits, "reverse|reverse", "bitreverse|bitreverse", "nibblereverse|nibblereverse", "lower|upper", `group(2,"-")|drop`, `group(3," 0x")|drop`} {
			if got, err := parse(t, rule).Convert(hex); got != hex || err != nil {
				t.Errorf("%s is no round trip: %v", rule, err)
			}
		}
	})
}
