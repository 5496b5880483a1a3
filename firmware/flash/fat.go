package flash

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"path"
	"slices"
	"strings"
)

// File is one file of a file system in the making.
type File struct {
	Path string
	Size int64
	Open func() (io.Reader, error) // gives Size bytes
}

// Text is a file of a few bytes.
func Text(path, content string) File {
	return File{path, int64(len(content)), func() (io.Reader, error) { return strings.NewReader(content), nil }}
}

// fat is a FAT file system in the making (Microsoft, FAT32 File System Specification, 1.03). Files
// are contiguous, and the same files give the same bytes: no time, no chance.
type fat struct {
	wide    bool // FAT32, else FAT16
	size    int64
	label   string
	id      uint32
	cluster int64 // bytes
	first   int64 // offset of the first table
	fatLen  int64 // bytes of one table
	data    int64 // offset of cluster 2

	next    int64 // first cluster that is free
	table   []uint32
	extents []Extent
	placed  map[string]int64 // where each file begins
}

const (
	sector      = 512
	rootEntries = 512 // of a FAT16
	endOfChain  = 0x0fffffff
)

// newFAT lays out an empty file system.
func newFAT(size int64, wide bool, label string, id uint32) *fat {
	f := &fat{wide: wide, size: size, label: label, id: id, next: 2, placed: map[string]int64{}}
	for f.cluster = 64 << 10; ; f.cluster /= 2 {
		clusters := size / f.cluster
		if wide && clusters >= 68_000 || !wide && clusters >= 4_200 || f.cluster == sector {
			break
		}
	}
	clusters := size / f.cluster // a few more than there are: the table is a little too long
	f.fatLen = roundUp((clusters+2)*f.entry(), sector)
	f.data = roundUp(f.reserved()+2*f.fatLen+f.rootLen(), 4096)
	f.first = f.data - 2*f.fatLen - f.rootLen() // what alignment needs is reserved
	f.table = make([]uint32, 2, clusters+2)
	f.table[0], f.table[1] = 0x0ffffff8, endOfChain
	return f
}

func (f *fat) entry() int64 {
	if f.wide {
		return 4
	}
	return 2
}

func (f *fat) rootLen() int64 {
	if f.wide {
		return 0
	}
	return rootEntries * 32
}

// reserved is what stands before the tables at least.
func (f *fat) reserved() int64 {
	if f.wide {
		return 32 * sector
	}
	return sector
}

func roundUp(n, to int64) int64 { return (n + to - 1) / to * to }

// clusters is how many clusters the file system has.
func (f *fat) clusters() int64 { return (f.size - f.data) / f.cluster }

// allocate takes as many clusters in a row as size bytes need, and gives the first.
func (f *fat) allocate(size int64) (first int64, err error) {
	n := (size + f.cluster - 1) / f.cluster
	if n == 0 {
		return 0, nil
	}
	first = f.next
	if f.next += n; f.next > f.clusters()+2 {
		return 0, fmt.Errorf("the file system %s has %d MB, which is not enough", f.label, f.size/1e6)
	}
	for i := first + 1; i < f.next; i++ {
		f.table = append(f.table, uint32(i))
	}
	f.table = append(f.table, endOfChain)
	return first, nil
}

func (f *fat) offset(cluster int64) int64 { return f.data + (cluster-2)*f.cluster }

// folder is a directory in the making.
type folder struct {
	name    string
	files   []File
	folders []*folder
}

func (d *folder) sub(name string) *folder {
	for _, s := range d.folders {
		if strings.EqualFold(s.name, name) {
			return s
		}
	}
	s := &folder{name: name}
	d.folders = append(d.folders, s)
	return s
}

// buildFAT gives the extents of a file system of size bytes with files, and where each begins.
func buildFAT(size int64, wide bool, label string, id uint32, files []File) ([]Extent, map[string]int64, error) {
	f := newFAT(size, wide, label, id)
	root := &folder{}
	for _, file := range slices.SortedFunc(slices.Values(files), func(a, b File) int { return strings.Compare(a.Path, b.Path) }) {
		d := root
		dir, name := path.Split(file.Path)
		for part := range strings.SplitSeq(strings.Trim(dir, "/"), "/") {
			if part != "" {
				d = d.sub(part)
			}
		}
		d.files = append(d.files, File{name, file.Size, file.Open})
	}
	rootCluster, err := f.addFolder(root, "", 0, true)
	if err != nil {
		return nil, nil, err
	}
	return f.finish(rootCluster), f.placed, nil
}

// addFolder places a folder and all that is below it, and gives its first cluster.
func (f *fat) addFolder(d *folder, at string, parent int64, isRoot bool) (first int64, err error) {
	content := f.entriesLen(d, isRoot)
	if !isRoot || f.wide {
		if first, err = f.allocate(max(content, 1)); err != nil {
			return 0, err
		}
	}
	b := f.head(isRoot, first, parent)
	used := map[string]bool{}
	for _, s := range d.folders {
		below, err := f.addFolder(s, at+s.name+"/", first, false)
		if err != nil {
			return 0, err
		}
		b = append(b, entries(s.name, 0x10, below, 0, used)...)
	}
	for _, file := range d.files {
		cluster, err := f.addFile(file, at)
		if err != nil {
			return 0, err
		}
		b = append(b, entries(file.Path, 0x20, cluster, file.Size, used)...)
	}
	f.putFolder(b, first, isRoot)
	return first, nil
}

func (f *fat) addFile(file File, at string) (cluster int64, err error) {
	if cluster, err = f.allocate(file.Size); err != nil || cluster == 0 {
		return 0, err
	}
	f.placed[at+file.Path] = f.offset(cluster)
	f.extents = append(f.extents, Extent{f.offset(cluster), roundUp(file.Size, sector), padded(file.Open)})
	return cluster, nil
}

// padded has zeros behind the end of a file: the rest of its last sector.
func padded(open func() (io.Reader, error)) func() (io.Reader, error) {
	return func() (io.Reader, error) {
		r, err := open()
		return io.MultiReader(r, zeros{}), err
	}
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) { clear(p); return len(p), nil }

// head is what stands at the beginning of a folder: the label in the root, . and .. elsewhere.
func (f *fat) head(isRoot bool, self, parent int64) []byte {
	if isRoot {
		return entry83([]byte(fmt.Sprintf("%-11s", f.label)), 0x08, 0, 0)
	}
	return append(entry83([]byte(".          "), 0x10, self, 0), entry83([]byte("..         "), 0x10, f.parentOf(parent), 0)...)
}

// parentOf is how .. names a parent: the root is 0.
func (f *fat) parentOf(parent int64) int64 {
	if f.wide && parent == 2 {
		return 0
	}
	return parent
}

// entriesLen is how long the entries of a folder will be.
func (f *fat) entriesLen(d *folder, isRoot bool) int64 {
	n := int64(len(f.head(isRoot, 0, 0)))
	used := map[string]bool{}
	for _, s := range d.folders {
		n += int64(len(entries(s.name, 0, 0, 0, used)))
	}
	for _, file := range d.files {
		n += int64(len(entries(file.Path, 0, 0, 0, used)))
	}
	return n
}

func (f *fat) putFolder(b []byte, first int64, isRoot bool) {
	at, length := f.offset(first), roundUp(int64(max(len(b), 1)), f.cluster)
	if isRoot && !f.wide {
		at, length = f.first+2*f.fatLen, f.rootLen()
	}
	f.extents = append(f.extents, bytesAt(at, append(b, make([]byte, length-int64(len(b)))...)))
}

func bytesAt(at int64, b []byte) Extent {
	return Extent{at, int64(len(b)), func() (io.Reader, error) { return bytes.NewReader(b), nil }}
}

// finish adds boot sector and tables.
func (f *fat) finish(rootCluster int64) []Extent {
	table := make([]byte, f.fatLen)
	for i, next := range f.table {
		if f.wide {
			binary.LittleEndian.PutUint32(table[4*i:], next)
		} else {
			binary.LittleEndian.PutUint16(table[2*i:], uint16(next))
		}
	}
	head := make([]byte, f.first)
	copy(head, f.bootSector(rootCluster))
	if f.wide {
		info := f.infoSector()
		copy(head[sector:], info)
		copy(head[6*sector:], head[:sector])
		copy(head[7*sector:], info)
	}
	f.extents = append(f.extents, bytesAt(0, append(append(head, table...), table...)))
	slices.SortFunc(f.extents, func(a, b Extent) int { return int(a.Off - b.Off) })
	return f.extents
}

func (f *fat) bootSector(rootCluster int64) []byte {
	b, le := make([]byte, sector), binary.LittleEndian
	copy(b, "\xeb\x58\x90badged  ")
	le.PutUint16(b[11:], sector)
	b[13] = byte(f.cluster / sector)
	le.PutUint16(b[14:], uint16(f.first/sector))
	b[16] = 2
	b[21] = 0xf8
	le.PutUint16(b[24:], 63)
	le.PutUint16(b[26:], 255)
	le.PutUint32(b[32:], uint32(f.size/sector))
	tail := b[36:] // of a FAT16
	if f.wide {
		le.PutUint32(b[36:], uint32(f.fatLen/sector))
		le.PutUint32(b[44:], uint32(rootCluster))
		le.PutUint16(b[48:], 1) // info sector
		le.PutUint16(b[50:], 6) // copy of this one
		tail = b[64:]
	} else {
		le.PutUint16(b[17:], rootEntries)
		le.PutUint16(b[22:], uint16(f.fatLen/sector))
	}
	tail[0], tail[2] = 0x80, 0x29
	le.PutUint32(tail[3:], f.id)
	copy(tail[7:], fmt.Sprintf("%-11s", f.label))
	copy(tail[18:], map[bool]string{true: "FAT32   ", false: "FAT16   "}[f.wide])
	b[510], b[511] = 0x55, 0xaa
	return b
}

func (f *fat) infoSector() []byte {
	b, le := make([]byte, sector), binary.LittleEndian
	copy(b, "RRaA")
	copy(b[484:], "rrAa")
	le.PutUint32(b[488:], uint32(f.clusters()+2-f.next))
	le.PutUint32(b[492:], uint32(f.next))
	b[510], b[511] = 0x55, 0xaa
	return b
}
