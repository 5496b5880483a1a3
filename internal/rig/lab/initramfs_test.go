//go:build lab

package lab_test

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"testing"
)

// initramfs is what a machine has on its only file system: an archive in the format
// "newc" (Linux, Documentation/driver-api/early-userspace/buffer-format.rst).
type initramfs struct {
	t    *testing.T
	out  bytes.Buffer
	made map[string]bool // folders
	ino  int
}

func newInitramfs(t *testing.T) *initramfs {
	a := &initramfs{t: t, made: map[string]bool{".": true}}
	a.entry("dev/console", 0o020600, 5, 1, nil)
	return a
}

// add puts a file in place, and the folders that it is in.
func (a *initramfs) add(name string, mode uint32, content []byte) {
	a.entry(name, 0o100000|mode, 0, 0, content)
}

// copy puts a file of the host in place.
func (a *initramfs) copy(name string, mode uint32, from string) {
	a.t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		a.t.Fatal(err)
	}
	a.add(name, mode, content)
}

func (a *initramfs) entry(name string, mode uint32, major, minor int, content []byte) {
	if dir := path.Dir(name); !a.made[dir] {
		a.made[dir] = true
		a.entry(dir, 0o040755, 0, 0, nil)
	}
	a.ino++
	fmt.Fprintf(&a.out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		a.ino, mode, 0, 0, 1, 0, len(content), 0, 0, major, minor, len(name)+1, 0)
	a.out.WriteString(name + "\x00")
	a.pad()
	a.out.Write(content)
	a.pad()
}

func (a *initramfs) pad() {
	for a.out.Len()%4 != 0 {
		a.out.WriteByte(0)
	}
}

// write ends the archive and puts it into a file.
func (a *initramfs) write(to string) {
	a.t.Helper()
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	if err := os.WriteFile(to, a.out.Bytes(), 0o600); err != nil {
		a.t.Fatal(err)
	}
}
