package storetest

import (
	"errors"
	"reflect"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
)

// testSignIn puts, changes, lists and drops what people log in with.
func testSignIn(t *testing.T, open Open) {
	s := open(t)
	ada, eve := people.ID{1}, people.ID{2}
	password := people.Credential{ID: people.ID{11}, Account: ada, Kind: people.Password, Name: "Clé", Data: []byte("$argon2id$"), Made: now, Used: now}
	passkey := people.Credential{ID: people.ID{10}, Account: ada, Kind: people.Passkey, Data: []byte{0, 255}, Made: now.Add(time.Second)}
	link := people.Link{Hash: [32]byte{1}, Purpose: people.Reset, Account: ada, Address: "ada@example.com", About: people.ID{7}, Made: now,
		Ends: now.Add(time.Hour), Used: now.Add(time.Minute), Replaced: now.Add(time.Second), ReplacedBy: [32]byte{9},
		By: audit.Actor{Kind: audit.Account, ID: "x", Via: "web"}, Sealed: []byte{0, 1}}
	plain := people.Link{Hash: [32]byte{2}, Purpose: people.Activate, Account: ada, Made: now, Ends: now.Add(time.Minute)}
	session := people.Session{Hash: [32]byte{3}, Account: ada, Made: now, Seen: now, Ends: now.Add(time.Hour), Reauth: now,
		IP: "::1", Agent: "Firefox", Role: people.Admin, Sealed: []byte{2}}
	later := people.Session{Hash: [32]byte{4}, Account: ada, Made: now, Seen: now.Add(time.Minute), Ends: now, Role: people.User}
	write(t, s, func(tx fleet.Tx) error {
		first := session
		first.Seen, first.Sealed = now.Add(-time.Hour), nil
		open := link
		open.Used, open.Replaced, open.ReplacedBy, open.Ends = time.Time{}, time.Time{}, [32]byte{}, now
		return errors.Join(tx.PutCredential(passkey), tx.PutCredential(password), tx.PutLink(open), tx.PutLink(plain), tx.PutLink(link),
			tx.PutSession(first), tx.PutSession(later), tx.PutSession(session),
			tx.PutTries([32]byte{5}, 1, now), tx.PutTries([32]byte{5}, 2, now.Add(time.Second)), tx.PutTries([32]byte{6}, 1, now.Add(time.Hour)))
	})
	read(t, s, func(tx fleet.Tx) error {
		credentials, err1 := tx.CredentialsOf(ada)
		l, err2 := tx.Link(link.Hash)
		links, err3 := tx.OpenLinks(ada)
		one, err4 := tx.Session(session.Hash)
		sessions, err5 := tx.SessionsOf(ada)
		none, err6 := tx.SessionsOf(eve)
		count, until, err7 := tx.Tries([32]byte{5})
		for _, c := range []struct{ got, want any }{
			{credentials, []people.Credential{password, passkey}}, {l, link}, {links, []people.Link{plain}}, {one, session},
			{sessions, []people.Session{later, session}}, {len(none), 0}, {count, 2}, {until, now.Add(time.Second)},
		} {
			if !reflect.DeepEqual(c.got, c.want) {
				t.Errorf("%+v, want %+v", c.got, c.want)
			}
		}
		return errors.Join(err1, err2, err3, err4, err5, err6, err7)
	})
	write(t, s, func(tx fleet.Tx) error {
		n, err1 := tx.PruneLinks(now.Add(2*time.Hour), 1)
		m, err2 := tx.PruneSessions(now.Add(time.Second))
		k, err3 := tx.PruneTries(now.Add(time.Minute))
		_, left := tx.Link(link.Hash)
		if n != 1 || m != 1 || k != 1 || left != nil {
			t.Errorf("%d links, %d sessions, %d tries are forgotten; the later link: %v", n, m, k, left)
		}
		return errors.Join(err1, err2, err3, tx.DropCredential(passkey.ID), tx.DropLinks(ada), tx.DropSession(session.Hash), tx.DropTries([32]byte{6}))
	})
	read(t, s, func(tx fleet.Tx) error {
		credentials, err := tx.CredentialsOf(ada)
		_, err1 := tx.Link(link.Hash)
		_, err2 := tx.Session(session.Hash)
		_, _, err3 := tx.Tries([32]byte{6})
		for _, err := range []error{err1, err2, err3} {
			if !errors.Is(err, people.ErrNotFound) {
				t.Errorf("what is gone: %v", err)
			}
		}
		if len(credentials) != 1 {
			t.Errorf("%d credentials are left", len(credentials))
		}
		return err
	})
}
