package keypad

import (
	"regexp"
	"strings"
	"testing"
	"time"
)

// model says by regular expressions what a sequence of keys means, in which "." is
// a pause. It knows nothing of states: it cuts the sequence from the front.
type model struct{ rules []rule }

type rule struct {
	re   *regexp.Regexp // matched at the start of what is left
	show string         // what comes of it; $1: the digits
}

// newModel knows codes of 4 digits and PINs of fixed digits, or with 0 PINs that
// # ends.
func newModel(fixed string) model {
	m := model{[]rule{
		{regexp.MustCompile(`^\*([0-9]{4})`), "code $1"},
		{regexp.MustCompile(`^\*[0-9]{0,3}[#.]`), "reset"},
		{regexp.MustCompile(`^\*[0-9]{0,3}`), ""}, // a star follows, or nothing yet
	}}
	if fixed != "" {
		m.rules = append(m.rules, rule{regexp.MustCompile(`^([0-9]{` + fixed + `})`), "pin $1"})
	} else {
		m.rules = append(m.rules, rule{regexp.MustCompile(`^([0-9]{4,16})#`), "pin $1"})
	}
	m.rules = append(m.rules,
		rule{regexp.MustCompile(`^[0-9]+[#.]`), "reset"},
		rule{regexp.MustCompile(`^[0-9]+`), ""},
		rule{regexp.MustCompile(`^#`), "swallowed"},
		rule{regexp.MustCompile(`^\.`), ""},
	)
	return m
}

func (m model) meaning(keys string) string {
	var out []string
	for keys != "" {
		for _, r := range m.rules {
			at := r.re.FindStringSubmatchIndex(keys)
			if at == nil {
				continue
			}
			if said := string(r.re.ExpandString(nil, r.show, keys, at)); said != "" {
				out = append(out, said)
			}
			keys = keys[at[1]:]
			break
		}
	}
	return strings.Join(out, ", ")
}

func TestEverySequence(t *testing.T) {
	const alphabet, longest = "1*#.", 7
	for _, tt := range []struct {
		fixed string
		cfg   Config
	}{{"", Config{}}, {"4", Config{PINLen: 4}}} {
		m := newModel(tt.fixed)
		var walk func(prefix string)
		walk = func(prefix string) {
			if got, want := press(New(tt.cfg), prefix), m.meaning(prefix); got != want {
				t.Fatalf("fixed %q, keys %q: got %q, want %q", tt.fixed, prefix, got, want)
			}
			if len(prefix) == longest {
				return
			}
			for _, k := range alphabet {
				walk(prefix + string(k))
			}
		}
		walk("")
	}
}

func FuzzCollector(f *testing.F) {
	for _, s := range []string{"*7365#", "123456#", "*73.65", "*73*7365", "12345678901234567#1234#"} {
		f.Add(s, false)
		f.Add(s, true)
	}
	f.Fuzz(func(t *testing.T, s string, fixed bool) {
		keys := strings.Map(func(r rune) rune {
			if strings.ContainsRune("0123456789*#.", r) {
				return r
			}
			return -1
		}, s)
		m, cfg := newModel(""), Config{}
		if fixed {
			m, cfg = newModel("6"), Config{PINLen: 6}
		}
		if got, want := press(New(cfg), keys), m.meaning(keys); got != want {
			t.Errorf("%q: got %q, want %q", keys, got, want)
		}
	})
}

func TestEveryKeyIsTimed(t *testing.T) {
	for _, k := range "0123456789*" {
		c := New(Config{})
		c.Press(t0, Key(k))
		if got := c.Deadline().Sub(t0); got != DefaultTimeout {
			t.Errorf("after one key the deadline is in %v", got.Round(time.Second))
		}
	}
}
