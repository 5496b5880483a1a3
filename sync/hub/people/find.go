package people

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/refusal"
)

// maxCandidates bounds how many accounts an ambiguous reference lists.
const maxCandidates = 50

// maxRef bounds a reference, in bytes.
const maxRef = 300

// Candidate is one account that an operator may mean.
type Candidate struct {
	ID    string    `json:"id"`
	Kind  Kind      `json:"kind"`
	Name  string    `json:"name"`
	State State     `json:"state"`
	Since time.Time `json:"since"`
}

// Find finds the one account that an operator means by an id or at least 8 digits of it, an
// e-mail, anonymN, or a full name. One that was merged goes by its id only: the rest means
// the account that it was merged into. A name that somebody typed about themselves, or an
// address that they did not confirm, never decides: it makes the reference ambiguous, and
// every candidate is listed.
func Find(tx Tx, ref string) (Account, error) {
	ref = strings.TrimSpace(ref)
	if ref == "" {
		return Account{}, refuse(refusal.Invalid, CodeRefEmpty, nil)
	}
	if len(ref) > maxRef {
		return Account{}, notFound(ref[:8])
	}
	for _, by := range []func(Tx, string) ([]Account, error){byID, byEmail, byNumber} {
		if found, err := by(tx, ref); err != nil || len(found) > 0 {
			return decide(ref, found, err)
		}
	}
	found, err := tx.AccountsByName(NameKey(ref), maxCandidates+1)
	if err == nil && slices.ContainsFunc(found, func(a Account) bool { return !a.NameAttested }) {
		err = ambiguous(ref, found)
	}
	return decide(ref, found, err)
}

func decide(ref string, found []Account, err error) (Account, error) {
	switch {
	case err != nil:
		return Account{}, err
	case len(found) == 0:
		return Account{}, notFound(ref)
	case len(found) > 1:
		return Account{}, ambiguous(ref, found)
	}
	return found[0], nil
}

func notFound(ref string) error {
	return refuse(refusal.Missing, CodeNotFound, refusal.Fields{"ref": strings.ToValidUTF8(ref, "?")})
}

func ambiguous(ref string, found []Account) error {
	var all []Candidate
	for _, a := range found[:min(len(found), maxCandidates)] {
		all = append(all, Candidate{HexID(a.ID), a.Kind, a.DisplayName(), a.State, a.Created})
	}
	return refuse(refusal.Conflict, CodeAmbiguous, refusal.Fields{
		"ref": ref, "candidates": all, "more": len(found) > maxCandidates,
	})
}

// byID finds accounts by 8 to 32 digits of their id.
func byID(tx Tx, ref string) ([]Account, error) {
	ref = strings.ToLower(ref)
	prefix, err := hex.DecodeString(ref[:len(ref)&^1])
	if err != nil || len(ref) < 8 || len(ref) > 2*len(ID{}) {
		return nil, nil
	}
	found, err := tx.AccountsByID(prefix, maxCandidates+1)
	var out []Account
	for _, a := range found {
		if strings.HasPrefix(HexID(a.ID), ref) {
			out = append(out, a)
		}
	}
	return out, err
}

func byEmail(tx Tx, ref string) ([]Account, error) {
	key, ok := EmailKey(ref)
	if !ok {
		return nil, nil
	}
	found, err := oneOrNone(tx.AccountByEmail(key))
	if err == nil && len(found) == 1 && found[0].IsUnconfirmed() {
		err = ambiguous(ref, found)
	}
	return found, err
}

func byNumber(tx Tx, ref string) ([]Account, error) {
	n, ok := parseAnonym(ref)
	if !ok {
		return nil, nil
	}
	found, err := oneOrNone(tx.AccountByNumber(n))
	if err != nil {
		return nil, err
	}
	seen, err := tx.SeenBy(n)
	for _, id := range seen {
		a, err := tx.Account(id)
		if err == nil && a.State == Merged {
			a, err = survivor(tx, a)
		}
		if err != nil && !errors.Is(err, ErrNotFound) {
			return nil, err
		}
		same := func(b Account) bool { return b.ID == a.ID }
		if err == nil && !slices.ContainsFunc(found, same) {
			found = append(found, a)
		}
	}
	return found, err
}

func oneOrNone(a Account, err error) ([]Account, error) {
	if errors.Is(err, ErrNotFound) {
		return nil, nil
	}
	return []Account{a}, err
}
