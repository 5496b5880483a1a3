// Package access is the rights of a site: cards and whose they are, claims and their codes,
// doors, grants, schedules and holidays, PINs, and the site's settings. It holds rules and
// commands over a transaction that it declares, and does no I/O of its own.
package access

import (
	"errors"
	"time"

	"badged/sync/hub/people"
)

// ErrCursor is the error of a list whose After no page gave.
var ErrCursor = errors.New("not a cursor")

// ID is the name of an account, a card, a claim or a grant, 16 bytes.
type ID = [16]byte

// CardState is whether a card works.
type CardState string

// The states of a card. The names are those of the wire.
const (
	CardActive    CardState = "active"
	CardPending   CardState = "pending"   // waits for a confirmation, grants nothing
	CardContested CardState = "contested" // bound twice, an operator decides
	CardLost      CardState = "lost"
	CardReplaced  CardState = "replaced"
	CardRevoked   CardState = "revoked"
)

// Dead reports whether a card is lost, replaced or revoked.
func (s CardState) Dead() bool { return s == CardLost || s == CardReplaced || s == CardRevoked }

// Assurance is how well a card is known to be the card.
type Assurance string

// The assurances. The names are those of the wire.
const (
	UID           Assurance = "uid"  // a serial number that anybody can copy
	PACS          Assurance = "pacs" // bits from an access control reader
	Authenticated Assurance = "authenticated"
)

// Card is a card that belongs to somebody.
type Card struct {
	ID        ID // HMAC of the site key and the card's number
	Account   ID
	State     CardState
	Assurance Assurance
	Expires   time.Time // zero: never
	Since     time.Time // bound
}

// Why a card is in conflict.
const (
	ConflictTaken      = "card_taken"       // a terminal refused it: it is somebody else's
	ConflictBoundTwice = "bound_twice"      // two terminals bound it to two accounts
	ConflictClaimUsed  = "claim_used_twice" // two terminals used one claim
	ConflictClaimOver  = "claim_ended"      // the claim had ended, or been ended, unknown to the terminal
	ConflictNoClaim    = "no_such_claim"    // not a claim of this account
	ConflictScope      = "claim_elsewhere"  // the claim is of other doors than that terminal's
	ConflictAccount    = "account_inactive" // the account may own no card now
	ConflictDead       = "card_dead"        // lost, replaced or revoked before
)

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

// CardQuery chooses cards; those with an open conflict come first.
type CardQuery struct {
	Account   ID        // zero: any
	State     CardState // empty: any
	Contested bool      // with an open conflict only
	Temporary bool      // with an end only, passed or to come
	After     string    // cursor that a former page gave
	Limit     int       // 0: all
}

// Cards keeps cards and conflicts.
type Cards interface {
	Card(id ID) (Card, error)                           // people.ErrNotFound
	CardsByID(prefix []byte, limit int) ([]Card, error) // whose id begins so
	CardsOf(account ID) ([]Card, error)                 // oldest first
	PutCard(Card) error                                 // made or changed
	DropCard(id ID) error                               // unknown again
	// ListCards may give a short page, even an empty one, while more follow.
	ListCards(CardQuery) (page []Card, next string, err error)
}

// Conflicts keeps conflicts about cards.
type Conflicts interface {
	AddConflict(Conflict) error                // one that is open already is not added again
	OpenConflicts(card ID) ([]Conflict, error) // not resolved, oldest first; zero: the oldest 1000 of all cards
	ResolveConflicts(card ID) error
	// CountConflicts counts those that a terminal told and that are open, at most limit.
	CountConflicts(terminal string, limit int) (int, error)
}

// ClaimState is whether a claim can still be used.
type ClaimState string

// The states of a claim. The names are those of the wire.
const (
	ClaimLive ClaimState = "live"
	ClaimUsed ClaimState = "used"
	ClaimVoid ClaimState = "void" // ended early: a newer one, a QR, an operator
)

// Claim is the right to bind one card to one account by typing a code. The code is not in it.
type Claim struct {
	ID      ID
	Account ID
	MAC     ID       // keyed, of this claim's id and its code: what terminals get
	Code    ID       // keyed, of the code alone: never leaves the hub, and finds codes that are too near
	Doors   []string // empty: every door of the site
	Issued  time.Time
	Ends    time.Time
	State   ClaimState
	Over    time.Time // when it was used or voided; zero: not
	Card    ID        // that it bound
	Shown   bool      // terminals have a row of it
}

// ClaimQuery chooses claims, newest first.
type ClaimQuery struct {
	Account ID        // zero: any
	Since   time.Time // those that end at that time or later; zero: any
	After   string    // cursor that a former page gave
	Limit   int       // 0: all
}

// Claims keeps claims for good.
type Claims interface {
	Claim(id ID) (Claim, error) // people.ErrNotFound
	PutClaim(Claim) error
	ListClaims(ClaimQuery) (page []Claim, next string, err error)
	// LiveClaimsOf gives the claims of an account that can be used at t; zero: of all.
	LiveClaimsOf(account ID, t time.Time) ([]Claim, error)
	CountLiveClaims(t time.Time, limit int) (int, error) // at most limit
	// CodeIsLive reports whether a claim that can be used at t has the code, by Claim.Code.
	CodeIsLive(code ID, t time.Time) (bool, error)
	// AnyClaimAt reports whether a claim could be used at t, in the past too.
	AnyClaimAt(t time.Time) (bool, error)
	// EachShown passes the claims that terminals have a row of and that ended before t.
	EachShown(t time.Time, fn func(Claim) error) error
}

// Policy is what a door does when it cannot know.
type Policy string

// The policies. The names are those of the wire.
const (
	PolicyDeny  Policy = "deny"
	PolicyStaff Policy = "staff" // grants without an end only
	PolicyAllow Policy = "allow"
)

// Door is a door.
type Door struct {
	Name        string        // in configurations: "front"
	Group       string        // doors that get grants together; empty: none
	Anonymous   bool          // unknown cards make anonymous accounts here
	UnknownTime Policy        // time-limited grants without a known time
	FreshFor    time.Duration // how long its terminal may be without the hub; 0: 72 h
	Stale       Policy        // after that
}

// DoorQuery chooses doors.
type DoorQuery struct {
	people.Listing
	Group string // doors of this group; empty: any
}

// HolidayQuery chooses holidays.
type HolidayQuery struct {
	people.Listing
	From string // the first day, 2026-12-25; empty: any
}

// Lists gives what goes by a name in pages. A page may be short, even empty, while more
// follow: what is looked at has a bound. people.ErrCursor.
type Lists interface {
	ListDoors(DoorQuery) (page []Door, next string, err error)              // people.ByName, ByGroup
	ListSchedules(people.Listing) (page []Schedule, next string, err error) // people.ByName, ByCreated
	ListHolidays(HolidayQuery) (page []Holiday, next string, err error)     // people.ByDay, ByLatest
	DoorGroupNames(limit int) ([]string, error)                             // the first of them
}

// Doors keeps doors.
type Doors interface {
	Door(name string) (Door, error) // people.ErrNotFound
	PutDoor(Door) error
	DropDoor(name string) error
	EachDoor(fn func(Door) error) error // by name
}

// Grant lets an account or a group use a door or a group of doors, or denies it.
type Grant struct {
	ID        ID
	Account   ID     // zero: Group
	Group     uint64 // 0: Account
	Door      string // empty: DoorGroup
	DoorGroup string
	Schedule  uint64    // 0: at any hour
	From, To  time.Time // zero: since ever, for ever; To itself is outside
	Deny      bool      // wins over every grant
}

// GrantQuery chooses grants.
type GrantQuery struct {
	Account   ID
	Group     uint64
	Door      string
	DoorGroup string
	Schedule  uint64
	After     string // cursor that a former page gave
	Limit     int    // 0: all
}

// Grants keeps grants.
type Grants interface {
	Grant(id ID) (Grant, error) // people.ErrNotFound
	PutGrant(Grant) error
	// SameGrant finds one that differs by its id only; people.ErrNotFound.
	SameGrant(Grant) (Grant, error)
	DropGrant(id ID) error
	ListGrants(GrantQuery) (page []Grant, next string, err error)
	// GroupsWithGrant gives the groups with a grant for a door, or for its group, that does
	// not deny, ascending. AccountsWithGrant gives such accounts, by id, behind one.
	GroupsWithGrant(Door) ([]uint64, error)
	AccountsWithGrant(d Door, after []byte, limit int) ([]ID, error)
}

// Window is a part of a week in which a schedule is open, in the site's time zone.
type Window struct {
	Days     uint8 // a bit for each day, Monday is bit 0, Sunday bit 6, holidays bit 7
	From, To int   // minutes since midnight, 0 to 1440; To is outside
}

// Schedule is when grants that name it are in force.
type Schedule struct {
	ID      uint64
	Name    string // unique whatever the case
	Windows []Window
}

// Holiday is a day on which only windows with the bit of holidays are open.
type Holiday struct {
	Day  string // 2026-12-25
	Name string
}

// Schedules keeps schedules and holidays.
type Schedules interface {
	Schedule(id uint64) (Schedule, error)         // people.ErrNotFound
	ScheduleByName(name string) (Schedule, error) // whatever the case; people.ErrNotFound
	AddSchedule(Schedule) (Schedule, error)       // gives it its ID; people.ErrTaken
	PutSchedule(Schedule) error                   // people.ErrTaken
	DropSchedule(id uint64) error
	EachSchedule(fn func(Schedule) error) error // by name
	SetHoliday(h Holiday, on bool) error
	EachHoliday(fn func(Holiday) error) error // by day
}

// PIN is what the hub keeps of a PIN.
type PIN struct {
	MAC     ID // keyed; unique
	Account ID
	Made    time.Time
}

// PINs keeps PINs.
type PINs interface {
	PINByMAC(mac ID) (PIN, error)  // people.ErrNotFound
	PINOf(account ID) (PIN, error) // people.ErrNotFound
	PutPIN(PIN) error              // replaces the account's former one; people.ErrTaken
	DropPIN(account ID) error
	CountPINs(limit int) (int, error) // at most limit
}

// Store keeps what is counted and set.
type Store interface {
	Counter(name string) (uint64, error) // zero if never set
	SetCounter(name string, v uint64) error
	Values() (map[string]string, error) // of all settings that were set; not to be changed
	PutSetting(name, value string) error
}

// Tx is a transaction over rights.
type Tx struct {
	people.Tx
	Cards
	Conflicts
	Claims
	Doors
	Lists
	Grants
	Schedules
	PINs
	Enrolments
	Labels
	Muted
	Store
}
