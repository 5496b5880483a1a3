package wire

import (
	"fmt"
	"strconv"
)

// The names of numbers on the wire, as logs, tools and the hub's interface show
// them. A number that this version does not know shows as "reason_99".

var reasons = [...]string{
	"none", "known_card", "new_account", "claim_bound", "await_card", "await_code", "unknown_card",
	"code_refused", "no_grant", "denied_grant", "account_inactive", "binding_inactive", "random_uid",
	"quota_reached", "route_off", "card_taken", "store_failed", "time_unknown", "stale_snapshot",
	"bad_read", "pin_unknown", "signed_out", "session_idle", "session_replaced", "profile_edited",
	"door_forced", "door_held", "door_closed", "exit_button", "device_up", "device_down",
	"service_account", "code_idle", "terminal_started", "entry_timeout", "door_opened", "bind_offered",
	"database_quarantined", "profile_refused", "events_lost", "device_alarm", "device_keyed",
	"cut_uid", "accounts_closed", "await_same_card", "claims_closed", "alarm_over",
	"session_limit",
}

var kinds = [...]string{"none", "presentation", "enrolment", "session", "edit", "door", "device"}

var outcomes = [...]string{"none", "granted", "refused", "waiting", "faulty"}

var streams = [...]string{"none", MsgEvents, MsgSecurity}

var clocks = [...]string{"unknown", "holdover", "trusted"}

var collections = [...]string{"none", "config", "doors", "accounts", "cards", "grants", "claims", "leases", "trust"}

// ReasonName is the name of an event's reason: "known_card".
func ReasonName(n uint64) string { return name(reasons[:], n, "reason_") }

// KindName is the name of an event's kind: "presentation".
func KindName(n uint64) string { return name(kinds[:], n, "kind_") }

// OutcomeName is the name of an event's outcome: "granted".
func OutcomeName(n uint64) string { return name(outcomes[:], n, "outcome_") }

// StreamName is the name of a stream, which is also the kind of message that carries
// its frames: "ev", "sec".
func StreamName(n uint64) string { return name(streams[:], n, "stream_") }

// ClockName is the name of a clock's state: "trusted".
func ClockName(n uint64) string { return name(clocks[:], n, "clock_") }

// String is the collection's name: "accounts".
func (c Collection) String() string { return name(collections[:], uint64(c), "collection_") }

// Known reports whether this version has a meaning for the collection.
func (c Collection) Known() bool { return c > 0 && c < Collection(len(collections)) }

func name(names []string, n uint64, other string) string {
	if n < uint64(len(names)) {
		return names[n]
	}
	return other + strconv.FormatUint(n, 10)
}

// CheckName fails unless s can name a site or a device: 1 to 63 lower-case letters,
// digits and inner dashes, so that it can stand in a topic, a certificate, a client id
// and a file name without escaping. what says in the error what s is: "device".
func CheckName(what, s string) error {
	if len(s) < 1 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return fmt.Errorf("%s name %q: want 1 to 63 lower-case letters, digits and inner dashes", what, clip(s))
	}
	for _, r := range s {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return fmt.Errorf("%s name %q: %q is not a lower-case letter, a digit or a dash", what, clip(s), r)
		}
	}
	return nil
}

// clip keeps an error about a hostile name short.
func clip(s string) string { return s[:min(len(s), 64)] }
