package main

import (
	"os"
	"strings"
	"testing"
)

// files are the arguments that name a desk's files.
func (d desk) files(command ...string) []string {
	return append(append([]string{"site"}, command...), "--site", d.path("site.toml"), "--roster", d.path("terminals.csv"))
}

// Issue 12, 3: the files of a site make the configuration of a terminal without a card, and say
// what is wrong with all of them at once.
func TestSiteConfig(t *testing.T) {
	d := newDesk(t)
	out := must(t, d.files("config", "back")...)
	for _, want := range []string{"name = \"back\"\n", "door = \"yard\"\n", "relay = \"pinctrl-bcm2711:26 active-low\"\n", "port = \"/dev/ttyUSB0\"\n"} {
		if !strings.Contains(out, want) {
			t.Errorf("it lacks %q:\n%s", want, out)
		}
	}
	file := d.path("badged.toml")
	must(t, d.files("config", "back", "--out", file)...)
	if string(readFile(t, file)) != out {
		t.Error("the file has something else")
	}
	if got := run(t, "", d.files("config", "front", "--out", file)...); got.code == 0 || string(readFile(t, file)) != out {
		t.Errorf("a file was written over: %d", got.code)
	}
	if got := run(t, "", d.files("config", "bck")...); got.code != 1 || !strings.Contains(got.stderr, `did you mean "back"?`) {
		t.Errorf("a slip: %s", got.stderr)
	}
}

func TestSiteCheck(t *testing.T) {
	d := newDesk(t)
	want := "TERMINAL  KIND  BOARD  NETWORK  HUB\nfront     door  rpi-4  DHCP     token\nback      door  rpi-4  DHCP     no token\n"
	if got := must(t, d.files("check")...); got != want || strings.Contains(got, d.token) {
		t.Errorf("%s", got)
	}
	d = newDesk(t, "door.toml", `"line"`, `"lyne"`)
	if got := run(t, "", d.files("check")...); got.code != 1 || got.out != "" || strings.Count(got.stderr, "reader.protocol") != 2 {
		t.Errorf("two terminals with one mistake: %d %s%s", got.code, got.out, got.stderr)
	}
	if err := os.WriteFile(d.path("terminals.csv"), []byte("name,kind\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "", d.files("check")...); got.code != 1 || !strings.Contains(got.stderr, "has no terminal") {
		t.Errorf("an empty roster: %d %s", got.code, got.stderr)
	}
}
