package box

import (
	"bytes"
	"debug/pe"
	"encoding/binary"
	"runtime"
	"testing"
)

// program is the head of a program for a processor, with one part that ends at end.
func program(machine, subsystem uint16, end uint32) []byte {
	var b bytes.Buffer
	b.Write(append([]byte("MZ"), make([]byte, 58)...))
	_ = binary.Write(&b, binary.LittleEndian, uint32(64)) // where PE stands
	b.WriteString("PE\x00\x00")
	about := pe.OptionalHeader64{Magic: 0x20b, Subsystem: subsystem, NumberOfRvaAndSizes: 16}
	_ = binary.Write(&b, binary.LittleEndian, pe.FileHeader{Machine: machine, NumberOfSections: 1, SizeOfOptionalHeader: uint16(binary.Size(about))})
	_ = binary.Write(&b, binary.LittleEndian, about)
	_ = binary.Write(&b, binary.LittleEndian, pe.SectionHeader32{Name: [8]uint8{'t'}, PointerToRawData: 512, SizeOfRawData: end - 512})
	return append(b.Bytes(), make([]byte, 4096)...)
}

// Issue 12, 2: a kernel that UEFI would refuse is refused before anything is written: seen in QEMU,
// the firmware goes on to the network and then waits for a person.
func TestAKernelThatUEFIWouldRefuse(t *testing.T) {
	ours, other := uint16(pe.IMAGE_FILE_MACHINE_AMD64), uint16(pe.IMAGE_FILE_MACHINE_ARM64)
	if runtime.GOARCH == "arm64" {
		ours, other = other, ours
	}
	if runtime.GOARCH != "amd64" && runtime.GOARCH != "arm64" {
		other = ours // neither is for this processor
		ours = 0
	}
	const size = 8 << 20
	if err := (systemdBoot{}).CanStart(program(ours, 10, size), size); err != nil {
		t.Errorf("a kernel: %v", err)
	}
	for what, head := range map[string][]byte{
		"zeros": make([]byte, 64<<10), "nothing": nil, "text": []byte("no kernel"), "cut": program(ours, 10, size+1), "no program of UEFI": program(ours, 3, size),
		"for another processor": program(other, 10, size), "half a head": program(ours, 10, size)[:100],
	} {
		if err := (systemdBoot{}).CanStart(head, size); err == nil {
			t.Errorf("%s: it is taken", what)
		}
	}
}
