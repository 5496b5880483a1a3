package people

import (
	"errors"
	"slices"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// Purpose is what a link is for.
type Purpose string

// The purposes.
const (
	Activate   Purpose = "activate"  // an account that an operator made: choose a password
	Reset      Purpose = "reset"     // choose another password
	ChangeMail Purpose = "email"     // confirm a new address for log-in
	SetUp      Purpose = "setup"     // an administrator gets in without a password
	Confirm    Purpose = "register"  // confirm the address of an account that its owner made
	JoinOwn    Purpose = "merge"     // confirm that an account with one's own address typed in is one's own
	Box        Purpose = "box"       // no link: what one browser may see once
	UndoCard   Purpose = "undo-card" // take back a card that was bound to one's account
)

// lives is how long a link of each purpose can be used.
var lives = map[Purpose]time.Duration{
	Activate: 7 * 24 * time.Hour, Reset: time.Hour, ChangeMail: 24 * time.Hour, SetUp: 15 * time.Minute,
	Confirm: 7 * 24 * time.Hour, JoinOwn: 7 * 24 * time.Hour, UndoCard: 7 * 24 * time.Hour, Box: 10 * time.Minute,
}

// keepLinks is how long a link that cannot be used any more is kept, to say why.
const keepLinks = 30 * 24 * time.Hour

// Link is one link as the hub keeps it: the hash of its token, never the token.
type Link struct {
	Hash       [32]byte
	Purpose    Purpose
	Account    ID     // zero: of nobody yet, the set-up link of a first start
	Address    string // that it was made for
	About      ID     // of a merge or a card: what it is about; zero: nothing more
	Made, Ends time.Time
	Used       time.Time // zero: not
	Replaced   time.Time // zero: not
	ReplacedBy [32]byte  // hash of the link that took its place
	By         audit.Actor
	Sealed     []byte // what only the browser that asked for the link can read; nil: nothing
}

// LinkState is what a link is good for.
type LinkState string

// The states. Each comes once and stays: usable, then one of the others.
const (
	LinkUsable   LinkState = "usable"
	LinkUsed     LinkState = "used"
	LinkReplaced LinkState = "replaced" // by a newer one, at Link.Replaced
	LinkEnded    LinkState = "ended"    // its time is over, or its address or account changed
	LinkActive   LinkState = "active"   // the account is active already
	LinkUnknown  LinkState = "unknown"  // no link of this site, or an old one that was forgotten
)

// Links keeps links by the hash of their token.
type Links interface {
	PutLink(Link) error
	Link(hash [32]byte) (Link, error) // ErrNotFound
	// OpenLinks gives the links of an account that are neither used nor replaced.
	OpenLinks(account ID) ([]Link, error)
	DropLinks(account ID) error
	// PruneLinks forgets up to limit links that ended before a time, and tells how many.
	PruneLinks(ended time.Time, limit int) (int, error)
}

// IssueLink makes a link for an account. Its address is where it is sent: empty, the one
// that the account logs in with. An account has one open link of a purpose: a former one is
// replaced, and says so from then on.
func IssueLink(tx Tx, p Purpose, account ID, address string) (Token, error) {
	return IssueLinkAbout(tx, p, account, address, ID{})
}

// IssueLinkAbout makes a link that is about one thing, a card or another account. It replaces
// only an open link about the same.
func IssueLinkAbout(tx Tx, p Purpose, account ID, address string, about ID) (Token, error) {
	return issueLink(tx, Link{Purpose: p, Account: account, Address: address, About: about})
}

func issueLink(tx Tx, l Link) (Token, error) {
	a, err := getLive(tx, l.Account)
	if err != nil {
		return Token{}, err
	}
	if l.Address == "" {
		l.Address = a.Email
	}
	return keepLink(tx, l)
}

// keepLink gives a link its token and its time, and puts it in the place of a former one.
func keepLink(tx Tx, l Link) (Token, error) {
	t := NewToken()
	l.Hash, l.Made, l.Ends, l.By = t.Hash(), tx.Now, tx.Now.Add(lives[l.Purpose]), tx.By
	if err := replaceLink(tx, l); err != nil {
		return Token{}, err
	}
	if err := tx.PutLink(l); err != nil {
		return Token{}, err
	}
	return t, tx.Record(audit.Change{Action: "link.issue", Object: HexID(l.Account), Subject: l.Account,
		After: map[string]any{"purpose": l.Purpose, "address": l.Address, "ends": l.Ends}})
}

// replaceLink marks the open link that another one takes the place of.
func replaceLink(tx Tx, by Link) error {
	open, err := tx.OpenLinks(by.Account)
	if err != nil {
		return err
	}
	for _, l := range open {
		if l.Purpose != by.Purpose || l.About != by.About {
			continue
		}
		l.Replaced, l.ReplacedBy, l.Sealed = tx.Now, by.Hash, nil
		if err := tx.PutLink(l); err != nil {
			return err
		}
	}
	return nil
}

// LookUpLink tells what a link is for and what it is good for. It changes nothing.
func LookUpLink(tx Tx, t Token) (Link, LinkState, error) {
	l, err := tx.Link(t.Hash())
	if errors.Is(err, ErrNotFound) {
		return Link{}, LinkUnknown, nil
	}
	if err != nil {
		return Link{}, "", err
	}
	if l.Account == (ID{}) {
		return lookUpSetUp(tx, l)
	}
	a, err := tx.Account(l.Account)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return l, "", err
	}
	return l, l.stateFor(a, tx.Now), nil
}

// lookUpSetUp is LookUpLink for the set-up link of a first start: it ends once an
// administrator can log in.
func lookUpSetUp(tx Tx, l Link) (Link, LinkState, error) {
	state := l.stateFor(Account{State: Created}, tx.Now)
	done, err := HasAdministrator(tx)
	if done && state == LinkUsable {
		state = LinkEnded
	}
	return l, state, err
}

// stateFor is what a link is good for, now that its account is a.
func (l Link) stateFor(a Account, now time.Time) LinkState {
	switch {
	case !l.Used.IsZero():
		return LinkUsed
	case !l.Replaced.IsZero():
		return LinkReplaced
	case l.Purpose == Activate && a.State == Active:
		return LinkActive
	case !l.Ends.After(now), !l.fits(a, now):
		return LinkEnded
	}
	return LinkUsable
}

// fits reports whether an account still is what a link was made for.
func (l Link) fits(a Account, now time.Time) bool {
	if a.State.Final() || a.State == Suspended || a.ID != l.Account || a.hasExpired(now) {
		return false
	}
	return l.Purpose == ChangeMail || l.Address == a.Email
}

// linkRefusals are the codes of links that cannot be used.
var linkRefusals = map[LinkState]string{
	LinkUsed: CodeLinkUsed, LinkReplaced: CodeLinkReplaced, LinkEnded: CodeLinkEnded,
	LinkActive: CodeLinkActive, LinkUnknown: CodeLinkUnknown,
}

// UseLink uses a link up. From then on it says that it was used.
func UseLink(tx Tx, t Token, p Purpose) (Link, error) {
	l, state, err := LookUpLink(tx, t)
	if err != nil {
		return l, err
	}
	if state == LinkUsable && l.Purpose != p {
		state = LinkUnknown
	}
	if state != LinkUsable {
		return l, refuse(refusal.Conflict, linkRefusals[state], refusal.Fields{"at": l.Replaced})
	}
	tx.By = OwnerOf(l.Account)
	used := l
	used.Used, used.Sealed = tx.Now, nil
	if err := tx.PutLink(used); err != nil {
		return l, err
	}
	return l, tx.Record(audit.Change{Action: "link.use", Object: HexID(l.Account), Subject: l.Account,
		After: map[string]any{"purpose": p, "address": l.Address}})
}

// OwnerOf is the actor of what somebody does with a link that was sent to them.
func OwnerOf(account ID) audit.Actor {
	return audit.Actor{Kind: audit.Account, ID: HexID(account), Via: "link"}
}

// endLinks ends the open links of some purposes of an account; of all without one.
func endLinks(tx Tx, account ID, purposes ...Purpose) error {
	open, err := tx.OpenLinks(account)
	if err != nil {
		return err
	}
	for _, l := range open {
		if !l.Ends.After(tx.Now) || len(purposes) > 0 && !slices.Contains(purposes, l.Purpose) {
			continue
		}
		l.Ends, l.Sealed = tx.Now, nil
		if err := tx.PutLink(l); err != nil {
			return err
		}
	}
	return nil
}
