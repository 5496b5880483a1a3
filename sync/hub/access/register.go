package access

import (
	"crypto/rand"
	"time"

	"badged/internal/profile"
	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// registrations bounds how many accounts are asked for from one network.
var registrations = people.Limit{Tries: 20, Per: time.Hour}

// Register makes an account for somebody who asks for one on the web, with a PIN for
// printers, and keeps the PIN in a box that only their browser opens, once. With an address
// that is known it makes nothing and looks the same: its owner gets a mail, and the PIN in
// the box is nobody's.
func Register(tx Tx, key sitekey.Key, n people.Self, network string) (people.SessionToken, error) {
	site, err := Settings(tx)
	if err != nil {
		return people.SessionToken{}, err
	}
	if !site.Web {
		return people.SessionToken{}, refuse(refusal.Forbidden, CodeRouteOff, nil)
	}
	wait, err := people.CountTry(tx.Tx, "register from|"+network, registrations)
	if err == nil && wait > 0 {
		err = refuse(refusal.Forbidden, CodeRegisterOften, nil)
	}
	if err != nil {
		return people.SessionToken{}, err
	}
	n.Groups = site.WebGroups
	a, added, err := people.AddSelf(tx.Tx, n)
	if err != nil {
		return people.SessionToken{}, err
	}
	if !added {
		return registerKnown(tx, key, a, n)
	}
	pin, err := IssuePIN(tx, key, a.ID)
	if err != nil {
		return people.SessionToken{}, err
	}
	mailed := pin
	if site.NewAccountMail == MailsLink {
		mailed = secret.Text{}
	}
	if err := people.Welcome(tx.Tx, a, mailed); err != nil {
		return people.SessionToken{}, err
	}
	return putInBox(tx, a.ID, n.Email, pin)
}

// registerKnown does what shows nobody that an address is known.
func registerKnown(tx Tx, key sitekey.Key, a people.Account, n people.Self) (people.SessionToken, error) {
	digits, err := pinDigits(tx)
	if err != nil {
		return people.SessionToken{}, err
	}
	decoy, err := drawPIN(tx, key, digits)
	if err != nil {
		return people.SessionToken{}, err
	}
	if err := people.TellRegistered(tx.Tx, a); err != nil {
		return people.SessionToken{}, err
	}
	var nobody ID
	_, _ = rand.Read(nobody[:]) // never fails
	return putInBox(tx, nobody, n.Email, secret.New(decoy))
}

// putInBox keeps user name and PIN, a line each, as the person typed the name.
func putInBox(tx Tx, id ID, email string, pin secret.Text) (people.SessionToken, error) {
	return people.PutInBox(tx.Tx, id, secret.New(profile.CleanEmail(email)+"\n"+pin.Reveal()))
}
