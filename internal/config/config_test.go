package config_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"badged/internal/config"
)

const good = `
state_dir = "/tmp/b"
control = "/tmp/b/c.sock"
log.format = "json"

[kiosk]
listen = "127.0.0.1:0"
frame_ancestors = ["http://127.0.0.1:8080"]

[print]
socket = "/run/badged/cups.sock"
account = "badged"
queues = ["follow"]
domains = ["CORP", "example.com"]
keep_for = "72h"

[[point]]
name = "hall"
kind = "print"
printer = "hall-mfp"

[[point]]
name = "front"
kind = "door"
door = "front"
relay = "virtual:/run/p.sock#relay"
exit = "virtual:/run/p.sock#exit"
open_for = "3s"
log_first = true

[[point]]
name = "front-out"
kind = "door"
door = "front"

[[reader]]
name = "hall-rfid"
point = "hall"
protocol = "rdm6300"
port = "/dev/ttyUSB0"
baud = 9600

[[reader]]
name = "hall-line"
point = "hall"
protocol = "line"
port = "/dev/ttyUSB1"
options = { prefix = ";" }
[reader.options]
suffix = "?"
`

func TestGood(t *testing.T) {
	c, err := config.Parse("x.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	front, line := c.Points[1], c.Readers[1]
	switch {
	case c.StateDir != "/tmp/b" || c.Log.Format != "json" || len(c.Kiosk.FrameAncestors) != 1:
		t.Errorf("top: %+v", c)
	case front.OpenFor != 3*time.Second || front.HeldAfter != 30*time.Second || !front.LogFirst:
		t.Errorf("front: %+v", front)
	case c.Print.Socket != "/run/badged/cups.sock" || c.Print.Queues[0] != "follow" || len(c.Print.Domains) != 2 || c.Print.KeepFor != 72*time.Hour || c.Points[0].Printer != "hall-mfp":
		t.Errorf("print: %+v", c.Print)
	case line.Options["prefix"] != ";" || line.Options["suffix"] != "?":
		t.Errorf("line: %+v", line)
	}
}

func TestDefaults(t *testing.T) {
	c, err := config.Parse("x.toml", []byte("[[point]]\nname=\"a\"\nkind=\"print\"\n"))
	if err != nil {
		t.Fatal(err)
	}
	if c.StateDir != "/var/lib/badged" || c.Control != "/run/badged/badged.sock" || c.Log.Format != "text" || c.Kiosk.Listen != "127.0.0.1:8631" || c.Print.Socket != "/run/cups/cups.sock" {
		t.Errorf("%+v", c)
	}
}

const head = "[[point]]\nname=\"a\"\nkind=\"print\"\n"

// T4: a wrong configuration is refused with file, line, key and what is allowed.
func TestProblems(t *testing.T) {
	for name, c := range map[string]struct{ in, want string }{
		"unknown key":        {head + "colour = \"red\"\n", "x.toml:4:1: point.colour: unknown key; allowed: contact, door,"},
		"unknown root key":   {"colour = 1\n" + head, "x.toml:1:1: colour: unknown key; allowed: control, state_dir"},
		"unknown table":      {head + "[kisok]\nlisten = \"x\"\n", "x.toml:4:2: kisok: unknown table"},
		"one bracket":        {"[point]\nname=\"a\"\n", "x.toml:1:2: point: write it with two brackets: [[point]]"},
		"wrong type":         {head + "log_first = \"yes\"\n", `x.toml:4:1: point.log_first: the string "yes" is not allowed here; allowed: true or false`},
		"wrong type int":     {"state_dir = 5\n" + head, "x.toml:1:1: state_dir: 5 is not allowed here; allowed: an absolute path"},
		"bad value":          {"[[point]]\nname = \"a\"\n  kind = \"window\"\n", `x.toml:3:3: point.kind: the string "window" is not allowed here; allowed: "print" or "door"`},
		"bad name":           {"[[point]]\nname = \"A b\"\nkind = \"print\"\n", "x.toml:2:1: point.name: "},
		"missing":            {"[[point]]\nname = \"a\"\n", `x.toml:1:3: point.kind: this key is missing; allowed: "print" or "door"`},
		"key twice":          {head + "kind = \"print\"\n", "x.toml:4:1: point.kind: this key stands twice"},
		"table twice":        {head + "[log]\n[log]\n", "x.toml:5:2: log: this table stands twice"},
		"a slip in a key":    {head + "log_frist = true\n", `x.toml:4:1: point.log_frist: unknown key (did you mean "log_first"?); allowed: contact, door,`},
		"a slip at the root": {"state-dri = \"/x\"\n" + head, `x.toml:1:1: state-dri: unknown key (did you mean "state_dir"?); allowed:`},
		"a slip in a table":  {head + "[kisok]\nlisten = \"x\"\n", `x.toml:4:2: kisok: unknown table (did you mean "kiosk"?); allowed: [log], [kiosk]`},
		"a slip in a list":   {head + "[[raeder]]\nname = \"x\"\n", `x.toml:4:3: raeder: unknown table (did you mean "reader"?); allowed:`},
		"two brackets":       {head + "[[kiosk]]\nlisten = \"x\"\n", "x.toml:4:3: kiosk: write it with one bracket: [kiosk]"},
		"a slip in a word":   {"[[point]]\nname = \"a\"\nkind = \"pritn\"\n", `point.kind: the string "pritn" is not allowed here (did you mean "print"?); allowed: "print" or "door"`},
		"a slip in a point": {head + "[[point]]\nname=\"hall\"\nkind=\"print\"\n[[reader]]\nname=\"r\"\npoint=\"hal\"\nprotocol=\"line\"\nport=\"/dev/x\"\n",
			`reader.point: there is no point "hal" (did you mean "hall"?); allowed: "a", "hall"`},
		"a slip in a door": {"[[point]]\nname=\"a\"\nkind=\"door\"\ndoor=\"front\"\nrelay=\"x\"\n[[point]]\nname=\"b\"\nkind=\"door\"\ndoor=\"fornt\"\n",
			`point.relay: no point names the relay of door "fornt" (did you mean "front"?)`},
		"an option beside its table": {head + "[[reader]]\nname=\"r\"\npoint=\"a\"\nprotocol=\"hid\"\nport=\"x\"\nlayout=\"fr\"\n",
			"x.toml:9:1: reader.layout: unknown key (an option of the protocol stands in [reader.options]); allowed: baud,"},
		"syntax":            {head + "kind = \n", "x.toml:4:8: this is not TOML"},
		"kiosk open":        {head + "[kiosk]\nlisten = \"0.0.0.0:80\"\n", "x.toml:5:1: kiosk.listen: "},
		"frame":             {head + "[kiosk]\nframe_ancestors = [\"*\"]\n", "x.toml:5:1: kiosk.frame_ancestors: this array is not allowed"},
		"print with relay":  {head + "relay = \"virtual:/x#relay\"\n", "x.toml:4:1: point.relay: only a door has this"},
		"printer alone":     {head + "printer = \"mfp\"\n", "x.toml:4:1: point.printer: there is no [print]"},
		"queue alone":       {head + "[print]\nqueues = [\"follow\"]\n", "x.toml:5:1: print.queues: no [[point]] has a printer"},
		"no queue":          {head + "printer = \"mfp\"\n[print]\ndomains = [\"CORP\"]\n", "x.toml:5:2: print.queues: this key is missing; allowed: a list of queues"},
		"queues empty":      {head + "printer = \"mfp\"\n[print]\nqueues = []\n", "x.toml:6:1: print.queues: this array is not allowed here"},
		"queue as printer":  {head + "printer = \"mfp\"\n[print]\nqueues = [\"mfp\"]\n", "x.toml:4:1: point.printer: \"mfp\" is the queue that people send to"},
		"queue's name":      {head + "printer = \"a/b\"\n[print]\nqueues = [\"follow\"]\n", "x.toml:4:1: point.printer: the string \"a/b\" is not allowed here"},
		"a domain":          {head + "printer = \"mfp\"\n[print]\nqueues = [\"follow\"]\ndomains = [\"a@b\"]\n", "x.toml:7:1: print.domains: this array is not allowed here"},
		"printer of a door": {"[[point]]\nname=\"a\"\nkind=\"door\"\ndoor=\"a\"\nrelay=\"x\"\nprinter=\"mfp\"\n", "x.toml:6:1: point.printer: only a print point has this"},
		"no point":          {"state_dir = \"/x\"\n", "x.toml:1:1: point: there is no [[point]]"},
		"reader's point": {head + "[[reader]]\nname=\"r\"\npoint=\"b\"\nprotocol=\"line\"\nport=\"/dev/x\"\n",
			`x.toml:6:1: reader.point: there is no point "b"; allowed: "a"`},
		"baud": {head + "[[reader]]\nname=\"r\"\npoint=\"a\"\nprotocol=\"line\"\nport=\"/dev/x\"\nbaud=1\n",
			"x.toml:9:1: reader.baud: 1 is not allowed here; allowed: a whole number from 50 to 4000000"},
		"option": {head + "[[reader]]\nname=\"r\"\npoint=\"a\"\nprotocol=\"line\"\nport=\"/dev/x\"\n[reader.options]\nmin=1\n",
			"x.toml:10:1: reader.options.min: 1 is not allowed here; allowed: a string"},
		"name twice":   {head + head, `x.toml:5:1: point.name: two points are named "a"`},
		"open_for":     {"[[point]]\nname=\"a\"\nkind=\"door\"\ndoor=\"d\"\nrelay=\"x\"\nopen_for=\"31s\"\n", `allowed: a time from "100ms" to "30s"`},
		"open_for int": {"[[point]]\nname=\"a\"\nkind=\"door\"\ndoor=\"d\"\nrelay=\"x\"\nopen_for=5\n", `x.toml:6:1: point.open_for: 5 is not allowed`},
		"no relay":     {"[[point]]\nname=\"a\"\nkind=\"door\"\ndoor=\"d\"\n", `x.toml:1:3: point.relay: no point names the relay of door "d"`},
		"two relays": {"[[point]]\nname=\"a\"\nkind=\"door\"\ndoor=\"d\"\nrelay=\"x\"\n[[point]]\nname=\"b\"\nkind=\"door\"\ndoor=\"d\"\nrelay=\"y\"\n",
			`x.toml:10:1: point.relay: door "d" has a relay already`},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := config.Parse("x.toml", []byte(c.in))
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got  %v\nwant %s", err, c.want)
			}
		})
	}
}

func TestAllProblemsAtOnce(t *testing.T) {
	_, err := config.Parse("x.toml", []byte("a = 1\n[log]\nformat = \"xml\"\n"+head+"b = 2\n"))
	var ps config.Problems
	if !errors.As(err, &ps) || len(ps) != 3 || ps[0].Line != 1 || ps[1].Line != 3 || ps[2].Line != 7 {
		t.Errorf("got %v", err)
	}
}

func TestProblemOfATable(t *testing.T) {
	c, err := config.Parse("x.toml", []byte(good))
	if err != nil {
		t.Fatal(err)
	}
	if got, want := c.Readers[0].Problem("protocol", "unknown protocol", "line").Error(), "x.toml:39:1: reader.protocol: unknown protocol; allowed: line"; got != want {
		t.Errorf("got %s, want %s", got, want)
	}
	if got := c.Readers[1].Problem("options.suffix", "too long", ""); got.Line != 50 {
		t.Errorf("got %s", got)
	}
}

func TestLoadMissing(t *testing.T) {
	if _, err := config.Load(t.TempDir() + "/none.toml"); err == nil || !strings.Contains(err.Error(), "read configuration") {
		t.Errorf("got %v", err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add([]byte(good))
	f.Add([]byte("[[point]]\na.b.c = [1, {x=2}]\n[reader.options]\n'' = 3"))
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := config.Parse("x.toml", data)
		var ps config.Problems
		if err == nil && c == nil || err != nil && (!errors.As(err, &ps) || len(ps) == 0) {
			t.Errorf("config %v and error %v", c, err)
		}
	})
}
