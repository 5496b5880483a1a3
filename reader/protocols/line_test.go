package protocols_test

import (
	"strings"
	"testing"
	"time"

	"badged/reader"
	"badged/reader/protocols"
)

func TestTheEndOfALine(t *testing.T) {
	for _, tt := range []struct{ terminator, in, want string }{
		{"auto", "\x0212\r\x0234\n", "12 34"},
		{`\x03`, "\x0212\x03\x0234\x03", "12 34"},
		{"#", "\x0212#\r\n\x0234#", "12 34"},
	} {
		dec, err := protocols.New("line", map[string]string{"prefix": `\x02`, "terminator": tt.terminator})
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		dec.Feed(time.Unix(0, 0), []byte(tt.in), func(e reader.Event) { got = append(got, e.Card.Reveal()+string(e.Why)) })
		if s := strings.Join(got, " "); s != tt.want {
			t.Errorf("terminator %s: got %q, want %q", tt.terminator, s, tt.want)
		}
	}
	for terminator, want := range map[string]string{"etx": "must be auto (CR, LF or both) or one byte", `\q`: "terminator: a backslash must start"} {
		_, err := protocols.New("line", map[string]string{"terminator": terminator})
		if err == nil || !strings.Contains(err.Error(), "protocol line: option terminator") || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q", terminator, err, want)
		}
	}
}
