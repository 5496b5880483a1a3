package flash_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/firmware/board"
	"badged/firmware/flash"
	"badged/firmware/slot"
)

// noise is a file of a release.
func noise(path string, size int) flash.File {
	b := make([]byte, size)
	for i, sum := 0, sha256.Sum256([]byte(path)); i < size; i += copy(b[i:], sum[:]) {
		sum = sha256.Sum256(sum[:])
	}
	return flash.File{Path: path, Size: int64(size), Open: func() (io.Reader, error) { return bytes.NewReader(b), nil }}
}

func content(t *testing.T, name string) flash.Content {
	t.Helper()
	b, err := board.Find(name)
	if err != nil {
		t.Fatal(err)
	}
	c := flash.Content{
		Board: b, Version: "1.4.0", Terminal: "front", Provision: []byte("name = \"front\"\n"),
		Release: slot.Release{ID: slot.ID{1, 2, 3}, Sequence: 14, Floor: 12},
	}
	if b.Boot == board.Pi {
		c.Files = []flash.File{
			noise("slot/config.txt", 300), noise("slot/kernel8.img", 700<<10), noise("slot/initramfs.cpio", 100_001),
			noise("slot/bcm2711-rpi-4-b.dtb", 55_000), noise("slot/overlays/disable-bt.dtbo", 1073), noise("slot/overlays/empty", 0),
			noise("slot/A.Long-Name_with.dots.txt", 10),
		}
	} else {
		c.Files = []flash.File{
			noise("slot/linux", 200<<10), noise("slot/initrd", 123_457), noise("esp/EFI/BOOT/BOOTX64.EFI", 98_304), noise("esp/EFI/BOOT/BOOTAA64.EFI", 98_305),
		}
	}
	return c
}

func options() flash.Options {
	return flash.Options{Now: time.Now, Progress: func(string, int64, int64) {}}
}

// makeImage writes a card into a file.
func makeImage(t *testing.T, c flash.Content, size int64) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "card.img")
	img, err := flash.Layout(c, size)
	if err != nil {
		t.Fatal(err)
	}
	f, err := flash.MakeFile(path, size)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := flash.Write(t.Context(), f, img, options()); err != nil {
		t.Fatal(err)
	}
	if err := flash.Verify(t.Context(), f, img, func(string, int64, int64) {}); err != nil {
		t.Fatal(err)
	}
	return path
}

// The same content makes the same card, but for the places where it was tested.
func TestTheSameContentMakesTheSameCard(t *testing.T) {
	for _, name := range []string{"rpi-4", "uefi-amd64"} {
		var sums [2]string
		for i := range sums {
			img, err := flash.Layout(content(t, name), 1e9)
			if err != nil {
				t.Fatal(err)
			}
			sum := sha256.New()
			sum.Write(img.Head)
			end := int64(len(img.Head))
			for _, e := range img.Body {
				if e.Off < end || e.Off%512 != 0 || e.Len%512 != 0 || e.Off+e.Len > img.Size {
					t.Fatalf("%s: an extent at %d of %d bytes behind %d", name, e.Off, e.Len, end)
				}
				end = e.Off + e.Len
				r, err := e.Open()
				if err != nil {
					t.Fatal(err)
				}
				fmt.Fprintln(sum, e.Off, e.Len)
				if _, err := io.CopyN(sum, r, e.Len); err != nil {
					t.Fatal(err)
				}
			}
			sums[i] = fmt.Sprintf("%x", sum.Sum(nil))
		}
		if sums[0] != sums[1] {
			t.Errorf("%s: two cards of one content differ", name)
		}
	}
}

// What a release lacks is said by name, before anything is written.
func TestAReleaseThatLacksAFile(t *testing.T) {
	for _, tt := range []struct{ board, without, want string }{
		{"uefi-amd64", "slot/linux", "slot/linux"}, {"uefi-amd64", "slot/initrd", "slot/initrd"},
		{"uefi-amd64", "esp/EFI/BOOT/BOOTX64.EFI", "EFI/BOOT/BOOTX64.EFI"}, {"uefi-arm64", "esp/EFI/BOOT/BOOTAA64.EFI", "EFI/BOOT/BOOTAA64.EFI"},
		{"rpi-4", "slot/config.txt", "config.txt"},
	} {
		c := content(t, tt.board)
		var files []flash.File
		for _, f := range c.Files {
			if f.Path != tt.without {
				files = append(files, f)
			}
		}
		c.Files = files
		if _, err := flash.Layout(c, 1e9); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s without %s: %v", tt.board, tt.without, err)
		}
	}
	c := content(t, "rpi-4")
	c.Files = append(c.Files, noise("slot/huge", 65<<20))
	if _, err := flash.Layout(c, 1e9); err == nil || !strings.Contains(err.Error(), "not enough") {
		t.Errorf("a slot that is too full: %v", err)
	}
	for _, path := range []string{"esp/loader/loader.conf", "esp/Badged/state", "esp/a/linux", "slot/linux"} {
		c = content(t, "uefi-amd64")
		c.Files = append([]flash.File{noise(path, 17<<20)}, c.Files...)
		if _, err := flash.Layout(c, 1e9); err == nil || !strings.Contains(err.Error(), path) {
			t.Errorf("a release with its own %s: %v", path, err)
		}
	}
	for _, line := range []string{"quiet\ninit=/bin/sh\n", "a\x00", strings.Repeat("x", 1025)} {
		c = content(t, "uefi-amd64")
		c.Files = append(c.Files, flash.Text("slot/cmdline", line))
		if _, err := flash.Layout(c, 1e9); err == nil || !strings.Contains(err.Error(), "one line") {
			t.Errorf("the command line %.20q: %v", line, err)
		}
	}
	if _, err := flash.Layout(content(t, "rpi-4"), 200<<20); err == nil || !strings.Contains(err.Error(), "wrong size") {
		t.Errorf("a card that is too small: %v", err)
	}
}

// runJudge runs a program of somebody else over a card.
func runJudge(t *testing.T, command string, args ...string) string {
	t.Helper()
	cmd := exec.Command(command, args...)
	cmd.Env = append(os.Environ(), "MTOOLS_SKIP_CHECK=1", "LC_ALL=C.UTF-8")
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Errorf("%s %s: %v\n%s", command, strings.Join(args, " "), err, out)
	}
	return string(out)
}
