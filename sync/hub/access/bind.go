package access

import (
	"errors"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
)

// Bind gives a card to the anonymous account that a terminal made of it.
func Bind(tx Tx, r Report) error { return bind(tx, r, CardActive) }

// bind gives a card to an account if nobody has it. Somebody else's card stays: a person's
// binding outranks an anonymous one, and two of equal rank contest it. While it is contested
// nobody gets it but by an operator's word.
func bind(tx Tx, r Report, state CardState) error {
	c, found, err := cardOrNone(tx, r.Card)
	switch {
	case err != nil:
		return err
	case !found:
		return handOver(tx, Card{}, Card{ID: r.Card, Account: r.Account, State: state, Assurance: r.assurance(), Since: tx.Now}, r.Terminal)
	case c.Account == r.Account:
		return nil
	case c.State.Dead():
		return recordConflict(tx, r, ConflictDead)
	case c.State == CardContested:
		return recordConflict(tx, r, ConflictBoundTwice)
	}
	had, err := accountOrNone(tx, c.Account)
	if err != nil {
		return err
	}
	wants, err := accountOrNone(tx, r.Account)
	switch {
	case err != nil:
		return err
	case outranks(wants, had):
		return takeOver(tx, c, r, had, state)
	case outranks(had, wants):
		return absorb(tx, r, wants, had)
	default:
		return contest(tx, r, ConflictBoundTwice)
	}
}

// outranks reports whether a's claim takes a card from b: a person's outranks an anonymous
// account, which nobody has shown to be theirs, unless it was suspended: a code lifts no
// suspension. Terminals follow the same rule.
func outranks(a, b people.Account) bool {
	return a.Kind == people.Person && !a.State.Final() && b.Kind == people.Anonymous && (b.State == people.Active || b.State == people.Merged)
}

// takeOver moves a card from an anonymous account to a person.
func takeOver(tx Tx, c Card, r Report, visitor people.Account, state CardState) error {
	before := c
	c.Account, c.State, c.Assurance, c.Since = r.Account, state, r.assurance(), tx.Now
	if err := handOver(tx, before, c, r.Terminal); err != nil {
		return err
	}
	person, err := tx.Account(r.Account)
	if err != nil {
		return err
	}
	return absorb(tx, r, visitor, person)
}

// absorb ends an anonymous account whose card is a person's. The person goes by its number
// from then on too: anonymN is nobody else's, ever.
func absorb(tx Tx, r Report, visitor, person people.Account) error {
	if visitor.State == people.Merged {
		return nil
	}
	if _, err := Merge(tx, visitor.ID, person.ID); err != nil {
		return err
	}
	return tx.AddConflict(Conflict{
		Card: r.Card, Account: visitor.ID, Other: person.ID, Terminal: r.Terminal,
		Why: ConflictBoundTwice, At: r.seen(tx.Now), Resolved: true,
	})
}

// handOver keeps a card in new hands: its owner is told, and the registration that waits for
// a card is done. The card that it replaces ends as soon as it works.
func handOver(tx Tx, before, after Card, terminal string) error {
	if err := tx.PutCard(after); err != nil {
		return err
	}
	if err := recordCard(tx, "card.bind", before, after, terminal); err != nil {
		return err
	}
	return welcomeCard(tx, before, after, terminal)
}

// replaceFormer ends the card that a new one replaces: the one that its registration names,
// and where a person has one only, every other. A temporary card stands beside the ordinary
// one.
func replaceFormer(tx Tx, c Card) error {
	if c.State != CardActive {
		return nil
	}
	named, err := replacedBy(tx, c)
	if err != nil {
		return err
	}
	s, err := Settings(tx)
	if err != nil {
		return err
	}
	others, err := tx.CardsOf(c.Account)
	if err != nil {
		return err
	}
	for _, o := range others {
		ends := o.ID == named && o.inUse() || s.Cards == OneCard && o.replacedBy(c)
		if o.ID == c.ID || !ends {
			continue
		}
		before := o
		o.State = CardReplaced
		if err := tx.PutCard(o); err != nil {
			return err
		}
		if err := recordCard(tx, "card.replace", before, o, ""); err != nil {
			return err
		}
	}
	return nil
}

// replacedBy is the card that the registration of another one names; zero: none.
func replacedBy(tx Tx, c Card) (ID, error) {
	e, err := tx.EnrolmentOfCard(c.ID)
	if errors.Is(err, people.ErrNotFound) || err == nil && e.Account != c.Account {
		return ID{}, nil
	}
	return e.Replaces, err
}

// replacedBy reports whether another card of the same person takes a card's place where a
// person has one.
func (c Card) replacedBy(other Card) bool {
	return c.inUse() && c.Expires.IsZero() == other.Expires.IsZero()
}

// contest makes a card useless until an operator decides, and puts it before one. A dead
// card stays dead.
func contest(tx Tx, r Report, why string) error {
	c, found, err := cardOrNone(tx, r.Card)
	if err != nil {
		return err
	}
	if found && (c.State.Dead() || c.State == CardContested || c.Account == r.Account) {
		return recordConflict(tx, r, why)
	}
	before := c
	if !found {
		c = Card{ID: r.Card, Account: r.Account, Assurance: r.assurance(), Since: tx.Now}
	}
	c.State = CardContested
	if err := tx.PutCard(c); err != nil {
		return err
	}
	if err := recordCard(tx, "card.contest", before, c, r.Terminal); err != nil {
		return err
	}
	return recordConflict(tx, r, why)
}

// What one terminal, and what all of them can put before an operator about one card, has a
// bound: a stolen identity could tell of cards and accounts without end.
const (
	manyOfTerminal = 1000
	manyOfCard     = 20
)

// recordConflict puts a report before an operator.
func recordConflict(tx Tx, r Report, why string) error {
	told, err := tx.CountConflicts(r.Terminal, manyOfTerminal)
	if err != nil || told >= manyOfTerminal {
		return err
	}
	open, err := tx.OpenConflicts(r.Card)
	if err != nil || len(open) >= manyOfCard {
		return err
	}
	c, _, err := cardOrNone(tx, r.Card)
	if err != nil {
		return err
	}
	return tx.AddConflict(Conflict{Card: r.Card, Account: c.Account, Other: r.Account, Terminal: r.Terminal, Why: why, At: r.seen(tx.Now)})
}

// seen is when something happened as people are shown it: a time to come, or before there
// were terminals, is that of a clock that is wrong.
func (r Report) seen(now time.Time) time.Time {
	if r.At.After(now) || r.At.Year() < 2020 {
		return now
	}
	return r.At
}

func cardOrNone(tx Tx, id ID) (c Card, found bool, err error) {
	c, err = tx.Card(id)
	found, err = isFound(err)
	return c, found, err
}

// assurance is how well the terminal knew the card that it bound. One that does not say, or
// says what this version does not know, had a serial number and no more.
func (r Report) assurance() Assurance {
	if r.Assurance == PACS || r.Assurance == Authenticated {
		return r.Assurance
	}
	return UID
}

// cardLine is what an audit line tells about a card.
type cardLine struct {
	Account   string     `json:"account,omitempty"`
	State     CardState  `json:"state,omitempty"`
	Assurance Assurance  `json:"assurance,omitempty"`
	Expires   *time.Time `json:"expires,omitempty"`
	Terminal  string     `json:"terminal,omitempty"`
}

func lineOf(c Card) cardLine {
	line := cardLine{Account: people.HexID(c.Account), State: c.State, Assurance: c.Assurance}
	if !c.Expires.IsZero() {
		line.Expires = &c.Expires
	}
	return line
}

// recordCard leaves an audit line of a card that changed; before is zero if it was nobody's.
func recordCard(tx Tx, action string, before, after Card, terminal string) error {
	line := audit.Change{Action: action, Object: ShortCard(after.ID), Subject: after.Account}
	if before != (Card{}) {
		line.Before = lineOf(before)
	}
	now := lineOf(after)
	now.Terminal = terminal
	line.After = now
	return tx.Record(line)
}

// ShortCard is how a card is shown: the first 8 hex digits of its id.
func ShortCard(id ID) string { return people.ShortID(id) }
