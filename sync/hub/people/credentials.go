package people

import (
	"errors"
	"slices"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/refusal"
)

// CredentialKind is how somebody proves who they are.
type CredentialKind string

// The kinds of credential.
const (
	Password CredentialKind = "password" // Data is a PHC string
	Passkey  CredentialKind = "passkey"
	TOTP     CredentialKind = "totp" // a second factor, alone no way in
	OIDC     CredentialKind = "oidc"
)

// Credential is one thing that proves who somebody is.
type Credential struct {
	ID      ID
	Account ID
	Kind    CredentialKind
	Name    string // that its owner gave it
	Data    []byte // of its kind; it is never shown
	Made    time.Time
	Used    time.Time // last; zero: never
}

// Credentials keeps them.
type Credentials interface {
	PutCredential(Credential) error
	CredentialsOf(account ID) ([]Credential, error) // the oldest first
	DropCredential(id ID) error
}

// SetPassword gives an account a password, which a PHC string stands for. It is the only
// place where passwords change. All sessions end, and so do links that would set another
// one.
func SetPassword(tx Tx, id ID, phc string) error {
	a, err := getLive(tx, id)
	if err != nil {
		return err
	}
	if a.Kind != Person {
		return refuse(refusal.Conflict, CodeKind, refusal.Fields{"account": HexID(id), "kind": a.Kind})
	}
	c, err := passwordOf(tx, id)
	if errors.Is(err, ErrNotFound) {
		c, err = Credential{ID: randomID(), Account: id, Kind: Password}, nil
	}
	if err != nil {
		return err
	}
	c.Data, c.Made, c.Used = []byte(phc), tx.Now, time.Time{}
	if err := tx.PutCredential(c); err != nil {
		return err
	}
	if _, err := EndSessions(tx, id, [32]byte{}); err != nil {
		return err
	}
	if err := endLinks(tx, id, Reset, SetUp, Activate, Confirm); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "password.set", Object: HexID(id), Subject: id})
}

func passwordOf(tx Tx, id ID) (Credential, error) {
	all, err := tx.CredentialsOf(id)
	if err != nil {
		return Credential{}, err
	}
	i := slices.IndexFunc(all, func(c Credential) bool { return c.Kind == Password })
	if i < 0 {
		return Credential{}, ErrNotFound
	}
	return all[i], nil
}

// PasswordOf gives the account that an address logs in to, and the PHC string of its
// password. Both are empty for an address that is nobody's or has no password: the caller
// checks what was typed against something all the same, so that time does not tell.
func PasswordOf(tx Tx, emailKey string) (Account, string, error) {
	a, err := tx.AccountByEmail(emailKey)
	if errors.Is(err, ErrNotFound) {
		return Account{}, "", nil
	}
	if err != nil {
		return Account{}, "", err
	}
	c, err := passwordOf(tx, a.ID)
	if errors.Is(err, ErrNotFound) {
		return a, "", nil
	}
	return a, string(c.Data), err
}

// LogIn opens a session for somebody whose password was the one of a PHC string. One that
// was changed since then is refused.
func LogIn(tx Tx, id ID, phc string, c Client) (SessionToken, error) {
	p, err := passwordOf(tx, id)
	if errors.Is(err, ErrNotFound) || err == nil && string(p.Data) != phc {
		return SessionToken{}, refuse(refusal.Forbidden, CodeSessionOver, nil)
	}
	if err != nil {
		return SessionToken{}, err
	}
	t, _, err := OpenSession(tx, id, c)
	if err != nil {
		return t, err
	}
	p.Used = tx.Now
	return t, tx.PutCredential(p)
}

// LogsIn reports whether a credential alone lets somebody in.
func (c Credential) LogsIn() bool { return c.Kind != TOTP }

// HasLogin reports whether an account has a way to log in.
func HasLogin(tx Tx, id ID) (bool, error) {
	all, err := tx.CredentialsOf(id)
	return slices.ContainsFunc(all, Credential.LogsIn), err
}

// dropLogin takes all ways in from an account that is no more.
func dropLogin(tx Tx, id ID) error {
	all, err := tx.CredentialsOf(id)
	if err != nil {
		return err
	}
	for _, c := range all {
		if err := tx.DropCredential(c.ID); err != nil {
			return err
		}
	}
	if _, err := EndSessions(tx, id, [32]byte{}); err != nil {
		return err
	}
	return tx.DropLinks(id)
}
