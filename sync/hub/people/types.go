// Package people is the accounts of a site: who they are, what they go by, their groups and
// their states. It holds rules and commands over a transaction that it declares, and does
// no I/O of its own.
package people

import (
	"errors"
	"time"

	"badged/sync/hub/mail"
)

// ID is the name of an account, 16 bytes: random, or for an anonymous one made of its card.
type ID = [16]byte

// ErrNotFound is the error of a look-up without a result.
var ErrNotFound = errors.New("not found")

// Kind is what an account is for.
type Kind string

// The kinds of account. The names are those of the wire.
const (
	Person    Kind = "person"
	Anonymous Kind = "anonymous" // anonymN, made at a print point
	Service   Kind = "service"   // an application; never logs in, opens or owns a card
)

// State is where an account is in its life.
type State string

// The states of an account. The names are those of the wire.
//
//	created -> invited -> active <-> suspended
//	any -> merged, any -> erased (both final)
const (
	Created   State = "created"
	Invited   State = "invited"
	Active    State = "active"
	Suspended State = "suspended"
	Merged    State = "merged"
	Erased    State = "erased"
)

// Final reports whether an account never leaves this state again.
func (s State) Final() bool { return s == Merged || s == Erased }

// Role is what an account may do on the web.
type Role string

// The roles.
const (
	User  Role = "user"
	Admin Role = "admin"
)

// Source is how an account came to be.
type Source string

// The sources.
const (
	ByOperator  Source = "local"
	BySelf      Source = "self"
	ByMail      Source = "mail"
	ByJob       Source = "job"
	ByBadge     Source = "badge"
	ByImport    Source = "import"
	ByDirectory Source = "directory"
)

// Account is one account.
type Account struct {
	ID    ID
	Kind  Kind
	State State

	First, Last string // of a person; may be empty
	// NameAttested tells that an operator gave the name. One that somebody typed about
	// themselves never decides whom an operator means.
	NameAttested bool
	Email        string    // for log-in; given by an operator, or verified
	EmailKey     string    // canonical; unique among accounts that are not final
	Verified     time.Time // of Email; zero: not
	TypedEmail   string    // typed at a panel and not confirmed: decides nothing
	Lang         string    // "fr" or "en"; empty: the site's

	Number  uint64   // N of anonymN; 0: none
	Aliases []uint64 // numbers of accounts that were merged into it

	Role     Role
	Rights   []Right // of a user, in the order of AllRights; an administrator has all
	Source   Source
	External string    // its id in a directory or an import
	Expires  time.Time // zero: never
	Created  time.Time
	MergedTo ID // zero: not merged
}

// Group is accounts that get rights together.
type Group struct {
	ID   uint64 // small, and never given again: it travels in every account's row
	Name string // unique whatever the case
}

// Edit is one version of a profile: what was there before, and what was asked.
type Edit struct {
	Account  ID
	Terminal string // empty: not at a terminal
	Order    uint64 // in the terminal's order
	At       time.Time
	Before   Profile
	After    Profile
	Waits    bool // After.Name is not in force before the owner of the account confirms it
}

// Profile is what a person can change about themselves.
type Profile struct {
	Name  string `json:"name"` // full
	Email string `json:"email"`
	Lang  string `json:"lang"`
}

// MergeRequest is somebody who typed an e-mail that is another's: kept apart until that
// other confirms.
type MergeRequest struct {
	Account  ID // who typed it
	Into     ID // whose address it is
	Terminal string
	At       time.Time
}

// Query chooses accounts and their order. With Search the order is that of the words found,
// within a Group that of names.
type Query struct {
	Search string // beginnings of words of a name, or of an e-mail
	Kind   Kind   // empty: any
	State  State  // empty: any but merged and erased
	Group  uint64 // 0: any
	People bool   // whoever walks and prints: no applications
	Order  Order
	After  string // cursor that a former page gave; empty: from the beginning
	Limit  int    // 1 to 1000
}

// Order is how a list of accounts is sorted.
type Order string

// The orders.
const (
	ByName    Order = "name"
	ByCreated Order = "created" // newest first
	ByNumber  Order = "number"
)

// The orders of other lists.
const (
	ByGroup  Order = "group"
	ByDay    Order = "day"
	ByLatest Order = "latest" // the latest day first
)

// Listing chooses from the things of a list by their names, and their order. With Search the
// order is that of the words found.
type Listing struct {
	Search string // beginnings of words of the name; empty: any
	Order  Order  // one that the list has; empty: its first
	After  string // cursor that a former page gave; empty: from the beginning
	Limit  int    // 1 to 1000
}

// Accounts keeps accounts.
type Accounts interface {
	Account(id ID) (Account, error)             // ErrNotFound
	AccountByEmail(key string) (Account, error) // not a final one; ErrNotFound
	AccountByNumber(n uint64) (Account, error)  // its number or an alias, not a merged one; ErrNotFound
	// PutAccount makes or changes an account. ErrTaken: another one that is not final has
	// the e-mail key.
	PutAccount(Account) error
	DropAccount(id ID) error // purged: as if it had never been, but for its number
}

// Directory finds accounts.
type Directory interface {
	AccountsByID(prefix []byte, limit int) ([]Account, error) // whose id begins so
	AccountsByName(key string, limit int) ([]Account, error)  // not final ones, by NameKey
	// ListAccounts gives a page and the cursor of the next one, empty after the last.
	// A page may be short, even empty, while more follow: what is looked at has a bound.
	ListAccounts(Query) (page []Account, next string, err error)
	// EachLapsed passes the anonymous, active accounts that expired at t or before.
	EachLapsed(t time.Time, fn func(Account) error) error
	// CountUnclaimed counts the anonymous, active accounts that have an end, up to most.
	CountUnclaimed(most int) (int, error)
	AccountsByExternal(external string, limit int) ([]Account, error) // not final ones
	// MergedInto gives the accounts that were merged into one, at most limit.
	MergedInto(id ID, limit int) ([]Account, error)
	// Administrators gives accounts with the role admin that are not final.
	Administrators(limit int) ([]Account, error)
}

// ErrCursor is the error of a list for a cursor that it did not give.
var ErrCursor = errors.New("not a cursor of this list")

// ErrTaken is the error of PutAccount for an e-mail that is another's.
var ErrTaken = errors.New("taken")

// Groups keeps groups and their members.
type Groups interface {
	Group(id uint64) (Group, error)                      // ErrNotFound
	GroupByName(name string) (Group, error)              // whatever the case; ErrNotFound
	AddGroup(name string) (Group, error)                 // ErrTaken
	PutGroup(Group) error                                // ErrTaken
	DropGroup(id uint64) error                           // with its members
	EachGroup(fn func(g Group, members int) error) error // by name
	SetMember(group uint64, account ID, member bool) error
	GroupsOf(account ID) ([]uint64, error) // ascending
}

// CountedGroup is a group and how many members it has.
type CountedGroup struct {
	Group
	Members int
}

// Lists gives what goes by a name in pages. A page may be short, even empty, while more
// follow: what is looked at has a bound. ErrCursor.
type Lists interface {
	ListGroups(Listing) (page []CountedGroup, next string, err error) // ByName, ByCreated
	ListImports(Listing) (page []Import, next string, err error)      // ByCreated, ByName
}

// DoorGroups tells which groups mean something at doors; what they may there is access's.
type DoorGroups interface {
	// GivesDoors reports whether members of a group have rights at doors by it, or are kept out.
	GivesDoors(group uint64) (bool, error)
}

// Numbers are the N of anonymN: each has one owner for ever.
type Numbers interface {
	// AssignNumber gives n to the account unless it has an owner, and tells the owner. An
	// owner that was purged goes by it again.
	AssignNumber(n uint64, account ID) (owner ID, err error)
	// MoveNumbers lets an account go by all numbers that another goes by, in its place.
	MoveNumbers(from, into ID) error
	// LastNumber is the highest number that the account got; 0: none.
	LastNumber(account ID) (uint64, error)
	// TakeNumbers gives out the next n numbers; the first of them is returned. None is ever
	// given out again.
	TakeNumbers(n uint64) (first uint64, err error)
	// AddSeen notes that the account was shown under a number that is another's, and SeenBy
	// gives those that were.
	AddSeen(n uint64, account ID) error
	SeenBy(n uint64) ([]ID, error)
}

// Profiles keeps the versions of profiles and what waits for a confirmation.
type Profiles interface {
	AddEdit(Edit) error
	Edits(account ID) ([]Edit, error) // oldest first
	SettleEdits(account ID) error     // none of them waits any more
	DropEdits(account ID) error
	PutMergeRequest(MergeRequest) error            // one for each account and into
	MergeRequests(into ID) ([]MergeRequest, error) // zero: all
	DropMergeRequests(account ID) error            // that it made
}

// Import is a list of people that was brought in, or is being.
type Import struct {
	ID      ID
	Name    string   // of the file
	Sum     [32]byte // SHA-256 of its bytes
	State   State    // Active for new accounts, or Created
	Lines   int
	Done    int // lines that are in
	Made    int // of them
	Changed int
	Same    int
	Wrong   int
	Started time.Time
	Undo    ImportUndo
	Undone  int // lines that were looked at to be taken back
}

// ImportUndo is how far an import was taken back.
type ImportUndo string

// The steps of taking back.
const (
	NotUndone ImportUndo = ""
	Undoing   ImportUndo = "undoing"
	Undone    ImportUndo = "undone"
)

// ImportLine is what became of one line that was not the same before.
type ImportLine struct {
	Line    int    // in the file
	Result  string // "new", "changed", "error"
	Account ID     // zero: none
	Code    string // of the refusal
}

// Imports keeps what became of lists.
type Imports interface {
	PutImport(Import) error
	Import(id ID) (Import, error)          // ErrNotFound
	ImportOf(sum [32]byte) (Import, error) // the latest of a file; ErrNotFound
	AddImportLine(imp ID, l ImportLine) error
	ImportLines(imp ID, after, limit int) ([]ImportLine, error) // by line
}

// Tx is a transaction over people.
type Tx struct {
	mail.Tx
	Accounts
	Directory
	Groups
	Lists
	DoorGroups
	Numbers
	Profiles
	Imports
	Credentials
	Links
	Sessions
	Throttle
	Permissions
	Services
	Notices
}
