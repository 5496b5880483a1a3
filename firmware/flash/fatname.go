package flash

import (
	"encoding/binary"
	"fmt"
	"strings"
	"unicode/utf16"
)

// entries are what a folder has of a file: its long name in pieces, if it needs one, and the
// entry itself. used are the short names that the folder has already.
func entries(name string, attr byte, cluster, size int64, used map[string]bool) []byte {
	short, exact := shortName(name, used)
	used[short] = true
	own := entry83([]byte(short), attr, cluster, size)
	if exact {
		return own
	}
	return append(longName(name, own[:11]), own...)
}

// shortName gives the 11 characters of a name, and whether they say all of it.
func shortName(name string, used map[string]bool) (short string, exact bool) {
	base, ext, _ := strings.Cut(name, ".")
	clean := strings.ToUpper(name) == name && len(base) >= 1 && len(base) <= 8 && len(ext) <= 3 && !strings.Contains(ext, ".")
	short = fmt.Sprintf("%-8.8s%-3.3s", base, ext)
	if clean && !used[short] {
		return short, true
	}
	if i := strings.LastIndexByte(name, '.'); i > 0 {
		base, ext = name[:i], name[i+1:]
	}
	base, ext = plainLetters(base), plainLetters(ext)
	for n := 1; ; n++ {
		tail := fmt.Sprintf("~%d", n)
		short = fmt.Sprintf("%-8s%-3.3s", base[:min(len(base), 8-len(tail))]+tail, ext)
		if !used[short] {
			return short, false
		}
	}
}

func plainLetters(s string) string {
	return strings.Map(func(r rune) rune {
		if r == '.' || r == '+' {
			return -1
		}
		return r
	}, strings.ToUpper(s))
}

// entry83 is one entry of 32 bytes. Its times are the first that a FAT knows.
func entry83(short []byte, attr byte, cluster, size int64) []byte {
	b, le := make([]byte, 32), binary.LittleEndian
	copy(b, short)
	b[11] = attr
	const firstDay = 1<<5 | 1 // 1980-01-01
	le.PutUint16(b[16:], firstDay)
	le.PutUint16(b[18:], firstDay)
	le.PutUint16(b[20:], uint16(cluster>>16))
	le.PutUint16(b[24:], firstDay)
	le.PutUint16(b[26:], uint16(cluster))
	le.PutUint32(b[28:], uint32(size))
	return b
}

// longName is a name in pieces of 13 characters, the last one first.
func longName(name string, short []byte) (b []byte) {
	units := utf16.Encode([]rune(name))
	pieces := (len(units) + 12) / 13
	for n := pieces; n >= 1; n-- {
		e := make([]byte, 32)
		e[0], e[11], e[13] = byte(n), 0x0f, checksum(short)
		if n == pieces {
			e[0] |= 0x40
		}
		for i := range 13 {
			binary.LittleEndian.PutUint16(e[longAt(i):], unitAt(units, 13*(n-1)+i))
		}
		b = append(b, e...)
	}
	return b
}

// longAt is where the character i of a piece is.
func longAt(i int) int {
	switch {
	case i < 5:
		return 1 + 2*i
	case i < 11:
		return 14 + 2*(i-5)
	default:
		return 28 + 2*(i-11)
	}
}

func unitAt(units []uint16, i int) uint16 {
	switch {
	case i < len(units):
		return units[i]
	case i == len(units):
		return 0
	default:
		return 0xffff
	}
}

func checksum(short []byte) (sum byte) {
	for _, c := range short {
		sum = sum>>1 | sum<<7
		sum += c
	}
	return sum
}
