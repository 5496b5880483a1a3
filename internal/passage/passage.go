// Package passage is the rule of a door: may this account pass with this card at this
// moment, and which grant decides. It is pure. A terminal decides by it, and the hub tells by
// the same code what a terminal would decide.
//
// Deny is the default, and a grant that denies wins. Whatever the program does not understand
// gives no right.
package passage

import "time"

// Reason is why somebody passes or does not. The names are those of the wire.
type Reason uint8

// The reasons.
const (
	KnownCard       Reason = iota // passes
	NoGrant                       // no grant for this door, or none in force
	DeniedGrant                   // a grant that denies
	AccountInactive               // the account is not active, or its time is over
	BindingInactive               // the card does not work, or its time is over
	TimeUnknown                   // a right for a time only, and nobody knows the time
	StaleSnapshot                 // the terminal has not heard from its hub for too long
	ServiceAccount                // an application's account can never be presented
	NotUnderstood                 // the terminal is too old for account, card or door
	OutOfHours                    // a grant whose schedule is shut now
)

var names = [...]string{
	"known_card", "no_grant", "denied_grant", "account_inactive", "binding_inactive", "time_unknown", "stale_snapshot",
	"service_account", "not_understood", "out_of_hours",
}

// String is the name of the reason in events.
func (r Reason) String() string { return names[r] }

// Kind is what an account is for.
type Kind uint8

// The kinds of account.
const (
	UnknownKind Kind = iota // of a newer version: it has no right
	Somebody                // a person, named or anonymous
	Application
)

// Account is what counts of an account.
type Account struct {
	Kind          Kind
	Active        bool      // not created, invited, suspended, merged or erased
	Expires       time.Time // zero: never
	NotUnderstood bool
}

// MayUse reports whether an account may do anything at a terminal. It keeps applications
// out, and accounts that are not active.
func (a Account) MayUse() bool { return a.Kind == Somebody && a.Active }

// Card is what counts of a card that belongs to the account.
type Card struct {
	Active        bool      // not pending, contested, lost, replaced or revoked
	Expires       time.Time // zero: never
	NotUnderstood bool
}

// Policy is what a door does when it cannot know. Any other value denies.
type Policy uint8

// The policies. The numbers are those of the wire.
const (
	Deny  Policy = 1
	Staff Policy = 2 // whoever has a grant without a beginning or an end passes
	Allow Policy = 3
)

// lets reports whether a policy lets somebody pass. staff tells that they have a grant in
// force without a beginning or an end.
func (p Policy) lets(staff bool) bool { return p == Allow || p == Staff && staff }

// DefaultFresh is how old a terminal's copy may be where its door says nothing.
const DefaultFresh = 72 * time.Hour

// Door is the settings of a door.
type Door struct {
	UnknownTime   Policy        // for rights that depend on the time, when nobody knows it
	FreshFor      time.Duration // how long its terminal may be without the hub; 0: DefaultFresh
	Stale         Policy        // after that
	NotUnderstood bool
}

// Moment is when somebody is at the door, as its terminal knows it.
type Moment struct {
	At    time.Time
	Known bool      // the terminal knows the time
	Floor time.Time // a time that has passed, when it does not know it
	Heard time.Time // when it last heard from the hub
}

// Ended reports whether an end has passed, as far as the terminal can tell. The end itself
// is the first moment that is over. A terminal that does not know the time revives nothing
// that had ended when it last knew.
func (m Moment) Ended(end time.Time) bool {
	least := m.At
	if !m.Known {
		least = m.Floor
	}
	return !end.IsZero() && !least.Before(end)
}

// Stale reports whether a door no longer trusts the copy of its terminal. Without a known
// time nobody can tell: UnknownTime covers that.
func (m Moment) Stale(d Door) bool {
	fresh := d.FreshFor
	if fresh == 0 {
		fresh = DefaultFresh
	}
	return m.Known && m.At.Sub(m.Heard) > fresh
}
