//go:build cards

package flash_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/firmware/board"
	"badged/firmware/flash"
	"badged/firmware/slot"
)

// Issue 12, 2: sgdisk, sfdisk, fsck.vfat and mtools have nothing to say against our partition
// tables and file systems, and find every file as it was.
func TestJudgesOfCards(t *testing.T) {
	judgeCards(t, []string{"uefi-amd64", "uefi-arm64", "rpi-4"}, []int64{512 << 20, 4<<30 + 512})
}

func judgeCards(t *testing.T, boards []string, sizes []int64) {
	t.Helper()
	for _, name := range boards {
		c := content(t, name)
		for _, size := range sizes {
			path := makeImage(t, c, size)
			parts := map[string]int64{"1": 1}
			if c.Board.Boot == board.UEFI {
				if out := runJudge(t, "sgdisk", "-v", path); !strings.Contains(out, "No problems found") {
					t.Errorf("%s, %d bytes: %s", name, size, out)
				}
			} else {
				runJudge(t, "sfdisk", "--verify", path)
				parts["2"], parts["3"] = 17, 81
			}
			for _, at := range parts {
				judgeFAT(t, c, path, at)
			}
		}
	}
}

// judgeFAT looks at the file system that begins at so many MiB.
func judgeFAT(t *testing.T, c flash.Content, path string, at int64) {
	t.Helper()
	length := map[int64]int64{1: 16, 17: 64, 81: 64}[at]
	if c.Board.Boot == board.UEFI {
		length = 192
	}
	fs := filepath.Join(t.TempDir(), "fs.img")
	card, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer card.Close()
	out, err := os.Create(fs)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(out, io.NewSectionReader(card, at<<20, length<<20)); err != nil {
		t.Fatal(err)
	}
	out.Close()
	if said := runJudge(t, "fsck.vfat", "-n", "-v", fs); strings.Contains(strings.ToLower(said), "differ") {
		t.Errorf("%s at %d MiB: %s", c.Board.Name, at, said)
	}
	for file, want := range expected(t, c, at) {
		if got := runJudge(t, "mtype", "-i", fs, "::/"+file); got != want {
			t.Errorf("%s at %d MiB: %s has %d bytes, want %d", c.Board.Name, at, file, len(got), len(want))
		}
	}
}

// expected are the files of a file system.
func expected(t *testing.T, c flash.Content, at int64) map[string]string {
	t.Helper()
	files, conf := map[string]string{}, "autoboot.txt"
	if c.Board.Boot == board.UEFI {
		conf = "loader/loader.conf"
	}
	sector := slot.Choice(c.Board.Boot, slot.A)
	if at == 1 {
		files[conf] = string(sector[:])
		files["badged/provision-1.txt"], files["badged/provision-2.txt"] = string(c.Provision), string(c.Provision)
	}
	for _, f := range c.Files {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		switch rest, inSlot := strings.CutPrefix(f.Path, "slot/"); {
		case c.Board.Boot == board.Pi && inSlot && at > 1:
			files[rest] = string(b)
		case c.Board.Boot == board.UEFI && inSlot:
			length := map[string]int{"linux": 16 << 20, "initrd": 40 << 20}[rest]
			if rest == "linux" && c.Board.Arch == "arm64" {
				length = 40 << 20
			}
			b = append(b, bytes.Repeat([]byte{0}, length-len(b))...)
			files["a/"+rest], files["b/"+rest] = string(b), string(b)
		case c.Board.Boot == board.UEFI:
			files[strings.TrimPrefix(f.Path, "esp/")] = string(b)
		}
	}
	if c.Board.Boot == board.UEFI {
		for _, s := range []string{"a", "b"} {
			files[fmt.Sprintf("loader/entries/slot-%s.conf", s)] = fmt.Sprintf("title badged, slot %[1]s\nlinux /%[1]s/linux\ninitrd /%[1]s/initrd\noptions panic=10 badged.slot=%[1]s\n", s)
		}
	}
	return files
}
