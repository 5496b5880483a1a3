//go:build cards

package flash_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// badCard is a card with a will of its own: the one file of a file system (FUSE), which a loop
// device makes a disk. What reaches it passed the kernel's whole block layer, as with a real card.
type badCard struct {
	fs.Inode
	size  int64
	store *os.File

	// What the card does instead of what it is told; nil: what it is told.
	write func(off int64, p []byte) (write bool, errno syscall.Errno) // may change p
	read  func(off int64, p []byte) syscall.Errno                     // may change p
	place func(off int64) int64                                       // where an address is kept

	wrote atomic.Int64 // bytes that reached the card
	empty atomic.Bool  // it says that it has no size any more
}

var (
	_ fs.NodeOpener    = (*badCard)(nil)
	_ fs.NodeReader    = (*badCard)(nil)
	_ fs.NodeWriter    = (*badCard)(nil)
	_ fs.NodeGetattrer = (*badCard)(nil)
	_ fs.NodeFsyncer   = (*badCard)(nil)
)

// cardFolder is the folder that the card is in.
type cardFolder struct {
	fs.Inode
	card *badCard
}

// OnAdd implements fs.NodeOnAdder.
func (f *cardFolder) OnAdd(ctx context.Context) {
	f.AddChild("card", f.NewPersistentInode(ctx, f.card, fs.StableAttr{Mode: syscall.S_IFREG}), true)
}

// maxWrite is how much the kernel hands over at a time.
const maxWrite = 128 << 10

// serve mounts the card's file system and gives the path of its file.
func (c *badCard) serve(t *testing.T) (path string) {
	t.Helper()
	dir := t.TempDir()
	store, err := os.Create(filepath.Join(t.TempDir(), "store"))
	if err != nil {
		t.Fatal(err)
	}
	c.store = store
	server, err := fs.Mount(dir, &cardFolder{card: c}, &fs.Options{MountOptions: fuse.MountOptions{MaxWrite: maxWrite, DirectMountStrict: true, FsName: "badcard"}})
	if err != nil {
		t.Fatalf("mount the card's file system: %v", err)
	}
	t.Cleanup(func() {
		if err := server.Unmount(); err != nil {
			t.Errorf("unmount: %v", err)
		}
		store.Close()
	})
	return dir + "/card"
}

// Open implements fs.NodeOpener. The kernel keeps nothing of the file.
func (c *badCard) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_DIRECT_IO, 0
}

// Getattr implements fs.NodeGetattrer.
func (c *badCard) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	if out.Mode = 0o600; !c.empty.Load() {
		out.Size = uint64(c.size)
	}
	return 0
}

// Fsync implements fs.NodeFsyncer.
func (c *badCard) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno { return 0 }

// Read implements fs.NodeReader.
func (c *badCard) Read(_ context.Context, _ fs.FileHandle, p []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	p = p[:max(0, min(int64(len(p)), c.size-off))]
	clear(p)
	_, _ = c.store.ReadAt(p, c.where(off)) // what was never written is zeros
	if c.read != nil {
		if errno := c.read(off, p); errno != 0 {
			return nil, errno
		}
	}
	return fuse.ReadResultData(p), 0
}

// Write implements fs.NodeWriter.
func (c *badCard) Write(_ context.Context, _ fs.FileHandle, p []byte, off int64) (uint32, syscall.Errno) {
	c.wrote.Add(int64(len(p)))
	if c.write != nil {
		if write, errno := c.write(off, p); errno != 0 || !write {
			return uint32(len(p)), errno
		}
	}
	if _, err := c.store.WriteAt(p, c.where(off)); err != nil {
		return 0, syscall.EIO
	}
	return uint32(len(p)), 0
}

func (c *badCard) where(off int64) int64 {
	if c.place != nil {
		return c.place(off)
	}
	return off
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
