package store

import (
	"database/sql"
	"encoding/hex"
	"errors"
	"time"

	"badged/enroll"
	"badged/internal/clock"
)

// Recovery is what a start found out about the last end.
type Recovery struct {
	Unclean    bool   // the agent did not end in order: Verify is worth its time
	NoWitness  bool   // the second record of the counters is gone: they rest on the database alone
	BadWitness bool   // the second record has a block that makes no sense: it is not used
	Older      bool   // the database is older than it was: its log was damaged or cut short
	Missing    uint64 // events that were on disk and are not any more, as far as is known
	Restored   int    // counters and blocks of numbers that were taken from the second record
}

// Recovery returns what this start found.
func (s *Store) Recovery() Recovery { return s.recovery }

// witnessPath is where the second record is.
func witnessPath(db string) string { return db + ".witness" }

// recoverFromWitness compares the database with its witness. It raises counters to what the witness
// has seen, and appends an event about the events that are missing.
func (w *writer) recoverFromWitness() error {
	f, found, err := openWitness(witnessPath(w.s.db.Path()))
	if err != nil {
		return err
	}
	w.witness = f
	r := Recovery{NoWitness: !found && !w.s.db.Made && w.at.ord > 0, BadWitness: f.bad}
	r.Unclean = found && !f.now.Clean || r.NoWitness
	if found {
		if r.Older, r.Missing, err = w.compareWithWitness(f.now); err != nil {
			return err
		}
	}
	c, err := w.readCounters()
	if err != nil {
		return err
	}
	lost := c.missingFrom(f.now)
	r.Restored = len(lost.tallies) + len(lost.given)
	if r.Older || r.Restored > 0 {
		if err := w.restoreCounters(lost, r); err != nil {
			return err
		}
	}
	w.s.recovery = r
	return f.writeWitness(w.at.attestTo(f.now.withCounts(c, false)), true)
}

// attestTo returns the witness with the order and the chain of the last event of the store.
func (at *state) attestTo(w witness) witness {
	w.Order, w.Chain, w.Clean = at.ord, hexOf(at.last[:]), false
	return w
}

// compareWithWitness tells whether the events end before the last that the witness has seen, or are
// others, and how many are missing.
func (w *writer) compareWithWitness(seen witness) (older bool, missing uint64, err error) {
	switch {
	case w.s.db.Made || seen.Order <= w.at.prunedOrd && w.at.ord >= seen.Order:
		return false, 0, nil // newly made, or so new that it no longer has that event
	case w.at.ord < seen.Order:
		return true, uint64(seen.Order - w.at.ord), nil
	}
	sum, err := (&txn{writer: w}).chainAt(seen.Order)
	return hexOf(sum[:]) != seen.Chain, 0, err
}

const (
	sqlTallies = `SELECT name, count, since FROM tally`
	sqlGiven   = `SELECT key, next FROM lease`
	sqlGive    = `INSERT INTO lease VALUES (?, ?) ON CONFLICT DO UPDATE SET next = max(next, excluded.next)`
)

// readCounters reads all counters of the database.
func (w *writer) readCounters() (counted, error) {
	c := counted{map[string]counter{}, map[string]uint64{}}
	err := w.queryRows(sqlTallies, func(rows *sql.Rows) error {
		var name string
		var t counter
		err := rows.Scan(&name, &t.Count, &t.Since)
		c.tallies[name] = t
		return err
	})
	if err != nil {
		return c, err
	}
	return c, w.queryRows(sqlGiven, func(rows *sql.Rows) error {
		var key []byte
		var next uint64
		err := rows.Scan(&key, &next)
		c.given[hexOf(key)] = next
		return err
	})
}

// missingFrom returns what the witness has counted beyond c.
func (c counted) missingFrom(seen witness) counted {
	lost := counted{map[string]counter{}, map[string]uint64{}}
	for name, t := range seen.Tallies {
		if high := t.max(c.tallies[name]); high != c.tallies[name] {
			lost.tallies[name] = high
		}
	}
	for key, next := range seen.Given {
		if next > c.given[key] {
			lost.given[key] = next
		}
	}
	return lost
}

// restoreCounters writes the counters that were lost and the event about the loss, in one
// transaction.
func (w *writer) restoreCounters(lost counted, r Recovery) error {
	done := make(chan error, 1)
	w.commitWaiting(request{done: done, job: func(t *txn) error {
		for name, c := range lost.tallies {
			if err := t.PutTally(name, enroll.Tally{Count: c.Count, Since: fromMilli(c.Since)}); err != nil {
				return err
			}
		}
		for key, next := range lost.given {
			k, err := hex.DecodeString(key)
			if err == nil {
				err = t.exec(sqlGive, k, next)
			}
			if err != nil {
				return err
			}
		}
		if !r.Older {
			return t.readLeases()
		}
		return errors.Join(t.readLeases(), t.Append(enroll.Event{
			Kind: enroll.EventDevice, Reason: enroll.EventsLost, Count: r.Missing,
			At: clock.Stamp{Wall: time.Now().UTC(), State: clock.Unknown},
		}))
	}})
	return <-done
}

// raiseWitness makes the witness count before the commit does, so that no power cut refunds
// what was counted.
func (w *writer) raiseWitness(c counted) error {
	if c.isEmpty() {
		return nil
	}
	return w.noteError(w.witness.writeWitness(w.witness.now.withCounts(c, false), true))
}

// updateWitness writes what was committed to the witness. It waits for the disk only if a count went
// down: nothing is lost if the witness has not seen the last events.
func (w *writer) updateWitness(c counted) {
	lower := false
	for name, t := range c.tallies {
		lower = lower || t != t.max(w.witness.now.Tallies[name])
	}
	if err := w.witness.writeWitness(w.at.attestTo(w.witness.now.withCounts(c, true)), lower); err != nil {
		w.s.log.Warn("the second record of the counters was not written", "err", err)
	}
}

// endWitness marks that the agent ended in order.
func (w *writer) endWitness() {
	last := w.at.attestTo(w.witness.now)
	last.Clean = w.failed == nil
	if err := errors.Join(w.witness.writeWitness(last, true), w.witness.file.Close()); err != nil {
		w.s.log.Warn("the second record of the counters was not written", "err", err)
	}
}

// closeWitness closes the file after a start that failed.
func (w *writer) closeWitness() {
	if w != nil && w.witness != nil {
		_ = w.witness.file.Close() // nothing was written
	}
}
