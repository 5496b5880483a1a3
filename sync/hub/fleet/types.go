// Package fleet is the hub's side of the terminals: how they join, what they report, what
// follows from it, and what they are sent. Only the hub writes what terminals share;
// terminals report, and the hub decides.
package fleet

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/hub/release"
	"badged/sync/wire"
)

// ID is a random or derived name of 16 bytes.
type ID = [16]byte

// Store keeps what a hub knows; sync/hub/store is the real one.
type Store interface {
	// Read runs fn on a snapshot. It never waits for a writer. fn must not do anything slow.
	Read(ctx context.Context, fn func(Tx) error) error
	// Write runs fn in one transaction, perhaps twice: nil means that all of it is on disk
	// and that its rows are published, an error that nothing of it is.
	Write(ctx context.Context, by audit.Actor, fn func(Tx) error) error
}

// ErrUnknown is the error of a Write whose connection was lost during the commit, when the
// database could not be asked again whether the change is in it.
var ErrUnknown = errors.New("it is not known whether the change was made")

// ErrReplaced means that another hub has taken over the site.
var ErrReplaced = errors.New("another hub has taken over this site")

// ErrNoBackup means that backups of the database are made with its own programs.
var ErrNoBackup = errors.New("this database has programs of its own for backups")

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
	Doors     []string // that it said it serves
	// Of a terminal that starts from a card: its board, and the release that is installed.
	Board     string
	Installed release.ID
	Sequence  uint64 // of Installed: its order
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

// Source is one database of a terminal, as far as the hub has its events.
type Source struct {
	Terminal    string
	Incarnation ID
	// Successor says that the terminal has or had another database, restored, copied or
	// lost: its events may be known from there.
	Successor bool
	Upto      map[wire.Stream]uint64     // stream → highest contiguous durable seq
	Chain     map[wire.Stream]wire.Chain // stream → of the event at Upto, if it is known
	Safe      map[wire.Stream]uint64     // stream → highest seq that a backup holds
	// Born is a random number from when the hub first heard of it.
	Born uint64
	// Retired says that it was copied, or goes on as another one: nothing is taken under its
	// name any more.
	Retired bool
}

// Terminals are the boxes and their databases.
type Terminals interface {
	Terminal(name string) (Terminal, error) // people.ErrNotFound
	TerminalByToken(hash []byte) (Terminal, error)
	PutTerminal(t Terminal) error
	EachTerminal(fn func(Terminal) error) error
	Source(terminal string, incarnation ID) (Source, error) // people.ErrNotFound
	PutSource(s Source) error
	EachSource(terminal string, fn func(Source) error) error
	PutSafe(s Source) error // a backup holds what s has up to Upto
}

// Lists gives terminals in pages: people.ByName, ByCreated. A page may be short, even empty,
// while more follow. people.ErrCursor.
type Lists interface {
	ListTerminals(people.Listing) (page []Terminal, next string, err error)
}

// AlarmKind is what an alarm is about.
type AlarmKind string

// The kinds of alarm. The words and what to do stand with whoever shows them.
const (
	TerminalCopied   AlarmKind = "terminal_copied"   // its database runs in two boxes
	TerminalRestored AlarmKind = "terminal_restored" // its database was put back to an older state, or copied
	HubRestored      AlarmKind = "hub_restored"      // the hub's was
	ReleaseStopped   AlarmKind = "release_stopped"   // it has failed on too many terminals
)

// AlarmKinds are all kinds.
var AlarmKinds = []AlarmKind{TerminalCopied, TerminalRestored, HubRestored, ReleaseStopped}

// Alarm is something that somebody must look at. At most one of a kind and an object is
// open.
type Alarm struct {
	ID          uint64
	Kind        AlarmKind
	Object      string // a terminal's name, the version of a release; empty: the site
	First, Last time.Time
	Detail      []byte    // JSON, of HubRestored a Restore
	Done        time.Time // when it was acknowledged; zero: it is open
	By          string    // who did
}

// AlarmQuery chooses alarms.
type AlarmQuery struct {
	Open  bool   // that nobody has acknowledged only
	Below uint64 // older than this id; 0: from the newest
	Limit int
}

// Alarms keeps alarms.
type Alarms interface {
	PutAlarm(Alarm) error                                   // ID 0: a new one
	Alarm(id uint64) (Alarm, error)                         // people.ErrNotFound
	LastAlarm(kind AlarmKind, object string) (Alarm, error) // the newest; people.ErrNotFound
	EachAlarm(q AlarmQuery, fn func(Alarm) error) error     // newest first
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

// Leases are the blocks of numbers that terminals hold.
type Leases interface {
	// Blocks gives those of a scope that are not spent, and the last one that is, by
	// First.
	Blocks(scope string) ([]Block, error)
	BlockOf(n uint64) (Block, error) // people.ErrNotFound
	PutBlock(b Block) error
}

// Record is one event as it came.
type Record struct {
	ID          uint64 // place in the hub's own order, which is that of commits; set by the store
	Terminal    string
	Incarnation ID
	Stream      wire.Stream
	Seq         uint64
	Order       uint64
	Received    time.Time
	Body        []byte // encoded wire.Event
}

// Journal is what happened.
type Journal interface {
	// Append stores an event, or reports false if that place of its source is taken.
	Append(r Record) (bool, error)
	// Happened reports whether another incarnation of the terminal brought this very
	// event already.
	Happened(r Record) (bool, error)
	// Events passes up to limit events after an id, oldest first.
	Events(after uint64, limit int, fn func(Record) error) error
	// EventsBelow passes up to limit events below an id (0: from the newest), newest first.
	EventsBelow(below uint64, limit int, fn func(Record) error) error
	// FirstEventAt is the id of the first event that the hub received at t or later; 0:
	// there is none.
	FirstEventAt(t time.Time) (uint64, error)
	// DropEvents forgets up to limit events below an id, and tells how many.
	DropEvents(below uint64, limit int) (int, error)
}

// Tx is a transaction over all that a hub keeps.
type Tx struct {
	publish.Tx
	Terminals
	Lists
	Leases
	Journal
	Alarms
	History
	release.Releases
}
