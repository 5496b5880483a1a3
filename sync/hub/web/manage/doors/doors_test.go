package doors_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store/teststore"
	"badged/sync/hub/web/manage/doors"
	"badged/sync/hub/web/webtest"
	"badged/sync/wire"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

func TestTexts(t *testing.T) { webtest.Texts(t, doors.Part(nil)) }

// stand is a hub with people, doors and terminals.
type stand struct {
	*webtest.Stand
	t     testing.TB
	order uint64 // of the terminals' events
}

func newStand(t testing.TB) *stand { return &stand{webtest.New(t), t, 0} }

// do runs a command over rights.
func (s *stand) do(fn func(access.Tx) error) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) error { return fn(tx.Tx.Tx) })
}

// admin makes another administrator.
func (s *stand) admin() people.Account {
	s.t.Helper()
	return s.AddPerson(people.New{First: "Emmy", Last: "Noether", Email: "emmy@example.org", State: people.Active, Role: people.Admin})
}

// person makes an active account: "Ada Byron".
func (s *stand) person(name string) people.Account {
	s.t.Helper()
	first, last, _ := strings.Cut(name, " ")
	return s.AddPerson(people.New{First: first, Last: last, State: people.Active})
}

func (s *stand) door(name string) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		_, err := access.SetDoor(tx, name, func(*access.Door) {})
		return err
	})
}

func (s *stand) grant(n access.NewGrant) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		_, _, err := access.AddGrant(tx, n)
		return err
	})
}

func (s *stand) group(name string, members ...people.Account) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		g, err := people.AddGroup(tx.Tx, name)
		for _, a := range members {
			if err == nil {
				_, err = people.SetMember(tx.Tx, g, a.ID, true)
			}
		}
		return err
	})
}

// cardID is the id of a card with a number.
func (s *stand) cardID(number string) access.ID { return s.Keys.SiteKey.Card(number) }

func (s *stand) ref(number string) string { return access.ShortCard(s.cardID(number)) }

func (s *stand) give(a people.Account, number string) {
	s.t.Helper()
	s.do(func(tx access.Tx) error {
		_, err := access.GiveCard(tx, access.Gift{Card: s.cardID(number), To: people.HexID(a.ID)})
		return err
	})
}

// card is a card as it is now.
func (s *stand) card(number string) (c access.Card) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) (err error) {
		c, err = tx.Card(s.cardID(number))
		return err
	})
	return c
}

// happens lets a terminal report an event that happens at a time.
func (s *stand) happens(terminal string, at time.Time, e wire.Event) {
	s.t.Helper()
	s.order++
	e.Order, e.Boot, e.Clock, e.At = s.order, make([]byte, 8), wire.ClockTrusted, at.UnixMilli()
	s.Write(func(tx fleet.Tx) error {
		if err := tx.PutTerminal(fleet.Terminal{Name: terminal, Token: []byte(terminal), LastSeen: at, Doors: []string{"front"}}); err != nil {
			return err
		}
		src := fleet.Source{Terminal: terminal, Incarnation: fleet.ID{1}, Upto: map[wire.Stream]uint64{}}
		if err := tx.PutSource(src); err != nil {
			return err
		}
		body, err := wire.Marshal(e)
		if err != nil {
			return err
		}
		_, err = tx.Append(fleet.Record{
			Terminal: terminal, Incarnation: src.Incarnation, Stream: wire.StreamEvents, Seq: e.Order, Order: e.Order, Received: at, Body: body,
		})
		return err
	})
}

// tapped is somebody's card at a point, and what came of it.
func (s *stand) tapped(a people.Account, number, point string, o wire.Outcome, why wire.Reason) wire.Event {
	card := s.cardID(number)
	e := wire.Event{Kind: wire.EventPresentation, Point: point, Outcome: o, Reason: why, Card: card[:]}
	if a.ID != (people.ID{}) {
		e.Account = a.ID[:]
	}
	return e
}

// grantOf is a right of one person at a door.
func grantOf(a people.Account, door string) access.NewGrant {
	return access.NewGrant{Account: people.HexID(a.ID), Door: door}
}
