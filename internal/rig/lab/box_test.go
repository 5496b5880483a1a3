//go:build lab

package lab_test

import (
	"bytes"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"badged/internal/rig/proc"
	"badged/sync/hub/api"
)

// hostAddress is how a machine on QEMU's own network reaches the host's loopback.
const hostAddress = "10.0.2.2"

// desk is where a technician makes releases and a card, and the hub that the terminal joins.
type desk struct {
	t     *testing.T
	u     uefi // what its terminals are
	dir   string
	tool  string
	hub   *api.Client
	files string // where the host serves releases
}

func newDesk(t *testing.T, u uefi) *desk {
	t.Helper()
	d := &desk{t: t, u: u, dir: t.TempDir(), tool: buildWith(t, "cmd/badgectl", "", "CGO_ENABLED=0")}
	hubBin := buildWith(t, "cmd/badgehub", "", "CGO_ENABLED=0")
	key := d.run(d.tool, "bundle", "key", "key")
	d.run(d.tool, "bundle", "trust", "--root", key, "--root-needs", "1", "--release", key, "--key", "key")
	short, err := os.MkdirTemp("", "badged-hub-") // a socket's path must be short
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(short) })
	state := filepath.Join(short, "hub")
	child, err := proc.Start(proc.Command{Name: "hub", Bin: hubBin, Log: d.at("hub.log"), Args: []string{
		"serve", "--dir", state, "--host", hostAddress, "--listen-mqtt", freePort(t), "--listen-web", freePort(t),
	}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = child.Stop() })
	d.hub = api.NewClient(filepath.Join(state, "hub.sock"), state, "en")
	t.Cleanup(d.hub.Close)
	d.wait("the hub", func() bool { _, err := d.hub.Site(t.Context()); return err == nil })
	d.put("site.toml", "time_zone = \"Europe/Paris\"\n\n[kind.panel]\nboard = \""+u.board+"\"\nconfig = \"panel.toml\"\n")
	d.put("panel.toml", "[[point]]\nname = \"{name}\"\nkind = \"print\"\n\n[[reader]]\nname = \"badge\"\npoint = \"{name}\"\nprotocol = \"hid\"\nport = \"usb:0627:0001\"\n")
	d.put("terminals.csv", "name,kind\nhall,panel\n")
	d.run(hubBin, "terminal", "add", "--roster", "terminals.csv", "--socket", filepath.Join(state, "hub.sock"))
	d.serve()
	return d
}

func freePort(t *testing.T) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// serve lets machines fetch what is on the desk.
func (d *desk) serve() {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		d.t.Fatal(err)
	}
	s := &http.Server{Handler: http.FileServer(http.Dir(d.dir))}
	var wg sync.WaitGroup
	wg.Go(func() { _ = s.Serve(ln) })
	d.t.Cleanup(func() { _ = s.Close(); wg.Wait() })
	d.files = fmt.Sprintf("http://%s:%d/", hostAddress, ln.Addr().(*net.TCPAddr).Port)
}

func (d *desk) at(name string) string { return filepath.Join(d.dir, name) }

func (d *desk) put(name, text string) {
	d.t.Helper()
	if err := os.WriteFile(d.at(name), []byte(text), 0o600); err != nil {
		d.t.Fatal(err)
	}
}

func (d *desk) run(bin string, args ...string) string {
	d.t.Helper()
	cmd := exec.CommandContext(d.t.Context(), bin, args...)
	cmd.Dir = d.dir
	out, err := cmd.CombinedOutput()
	if err != nil {
		d.t.Fatalf("%s %v: %v\n%s", filepath.Base(bin), args, err, out)
	}
	return strings.TrimSpace(string(out))
}

// release makes a release with the project's own script, and a change to its files.
func (d *desk) release(version string, sequence int, change func(slot string)) (bundle string) {
	d.t.Helper()
	tree := d.at("release-" + version)
	cmd := exec.CommandContext(d.t.Context(), "scripts/image.sh", version, d.at("badged.trust"), d.u.board)
	cmd.Dir, cmd.Env = "../../..", append(os.Environ(), "OUT="+tree, "FAST=1")
	if out, err := cmd.CombinedOutput(); err != nil {
		d.t.Fatalf("make the image: %v\n%s", err, out)
	}
	if change != nil {
		change(filepath.Join(tree, d.u.board, "slot"))
	}
	d.run(d.tool, "bundle", "make", tree, "--version", version, "--sequence", fmt.Sprint(sequence), "--expires", "2099-12-31", "--key", "key", "--out", version)
	return version
}

// wait waits for what must happen, as long as a busy machine may take.
func (d *desk) wait(what string, happened func() bool) {
	d.t.Helper()
	tick := time.NewTicker(200 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(stepBound); time.Now().Before(end); <-tick.C {
		if happened() {
			return
		}
	}
	d.t.Fatalf("%s: it does not happen", what)
}

// version is what the hub knows of the terminal: the release of its agent, while it is connected.
func (d *desk) version() string {
	all, err := d.hub.Terminals(d.t.Context())
	if err != nil || len(all) != 1 || !all[0].Connected {
		return ""
	}
	return all[0].Agent
}

// badges is how many badges of the terminal the hub has heard of.
func (d *desk) badges() (n int) {
	err := api.List(d.t.Context(), d.hub, "/v1/events", nil, func(e api.Event) error {
		if e.Card != "" {
			n++
		}
		return nil
	})
	if err != nil {
		d.t.Fatal(err)
	}
	return n
}

// box is a terminal that starts from a card, in QEMU, with its serial console.
type box struct {
	*machine
	*desk
	card    string
	vars    string
	serial  net.Conn
	mu      sync.Mutex // guards console
	console bytes.Buffer
	read    int // how much of it was looked at
}

func newBox(d *desk, card string) *box {
	b := &box{desk: d, machine: newMachine(d.t), card: card}
	b.vars = d.u.newVars(d.t)
	return b
}

// on switches the power on.
func (b *box) on() {
	t := b.desk.t
	t.Helper()
	serial, control := b.socket("serial"), b.socket("qmp")
	var err error
	b.child, err = proc.Start(proc.Command{Name: "QEMU", Bin: b.u.qemu[0], Log: b.path("qemu.log"), Args: append(b.u.qemu[1:len(b.u.qemu):len(b.u.qemu)],
		"-accel", "tcg,thread=multi", "-smp", "2", "-m", "512", "-nodefaults", "-display", "none", "-serial", "unix:"+b.path("serial"),
		"-qmp", "unix:"+b.path("qmp"),
		"-drive", "if=pflash,format=raw,readonly=on,file="+b.u.code, "-drive", "if=pflash,format=raw,file="+b.vars,
		"-drive", "id=card,if=none,format=raw,file="+b.card, "-device", "virtio-blk-pci,drive=card",
		"-device", "qemu-xhci", "-device", "usb-kbd", "-nic", "user,model=virtio-net-pci", "-device", "i6300esb", "-action", "watchdog=reset",
	)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.child.Kill)
	b.serial = b.accept(serial)
	b.qmp = newQMP(t, b.accept(control))
	go func(in net.Conn) { // until QEMU ends
		_, _ = io.Copy(writer(func(p []byte) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.console.Write(p)
			if f, err := os.OpenFile(b.path("console"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600); err == nil {
				_, _ = f.Write(p)
				_ = f.Close()
			}
		}), in)
	}(b.serial)
	_ = serial.Close()
	_ = control.Close()
}

type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }

// cut switches the power off.
func (b *box) cut() { b.child.Kill() }

// says waits until the console says something that it has not said before.
func (b *box) says(what string) {
	b.desk.t.Helper()
	b.wait("the console says "+what, func() bool {
		b.mu.Lock()
		defer b.mu.Unlock()
		_, rest, found := bytes.Cut(b.console.Bytes()[b.read:], []byte(what))
		if found {
			b.read = b.console.Len() - len(rest)
		}
		return found
	})
}

// types types a line at the console.
func (b *box) types(line string) {
	b.desk.t.Helper()
	if _, err := io.WriteString(b.serial, line+"\n"); err != nil {
		b.desk.t.Fatal(err)
	}
}

// badge types a number on the keyboard that is the reader, until the hub has heard of it: a keyboard
// that the kernel is still getting to know loses keys.
func (b *box) badge(number string) {
	b.desk.t.Helper()
	before, last := b.badges(), time.Time{}
	b.wait("a badge is read", func() bool {
		if time.Since(last) > 20*time.Second {
			last = time.Now()
			if err := keyboard(b.qmp)([]string{number}); err != nil {
				b.desk.t.Fatal(err)
			}
		}
		return b.badges() > before
	})
}

// report prints what was seen, and how long it took.
func report(what string, start time.Time) {
	fmt.Printf("    ok   %-46s %6.1f s\n", what, time.Since(start).Seconds())
}

// flashed is a card of the first release.
func (d *desk) flashed() (card string) {
	d.t.Helper()
	d.release("1.0", 1, nil)
	d.run(d.tool, "flash", "write", "--bundle", "1.0", "--terminal", "hall", "--image", "card.img", "--slowest", "0")
	return d.at("card.img")
}

// corrupt makes a file of a slot another one.
func corrupt(t *testing.T, name string, content []byte) func(string) {
	return func(slot string) {
		if err := os.WriteFile(filepath.Join(slot, name), content, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// Issue 12, 2 and 4: a card that `badgectl flash write` made of the project's own image starts by
// EDK II and systemd-boot, joins the hub by itself and reads a badge. It is updated from its console;
// the power fails during that, and later on trial; a release that does not start is left by itself,
// and is not tried again; and a person goes back. Every badge between is read.
func TestABoxLivesThroughUpdates(t *testing.T) {
	t.Parallel()
	d := newDesk(t, uefis[0])
	b := newBox(d, d.flashed())
	start := time.Now()
	b.on()
	b.says("version=1.0 slot=a start=normal")
	b.says("state=runs")
	b.badge("0012345678")
	report("power to the first badge at the hub", start)

	d.release("2.0", 2, nil)
	start = time.Now()
	b.types("update " + d.files + "2.0")
	b.says("install 2.0")
	b.cut()
	b.on()
	b.says("version=1.0 slot=a start=")
	b.badge("0012345678")
	report("power fails while the slot is written", start)

	start = time.Now()
	b.types("update " + d.files + "2.0")
	b.says("version=2.0 slot=b start=\"on trial\"")
	b.cut()
	b.on()
	b.says("version=1.0 slot=a start=\"rolled back\"")
	report("power fails on trial", start)

	start = time.Now()
	b.says("state=runs")
	b.types("update " + d.files + "2.0")
	b.says("failed its trial on this terminal before")
	b.types("update --retry " + d.files + "2.0")
	b.says("version=2.0 slot=b start=\"on trial\"")
	b.badge("0012345678")
	b.says("is healthy, and stays")
	d.wait("the hub knows the release", func() bool { return d.version() == "2.0" })
	report("an update is made again and stays", start)

	d.release("2.1", 3, corrupt(t, "linux", make([]byte, 1<<20)))
	start = time.Now()
	b.types("update " + d.files + "2.1")
	b.says("UEFI cannot start it")
	report("a kernel of zeros is refused", start)

	d.release("3.0", 4, corrupt(t, "initrd", []byte("no archive")))
	start = time.Now()
	b.types("update " + d.files + "3.0")
	b.says("version=2.0 slot=b start=\"rolled back\"")
	b.badge("0012345678")
	report("a release that does not start", start)

	start = time.Now()
	b.says("state=runs")
	b.types("rollback")
	b.says("has no release that could be started")
	report("no way back to what failed", start)
}
