package wire

import (
	"crypto/sha256"
	"errors"
)

// Chain is the hash over all events of a stream up to one of them. A new database of a
// terminal continues the chain of the one before it, so that two databases have the same
// events up to the last place where their chains are equal. Zero is the chain before the
// first event.
type Chain [16]byte

// Next is the chain up to an event that follows: the first 16 bytes of SHA-256 over the
// chain before it and the SHA-256 of its encoding.
func (c Chain) Next(event []byte) Chain {
	sum := sha256.Sum256(event)
	next := sha256.Sum256(append(c[:], sum[:]...))
	return Chain(next[:])
}

// ErrFork means that the hub has other events than this database in the same places: one of
// them is a copy, or was restored from one.
var ErrFork = errors.New("the hub has other events in these places")
