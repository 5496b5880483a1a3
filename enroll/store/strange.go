package store

import (
	"badged/enroll"
	"badged/sync/wire"
)

// strangeRows are the keys of the hub's rows that contain something that must be understood and that
// this version does not know: they give no right until the program is updated. The rows stay as
// they came, so that set hashes agree and a later version can read them.
type strangeRows map[wire.Collection]map[string]struct{}

func (s strangeRows) has(c wire.Collection, key []byte) bool {
	_, ok := s[c][string(key)]
	return ok
}

func (s strangeRows) put(c wire.Collection, key []byte) {
	if s[c] == nil {
		s[c] = make(map[string]struct{})
	}
	s[c][string(key)] = struct{}{}
}

func (s strangeRows) drop(c wire.Collection, key []byte) { delete(s[c], string(key)) }

// perCollection counts rows, by collection.
type perCollection [wire.LastCollection + 1]uint64

func (s strangeRows) count() (n perCollection) {
	for c, keys := range s {
		n[c] = uint64(len(keys))
	}
	return n
}

// nonZero returns the counts that are not 0.
func (n perCollection) nonZero() map[wire.Collection]uint64 {
	out := make(map[wire.Collection]uint64)
	for c, rows := range n {
		if rows > 0 {
			out[wire.Collection(c)] = rows
		}
	}
	return out
}

// strangeRow is a row that came and was not understood, or one that was not and is
// understood or gone.
type strangeRow struct {
	c    wire.Collection
	key  []byte
	gone bool
}

// noteStrange adds a row to those that change strangeRows when the transaction is committed.
func (t *txn) noteStrange(c wire.Collection, key, hub []byte, change enroll.Change) {
	strange := isStrange(c, key, hub, change)
	if strange || t.strange.has(c, key) {
		t.strangers = append(t.strangers, strangeRow{c, key, !strange})
	}
}

// isStrange reports whether this version does not know all that it must of a row, which
// comes to that change.
func isStrange(c wire.Collection, key, hub []byte, change enroll.Change) bool {
	switch v := change.(type) {
	case enroll.Account:
		return v.State == enroll.AccountNotUnderstood
	case enroll.Binding:
		return v.State == enroll.BindingNotUnderstood
	case enroll.Claim:
		return v.State == enroll.ClaimNotUnderstood
	case enroll.Grant:
		return v.NotUnderstood
	case enroll.Door:
		return v.NotUnderstood
	case enroll.Site:
		return v.NotUnderstood
	case enroll.Schedule:
		return v.NotUnderstood
	case enroll.Holidays:
		return v.NotUnderstood
	case enroll.PIN:
		return v.NotUnderstood
	case enroll.Offer:
		return v.NotUnderstood
	case enroll.OfferedRow:
		return v.NotUnderstood
	}
	if c != wire.Leases || hub == nil {
		return false
	}
	_, understood, err := decode[wire.Lease](c, key, hub)
	return err == nil && !understood
}
