package storetest

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/store"
)

const racers = 16

// race runs a command from many goroutines at once, and gives how often it told true.
func race(t *testing.T, s *store.Store, fn func(tx access.Tx, racer int) (bool, error)) (won int) {
	t.Helper()
	var wg sync.WaitGroup
	var mu sync.Mutex // guards won
	for i := range racers {
		wg.Go(func() {
			var mine bool
			err := s.Write(t.Context(), operator, func(tx fleet.Tx) (err error) {
				mine, err = fn(tx.Tx.Tx, i)
				return err
			})
			mu.Lock()
			defer mu.Unlock()
			if err != nil && refusal.Code(err) == "" {
				t.Error(err)
			} else if err == nil && mine {
				won++
			}
		})
	}
	wg.Wait()
	return won
}

// testRights races commands about rights that must have one winner, or that must not come
// too near to each other.
func testRights(t *testing.T, open Open) {
	s := open(t)
	key := sitekey.New(1, [sitekey.Size]byte{7})
	members := make([]people.Account, racers)
	write(t, s, func(tx fleet.Tx) (err error) {
		for i := range members {
			if members[i], err = people.Add(tx.Tx.Tx.Tx, people.New{First: "Member", Last: string(rune('a' + i)), State: people.Active}); err != nil {
				return err
			}
		}
		_, err = access.SetDoor(tx.Tx.Tx, "front", func(*access.Door) {})
		return err
	})
	claims := make([]access.IssuedClaim, racers)
	race(t, s, func(tx access.Tx, i int) (_ bool, err error) {
		claims[i], err = access.IssueClaim(tx, key, access.NewClaim{Account: people.HexID(members[i].ID)})
		return true, err
	})
	for i, a := range claims {
		for _, b := range claims[:i] {
			if distance(a.Code.Reveal(), b.Code.Reveal()) < 2 {
				t.Error("two codes that were issued at once are too near")
			}
		}
	}
	if n := race(t, s, func(tx access.Tx, i int) (bool, error) {
		_, made, err := access.AddGrant(tx, access.NewGrant{Account: people.HexID(members[0].ID), Door: "front"})
		return made, err
	}); n != 1 {
		t.Errorf("the same grant was made %d times", n)
	}
	if n := race(t, s, func(tx access.Tx, i int) (bool, error) { return access.CountWrongCode(tx, "front-box", tx.Now) }); n != 1 {
		t.Errorf("claiming was closed %d times by %d wrong codes", n, racers)
	}
	testOneClaim(t, s, members[0], claims[0].ID)
	codes := make([]string, racers)
	race(t, s, func(tx access.Tx, i int) (bool, error) {
		pin, err := access.IssuePIN(tx, key, members[i].ID)
		codes[i] = pin.Reveal()
		return true, err
	})
	write(t, s, func(tx fleet.Tx) error {
		n, err := tx.CountPINs(1000)
		if n != racers {
			t.Errorf("%d PINs, want %d", n, racers)
		}
		return err
	})
}

// testOneClaim lets many terminals use one claim for a card of their own: one has it.
func testOneClaim(t *testing.T, s *store.Store, a people.Account, claim access.ID) {
	t.Helper()
	race(t, s, func(tx access.Tx, i int) (bool, error) {
		return true, access.UseClaim(tx, access.Report{
			Terminal: "box", Doors: []string{"front"}, At: tx.Now, Card: id(uint32(500 + i)), Account: a.ID, Claim: claim,
		})
	})
	states := map[access.CardState]int{}
	read(t, s, func(tx fleet.Tx) error {
		cards, err := tx.CardsOf(a.ID)
		for _, c := range cards {
			states[c.State]++
		}
		return err
	})
	if states[access.CardActive] != 1 || states[access.CardContested] != racers-1 {
		t.Errorf("cards of one claim: %v", states)
	}
}

func distance(a, b string) (n int) {
	for i := range min(len(a), len(b)) {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

// testPurged walks over many grants page by page and drops them on the way.
func testPurged(t *testing.T, open Open) {
	s := open(t)
	const many = 1203
	write(t, s, func(tx fleet.Tx) error {
		for i := range uint32(many) {
			if err := tx.PutGrant(access.Grant{ID: id(i + 1), Group: uint64(i + 1), Door: "front"}); err != nil {
				return err
			}
		}
		return tx.PutDoor(access.Door{Name: "front", UnknownTime: access.PolicyDeny, Stale: access.PolicyDeny})
	})
	write(t, s, func(tx fleet.Tx) error { return access.RemoveDoor(tx.Tx.Tx, "front") })
	read(t, s, func(tx fleet.Tx) error {
		left, _, err := tx.ListGrants(access.GrantQuery{})
		if _, gone := tx.Door("front"); !errors.Is(gone, people.ErrNotFound) || len(left) != 0 {
			t.Errorf("%d grants are left, the door: %v", len(left), gone)
		}
		return err
	})
}

// testHolders: who has a grant for a door or for its group, by whatever way, but none that
// only denies.
func testHolders(t *testing.T, open Open) {
	s := open(t)
	one, two := access.ID{1}, access.ID{2}
	front := access.Door{Name: "front", Group: "outer"}
	write(t, s, func(tx fleet.Tx) (err error) {
		for i, g := range []access.Grant{
			{Account: two, Door: "front"}, {Account: two, DoorGroup: "outer"}, {Account: one, DoorGroup: "outer"},
			{Account: two, Door: "front", Schedule: 1}, {Account: access.ID{3}, Door: "front", Deny: true}, {Account: access.ID{4}, Door: "back"},
			{Group: 9, Door: "front"}, {Group: 9, DoorGroup: "outer"}, {Group: 7, DoorGroup: "outer"}, {Group: 8, Door: "front", Deny: true},
			{Group: 6, DoorGroup: "inner"},
		} {
			g.ID = access.ID{byte(i)}
			err = errors.Join(err, tx.PutGrant(g))
		}
		return err
	})
	read(t, s, func(tx fleet.Tx) (err error) {
		for group, want := range map[uint64]bool{0: false, 5: false, 6: true, 8: true, 9: true} {
			gives, err := tx.GivesDoors(group)
			if err != nil || gives != want {
				t.Errorf("group %d gives doors: %v, %v", group, gives, err)
			}
		}
		return nil
	})
	read(t, s, func(tx fleet.Tx) error {
		groups, err := tx.GroupsWithGrant(front)
		if !slices.Equal(groups, []uint64{7, 9}) {
			t.Errorf("groups %v", groups)
		}
		first, err2 := tx.AccountsWithGrant(front, nil, 1)
		then, err3 := tx.AccountsWithGrant(front, one[:], 5)
		if !slices.Equal(first, []access.ID{one}) || !slices.Equal(then, []access.ID{two}) {
			t.Errorf("accounts %v, then %v", first, then)
		}
		alone, err4 := tx.AccountsWithGrant(access.Door{Name: "front"}, nil, 5)
		if !slices.Equal(alone, []access.ID{two}) {
			t.Errorf("of a door without a group: %v", alone)
		}
		return errors.Join(err, err2, err3, err4)
	})
}
