package flash

import (
	"encoding/binary"
	"hash/crc32"
	"unicode/utf16"
)

// part is one partition.
type part struct {
	name      string
	off, size int64
	kind      [16]byte // of a GPT
	mbrKind   byte     // of an MBR
}

// The kinds of partition, as GPT writes a GUID.
var (
	kindESP   = guid(0xc12a7328, 0xf81f, 0x11d2, [8]byte{0xba, 0x4b, 0x00, 0xa0, 0xc9, 0x3e, 0xc9, 0x3b})
	kindLinux = guid(0x0fc63daf, 0x8483, 0x4772, [8]byte{0x8e, 0x79, 0x3d, 0x69, 0xd8, 0x47, 0x7d, 0xe4})
)

func guid(a uint32, b, c uint16, d [8]byte) (g [16]byte) {
	binary.LittleEndian.PutUint32(g[0:], a)
	binary.LittleEndian.PutUint16(g[4:], b)
	binary.LittleEndian.PutUint16(g[6:], c)
	copy(g[8:], d[:])
	return g
}

const (
	gptEntries  = 128
	gptTableLen = gptEntries * 128
	gptTail     = sector + gptTableLen // what a GPT has at the end of a disk
)

// writeGPT puts a GPT (UEFI Specification 2.10, chapter 5) into head, the beginning of a disk, and
// gives what stands at its end. seed makes the GUIDs of disk and partitions.
func writeGPT(head []byte, size int64, parts []part, seed [32]byte) (tail []byte) {
	table := make([]byte, gptTableLen)
	for i, p := range parts {
		e := table[128*i:]
		copy(e, p.kind[:])
		copy(e[16:], ownGUID(seed, byte(i+1)))
		binary.LittleEndian.PutUint64(e[32:], uint64(p.off/sector))
		binary.LittleEndian.PutUint64(e[40:], uint64((p.off+p.size)/sector-1))
		for j, u := range utf16.Encode([]rune(p.name)) {
			binary.LittleEndian.PutUint16(e[56+2*j:], u)
		}
	}
	last := size/sector - 1
	writeMBR(head, []part{{off: sector, size: min(last, 0xffffffff) * sector, mbrKind: 0xee}}, 0)
	copy(head[sector:], gptHeader(1, last, 2, table, last, seed))
	copy(head[2*sector:], table)
	return append(table, gptHeader(last, 1, last-gptTableLen/sector, table, last, seed)...)
}

// ownGUID is a GUID of version 4 that the seed decides.
func ownGUID(seed [32]byte, n byte) []byte {
	g := append([]byte(nil), seed[:16]...)
	g[0] ^= n
	g[7], g[8] = g[7]&0x0f|0x40, g[8]&0x3f|0x80
	return g
}

func gptHeader(self, other, tableAt int64, table []byte, last int64, seed [32]byte) []byte {
	b, le := make([]byte, sector), binary.LittleEndian
	copy(b, "EFI PART\x00\x00\x01\x00")
	le.PutUint32(b[12:], 92)
	le.PutUint64(b[24:], uint64(self))
	le.PutUint64(b[32:], uint64(other))
	le.PutUint64(b[40:], 2+gptTableLen/sector)
	le.PutUint64(b[48:], uint64(last-1-gptTableLen/sector))
	copy(b[56:], ownGUID(seed, 0))
	le.PutUint64(b[72:], uint64(tableAt))
	le.PutUint32(b[80:], gptEntries)
	le.PutUint32(b[84:], 128)
	le.PutUint32(b[88:], crc32.ChecksumIEEE(table))
	le.PutUint32(b[16:], crc32.ChecksumIEEE(b[:92]))
	return b
}

// writeMBR puts an MBR into head.
func writeMBR(head []byte, parts []part, id uint32) {
	binary.LittleEndian.PutUint32(head[440:], id)
	for i, p := range parts {
		e := head[446+16*i:]
		copy(e[1:], "\xfe\xff\xff")
		e[4] = p.mbrKind
		copy(e[5:], "\xfe\xff\xff")
		binary.LittleEndian.PutUint32(e[8:], uint32(p.off/sector))
		binary.LittleEndian.PutUint32(e[12:], uint32(min(p.size/sector, 0xffffffff)))
	}
	head[510], head[511] = 0x55, 0xaa
}
