package bundle

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"
)

// Bounds of a release.
const (
	ChunkSize = 64 << 10 // of a file, before compression; the last chunk may be shorter
	MaxFiles  = 256
	MaxSize   = 1 << 30 // of all files together, before compression
	maxChunk  = ChunkSize + 4<<10
	maxBoards = 64
)

// dateLayout is how an end is written; it is the end of that day, in UTC.
const dateLayout = "2006-01-02"

// Release is what a bundle holds.
type Release struct {
	Product  string   `json:"product"`
	Version  string   `json:"version"`  // for people
	Sequence uint64   `json:"sequence"` // order: a release with a lower one is older
	Minimum  uint64   `json:"minimum"`  // the oldest release that can be updated to this one; 0: any
	Floor    uint64   `json:"floor"`    // once this release is installed, nothing below is accepted
	Expires  string   `json:"expires"`  // date from which nobody should install it
	Boards   []string `json:"boards"`
	Files    []File   `json:"files"`
}

// File is one file of a release.
type File struct {
	Path   string   `json:"path"`
	Boards []string `json:"boards"` // those that it is for; empty: all of the release
	Size   int64    `json:"size"`
	SHA256 Hash     `json:"sha256"`
	Chunks []Chunk  `json:"chunks"`

	offset int64 // of its first chunk among the chunks
}

// Chunk is a piece of a file as it stands in the bundle.
type Chunk struct {
	Stored int64 `json:"stored"` // bytes
	SHA256 Hash  `json:"sha256"` // of these bytes
}

// For reports whether a board needs the file.
func (f File) For(board string) bool { return len(f.Boards) == 0 || slices.Contains(f.Boards, board) }

var (
	wordRE = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9.+~_-]{0,63}$`)
	partRE = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}$`)
)

// check holds a release to what the reader relies on, and says where its chunks are. stored is
// the size of all chunks.
func (r *Release) check(stored int64) error {
	switch {
	case r.Product != Product:
		return fmt.Errorf("it is for the product %.40q, not %q", r.Product, Product)
	case !wordRE.MatchString(r.Version):
		return fmt.Errorf("the version %.80q is not made of 1 to 64 letters, digits and . + ~ _ -", r.Version)
	case r.Sequence == 0 || r.Minimum > r.Sequence || r.Floor > r.Sequence:
		return fmt.Errorf("sequence %d, minimum %d and floor %d do not fit together", r.Sequence, r.Minimum, r.Floor)
	case len(r.Boards) == 0 || len(r.Boards) > maxBoards || len(r.Files) == 0 || len(r.Files) > MaxFiles:
		return fmt.Errorf("%d boards and %d files: allowed are 1 to %d and 1 to %d", len(r.Boards), len(r.Files), maxBoards, MaxFiles)
	}
	for _, b := range r.Boards {
		if !wordRE.MatchString(b) {
			return fmt.Errorf("%.80q is no name of a board", b)
		}
	}
	if _, err := r.end(); err != nil {
		return fmt.Errorf("the end %.20q is no date like 2027-12-31", r.Expires)
	}
	return r.checkFiles(stored)
}

func (r *Release) checkFiles(stored int64) error {
	var offset, size int64
	for i := range r.Files {
		f := &r.Files[i]
		f.offset = offset
		if err := f.check(); err != nil {
			return fmt.Errorf("file %.80q: %w", f.Path, err)
		}
		for _, b := range f.Boards {
			if !slices.Contains(r.Boards, b) {
				return fmt.Errorf("file %q is for the board %.40q, which the release is not for", f.Path, b)
			}
		}
		if err := r.checkPath(i); err != nil {
			return err
		}
		offset += f.stored()
		if size += f.Size; size > MaxSize {
			return fmt.Errorf("its files have more than %d bytes", int64(MaxSize))
		}
	}
	if offset != stored {
		return fmt.Errorf("its chunks have %d bytes, the bundle %d", offset, stored)
	}
	return nil
}

// checkPath demands that no board gets two files of one path, which a FAT could not tell apart.
func (r *Release) checkPath(i int) error {
	for _, other := range r.Files[:i] {
		if !strings.EqualFold(other.Path, r.Files[i].Path) {
			continue
		}
		for _, b := range r.Boards {
			if other.For(b) && r.Files[i].For(b) {
				return fmt.Errorf("the board %s has two files %q", b, other.Path)
			}
		}
	}
	return nil
}

func (f File) check() error {
	if err := checkRelative(f.Path); err != nil {
		return err
	}
	chunks := (f.Size + ChunkSize - 1) / ChunkSize
	if f.Size < 0 || f.Size > MaxSize || int64(len(f.Chunks)) != chunks {
		return fmt.Errorf("%d bytes in %d chunks", f.Size, len(f.Chunks))
	}
	for _, c := range f.Chunks {
		if c.Stored < 1 || c.Stored > maxChunk {
			return fmt.Errorf("a chunk of %d bytes", c.Stored)
		}
	}
	return nil
}

// checkRelative demands a path that stays in its folder, wherever that is.
func checkRelative(path string) error {
	if len(path) > 128 {
		return errors.New("the path is longer than 128 bytes")
	}
	for part := range strings.SplitSeq(path, "/") {
		if !partRE.MatchString(part) || strings.HasSuffix(part, ".") {
			return errors.New("the path must be parts of letters, digits and . _ + -, joined by /, none of which begins or ends with a dot")
		}
	}
	return nil
}

// plain is the size of chunk i before compression.
func (f File) plain(i int) int { return int(min(ChunkSize, f.Size-int64(i)*ChunkSize)) }

func (f File) stored() (n int64) {
	for _, c := range f.Chunks {
		n += c.Stored
	}
	return n
}

func (r Release) end() (time.Time, error) {
	day, err := time.Parse(dateLayout, r.Expires)
	return day.AddDate(0, 0, 1), err
}

// Why a release that is rightly signed is not for this terminal.
var (
	ErrBoard   = errors.New("the release is for other boards")
	ErrOlder   = errors.New("the release is older than what is installed")
	ErrFloor   = errors.New("the release is below the floor: a release that was installed since forbids it")
	ErrMinimum = errors.New("what is installed is too old to be updated to the release in one step")
	ErrExpired = errors.New("the release has expired: there must be a newer one")
)

// Terminal is what a release is accepted or refused for.
type Terminal struct {
	Board     string
	Installed uint64    // sequence of the release that is installed; 0: none
	Floor     uint64    // the highest floor of all that were installed
	Now       time.Time // zero: the time is not known, and an end refuses nothing
}

// Accept reports why a release is not to be installed on a terminal. The release that is
// installed is accepted again: it mends a slot.
func (r Release) Accept(t Terminal) error {
	end, _ := r.end() // was checked
	switch {
	case !slices.Contains(r.Boards, t.Board):
		return fmt.Errorf("release %s on the board %.40q: %w (it is for %s)", r.Version, t.Board, ErrBoard, strings.Join(r.Boards, ", "))
	case r.Sequence < t.Floor:
		return fmt.Errorf("release %s, sequence %d, floor %d: %w", r.Version, r.Sequence, t.Floor, ErrFloor)
	case r.Sequence < t.Installed:
		return fmt.Errorf("release %s, sequence %d, installed %d: %w", r.Version, r.Sequence, t.Installed, ErrOlder)
	case t.Installed != 0 && t.Installed < r.Minimum:
		return fmt.Errorf("release %s, installed %d, minimum %d: %w (install one between them first)", r.Version, t.Installed, r.Minimum, ErrMinimum)
	case !t.Now.IsZero() && !t.Now.Before(end):
		return fmt.Errorf("release %s, which ended on %s: %w", r.Version, r.Expires, ErrExpired)
	}
	return nil
}
