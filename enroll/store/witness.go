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
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"badged/internal/ownfile"
	"badged/sync/wire"
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

// max gives the higher count and the later time of two records of the same counter, so
// that neither refunds what the other has seen.
func (c counter) max(o counter) counter {
	return counter{max(c.Count, o.Count), max(c.Since, o.Since)}
}

// The bounds of a witness: with all of them it fits its block.
const (
	witnessBlock = 4096
	maxTallies   = 16
	maxGiven     = 32
	maxName      = 40      // bytes of the name of a counter, or of the key of a block of numbers in hex
	maxSeq       = 1 << 62 // so that it can always go on
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

// The reasons why a block of a witness is not used.
var (
	errTorn      = errors.New("it was torn, or never written")
	errSenseless = errors.New("its checksum is right, and what it says makes no sense")
)

// decodeWitness reads a block.
func decodeWitness(b []byte) (w witness, err error) {
	if len(b) < witnessBlock {
		return w, errTorn
	}
	n := int(min(binary.BigEndian.Uint32(b), witnessBlock))
	if 4+n+sha256.Size > witnessBlock {
		return w, errTorn
	}
	sum := sha256.Sum256(b[:4+n])
	if !bytes.Equal(sum[:], b[4+n:4+n+sha256.Size]) {
		return w, errTorn
	}
	if json.Unmarshal(b[4:4+n], &w) != nil || !w.isSane() {
		return witness{}, errSenseless
	}
	return w, nil
}

// isSane reports whether an agent can have written this. Only then is anything of it used.
func (w witness) isSane() bool {
	whole := w.Seq <= maxSeq && w.Order >= 0 && isHex(w.Chain, len(wire.Chain{})) &&
		w.Tallies != nil && len(w.Tallies) <= maxTallies && w.Given != nil && len(w.Given) <= maxGiven
	for name, t := range w.Tallies {
		whole = whole && len(name) <= maxName && !strings.ContainsFunc(name, oddInName) && t.Count >= 0 && t.Since >= 0
	}
	for key, next := range w.Given {
		whole = whole && len(key) <= maxName && isHex(key, len(key)/2) && next <= math.MaxInt64
	}
	return whole
}

// oddInName tells what no counter has in its name, and JSON makes longer.
func oddInName(r rune) bool {
	return r != '-' && r != '/' && (r < '0' || r > '9') && (r < 'a' || r > 'z')
}

// isHex reports whether s is the hex text of n bytes.
func isHex(s string, n int) bool {
	b, err := hex.DecodeString(s)
	return err == nil && len(b) == n
}

// witnessFile is the file of a witness.
type witnessFile struct {
	file   *os.File
	now    witness
	stable int64 // the block that is surely on disk: 0 or 1
	bad    bool  // a block made no sense and is not used
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
		w, err := decodeWitness(b[i*witnessBlock : (i+1)*witnessBlock])
		f.bad = f.bad || errors.Is(err, errSenseless)
		if err == nil && (!found || w.Seq > f.now.Seq) {
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

// writeWitness writes a witness into the block that is not stable; with wait it is stable
// afterwards.
func (f *witnessFile) writeWitness(w witness, wait bool) error {
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

func (c counted) isEmpty() bool { return len(c.tallies)+len(c.given) == 0 }

// withCounts gives the witness of a database in which c was counted. Of a count that goes
// down, low says whether it does so here too.
func (w witness) withCounts(c counted, low bool) witness {
	w.Tallies, w.Given = maps.Clone(w.Tallies), maps.Clone(w.Given)
	for name, t := range c.tallies {
		if !low {
			t = t.max(w.Tallies[name])
		}
		w.Tallies[name] = t
		if w.Tallies[name] == (counter{}) {
			delete(w.Tallies, name)
		}
	}
	for key, next := range c.given {
		w.Given[key] = max(next, w.Given[key])
	}
	w.dropOldest()
	return w
}

// dropOldest drops what is oldest: the lowest numbers, and the counts of epochs of claiming
// that are over, whose names end with a number.
func (w witness) dropOldest() {
	for len(w.Given) > maxGiven {
		delete(w.Given, leastKey(w.Given, func(a, b string) int { return cmp.Compare(w.Given[a], w.Given[b]) }))
	}
	for len(w.Tallies) > maxTallies {
		delete(w.Tallies, leastKey(w.Tallies, func(a, b string) int {
			return cmp.Or(-cmp.Compare(strings.LastIndexByte(a, '/'), strings.LastIndexByte(b, '/')), cmp.Compare(len(a), len(b)), cmp.Compare(a, b))
		}))
	}
}

// leastKey is the first key in an order.
func leastKey[V any](m map[string]V, order func(a, b string) int) string {
	return slices.MinFunc(slices.Collect(maps.Keys(m)), order)
}

func hexOf[T ~[]byte | ~string](b T) string { return hex.EncodeToString([]byte(b)) }
