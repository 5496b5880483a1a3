// Package initrd writes the archive that a kernel unpacks as its first file system, in the format
// "newc" (Linux, Documentation/driver-api/early-userspace/buffer-format.rst). The same files in the
// same order give the same bytes.
package initrd

import (
	"bytes"
	"fmt"
	"path"
)

// The kinds of entries, as st_mode has them.
const (
	kindFile = 0o100000
	kindDir  = 0o040000
	kindNode = 0o020000
)

// Archive is an archive in the making.
type Archive struct {
	out  bytes.Buffer
	made map[string]bool // folders
	ino  int
}

// New begins an archive. It has the two devices without which a program does not get as far as
// making its own: Go's runtime opens /dev/null before main.
func New() *Archive {
	a := &Archive{made: map[string]bool{".": true}}
	a.entry("dev/console", kindNode|0o600, 5, 1, nil)
	a.entry("dev/null", kindNode|0o666, 1, 3, nil)
	return a
}

// Add puts a file in place, and the folders that it is in.
func (a *Archive) Add(name string, mode uint32, content []byte) {
	a.entry(name, kindFile|mode, 0, 0, content)
}

func (a *Archive) folder(dir string) {
	if a.made[dir] {
		return
	}
	a.made[dir] = true
	a.entry(dir, kindDir|0o755, 0, 0, nil)
}

func (a *Archive) entry(name string, mode uint32, major, minor int, content []byte) {
	a.folder(path.Dir(name))
	a.ino++
	fmt.Fprintf(&a.out, "070701%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X%08X",
		a.ino, mode, 0, 0, 1, 0, len(content), 0, 0, major, minor, len(name)+1, 0)
	a.out.WriteString(name + "\x00")
	a.pad()
	a.out.Write(content)
	a.pad()
}

func (a *Archive) pad() {
	for a.out.Len()%4 != 0 {
		a.out.WriteByte(0)
	}
}

// Bytes ends the archive and gives it.
func (a *Archive) Bytes() []byte {
	a.entry("TRAILER!!!", 0, 0, 0, nil)
	return a.out.Bytes()
}
