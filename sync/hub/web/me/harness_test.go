package me_test

import (
	"os"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store/teststore"
	"badged/sync/hub/web/me"
	"badged/sync/hub/web/webtest"
	"badged/sync/wire"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

func TestTexts(t *testing.T) { webtest.Texts(t, me.Part(me.Options{})) }

// stand is a hub with its web and a door.
type stand struct {
	*webtest.Stand
	t *testing.T
}

func newStand(t *testing.T) stand {
	t.Helper()
	s := stand{webtest.New(t), t}
	s.access(func(tx access.Tx) error {
		_, err := access.SetDoor(tx, "front", func(*access.Door) {})
		return err
	})
	return s
}

// access runs a command as the system.
func (s stand) access(fn func(access.Tx) error) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) error { return fn(tx.Tx.Tx) })
}

// ada adds a member with a right to the door.
func (s stand) ada() people.Account {
	s.t.Helper()
	a := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.org", State: people.Active})
	s.access(func(tx access.Tx) error {
		_, _, err := access.AddGrant(tx, access.NewGrant{Account: people.HexID(a.ID), Door: "front"})
		return err
	})
	return a
}

// give lets an account have a card, as an operator gives it.
func (s stand) give(a people.Account, number string) (short string) {
	s.t.Helper()
	s.access(func(tx access.Tx) error {
		c, err := access.GiveCard(tx, access.Gift{Card: s.Hub.SiteKey().Card(number), To: people.HexID(a.ID)})
		short = access.ShortCard(c.ID)
		return err
	})
	return short
}

// present lets the terminal of the door report that the live code of an account and a card
// came together.
func (s stand) present(a people.Account, number string) {
	s.t.Helper()
	s.access(func(tx access.Tx) error {
		live, err := tx.LiveClaimsOf(a.ID, tx.Now)
		if err != nil {
			return err
		}
		if len(live) != 1 {
			s.t.Fatalf("%d live codes, want 1", len(live))
		}
		return access.UseClaim(tx, access.Report{
			Terminal: "front-box", Doors: []string{"front"}, At: tx.Now, Card: s.Hub.SiteKey().Card(number), Account: a.ID, Claim: live[0].ID, Assurance: access.PACS,
		})
	})
}

// card reads a card; nobody's has no state.
func (s stand) card(number string) (c access.Card) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) error {
		found, err := tx.Card(s.Hub.SiteKey().Card(number))
		if err == nil {
			c = found
		}
		return nil
	})
	return c
}

func (s stand) liveCodes(a people.Account) (n int) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) error {
		live, err := tx.LiveClaimsOf(a.ID, s.Now())
		n = len(live)
		return err
	})
	return n
}

// pass stores that an account came to the door.
func (s stand) pass(tx fleet.Tx, seq uint64, a people.Account, o wire.Outcome, why wire.Reason) error {
	body, err := wire.Marshal(wire.Event{
		Kind: wire.EventPresentation, Outcome: o, Reason: why, Account: a.ID[:], Point: "front", At: tx.Now.UnixMilli(), Clock: wire.ClockTrusted, Order: seq, Boot: make([]byte, 8),
	})
	if err != nil {
		return err
	}
	err = tx.PutSource(fleet.Source{Terminal: "front-box", Incarnation: fleet.ID{1}})
	if err != nil {
		return err
	}
	_, err = tx.Append(fleet.Record{Terminal: "front-box", Incarnation: fleet.ID{1}, Stream: wire.StreamEvents, Seq: seq, Order: seq, Received: tx.Now, Body: body})
	return err
}
