package store_test

import (
	"context"
	"slices"
	"testing"
	"testing/synctest"

	"badged/enroll"
	"badged/internal/secret"
	"badged/keypad"
	"badged/reader"
	"badged/sync/hub/access"
	central "badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// TestTheAssuranceOfACardComesBack (issue 8, 1): a card that a terminal knew by the bits of
// an access control reader is known as that at the hub and at every terminal, and still is
// where it was bound; whether it made an account or was claimed.
func TestTheAssuranceOfACardComesBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newLapseModel(t.TempDir())
		defer m.close()
		ctx := context.Background()
		cards := map[string]reader.Card{
			"uid":     reader.NewCard(reader.ISO14443A, "UID", 32, []byte{1, 2, 3, 4}),
			"unknown": reader.NewCard(reader.Unknown, "", 32, []byte{1, 2, 3, 5}),
			"pacs":    reader.NewCard(reader.PACS, "H10301", 26, []byte{1, 2, 3, 0}),
			"ada":     reader.NewCard(reader.PACS, "H10301", 26, []byte{4, 5, 6, 0}),
		}
		want := map[string]enroll.Assurance{"uid": enroll.AssuranceUID, "unknown": enroll.AssuranceUID, "pacs": enroll.AssurancePACS, "ada": enroll.AssurancePACS}
		var claim access.IssuedClaim
		m.change(func(tx central.Tx) error {
			if _, err := access.SetDoor(tx.Tx.Tx, "front", func(*access.Door) {}); err != nil {
				return err
			}
			ada, err := people.Add(tx.Tx.Tx.Tx, people.New{First: "Ada", State: people.Active})
			if err != nil {
				return err
			}
			claim, err = access.IssueClaim(tx.Tx.Tx, siteKey, access.NewClaim{Account: people.HexID(ada.ID)})
			return err
		})
		b := m.boxes[0]
		m.connect(b)
		for _, name := range []string{"uid", "unknown", "pacs"} {
			if d := b.engine.Card(ctx, hall, reader.NewNumber(name), cards[name]); d.Reason != enroll.NewAccount {
				t.Fatalf("%s: reason %d", name, d.Reason)
			}
		}
		if d := b.engine.Code(ctx, front, keypad.Code{Text: secret.New(claim.Code.Reveal())}); d.Reason != enroll.AwaitCard {
			t.Fatalf("the code: reason %d", d.Reason)
		}
		if d := b.engine.Card(ctx, front, reader.NewNumber("ada"), cards["ada"]); d.Reason != enroll.ClaimBound {
			t.Fatalf("Ada's card: reason %d", d.Reason)
		}
		for range 2 { // tell, and hear what came of it
			m.connect(b)
			m.connect(m.boxes[1])
		}
		var known []access.Card
		m.readHub(func(tx central.Tx) (err error) {
			known, _, err = tx.ListCards(access.CardQuery{Limit: 1000})
			return err
		})
		for name, a := range want {
			i := slices.IndexFunc(known, func(c access.Card) bool { return c.ID == siteKey.Card(name) })
			if i < 0 || known[i].Assurance != access.Assurance(wire.Assurance(a).String()) {
				t.Errorf("the hub knows %s among %+v, want %s", name, known, wire.Assurance(a))
			}
		}
		for _, b := range m.boxes {
			for name, a := range want {
				k, found := b.store.Index().Card(enroll.CardID(siteKey.Card(name)), "")
				if !found || k.Binding.Assurance != a {
					t.Errorf("%s knows %s as %d, %v; want %d", b.name, name, k.Binding.Assurance, found, a)
				}
			}
		}
		for _, p := range m.problems {
			t.Error(p)
		}
	})
}

// TestTheHubHearsOfRowsThatATerminalDoesNotUnderstand (issue 8, 1): in the same connection in
// which it sends them.
func TestTheHubHearsOfRowsThatATerminalDoesNotUnderstand(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := newLapseModel(t.TempDir())
		defer m.close()
		told := func() (n uint64) {
			var list []central.TerminalState
			m.readHub(func(tx central.Tx) (err error) {
				list, err = m.hub.Terminals(tx)
				return err
			})
			for _, v := range list[0].Vector {
				if v.NotUnderstood > 0 && v.Collection != wire.Grants {
					t.Errorf("%s: %d", v.Collection, v.NotUnderstood)
				}
				n += v.NotUnderstood
			}
			return n
		}
		put := func(body []byte) {
			m.change(func(tx central.Tx) error { return tx.PutRow(wire.Grants, "", key(1), body) })
			m.connect(m.boxes[0])
		}
		grant := wire.Grant{Account: id(1), Door: "front"}
		put(marshal(t, grant))
		if n := told(); n != 0 {
			t.Errorf("%d rows are not understood, all are", n)
		}
		put(later(t, grant))
		if n := told(); n != 1 {
			t.Errorf("%d rows are not understood, one is not", n)
		}
		put(marshal(t, grant))
		if n := told(); n != 0 {
			t.Errorf("%d rows are not understood, all are again", n)
		}
		for _, p := range m.problems {
			t.Error(p)
		}
	})
}
