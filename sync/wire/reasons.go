package wire

// Reason says why, from a closed list that only grows: a number is never reused.
type Reason uint64

// The reasons.
const (
	ReasonNone                Reason = 0
	ReasonKnownCard           Reason = 1  // the card's account logs in or opens
	ReasonNewAccount          Reason = 2  // an unknown card made an account
	ReasonClaimBound          Reason = 3  // code and card bound the card
	ReasonAwaitCard           Reason = 4  // a good or bad code was typed; a card may follow
	ReasonAwaitCode           Reason = 5  // an unknown card where a code may follow
	ReasonUnknownCard         Reason = 6  // nobody's card, and nothing is made of it here
	ReasonCodeRefused         Reason = 7  // wrong, used, ended, other site, or closed, while a claim is live; the person is never told which
	ReasonNoGrant             Reason = 8  // known, but no grant for this door
	ReasonDeniedGrant         Reason = 9  // a grant that denies
	ReasonAccountInactive     Reason = 10 // created, invited, suspended, merged, erased
	ReasonBindingInactive     Reason = 11 // pending, contested, lost, replaced, revoked, ended
	ReasonRandomUID           Reason = 12 // a serial number that changes with every tap
	ReasonQuotaReached        Reason = 13 // too many new accounts
	ReasonRouteOff            Reason = 14 // unknown badges are refused at this site
	ReasonCardTaken           Reason = 15 // a claim with a card that belongs to somebody else
	ReasonStoreFailed         Reason = 16 // the terminal cannot write; nothing new is granted
	ReasonTimeUnknown         Reason = 17 // a time-limited grant and no trusted time
	ReasonStaleSnapshot       Reason = 18 // the terminal has not heard from its hub for too long
	ReasonBadRead             Reason = 19 // a fault of the reader's
	ReasonPINUnknown          Reason = 20
	ReasonSignedOut           Reason = 21 // the person ended the session
	ReasonSessionIdle         Reason = 22 // time ended the session
	ReasonSessionReplaced     Reason = 23 // another badge ended the session
	ReasonProfileEdited       Reason = 24
	ReasonDoorForced          Reason = 25
	ReasonDoorHeld            Reason = 26
	ReasonDoorClosed          Reason = 27
	ReasonExitButton          Reason = 28
	ReasonDeviceUp            Reason = 29
	ReasonDeviceDown          Reason = 30
	ReasonServiceAccount      Reason = 31 // an application's account can never be presented
	ReasonCodeIdle            Reason = 32 // a code while no claim is live: it cannot succeed and counts nothing
	ReasonTerminalStarted     Reason = 33
	ReasonEntryTimeout        Reason = 34 // the other half did not come in time
	ReasonDoorOpened          Reason = 35
	ReasonBindOffered         Reason = 36 // the panel offers to bind the card to an account
	ReasonDatabaseQuarantined Reason = 37 // a corrupt database was kept aside
	ReasonProfileRefused      Reason = 38 // an edit that the site does not allow
	ReasonEventsLost          Reason = 39 // Count events that came while the store could not write
	ReasonDeviceAlarm         Reason = 40 // somebody must look at a reader; Why says what for
	ReasonDeviceKeyed         Reason = 41 // a reader was given a new key
	ReasonCutUID              Reason = 42 // four bytes of a longer serial number, which others share
	ReasonAccountsClosed      Reason = 43 // a quota of new accounts is used up: Why says which, Count how many it allows
	ReasonAwaitSameCard       Reason = 44 // a good code met a card that waited: the same card must be shown once more
	ReasonClaimsClosed        Reason = 45 // too many wrong codes: claiming by keypad is closed until an operator opens it again
	ReasonAlarmOver           Reason = 46 // what a reader raised an alarm for is over; Why says what it was
	ReasonSessionLimit        Reason = 47 // the longest time of a session ended it
	// The terminal is too old for a row that it must understand; nothing is let through.
	ReasonNotUnderstood Reason = 48
	ReasonOutOfHours    Reason = 49 // a grant for this door, whose schedule does not say now
	ReasonKnownPIN      Reason = 50 // the PIN's account logs in
	ReasonPINDelayed    Reason = 51 // after wrong PINs this point takes none for a while
	// Count is the version of the privacy notice that the person agreed to, or refused.
	ReasonNoticeAccepted Reason = 52
	ReasonNoticeRefused  Reason = 53
	ReasonCardAdded      Reason = 54 // to the account of a session that a PIN opened
)

var reasons = enumTable{0, "reason_", []string{
	"none", "known_card", "new_account", "claim_bound", "await_card", "await_code", "unknown_card",
	"code_refused", "no_grant", "denied_grant", "account_inactive", "binding_inactive", "random_uid",
	"quota_reached", "route_off", "card_taken", "store_failed", "time_unknown", "stale_snapshot",
	"bad_read", "pin_unknown", "signed_out", "session_idle", "session_replaced", "profile_edited",
	"door_forced", "door_held", "door_closed", "exit_button", "device_up", "device_down",
	"service_account", "code_idle", "terminal_started", "entry_timeout", "door_opened", "bind_offered",
	"database_quarantined", "profile_refused", "events_lost", "device_alarm", "device_keyed",
	"cut_uid", "accounts_closed", "await_same_card", "claims_closed", "alarm_over",
	"session_limit", "not_understood", "out_of_hours", "known_pin", "pin_delayed",
	"notice_accepted", "notice_refused", "card_added",
}}

func (Reason) table() *enumTable { return &reasons }
