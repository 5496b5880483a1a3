package bundle

import (
	"bytes"
	"crypto/ed25519"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"
)

// Draft is a bundle in the making. The same files in the same order give the same bytes.
type Draft struct {
	release Release
	chunks  bytes.Buffer
	zstd    *zstd.Encoder
}

// NewDraft begins a bundle of a release, whose files are added one by one.
func NewDraft(r Release) (*Draft, error) {
	e, err := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedBestCompression))
	if err != nil {
		return nil, fmt.Errorf("make a bundle: %w", err)
	}
	r.Product, r.Files = Product, nil
	return &Draft{release: r, zstd: e}, nil
}

// Add packs a file. A file with path and content of one that is there already is stored once,
// for the boards of both.
func (d *Draft) Add(path string, boards []string, r io.Reader) error {
	f := File{Path: path, Boards: boards}
	sum, start, buf := sha256.New(), d.chunks.Len(), make([]byte, ChunkSize)
	for {
		n, err := io.ReadFull(r, buf)
		if n > 0 {
			stored := d.zstd.EncodeAll(buf[:n], nil)
			d.chunks.Write(stored)
			sum.Write(buf[:n])
			f.Size += int64(n)
			f.Chunks = append(f.Chunks, Chunk{int64(len(stored)), sha256.Sum256(stored)})
		}
		if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
			break
		}
		if err != nil {
			return fmt.Errorf("pack %s: %w", path, err)
		}
		if f.Size > MaxSize {
			return fmt.Errorf("pack %s: it has more than %d bytes", path, int64(MaxSize))
		}
	}
	f.SHA256 = Hash(sum.Sum(nil))
	if !d.merge(f) {
		d.release.Files = append(d.release.Files, f)
		return nil
	}
	d.chunks.Truncate(start)
	return nil
}

func (d *Draft) merge(f File) bool {
	for i := range d.release.Files {
		have := &d.release.Files[i]
		if have.Path == f.Path && have.SHA256 == f.SHA256 && len(have.Boards) > 0 && len(f.Boards) > 0 {
			have.Boards = append(have.Boards, f.Boards...)
			return true
		}
	}
	return false
}

// Write writes the bundle, signed by keys, with the chain of trust in it. With fewer keys than
// the trust demands, others must Sign it.
func (d *Draft) Write(w io.Writer, trust TrustFile, keys ...ed25519.PrivateKey) error {
	r := d.release
	if err := r.check(int64(d.chunks.Len())); err != nil {
		return fmt.Errorf("make a bundle: %w", err)
	}
	payload, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("make a bundle: %w", err)
	}
	s := statement{kind: kindRelease, payload: payload}
	for _, k := range keys {
		if err := s.sign(k); err != nil {
			return err
		}
	}
	if _, err := w.Write(header(trust, s)); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	if _, err := w.Write(d.chunks.Bytes()); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}

func header(trust TrustFile, release statement) []byte {
	return slices.Concat([]byte(magic), block(trust.chainBytes()), block(release.append(nil)))
}

func block(b []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(b))), b...)
}

// Sign writes a bundle to w that has one signature more.
func Sign(w io.Writer, r io.ReaderAt, size int64, key ed25519.PrivateKey) error {
	p, err := readParts(r, size)
	if err != nil {
		return fmt.Errorf("read the bundle: %w", err)
	}
	if _, err := p.parseRelease(); err != nil {
		return err
	}
	if err := p.release.sign(key); err != nil {
		return err
	}
	if _, err := w.Write(header(p.trust, p.release)); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	if _, err := io.Copy(w, p.chunks); err != nil {
		return fmt.Errorf("write the bundle: %w", err)
	}
	return nil
}
