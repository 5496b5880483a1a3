package wire

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
)

// Digest is a SHA-256. It names a release as firmware/bundle does.
type Digest [32]byte

// String gives the 64 hex digits.
func (d Digest) String() string { return hex.EncodeToString(d[:]) }

// The bounds of a release that goes to terminals in pieces. The hashes of all pieces fit in one
// message, and so does a piece.
const (
	PieceBytes = 60 << 10 // of every piece but the last
	MaxPieces  = 4000
	MaxWanted  = 4 // pieces that a terminal asks for at a time
	pieceHash  = 16
)

// Update is how a terminal that starts from a card stands with releases. A hello carries it.
type Update struct {
	Board     string      `cbor:"1,keyasint"`
	Installed Digest      `cbor:"2,keyasint"` // release that starts by itself
	Sequence  uint64      `cbor:"3,keyasint"` // its order
	Release   []byte      `cbor:"4,keyasint,omitempty" size:"32"`
	Phase     UpdatePhase `cbor:"5,keyasint,omitempty"` // of Release
	Done      uint64      `cbor:"6,keyasint,omitempty"` // pieces of Release that are on the disk
	Why       string      `cbor:"7,keyasint,omitempty"` // Release does not go on, or has failed
}

// Release tells a terminal to fetch a release, and to install it once it has all of it.
type Release struct {
	Nonce   [16]byte `cbor:"1,keyasint"` // of the connection
	ID      Digest   `cbor:"2,keyasint"`
	Version string   `cbor:"3,keyasint"`
	Size    uint64   `cbor:"4,keyasint"`           // of the bundle, in bytes
	Pieces  []byte   `cbor:"5,keyasint"`           // the first 16 bytes of the SHA-256 of each piece
	Install bool     `cbor:"6,keyasint,omitempty"` // it is this terminal's turn
	Retry   bool     `cbor:"7,keyasint,omitempty"` // also if it failed on this terminal before
}

// Want asks for pieces of a release.
type Want struct {
	Release Digest   `cbor:"1,keyasint"`
	Pieces  []uint64 `cbor:"2,keyasint"`
}

// Piece is the bytes of a bundle from Index times PieceBytes on.
type Piece struct {
	Release Digest `cbor:"1,keyasint"`
	Index   uint64 `cbor:"2,keyasint"`
	Data    []byte `cbor:"3,keyasint"`
}

var errRelease = errors.New("the hashes of its pieces do not fit its size")

// Check fails unless the release has a hash for each of its pieces.
func (r Release) Check() error {
	n := (r.Size + PieceBytes - 1) / PieceBytes
	if n < 1 || n > MaxPieces || uint64(len(r.Pieces)) != n*pieceHash {
		return fmt.Errorf("release of %d bytes with %d bytes of hashes: %w", r.Size, len(r.Pieces), errRelease)
	}
	return nil
}

// Count is how many pieces the release has.
func (r Release) Count() uint64 { return uint64(len(r.Pieces)) / pieceHash }

// SizeOf is how many bytes piece i has.
func (r Release) SizeOf(i uint64) int { return int(min(PieceBytes, r.Size-i*PieceBytes)) }

// Fits reports whether data is piece i of the release.
func (r Release) Fits(i uint64, data []byte) bool {
	if i >= r.Count() || len(data) != r.SizeOf(i) {
		return false
	}
	return string(PieceHash(data)) == string(r.Pieces[i*pieceHash:(i+1)*pieceHash])
}

// PieceHash is what Release.Pieces has of a piece.
func PieceHash(data []byte) []byte {
	sum := sha256.Sum256(data)
	return sum[:pieceHash]
}
