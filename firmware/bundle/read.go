package bundle

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"io"

	"github.com/klauspost/compress/zstd"
)

const magic = "badged-bundle-1\n"

// Bundle is a bundle whose signatures were verified. The bytes of its files are verified as
// they are read.
type Bundle struct {
	Trust   Trust   // the newest; whoever keeps it refuses what older keys sign later
	Release Release // verified
	ID      Hash    // of the release: names it wherever it is remembered

	chunks io.ReaderAt
}

// parts are the parts of a bundle, before anything is verified.
type parts struct {
	trust   TrustFile
	release statement
	chunks  *io.SectionReader
}

// readParts takes a bundle apart.
func readParts(r io.ReaderAt, size int64) (p parts, err error) {
	in := io.NewSectionReader(r, 0, size)
	head := make([]byte, len(magic))
	if _, err := io.ReadFull(in, head); err != nil || string(head) != magic {
		return p, fmt.Errorf("it does not begin like one: %w", notIO(err))
	}
	trust, err := readBlock(in, maxTrust)
	if err != nil {
		return p, err
	}
	if p.trust, err = parseChain(trust); err != nil {
		return p, err
	}
	release, err := readBlock(in, maxRelease)
	if err != nil {
		return p, err
	}
	s, rest, err := cutStatement(kindRelease, release)
	if err == nil && len(rest) > 0 {
		err = fmt.Errorf("something stands behind the release: %w", ErrDamaged)
	}
	at, _ := in.Seek(0, io.SeekCurrent)
	p.release, p.chunks = s, io.NewSectionReader(r, at, size-at)
	return p, err
}

// readBlock reads a length and as many bytes, limit at most.
func readBlock(r io.Reader, limit uint32) ([]byte, error) {
	var n [4]byte
	if _, err := io.ReadFull(r, n[:]); err != nil {
		return nil, fmt.Errorf("it is cut off: %w", notIO(err))
	}
	length := binary.BigEndian.Uint32(n[:])
	if length > limit {
		return nil, fmt.Errorf("a part of %d bytes: %w", length, ErrDamaged)
	}
	var b bytes.Buffer // grows with what there is, not with what is promised
	if _, err := io.CopyN(&b, r, int64(length)); err != nil {
		return nil, fmt.Errorf("it is cut off: %w", notIO(err))
	}
	return b.Bytes(), nil
}

// notIO tells a file that ends too early from one that cannot be read.
func notIO(err error) error {
	if err == nil || errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return ErrDamaged
	}
	return err
}

// Open verifies the signatures of a bundle of size bytes, from a trust that is known. Errors
// satisfy ErrDamaged or ErrUntrusted, or are those of r.
func Open(r io.ReaderAt, size int64, known Trust) (*Bundle, error) {
	p, err := readParts(r, size)
	if err != nil {
		return nil, fmt.Errorf("read the bundle: %w", err)
	}
	trust, err := known.Follow(p.trust)
	if err != nil {
		return nil, fmt.Errorf("verify the bundle: %w", err)
	}
	if !trust.Release.satisfied(p.release.signers()) {
		return nil, fmt.Errorf("verify the bundle: its release needs %d release keys of trust %d: %w", trust.Release.Threshold, trust.Version, ErrUntrusted)
	}
	release, err := p.parseRelease()
	if err != nil {
		return nil, err
	}
	return &Bundle{trust, release, sha256.Sum256(p.release.payload), p.chunks}, nil
}

func (p parts) parseRelease() (r Release, err error) {
	if err := unmarshal(p.release.payload, &r); err != nil {
		return r, fmt.Errorf("read the release: %w: %w", err, ErrDamaged)
	}
	if err := r.check(p.chunks.Size()); err != nil {
		return r, fmt.Errorf("read the release: %w: %w", err, ErrDamaged)
	}
	return r, nil
}

// Claims is what a bundle says of itself, and by whom it is signed. Nobody has decided whether
// to believe it.
type Claims struct {
	Release Release
	Signers []Key
	Trust   uint64 // newest version that it brings
}

// Inspect tells what a bundle claims.
func Inspect(r io.ReaderAt, size int64) (c Claims, err error) {
	p, err := readParts(r, size)
	if err != nil {
		return c, fmt.Errorf("read the bundle: %w", err)
	}
	c.Signers, c.Trust = p.release.signers(), uint64(len(p.trust.chain))
	c.Release, err = p.parseRelease()
	return c, err
}

// Files lists what a board needs.
func (b *Bundle) Files(board string) (files []File) {
	for _, f := range b.Release.Files {
		if f.For(board) {
			files = append(files, f)
		}
	}
	return files
}

// Reader reads a file. Every byte that it hands out was verified; at the end, the whole file was.
func (b *Bundle) Reader(f File) (io.Reader, error) {
	d, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(2*ChunkSize))
	if err != nil {
		return nil, fmt.Errorf("read %s of the bundle: %w", f.Path, err)
	}
	return &reader{file: f, in: io.NewSectionReader(b.chunks, f.offset, f.stored()), zstd: d, sum: sha256.New()}, nil
}

type reader struct {
	file  File
	in    io.Reader
	zstd  *zstd.Decoder
	sum   hash.Hash
	next  int    // chunk
	plain []byte // what is left of the one before it
}

// Read implements io.Reader.
func (r *reader) Read(p []byte) (int, error) {
	if len(r.plain) == 0 {
		if err := r.fill(); err != nil {
			return 0, err
		}
	}
	n := copy(p, r.plain)
	r.plain = r.plain[n:]
	return n, nil
}

// fill verifies the next chunk, then unpacks it.
func (r *reader) fill() error {
	if r.next == len(r.file.Chunks) {
		if Hash(r.sum.Sum(nil)) != r.file.SHA256 {
			return fmt.Errorf("read %s of the bundle: its hash is another one: %w", r.file.Path, ErrDamaged)
		}
		return io.EOF
	}
	c := r.file.Chunks[r.next]
	stored := make([]byte, c.Stored)
	if _, err := io.ReadFull(r.in, stored); err != nil {
		return fmt.Errorf("read chunk %d of %s of the bundle: %w", r.next, r.file.Path, notIO(err))
	}
	if sha256.Sum256(stored) != c.SHA256 {
		return fmt.Errorf("read chunk %d of %s of the bundle: its hash is another one: %w", r.next, r.file.Path, ErrDamaged)
	}
	size := r.file.plain(r.next)
	plain, err := r.zstd.DecodeAll(stored, make([]byte, 0, size))
	if err != nil || len(plain) != size {
		return fmt.Errorf("unpack chunk %d of %s of the bundle to %d bytes: got %d, %v: %w", r.next, r.file.Path, size, len(plain), err, ErrDamaged)
	}
	r.sum.Write(plain)
	r.plain = plain
	r.next++
	return nil
}

// Check reads and verifies all files. It calls progress as it goes, with bytes before
// compression.
func (b *Bundle) Check(progress func(done, total int64)) error {
	var done, total int64
	for _, f := range b.Release.Files {
		total += f.Size
	}
	for _, f := range b.Release.Files {
		r, err := b.Reader(f)
		if err != nil {
			return err
		}
		for buf := make([]byte, ChunkSize); err == nil; {
			var n int
			n, err = r.Read(buf)
			done += int64(n)
			progress(done, total)
		}
		if !errors.Is(err, io.EOF) {
			return err
		}
	}
	return nil
}
