package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/internal/cli"
)

// check runs `badged check` on a configuration.
func check(t *testing.T, text string) (code int, out, stderr string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "badged.toml")
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	var o, e bytes.Buffer
	err := Run(context.Background(), []string{"check", "--config", file}, func(string) string { return "" }, cli.Stdio{Out: &o, Err: &e})
	return program.Exit(err, &e), o.String(), e.String()
}

// TestCheckTellsAllAtOnce (issue 7, 5): what the file's form, its tables and the parts
// that it names have against it comes in one go, each once, in the order of the file.
func TestCheckTellsAllAtOnce(t *testing.T) {
	code, _, stderr := check(t, `colour = "red"
[[point]]
name = "hall"
kind = "print"
relay = "virtual:/x#relay"
[[point]]
name = "front"
kind = "door"
door = "front"
relay = "nonsense"
open_for = "31s"
[[reader]]
name = "a"
point = "hal"
protocol = "rdm6300"
port = "ttyUSB0"
number = "uper"
[[reader]]
name = "b"
point = "hall"
protocol = "wiegnad"
number = "uper"
port = "gpiochip0:1,2"
[[reader]]
name = "c"
point = "hall"
protocol = "wiegand"
port = "gpiochip0:7"
[reader.options]
format = "nosuch"
keypad = "nosuch"
[[reader]]
name = "d"
point = "front"
protocol = "osdp"
port = "/dev/ttyS0"
[reader.options]
address = "200"
key = "short"
`)
	wants := []string{
		":1:1: colour:", ":5:1: point.relay: only a door", ":10:1: point.relay:", ":11:1: point.open_for:", ":14:1: reader.point:", ":16:1: reader.port:",
		":17:1: reader.number:", ":21:1: reader.protocol:", ":22:1: reader.number:", ":28:1: reader.port:",
		":30:1: reader.options.format:", ":31:1: reader.options.keypad:", ":38:1: reader.options.address:", ":39:1: reader.options.key:",
	}
	lines := strings.Split(strings.TrimSpace(stderr), "\n")
	if code != cli.ExitConfig || len(lines) != len(wants) {
		t.Errorf("code %d, %d problems, want %d", code, len(lines), len(wants))
	}
	for i, want := range wants {
		if i >= len(lines) || !strings.Contains(lines[i], want) {
			t.Fatalf("problem %d is not of %s\n%s", i+1, want, stderr)
		}
	}
}

// TestCheckWarnsOfWhatIsNotThere (issue 7, 5): a port, a chip or a device that the machine does not have
// is no mistake, since it may be plugged in later, but somebody should know.
func TestCheckWarnsOfWhatIsNotThere(t *testing.T) {
	there := filepath.Join(t.TempDir(), "port")
	if err := os.WriteFile(there, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	code, out, stderr := check(t, strings.ReplaceAll(`
[[point]]
name = "hall"
kind = "print"
[[point]]
name = "front"
kind = "door"
door = "front"
relay = "gpiochip97:4"
exit = "virtual:/nowhere/board#exit"
[[reader]]
name = "a"
point = "hall"
protocol = "rdm6300"
port = "THERE"
[[reader]]
name = "b"
point = "hall"
protocol = "rdm6300"
port = "/dev/serial/by-id/nothing"
[[reader]]
name = "c"
point = "hall"
protocol = "wiegand"
port = "gpiochip98:1,2"
[[reader]]
name = "d"
point = "hall"
protocol = "hid"
port = "usb:fffe:0001"
`, "THERE", there))
	if code != 0 || stderr != "" || !strings.Contains(out, "is fine: 2 points, 4 readers") {
		t.Errorf("code %d: %s%s", code, out, stderr)
	}
	for _, want := range []string{"reader b: /dev/serial/by-id/nothing", "reader c: gpiochip98:1,2", "reader d: usb:fffe:0001", "the pin gpiochip97:4", "the pin virtual:/nowhere/board#exit"} {
		if !strings.Contains(out, want+" is not there now") {
			t.Errorf("no word of %s:\n%s", want, out)
		}
	}
	if strings.Contains(out, "reader a") || strings.Count(out, "warning:") != 5 {
		t.Errorf("warnings:\n%s", out)
	}
}

// TestCheckWarnsBesideErrors (issue 7, 5): what is not there is told in the same round as mistakes.
func TestCheckWarnsBesideErrors(t *testing.T) {
	code, out, stderr := check(t, `colour = "red"
[[point]]
name = "hall"
kind = "print"
[[point]]
name = "front"
kind = "door"
door = "front"
relay = "gpiochip97:4"
open_for = "31s"
[[reader]]
name = "b"
point = "hal"
protocol = "rdm6300"
port = "/dev/serial/by-id/nothing"
number = "uper"
`)
	if code != cli.ExitConfig || strings.Count(stderr, "\n") != 4 {
		t.Errorf("code %d:\n%s", code, stderr)
	}
	for _, want := range []string{"warning: reader b: /dev/serial/by-id/nothing is not there now", "warning: point front: the pin gpiochip97:4 is not there now"} {
		if !strings.Contains(out, want) {
			t.Errorf("no word of %s:\n%s", want, out)
		}
	}
	if strings.Contains(out, "is fine") {
		t.Error(out)
	}
}

// TestCheckTellsOptionsThatDoNotGoTogether (issue 7, 5): in the same round as other mistakes, at the
// line of an option; and what one mistake made wrong is no second one.
func TestCheckTellsOptionsThatDoNotGoTogether(t *testing.T) {
	const head = "[[point]]\nname = \"hall\"\nkind = \"print\"\n[[reader]]\nname = \"r\"\npoint = \"hall\"\n"
	for name, tt := range map[string]struct {
		reader string
		want   []string
	}{
		"alone":            {"protocol = \"line\"\nport = \"/dev/x\"\n[reader.options]\nmin = \"20\"\nmax = \"10\"\n", []string{":11:1: reader.options.max: protocol line: option max 10: must be min (20) to 256"}},
		"beside another":   {"protocol = \"hid\"\nport = \"usb:08ff:0009\"\n[reader.options]\nlayout = \"frr\"\nmin = \"20\"\nmax = \"10\"\n", []string{":10:1: reader.options.layout:", ":12:1: reader.options.max:"}},
		"made by another":  {"protocol = \"hid\"\nport = \"usb:08ff:0009\"\n[reader.options]\nmin = \"2O\"\nmax = \"1O\"\n", []string{":10:1: reader.options.min:", ":11:1: reader.options.max:"}},
		"times":            {"protocol = \"hid\"\nport = \"usb:08ff:0009\"\n[reader.options]\ntimeout = \"50ms\"\nkey_timeout = \"100ms\"\nmni = \"1\"\n", []string{":10:1: reader.options.timeout:", ":12:1: reader.options.mni:"}},
		"a mode misspelt":  {"protocol = \"wiegand\"\nport = \"gpiochip0:1,2\"\n[reader.options]\nkeypad = \"fram\"\ndigits = \"6\"\n", []string{":10:1: reader.options.keypad:"}},
		"a mode not there": {"protocol = \"wiegand\"\nport = \"gpiochip0:1,2\"\n[reader.options]\nformat = \"nosuch\"\ndigits = \"6\"\n", []string{":10:1: reader.options.format:", ":11:1: reader.options.digits:"}},
		"a line":           {"protocol = \"osdp\"\nport = \"ttyUSB0\"\n[reader.options]\nsecure = \"off\"\nkey_file = \"k\"\ntext = \"xx\"\n", []string{":8:1: reader.port:", ":10:1: reader.options.secure:", ":11:1: reader.options.key_file:", ":12:1: reader.options.text:"}},
		"no port":          {"protocol = \"line\"\nport = \"nonsense\"\n[reader.options]\nmin = \"20\"\nmax = \"10\"\n", []string{":8:1: reader.port:", ":11:1: reader.options.max:"}},
	} {
		t.Run(name, func(t *testing.T) {
			code, _, stderr := check(t, head+tt.reader)
			lines := strings.Split(strings.TrimSpace(stderr), "\n")
			if code != cli.ExitConfig || len(lines) != len(tt.want) {
				t.Fatalf("code %d, want %d problems:\n%s", code, len(tt.want), stderr)
			}
			for i, want := range tt.want {
				if !strings.Contains(lines[i], want) {
					t.Errorf("want %s:\n%s", want, stderr)
				}
			}
		})
	}
}
