package people

import (
	"crypto/sha256"
	"errors"
	"net/netip"
	"strings"
	"time"

	"badged/internal/profile"
)

// Limit is how often something may be tried in a time.
type Limit struct {
	Tries int
	Per   time.Duration
}

// Throttle counts tries.
type Throttle interface {
	Tries(key [32]byte) (count int, until time.Time, err error) // ErrNotFound
	PutTries(key [32]byte, count int, until time.Time) error
	DropTries(key [32]byte) error
	PruneTries(ended time.Time) (int, error)
}

// CountTry counts one try at what a key names, and tells how long to wait before it is let
// through; 0: it is now. Waiting tries are not counted, so that nobody waits longer for
// trying. Keys are kept as hashes: they hold addresses.
func CountTry(tx Tx, key string, l Limit) (wait time.Duration, err error) {
	t, wait, err := lookUpTries(tx, key, l)
	if wait > 0 || err != nil {
		return wait, err
	}
	return 0, t.add(tx)
}

// tries are those at what a key names, and when they are over.
type tries struct {
	hash  [32]byte
	count int
	until time.Time
}

// lookUpTries gives the tries so far, and how long the next one has to wait.
func lookUpTries(tx Tx, key string, l Limit) (t tries, wait time.Duration, err error) {
	t.hash = sha256.Sum256([]byte(key))
	t.count, t.until, err = tx.Tries(t.hash)
	if errors.Is(err, ErrNotFound) || err == nil && !t.until.After(tx.Now) {
		t.count, t.until, err = 0, tx.Now.Add(l.Per), nil
	}
	if err == nil && t.count >= l.Tries {
		wait = t.until.Sub(tx.Now)
	}
	return t, wait, err
}

func (t tries) add(tx Tx) error { return tx.PutTries(t.hash, t.count+1, t.until) }

// ForgetTries begins the count of a key anew.
func ForgetTries(tx Tx, key string) error { return tx.DropTries(sha256.Sum256([]byte(key))) }

// The limits of tries to log in. Somebody's tries count against what they try from: nobody
// else is kept out by them.
var (
	perAddressHere = Limit{10, 15 * time.Minute}  // at one address from one network
	perNetwork     = Limit{100, 15 * time.Minute} // from one network
	perAddress     = Limit{60, time.Hour}         // at one address from anywhere: then perAddressHere is perBesieged
	perBesieged    = Limit{1, time.Minute}
)

// CountLogin counts one try to log in with an address from a network, and tells how long to
// wait before its password is looked at; 0: now. A network whose tries are spent changes
// nothing any more.
func CountLogin(tx Tx, email, network string) (wait time.Duration, err error) {
	from, wait, err := lookUpTries(tx, fromKey(network), perNetwork)
	if wait > 0 || err != nil {
		return wait, err
	}
	if wait, err = countAddress(tx, email, network); wait > 0 || err != nil {
		return wait, err
	}
	return 0, from.add(tx)
}

// countAddress counts one try at an address.
func countAddress(tx Tx, email, network string) (wait time.Duration, err error) {
	here := loginKey(email, network)
	if wait, err = CountTry(tx, here, perAddressHere); wait > 0 || err != nil {
		return wait, err
	}
	besieged, err := CountTry(tx, "log in|"+loginName(email), perAddress)
	if besieged == 0 || err != nil {
		return 0, err
	}
	return CountTry(tx, "besieged|"+here, perBesieged)
}

// CountConfirm counts one try to prove again in a session who one is, and tells how long to
// wait before its password is looked at; 0: now. Nobody else has that session.
func CountConfirm(tx Tx, session [32]byte) (wait time.Duration, err error) {
	return CountTry(tx, confirmKey(session), perAddressHere)
}

// ownFrom is how often somebody may choose a password for an account that they ask for, from
// one network: each takes the hub's time.
var ownFrom = Limit{30, 15 * time.Minute}

// CountOwn counts one request for an account of one's own, and tells how long to wait before
// its password is looked at; 0: now.
func CountOwn(tx Tx, network string) (wait time.Duration, err error) {
	return CountTry(tx, "own from|"+network, ownFrom)
}

// ForgetLogins begins the count of an address from a network anew, once it was the owner's,
// and gives the network this try back: log-ins of neighbours keep nobody out.
func ForgetLogins(tx Tx, email, network string) error {
	if err := ForgetTries(tx, loginKey(email, network)); err != nil {
		return err
	}
	from, _, err := lookUpTries(tx, fromKey(network), perNetwork)
	if err != nil || from.count == 0 {
		return err
	}
	return tx.PutTries(from.hash, from.count-1, from.until)
}

func loginKey(email, network string) string { return "log in|" + loginName(email) + "|" + network }

func fromKey(network string) string { return "log in from|" + network }

func confirmKey(session [32]byte) string { return "confirm|" + string(session[:]) }

// loginName is what counts as one address.
func loginName(email string) string {
	if key, ok := EmailKey(email); ok {
		return key
	}
	return clip(strings.ToLower(strings.TrimSpace(email)), profile.MaxEmail)
}

// Network is what counts as one place on the network: an IPv4 address, or the /64 of an IPv6
// one, which a single customer has whole.
func Network(ip string) string {
	a, err := netip.ParseAddr(ip)
	if err != nil {
		return clip(ip, 64)
	}
	a = a.Unmap().WithZone("")
	if a.Is4() {
		return a.String()
	}
	p, _ := a.Prefix(64) // 64 bits are always there
	return p.String()
}

// clip bounds a text from outside, in bytes, without cutting a letter in two.
func clip(s string, most int) string {
	s = strings.ToValidUTF8(strings.ReplaceAll(s, "\x00", ""), "?")
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "")
}

// ForgetEnded forgets up to limit links that ended long ago, and the sessions and counts of
// tries that are over. It tells how many links.
func ForgetEnded(tx Tx, limit int) (int, error) {
	if _, err := tx.PruneSessions(tx.Now); err != nil {
		return 0, err
	}
	if _, err := tx.PruneTries(tx.Now); err != nil {
		return 0, err
	}
	return tx.PruneLinks(tx.Now.Add(-keepLinks), limit)
}
