package card

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode/utf16"
)

// fat reads a FAT32 (Microsoft, FAT32 File System Specification, 1.03), as far as it takes to find
// files that lie in one piece.
type fat struct {
	r        io.ReaderAt
	at       int64 // of the file system on the card
	cluster  int64 // bytes
	table    int64
	data     int64 // offset of cluster 2
	root     uint32
	clusters uint32
}

var errFAT = errors.New("its file system is damaged (flash the card again)")

const maxFolder = 256 << 10

func openFAT(r io.ReaderAt, at int64) (f fat, err error) {
	b, le := make([]byte, 512), binary.LittleEndian
	if _, err := r.ReadAt(b, at); err != nil {
		return f, fmt.Errorf("read the card: %w", err)
	}
	sector, tables := int64(le.Uint16(b[11:])), int64(b[16])
	length := int64(le.Uint32(b[36:])) * sector
	size := int64(le.Uint32(b[32:])) * sector
	f = fat{r: r, at: at, cluster: int64(b[13]) * sector, table: int64(le.Uint16(b[14:])) * sector, root: le.Uint32(b[44:])}
	f.data = f.table + tables*length
	if sector != 512 || f.cluster == 0 || tables == 0 || b[510] != 0x55 || b[511] != 0xaa || f.data >= size {
		return f, errFAT
	}
	f.clusters = uint32((size-f.data)/f.cluster) + 2
	if f.root < 2 || f.root >= f.clusters || int64(f.clusters)*4 > length {
		return f, errFAT
	}
	return f, nil
}

// find gives where a file of the card lies.
func (f fat) find(path string) (Place, error) {
	first, size := f.root, int64(0)
	for part := range strings.SplitSeq(path, "/") {
		b, err := f.folder(first)
		if err == nil {
			first, size, err = lookUp(b, part)
		}
		if err != nil {
			return Place{}, fmt.Errorf("find %s on the card: %w", path, err)
		}
	}
	chain, err := f.chain(first, size)
	if err != nil {
		return Place{}, fmt.Errorf("find %s on the card: %w", path, err)
	}
	for i, c := range chain {
		if c != first+uint32(i) {
			return Place{}, fmt.Errorf("find %s on the card: it does not lie in one piece: %w", path, errFAT)
		}
	}
	return Place{f.at + f.offset(first), size}, nil
}

func (f fat) offset(cluster uint32) int64 { return f.data + int64(cluster-2)*f.cluster }

// chain gives the clusters of a file of size bytes.
func (f fat) chain(first uint32, size int64) (list []uint32, err error) {
	var b [4]byte
	for c := first; ; {
		if c < 2 || c >= f.clusters || len(list) > int(f.clusters) {
			return nil, errFAT
		}
		list = append(list, c)
		if size -= f.cluster; size <= 0 {
			return list, nil
		}
		if _, err := f.r.ReadAt(b[:], f.at+f.table+4*int64(c)); err != nil {
			return nil, fmt.Errorf("read the card: %w", err)
		}
		c = binary.LittleEndian.Uint32(b[:]) & 0x0fffffff
	}
}

// folder reads the entries of a folder.
func (f fat) folder(first uint32) (b []byte, err error) {
	for c := first; ; {
		if c >= 0x0ffffff8 {
			return b, nil
		}
		if c < 2 || c >= f.clusters || len(b) > maxFolder {
			return nil, errFAT
		}
		piece := make([]byte, f.cluster)
		if _, err := f.r.ReadAt(piece, f.at+f.offset(c)); err != nil {
			return nil, fmt.Errorf("read the card: %w", err)
		}
		b = append(b, piece...)
		var next [4]byte
		if _, err := f.r.ReadAt(next[:], f.at+f.table+4*int64(c)); err != nil {
			return nil, fmt.Errorf("read the card: %w", err)
		}
		c = binary.LittleEndian.Uint32(next[:]) & 0x0fffffff
	}
}

var errNoFile = errors.New("it is not there (the card was not made by this version of badgectl: flash it again)")

// lookUp finds a name among the entries of a folder.
func lookUp(b []byte, name string) (first uint32, size int64, err error) {
	le := binary.LittleEndian
	long := ""
	for ; len(b) >= 32 && b[0] != 0; b = b[32:] {
		switch e := b[:32]; {
		case e[11] == 0x0f:
			long = longPart(e) + long
			continue
		case e[0] != 0xe5 && e[11]&0x08 == 0 && strings.EqualFold(either(long, e), name):
			return uint32(le.Uint16(e[20:]))<<16 | uint32(le.Uint16(e[26:])), int64(le.Uint32(e[28:])), nil
		}
		long = ""
	}
	return 0, 0, errNoFile
}

// longPart gives the thirteen characters of an entry that belongs to a long name.
func longPart(e []byte) string {
	var units []uint16
	for _, span := range [][2]int{{1, 11}, {14, 26}, {28, 32}} {
		for i := span[0]; i < span[1]; i += 2 {
			if u := binary.LittleEndian.Uint16(e[i:]); u != 0 && u != 0xffff {
				units = append(units, u)
			}
		}
	}
	return string(utf16.Decode(units))
}

// either gives the long name of an entry, or its short one.
func either(long string, e []byte) string {
	if long != "" {
		return long
	}
	name, ext := strings.TrimRight(string(e[:8]), " "), strings.TrimRight(string(e[8:11]), " ")
	if ext != "" {
		name += "." + ext
	}
	return name
}
