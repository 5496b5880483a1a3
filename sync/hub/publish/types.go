// Package publish turns changes of the domain into the rows that terminals copy: which
// terminal gets which row, at which revision, under which set hash, and what is sent first.
package publish

import (
	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// ID is the name of an account, a card, a claim or a grant, 16 bytes.
type ID = [16]byte

// Row is one row of a collection, or its tombstone.
type Row struct {
	Key  []byte
	Rev  uint64
	Body []byte // nil: tombstone
}

// State is how far a collection is. Deltas can start at Floor or later; tombstones
// of earlier revisions are gone.
type State struct {
	Rev   uint64
	Hash  [16]byte // wire.RowHash of all live rows, together by wire.Xor
	Floor uint64
}

// Rows are the collections that terminals copy. A scope is who gets a row: empty
// for all terminals, or one incarnation of one terminal. Each scope of a collection
// has its own revisions.
type Rows interface {
	// PutRow gives a row a new body (nil: ends it), the next revision and its part in
	// the set's hash. Writing what is there already changes nothing.
	PutRow(c wire.Collection, scope string, key, body []byte) error
	// RowsAfter passes up to limit live rows whose keys follow after (nil: the first
	// ones), in order of their keys.
	RowsAfter(c wire.Collection, scope string, after []byte, limit int, fn func(Row) error) error
	// RowsSince passes what changed after rev, tombstones too, in order of revisions.
	RowsSince(c wire.Collection, scope string, rev uint64, fn func(Row) error) error
	Row(c wire.Collection, scope string, key []byte) (Row, error) // people.ErrNotFound
	RowState(c wire.Collection, scope string) (State, error)
	// RaiseRev takes a revision above another one, to which no delta leads: a hub that was
	// put back had that revision with other rows.
	RaiseRev(c wire.Collection, scope string, above uint64) error
	// PruneRows forgets tombstones up to rev, which becomes the floor.
	PruneRows(c wire.Collection, scope string, rev uint64) error
}

// Changes is what a transaction changed of what terminals copy, as it stands now; nil
// stands for what was dropped. The store collects it.
type Changes struct {
	Accounts map[ID]*people.Account
	Members  map[ID]bool // accounts whose groups changed
	Cards    map[ID]*access.Card
	Claims   map[ID]*access.Claim
	Doors    map[string]*access.Door
	// DoorGroups are the groups of doors that doors came into or left.
	DoorGroups map[string]bool
	Grants     map[ID]*access.Grant
	Schedules  map[uint64]*access.Schedule
	PINs       map[ID]*access.PIN // by MAC
	Services   map[uint64]*people.Offer
	// ServicesOf are the services whose groups changed, OffersOf the accounts that others
	// were assigned to, or that answered a notice.
	ServicesOf map[uint64]bool
	OffersOf   map[ID]bool
	Notice     *people.Notice // a new version
	Holidays   bool
	Settings   bool
}

// Tx is a transaction over the domain and its rows.
type Tx struct {
	access.Tx
	Rows
}
