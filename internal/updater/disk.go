package updater

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"syscall"

	"badged/sync/wire"
)

// reserve is what a bundle leaves free for the database.
const reserve = 64 << 20

// disk keeps the bundle that is being fetched.
type disk struct {
	dir  string
	free func(dir string) (uint64, error) // bytes
}

// FreeBytes is what a user can still write on the file system of a folder.
func FreeBytes(dir string) (uint64, error) {
	var st syscall.Statfs_t
	if err := syscall.Statfs(dir, &st); err != nil {
		return 0, os.NewSyscallError("statfs", err)
	}
	return st.Bavail * uint64(st.Bsize), nil
}

func (d disk) path(id wire.Digest) string { return filepath.Join(d.dir, id.String()+".bundle") }

// open finds which pieces of a release are there, by their hashes: whatever the power cut left
// is judged by what it is. Bundles of other releases go.
func (d disk) open(r wire.Release) (have []bool, err error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of updates: %w", err)
	}
	if err := d.keepOnly(d.path(r.ID)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.path(r.ID), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, fmt.Errorf("open the bundle: %w", err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err == nil {
		err = d.checkRoom(int64(r.Size) - info.Size())
	}
	if err == nil && info.Size() > int64(r.Size) {
		err = f.Truncate(int64(r.Size))
	}
	if err != nil {
		return nil, err
	}
	return scan(f, r)
}

// checkRoom refuses to fill the file system on which the database lives.
func (d disk) checkRoom(need int64) error {
	free, err := d.free(d.dir)
	if err != nil {
		return fmt.Errorf("look how much room there is for the update: %w", err)
	}
	if need > 0 && free < uint64(need)+reserve {
		return fmt.Errorf("no room for the update: it needs %d MB, and %d MB are free, of which %d MB are kept for the database",
			need>>20, free>>20, int64(reserve>>20))
	}
	return nil
}

// scan reads which pieces are whole.
func scan(f io.ReaderAt, r wire.Release) ([]bool, error) {
	have, buf := make([]bool, r.Count()), make([]byte, wire.PieceBytes)
	for i := range have {
		data := buf[:r.SizeOf(uint64(i))]
		n, err := f.ReadAt(data, int64(i)*wire.PieceBytes)
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, fmt.Errorf("read the bundle: %w", err)
		}
		have[i] = n == len(data) && r.Fits(uint64(i), data)
	}
	return have, nil
}

// put writes a piece. It does not wait for the disk: what a power cut takes is fetched again.
func (d disk) put(p wire.Piece) error {
	f, err := os.OpenFile(d.path(p.Release), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	_, err = f.WriteAt(p.Data, int64(p.Index)*wire.PieceBytes)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}

// finish has the whole bundle on the disk, and reads it back.
func (d disk) finish(r wire.Release) ([]bool, error) {
	f, err := os.OpenFile(d.path(r.ID), os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("read the bundle back: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	return scan(f, r)
}

// keepOnly removes all bundles but one; "": all.
func (d disk) keepOnly(path string) error {
	all, err := filepath.Glob(filepath.Join(d.dir, "*.bundle"))
	for _, other := range all {
		if other != path {
			err = errors.Join(err, os.Remove(other))
		}
	}
	return err
}
