package main

import (
	"bytes"
	"crypto/x509"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/firmware/flash"
	"badged/sync/identity"
)

// desk is the desk of a technician: a release, a site and its roster.
type desk struct {
	dir    string
	bundle string
	trust  string
	token  string // of the terminal front
}

var deskFiles = map[string]string{
	"site.toml": "language = \"fr\"\ntime_zone = \"Europe/Paris\"\n\n[kind.door]\nboard = \"rpi-4\"\nhat = \"waveshare-relay-3\"\nconfig = \"door.toml\"\n",
	"door.toml": "[[point]]\nname = \"{name}\"\nkind = \"door\"\ndoor = \"{door}\"\nrelay = \"{relay1}\"\n\n" +
		"[[reader]]\nname = \"badge\"\npoint = \"{name}\"\nprotocol = \"line\"\nport = \"{reader}\"\n",
	"terminals.csv": "name,kind,door,reader,token\nfront,door,main,/dev/ttyUSB0,TOKEN\nback,door,yard,/dev/ttyUSB0,\n",
}

// newDesk makes one, with changes to its files.
func newDesk(t *testing.T, changes ...string) desk {
	t.Helper()
	site := makeSite(t)
	tree := writeFiles(t, map[string]string{
		"rpi-4/slot/config.txt": "arm_64bit=1\n", "rpi-4/slot/kernel8.img": strings.Repeat("kernel", 100_000),
		"uefi-amd64/slot/linux": strings.Repeat("linux", 70_000), "uefi-amd64/slot/initrd": strings.Repeat("initrd", 70_000),
		"uefi-amd64/esp/EFI/BOOT/BOOTX64.EFI": "MZ",
	})
	d := desk{dir: t.TempDir(), bundle: filepath.Join(site, "out.bundle"), trust: filepath.Join(site, "trust")}
	must(t, makeArgs(site, tree, d.bundle)...)
	token, err := identity.NewToken("hq", "front", "hub.example.org:8443", &x509.Certificate{Raw: []byte("ca")})
	if err != nil {
		t.Fatal(err)
	}
	d.token = token.Reveal()
	for name, text := range deskFiles {
		text = strings.Replace(text, "TOKEN", d.token, 1)
		for i := 0; i+2 < len(changes); i += 3 {
			if changes[i] == name {
				if !strings.Contains(text, changes[i+1]) {
					t.Fatalf("%s has no %q", name, changes[i+1])
				}
				text = strings.Replace(text, changes[i+1], changes[i+2], 1)
			}
		}
		if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return d
}

func (d desk) path(name string) string { return filepath.Join(d.dir, name) }

// args are those of flash write, and more.
func (d desk) args(more ...string) []string {
	return append([]string{"flash", "write", "--bundle", d.bundle, "--trust", d.trust, "--site", d.path("site.toml"),
		"--roster", d.path("terminals.csv"), "--log", d.path("flash.log"), "--size", "300000000"}, more...)
}

func (d desk) verify(t *testing.T, image string) result {
	t.Helper()
	return run(t, "", "flash", "verify", "--bundle", d.bundle, "--trust", d.trust, "--image", image)
}

// Issue 12, 2 and 3: a row of the roster becomes a card, which is read back, and says at the desk
// for whom it is.
func TestFlashWriteAndVerify(t *testing.T) {
	d := newDesk(t)
	image := d.path("front.img")
	out := must(t, d.args("--terminal", "front", "--image", image)...)
	if !strings.HasPrefix(out, "PASS front: ") || !strings.HasSuffix(out, "1 of 1 cards passed\n") {
		t.Errorf("write: %s", out)
	}
	if got := d.verify(t, image); got.code != 0 || got.out != "PASS front: release 1.4.0, all of it\n" {
		t.Errorf("verify: %d %s%s", got.code, got.out, got.stderr)
	}
	if strings.Contains(out, d.token) || bytes.Contains(readFile(t, d.path("flash.log")), []byte(d.token)) {
		t.Error("the token is in the output or the log")
	}
	if !bytes.Contains(readFile(t, image), []byte(d.token)) {
		t.Error("the token is not on the card")
	}
	if got := run(t, "", d.args("--terminal", "front", "--image", image)...); got.code == 0 || !strings.Contains(got.stderr, "exists") {
		t.Errorf("a file that exists: %d %s", got.code, got.stderr)
	}
}

// A card that was changed after it was written does not pass, wherever that is.
func TestFlashVerifyFindsWhatWasChanged(t *testing.T) {
	d := newDesk(t)
	image := d.path("back.img")
	must(t, d.args("--terminal", "back", "--image", image)...)
	good := readFile(t, image)
	f, err := os.OpenFile(image, os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for name, at := range map[string]int{
		"the partition table":                      450,
		"the kernel in slot B":                     bytes.LastIndex(good, []byte("kernelkernel")),
		"one copy of the settings":                 bytes.Index(good, []byte("# badged provisioning")) + 200,
		"the choice of the slot":                   bytes.Index(good, []byte("boot_partition=2")) + 15,
		"a table of a file system":                 1<<20 + 5000,
		"what the card says":                       bytes.Index(good, []byte("badged-card 1")) + 20,
		"the blank beginning of its own partition": (1+16+128)<<20 + 9,
	} {
		change := func(b byte) {
			if _, err := f.WriteAt([]byte{b}, int64(at)); err != nil {
				t.Fatal(err)
			}
		}
		change(good[at] ^ 1)
		if got := d.verify(t, image); got.code != 1 || strings.Contains(got.out, "PASS") {
			t.Errorf("%s: %d %s%s", name, got.code, got.out, got.stderr)
		}
		change(good[at])
	}
	if got := d.verify(t, image); got.code != 0 {
		t.Errorf("changed back: %s", got.stderr)
	}
	other := newDesk(t)
	other.bundle = d.bundle
	if got := other.verify(t, image); got.code != 1 || !strings.Contains(got.stderr, "not signed by enough keys") {
		t.Errorf("keys of somebody else: %d %s", got.code, got.stderr)
	}
}

// Issue 12, 3: what is wrong is told before anything is written, all at once, as the agent would.
func TestFlashWriteChecksBeforeItWrites(t *testing.T) {
	for _, tt := range []struct{ file, old, now, want string }{
		{"site.toml", "language", "langage", `langage: unknown key (did you mean "language"?)`},
		{"site.toml", "time_zone", "timezone", `timezone: unknown key (did you mean "time_zone"?)`},
		{"terminals.csv", "reader", "raeder", `"raeder": unknown (did you mean "reader"?)`},
		{"door.toml", "relay = ", "rellay = ", `door.toml:5:1: point.rellay: unknown key (did you mean "relay"?)`},
		{"door.toml", `"line"`, `"lyne"`, "door.toml:10:1: reader.protocol"},
		{"door.toml", `"{relay1}"`, `"gpiochip0"`, "point.relay"},
		{"door.toml", `"{relay1}"`, `"{relay9}"`, "{relay9}: unknown"},
		{"terminals.csv", ",/dev/ttyUSB0,", ",ttyUSB0,", "is no serial port"},
		{"terminals.csv", "back,door,yard,/dev/ttyUSB0,", "back,door,yard,/dev/ttyUSB0,badged-join-1.xx", "the token of back: read the join token"},
		{"terminals.csv", "front,", "side,", "the token of side is that of the terminal front"},
		{"site.toml", "rpi-4", "rpi-3", "the release is for other boards"},
	} {
		d := newDesk(t, tt.file, tt.old, tt.now)
		got := run(t, "\n", d.args()...)
		if got.code != 1 || got.out != "" || !strings.Contains(got.stderr, tt.want) || strings.Contains(got.stderr, d.token) {
			t.Errorf("%s with %q: %d %s%s\nwant %s", tt.file, tt.now, got.code, got.out, got.stderr, tt.want)
		}
	}
	d := newDesk(t, "terminals.csv", "yard", "yard!", "terminals.csv", "front,", "Front,")
	if got := run(t, "", d.args()...); strings.Count(got.stderr, "terminals.csv:") != 2 {
		t.Errorf("two mistakes: %s", got.stderr)
	}
	d = newDesk(t)
	b := readFile(t, d.bundle)
	b[len(b)-1] ^= 1
	if err := os.WriteFile(d.bundle, b, 0o600); err != nil {
		t.Fatal(err)
	}
	if got := run(t, "", d.args("--terminal", "back", "--image", d.path("x"))...); got.code != 1 || !strings.Contains(got.stderr, "damaged") {
		t.Errorf("a damaged bundle: %s", got.stderr)
	}
	if _, err := os.Stat(d.path("x")); err == nil {
		t.Error("something was written all the same")
	}
}

// What is for one card only is not taken for a whole roster.
func TestFlashWriteUsage(t *testing.T) {
	d := newDesk(t)
	for _, more := range [][]string{{"--yes"}, {"--image", "x"}, {"--disk", "loop0"}} {
		if got := run(t, "", d.args(more...)...); got.code != 64 {
			t.Errorf("%v: %d %s", more, got.code, got.stderr)
		}
	}
	if got := run(t, "", d.args("--terminal", "fronnt", "--image", "x")...); got.code != 1 || !strings.Contains(got.stderr, `no terminal "fronnt" (did you mean "front"?)`) {
		t.Errorf("a slip in a name: %s", got.stderr)
	}
	if got := run(t, "", d.args("--terminal", "front", "--disk", "no such", "--yes")...); got.code != 1 || !strings.Contains(got.stderr, "no disk has the ID") {
		t.Errorf("a disk that is not there: %s", got.stderr)
	}
}

// Every card is noted; a line that was changed, taken out or put in is noticed.
func TestTheLogOfFlashedCards(t *testing.T) {
	d := newDesk(t)
	must(t, d.args("--terminal", "front", "--image", d.path("1"))...)
	must(t, d.args("--terminal", "back", "--image", d.path("2"))...)
	must(t, d.args("--terminal", "front", "--image", d.path("3"))...)
	log := readFile(t, d.path("flash.log"))
	lines := strings.SplitAfter(string(log), "\n")
	var first flashed
	if err := json.Unmarshal([]byte(lines[0]), &first); err != nil || first.Result != "PASS" || first.Terminal != "front" || first.Board != "rpi-4" || first.Version != "1.4.0" || len(first.Hash) != 64 {
		t.Errorf("the first line: %+v, %v", first, err)
	}
	if got := run(t, "", d.args()...); got.code != 1 || !strings.Contains(got.stderr, "all cards of ") {
		t.Errorf("all cards have passed: %d %s", got.code, got.stderr)
	}
	for name, bad := range map[string]string{
		"a line changed":   strings.Replace(string(log), "front", "frond", 1),
		"a line taken out": lines[0] + lines[2],
		"the first gone":   lines[1] + lines[2],
		"exchanged":        lines[1] + lines[0] + lines[2],
		"no JSON":          string(log) + "x\n",
	} {
		if err := os.WriteFile(d.path("flash.log"), []byte(bad), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := run(t, "", d.args()...); got.code != 1 || !strings.Contains(got.stderr, "does not follow") {
			t.Errorf("%s: %d %s", name, got.code, got.stderr)
		}
	}
}

// flash list says why a disk is not written, in words that fit a line.
func TestFlashListSaysWhy(t *testing.T) {
	for want, d := range map[string]flash.Disk{
		"yes":                            {Removable: true, Size: 1e9},
		"yes; the card of x":             {Removable: true, Size: 1e9, Model: "x"},
		"no: is mounted at /":            {InUse: "is mounted at /", Size: 1e9},
		"only if its ID is typed":        {Size: 1e9},
		"no: there is no card in it":     {Removable: true},
		"no: it is write-protected":      {Removable: true, Size: 1e9, ReadOnly: true},
		"no: it has the wrong size":      {Removable: true, Size: 9e12},
		"no: is mounted at /media/a/\\n": {InUse: "is mounted at /media/a/\\n", Size: 1e9, Removable: true},
	} {
		card := ""
		if d.Model != "" {
			card = "the card of x"
		}
		if got := sayWritable(d, card); got != want {
			t.Errorf("%+v: %q, want %q", d, got, want)
		}
	}
	if got := run(t, "", "flash", "list"); got.code != 0 || !strings.HasPrefix(got.out, "ID ") {
		t.Errorf("%d %s%s", got.code, got.out, got.stderr)
	}
}

// The site and roster of docs/flash.md are ones that the tool takes.
func TestTheDocumentedSite(t *testing.T) {
	doc, err := os.ReadFile("../../docs/flash.md")
	if err != nil {
		t.Fatal(err)
	}
	d := newDesk(t)
	files := []string{"", "", "site.toml", "door.toml", "terminals.csv"} // the first two blocks are commands
	blocks := strings.Split(string(doc), "```")
	for i, name := range files {
		if _, text, _ := strings.Cut(blocks[2*i+1], "\n"); name != "" {
			if err := os.WriteFile(d.path(name), []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := os.WriteFile(d.path("panel.toml"), []byte("[[point]]\nname = \"{name}\"\nkind = \"print\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, terminal := range []string{"front", "back", "hall"} {
		must(t, d.args("--terminal", terminal, "--image", d.path(terminal), "--size", "400000000")...)
	}
}
