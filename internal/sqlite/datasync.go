package sqlite

import (
	"errors"
	"fmt"
	"sync"
	"syscall"
	"unsafe"

	"modernc.org/libc"
	lib "modernc.org/sqlite/lib"
)

// dataSync is the file system layer («VFS», https://sqlite.org/vfs.html) that writing
// connections use: SQLite's own, of which one function is replaced. What SQLite syncs is
// synced by fdatasync(2) and not by fsync(2), so that a commit does not write the file's
// times into the journal of the file system as well. SQLite built for Linux by its own
// scripts does the same; the translation into Go leaves it out. When SQLite syncs, in which
// order, and what it does about an error stay its own.
var dataSync struct {
	register sync.Once
	err      error
	open     openFunc // SQLite's own

	mu      sync.Mutex          // guards what follows
	methods map[uintptr]uintptr // of files opened through it, by SQLite's own
	sync    syncFunc            // SQLite's own, the same in all
}

// The functions as SQLite calls them. Pointers are to its memory, which Go does not manage;
// what it keeps of ours is copied there.
type (
	openFunc func(tls *libc.TLS, vfs *lib.Tsqlite3_vfs, name uintptr, file *lib.TunixFile, flags int32, opened uintptr) int32
	syncFunc func(tls *libc.TLS, file *lib.TunixFile, flags int32) int32
)

// dataSyncName is the name by which a connection asks for it.
const dataSyncName = "badged-datasync"

// registerDataSync prepares SQLite, once: the layer is known to it from then on.
func registerDataSync() error {
	dataSync.register.Do(func() {
		tls := libc.NewTLS()
		defer tls.Close()
		reserveScratch(tls)
		dataSync.err = addDataSync(tls)
	})
	return dataSync.err
}

func addDataSync(tls *libc.TLS) error {
	own := as[*lib.Tsqlite3_vfs](lib.Xsqlite3_vfs_find(tls, 0))
	if own == nil {
		return errors.New("SQLite could not start: it has no file system layer")
	}
	name, err := libc.CString(dataSyncName)
	if err != nil {
		return fmt.Errorf("name a file system layer of SQLite: %w", err)
	}
	dataSync.open, dataSync.methods = as[openFunc](own.FxOpen), map[uintptr]uintptr{}
	vfs := *own
	vfs.FpNext, vfs.FzName, vfs.FxOpen = 0, name, as[uintptr](openFunc(openWithDataSync))
	if rc := lib.Xsqlite3_vfs_register(tls, keep(tls, vfs), 0); rc != lib.SQLITE_OK {
		return fmt.Errorf("register a file system layer of SQLite: result %d", rc)
	}
	return nil
}

// openWithDataSync opens a file as SQLite does, and gives it a sync of our own.
func openWithDataSync(tls *libc.TLS, vfs *lib.Tsqlite3_vfs, name uintptr, file *lib.TunixFile, flags int32, opened uintptr) int32 {
	rc := dataSync.open(tls, vfs, name, file, flags, opened)
	if rc == lib.SQLITE_OK && file.FpMethod != 0 {
		file.FpMethod = methodsWithDataSync(tls, file.FpMethod)
	}
	return rc
}

// methodsWithDataSync gives a table of the functions of a file with another sync. SQLite has
// one table for databases, which are locked, and one for their logs.
func methodsWithDataSync(tls *libc.TLS, own uintptr) uintptr {
	d := &dataSync
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.methods[own] == 0 {
		m := *as[*lib.Tsqlite3_io_methods](own)
		d.sync, m.FxSync = as[syncFunc](m.FxSync), as[uintptr](syncFunc(syncData))
		d.methods[own] = keep(tls, m)
	}
	return d.methods[own]
}

// syncData brings a file's content and size to the disk. The folder of a new log must be
// synced too, once: SQLite's own function does that.
func syncData(tls *libc.TLS, file *lib.TunixFile, flags int32) int32 {
	if file.FctrlFlags&lib.UNIXFILE_DIRSYNC != 0 {
		return loadOwnSync()(tls, file, flags)
	}
	err := syscall.Fdatasync(int(file.Fh))
	for err == syscall.EINTR {
		err = syscall.Fdatasync(int(file.Fh))
	}
	if err == nil {
		return lib.SQLITE_OK
	}
	if errno, ok := err.(syscall.Errno); ok {
		file.FlastErrno = int32(errno)
	}
	return lib.SQLITE_IOERR_FSYNC
}

func loadOwnSync() syncFunc {
	dataSync.mu.Lock()
	defer dataSync.mu.Unlock()
	return dataSync.sync
}

// keep copies a value to where SQLite finds it as long as the process runs.
func keep[T any](tls *libc.TLS, v T) uintptr {
	at := libc.Xmalloc(tls, libc.Tsize_t(unsafe.Sizeof(v)))
	if at == 0 {
		panic("sqlite: no memory for a table of functions")
	}
	*as[*T](at) = v
	return at
}

// as takes the bits of a value for one of another type of the same size: a function or a
// pointer of ours for the number by which SQLite knows it, and back.
func as[To, From any](v From) To { return *(*To)(unsafe.Pointer(&v)) }
