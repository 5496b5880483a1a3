package access

import (
	"errors"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// LabelPath is where the QR code of a card leads, with its token behind it.
const LabelPath = "/c/"

// The bounds of a batch of labels.
const (
	MaxLabels    = 500
	maxBatchName = 100 // bytes
)

// NewLabel is a label to print. Its token is shown once.
type NewLabel struct {
	Card  ID
	Token people.Token
}

// PrepareLabels makes a QR label for each of some cards, so that whoever gets one can
// register it with a phone. A card's former label is dead from then on.
func PrepareLabels(tx Tx, cards []ID, batch string) ([]NewLabel, error) {
	if len(cards) == 0 || len(cards) > MaxLabels {
		return nil, refuse(refusal.Invalid, CodeLabelCards, refusal.Fields{"most": MaxLabels})
	}
	if batch != "" {
		if err := checkLabel(batch, CodeLabelBatch, maxBatchName); err != nil {
			return nil, err
		}
	}
	var out []NewLabel
	for _, id := range cards {
		c, found, err := cardOrNone(tx, id)
		if err != nil {
			return nil, err
		}
		if found && c.State.Dead() {
			return nil, refuse(refusal.Conflict, CodeCardDead, refusal.Fields{"card": ShortCard(c.ID), "state": c.State})
		}
		l := NewLabel{Card: id, Token: people.NewToken()}
		if err := tx.PutLabel(Label{Hash: l.Token.Hash(), Card: id, Batch: batch, Made: tx.Now}); err != nil {
			return nil, err
		}
		out = append(out, l)
	}
	return out, tx.Record(audit.Change{Action: "label.prepare", Object: "site", After: map[string]any{"cards": len(out), "batch": batch}})
}

// LabelStatus is what the QR code of a card is good for to one account.
type LabelStatus string

// The statuses.
const (
	LabelFree    LabelStatus = "free" // the card can be registered
	LabelOwn     LabelStatus = "own"  // the card is this account's already
	LabelTaken   LabelStatus = "taken"
	LabelUnknown LabelStatus = "unknown"
)

// ReadLabel tells what the QR code of a card is good for. It changes nothing.
func ReadLabel(tx Tx, t people.Token, account ID) (Card, LabelStatus, error) {
	l, err := tx.Label(t.Hash())
	if errors.Is(err, people.ErrNotFound) {
		return Card{}, LabelUnknown, nil
	}
	if err != nil {
		return Card{}, "", err
	}
	c, found, err := cardOrNone(tx, l.Card)
	if err != nil || !found {
		return Card{ID: l.Card}, LabelFree, err
	}
	if c.Account == account && c.inUse() {
		return c, LabelOwn, nil
	}
	wants, err := accountOrNone(tx, account)
	if err != nil {
		return c, "", err
	}
	had, err := accountOrNone(tx, c.Account)
	if err == nil && c.inUse() && outranks(wants, had) {
		return c, LabelFree, nil
	}
	return c, LabelTaken, err
}

// BindLabel binds the card of a QR code to an account. A card that is somebody else's is
// put before an operator; refused then says so to the account, without naming anybody.
func BindLabel(tx Tx, t people.Token, account ID) (c Card, refused error, err error) {
	a, err := cardOwner(tx, account)
	if err != nil {
		return Card{}, nil, err
	}
	c, status, err := ReadLabel(tx, t, a.ID)
	if err != nil || status == LabelOwn {
		return c, nil, err
	}
	if status == LabelUnknown {
		return c, nil, refuse(refusal.Missing, CodeLabelUnknown, nil)
	}
	r := Report{At: tx.Now, Card: c.ID, Account: a.ID, Assurance: c.Assurance}
	if status == LabelTaken {
		why := ConflictTaken
		if c.State.Dead() {
			why = ConflictDead
		}
		return c, refuse(refusal.Conflict, CodeCardNotFree, nil), recordConflict(tx, r, why)
	}
	state, err := firstState(tx, a.ID)
	if err != nil {
		return c, nil, err
	}
	if err := bind(tx, r, state); err != nil {
		return c, nil, err
	}
	l, err := tx.Label(t.Hash())
	if err != nil {
		return c, nil, err
	}
	l.Used = a.ID
	if err := tx.PutLabel(l); err != nil {
		return c, nil, err
	}
	c, err = tx.Card(l.Card)
	return c, nil, err
}
