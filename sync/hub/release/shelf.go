package release

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"badged/firmware/bundle"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

// TrustName is the name of the file of trust in the hub's folder: who may sign releases.
const TrustName = "badged.trust"

// MaxSize is how large a bundle may be: what terminals can be told the hashes of.
const MaxSize = wire.MaxPieces * wire.PieceBytes

// Shelf keeps the bundles in the hub's folder. Its methods are safe for concurrent use.
type Shelf struct {
	dir string
	mu  sync.Mutex // guards that a file and what the database says of it change together
}

// NewShelf makes a shelf in the hub's folder.
func NewShelf(dir string) *Shelf { return &Shelf{dir: dir} }

func (s *Shelf) folder() string { return filepath.Join(s.dir, "releases") }

// bundleEnding ends the names of files that are whole.
const bundleEnding = ".bundle"

// Path is where the bundle of a release lies.
func (s *Shelf) Path(id ID) string { return filepath.Join(s.folder(), id.String()+bundleEnding) }

// Put verifies a bundle to its last byte, keeps it, and lets store note that.
func (s *Shelf) Put(in io.Reader, store func(Release) error) error {
	trust, err := s.trust()
	if err != nil {
		return err
	}
	if err := os.MkdirAll(s.folder(), 0o700); err != nil {
		return fmt.Errorf("make the folder of releases: %w", err)
	}
	f, err := os.CreateTemp(s.folder(), "new-*")
	if err != nil {
		return fmt.Errorf("keep the bundle: %w", err)
	}
	defer os.Remove(f.Name()) // without effect once it has its name
	defer f.Close()
	r, err := receiveBundle(f, in, trust)
	if err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if err := os.Rename(f.Name(), s.Path(r.ID)); err != nil {
		return fmt.Errorf("keep the bundle: %w", err)
	}
	if err := syncFolder(s.folder()); err != nil {
		return err
	}
	return store(r)
}

// Remove lets forget note that a release is gone, and frees the room of its bundle.
func (s *Shelf) Remove(forget func() (ID, error)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, err := forget()
	if err != nil {
		return err
	}
	if err := os.Remove(s.Path(id)); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("the release is removed, but its file stays until the hub starts again: %w", err)
	}
	return nil
}

// Tidy removes what is of no release: a hub that ended in the middle of adding or removing one
// left it.
func (s *Shelf) Tidy(kept []Release) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	files, err := os.ReadDir(s.folder())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("look for files of no release: %w", err)
	}
	for _, f := range files {
		if s.isNeeded(f.Name(), kept) {
			continue
		}
		if err := os.Remove(filepath.Join(s.folder(), f.Name())); err != nil {
			return fmt.Errorf("remove what is of no release: %w", err)
		}
	}
	return nil
}

// isNeeded reports whether a file is of a release, or none that the shelf has made.
func (s *Shelf) isNeeded(name string, kept []Release) bool {
	if !strings.HasPrefix(name, "new-") && !strings.HasSuffix(name, bundleEnding) {
		return true
	}
	return slices.ContainsFunc(kept, func(r Release) bool { return name == filepath.Base(s.Path(r.ID)) })
}

func syncFolder(path string) error {
	d, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("keep the bundle: %w", err)
	}
	defer d.Close()
	if err := d.Sync(); err != nil {
		return fmt.Errorf("keep the bundle: %w", err)
	}
	return nil
}

// trust reads who may sign releases.
func (s *Shelf) trust() (t bundle.Trust, err error) {
	path := filepath.Join(s.dir, TrustName)
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return t, refuse(refusal.Conflict, CodeNoTrust, refusal.Fields{"path": path})
	}
	if err != nil {
		return t, fmt.Errorf("read who may sign releases: %w", err)
	}
	chain, err := bundle.ParseTrustFile(text)
	if err == nil {
		t, err = chain.Trusted()
	}
	if err != nil {
		return t, fmt.Errorf("read who may sign releases, in %s: %w", path, err)
	}
	return t, nil
}

// receiveBundle writes a bundle to a file, verifies it there, and hashes its pieces.
func receiveBundle(f *os.File, in io.Reader, trust bundle.Trust) (r Release, err error) {
	size, err := io.Copy(f, io.LimitReader(in, MaxSize+1))
	if err == nil {
		err = f.Sync()
	}
	if err != nil {
		return r, fmt.Errorf("keep the bundle: %w", err)
	}
	if size > MaxSize {
		return r, refuse(refusal.Invalid, CodeLarge, refusal.Fields{"most": int64(MaxSize >> 20)})
	}
	b, err := bundle.Open(f, size, trust)
	if err == nil {
		err = b.Check(func(int64, int64) {})
	}
	if err != nil {
		return r, refuse(refusal.Invalid, CodeBundle, refusal.Fields{"detail": err.Error()})
	}
	r = Release{ID: ID(b.ID), Version: b.Release.Version, Sequence: b.Release.Sequence, Boards: b.Release.Boards, Size: uint64(size)}
	r.Pieces, err = hashPieces(f, size)
	return r, err
}

func hashPieces(f io.ReaderAt, size int64) (hashes []byte, err error) {
	in, buf := io.NewSectionReader(f, 0, size), make([]byte, wire.PieceBytes)
	for {
		n, err := io.ReadFull(in, buf)
		if n > 0 {
			hashes = append(hashes, wire.PieceHash(buf[:n])...)
		}
		switch {
		case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
			return hashes, nil
		case err != nil:
			return nil, fmt.Errorf("read the bundle: %w", err)
		}
	}
}

// ErrDamaged is a bundle in the hub's folder that is not what it was.
var ErrDamaged = errors.New("the file of the release is damaged (badgehub release add it again)")

// Piece reads a piece of a release. It must be what it was when the release was added.
func (s *Shelf) Piece(r Release, index uint64) ([]byte, error) {
	m := wire.Release{Size: r.Size, Pieces: r.Pieces}
	if err := m.Check(); err != nil || index >= m.Count() {
		return nil, fmt.Errorf("read piece %d of release %s: it has %d: %w", index, r.Version, m.Count(), errors.Join(err, ErrDamaged))
	}
	f, err := os.Open(s.Path(r.ID))
	if err != nil {
		return nil, fmt.Errorf("read release %s: %w (badgehub release add it again)", r.Version, err)
	}
	defer f.Close()
	data := make([]byte, m.SizeOf(index))
	if _, err := f.ReadAt(data, int64(index)*wire.PieceBytes); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("read release %s: %w", r.Version, err)
	}
	if !m.Fits(index, data) {
		return nil, fmt.Errorf("read piece %d of release %s: %w", index, r.Version, ErrDamaged)
	}
	return data, nil
}
