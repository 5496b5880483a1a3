package access

import (
	"errors"
	"slices"
	"time"

	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// The bounds of a claim's life.
const (
	defaultClaimLife = time.Hour
	shortestClaim    = time.Minute
	LongestClaim     = 30 * 24 * time.Hour
)

// NewClaim is what an operator asks for.
type NewClaim struct {
	Account string        // as people name it
	Doors   []string      // empty: every door of the site
	Life    time.Duration // 0: an hour
	Away    []string      // doors whose terminals the hub does not hear now, as the caller knows
}

// IssuedClaim is a new claim with its code, which is shown once and stored nowhere.
type IssuedClaim struct {
	Claim
	Code     secret.Text
	Warnings []*refusal.Error // why the code does not help yet
}

// IssueClaim gives an account the right to bind one card by typing a code. It ends the
// account's former claim.
func IssueClaim(tx Tx, key sitekey.Key, n NewClaim) (IssuedClaim, error) {
	if n.Life == 0 {
		n.Life = defaultClaimLife
	}
	a, err := checkClaim(tx, n)
	if err != nil {
		return IssuedClaim{}, err
	}
	replaced, err := VoidClaims(tx, a.ID, "replaced")
	if err != nil {
		return IssuedClaim{}, err
	}
	code, err := codeFor(tx, key)
	if err != nil {
		return IssuedClaim{}, err
	}
	doors := slices.Compact(slices.Sorted(slices.Values(n.Doors)))
	c := Claim{ID: randomID(), Account: a.ID, Doors: doors, Issued: tx.Now, Ends: tx.Now.Add(n.Life), State: ClaimLive, Shown: true}
	c.MAC, c.Code = key.Claim(c.ID, code), key.Code(code)
	if err := tx.PutClaim(c); err != nil {
		return IssuedClaim{}, err
	}
	out := IssuedClaim{Claim: c, Code: secret.New(code)}
	if out.Warnings, err = warnings(tx, a, c, n.Away); err != nil {
		return IssuedClaim{}, err
	}
	if replaced {
		out.Warnings = append(out.Warnings, warn(WarnReplaced, nil))
	}
	ending, err := endingCards(tx, a.ID)
	if err != nil {
		return IssuedClaim{}, err
	}
	if len(ending) > 0 {
		out.Warnings = append(out.Warnings, warn(WarnOneCard, refusal.Fields{"cards": ending}))
	}
	return out, tx.Record(audit.Change{
		Action: "claim.issue", Object: people.HexID(c.ID), Subject: a.ID,
		After: claimLine{Account: people.HexID(a.ID), Doors: doors, Ends: &c.Ends, State: ClaimLive},
	})
}

// checkClaim finds the account of a new claim and checks that it and the doors are fit for
// one.
func checkClaim(tx Tx, n NewClaim) (people.Account, error) {
	if n.Life < shortestClaim || n.Life > LongestClaim {
		return people.Account{}, refuse(refusal.Invalid, CodeClaimLife, refusal.Fields{
			"min": int64(shortestClaim / time.Second), "max": int64(LongestClaim / time.Second),
		})
	}
	a, err := findOwner(tx, n.Account)
	if err != nil {
		return a, err
	}
	for _, d := range n.Doors {
		if _, err := FindDoor(tx, d); err != nil {
			return a, err
		}
	}
	c, err := ReadClaiming(tx)
	if err == nil && c.Closed {
		err = refuse(refusal.Conflict, CodeClaimsClosed, nil)
	}
	return a, err
}

// codeFor draws a code that keeps its distance from all live ones. Only their MACs are
// known, so every near code is looked for among them.
func codeFor(tx Tx, key sitekey.Key) (string, error) {
	s, err := Settings(tx)
	if err != nil {
		return "", err
	}
	room := 1
	for range s.CodeDigits {
		room *= 10
	}
	live, err := tx.CountLiveClaims(tx.Now, room/liveShare)
	if err != nil {
		return "", err
	}
	code, err := "", errTooManyCodes
	if live < room/liveShare {
		code, err = drawCode(s.CodeDigits, func(code string) (bool, error) { return isFar(tx, key, code) })
	}
	if errors.Is(err, errTooManyCodes) {
		err = refuse(refusal.Conflict, CodeCodesUsedUp, refusal.Fields{"live": live, "digits": s.CodeDigits})
	}
	return code, err
}

// isFar reports whether no live code differs from this one in less than two digits.
func isFar(tx Tx, key sitekey.Key, code string) (bool, error) {
	for _, near := range neighbours(code) {
		if live, err := tx.CodeIsLive(key.Code(near), tx.Now); live || err != nil {
			return false, err
		}
	}
	return true, nil
}

func warn(code string, fields refusal.Fields) *refusal.Error {
	return &refusal.Error{Kind: refusal.Warning, Code: code, Fields: fields}
}

// warnings tell why a code does not help yet: the card works only for an active account,
// opens only where it has a right, and is claimed only where the terminal has the claim.
func warnings(tx Tx, a people.Account, c Claim, away []string) (out []*refusal.Error, err error) {
	if a.State != people.Active {
		out = append(out, warn(WarnNotActive, refusal.Fields{"account": people.HexID(a.ID), "state": a.State}))
	}
	closed, err := closedDoors(tx, a, c.Doors)
	if err != nil {
		return nil, err
	}
	if len(closed) > 0 {
		out = append(out, warn(WarnNoRight, refusal.Fields{"account": people.HexID(a.ID), "doors": closed}))
	}
	if len(c.Doors) > 0 {
		away = slices.DeleteFunc(slices.Clone(away), func(d string) bool { return !slices.Contains(c.Doors, d) })
	}
	if len(away) > 0 {
		out = append(out, warn(WarnAway, refusal.Fields{"doors": away}))
	}
	return out, nil
}

// endingCards are the cards that end for good once the account has another (S2.20).
func endingCards(tx Tx, account ID) (refs []string, err error) {
	s, err := Settings(tx)
	if err != nil || s.Cards != OneCard {
		return nil, err
	}
	cards, err := tx.CardsOf(account)
	for _, c := range cards {
		if c.replacedBy(Card{}) {
			refs = append(refs, ShortCard(c.ID))
		}
	}
	return refs, err
}
