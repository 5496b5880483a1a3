package site_test

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"badged/firmware/site"
)

const siteTOML = `language = "fr"
time_zone = "Europe/Paris"
ntp = ["0.fr.pool.ntp.org", "10.0.0.1"]
vlan = 12

[kind.door]
board = "rpi-4"
hat = "waveshare-relay-3"
config = "door.toml"

[kind.panel]
board = "uefi-amd64"
config = "panel.toml"
`

const doorTOML = `[[point]]
name = "{name}"
kind = "door"
door = "{door}"
relay = "{relay1}"
`

const token = "badged-join-1.SECRET"

const rosterCSV = `name,kind,door,token,address,gateway,dns,vlan
front,door,main,` + token + `,10.0.3.21/24,10.0.3.1,10.0.0.53 10.0.0.54,
back,door,yard,,dhcp,,,30
hall,panel,,,,,,
`

// write puts the files of a site into a folder, with changes.
func write(t *testing.T, changes map[string]string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	files := map[string]string{"site.toml": siteTOML, "door.toml": doorTOML, "panel.toml": "[[point]]\nname = \"hall\"\nkind = \"print\"\n", "terminals.csv": rosterCSV}
	for name, text := range changes {
		files[name] = text
	}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// provision does all of it: the provisionings of a folder's roster.
func provision(dir string) (all []site.Provision, err error) {
	s, err := site.Load(filepath.Join(dir, "site.toml"))
	if err != nil {
		return nil, err
	}
	rows, err := site.LoadRoster(filepath.Join(dir, "terminals.csv"))
	if err != nil {
		return nil, err
	}
	var errs []error
	for _, r := range rows {
		p, err := s.Provision(r)
		errs = append(errs, err)
		all = append(all, p)
	}
	return all, errors.Join(errs...)
}

// Issue 12, 3: a site and a row of its roster make a terminal's settings, with the pins of its
// hat, and what is written on a card is read again.
func TestARowBecomesATerminal(t *testing.T) {
	all, err := provision(write(t, nil))
	if err != nil || len(all) != 3 {
		t.Fatalf("%d terminals, %v", len(all), err)
	}
	front := all[0]
	for _, want := range []string{`name = "front"`, `door = "main"`, `relay = "pinctrl-bcm2711:26 active-low"`} {
		if !strings.Contains(front.Config, want) {
			t.Errorf("the configuration lacks %s:\n%s", want, front.Config)
		}
	}
	if n := front.Network; n.Address != "10.0.3.21/24" || n.Gateway != "10.0.3.1" || !slices.Equal(n.DNS, []string{"10.0.0.53", "10.0.0.54"}) || n.VLAN != 12 {
		t.Errorf("the network: %+v", n)
	}
	if back := all[1]; back.Network.Address != "" || back.Network.VLAN != 30 || !back.Token.IsZero() || back.Language != "fr" {
		t.Errorf("back: %+v", back)
	}
	for _, p := range all {
		b, err := p.Encode()
		if err != nil || len(b) != site.Encoded {
			t.Fatalf("%d bytes, %v", len(b), err)
		}
		again, err := site.Parse(b)
		if err != nil || again.Config != p.Config || again.Token != p.Token || again.Network.Address != p.Network.Address || again.TimeZone != "Europe/Paris" || again.Board != p.Board {
			t.Errorf("%s: read again: %+v, %v", p.Name, again, err)
		}
	}
}

// What a French spreadsheet writes: semicolons, a mark of the byte order, titles in capitals.
func TestARosterFromASpreadsheet(t *testing.T) {
	text := "\ufeff" + strings.ReplaceAll(strings.Replace(rosterCSV, "name,kind", "Name,KIND", 1), ",", ";")
	all, err := provision(write(t, map[string]string{"terminals.csv": strings.ReplaceAll(text, "\n", "\r\n")}))
	if err != nil || len(all) != 3 || all[0].Network.Gateway != "10.0.3.1" {
		t.Errorf("%d, %v", len(all), err)
	}
}

// Issue 12, 3: what nobody knows is an error at the desk, with its place and what was meant.
func TestWhatIsWrongIsSaidAtTheDesk(t *testing.T) {
	change := func(file, old, now string) map[string]string {
		text := map[string]string{"site.toml": siteTOML, "door.toml": doorTOML, "terminals.csv": rosterCSV}[file]
		if !strings.Contains(text, old) {
			t.Fatalf("%s has no %q", file, old)
		}
		return map[string]string{file: strings.Replace(text, old, now, 1)}
	}
	for _, tt := range []struct{ file, old, now, want string }{
		{"site.toml", "time_zone", "timezone", `site.toml:2:1: timezone: unknown key (did you mean "time_zone"?)`},
		{"site.toml", "vlan = 12", "wifi = 12", `site.toml:4:1: wifi: unknown key; allowed: language, time_zone, ntp, vlan, kind`},
		{"site.toml", `hat = "w`, `hatt = "w`, `site.toml:8:1: kind.door.hatt: unknown key (did you mean "hat"?); allowed: board, hat, config`},
		{"site.toml", "[kind.door]", "[kinds.door]", `unknown key (did you mean "kind"?)`},
		{"site.toml", "Europe/Paris", "Europe/Pariss", "there is no such zone"},
		{"site.toml", `"fr"`, `"de"`, `must be en or fr`},
		{"site.toml", "vlan = 12", "vlan = 4095", "is not 1 to 4094"},
		{"site.toml", "vlan = 12", `vlan = "x"`, "site.toml:4:"},
		{"site.toml", "10.0.0.1", "10 0", "no name or address of a server"},
		{"site.toml", `"rpi-4"`, `"rpi4"`, `did you mean "rpi-4"?`},
		{"site.toml", "waveshare-relay-3", "waveshare-relay3", `did you mean "waveshare-relay-3"?`},
		{"site.toml", `board = "uefi-amd64"`, "board = \"uefi-amd64\"\nhat = \"header\"", "has no header"},
		{"site.toml", "door.toml", "dor.toml", "no such file"},
		{"site.toml", `config = "door.toml"`, "", "config is missing"},
		{"door.toml", "{relay1}", "{relay4}", `door.toml:5: {relay4}: unknown`},
		{"door.toml", "{door}", "{doors}", `door.toml:4: {doors}: unknown (did you mean "door"?)`},
		{"terminals.csv", "gateway", "gatway", `terminals.csv:1: column 6, "gatway": unknown (did you mean "gateway"?)`},
		{"terminals.csv", "kind", "dns", "the column kind is missing"},
		{"terminals.csv", "kind", "dns", "the column dns stands twice"},
		{"terminals.csv", "front,door", "front,dor", `terminals.csv:2: kind "dor": site.toml has no [kind.dor] (did you mean "door"?)`},
		{"terminals.csv", "front,door,main", "front,door,", "wants {door}, and the row has no door"},
		{"terminals.csv", "back", "front", `terminals.csv:3: two terminals are named "front"`},
		{"terminals.csv", "back", "Back", `terminals.csv:3: name "Back"`},
		{"terminals.csv", "10.0.3.21/24", "10.0.3.21", "such as 10.0.3.21/24"},
		{"terminals.csv", "10.0.3.21/24", "10.0.3.0/24", "such as 10.0.3.21/24"},
		{"terminals.csv", ",10.0.3.1,", ",10.0.4.1,", "is not in the network"},
		{"terminals.csv", "dhcp,,", "dhcp,10.0.3.1,", "DHCP brings its own"},
		{"terminals.csv", ",,,30", ",,,5000", "is not 1 to 4094"},
		{"terminals.csv", ",,,30", ",,,30,x", "9 fields, and there are 8 columns"},
		{"terminals.csv", "yard", `"ya"rd`, "terminals.csv:3"},
	} {
		_, err := provision(write(t, change(tt.file, tt.old, tt.now)))
		if err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s with %q: %v\nwant %s", tt.file, tt.now, err, tt.want)
		}
		if err != nil && strings.Contains(err.Error(), "SECRET") {
			t.Errorf("a token is in an error: %v", err)
		}
	}
}

// All mistakes are told in one round.
func TestAllMistakesAreToldAtOnce(t *testing.T) {
	_, err := provision(write(t, map[string]string{"terminals.csv": "name,kind,address\nA,door,1\nb,door,2\n"}))
	if err == nil || strings.Count(err.Error(), "\n") != 2 {
		t.Errorf("%v", err)
	}
}

// A value of a row cannot leave the quotes in which the configuration has it.
func TestARowChangesNothingButItsValue(t *testing.T) {
	for _, evil := range []string{`x" active-low`, "a\nb", `a\u0022`, "a'b", "é"} {
		roster := "name,kind,door,reader\nfront,door,main,\"" + strings.ReplaceAll(evil, `"`, `""`) + "\"\n"
		if _, err := provision(write(t, map[string]string{"terminals.csv": roster})); err == nil {
			t.Errorf("%q went into a configuration", evil)
		}
	}
}

// A card has two copies; one that is damaged anywhere is not taken, and the other one is.
func TestADamagedCopyIsNotTaken(t *testing.T) {
	all, err := provision(write(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	good, err := all[0].Encode()
	if err != nil {
		t.Fatal(err)
	}
	end := bytes.LastIndexByte(bytes.TrimRight(good, "\x00"), '\n')
	for at := 0; at < end; at++ {
		bad := bytes.Clone(good)
		bad[at] ^= 4
		if p, err := site.Parse(bad); err == nil {
			t.Fatalf("byte %d was turned: %+v", at, p)
		}
		if _, err := site.First(bad, good); err != nil {
			t.Fatalf("byte %d of the first copy was turned: %v", at, err)
		}
	}
	if _, err := site.First(nil, make([]byte, site.Encoded)); !errors.Is(err, site.ErrDamaged) {
		t.Errorf("two empty copies: %v", err)
	}
}

// A configuration that does not fit is refused, not cut.
func TestAConfigurationThatIsTooLong(t *testing.T) {
	long := doorTOML + strings.Repeat("# comment\n", 10_000)
	all, err := provision(write(t, map[string]string{"door.toml": long}))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := all[0].Encode(); err == nil || !strings.Contains(err.Error(), "shorten") {
		t.Errorf("%v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte("# badged provisioning 1 0 e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n"))
	f.Fuzz(func(t *testing.T, b []byte) {
		p, err := site.Parse(b)
		if err != nil {
			return
		}
		again, err := p.Encode()
		if err != nil {
			return // too long, once it is written our way
		}
		if q, err := site.Parse(again); err != nil || q.Config != p.Config || q.Name != p.Name {
			t.Errorf("%+v became %+v, %v", p, q, err)
		}
	})
}

func FuzzParseRoster(f *testing.F) {
	f.Add([]byte(rosterCSV))
	f.Fuzz(func(t *testing.T, b []byte) {
		rows, err := site.ParseRoster("roster", b)
		if err != nil {
			return
		}
		for _, r := range rows {
			if strings.ContainsAny(r.Reader+r.Door+r.Name, "\"\\\n'") {
				t.Errorf("%+v", r)
			}
		}
	})
}
