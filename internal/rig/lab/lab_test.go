//go:build lab

package lab_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// build makes a program for a machine, without cgo.
func build(t *testing.T, arch, pkg string) (bin string) {
	t.Helper()
	return buildWith(t, pkg, "", "CGO_ENABLED=0", "GOARCH="+arch)
}

func buildWith(t *testing.T, pkg, tags string, env ...string) (bin string) {
	t.Helper()
	bin = filepath.Join(t.TempDir(), filepath.Base(pkg))
	cmd := exec.CommandContext(t.Context(), "go", "build", "-trimpath", "-tags", tags, "-o", bin, "badged/"+pkg)
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build %s with %v: %v\n%s", pkg, env, err, out)
	}
	return bin
}

// addLinked puts the build of badged with libusb in place, and the libraries that it
// needs.
func addLinked(t *testing.T, files *initramfs) {
	t.Helper()
	bin := buildWith(t, "cmd/badged", "libusb", "CGO_ENABLED=1", "GOARCH=amd64")
	files.copy("bin/badged-libusb", 0o755, bin)
	out, err := exec.CommandContext(t.Context(), "ldd", bin).Output()
	if err != nil {
		t.Fatalf("ask what the build with libusb needs: %v", err)
	}
	for _, word := range strings.Fields(string(out)) {
		if strings.HasPrefix(word, "/") {
			files.copy(strings.TrimPrefix(word, "/"), 0o755, word)
		}
	}
}

// furnish gives a machine its init, its modules and badged.
func furnish(t *testing.T, k *kernel, arch string, modules []string, params map[string]string) *initramfs {
	t.Helper()
	files := newInitramfs(t)
	files.copy("init", 0o755, build(t, arch, "internal/rig/lab/guest"))
	files.copy("bin/badged", 0o755, build(t, arch, "cmd/badged"))
	files.Add("etc/hosts", 0o644, []byte("127.0.0.1 localhost\n"))
	var list strings.Builder
	for _, file := range k.order(modules...) {
		name := filepath.Base(file)
		files.copy("modules/"+name, 0o644, file)
		fmt.Fprintf(&list, "%s %s\n", name, params[strings.TrimSuffix(name, ".ko")])
	}
	files.Add("modules/list", 0o644, []byte(list.String()))
	joined(t, files)
	return files
}

// TestUSB has a PC with readers on USB.
func TestUSB(t *testing.T) {
	t.Parallel()
	k := findKernel(t, "amd64")
	files := furnish(t, k, "amd64", []string{
		"virtio_pci", "virtio_console", "xhci_pci", "hid_generic", "usbhid", "evdev", "dummy_hcd", "usb_f_hid", "ftdi_sio",
	}, map[string]string{"dummy_hcd": "num=4"})
	addLinked(t, files)
	m := newMachine(t)
	serial, card := m.socket("serial"), m.socket("card")
	steps := m.start("qemu-system-x86_64", k, files, "ttyS0", "-M", "q35", "-cpu", "max", "-device", "qemu-xhci,id=usb",
		"-chardev", "socket,id=serial,path="+m.path("serial"), "-device", "usb-serial,bus=usb.0,port=2,chardev=serial",
		"-device", "usb-ccid,bus=usb.0,port=3,id=ccid",
		"-chardev", "socket,id=card,path="+m.path("card"), "-device", "ccid-card-passthru,bus=ccid.0,chardev=card")
	m.hands["plug"] = plug(m.qmp, map[string]string{"keyboard": "usb-kbd"})
	m.hands["unplug"] = unplug(m.qmp)
	m.hands["type"] = keyboard(m.qmp)
	m.hands["serial"] = serialLine(m.accept(serial))
	f := newField(t, m.accept(card))
	m.hands["card"], m.hands["no card"] = one(f.present), f.remove
	m.run(steps)
}

// TestPins has a board with lines that readers are wired to.
func TestPins(t *testing.T) {
	k := findKernel(t, "arm64")
	files := furnish(t, k, "arm64", []string{"virtio_pci", "virtio_console"}, nil)
	files.copy("vectors/keypad-bursts.jsonl", 0o644, "../../../testdata/vectors/keypad-bursts.jsonl")
	m := newMachine(t)
	pins := m.socket("pins")
	steps := m.start("qemu-system-aarch64", k, files, "ttyAMA0", "-M", "virt", "-cpu", "cortex-a57",
		"-qtest", "unix:"+m.path("pins"), "-qtest-log", "/dev/null")
	q := m.newQTest(m.accept(pins))
	for pin := range 3 { // at rest all lines are high
		if err := q.set(pin, 1); err != nil {
			t.Fatal(err)
		}
	}
	m.hands["wiegand"] = wiegand(q)
	m.hands["press"] = func([]string) error { return q.pulse(exitPin, press) }
	m.run(steps)
}
