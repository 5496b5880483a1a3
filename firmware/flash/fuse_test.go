//go:build cards

package flash_test

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// badCard is a card with a will of its own: a file system with one file in it (FUSE, protocol
// 7.31, linux/fuse.h), which a loop device makes a disk. What reaches it passed the kernel's whole
// block layer, as with a real card.
type badCard struct {
	size  int64
	store *os.File

	// What the card does instead of what it is told; nil: what it is told.
	write func(off int64, p []byte) (write bool, errno syscall.Errno) // may change p
	read  func(off int64, p []byte) syscall.Errno                     // may change p
	sync  func() syscall.Errno
	place func(off int64) int64 // where an address is kept

	fuse  *os.File
	mu    sync.Mutex // guards written
	wrote int64
}

const (
	opLookup, opForget, opGetattr, opOpen = 1, 2, 3, 14
	opRead, opWrite, opRelease, opFsync   = 15, 16, 18, 20
	opFlush, opInit, opDestroy, opStatfs  = 25, 26, 38, 17
	fileNode, maxWrite, directIO          = 2, 128 << 10, 1
	maxRequest                            = maxWrite + 4096
)

// serve mounts the card's file system and gives the path of its file.
func (c *badCard) serve(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	store, err := os.Create(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	c.store = store
	fd, err := syscall.Open("/dev/fuse", syscall.O_RDWR|syscall.O_CLOEXEC, 0)
	if err != nil {
		t.Fatalf("open /dev/fuse: %v", err)
	}
	c.fuse = os.NewFile(uintptr(fd), "/dev/fuse")
	if err := syscall.Mount("badcard", dir, "fuse", syscall.MS_NOSUID|syscall.MS_NODEV, fmt.Sprintf("fd=%d,rootmode=40000,user_id=0,group_id=0", fd)); err != nil {
		t.Fatalf("mount: %v", err)
	}
	ended := make(chan struct{})
	go func() { defer close(ended); c.loop() }()
	t.Cleanup(func() {
		_ = syscall.Unmount(dir, syscall.MNT_DETACH)
		<-ended
		c.fuse.Close()
		store.Close()
	})
	return dir + "/card"
}

// loop answers the kernel until the file system is unmounted.
func (c *badCard) loop() {
	buf := make([]byte, maxRequest)
	for {
		n, err := syscall.Read(int(c.fuse.Fd()), buf)
		if errors.Is(err, syscall.EINTR) || errors.Is(err, syscall.ENOENT) {
			continue
		}
		if err != nil || n < 40 {
			return
		}
		op, unique := binary.LittleEndian.Uint32(buf[4:]), binary.LittleEndian.Uint64(buf[8:])
		node := binary.LittleEndian.Uint64(buf[16:])
		if op == opForget {
			continue
		}
		body, errno := c.answer(op, node, buf[40:n])
		out := make([]byte, 16, 16+len(body))
		binary.LittleEndian.PutUint32(out[4:], uint32(-int32(errno)))
		binary.LittleEndian.PutUint64(out[8:], unique)
		if errno == 0 {
			out = append(out, body...)
		}
		binary.LittleEndian.PutUint32(out, uint32(len(out)))
		_, _ = syscall.Write(int(c.fuse.Fd()), out)
		if op == opDestroy {
			return
		}
	}
}

func (c *badCard) answer(op uint32, node uint64, in []byte) ([]byte, syscall.Errno) {
	le := binary.LittleEndian
	switch op {
	case opInit:
		out := make([]byte, 64)
		le.PutUint32(out, 7)
		le.PutUint32(out[4:], 31)
		le.PutUint32(out[8:], 128<<10) // read ahead
		le.PutUint32(out[20:], maxWrite)
		return out, 0
	case opLookup:
		out := make([]byte, 40)
		le.PutUint64(out, fileNode)
		return append(out, c.attr(fileNode)...), 0
	case opGetattr:
		return append(make([]byte, 16), c.attr(node)...), 0
	case opOpen:
		out := make([]byte, 16)
		le.PutUint32(out[8:], directIO)
		return out, 0
	case opRead:
		return c.doRead(int64(le.Uint64(in[8:])), int(le.Uint32(in[16:])))
	case opWrite:
		n := le.Uint32(in[16:])
		errno := c.doWrite(int64(le.Uint64(in[8:])), in[40:40+n])
		out := make([]byte, 8)
		le.PutUint32(out, n)
		return out, errno
	case opFsync, opFlush:
		if c.sync != nil {
			return nil, c.sync()
		}
		return nil, 0
	case opRelease, opDestroy:
		return nil, 0
	case opStatfs:
		return make([]byte, 80), 0
	default:
		return nil, syscall.ENOSYS
	}
}

func (c *badCard) attr(node uint64) []byte {
	b, le := make([]byte, 88), binary.LittleEndian
	le.PutUint64(b, node)
	le.PutUint64(b[8:], uint64(c.size))
	mode := uint32(syscall.S_IFREG | 0o600)
	if node != fileNode {
		mode = syscall.S_IFDIR | 0o700
	}
	le.PutUint32(b[60:], mode)
	le.PutUint32(b[64:], 1)
	le.PutUint32(b[80:], 4096)
	return b
}

func (c *badCard) where(off int64) int64 {
	if c.place != nil {
		return c.place(off)
	}
	return off
}

func (c *badCard) doRead(off int64, n int) ([]byte, syscall.Errno) {
	p := make([]byte, max(0, min(int64(n), c.size-off)))
	_, _ = c.store.ReadAt(p, c.where(off)) // what was never written is zeros
	if c.read != nil {
		return p, c.read(off, p)
	}
	return p, 0
}

func (c *badCard) doWrite(off int64, p []byte) syscall.Errno {
	c.mu.Lock()
	c.wrote += int64(len(p))
	c.mu.Unlock()
	if c.write != nil {
		if write, errno := c.write(off, p); errno != 0 || !write {
			return errno
		}
	}
	if _, err := c.store.WriteAt(p, c.where(off)); err != nil {
		return syscall.EIO
	}
	return 0
}

// written is how many bytes reached the card.
func (c *badCard) written() int64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.wrote
}

// plug makes a disk of a file, and gives the name of the loop device.
func plug(t *testing.T, path string, options ...string) (name string) {
	t.Helper()
	out, err := exec.Command("losetup", append(options, "-f", "--show", path)...).CombinedOutput()
	if err != nil {
		t.Fatalf("losetup: %v %s", err, out)
	}
	dev := strings.TrimSpace(string(out))
	t.Cleanup(func() { unplug(t, dev) })
	return filepath.Base(dev)
}

// unplug takes the loop device from its file, and waits until the kernel has done it.
func unplug(t *testing.T, dev string) {
	t.Helper()
	_ = exec.Command("losetup", "-d", dev).Run() // it may be gone
	size := "/sys/block/" + filepath.Base(dev) + "/loop/backing_file"
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if _, err := os.Stat(size); err != nil {
			return
		}
	}
	t.Errorf("%s is still there after a minute", dev)
}
