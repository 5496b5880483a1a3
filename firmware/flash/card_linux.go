package flash

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// ThisMachine asks the kernel for the disks of this machine.
func ThisMachine() ([]Disk, error) {
	m := Machine{Sys: os.DirFS("/sys"), Swaps: swaps()}
	for _, file := range []string{"/proc/self/mountinfo", "/proc/1/mountinfo"} {
		b, err := os.ReadFile(file)
		if err != nil && !errors.Is(err, fs.ErrPermission) {
			return nil, fmt.Errorf("list the disks: %w", err)
		}
		m.Mounts = append(m.Mounts, string(b))
	}
	return m.Disks()
}

// swaps gives the device numbers of what is swapped to, files by the file system that they are on.
func swaps() (numbers []string) {
	b, _ := os.ReadFile("/proc/swaps")
	for line := range strings.Lines(string(b)) {
		path, _, _ := strings.Cut(line, " ")
		var st syscall.Stat_t
		if syscall.Stat(unescape(path), &st) != nil {
			continue
		}
		if st.Mode&syscall.S_IFMT == syscall.S_IFBLK {
			numbers = append(numbers, number(st.Rdev))
		} else {
			numbers = append(numbers, number(st.Dev))
		}
	}
	return numbers
}

// number is a device number as the kernel writes it (makedev(3)).
func number(dev uint64) string {
	major := dev>>8&0xfff | dev>>32&0xfffff000
	minor := dev&0xff | dev>>12&0xffffff00
	return fmt.Sprintf("%d:%d", major, minor)
}

// BlockCard is a card in a reader of this machine. Nobody else can open it for themselves.
type BlockCard struct {
	disk   Disk
	list   func() ([]Disk, error)
	file   *os.File
	direct *os.File // reads past the memory of this machine
	buf    []byte   // aligned
}

// OpenCard opens a disk that list gave, if it is still the same. It makes no file in /dev, and
// refuses a disk that a file system, RAID or volume manager of any container uses (O_EXCL), or
// another flasher (flock).
func OpenCard(d Disk, list func() ([]Disk, error)) (*BlockCard, error) {
	path := "/dev/" + d.Name
	f, err := os.OpenFile(path, os.O_RDWR|syscall.O_EXCL, 0)
	switch {
	case errors.Is(err, syscall.EBUSY):
		return nil, fmt.Errorf("%w (by something that this process cannot see)", &fs.PathError{Op: "open", Path: path, Err: ErrInUse})
	case errors.Is(err, syscall.EROFS):
		return nil, fmt.Errorf("open %s: %w", path, ErrReadOnly)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w (writing cards needs root: sudo)", err)
	case err != nil:
		return nil, err
	}
	c := &BlockCard{disk: d, list: list, file: f}
	if err := c.own(path); err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// OpenRunning opens the card that this machine runs from, though a partition of it is mounted.
func OpenRunning(name string) (*BlockCard, error) {
	path := "/dev/" + name
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return nil, err
	}
	c := &BlockCard{disk: Disk{Name: name}, file: f}
	if c.disk.Size, err = f.Seek(0, io.SeekEnd); err == nil {
		err = c.openDirect(path)
	}
	if err != nil {
		return nil, errors.Join(err, c.Close())
	}
	return c, nil
}

// openDirect opens a way to read past the memory of this machine.
func (c *BlockCard) openDirect(path string) (err error) {
	if c.direct, err = os.OpenFile(path, os.O_RDONLY|syscall.O_DIRECT, 0); err != nil {
		return err
	}
	if c.buf, err = syscall.Mmap(-1, 0, chunk+8192, syscall.PROT_READ|syscall.PROT_WRITE, syscall.MAP_ANON|syscall.MAP_PRIVATE); err != nil {
		return fmt.Errorf("get memory for reading %s: %w", path, err)
	}
	return nil
}

// own makes sure that what was opened is the disk, and takes it.
func (c *BlockCard) own(path string) error {
	if err := c.checkNode(path); err != nil {
		return err
	}
	if err := syscall.Flock(int(c.file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return fmt.Errorf("lock %s: %w: another flasher is at it", path, ErrInUse)
	}
	if err := c.openDirect(path); err != nil {
		return err
	}
	return c.Check()
}

// checkNode demands that the file is the block device of the disk, and as large.
func (c *BlockCard) checkNode(path string) error {
	info, err := c.file.Stat()
	if err != nil {
		return err
	}
	st, ok := info.Sys().(*syscall.Stat_t)
	if !ok || info.Mode()&fs.ModeDevice == 0 || info.Mode()&fs.ModeCharDevice != 0 || number(st.Rdev) != c.disk.Number {
		return fmt.Errorf("%s is not the disk %s: %w", path, c.disk.ID, ErrExchanged)
	}
	size, err := c.file.Seek(0, io.SeekEnd)
	if err != nil || size != c.disk.Size {
		return fmt.Errorf("%s has %d bytes, not %d: %w", path, size, c.disk.Size, errors.Join(err, ErrExchanged))
	}
	return nil
}

// Check implements Card.
func (c *BlockCard) Check() error {
	disks, err := c.list()
	if err != nil {
		return err
	}
	for _, d := range disks {
		if d.Same(c.disk) {
			return nil
		}
	}
	return fmt.Errorf("disk %s: %w", c.disk.ID, ErrExchanged)
}

// Size implements Card.
func (c *BlockCard) Size() int64 { return c.disk.Size }

// WriteAt implements Card.
func (c *BlockCard) WriteAt(p []byte, off int64) (int, error) { return c.file.WriteAt(p, off) }

// Sync implements Card.
func (c *BlockCard) Sync() error { return c.file.Sync() }

// ReadAt implements Card.
func (c *BlockCard) ReadAt(p []byte, off int64) (n int, err error) {
	for n < len(p) {
		start := off / 4096 * 4096
		end := min(roundUp(off+int64(len(p)-n), 4096), start+chunk, c.disk.Size)
		got, err := c.direct.ReadAt(c.buf[:end-start], start)
		if int64(got) < end-start {
			return n, errors.Join(err, io.ErrUnexpectedEOF)
		}
		m := copy(p[n:], c.buf[off-start:end-start])
		n, off = n+m, off+int64(m)
	}
	return n, nil
}

// Close lets go of the card.
func (c *BlockCard) Close() error {
	var errs []error
	if c.buf != nil {
		errs = append(errs, syscall.Munmap(c.buf))
	}
	if c.direct != nil {
		errs = append(errs, c.direct.Close())
	}
	return errors.Join(append(errs, c.file.Close())...)
}

// FileCard is a file in the place of a card, for virtual machines.
type FileCard struct {
	*os.File
	size int64
}

// MakeFile makes a new file of size bytes, over nothing that exists.
func MakeFile(path string, size int64) (FileCard, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err == nil {
		err = f.Truncate(size)
	}
	return FileCard{f, size}, err
}

// OpenFile opens a file that MakeFile made.
func OpenFile(path string) (FileCard, error) {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return FileCard{}, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s has mode %v: it is no file (cards are named with --disk)", path, info.Mode())
	}
	if err != nil {
		return FileCard{}, errors.Join(err, f.Close())
	}
	return FileCard{f, info.Size()}, nil
}

// ReadMark reads what a card says of itself, if it says something and may be read.
func ReadMark(d Disk) (Mark, bool) {
	f, err := os.Open("/dev/" + d.Name)
	if err != nil {
		return Mark{}, false
	}
	defer f.Close()
	head := make([]byte, headLen)
	if _, err := io.ReadFull(f, head); err != nil {
		return Mark{}, false
	}
	return ParseMark(head)
}

// Size implements Card.
func (f FileCard) Size() int64 { return f.size }

// Check implements Card.
func (f FileCard) Check() error { return nil }
