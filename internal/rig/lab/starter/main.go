// Command starter is the init of a card that the lab starts from. It tells on the console which
// slot it is in. In slot A it asks the boot loader to start slot B once, if the machine lets it:
// so begins the trial of an update. Then it ends.
package main

import (
	"encoding/binary"
	"fmt"
	"os"
	"strings"
	"unicode/utf16"

	"golang.org/x/sys/unix"
)

func main() {
	slot, err := bootedSlot()
	fmt.Printf("\nbadged: started in slot %q, %v\n", slot, err)
	if _, err := os.Stat(efivarfs); err == nil && slot == "a" {
		fmt.Printf("badged: asked for slot b once, %v\n", tryOnce("slot-b.conf"))
	}
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF) // fails only when this is not init
}

// bootedSlot is what the boot loader told the kernel.
func bootedSlot() (string, error) {
	if err := mount("proc", "/proc"); err != nil {
		return "", err
	}
	b, err := os.ReadFile("/proc/cmdline")
	for word := range strings.FieldsSeq(string(b)) {
		if slot, ok := strings.CutPrefix(word, "badged.slot="); ok {
			return slot, nil
		}
	}
	return "", err
}

func mount(kind, at string) error {
	if err := os.MkdirAll(at, 0o755); err != nil {
		return err
	}
	if err := unix.Mount(kind, at, kind, 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", at, err)
	}
	return nil
}

const (
	efivarfs = "/efivarfs.ko"
	vars     = "/sys/firmware/efi/efivars"
	// oneShot is the variable of the Boot Loader Interface that names the next entry, once.
	oneShot = vars + "/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"
)

// tryOnce asks the boot loader to start an entry at the next start, and only then.
func tryOnce(entry string) error {
	if err := mount("sysfs", "/sys"); err != nil {
		return err
	}
	f, err := os.Open(efivarfs)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := unix.FinitModule(int(f.Fd()), "", 0); err != nil {
		return fmt.Errorf("load %s: %w", efivarfs, err)
	}
	if err := mount("efivarfs", vars); err != nil {
		return err
	}
	value := []byte{7, 0, 0, 0} // kept, and seen by boot loaders and kernels
	for _, u := range utf16.Encode([]rune(entry + "\x00")) {
		value = binary.LittleEndian.AppendUint16(value, u)
	}
	return os.WriteFile(oneShot, value, 0o644)
}
