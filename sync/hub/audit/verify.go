package audit

import (
	"encoding/hex"
	"time"
)

// Problem is what is wrong with a line.
type Problem string

// The problems.
const (
	Changed Problem = "changed" // the line is not what its hash says
	Missing Problem = "missing" // the line above follows another one, which is not there
	Content Problem = "content" // what it says is not what was committed to
	Hidden  Problem = "hidden"  // what it says is gone, and no line says that it was erased
)

// Fault is a line that does not verify.
type Fault struct {
	Seq     uint64
	Problem Problem
}

// maxFaults bounds how many faults a verification lists.
const maxFaults = 100

// Verification checks the log from the newest line to the oldest, a page at a time. Whoever
// keeps Last and Head can see later whether lines at the end were taken out.
type Verification struct {
	Lines  uint64
	Erased uint64 // lines whose subject was erased
	First  uint64 // oldest line that is kept; older ones have expired
	Last   uint64
	Head   [32]byte // hash of the last line
	Faults []Fault  // at most 100

	above  *Entry
	erased map[ID]bool // subjects whose erasure is in the log, as far as known
}

// verifyPage is how many lines Next reads.
const verifyPage = 1000

// Next checks the next page and reports whether older lines follow. Each page may be read in
// a transaction of its own: lines are only added.
func (v *Verification) Next(tx Tx) (more bool, err error) {
	q := Query{Limit: verifyPage}
	if v.above != nil {
		q.Below = v.above.Seq
	}
	n := 0
	err = tx.ListAudit(q, func(e Entry) error {
		n++
		return v.check(tx, e)
	})
	return n == verifyPage, err
}

func (v *Verification) check(tx Tx, e Entry) error {
	if v.above == nil {
		v.Last, v.Head = e.Seq, e.Hash
	} else if v.above.Seq != e.Seq+1 || v.above.Prev != e.Hash {
		v.fault(v.above.Seq-1, Missing)
	}
	if e.hash() != e.Hash {
		v.fault(e.Seq, Changed)
	}
	v.Lines, v.First, v.above = v.Lines+1, e.Seq, &e
	if e.Seq == 1 && e.Prev != [32]byte{} {
		v.fault(e.Seq, Changed)
	}
	return v.checkContent(tx, e)
}

func (v *Verification) checkContent(tx Tx, e Entry) error {
	if e.Salt != nil {
		if e.commitment() != e.Commit {
			v.fault(e.Seq, Content)
		}
		return nil
	}
	v.Erased++
	if e.Before != nil || e.After != nil {
		v.fault(e.Seq, Content)
	}
	erased, err := v.isErased(tx, e.Subject)
	if err == nil && !erased {
		v.fault(e.Seq, Hidden)
	}
	return err
}

// isErased looks for the line of a subject's erasure.
func (v *Verification) isErased(tx Tx, subject ID) (bool, error) {
	if v.erased[subject] {
		return true, nil
	}
	found := false
	q := Query{Action: ActionErase, Object: hex.EncodeToString(subject[:]), Limit: 1}
	err := tx.ListAudit(q, func(Entry) error {
		found = true
		return nil
	})
	if found {
		if v.erased == nil || len(v.erased) > verifyPage {
			v.erased = make(map[ID]bool)
		}
		v.erased[subject] = true
	}
	return found, err
}

func (v *Verification) fault(seq uint64, p Problem) {
	if len(v.Faults) < maxFaults {
		v.Faults = append(v.Faults, Fault{seq, p})
	}
}

// Expire forgets up to limit lines that are older than a time, and reports how many. The last
// line always stays: the chain goes on from it.
func (tx Tx) Expire(older time.Time, limit int) (int, error) {
	below := uint64(0)
	err := tx.ListAudit(Query{Until: older, Limit: 1}, func(e Entry) error {
		below = e.Seq + 1
		return nil
	})
	if err != nil || below == 0 {
		return 0, err
	}
	last, _, err := tx.LastAudit()
	if err != nil {
		return 0, err
	}
	return tx.DropAudit(min(below, last), limit)
}
