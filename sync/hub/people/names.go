package people

import (
	"encoding/hex"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/text/unicode/norm"

	"badged/internal/profile"
)

// CleanName gives a name the one form in which it is kept: one space between words, and
// letters with their accents together (Unicode NFC).
func CleanName(s string) string { return norm.NFC.String(profile.CleanName(s)) }

// FullName is the first and the last name of an account.
func (a Account) FullName() string { return profile.JoinName(a.First, a.Last) }

// IsNamed reports whether an account has a first and a last name, which a right to a door
// needs (S2.21). Those of an account that somebody made themselves count from when its
// address is confirmed.
func (a Account) IsNamed() bool { return a.First != "" && a.Last != "" && !a.IsUnconfirmed() }

// DisplayName is the full name, or else anonymN, the e-mail or the id.
func (a Account) DisplayName() string {
	switch {
	case a.First != "" || a.Last != "":
		return a.FullName()
	case a.Number > 0:
		return anonymName(a.Number)
	case a.Email != "":
		return a.Email
	default:
		return ShortID(a.ID)
	}
}

// MayOwn reports whether an account can get a card or a profile by what a terminal reports.
func (a Account) MayOwn() bool {
	return (a.Kind == Person || a.Kind == Anonymous) && slices.Contains([]State{Created, Invited, Active}, a.State)
}

// Lapsed reports whether an anonymous account had ended at t that nobody made their own.
// One that an operator suspended stays: its card must not be unknown again.
func (a Account) Lapsed(t time.Time) bool {
	return a.Kind == Anonymous && a.State == Active && !a.Expires.IsZero() && !a.Expires.After(t)
}

// mayAdminister reports whether an account is an administrator who may log in at t. Whether
// they can is another question: see canAdminister.
func (a Account) mayAdminister(t time.Time) bool {
	return a.Kind == Person && a.Role == Admin && a.State == Active && a.EmailKey != "" && !a.hasExpired(t)
}

func (a Account) hasExpired(t time.Time) bool { return !a.Expires.IsZero() && !a.Expires.After(t) }

// HexID is an id as people see it.
func HexID(id ID) string { return hex.EncodeToString(id[:]) }

// ParseID reads an id of 32 hex digits; not ok: the text is none.
func ParseID(text string) (id ID, ok bool) {
	b, err := hex.DecodeString(text)
	if err != nil || len(b) != len(id) {
		return id, false
	}
	return ID(b), true
}

// ShortID is the beginning of an id, enough to find it by.
func ShortID(id ID) string { return HexID(id)[:8] }

func anonymName(n uint64) string { return "anonym" + strconv.FormatUint(n, 10) }

// parseAnonym reads anonymN.
func parseAnonym(s string) (n uint64, ok bool) {
	digits, ok := strings.CutPrefix(strings.ToLower(s), "anonym")
	if !ok {
		return 0, false
	}
	n, err := strconv.ParseUint(digits, 10, 63)
	return n, err == nil && n > 0
}
