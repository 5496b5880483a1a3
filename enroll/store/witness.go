package store

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"badged/internal/ownfile"
)

// witness is the second record of what must never go back: how many codes were tried,
// which numbers were given, and how far the order of events was. It lies beside the
// database, because a log that was damaged or cut short looks like one that was never
// longer, and would refund guesses and give numbers again.
//
// A file holds two of them, each in a block of its own. Which is written next:
//
//	raise  (before a commit that counts)   the block that is not stable; then it is
//	follow (after any commit)              the same, without waiting for the disk
//
// so that a power cut tears at most the one that the other outlives.
type witness struct {
	Seq     uint64             `json:"seq"`   // of the two, the higher one counts
	Order   int64              `json:"order"` // of the last event
	Chain   string             `json:"chain"` // up to it
	Clean   bool               `json:"clean"` // the agent ended in order
	Tallies map[string]counter `json:"tallies"`
	Given   map[string]uint64  `json:"given"` // by block of numbers: the next one
}

// counter is an enroll.Tally as it is stored.
type counter struct {
	Count int64 `json:"n"`
	Since int64 `json:"since"`
}

// beyond tells that c is of a later time than o, or of the same and has counted more.
func (c counter) beyond(o counter) bool {
	return c.Since > o.Since || c.Since == o.Since && c.Count > o.Count
}

// The bounds of a witness: with all of them it fits its block.
const (
	witnessBlock = 4096
	maxTallies   = 16
	maxGiven     = 32
)

// encode gives the block of a witness: length, text, checksum.
func (w witness) encode() ([]byte, error) {
	text, err := json.Marshal(w)
	if err != nil {
		return nil, err
	}
	if 4+len(text)+sha256.Size > witnessBlock {
		return nil, fmt.Errorf("%d bytes are too many for a block", len(text))
	}
	b := make([]byte, 0, witnessBlock)
	b = append(binary.BigEndian.AppendUint32(b, uint32(len(text))), text...)
	sum := sha256.Sum256(b)
	return append(b, sum[:]...)[:witnessBlock], nil
}

// decodeWitness reads a block; false: it was torn, or never written.
func decodeWitness(b []byte) (w witness, ok bool) {
	if len(b) < witnessBlock {
		return w, false
	}
	n := int(min(binary.BigEndian.Uint32(b), witnessBlock))
	if 4+n+sha256.Size > witnessBlock {
		return w, false
	}
	sum := sha256.Sum256(b[:4+n])
	if !bytes.Equal(sum[:], b[4+n:4+n+sha256.Size]) || json.Unmarshal(b[4:4+n], &w) != nil {
		return w, false
	}
	return w, true
}

// witnessFile is the file of a witness.
type witnessFile struct {
	file   *os.File
	now    witness
	stable int64 // the block that is surely on disk: 0 or 1
}

// openWitness opens the file, or makes it; found: there was a whole one.
func openWitness(path string) (f *witnessFile, found bool, err error) {
	file, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0o600)
	if err != nil {
		return nil, false, err
	}
	f = &witnessFile{file: file, now: witness{Tallies: map[string]counter{}, Given: map[string]uint64{}}}
	if found, err = f.read(path); err != nil {
		return nil, false, errors.Join(err, file.Close())
	}
	return f, found, nil
}

func (f *witnessFile) read(path string) (found bool, err error) {
	info, err := f.file.Stat()
	if err != nil {
		return false, err
	}
	if err := ownfile.CheckFile(path, info, ownfile.Secret); err != nil {
		return false, err
	}
	b := make([]byte, 2*witnessBlock)
	if n, err := f.file.ReadAt(b, 0); n < len(b) && !errors.Is(err, io.EOF) {
		return false, err
	}
	for i := range int64(2) {
		w, ok := decodeWitness(b[i*witnessBlock : (i+1)*witnessBlock])
		if ok && (!found || w.Seq > f.now.Seq) {
			f.now, f.stable, found = w, i, true
		}
	}
	if info.Size() < int64(len(b)) { // all of its room, once and for all
		err = errors.Join(f.file.Truncate(int64(len(b))), f.file.Sync(), syncFolder(filepath.Dir(path)))
	}
	return found, err
}

func syncFolder(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) { // file systems that cannot
		return err
	}
	return nil
}

// put writes a witness into the block that is not stable; with wait it is stable
// afterwards.
func (f *witnessFile) put(w witness, wait bool) error {
	w.Seq = f.now.Seq + 1
	b, err := w.encode()
	if err == nil {
		_, err = f.file.WriteAt(b, (1-f.stable)*witnessBlock)
	}
	if err == nil && wait {
		err = syscall.Fdatasync(int(f.file.Fd()))
	}
	if err != nil {
		return &fs.PathError{Op: "write", Path: f.file.Name(), Err: err}
	}
	f.now = w
	if wait {
		f.stable = 1 - f.stable
	}
	return nil
}

// counted is what a transaction counts.
type counted struct {
	tallies map[string]counter
	given   map[string]uint64
}

func (c counted) none() bool { return len(c.tallies)+len(c.given) == 0 }

// with gives the witness of a database in which c was counted. Of a count that goes
// down, low says whether it does so here too.
func (w witness) with(c counted, low bool) witness {
	w.Tallies, w.Given = maps.Clone(w.Tallies), maps.Clone(w.Given)
	for name, t := range c.tallies {
		if low || t.beyond(w.Tallies[name]) {
			w.Tallies[name] = t
		}
		if w.Tallies[name] == (counter{}) {
			delete(w.Tallies, name)
		}
	}
	for key, next := range c.given {
		w.Given[key] = max(next, w.Given[key])
	}
	w.bound()
	return w
}

// bound drops what is oldest: the lowest numbers, and the counts of epochs of claiming
// that are over, whose names end with a number.
func (w witness) bound() {
	for len(w.Given) > maxGiven {
		delete(w.Given, least(w.Given, func(a, b string) int { return cmp.Compare(w.Given[a], w.Given[b]) }))
	}
	for len(w.Tallies) > maxTallies {
		delete(w.Tallies, least(w.Tallies, func(a, b string) int {
			return cmp.Or(-cmp.Compare(strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
		}))
	}
}

// least is the first key in an order.
func least[V any](m map[string]V, order func(a, b string) int) string {
	return slices.MinFunc(slices.Collect(maps.Keys(m)), order)
}

func hexOf[T ~[]byte | ~string](b T) string { return hex.EncodeToString([]byte(b)) }
