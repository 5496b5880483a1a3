package people

import (
	"errors"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// How long sessions last, and for how long somebody who just proved who they are may do
// what asks for it.
const (
	userIdle, userMost   = 30 * time.Minute, 12 * time.Hour
	adminIdle, adminMost = 15 * time.Minute, 8 * time.Hour
	ReauthFor            = 10 * time.Minute
)

// touchEvery is how often the use of a session is written down: not at each request.
const touchEvery = time.Minute

// maxSessions is how many sessions an account has; the one that was unused the longest gives
// way.
const maxSessions = 20

// Session is one browser that somebody logged in with.
type Session struct {
	Hash       [32]byte // of its token
	Account    ID
	Made, Seen time.Time
	Ends       time.Time // at the latest
	Reauth     time.Time // when its owner last proved who they are
	IP, Agent  string
	Role       Role   // that it was opened with
	Sealed     []byte // what only this browser's cookie can read; nil: nothing
}

// Idle is how long a session may rest.
func (s Session) Idle() time.Duration {
	if s.Role == Admin {
		return adminIdle
	}
	return userIdle
}

// Recent reports whether its owner proved not long ago who they are.
func (s Session) Recent(now time.Time) bool { return now.Before(s.Reauth.Add(ReauthFor)) }

// over reports whether a session of a is over.
func (s Session) over(a Account, now time.Time) bool {
	return !s.Ends.After(now) || !s.Seen.Add(s.Idle()).After(now) ||
		a.State != Active || a.Kind != Person || a.Role != s.Role || a.hasExpired(now)
}

// Client is the browser of a session.
type Client struct{ IP, Agent string }

// Sessions keeps sessions by the hash of their token.
type Sessions interface {
	PutSession(Session) error
	Session(hash [32]byte) (Session, error)     // ErrNotFound
	SessionsOf(account ID) ([]Session, error)   // the last seen first
	DropSession(hash [32]byte) error            // without effect for none
	PruneSessions(ended time.Time) (int, error) // those whose Ends has passed
}

// OpenSession logs an account in.
func OpenSession(tx Tx, id ID, c Client) (SessionToken, Session, error) {
	a, err := getLive(tx, id)
	if err != nil {
		return SessionToken{}, Session{}, err
	}
	if err := a.refuseLogin(tx.Now); err != nil {
		return SessionToken{}, Session{}, err
	}
	t, most := NewSessionToken(), userMost
	if a.Role == Admin {
		most = adminMost
	}
	s := Session{Hash: t.Hash(), Account: id, Made: tx.Now, Seen: tx.Now, Ends: tx.Now.Add(most), Reauth: tx.Now,
		IP: clip(c.IP, 64), Agent: clip(c.Agent, 200), Role: a.Role}
	if err := makeRoom(tx, id); err != nil {
		return t, s, err
	}
	if err := tx.PutSession(s); err != nil {
		return t, s, err
	}
	return t, s, tx.Record(audit.Change{Action: "session.open", Object: HexID(id), Subject: id, After: map[string]any{"ip": s.IP}})
}

// makeRoom ends the sessions of an account that leave no room for one more.
func makeRoom(tx Tx, id ID) error {
	all, err := tx.SessionsOf(id)
	for i := maxSessions - 1; i < len(all) && err == nil; i++ {
		err = tx.DropSession(all[i].Hash)
	}
	return err
}

// refuseLogin is why an account cannot log in at t; nil if it can.
func (a Account) refuseLogin(t time.Time) error {
	switch {
	case a.Kind != Person:
		return refuse(refusal.Conflict, CodeKind, refusal.Fields{"account": HexID(a.ID), "kind": a.Kind})
	case a.State == Created || a.State == Invited:
		return refuse(refusal.Forbidden, CodeLoginNotActive, nil)
	case a.State != Active || a.hasExpired(t):
		return refuse(refusal.Forbidden, CodeLoginSuspended, nil)
	}
	return nil
}

// FindSession gives the session of a token and its account. One that is over is refused. It
// changes nothing.
func FindSession(tx Tx, t SessionToken) (Session, Account, error) {
	s, err := tx.Session(t.Hash())
	if errors.Is(err, ErrNotFound) {
		return Session{}, Account{}, refuse(refusal.Forbidden, CodeSessionOver, nil)
	}
	if err != nil {
		return s, Account{}, err
	}
	a, err := tx.Account(s.Account)
	if err != nil && !errors.Is(err, ErrNotFound) {
		return s, a, err
	}
	if s.over(a, tx.Now) {
		return Session{}, Account{}, refuse(refusal.Forbidden, CodeSessionOver, nil)
	}
	return s, a, nil
}

// NeedsTouch reports whether the use of a session is to be written down again.
func (s Session) NeedsTouch(now time.Time) bool { return now.Sub(s.Seen) >= touchEvery }

// TouchSession notes that a session is used. One that is over stays so.
func TouchSession(tx Tx, t SessionToken) error {
	s, _, err := FindSession(tx, t)
	if err != nil {
		return err
	}
	s.Seen = tx.Now
	return tx.PutSession(s)
}

// Reauthenticate notes that the owner of a session has just proved who they are.
func Reauthenticate(tx Tx, t SessionToken) error {
	s, a, err := FindSession(tx, t)
	if err != nil {
		return err
	}
	s.Seen, s.Reauth = tx.Now, tx.Now
	if err := tx.PutSession(s); err != nil {
		return err
	}
	if err := ForgetTries(tx, confirmKey(s.Hash)); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "session.reauthenticate", Object: HexID(a.ID), Subject: a.ID})
}

// KeepSealed keeps with a session what only its browser can read; nil: nothing any more.
func KeepSealed(tx Tx, t SessionToken, sealed []byte) error {
	s, _, err := FindSession(tx, t)
	if err != nil {
		return err
	}
	s.Sealed = sealed
	return tx.PutSession(s)
}

// EndSession logs a browser out. It does nothing for a session that is over.
func EndSession(tx Tx, hash [32]byte) error {
	s, err := tx.Session(hash)
	if errors.Is(err, ErrNotFound) {
		return nil
	}
	if err == nil {
		err = tx.DropSession(hash)
	}
	if err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "session.end", Object: HexID(s.Account), Subject: s.Account})
}

// EndSessions logs an account out everywhere but in one session, and tells how many ended;
// a zero hash keeps none. Links that would give the account another address for log-in end
// too: whoever had a session may have asked for one, and could come back with it.
func EndSessions(tx Tx, account ID, but [32]byte) (ended int, err error) {
	if err := endLinks(tx, account, ChangeMail); err != nil {
		return 0, err
	}
	all, err := tx.SessionsOf(account)
	if err != nil {
		return 0, err
	}
	for _, s := range all {
		if s.Hash == but {
			continue
		}
		if err := tx.DropSession(s.Hash); err != nil {
			return ended, err
		}
		ended++
	}
	if ended == 0 {
		return 0, nil
	}
	return ended, tx.Record(audit.Change{Action: "session.end_all", Object: HexID(account), Subject: account,
		After: map[string]any{"ended": ended}})
}
