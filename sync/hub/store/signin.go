package store

import (
	"time"

	"badged/sync/hub/people"
)

const credentialColumns = `SELECT id, account, kind, name, data, made, used FROM credential `

func readCredential(scan scan) (c people.Credential, err error) {
	return c, scan(idInto{&c.ID}, idInto{&c.Account}, &c.Kind, &c.Name, &c.Data, timeInto{&c.Made}, timeInto{&c.Used})
}

// PutCredential implements people.Credentials.
func (x *tx) PutCredential(c people.Credential) error {
	_, err := x.exec(`INSERT INTO credential (id, account, kind, name, data, made, used) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET account = excluded.account, kind = excluded.kind, name = excluded.name,
			data = excluded.data, made = excluded.made, used = excluded.used`,
		c.ID[:], c.Account[:], string(c.Kind), c.Name, c.Data, millis(c.Made), millis(c.Used))
	return err
}

// CredentialsOf implements people.Credentials.
func (x *tx) CredentialsOf(account people.ID) ([]people.Credential, error) {
	return list(x, credentialColumns+`WHERE account = ? ORDER BY made, id`, []any{account[:]}, readCredential)
}

// DropCredential implements people.Credentials.
func (x *tx) DropCredential(id people.ID) error {
	_, err := x.exec(`DELETE FROM credential WHERE id = ?`, id[:])
	return err
}

const linkColumns = `SELECT hash, purpose, account, address, about, made, ends, used, replaced, replaced_by,
	by_kind, by_id, by_via, sealed FROM link `

func readLink(scan scan) (l people.Link, err error) {
	return l, scan(hashInto{&l.Hash}, &l.Purpose, idInto{&l.Account}, &l.Address, idInto{&l.About}, timeInto{&l.Made},
		timeInto{&l.Ends}, timeInto{&l.Used}, timeInto{&l.Replaced}, hashInto{&l.ReplacedBy},
		&l.By.Kind, &l.By.ID, &l.By.Via, &l.Sealed)
}

// PutLink implements people.Links.
func (x *tx) PutLink(l people.Link) error {
	_, err := x.exec(`INSERT INTO link (hash, purpose, account, address, about, made, ends, used, replaced, replaced_by,
		by_kind, by_id, by_via, sealed) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET ends = excluded.ends, used = excluded.used, replaced = excluded.replaced,
			replaced_by = excluded.replaced_by, sealed = excluded.sealed`,
		l.Hash[:], string(l.Purpose), l.Account[:], l.Address, l.About[:], millis(l.Made), millis(l.Ends), millis(l.Used),
		millis(l.Replaced), l.ReplacedBy[:], string(l.By.Kind), l.By.ID, l.By.Via, blob(l.Sealed))
	return err
}

// Link implements people.Links.
func (x *tx) Link(hash [32]byte) (people.Link, error) {
	return first(x, linkColumns+`WHERE hash = ?`, []any{hash[:]}, readLink)
}

// OpenLinks implements people.Links.
func (x *tx) OpenLinks(account people.ID) ([]people.Link, error) {
	return list(x, linkColumns+`WHERE account = ? AND used = 0 AND replaced = 0 ORDER BY made`, []any{account[:]}, readLink)
}

// DropLinks implements people.Links.
func (x *tx) DropLinks(account people.ID) error {
	_, err := x.exec(`DELETE FROM link WHERE account = ?`, account[:])
	return err
}

// PruneLinks implements people.Links.
func (x *tx) PruneLinks(ended time.Time, limit int) (int, error) {
	n, err := x.exec(`DELETE FROM link WHERE hash IN (SELECT hash FROM link WHERE ends < ? ORDER BY ends LIMIT ?)`,
		millis(ended), limit)
	return int(n), err
}

const sessionColumns = `SELECT hash, account, made, seen, ends, reauth, ip, agent, role, sealed FROM session `

// sqlSession is read at each request for a page.
const sqlSession = sessionColumns + `WHERE hash = ?`

func readSession(scan scan) (s people.Session, err error) {
	return s, scan(hashInto{&s.Hash}, idInto{&s.Account}, timeInto{&s.Made}, timeInto{&s.Seen}, timeInto{&s.Ends},
		timeInto{&s.Reauth}, &s.IP, &s.Agent, &s.Role, &s.Sealed)
}

// PutSession implements people.Sessions.
func (x *tx) PutSession(s people.Session) error {
	_, err := x.exec(`INSERT INTO session (hash, account, made, seen, ends, reauth, ip, agent, role, sealed)
		VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (hash) DO UPDATE SET seen = excluded.seen, ends = excluded.ends, reauth = excluded.reauth, sealed = excluded.sealed`,
		s.Hash[:], s.Account[:], millis(s.Made), millis(s.Seen), millis(s.Ends), millis(s.Reauth), s.IP, s.Agent,
		string(s.Role), blob(s.Sealed))
	return err
}

// Session implements people.Sessions.
func (x *tx) Session(hash [32]byte) (people.Session, error) {
	return first(x, sqlSession, []any{hash[:]}, readSession)
}

// SessionsOf implements people.Sessions.
func (x *tx) SessionsOf(account people.ID) ([]people.Session, error) {
	return list(x, sessionColumns+`WHERE account = ? ORDER BY seen DESC, hash`, []any{account[:]}, readSession)
}

// DropSession implements people.Sessions.
func (x *tx) DropSession(hash [32]byte) error {
	_, err := x.exec(`DELETE FROM session WHERE hash = ?`, hash[:])
	return err
}

// PruneSessions implements people.Sessions.
func (x *tx) PruneSessions(ended time.Time) (int, error) {
	n, err := x.exec(`DELETE FROM session WHERE ends < ?`, millis(ended))
	return int(n), err
}

// Tries implements people.Throttle.
func (x *tx) Tries(key [32]byte) (count int, until time.Time, err error) {
	err = x.one(`SELECT count, until FROM throttle WHERE key = ?`, []any{key[:]}, &count, timeInto{&until})
	return count, until, err
}

// PutTries implements people.Throttle.
func (x *tx) PutTries(key [32]byte, count int, until time.Time) error {
	_, err := x.exec(`INSERT INTO throttle (key, count, until) VALUES (?, ?, ?)
		ON CONFLICT (key) DO UPDATE SET count = excluded.count, until = excluded.until`, key[:], count, millis(until))
	return err
}

// DropTries implements people.Throttle.
func (x *tx) DropTries(key [32]byte) error {
	_, err := x.exec(`DELETE FROM throttle WHERE key = ?`, key[:])
	return err
}

// PruneTries implements people.Throttle.
func (x *tx) PruneTries(ended time.Time) (int, error) {
	n, err := x.exec(`DELETE FROM throttle WHERE until < ?`, millis(ended))
	return int(n), err
}
