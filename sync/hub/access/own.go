package access

import (
	"slices"

	"badged/sync/hub/audit"
	"badged/sync/hub/mail"
	"badged/sync/hub/refusal"
)

// OwnCard finds a card of an account; another account's is missing.
func OwnCard(tx Tx, account ID, ref string) (Card, error) {
	c, err := FindCard(tx, ref)
	if err == nil && c.Account != account {
		err = refuse(refusal.Missing, CodeCardNotFound, refusal.Fields{"card": clip(ref)})
	}
	return c, err
}

// ReportLost is its owner's word that a card is lost: it opens nothing from then on. An
// operator can make it work again.
func ReportLost(tx Tx, account ID, ref string) (Card, error) {
	c, err := OwnCard(tx, account, ref)
	if err != nil || c.State == CardLost {
		return c, err
	}
	if !c.inUse() {
		return c, c.unfit()
	}
	before := c
	c.State = CardLost
	if err := tx.PutCard(c); err != nil {
		return c, err
	}
	return c, recordCard(tx, "card.lost", before, c, "")
}

// ConfirmCard is its owner's word that a new card is theirs, where the site asks owners.
func ConfirmCard(tx Tx, account ID, ref string) (Card, error) {
	c, err := OwnCard(tx, account, ref)
	if err != nil || c.State == CardActive {
		return c, err
	}
	s, err := Settings(tx)
	if err != nil {
		return c, err
	}
	if c.State != CardPending || s.Confirm != ConfirmOwner {
		return c, c.unfit()
	}
	before := c
	c.State = CardActive
	if err := tx.PutCard(c); err != nil {
		return c, err
	}
	if err := recordCard(tx, "card.confirm", before, c, ""); err != nil {
		return c, err
	}
	return c, replaceFormer(tx, c)
}

// UndoCard is its owner's word that a card is not theirs: nobody has it from then on, and a
// card that it replaced stays dead (S2.24).
func UndoCard(tx Tx, account ID, ref string) (Card, error) {
	c, err := OwnCard(tx, account, ref)
	if err != nil {
		return c, err
	}
	if !c.inUse() {
		return c, c.unfit()
	}
	if err := tx.DropCard(c.ID); err != nil {
		return c, err
	}
	if err := tx.Record(audit.Change{Action: "card.undo", Object: ShortCard(c.ID), Subject: c.Account, Before: lineOf(c)}); err != nil {
		return c, err
	}
	return c, notify(tx, c.Account, mail.New{Purpose: mail.CardUndone, Fields: mail.Fields{"card": ShortCard(c.ID), "at": mail.At(tx.Now)}})
}

// CardsOf gives the cards of an account, the newest first.
func CardsOf(tx Tx, account ID) ([]Card, error) {
	cards, err := tx.CardsOf(account)
	slices.Reverse(cards)
	return cards, err
}

// unfit refuses what cannot be done to a card in its state.
func (c Card) unfit() error {
	return refuse(refusal.Conflict, CodeCardUnfit, refusal.Fields{"card": ShortCard(c.ID), "state": c.State})
}

// inUse reports whether a card works, or will once it is confirmed.
func (c Card) inUse() bool { return c.State == CardActive || c.State == CardPending }
