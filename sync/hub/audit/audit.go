// Package audit keeps who did what at the hub: one line for each change, in the
// transaction of the change, in a chain of hashes that shows whether a line was changed or
// taken out. What is personal in a line is hashed apart, so that it can be erased and the
// chain still verifies.
package audit

import "time"

// ID names an account, 16 bytes; zero: none.
type ID = [16]byte

// ActorKind is what kind of actor makes a change.
type ActorKind string

// The kinds of actor.
const (
	Operator ActorKind = "operator" // at the hub's socket; ID is the user id of the process
	Account  ActorKind = "account"  // logged in to the web; ID is the account's id in hex
	Terminal ActorKind = "terminal" // ID is its name
	System   ActorKind = "system"   // the hub itself: what time ends, what a first start makes
)

// Actor is whoever a change is made by.
type Actor struct {
	Kind ActorKind
	ID   string
	Via  string // "socket", "web", "api", "mqtt", "clock"
}

// Change is one change as its command tells it.
type Change struct {
	Action  string // object and verb: "account.suspend"
	Object  string // what was changed, in a form that names nobody: an id, a door's name
	Subject ID     // whose personal data Before and After hold; zero: nobody's
	Before  any    // the fields that changed, encoded as JSON; nil: there was nothing
	After   any
}

// Entry is one line.
type Entry struct {
	Seq     uint64
	At      time.Time
	Actor   Actor
	Action  string
	Object  string
	Subject ID
	Before  []byte // JSON; nil: nothing, or erased
	After   []byte
	Salt    []byte   // 16 bytes that blind the commitment; nil: erased
	Commit  [32]byte // SHA-256 of salt, before and after
	Prev    [32]byte // hash of the line before; zeros: this is the first
	Hash    [32]byte // SHA-256 of Prev and of what stays of this line for good
}

// Log keeps lines.
type Log interface {
	LastAudit() (seq uint64, hash [32]byte, err error) // zeros: no line yet
	AppendAudit(Entry) error
	// ListAudit passes lines, newest first, below a seq (0: from the newest).
	ListAudit(q Query, fn func(Entry) error) error
	EraseAudit(subject ID) error // forgets before, after and salt of all lines of a subject
	// DropAudit forgets up to limit lines below a seq, oldest first, and tells how many.
	DropAudit(below uint64, limit int) (int, error)
}

// Query chooses lines.
type Query struct {
	Below   uint64 // seq
	Limit   int    // 1 to 1000
	Since   time.Time
	Until   time.Time
	Action  string // the whole, or its beginning with the dot: "account."
	Object  string
	Subject ID
}

// Tx is a transaction as the domain sees it: who makes it, when, and the log.
type Tx struct {
	Log
	By  Actor
	Now time.Time
}
