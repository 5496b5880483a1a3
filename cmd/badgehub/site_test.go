package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/spf13/pflag"

	"badged/internal/cli"
)

// Every flag of `badgehub site set` changes the setting that it names, and no other
// one: --quota-day could have been without effect for ever.
func TestEverySettingOfTheSiteTakesEffect(t *testing.T) {
	p := serveIn(t, t.TempDir())
	values := map[string]string{
		"name": "Lyon", "unknown-badge": "bind", "confirm": "admin", "lang": "en", "edit-profile": "false", "code-digits": "7",
		"claim-window": "41", "guess-budget": "9", "quota-burst": "61", "quota-day": "303", "quota-site": "404", "anonymous-life": "7200",
		"session-idle": "77", "session-max": "99",
	}
	before := p.settings()
	set := (&program{stdio: cli.Stdio{Out: io.Discard, Err: io.Discard}}).siteSet()
	set.Flags().VisitAll(func(f *pflag.Flag) {
		value, ok := values[f.Name]
		if !ok {
			t.Errorf("no value for --%s: say in this test what it sets", f.Name)
			return
		}
		if _, err := p.run("site", "set", "--"+f.Name+"="+value); err != nil {
			t.Errorf("--%s: %v", f.Name, err)
		}
		after := p.settings()
		for key := range before {
			want := before[key]
			if key == strings.ReplaceAll(f.Name, "-", "_") {
				want = value
			}
			if after[key] != want {
				t.Errorf("after --%s=%s: %s is %s, want %s", f.Name, value, key, after[key], want)
			}
		}
		before = after
	})
}

// settings are those that `badgehub site show --json` prints, by name.
func (p *process) settings() map[string]string {
	p.t.Helper()
	out := map[string]string{}
	for key, v := range get[map[string]json.RawMessage](p, "site", "show") {
		out[key] = strings.Trim(string(v), `"`)
	}
	return out
}
