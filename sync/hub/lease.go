package hub

import (
	"encoding/binary"
	"errors"
	"fmt"
	"strings"
	"time"

	"badged/sync/wire"
)

// The sizes of blocks of numbers. A terminal holds two: it gets another when it has
// used one up, twice as large if that went fast, half as large if it went slowly.
const (
	blocksHeld = 2
	firstBlock = 8
	leastBlock = 2
	mostBlock  = 64
	fastBlock  = time.Hour
	slowBlock  = 24 * time.Hour
	mostNumber = 1 << 53
)

// counterNumber is the highest number that was ever given out, singly or in a block.
const counterNumber = "number"

// takeNumbers gives out the next n numbers; the first of them is returned. None is
// ever given out again.
func takeNumbers(tx Tx, n uint64) (first uint64, err error) {
	last, err := tx.Counter(counterNumber)
	if err != nil {
		return 0, err
	}
	return last + 1, tx.SetCounter(counterNumber, last+n)
}

// lease tops up the blocks that one database of a terminal holds.
func lease(tx Tx, scope string, now time.Time) error {
	blocks, err := tx.Blocks(scope)
	if err != nil {
		return err
	}
	held := 0
	for _, b := range blocks {
		if !b.Spent {
			held++
		}
	}
	for size := blockSize(blocks, now); held < blocksHeld; held++ {
		if err := grantBlock(tx, scope, size, now); err != nil {
			return err
		}
	}
	return nil
}

func grantBlock(tx Tx, scope string, size uint64, now time.Time) error {
	first, err := takeNumbers(tx, size)
	if err != nil {
		return err
	}
	b := Block{First: first, Last: first + size - 1, Scope: scope, Granted: now}
	if err := tx.PutBlock(b); err != nil {
		return err
	}
	return putScoped(tx, wire.Leases, scope, leaseKey(first), wire.Lease{First: b.First, Last: b.Last})
}

// blockSize adapts to how fast the last block was used up.
func blockSize(blocks []Block, now time.Time) uint64 {
	if len(blocks) == 0 {
		return firstBlock
	}
	newest := blocks[len(blocks)-1]
	size := newest.Last - newest.First + 1
	for _, b := range blocks {
		if !b.Spent {
			continue
		}
		switch age := now.Sub(b.Granted); {
		case age < fastBlock:
			size *= 2
		case age > slowBlock:
			size /= 2
		}
	}
	return min(max(size, leastBlock), mostBlock)
}

// leaseKey is the key of a block's row; keys sort as numbers do.
func leaseKey(first uint64) []byte {
	var key [16]byte
	binary.BigEndian.PutUint64(key[8:], first)
	return key[:]
}

// useNumber notes that a terminal gave a number away. It reports false if the number
// was never lent to that terminal.
func useNumber(tx Tx, src Source, n uint64, now time.Time) (bool, error) {
	if n > mostNumber {
		return false, nil
	}
	b, err := tx.BlockOf(n)
	if errors.Is(err, ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	own := scope(src.Terminal, src.Incarnation)
	if b.Scope != own {
		// Lent to the database that this one was restored from, or to somebody else.
		return strings.HasPrefix(b.Scope, src.Terminal+"/"), nil
	}
	blocks, err := tx.Blocks(own)
	if err != nil {
		return false, err
	}
	for _, held := range blocks {
		if err := spend(tx, held, n); err != nil {
			return false, err
		}
	}
	return true, lease(tx, own, now)
}

// spend counts n in a block and ends the block's row when it is used up. Numbers are
// given away in order, so a block below n is used up too.
func spend(tx Tx, b Block, n uint64) error {
	if b.Spent || n < b.First {
		return nil
	}
	b.Used = min(n, b.Last) - b.First + 1
	b.Spent = n >= b.Last
	if err := tx.PutBlock(b); err != nil || !b.Spent {
		return err
	}
	if err := tx.PutRow(wire.Leases, b.Scope, leaseKey(b.First), nil); err != nil {
		return fmt.Errorf("end a lease: %w", err)
	}
	return nil
}
