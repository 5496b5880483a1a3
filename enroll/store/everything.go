package store

import (
	"context"
	"database/sql/driver"
	"errors"
	"fmt"
	"iter"

	"badged/enroll"
	"badged/internal/sqlite"
	"badged/sync/wire"
)

// row is one row with what it comes to.
type row struct {
	hubRow
	change enroll.Change // nil: not for the index
}

// hubRow is a row as the hub sent it. body is nil if only the terminal has it.
type hubRow struct {
	c         wire.Collection
	key, body []byte
}

const (
	sqlAllHub   = `SELECT collection, key, body FROM hub_row ORDER BY collection, key`
	sqlAllLocal = `SELECT collection, key, mark, body, base FROM local_row`
)

// readAllRows returns all rows; failed returns the error that ended the reading, afterwards.
func (v snapshot) readAllRows(ctx context.Context) (rows iter.Seq[row], failed func() error) {
	var err error
	return func(yield func(row) bool) { err = v.mergeRows(ctx, yield) }, func() error {
		if err == errStopped {
			return nil
		}
		return err
	}
}

// errStopped says that the loop over the rows ended early.
var errStopped = errors.New("stopped")

// mergeRows yields the hub's rows merged with the terminal's, then those that only the terminal has.
func (v snapshot) mergeRows(ctx context.Context, yield func(row) bool) error {
	locals, err := v.allLocal(ctx)
	if err != nil {
		return err
	}
	err = v.readAhead(ctx, func(h hubRow) error {
		k := rowKey{c: h.c}
		copy(k.key[:], h.key)
		mine := locals[k]
		delete(locals, k)
		return yieldMerged(h, mine, yield)
	})
	for k, mine := range locals {
		if err == nil {
			err = yieldMerged(hubRow{c: k.c, key: k.key[:]}, mine, yield)
		}
	}
	return err
}

func yieldMerged(h hubRow, mine *localRow, yield func(row) bool) error {
	change, err := effective(h.c, h.key, h.body, mine)
	if err != nil {
		return fmt.Errorf("%w: %w", sqlite.ErrDamaged, err)
	}
	if !yield(row{h, change}) {
		return errStopped
	}
	return nil
}

// allLocal reads the terminal's rows: what it did and the hub has not confirmed.
func (v snapshot) allLocal(ctx context.Context) (map[rowKey]*localRow, error) {
	locals := make(map[rowKey]*localRow)
	err := sqlite.EachRow(ctx, v.conn, sqlAllLocal, func(columns []driver.Value) error {
		h, err := hubRowOf(columns[0], columns[1], columns[3])
		if err != nil {
			return err
		}
		id, err := id16(h.c, h.key)
		mark, ok1 := columns[2].(int64)
		base, ok2 := columns[4].([]byte)
		if err != nil || !ok1 || !ok2 && columns[4] != nil {
			return errors.Join(errForm, err)
		}
		locals[rowKey{h.c, id}] = &localRow{mark, h.body, base}
		return nil
	})
	return locals, err
}

// aheadRows is how many rows are handed over at once, aheadBatches how often before they
// must come back.
const (
	aheadRows    = 512
	aheadBatches = 3
)

// readAhead calls fn with each of the hub's rows while it reads the next ones: at the start, either
// takes half of the time.
func (v snapshot) readAhead(ctx context.Context, fn func(hubRow) error) error {
	ctx, cancel := context.WithCancel(ctx)
	full, empty, failed := make(chan []hubRow), make(chan []hubRow, aheadBatches), make(chan error, 1)
	for range aheadBatches {
		empty <- make([]hubRow, 0, aheadRows)
	}
	go func() {
		failed <- v.readHub(ctx, empty, full)
		close(full)
	}()
	var err error
	for batch := range full {
		for i := 0; i < len(batch) && err == nil; i++ {
			if err = fn(batch[i]); err != nil {
				cancel()
			}
		}
		empty <- batch[:0]
	}
	cancel()
	if readErr := <-failed; err == nil {
		err = readErr
	}
	return err
}

// readHub fills batches and hands them over.
func (v snapshot) readHub(ctx context.Context, empty <-chan []hubRow, full chan<- []hubRow) error {
	batch := <-empty
	hand := func() error {
		select {
		case full <- batch:
			batch = <-empty
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	err := sqlite.EachRow(ctx, v.conn, sqlAllHub, func(columns []driver.Value) error {
		h, err := hubRowOf(columns[0], columns[1], columns[2])
		if batch = append(batch, h); err != nil || len(batch) < aheadRows {
			return err
		}
		return hand()
	})
	if err != nil {
		return err
	}
	return hand()
}

// errForm means that a column holds what no version of the program puts there.
var errForm = fmt.Errorf("%w: a row has not the form of the schema", sqlite.ErrDamaged)

func hubRowOf(c, key, body driver.Value) (h hubRow, err error) {
	n, ok1 := c.(int64)
	k, ok2 := key.([]byte)
	b, ok3 := body.([]byte)
	if !ok1 || !ok2 || !ok3 {
		return h, errForm
	}
	if b == nil { // the driver's empty blob
		b = []byte{}
	}
	return hubRow{wire.Collection(n), k, b}, nil
}
