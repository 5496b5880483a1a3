package enroll

import (
	"encoding/hex"
	"fmt"
	"time"

	"badged/internal/timetable"
)

// The ids. Each is 16 bytes; internal/sitekey makes those that depend on a card.
type (
	AccountID [16]byte // random, or for an anonymous account made of its card
	CardID    [16]byte // HMAC of the site key and the card's number
	ClaimID   [16]byte // random
	GrantID   [16]byte // random
	CodeMAC   [16]byte // HMAC of the site key, a claim's id and its code
	PINMAC    [16]byte // HMAC of the site key and a PIN
)

// String is the first four bytes in hex: enough to tell accounts apart in a log.
func (id AccountID) String() string { return hex.EncodeToString(id[:4]) }

// IsZero reports whether there is no account.
func (id AccountID) IsZero() bool { return id == AccountID{} }

// IsZero reports whether there is no card.
func (id CardID) IsZero() bool { return id == CardID{} }

// IsZero reports whether there is no claim.
func (id ClaimID) IsZero() bool { return id == ClaimID{} }

// AccountKind is what an account is for.
type AccountKind uint8

// The kinds of account. The numbers are those of the wire.
const (
	Person    AccountKind = 1
	Anonymous AccountKind = 2 // anonymN, made at a print point
	Service   AccountKind = 3 // an application; never logs in, opens or owns a card
)

// AccountState is where an account is in its life.
type AccountState uint8

// The states of an account. The numbers are those of the wire.
//
//	Created -> Invited -> Active <-> Suspended
//	Anonymous accounts start Active. Any -> Merged, any -> Erased (both final).
const (
	Created   AccountState = 1
	Invited   AccountState = 2
	Active    AccountState = 3
	Suspended AccountState = 4
	Merged    AccountState = 5
	Erased    AccountState = 6

	// AccountNotUnderstood is the state of an account whose row says something that must be
	// understood and that this version does not know. It does not travel, nor do the others
	// of that name: whatever is not understood gives no right until the program is updated.
	AccountNotUnderstood AccountState = 255
)

// Account is somebody, as a terminal knows them.
type Account struct {
	ID    AccountID
	Kind  AccountKind
	State AccountState
	// Number is N of anonymN. 0 on an anonymous account: the lease was used up,
	// the account goes by Label until the hub numbers it.
	Number  uint64
	Aliases []uint64  // numbers of anonymous accounts that were merged into this one
	Label   string    // provisional name of an unnumbered anonymous account
	Name    string    // full name; may be empty
	Lang    string    // "fr" or "en"; empty: the site's
	Expires time.Time // zero: never
	Groups  GroupSet
	// EmailState is of its address, which the hub keeps.
	EmailState EmailState
	// Offered is what a panel offers it; the index does not hold it.
	Offered Offered
}

// EmailState is how far an account's e-mail is known to be its own.
type EmailState uint8

// The states of an e-mail. The numbers are those of the wire.
const (
	EmailNone      EmailState = 0
	EmailToConfirm EmailState = 1 // somebody typed it
	EmailConfirmed EmailState = 2
)

// DisplayName is what a panel shows: the full name, or else anonymN.
func (a Account) DisplayName() string {
	switch {
	case a.Name != "":
		return a.Name
	case a.Number > 0:
		return fmt.Sprintf("anonym%d", a.Number)
	default:
		return a.Label
	}
}

// BindingState is whether a card works.
type BindingState uint8

// The states of a binding. The numbers are those of the wire.
const (
	BindingActive    BindingState = 1
	BindingPending   BindingState = 2 // waits for a confirmation, grants nothing
	BindingContested BindingState = 3 // bound twice, an operator decides
	BindingLost      BindingState = 4
	BindingReplaced  BindingState = 5
	BindingRevoked   BindingState = 6

	BindingNotUnderstood BindingState = 255 // the card is somebody's, and works nowhere
)

// Assurance is how well a card is known to be the card.
type Assurance uint8

// The assurances. The numbers are those of the wire.
const (
	AssuranceUID           Assurance = 1 // a serial number that anybody can copy
	AssurancePACS          Assurance = 2 // bits from an access control reader
	AssuranceAuthenticated Assurance = 3 // cryptography between card and reader
)

// Binding is a card that belongs to an account.
type Binding struct {
	Card      CardID
	Account   AccountID
	State     BindingState
	Assurance Assurance
	Expires   time.Time // zero: never
}

// ClaimState is whether a claim can still be used.
type ClaimState uint8

// The states of a claim. The numbers are those of the wire.
const (
	ClaimLive ClaimState = 1
	ClaimUsed ClaimState = 2
	ClaimVoid ClaimState = 3 // ended early: a newer one, a QR, an operator

	ClaimNotUnderstood ClaimState = 255 // no code binds a card with it
)

// Claim is the right to bind one card to one account by typing a code.
type Claim struct {
	ID      ClaimID
	Account AccountID
	MAC     CodeMAC
	Ends    time.Time
	Doors   []string // empty: every door of the site
	State   ClaimState
}

// Grant says that an account or a group may use a door. One that is not understood is as if
// absent, unless it denies: then it denies at any time.
type Grant struct {
	ID       GrantID
	Account  AccountID // zero: Group's
	Group    uint64    // 0: Account's
	Door     string
	Schedule uint64    // 0: at any hour
	From     time.Time // zero: since ever
	To       time.Time // zero: for ever
	Deny     bool      // wins over every grant

	NotUnderstood bool
}

// Schedule is when the grants that name it are in force.
type Schedule struct {
	ID      uint64
	Windows []timetable.Window

	NotUnderstood bool // as if there were no such schedule
}

// Holidays are the days on which only the windows of holidays are open.
type Holidays struct {
	Days []timetable.Day // ascending

	NotUnderstood bool // no schedule can be read
}

// PIN is whose a PIN is.
type PIN struct {
	MAC     PINMAC
	Account AccountID

	NotUnderstood bool // nobody logs in with it
}

// Policy is what a door does when it cannot know: with an unknown time or an old
// snapshot.
type Policy uint8

// The policies. The numbers are those of the wire.
const (
	PolicyDeny  Policy = 1
	PolicyStaff Policy = 2 // grants without an end only
	PolicyAllow Policy = 3
)

// Door is a door as the hub describes it.
type Door struct {
	ID          string // its name in configurations: "front"
	Anonymous   bool   // this door makes anonymN accounts out of unknown cards
	UnknownTime Policy
	FreshFor    time.Duration // 0: 72 h
	Stale       Policy

	NotUnderstood bool // it lets nobody in and binds no card
}

// Route is what a print point does with an unknown badge.
type Route uint8

// The routes. The numbers are those of the wire.
const (
	RouteRefuse Route = 1
	RouteBind   Route = 2 // offer to bind it to an existing account
	RouteCreate Route = 3
)

// Confirm is who must confirm a binding before it grants anything.
type Confirm uint8

// The confirmations. The numbers are those of the wire.
const (
	ConfirmNone  Confirm = 1
	ConfirmOwner Confirm = 2
	ConfirmAdmin Confirm = 3
)

// Site is the settings that the hub sends to every terminal.
type Site struct {
	Name          string
	UnknownBadge  Route
	Confirm       Confirm
	Lang          string         // "fr" or "en"
	EditProfile   bool           // false: only the language
	CodeDigits    int            // of a claim code, 4 to 8
	ClaimWindow   time.Duration  // between code and card
	GuessBudget   int            // wrong codes while a claim is live, per site
	ClaimsClosed  bool           // the budget is spent until an operator acknowledges
	ClaimsEpoch   uint64         // grows when an operator acknowledges: a fresh budget
	QuotaBurst    int            // new accounts in 10 minutes, per terminal
	QuotaDay      int            // new accounts in 24 hours, per terminal
	QuotaSite     int            // unclaimed anonymous accounts on the site
	AnonymousLife time.Duration  // of an unclaimed anonymous account
	SessionIdle   time.Duration  // of a panel
	SessionMax    time.Duration  // of a session, whatever happens in it
	OneCard       bool           // a new card replaces the one that somebody has
	PINLength     int            // of every PIN; 0: they differ, and # ends one
	Ask           string         // whom people at a panel are told to ask; empty: the reception
	TimeZone      string         // its name, to show
	Zone          timetable.Zone // its clocks; empty: not known, and no schedule can be read

	NotUnderstood bool // unknown badges are refused, codes bind nothing, profiles stay
}

// DefaultSite is the settings of a site until its hub sends others.
func DefaultSite() Site {
	return Site{
		UnknownBadge:  RouteCreate,
		Confirm:       ConfirmNone,
		Lang:          "fr",
		EditProfile:   true,
		CodeDigits:    4,
		ClaimWindow:   30 * time.Second,
		GuessBudget:   8,
		QuotaBurst:    60, // a first Monday: everybody comes within the hour
		QuotaDay:      300,
		QuotaSite:     2000,
		AnonymousLife: 30 * 24 * time.Hour,
		SessionIdle:   60 * time.Second,
		SessionMax:    10 * time.Minute,
	}
}
