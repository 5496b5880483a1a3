package enroll

import (
	"time"

	"badged/internal/clock"
	"badged/reader"
)

// PointKind is what a point does for people.
type PointKind uint8

// The kinds of point.
const (
	Print PointKind = 1 // a panel that logs in
	DoorP PointKind = 2 // a side of a door
)

// Point is one place where a person presents a credential.
type Point struct {
	Name     string
	Kind     PointKind
	Door     string // the door that it opens, for DoorP
	Lang     string // that its panel speaks; empty: the site's
	LogFirst bool   // commit before acting, also for a plain grant
	// NoKeyboard tells that nobody can type or touch the panel of a print point.
	NoKeyboard bool
	Muted      bool // refused entries have no events: the caller counts them
}

// leavesOut reports whether an event is of a refused entry at a muted point.
func (p Point) leavesOut(ev Event) bool {
	return p.Muted && ev.Kind == EventPresentation && ev.Outcome == Refused
}

// Outcome is what a presentation led to.
type Outcome uint8

// The outcomes. The numbers are those of the wire.
const (
	Granted Outcome = 1 // logged in, opened, or bound
	Refused Outcome = 2
	Waiting Outcome = 3 // the other half is awaited: the card, or the code
	Faulty  Outcome = 4 // what arrived cannot be decoded cleanly
)

// Reason says why, from a closed list that only grows: a number is never reused.
// The names and the numbers are the same as in sync/wire.
type Reason uint16

// The reasons.
const (
	ReasonNone          Reason = 0
	KnownCard           Reason = 1  // the card's account logs in or opens
	NewAccount          Reason = 2  // an unknown card made an account
	ClaimBound          Reason = 3  // code and card bound the card
	AwaitCard           Reason = 4  // a good or bad code was typed; a card may follow
	AwaitCode           Reason = 5  // an unknown card where a code may follow
	UnknownCard         Reason = 6  // nobody's card, and nothing is made of it here
	CodeRefused         Reason = 7  // wrong, used, ended, other site, or closed, while a claim is live; the person is never told which
	NoGrant             Reason = 8  // known, but no grant for this door
	DeniedGrant         Reason = 9  // a grant that denies
	AccountInactive     Reason = 10 // created, invited, suspended, merged, erased
	BindingInactive     Reason = 11 // pending, contested, lost, replaced, revoked, ended
	RandomUID           Reason = 12 // a serial number that changes with every tap
	QuotaReached        Reason = 13 // too many new accounts
	RouteOff            Reason = 14 // unknown badges are refused at this site
	CardTaken           Reason = 15 // a claim with a card that belongs to somebody else
	StoreFailed         Reason = 16 // the terminal cannot write; nothing new is granted
	TimeUnknown         Reason = 17 // a time-limited grant and no trusted time
	StaleSnapshot       Reason = 18 // the terminal has not heard from its hub for too long
	BadRead             Reason = 19 // a fault of the reader's
	PINUnknown          Reason = 20
	SignedOut           Reason = 21 // the person ended the session
	SessionIdle         Reason = 22 // time ended the session
	SessionReplaced     Reason = 23 // another badge ended the session
	ProfileEdited       Reason = 24
	DoorForced          Reason = 25
	DoorHeld            Reason = 26
	DoorClosed          Reason = 27
	ExitButton          Reason = 28
	DeviceUp            Reason = 29
	DeviceDown          Reason = 30
	ServiceAccount      Reason = 31 // an application's account can never be presented
	CodeIdle            Reason = 32 // a code while no claim is live: it cannot succeed and counts nothing
	TerminalStarted     Reason = 33
	EntryTimeout        Reason = 34 // the other half did not come in time
	DoorOpened          Reason = 35
	BindOffered         Reason = 36 // the panel offers to bind the card to an account
	DatabaseQuarantined Reason = 37 // a corrupt database was kept aside
	ProfileRefused      Reason = 38 // an edit that the site does not allow
	EventsLost          Reason = 39 // Count events that came while the store could not write
	DeviceAlarm         Reason = 40 // somebody must look at a reader; Why says what for
	DeviceKeyed         Reason = 41 // a reader was given a new key
	CutUID              Reason = 42 // four bytes of a longer serial number, which others share
	AccountsClosed      Reason = 43 // a quota of new accounts is used up: Why says which, Count how many it allows
	AwaitSameCard       Reason = 44 // a good code met a card that waited: the same card must be shown once more
	ClaimsClosed        Reason = 45 // too many wrong codes: claiming by keypad is closed until an operator opens it again
	AlarmOver           Reason = 46 // what a reader raised an alarm for is over; Why says what it was
	SessionLimit        Reason = 47 // the longest time of a session ended it
	NotUnderstood       Reason = 48 // the terminal is too old for what the hub says of the account, card, door or site
	OutOfHours          Reason = 49 // a grant for this door, whose schedule does not say now
	KnownPIN            Reason = 50 // the PIN's account logs in
	PINDelayed          Reason = 51 // after wrong PINs this point takes none for a while
	NoticeAccepted      Reason = 52 // Count is the version of the notice that the person agreed to
	NoticeRefused       Reason = 53 // or refused
	CardAdded           Reason = 54 // to the account of a session that a PIN opened
)

// Decision is the result of one presentation. Every presentation has exactly one.
type Decision struct {
	Outcome Outcome
	Reason  Reason
	Account Account    // zero: nobody
	Card    CardID     // that was presented; zero: none
	Cue     reader.Cue // what the reader shows
	Login   bool       // a print point opens a session
	Open    bool       // a door point energises its relay
	Counted bool       // its event was left out, because the point is muted
}

// EventKind is what an Event reports.
type EventKind uint8

// The kinds of event. The numbers are those of the wire.
const (
	EventPresentation EventKind = 1 // a card, code or PIN and what it led to
	EventEnrolment    EventKind = 2 // an account or a binding was made
	EventSession      EventKind = 3 // a panel logged out
	EventEdit         EventKind = 4 // a profile was changed at a panel
	EventDoor         EventKind = 5 // contact, exit button, forced, held
	EventDevice       EventKind = 6 // a reader, the terminal itself
	EventNotice       EventKind = 7 // the answer to the privacy notice at a panel
)

// Stream is the queue that an event travels in.
type Stream uint8

// The streams. The numbers are those of the wire.
const (
	StreamEvents   Stream = 1 // routine
	StreamSecurity Stream = 2 // enrolment, edits, tamper, lockout: never waits behind routine
)

// Event is one thing that happened. The store gives it its place in the order.
type Event struct {
	Order   uint64 // terminal-wide, from 1; set by the store
	Seq     uint64 // within its stream, from 1; set by the store
	Kind    EventKind
	At      clock.Stamp
	Point   string
	Door    string // of the point; empty at a printer
	Device  string // the reader, for EventDevice and faults
	Outcome Outcome
	Reason  Reason
	Account AccountID
	Card    CardID
	Claim   ClaimID
	Number  uint64 // of a new anonymous account; 0: provisional
	Label   string // provisional name of a new account
	Why     reader.Why
	// Count is of what Reason says: the events that were lost or that this one stands for,
	// the accounts that a quota allows, how often claiming was opened again, the version of
	// the notice that was answered.
	Count uint64
	// Assurance is how well the reader knew the card that was bound; 0: none was.
	Assurance Assurance
	Edit      *Edit // EventEdit: the profile as saved; EventEnrolment: the language of a new account
}

// Stream is the queue of the event: changes of rights or accounts go ahead of routine.
func (e Event) Stream() Stream {
	switch {
	case e.Kind == EventEnrolment, e.Kind == EventEdit, e.Kind == EventNotice, e.Reason == CodeRefused, e.Reason == CodeIdle, e.Reason == DoorForced, e.Reason == DeviceAlarm, e.Reason == AlarmOver, e.Reason == DeviceKeyed, e.Reason == ClaimsClosed, e.Reason == PINDelayed && e.Kind == EventDevice, e.Reason == AccountsClosed:
		return StreamSecurity
	default:
		return StreamEvents
	}
}

// Edit is a profile as a person entered it. Engine.Edit ignores fields that the site does not
// let people edit.
type Edit struct {
	Name  string
	Email string // empty: the one that the hub has stays
	Lang  string
}

// Tally is a counter that survives a power cut: wrong codes, new accounts.
type Tally struct {
	Count int64
	Since time.Time
}
