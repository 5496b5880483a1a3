package store

import (
	"errors"
	"math"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

// auditHead is the last line of the log.
type auditHead struct {
	seq  uint64
	hash [32]byte
}

// LastAudit implements audit.Log.
func (x *tx) LastAudit() (seq uint64, hash [32]byte, err error) {
	if x.audit == nil {
		var head auditHead
		err := x.one(`SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1`, nil, &head.seq, hashInto{&head.hash})
		if err != nil && !errors.Is(err, people.ErrNotFound) {
			return 0, hash, err
		}
		x.audit = &head
	}
	return x.audit.seq, x.audit.hash, nil
}

const sqlAudit = `INSERT INTO audit (seq, at, actor_kind, actor_id, via, action, object, subject, before, after, salt, commit_hash, prev, hash)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// AppendAudit implements audit.Log.
func (x *tx) AppendAudit(e audit.Entry) error {
	_, err := x.exec(sqlAudit, e.Seq, millis(e.At), string(e.Actor.Kind), e.Actor.ID, e.Actor.Via, e.Action, e.Object,
		e.Subject[:], blob(e.Before), blob(e.After), blob(e.Salt), e.Commit[:], e.Prev[:], e.Hash[:])
	if err != nil {
		return err
	}
	x.audit = &auditHead{e.Seq, e.Hash}
	return nil
}

func readEntry(scan scan) (e audit.Entry, err error) {
	return e, scan(&e.Seq, timeInto{&e.At}, &e.Actor.Kind, &e.Actor.ID, &e.Actor.Via, &e.Action, &e.Object,
		idInto{&e.Subject}, &e.Before, &e.After, &e.Salt, hashInto{&e.Commit}, hashInto{&e.Prev}, hashInto{&e.Hash})
}

// ListAudit implements audit.Log.
func (x *tx) ListAudit(q audit.Query, fn func(audit.Entry) error) error {
	c, err := x.auditConditions(q)
	if err != nil {
		return err
	}
	query := `SELECT seq, at, actor_kind, actor_id, via, action, object, subject, before, after, salt, commit_hash, prev, hash
		FROM audit ` + c.where() + ` ORDER BY seq DESC LIMIT ?`
	return collect(x, query, append(c.args, min(max(q.Limit, 1), 1000)), readEntry, fn)
}

func (x *tx) auditConditions(q audit.Query) (c conditions, err error) {
	below, from := q.Below, uint64(0)
	if below == 0 {
		below = math.MaxInt64
	}
	if !q.Until.IsZero() {
		end, err := x.firstAt("audit", "seq", "at", q.Until)
		if err != nil {
			return c, err
		}
		below = min(below, end)
	}
	if !q.Since.IsZero() {
		if from, err = x.firstAt("audit", "seq", "at", q.Since); err != nil {
			return c, err
		}
	}
	c.add(`seq < ? AND seq >= ?`, below, from)
	if q.Subject != (audit.ID{}) {
		c.add(`subject = ?`, q.Subject[:])
	}
	if q.Object != "" {
		c.add(`object = ?`, q.Object)
	}
	action := "action"
	if q.Object != "" || q.Subject != (audit.ID{}) {
		action = "(action || '')" // the index of object or subject is the better one
	}
	if n := len(q.Action); n > 0 && q.Action[n-1] == '.' {
		c.add(action+` > ? AND `+action+` < ?`, q.Action, q.Action[:n-1]+"/") // the character after the dot
	} else if n > 0 {
		c.add(action+` = ?`, q.Action)
	}
	return c, nil
}

// EraseAudit implements audit.Log.
func (x *tx) EraseAudit(subject audit.ID) error {
	_, err := x.exec(`UPDATE audit SET before = NULL, after = NULL, salt = NULL WHERE subject = ?`, subject[:])
	return err
}

// DropAudit implements audit.Log.
func (x *tx) DropAudit(below uint64, limit int) (int, error) {
	n, err := x.exec(`DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE seq < ? ORDER BY seq LIMIT ?)`, below, limit)
	return int(n), err
}
