//go:build power

package forgetful

import (
	"context"
	"os"
	"syscall"

	"github.com/hanwen/go-fuse/v2/fs"
	"github.com/hanwen/go-fuse/v2/fuse"
)

// folder is the one folder, as the kernel asks for it. That a name is there and which file it
// means is kept by the library.
type folder struct {
	fs.Inode
	disk *Disk
}

// file is a file, as the kernel asks for it. Its content is guarded by the disk's lock.
type file struct {
	fs.Inode
	disk *Disk
	mode uint32
	content
}

var (
	_ fs.NodeCreater  = (*folder)(nil)
	_ fs.NodeUnlinker = (*folder)(nil)
	_ fs.NodeRenamer  = (*folder)(nil)
	_ fs.NodeFsyncer  = (*folder)(nil)

	_ fs.NodeOpener    = (*file)(nil)
	_ fs.NodeReader    = (*file)(nil)
	_ fs.NodeWriter    = (*file)(nil)
	_ fs.NodeGetattrer = (*file)(nil)
	_ fs.NodeSetattrer = (*file)(nil)
	_ fs.NodeFsyncer   = (*file)(nil)
)

// Create implements fs.NodeCreater.
func (n *folder) Create(ctx context.Context, name string, _, mode uint32, out *fuse.EntryOut) (*fs.Inode, fs.FileHandle, uint32, syscall.Errno) {
	f := &file{disk: n.disk, mode: mode & 0o777}
	n.disk.change(func() { n.disk.names[name] = f })
	f.attr(&out.Attr)
	return n.NewPersistentInode(ctx, f, fs.StableAttr{Mode: syscall.S_IFREG}), nil, 0, 0
}

// Unlink implements fs.NodeUnlinker.
func (n *folder) Unlink(_ context.Context, name string) syscall.Errno {
	n.disk.change(func() { delete(n.disk.names, name) })
	return 0
}

// Rename implements fs.NodeRenamer.
func (n *folder) Rename(_ context.Context, name string, _ fs.InodeEmbedder, to string, _ uint32) syscall.Errno {
	n.disk.change(func() {
		n.disk.names[to] = n.disk.names[name]
		delete(n.disk.names, name)
	})
	return 0
}

// Fsync implements fs.NodeFsyncer.
func (n *folder) Fsync(context.Context, fs.FileHandle, uint32) syscall.Errno {
	return done(n.disk.syncNames())
}

// Open implements fs.NodeOpener.
func (f *file) Open(context.Context, uint32) (fs.FileHandle, uint32, syscall.Errno) {
	return nil, fuse.FOPEN_KEEP_CACHE, 0
}

// Read implements fs.NodeReader.
func (f *file) Read(_ context.Context, _ fs.FileHandle, dest []byte, off int64) (fuse.ReadResult, syscall.Errno) {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	from := min(int(off), len(f.now))
	return fuse.ReadResultData(dest[:copy(dest, f.now[from:])]), 0
}

// Write implements fs.NodeWriter.
func (f *file) Write(_ context.Context, _ fs.FileHandle, data []byte, off int64) (uint32, syscall.Errno) {
	f.disk.change(func() { f.write(int(off), data) })
	return uint32(len(data)), 0
}

// Getattr implements fs.NodeGetattrer.
func (f *file) Getattr(_ context.Context, _ fs.FileHandle, out *fuse.AttrOut) syscall.Errno {
	f.disk.mu.Lock()
	defer f.disk.mu.Unlock()
	f.attr(&out.Attr)
	return 0
}

// Setattr implements fs.NodeSetattrer.
func (f *file) Setattr(_ context.Context, _ fs.FileHandle, in *fuse.SetAttrIn, out *fuse.AttrOut) syscall.Errno {
	f.disk.change(func() {
		if size, ok := in.GetSize(); ok {
			f.truncate(int(size))
		}
		if mode, ok := in.GetMode(); ok {
			f.mode = mode & 0o777
		}
		f.attr(&out.Attr)
	})
	return 0
}

func (f *file) attr(out *fuse.Attr) {
	out.Mode, out.Size, out.Nlink = syscall.S_IFREG|f.mode, uint64(len(f.now)), 1
	out.Owner = fuse.Owner{Uid: uint32(os.Geteuid()), Gid: uint32(os.Getegid())}
}

// fdatasync is the flag by which the kernel tells it from fsync (FUSE_FSYNC_FDATASYNC).
const fdatasync = 1

// Fsync implements fs.NodeFsyncer.
func (f *file) Fsync(_ context.Context, _ fs.FileHandle, flags uint32) syscall.Errno {
	return done(f.disk.sync(f, flags&fdatasync != 0))
}

func done(ok bool) syscall.Errno {
	if ok {
		return 0
	}
	return syscall.EIO
}
