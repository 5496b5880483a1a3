package updater

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
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

// pathOf is where the bundle of a release is.
func (d disk) pathOf(id wire.Digest) string { return filepath.Join(d.dir, id.String()+".bundle") }

// openBundle finds which pieces of a release are there. It goes by their hashes, because a power
// cut may have damaged any of them. It removes the bundles of other releases.
func (d disk) openBundle(r wire.Release) (have []bool, err error) {
	if err := os.MkdirAll(d.dir, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of updates: %w", err)
	}
	if err := d.removeAllBut(d.pathOf(r.ID)); err != nil {
		return nil, err
	}
	f, err := os.OpenFile(d.pathOf(r.ID), os.O_RDWR|os.O_CREATE, 0o600)
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
	return findPieces(f, r)
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

// findPieces reads a bundle and reports which pieces are whole.
func findPieces(f io.ReaderAt, r wire.Release) ([]bool, error) {
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

// writePiece writes a piece. It does not wait for the disk: the updater fetches again what a power
// cut takes.
func (d disk) writePiece(p wire.Piece) error {
	f, err := os.OpenFile(d.pathOf(p.Release), os.O_WRONLY, 0)
	if err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	_, err = f.WriteAt(p.Data, int64(p.Index)*wire.PieceBytes)
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}

// syncBundle waits until the bundle is on the disk, reads it back, and reports which pieces are
// whole.
func (d disk) syncBundle(r wire.Release) ([]bool, error) {
	f, err := os.OpenFile(d.pathOf(r.ID), os.O_RDWR, 0)
	if err != nil {
		return nil, fmt.Errorf("read the bundle back: %w", err)
	}
	defer f.Close()
	if err := f.Sync(); err != nil {
		return nil, fmt.Errorf("write the bundle: %w", err)
	}
	return findPieces(f, r)
}

// removeBundle removes the bundle of a release, if it is there.
func (d disk) removeBundle(id wire.Digest) error {
	if err := os.Remove(d.pathOf(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// removeAllBut removes all bundles but one.
func (d disk) removeAllBut(path string) error {
	all, err := filepath.Glob(filepath.Join(d.dir, "*.bundle"))
	for _, other := range all {
		if other != path {
			err = errors.Join(err, os.Remove(other))
		}
	}
	return err
}
