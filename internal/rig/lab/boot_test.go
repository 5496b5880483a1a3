//go:build lab

package lab_test

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"badged/firmware/board"
	"badged/firmware/slot"
	"badged/internal/rig/proc"
)

// uefi is a machine that starts from a card in a USB reader, by the boot loaders of others: EDK II
// in its flash, and systemd-boot on the card.
type uefi struct {
	board, arch, loader string
	qemu                []string
	code, vars          string // its flash
	console             string
}

var uefis = []uefi{
	{
		"uefi-amd64", "amd64", "BOOTX64.EFI", []string{"qemu-system-x86_64"},
		"/usr/share/OVMF/OVMF_CODE.fd", "/usr/share/OVMF/OVMF_VARS.fd", "ttyS0",
	},
	{
		"uefi-arm64", "arm64", "BOOTAA64.EFI", []string{"qemu-system-aarch64", "-machine", "virt", "-cpu", "cortex-a53"},
		"/usr/share/AAVMF/AAVMF_CODE.fd", "/usr/share/AAVMF/AAVMF_VARS.fd", "ttyAMA0",
	},
}

// Issue 12, 2: UEFI and systemd-boot start the very file that `badgectl flash write` wrote, in slot
// A; when slot B was asked for once, in B, and then in A again; when the sector of Commit was
// written over its choice, in B; and when only half of that sector reached the card, in one of the
// two.
func TestCardsStart(t *testing.T) {
	t.Parallel()
	for _, u := range uefis {
		t.Run(u.board, func(t *testing.T) {
			card, vars := u.flash(t), u.newVars(t)
			a, b := slot.Choice(board.UEFI, slot.A), slot.Choice(board.UEFI, slot.B)
			half := a
			copy(half[:slot.SectorSize/2], b[:])
			u.mustStart(t, card, vars, "as it was written", "a")
			if u.arch == "amd64" { // the same boot loader on both
				u.mustStart(t, card, vars, "asked for once", "b")
				u.mustStart(t, card, vars, "after that", "a")
				replace(t, card, a[:], half[:])
				u.mustStart(t, card, u.newVars(t), "after half of Commit", "b")
				replace(t, card, half[:], a[:])
			}
			replace(t, card, a[:], b[:])
			u.mustStart(t, card, u.newVars(t), "after Commit", "b")
		})
	}
}

// newVars is the memory of a firmware that has not been started yet.
func (u uefi) newVars(t *testing.T) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "vars")
	if err := os.WriteFile(path, []byte(read(t, u.vars)), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// flash makes a card as a technician does, with the tool itself.
func (u uefi) flash(t *testing.T) (card string) {
	t.Helper()
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	files := newInitramfs(t)
	files.copy("init", 0o755, build(t, u.arch, "internal/rig/lab/starter"))
	if module, ok := findKernel(t, u.arch).modules["efivarfs"]; ok {
		files.copy("efivarfs.ko", 0o644, module)
	}
	tree := at("release/" + u.board)
	for _, folder := range []string{"slot", "esp/EFI/BOOT"} {
		if err := os.MkdirAll(filepath.Join(tree, folder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	files.write(filepath.Join(tree, "slot/initrd"))
	put := func(name, text string) {
		if err := os.WriteFile(name, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(filepath.Join(tree, "slot/linux"), read(t, findKernel(t, u.arch).image))
	put(filepath.Join(tree, "slot/cmdline"), "console="+u.console+" no_timer_check quiet panic=-1\n")
	put(filepath.Join(tree, "esp/EFI/BOOT", u.loader), read(t, filepath.Join("../../../.cache/lab/efi", u.loader)))
	put(at("site.toml"), "[kind.panel]\nboard = \""+u.board+"\"\nconfig = \"panel.toml\"\n")
	put(at("panel.toml"), "[[point]]\nname = \"hall\"\nkind = \"print\"\n")
	put(at("terminals.csv"), "name,kind\nhall,panel\n")

	tool := buildWith(t, "cmd/badgectl", "", "CGO_ENABLED=0")
	ctl := func(args ...string) string {
		cmd := exec.CommandContext(t.Context(), tool, args...)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("badgectl %v: %v\n%s", args, err, out)
		}
		return strings.TrimSpace(string(out))
	}
	key := ctl("bundle", "key", "key")
	ctl("bundle", "trust", "--root", key, "--root-needs", "1", "--release", key, "--key", "key")
	ctl("bundle", "make", "release", "--version", "1", "--sequence", "1", "--expires", "2099-12-31", "--key", "key", "--out", "bundle")
	ctl("flash", "write", "--bundle", "bundle", "--terminal", "hall", "--image", "card.img")
	ctl("flash", "verify", "--bundle", "bundle", "--image", "card.img")
	return at("card.img")
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// replace writes a sector over the one that has this content, where it is on the card.
func replace(t *testing.T, card string, old, now []byte) {
	t.Helper()
	f, err := os.OpenFile(card, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	head := make([]byte, 200<<20) // the first partition
	if _, err := f.ReadAt(head, 0); err != nil {
		t.Fatal(err)
	}
	at := bytes.Index(head, old)
	if at < 0 || at%slot.SectorSize != 0 || bytes.Count(head, old) != 1 {
		t.Fatalf("the choice is at %d of the card", at)
	}
	if _, err := f.WriteAt(now, int64(at)); err != nil {
		t.Fatal(err)
	}
}

var startedRE = regexp.MustCompile(`badged: started in slot "(.*)", <nil>`)

// mustStart switches a machine on with the card, and demands that it starts in a slot.
func (u uefi) mustStart(t *testing.T, card, vars, what, want string) {
	t.Helper()
	m, start := newMachine(t), time.Now()
	args := append(u.qemu[1:len(u.qemu):len(u.qemu)],
		"-accel", "tcg,thread=multi", "-m", "512", "-nodefaults", "-display", "none", "-no-reboot", "-serial", "file:"+m.path("console"),
		"-drive", "if=pflash,format=raw,readonly=on,file="+u.code, "-drive", "if=pflash,format=raw,file="+vars,
		"-device", "qemu-xhci", "-drive", "id=card,if=none,format=raw,file="+card, "-device", "usb-storage,drive=card,removable=on")
	child, err := proc.Start(proc.Command{Name: "QEMU", Bin: u.qemu[0], Args: args, Log: m.path("qemu.log")})
	if err != nil {
		t.Fatal(err)
	}
	defer child.Kill()
	select {
	case <-child.Done():
	case <-time.After(bootBound):
		t.Fatalf("%s, %s: it does not end", u.board, what)
	}
	console := read(t, m.path("console"))
	got := startedRE.FindStringSubmatch(console)
	if got == nil || got[1] != want {
		t.Fatalf("%s, %s: it starts %q, want slot %s", u.board, what, got, want)
	}
	fmt.Printf("    ok   %-10s %-20s %5.1f s  slot %s\n", u.board, what, time.Since(start).Seconds(), want)
}
