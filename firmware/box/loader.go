package box

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"strings"
	"unicode/utf16"

	"badged/firmware/slot"
)

// oneShot is the variable of the Boot Loader Interface (systemd.io/BOOT_LOADER_INTERFACE) that names
// the entry of the next start.
const oneShot = efivars + "/LoaderEntryOneShot-4a67b082-0a4c-41cf-b6c7-440b29bb8c4f"

// systemdBoot is the boot loader of boards with UEFI.
type systemdBoot struct{}

// TryOnce implements update.Loader.
func (systemdBoot) TryOnce(s slot.Slot) error {
	value := []byte{7, 0, 0, 0} // kept, and seen by boot loaders and kernels
	for _, u := range utf16.Encode([]rune(fmt.Sprintf("slot-%v.conf\x00", s))) {
		value = binary.LittleEndian.AppendUint16(value, u)
	}
	if err := os.WriteFile(oneShot, value, 0o644); err != nil {
		return fmt.Errorf("ask the boot loader for slot %v once: %w", s, err)
	}
	return nil
}

// efiApplication is the subsystem of a program that UEFI starts (Microsoft, PE Format).
const efiApplication = 10

// CanStart implements update.Loader: UEFI starts a program for its processor that is whole. A kernel
// that it refuses is the one fault that no restart undoes: the firmware goes on to its other ways of
// starting, and waits for a person at their end.
func (systemdBoot) CanStart(head []byte, size int64) error {
	f, err := pe.NewFile(bytes.NewReader(head))
	if err != nil {
		return fmt.Errorf("UEFI cannot start it: %w", err)
	}
	machine := map[string]uint16{"amd64": pe.IMAGE_FILE_MACHINE_AMD64, "arm64": pe.IMAGE_FILE_MACHINE_ARM64}[runtime.GOARCH]
	about, ok := f.OptionalHeader.(*pe.OptionalHeader64)
	if !ok || f.Machine != machine || about.Subsystem != efiApplication || len(f.Sections) == 0 {
		return fmt.Errorf("UEFI cannot start it: it is no program of UEFI for %s", runtime.GOARCH)
	}
	for _, s := range f.Sections {
		if int64(s.Offset)+int64(s.Size) > size {
			return fmt.Errorf("UEFI cannot start it: it ends before its part %s does", s.Name)
		}
	}
	return nil
}

// bootedSlot is what the boot loader told the kernel.
func bootedSlot(cmdline string) (slot.Slot, error) {
	for word := range strings.FieldsSeq(cmdline) {
		if s, ok := strings.CutPrefix(word, "badged.slot="); ok && (s == "a" || s == "b") {
			return slot.Slot(s[0]), nil
		}
	}
	return 0, errors.New("find out which slot runs: the boot loader did not say")
}
