package fleet

import (
	"errors"
	"strings"
	"time"

	"badged/sync/hub/people"
	"badged/sync/hub/publish"
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

// topUpLeases grants the database of a terminal new blocks, up to the number that it holds.
func topUpLeases(tx Tx, scope string) error {
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
	for size := blockSize(blocks, tx.Now); held < blocksHeld; held++ {
		if err := grantBlock(tx, scope, size); err != nil {
			return err
		}
	}
	return nil
}

func grantBlock(tx Tx, scope string, size uint64) error {
	first, err := tx.TakeNumbers(size)
	if err != nil {
		return err
	}
	b := Block{First: first, Last: first + size - 1, Scope: scope, Granted: tx.Now}
	if err := tx.PutBlock(b); err != nil {
		return err
	}
	return publish.PutLease(tx.Tx, scope, b.First, b.Last)
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

// useNumber notes that a terminal gave a number away. It reports false if the number
// was never lent to that terminal.
func useNumber(tx Tx, src Source, n uint64) (bool, error) {
	if n > mostNumber {
		return false, nil
	}
	b, err := tx.BlockOf(n)
	if errors.Is(err, people.ErrNotFound) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	own := scope(src.Terminal, src.Incarnation)
	if b.Scope != own {
		// Lent to the database that this one was restored from, or to somebody else.
		return b.Scope == lostScope || strings.HasPrefix(b.Scope, src.Terminal+"/"), nil
	}
	blocks, err := tx.Blocks(own)
	if err != nil {
		return false, err
	}
	for _, held := range blocks {
		if err := spendNumber(tx, held, n); err != nil {
			return false, err
		}
	}
	return true, topUpLeases(tx, own)
}

// spendNumber counts n in a block and ends the block's row when it is used up. Numbers are
// given away in order, so a block below n is used up too.
func spendNumber(tx Tx, b Block, n uint64) error {
	if b.Spent || n < b.First {
		return nil
	}
	b.Used = min(n, b.Last) - b.First + 1
	b.Spent = n >= b.Last
	if err := tx.PutBlock(b); err != nil || !b.Spent {
		return err
	}
	return publish.EndLease(tx.Tx, b.Scope, b.First)
}
