package foreign_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"badged/internal/foreign"
)

func TestLineShowsWhatCannotBeSeen(t *testing.T) {
	for in, want := range map[string]string{
		"Zoë Müller, 東京 😀":          "Zoë Müller, 東京 😀",
		"« Ada »":                   "« Ada »",
		"\x1b[2Jgone":               `\x1b[2Jgone`,
		"a\nbadged: all is well":    `a\nbadged: all is well`,
		"a\r\tb\x00\x7f":            `a\x0d\tb\x00\x7f`,
		"\u009b31m":                 `\u009b31m`, // the one-byte CSI
		"\x9b31m":                   `\x9b31m`,
		"\u202egro.elpmaxe":         `\u202egro.elpmaxe`,
		"a\u2028b\u200bc\ufeffd":    `a\u2028b\u200bc\ufeffd`,
		"tag \U000e0041 and \ufffd": `tag \U000e0041 and ` + "\ufffd",
		"half \xe2\x82":             `half \xe2\x82`,
	} {
		if got := foreign.Line(in); got != want {
			t.Errorf("%q gives %q, want %q", in, got, want)
		}
	}
	if got := foreign.Text("one\ntwo\x1b[A\r\n"); got != "one\ntwo"+`\x1b[A\x0d`+"\n" {
		t.Errorf("a text gives %q", got)
	}
}

type inner struct{ Name string }

type value struct {
	Text    string
	List    []string
	Inner   inner
	Pointer *inner
	None    *inner
	Map     map[string]inner
	At      time.Time
	N       int
	private string
}

const esc = "a\x1bb\n"

func TestCleanReachesEveryString(t *testing.T) {
	v := []value{{
		Text: esc, List: []string{esc}, Inner: inner{esc}, Pointer: &inner{esc},
		Map: map[string]inner{esc: {esc}}, At: time.Unix(1, 0), N: 7, private: "x",
	}}
	foreign.Clean(&v)
	b, err := json.Marshal(v)
	if err != nil || strings.Count(string(b), `a\\x1bb\\n`) != 6 || strings.Contains(string(b), `\u001b`) {
		t.Errorf("got %s, %v", b, err)
	}
	if v[0].N != 7 || !v[0].At.Equal(time.Unix(1, 0)) || v[0].private != "x" {
		t.Error("what is no text was changed")
	}
}

// Whatever is in it, JSON shows visible characters and means the same.
func TestJSONMeansTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := strings.ToValidUTF8(rapid.OneOf(rapid.String(), rapid.Just("\u009b\x7f\u202e\U000e0041")).Draw(t, "s"), "")
		var b strings.Builder
		if err := foreign.JSON(&b, value{Text: s}); err != nil {
			t.Fatal(err)
		}
		line := strings.TrimSuffix(b.String(), "\n")
		if strings.ContainsFunc(line, func(r rune) bool { return !unicode.IsGraphic(r) }) || !utf8.ValidString(line) {
			t.Fatalf("it shows %q", line)
		}
		var back value
		if err := json.Unmarshal([]byte(line), &back); err != nil || back.Text != s {
			t.Fatalf("%q comes back as %q, %v", s, back.Text, err)
		}
	})
}
