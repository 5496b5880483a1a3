package box

import (
	"fmt"
	"os"

	"golang.org/x/sys/unix"
)

const efivars = "/sys/firmware/efi/efivars"

// mountKernel makes visible what the kernel offers.
func mountKernel() error {
	for _, m := range []struct{ kind, at, options string }{
		{"proc", "/proc", ""},
		{"sysfs", "/sys", ""},
		{"devtmpfs", "/dev", ""},
		{"tmpfs", "/run", "mode=0755"},
		{"tmpfs", "/tmp", "mode=1777,size=16m"},
	} {
		if err := mount(m.kind, m.at, m.kind, unix.MS_NOSUID, m.options); err != nil {
			return err
		}
	}
	return nil
}

func mount(what, at, kind string, flags uintptr, options string) error {
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(what, at, kind, flags, options); err != nil {
		return fmt.Errorf("mount %s at %s: %w", what, at, err)
	}
	return nil
}
