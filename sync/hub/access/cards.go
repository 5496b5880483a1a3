package access

import (
	"encoding/hex"
	"errors"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// shortestCardRef is how many digits of a card's id an operator gives at least.
const shortestCardRef = 8

// FindCard finds a card that is known by its id or the first 8 digits or more of it.
func FindCard(tx Tx, ref string) (Card, error) {
	ref = strings.ToLower(strings.TrimSpace(ref))
	prefix, err := hex.DecodeString(ref[:len(ref)&^1])
	if len(ref) < shortestCardRef || len(ref) > 2*len(ID{}) || err != nil {
		return Card{}, refuse(refusal.Invalid, CodeCardRef, refusal.Fields{"least": shortestCardRef})
	}
	const enough = 100
	found, err := tx.CardsByID(prefix, enough)
	if err != nil {
		return Card{}, err
	}
	found = slices.DeleteFunc(found, func(c Card) bool { return !strings.HasPrefix(people.HexID(c.ID), ref) })
	switch len(found) {
	case 0:
		return Card{}, refuse(refusal.Missing, CodeCardNotFound, refusal.Fields{"card": ref})
	case 1:
		return found[0], nil
	}
	return Card{}, refuse(refusal.Conflict, CodeCardAmbiguous, refusal.Fields{"card": ref, "count": len(found)})
}

// ListCards gives a page of cards; those with an open conflict come first.
func ListCards(tx Tx, q CardQuery) (page []Card, next string, err error) {
	q.Limit = pageOf(q.Limit)
	page, next, err = tx.ListCards(q)
	return page, next, orCursor(err)
}

// SetCardState is an operator's word on a card: it resolves what was contested about it.
// With active, owner may name the account that it belongs to; empty leaves it. Replaced and
// revoked cards are dead for good.
func SetCardState(tx Tx, ref string, state CardState, owner string) (Card, error) {
	states := []CardState{CardActive, CardPending, CardLost, CardReplaced, CardRevoked}
	if !slices.Contains(states, state) {
		return Card{}, refuse(refusal.Invalid, CodeCardState, refusal.Fields{"state": clip(string(state)), "choices": states})
	}
	c, err := FindCard(tx, ref)
	if err != nil {
		return c, err
	}
	if (c.State == CardReplaced || c.State == CardRevoked) && state != c.State {
		return c, refuse(refusal.Conflict, CodeCardFinal, refusal.Fields{"card": ShortCard(c.ID), "state": c.State})
	}
	next := c
	next.State = state
	if owner != "" {
		a, err := findOwner(tx, owner)
		if err != nil {
			return c, err
		}
		next.Account = a.ID
	}
	if err := checkHolder(tx, next); err != nil {
		return c, err
	}
	return next, settleCard(tx, c, next)
}

// checkHolder refuses to let a card work for an account that is merged, erased or gone.
func checkHolder(tx Tx, c Card) error {
	if c.State.Dead() {
		return nil
	}
	a, err := accountOrNone(tx, c.Account)
	if err == nil && (a.ID == ID{} || a.State.Final()) {
		err = refuse(refusal.Conflict, CodeCardOwner, refusal.Fields{"account": people.HexID(c.Account), "state": a.State})
	}
	return err
}

// settleCard keeps what an operator decided about a card.
func settleCard(tx Tx, before, after Card) error {
	if after.Account != before.Account {
		after.Since = tx.Now
	}
	if err := tx.PutCard(after); err != nil {
		return err
	}
	if err := recordCard(tx, "card.state", before, after, ""); err != nil {
		return err
	}
	if err := tx.ResolveConflicts(after.ID); err != nil {
		return err
	}
	return welcomeCard(tx, before, after, "")
}

// findOwner finds an account that may own a card.
func findOwner(tx Tx, ref string) (people.Account, error) {
	a, err := people.Find(tx.Tx, ref)
	if err == nil && !a.MayOwn() {
		err = refuse(refusal.Conflict, CodeCardOwner, refusal.Fields{"account": people.HexID(a.ID), "state": a.State})
	}
	return a, err
}

// Gift is a card that an operator gives to somebody.
type Gift struct {
	Card      ID     // seen at a reader, or belonging to an anonymous account
	To        string // account, as people name it
	Until     time.Time
	Assurance Assurance // as its reader told; empty: uid
}

// EndedAt reports whether a temporary card has ended: it can go to the next one.
func (c Card) EndedAt(t time.Time) bool { return !c.Expires.IsZero() && !c.Expires.After(t) }

// GiveCard gives an unknown card to an account; with Until it is a temporary one. One that
// made an anonymous account at a print point goes to a person with that account's number.
func GiveCard(tx Tx, g Gift) (Card, error) {
	a, err := checkGift(tx, g)
	if err != nil {
		return Card{}, err
	}
	c, found, err := cardOrNone(tx, g.Card)
	if err != nil {
		return Card{}, err
	}
	given := Card{ID: g.Card, Account: a.ID, State: CardActive, Assurance: Report{Assurance: g.Assurance}.assurance(), Expires: g.Until, Since: tx.Now}
	if !found || c.State == CardActive && c.EndedAt(tx.Now) {
		return given, keepGift(tx, c, given)
	}
	given.Assurance = c.Assurance
	holder, err := accountOrNone(tx, c.Account)
	switch {
	case err != nil:
		return Card{}, err
	case c.State.Dead():
		return Card{}, refuse(refusal.Conflict, CodeCardDead, refusal.Fields{"card": ShortCard(c.ID), "state": c.State})
	case c.Account == a.ID:
		given.Since = c.Since
		return given, keepGift(tx, c, given)
	case !outranks(a, holder):
		return Card{}, refuse(refusal.Conflict, CodeCardTaken, refusal.Fields{"card": ShortCard(c.ID), "account": people.HexID(c.Account)})
	}
	if err := keepGift(tx, c, given); err != nil {
		return Card{}, err
	}
	return given, absorb(tx, Report{Card: g.Card, At: tx.Now}, holder, a)
}

func checkGift(tx Tx, g Gift) (people.Account, error) {
	if err := checkTime(g.Until); err != nil {
		return people.Account{}, err
	}
	if !g.Until.IsZero() && !g.Until.After(tx.Now) {
		return people.Account{}, refuse(refusal.Invalid, CodeCardEnd, refusal.Fields{"until": g.Until})
	}
	assurances := []Assurance{UID, PACS, Authenticated}
	if g.Assurance != "" && !slices.Contains(assurances, g.Assurance) {
		return people.Account{}, refuse(refusal.Invalid, CodeCardAssurance, refusal.Fields{"assurance": clip(string(g.Assurance)), "choices": assurances})
	}
	return findOwner(tx, g.To)
}

func keepGift(tx Tx, before, after Card) error {
	if err := tx.PutCard(after); err != nil {
		return err
	}
	if err := recordCard(tx, "card.give", before, after, ""); err != nil {
		return err
	}
	if err := tx.ResolveConflicts(after.ID); err != nil {
		return err
	}
	return welcomeCard(tx, before, after, "")
}

// GiveOnce gives a card to an account, and reports whether the account did not have it.
func GiveOnce(tx Tx, card, account ID) (bool, error) {
	had, err := tx.Card(card)
	if err == nil && had.Account == account && !had.State.Dead() {
		return false, nil
	}
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return false, err
	}
	_, err = GiveCard(tx, Gift{Card: card, To: people.HexID(account)})
	return true, err
}

// FreeCard makes a card unknown again, for a card that goes from hand to hand: a visitor
// gave it back. A replaced or revoked one stays dead.
func FreeCard(tx Tx, ref string) (Card, error) {
	c, err := FindCard(tx, ref)
	if err != nil {
		return c, err
	}
	if c.State == CardReplaced || c.State == CardRevoked {
		return c, refuse(refusal.Conflict, CodeCardFinal, refusal.Fields{"card": ShortCard(c.ID), "state": c.State})
	}
	if err := tx.DropCard(c.ID); err != nil {
		return c, err
	}
	if err := tx.ResolveConflicts(c.ID); err != nil {
		return c, err
	}
	return c, tx.Record(audit.Change{Action: "card.free", Object: ShortCard(c.ID), Subject: c.Account, Before: lineOf(c)})
}
