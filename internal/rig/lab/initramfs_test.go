//go:build lab

package lab_test

import (
	"os"
	"testing"

	"badged/firmware/initrd"
)

// initramfs is what a machine has on its only file system.
type initramfs struct {
	*initrd.Archive
	t *testing.T
}

func newInitramfs(t *testing.T) *initramfs { return &initramfs{initrd.New(), t} }

// copy puts a file of the host in place.
func (a *initramfs) copy(name string, mode uint32, from string) {
	a.t.Helper()
	content, err := os.ReadFile(from)
	if err != nil {
		a.t.Fatal(err)
	}
	a.Add(name, mode, content)
}

// write ends the archive and puts it into a file.
func (a *initramfs) write(to string) {
	a.t.Helper()
	if err := os.WriteFile(to, a.Bytes(), 0o600); err != nil {
		a.t.Fatal(err)
	}
}
