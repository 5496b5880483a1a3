package hub

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"badged/sync/wire"
)

// ErrNotFound is the error of a look-up without a result.
var ErrNotFound = errors.New("not found")

// Store keeps what a hub knows. sync/hub/store is the real one, on SQLite.
type Store interface {
	// View runs fn on a snapshot. It never waits for a writer.
	View(ctx context.Context, fn func(Tx) error) error
	// Update runs fn in one transaction: nil means that all of it is on disk, an error
	// that nothing of it is.
	Update(ctx context.Context, fn func(Tx) error) error
}

// Tx is one transaction: what terminals copy, and what only the hub knows. In View,
// the methods that write fail.
type Tx struct {
	Rows
	Terminals
	Numbers
	Ledger
	Profiles
	Journal
}

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
	Row(c wire.Collection, scope string, key []byte) ([]byte, error) // ErrNotFound
	// PutRow gives a row a new body (nil: ends it), the next revision and its part in
	// the set's hash. Writing what is there already changes nothing.
	PutRow(c wire.Collection, scope string, key, body []byte) error
	// EachRow passes the live rows, in order of their keys.
	EachRow(c wire.Collection, scope string, fn func(Row) error) error
	// RowsSince passes what changed after rev, tombstones too, in order of revisions.
	RowsSince(c wire.Collection, scope string, rev uint64, fn func(Row) error) error
	RowState(c wire.Collection, scope string) (State, error)
	// PruneRows forgets tombstones up to rev, which becomes the floor.
	PruneRows(c wire.Collection, scope string, rev uint64) error
}

// Terminal is one box as the hub knows it.
type Terminal struct {
	Name      string
	Added     time.Time
	Token     []byte    // SHA-256 of the secret of the last token
	TokenEnds time.Time // zero: used
	Public    ed25519.PublicKey
	Cert      []byte // PEM, as issued to Public; nil: has not joined
	First     ID     // incarnation that was given at join
	LastSeen  time.Time
	Agent     string // version of its program
	Vector    []wire.CollectionState
}

// Removed reports whether it is only here for what it reported before it was removed.
func (t Terminal) Removed() bool { return t.Public == nil && t.Token == nil }

// rev is how far the terminal was with a collection when it last said hello.
func (t Terminal) rev(c wire.Collection) uint64 {
	for _, v := range t.Vector {
		if v.Collection == c {
			return v.Rev
		}
	}
	return 0
}

// ID is a random or derived name of 16 bytes.
type ID = [16]byte

// Source is one database of a terminal, as far as the hub has its events.
type Source struct {
	Terminal    string
	Incarnation ID
	// Successor says that the terminal had another database before, restored, cloned
	// or lost: its first events may be known from there.
	Successor bool
	Upto      map[wire.Stream]uint64 // stream → highest contiguous durable seq
}

// Terminals are the boxes and their databases.
type Terminals interface {
	Terminal(name string) (Terminal, error) // ErrNotFound
	TerminalByToken(hash []byte) (Terminal, error)
	PutTerminal(t Terminal) error
	EachTerminal(fn func(Terminal) error) error
	Source(terminal string, incarnation ID) (Source, error) // ErrNotFound
	PutSource(s Source) error
	EachSource(terminal string, fn func(Source) error) error
}

// Block is a run of numbers that one incarnation of a terminal may give away. Used
// counts those that the hub has heard of.
type Block struct {
	First, Last uint64
	Scope       string
	Used        uint64
	Granted     time.Time
	Spent       bool
}

// ClaimRecord is what the hub keeps of a claim for good, beside the row that
// terminals get while it matters. The code is in neither.
type ClaimRecord struct {
	ID      ID
	Account ID
	MAC     ID
	Doors   []string
	Issued  time.Time
	Ends    time.Time
	State   wire.ClaimState
	Over    time.Time // when it was used or voided; zero: not
	Card    ID        // that it bound
}

// Numbers are the N of anonymN: each has one owner for ever.
type Numbers interface {
	// AssignNumber gives n to the account unless it has an owner, and tells the owner.
	AssignNumber(n uint64, account ID) (owner ID, err error)
	// LastNumber is the highest number that the account got; 0: none.
	LastNumber(account ID) (uint64, error)
	// Blocks gives those of a scope that are not spent, and the last one that is, by
	// First.
	Blocks(scope string) ([]Block, error)
	BlockOf(n uint64) (Block, error) // ErrNotFound
	PutBlock(b Block) error
}

// Ledger is what the hub counts and what it once promised.
type Ledger interface {
	Counter(name string) (uint64, error) // zero if never set
	SetCounter(name string, v uint64) error
	Claim(id ID) (ClaimRecord, error) // ErrNotFound
	PutClaim(c ClaimRecord) error
	// EachClaim passes the claims that end at t or later, newest first.
	EachClaim(t time.Time, fn func(ClaimRecord) error) error
}

// Record is one event as it came.
type Record struct {
	ID          uint64 // place in the hub's own order; set by the store
	Terminal    string
	Incarnation ID
	Stream      wire.Stream
	Seq         uint64
	Order       uint64
	Received    time.Time
	Body        []byte // encoded wire.Event
}

// EditRecord is one version of a profile: who was there before, and what was asked.
type EditRecord struct {
	Account  ID
	Terminal string // empty: an operator
	Order    uint64
	At       time.Time
	Before   wire.Edit
	After    wire.Edit
}

// Conflict is two claims to one card. Until it is resolved an operator should look.
type Conflict struct {
	Card     ID
	Account  ID // who has it, zero: nobody
	Other    ID // who wanted it too
	Terminal string
	Why      string // ConflictTaken...
	At       time.Time
	Resolved bool
}

// Profiles are the versions of people's profiles.
type Profiles interface {
	AddEdit(e EditRecord) error
	Edits(account ID) ([]EditRecord, error)
	DropEdits(account ID) error
}

// Journal is what happened.
type Journal interface {
	// Append stores an event, or reports false if that place of its source is taken.
	Append(r Record) (bool, error)
	// Happened reports whether another incarnation of the terminal brought this very
	// event already.
	Happened(r Record) (bool, error)
	Events(after uint64, limit int, fn func(Record) error) error
	AddConflict(c Conflict) error
	Conflicts() ([]Conflict, error) // not resolved, oldest first
	ResolveConflicts(card ID) error
}
