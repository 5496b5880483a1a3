package terminal

import (
	"fmt"
	"os"
	"strings"
	"testing"
)

// Issue 13, line 4: what only the start needed of the program is not in memory afterwards, and
// the program goes on.
func TestTheProgramIsForgottenAndGoesOn(t *testing.T) {
	before := residentOfFiles(t)
	if err := forgetProgram(); err != nil {
		t.Fatal(err)
	}
	if after := residentOfFiles(t); after > before*3/4 {
		t.Errorf("%d KiB of files are in memory, before %d", after, before)
	}
}

// residentOfFiles counts pages of files, also of one in memory.
func residentOfFiles(t *testing.T) (kib int) {
	t.Helper()
	status, err := os.ReadFile("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(status)) {
		var n int
		for _, form := range []string{"RssFile: %d kB", "RssShmem: %d kB"} {
			if _, err := fmt.Sscanf(line, form, &n); err == nil {
				kib += n
			}
		}
	}
	return kib
}

// Nothing is taken of what is written, of other files, and of memory that is of no file.
func TestPartsOfTheProgram(t *testing.T) {
	const program = "/usr/bin/badged"
	for line, want := range map[string]span{
		"00400000-00c1a000 r-xp 00000000 fe:00 1234                               /usr/bin/badged":   {0x400000, 0x81a000},
		"00c1b000-01432000 r--p 0081b000 fe:00 1234                               /usr/bin/badged":   {0xc1b000, 0x817000},
		"01433000-014c0000 rw-p 01033000 fe:00 1234                               /usr/bin/badged":   {},
		"7f000000-7f021000 r--p 00000000 fe:00 99                         /usr/lib/libusb-1.0.so.0":  {},
		"7f000000-7f021000 r--s 00000000 fe:00 99                         /var/lib/x/usr/bin/badged": {},
		"c0000000-c0400000 rw-p 00000000 00:00 0 ":                                                   {},
	} {
		if got, ok := programPart(line, program); !ok || got != want {
			t.Errorf("%q is part %x, %v", line, got, ok)
		}
	}
	for _, line := range []string{"Anonymous:             0 kB", "VmFlags: rd ex mr mw me", ""} {
		if _, ok := programPart(line, program); ok {
			t.Errorf("%q begins a part", line)
		}
	}
}
