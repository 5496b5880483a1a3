package terminal

import (
	"bufio"
	"fmt"
	"os"
	"strings"
	"syscall"
)

// forgetProgram takes the pages of the program's own file out of this process: what only the
// start needed stays away, and the rest comes back from the kernel's cache, which keeps it, as
// soon as it is used. A part that holds pages of this process alone, as the linker's changes
// of a program that is loaded anywhere, is left. An error costs memory and nothing else.
func forgetProgram() error {
	program, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return fmt.Errorf("find the file of the program: %w", err)
	}
	parts, err := os.Open("/proc/self/smaps") // proc(5)
	if err != nil {
		return fmt.Errorf("read the parts of the program: %w", err)
	}
	defer parts.Close()
	var part span
	lines := bufio.NewScanner(parts)
	for lines.Scan() {
		if next, ok := programPart(lines.Text(), program); ok {
			part = next
		}
		if part.size > 0 && strings.Join(strings.Fields(lines.Text()), " ") == "Anonymous: 0 kB" {
			if _, _, errno := syscall.Syscall(syscall.SYS_MADVISE, part.start, part.size, syscall.MADV_DONTNEED); errno != 0 {
				return fmt.Errorf("give the pages of the program back: %w", errno)
			}
		}
	}
	return lines.Err()
}

// span is a part of the process's addresses; empty: none that may go.
type span struct{ start, size uintptr }

// programPart reads the first line of a part: its addresses, what may be done with it, and the
// file that it is of. Only what nobody writes of the program's own file may go.
func programPart(line, program string) (s span, ok bool) {
	var end uintptr
	var may string
	if n, _ := fmt.Sscanf(line, "%x-%x %s", &s.start, &end, &may); n != 3 {
		return span{}, false
	}
	if strings.Contains(may, "w") || !strings.HasSuffix(line, " "+program) {
		return span{}, true
	}
	s.size = end - s.start
	return s, true
}
