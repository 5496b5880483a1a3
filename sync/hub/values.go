package hub

import (
	"encoding/hex"
	"time"

	"badged/sync/wire"
)

// The numbers below are those of the wire, and the same as the terminal's.

// The kinds of account.
const (
	Person    = 1
	Anonymous = 2
	Service   = 3
)

// The states of an account.
//
//	Created -> Invited -> Active <-> Suspended
//	Anonymous accounts start Active. Any -> Merged, any -> Erased (both final).
const (
	Created   = 1
	Invited   = 2
	Active    = 3
	Suspended = 4
	Merged    = 5
	Erased    = 6
)

// The states of a binding.
const (
	CardActive    = 1
	CardPending   = 2
	CardContested = 3
	CardLost      = 4
	CardReplaced  = 5
	CardRevoked   = 6
)

// confirmOwner has owners confirm their new cards.
const confirmOwner = 2

// The states of a claim.
const (
	ClaimLive = 1
	ClaimUsed = 2
	ClaimVoid = 3
)

// assuranceUID is how well a card is known when its terminal does not say better.
const assuranceUID = 1

// The kinds of event that have effects at the hub.
const (
	kindPresentation = 1
	kindEnrolment    = 2
	kindEdit         = 4
	kindDevice       = 6
)

// The outcomes and reasons that have effects at the hub.
const (
	outcomeGranted     = 1
	reasonNewAccount   = 2
	reasonClaimBound   = 3
	reasonCodeWrong    = 7
	reasonCardTaken    = 15
	reasonClaimsClosed = 45
)

// Names are the words of an enumeration, by number.
type Names []string

// Of is the name of n: "active".
func (n Names) Of(v uint64) string {
	if v < uint64(len(n)) {
		return n[v]
	}
	return "unknown"
}

// Number is the number of a name; false if there is none.
func (n Names) Number(name string) (uint64, bool) {
	for i, s := range n {
		if i > 0 && s == name {
			return uint64(i), true
		}
	}
	return 0, false
}

// The names that operators and programs see.
var (
	AccountKinds  = Names{"", "person", "anonymous", "service"}
	AccountStates = Names{"", "created", "invited", "active", "suspended", "merged", "erased"}
	CardStates    = Names{"", "active", "pending", "contested", "lost", "replaced", "revoked"}
	Assurances    = Names{"", "uid", "pacs", "authenticated"}
	ClaimStates   = Names{"", "live", "used", "void"}
	Routes        = Names{"", "refuse", "bind", "create"}
	Confirms      = Names{"", "none", "owner", "admin"}
	Policies      = Names{"", "deny", "staff", "allow"}
)

// siteKey is the key of the settings in Config.
var siteKey = []byte("site")

// defaultSite is how a site begins.
func defaultSite(name string) wire.Site {
	return wire.Site{
		Name:          name,
		UnknownBadge:  3, // create
		Confirm:       1, // none
		Lang:          "fr",
		EditProfile:   true,
		CodeDigits:    4,
		ClaimWindow:   30,
		GuessBudget:   8,
		QuotaBurst:    60,
		QuotaDay:      300,
		QuotaSite:     2000,
		AnonymousLife: int64((30 * 24 * time.Hour).Seconds()),
		SessionIdle:   60,
		SessionMax:    600,
	}
}

// Short is how a card is shown: the first 8 hex digits of its id.
func Short(id ID) string { return hex.EncodeToString(id[:4]) }

// Hex is how every other id is shown.
func Hex(id ID) string { return hex.EncodeToString(id[:]) }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// moment is the time of a number of milliseconds; 0 is no time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
