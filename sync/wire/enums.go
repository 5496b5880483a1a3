package wire

import (
	"fmt"
	"strconv"
)

// The enumerations of the protocol, each typed once, with the names that logs, tools and
// the hub's interface show. The lists only grow: a number is never reused. Zero is no
// value, except in Clock and EmailState. enroll has domain types of its own; a test
// of enroll/store holds them against these.

// AccountKind is what an account is for.
type AccountKind uint64

// The kinds of account.
const (
	KindPerson    AccountKind = 1
	KindAnonymous AccountKind = 2 // anonymN, made at a print point
	KindService   AccountKind = 3 // an application; never logs in, opens or owns a card
)

// AccountState is where an account is in its life.
type AccountState uint64

// The states of an account.
//
//	Created -> Invited -> Active <-> Suspended
//	Anonymous accounts start Active. Any -> Merged, any -> Erased (both final).
const (
	AccountCreated   AccountState = 1
	AccountInvited   AccountState = 2
	AccountActive    AccountState = 3
	AccountSuspended AccountState = 4
	AccountMerged    AccountState = 5
	AccountErased    AccountState = 6
)

// BindingState is whether a card works.
type BindingState uint64

// The states of a binding.
const (
	BindingActive    BindingState = 1
	BindingPending   BindingState = 2 // waits for a confirmation, grants nothing
	BindingContested BindingState = 3 // bound twice, an operator decides
	BindingLost      BindingState = 4
	BindingReplaced  BindingState = 5
	BindingRevoked   BindingState = 6
)

// Assurance is how well a card is known to be the card.
type Assurance uint64

// The assurances.
const (
	AssuranceUID           Assurance = 1 // a serial number that anybody can copy
	AssurancePACS          Assurance = 2 // bits from an access control reader
	AssuranceAuthenticated Assurance = 3 // cryptography between card and reader
)

// ClaimState is whether a claim can still be used.
type ClaimState uint64

// The states of a claim.
const (
	ClaimLive ClaimState = 1
	ClaimUsed ClaimState = 2
	ClaimVoid ClaimState = 3 // ended early: a newer one, a QR, an operator
)

// Route is what a print point does with an unknown badge.
type Route uint64

// The routes.
const (
	RouteRefuse Route = 1
	RouteBind   Route = 2 // offer to bind it to an existing account
	RouteCreate Route = 3
)

// Confirm is who must confirm a binding before it grants anything.
type Confirm uint64

// The confirmations.
const (
	ConfirmNone  Confirm = 1
	ConfirmOwner Confirm = 2
	ConfirmAdmin Confirm = 3
)

// Policy is what a door does when it cannot know.
type Policy uint64

// The policies.
const (
	PolicyDeny  Policy = 1
	PolicyStaff Policy = 2 // grants without an end only
	PolicyAllow Policy = 3
)

// Stream is one of the queues of events.
type Stream uint64

// The streams.
const (
	StreamEvents   Stream = 1 // routine
	StreamSecurity Stream = 2 // enrolment, edits, tamper: never waits behind routine
)

// Clock is how far a terminal knows the time.
type Clock uint64

// The states of a clock.
const (
	ClockUnknown  Clock = 0
	ClockHoldover Clock = 1
	ClockTrusted  Clock = 2
)

// EventKind is what an event reports.
type EventKind uint64

// The kinds of event.
const (
	EventPresentation EventKind = 1 // a card, code or PIN and what it led to
	EventEnrolment    EventKind = 2 // an account or a binding was made
	EventSession      EventKind = 3 // a panel logged out
	EventEdit         EventKind = 4 // a profile was changed at a panel
	EventDoor         EventKind = 5 // contact, exit button, forced, held
	EventDevice       EventKind = 6 // a reader, the terminal itself
	EventNotice       EventKind = 7 // the answer to the privacy notice at a panel
)

// Outcome is what a presentation led to.
type Outcome uint64

// The outcomes.
const (
	OutcomeGranted Outcome = 1
	OutcomeRefused Outcome = 2
	OutcomeWaiting Outcome = 3 // the other half is awaited: the card, or the code
	OutcomeFaulty  Outcome = 4 // what arrived cannot be decoded cleanly
)

// ServiceKind is what a service does.
type ServiceKind uint64

// The kinds of service.
const (
	ServicePrint ServiceKind = 1
	ServiceCopy  ServiceKind = 2
	ServiceScan  ServiceKind = 3
	ServiceFax   ServiceKind = 4
	ServiceLink  ServiceKind = 5 // a page that it leads to
)

// EmailState is how far an account's e-mail is known to be its own.
type EmailState uint64

// The states of an e-mail.
const (
	EmailNone      EmailState = 0 // there is none
	EmailToConfirm EmailState = 1 // somebody typed it
	EmailConfirmed EmailState = 2 // an operator gave it, or its owner confirmed it
)

// UpdatePhase is how far a terminal is with a release.
type UpdatePhase uint64

// The phases of an update.
//
//	Fetching -> Ready -> Installing -> Trial -> the release is installed
//	                         |           +----> Failed
//	                         +--------------> Failed
const (
	UpdateFetching   UpdatePhase = 1
	UpdateReady      UpdatePhase = 2 // all pieces are on the disk and whole
	UpdateInstalling UpdatePhase = 3
	UpdateTrial      UpdatePhase = 4 // it runs, and has yet to be found healthy
	UpdateFailed     UpdatePhase = 5 // it was refused, or the release of before runs again
)

// Enum is the constraint that all enumerations satisfy.
type Enum interface {
	~uint64
	fmt.Stringer
	table() *enumTable
}

// enumTable holds the names of an enumeration: first is its lowest value, other stands
// before a number that has no name.
type enumTable struct {
	first uint64
	other string
	names []string // by value
}

var (
	accountKinds  = enumTable{1, "kind_", []string{"", "person", "anonymous", "service"}}
	accountStates = enumTable{1, "state_", []string{"", "created", "invited", "active", "suspended", "merged", "erased"}}
	bindingStates = enumTable{1, "state_", []string{"", "active", "pending", "contested", "lost", "replaced", "revoked"}}
	assurances    = enumTable{1, "assurance_", []string{"", "uid", "pacs", "authenticated"}}
	claimStates   = enumTable{1, "state_", []string{"", "live", "used", "void"}}
	routes        = enumTable{1, "route_", []string{"", "refuse", "bind", "create"}}
	confirms      = enumTable{1, "confirm_", []string{"", "none", "owner", "admin"}}
	policies      = enumTable{1, "policy_", []string{"", "deny", "staff", "allow"}}
	streams       = enumTable{1, "stream_", []string{"none", MsgEvents, MsgSecurity}}
	clocks        = enumTable{0, "clock_", []string{"unknown", "holdover", "trusted"}}
	eventKinds    = enumTable{1, "kind_", []string{"none", "presentation", "enrolment", "session", "edit", "door", "device", "notice"}}
	outcomes      = enumTable{1, "outcome_", []string{"none", "granted", "refused", "waiting", "faulty"}}
	collections   = enumTable{1, "collection_", []string{"none", "config", "doors", "accounts", "cards", "grants", "claims", "leases", "trust", "schedules", "pins", "services", "offers"}}
	serviceKinds  = enumTable{1, "service_", []string{"", "print", "copy", "scan", "fax", "link"}}
	emailStates   = enumTable{0, "email_", []string{"none", "to_confirm", "confirmed"}}
	updatePhases  = enumTable{1, "phase_", []string{"none", "fetching", "ready", "installing", "trial", "failed"}}
)

func (AccountKind) table() *enumTable  { return &accountKinds }
func (AccountState) table() *enumTable { return &accountStates }
func (BindingState) table() *enumTable { return &bindingStates }
func (Assurance) table() *enumTable    { return &assurances }
func (ClaimState) table() *enumTable   { return &claimStates }
func (Route) table() *enumTable        { return &routes }
func (Confirm) table() *enumTable      { return &confirms }
func (Policy) table() *enumTable       { return &policies }
func (Stream) table() *enumTable       { return &streams }
func (Clock) table() *enumTable        { return &clocks }
func (EventKind) table() *enumTable    { return &eventKinds }
func (Outcome) table() *enumTable      { return &outcomes }
func (Collection) table() *enumTable   { return &collections }
func (ServiceKind) table() *enumTable  { return &serviceKinds }
func (EmailState) table() *enumTable   { return &emailStates }
func (UpdatePhase) table() *enumTable  { return &updatePhases }

// String is the kind's name: "person".
func (k AccountKind) String() string { return nameOf(k) }

// String is the state's name: "active".
func (s AccountState) String() string { return nameOf(s) }

// String is the state's name: "contested".
func (s BindingState) String() string { return nameOf(s) }

// String is the assurance's name: "pacs".
func (a Assurance) String() string { return nameOf(a) }

// String is the state's name: "live".
func (s ClaimState) String() string { return nameOf(s) }

// String is the route's name: "create".
func (r Route) String() string { return nameOf(r) }

// String is the confirmation's name: "owner".
func (c Confirm) String() string { return nameOf(c) }

// String is the policy's name: "deny".
func (p Policy) String() string { return nameOf(p) }

// String is the stream's name, which is also the kind of message that carries its
// frames: "ev", "sec".
func (s Stream) String() string { return nameOf(s) }

// String is the state's name: "trusted".
func (c Clock) String() string { return nameOf(c) }

// String is the kind's name: "presentation".
func (k EventKind) String() string { return nameOf(k) }

// String is the outcome's name: "granted".
func (o Outcome) String() string { return nameOf(o) }

// String is the reason's name: "known_card".
func (r Reason) String() string { return nameOf(r) }

// String is the collection's name: "accounts".
func (c Collection) String() string { return nameOf(c) }

// String is the kind's name: "print".
func (k ServiceKind) String() string { return nameOf(k) }

// String is the state's name: "to_confirm".
func (s EmailState) String() string { return nameOf(s) }

// String is the phase's name: "fetching".
func (p UpdatePhase) String() string { return nameOf(p) }

// nameOf is the name of a value; one that this version does not know has a name like
// "reason_99".
func nameOf[T Enum](v T) string {
	t := v.table()
	if n := uint64(v); n < uint64(len(t.names)) {
		return t.names[n]
	}
	return t.other + strconv.FormatUint(uint64(v), 10)
}

// Known reports whether this version has a meaning for a value.
func Known[T Enum](v T) bool {
	t := v.table()
	return uint64(v) >= t.first && uint64(v) < uint64(len(t.names))
}

// Names gives the names of an enumeration's values, in their order.
func Names[T Enum]() []string {
	var zero T
	t := zero.table()
	return t.names[t.first:]
}

// Parse returns the value with a name; false if there is none.
func Parse[T Enum](name string) (T, bool) {
	for i, s := range Names[T]() {
		if s == name {
			var zero T
			return T(uint64(i) + zero.table().first), true
		}
	}
	return 0, false
}
