package wire

import (
	"crypto/sha256"
	"encoding/binary"
	"errors"
)

// ErrHash is the error of a delta or snapshot that does not lead to the set that the
// hub signed. The store applied nothing of it; the terminal must ask for the whole collection.
var ErrHash = errors.New("the rows do not add up to the set that the hub has")

// RowHash is the hash of one row: the first 16 bytes of SHA-256 over the collection
// and the key's length (8 bytes each, big-endian), the key and the body. The SetHash of a
// collection is the Xor of its rows, zero for none; a tombstone is no row.
func RowHash(c Collection, key, body []byte) [16]byte {
	room := make([]byte, 0, 256) // on the stack: there are very many rows
	room = binary.BigEndian.AppendUint64(room, uint64(c))
	room = binary.BigEndian.AppendUint64(room, uint64(len(key)))
	room = append(append(room, key...), body...)
	sum := sha256.Sum256(room)
	return [16]byte(sum[:16])
}

// Xor adds a row's hash to a set's hash, or removes it.
func Xor(a, b [16]byte) [16]byte {
	for i := range a {
		a[i] ^= b[i]
	}
	return a
}
