package audit

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"fmt"
)

// ActionErase is the action of the line that an erasure leaves; its object is the subject.
const ActionErase = "audit.erase"

// Record adds a line for a change to the log.
func (tx Tx) Record(c Change) error {
	e := Entry{At: tx.Now, Actor: tx.By, Action: c.Action, Object: c.Object, Subject: c.Subject, Salt: make([]byte, 16)}
	_, _ = rand.Read(e.Salt) // never fails
	var err error
	if e.Before, err = encode(c.Before); err != nil {
		return fmt.Errorf("record %s: %w", c.Action, err)
	}
	if e.After, err = encode(c.After); err != nil {
		return fmt.Errorf("record %s: %w", c.Action, err)
	}
	last, prev, err := tx.LastAudit()
	if err != nil {
		return err
	}
	e.Seq, e.Prev = last+1, prev
	e.Commit = e.commitment()
	e.Hash = e.hash()
	return tx.AppendAudit(e)
}

// Erase forgets what the lines of a subject say about them, and records that it did. The
// chain still verifies.
func (tx Tx) Erase(subject ID) error {
	if err := tx.EraseAudit(subject); err != nil {
		return err
	}
	return tx.Record(Change{Action: ActionErase, Object: hex.EncodeToString(subject[:])})
}

func encode(v any) ([]byte, error) {
	if v == nil {
		return nil, nil
	}
	return json.Marshal(v)
}

// commitment binds a line to what it says without saying it: whoever has salt, before and
// after can check them, and without the salt nobody can guess them.
func (e Entry) commitment() [32]byte {
	return sha256.Sum256(fields(e.Salt, e.Before, e.After))
}

// hash covers what stays of a line for good, and the line before.
func (e Entry) hash() [32]byte {
	var number [16]byte
	binary.BigEndian.PutUint64(number[:8], e.Seq)
	binary.BigEndian.PutUint64(number[8:], uint64(e.At.UnixMilli()))
	return sha256.Sum256(fields(e.Prev[:], number[:], []byte(e.Actor.Kind), []byte(e.Actor.ID), []byte(e.Actor.Via),
		[]byte(e.Action), []byte(e.Object), e.Subject[:], e.Commit[:]))
}

// fields joins texts so that no two different lists give the same bytes.
func fields(parts ...[]byte) []byte {
	var out []byte
	for _, p := range parts {
		out = binary.BigEndian.AppendUint64(out, uint64(len(p)))
		out = append(out, p...)
	}
	return out
}
