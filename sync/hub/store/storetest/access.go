package storetest

import (
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
)

// id is the id with this number.
func id(n uint32) (out access.ID) {
	binary.BigEndian.PutUint32(out[:], n)
	return out
}

// pages reads a list to its end, and checks that no page is longer than it may be; limit 0
// is no limit.
func pages[T any](t *testing.T, s *store.Store, limit int, list func(tx fleet.Tx, after string) ([]T, string, error)) (all []T) {
	t.Helper()
	for after := ""; ; {
		var page []T
		var next string
		read(t, s, func(tx fleet.Tx) (err error) {
			page, next, err = list(tx, after)
			return err
		})
		if limit > 0 && len(page) > limit {
			t.Fatalf("a page of %d, want at most %d", len(page), limit)
		}
		all = append(all, page...)
		if next == "" {
			return all
		}
		if limit == 0 {
			t.Fatal("a list without a limit has another page")
		}
		after = next
	}
}

func cardIDs(cards []access.Card) (ids []access.ID) {
	for _, c := range cards {
		ids = append(ids, c.ID)
	}
	return ids
}

// testCards: cards come back as they were put, are found by the beginning of their ids, and
// are listed in pages, those in conflict first.
func testCards(t *testing.T, open Open) {
	s := open(t)
	ada, bob := id(1<<24), id(2<<24)
	put := func(n uint32, account access.ID, state access.CardState) access.Card {
		c := access.Card{ID: id(n), Account: account, State: state, Assurance: access.PACS, Expires: now, Since: now}
		if n == 13 || n == 14 {
			c.Expires = time.Time{}
		}
		write(t, s, func(tx fleet.Tx) error { return tx.PutCard(c) })
		return c
	}
	first := put(10, ada, access.CardActive)
	put(11, ada, access.CardLost)
	put(12, bob, access.CardActive)
	put(13, bob, access.CardContested)
	put(14, bob, access.CardActive)
	write(t, s, func(tx fleet.Tx) error {
		for _, k := range []access.Conflict{
			{Card: id(13), Account: bob, Other: ada, Terminal: "hall", Why: access.ConflictTaken, At: now},
			{Card: id(13), Account: bob, Other: ada, Terminal: "hall", Why: access.ConflictTaken, At: now.Add(time.Hour)}, // open already
			{Card: id(11), Account: ada, Other: bob, Terminal: "hall", Why: access.ConflictDead, At: now},
			{Card: id(10), Account: ada, Other: bob, Terminal: "hall", Why: access.ConflictBoundTwice, At: now, Resolved: true},
			{Card: id(9), Other: bob, Terminal: "front", Why: access.ConflictNoClaim, At: now}, // nobody has the card
		} {
			if err := tx.AddConflict(k); err != nil {
				return err
			}
		}
		return nil
	})
	for name, c := range map[string]struct {
		q    access.CardQuery
		want []uint32
	}{
		"all":            {access.CardQuery{}, []uint32{11, 13, 10, 12, 14}},
		"of an account":  {access.CardQuery{Account: bob}, []uint32{13, 12, 14}},
		"in a state":     {access.CardQuery{State: access.CardActive}, []uint32{10, 12, 14}},
		"both":           {access.CardQuery{Account: ada, State: access.CardLost}, []uint32{11}},
		"in conflict":    {access.CardQuery{Contested: true}, []uint32{11, 13}},
		"nobody's":       {access.CardQuery{Account: id(3)}, nil},
		"his in dispute": {access.CardQuery{Account: bob, Contested: true}, []uint32{13}},
		"with an end":    {access.CardQuery{Temporary: true}, []uint32{11, 10, 12}},
		"active, ending": {access.CardQuery{Temporary: true, State: access.CardActive}, []uint32{10, 12}},
		"lost, disputed": {access.CardQuery{State: access.CardLost, Contested: true}, []uint32{11}},
	} {
		for limit := range 7 {
			c.q.Limit = limit
			got := cardIDs(pages(t, s, limit, func(tx fleet.Tx, after string) ([]access.Card, string, error) {
				c.q.After = after
				return tx.ListCards(c.q)
			}))
			var want []access.ID
			for _, n := range c.want {
				want = append(want, id(n))
			}
			if !slices.Equal(got, want) {
				t.Errorf("cards %s, %d a page: %x, want %x", name, limit, got, want)
			}
		}
	}
	write(t, s, func(tx fleet.Tx) error {
		if got, err := tx.Card(first.ID); err != nil || got != first {
			t.Errorf("%+v, %v, want %+v", got, err, first)
		}
		if got, err := tx.CardsByID([]byte{0, 0, 0}, 3); err != nil || !slices.Equal(cardIDs(got), []access.ID{id(10), id(11), id(12)}) {
			t.Errorf("by the beginning: %x, %v", cardIDs(got), err)
		}
		if got, err := tx.CardsByID([]byte{0, 0, 0, 14}, 3); err != nil || !slices.Equal(cardIDs(got), []access.ID{id(14)}) {
			t.Errorf("by more of it: %x, %v", cardIDs(got), err)
		}
		if got, err := tx.OpenConflicts(access.ID{}); err != nil || len(got) != 3 || got[0].Card != id(13) || !got[0].At.Equal(now) {
			t.Errorf("conflicts %+v, %v", got, err)
		}
		for limit, want := range map[int]int{1: 1, 2: 2, 9: 2} {
			if n, err := tx.CountConflicts("hall", limit); err != nil || n != want {
				t.Errorf("%d conflicts of one terminal, %v, want %d", n, err, want)
			}
		}
		if err := errors.Join(tx.ResolveConflicts(id(13)), tx.DropCard(id(12))); err != nil {
			return err
		}
		if got, err := tx.OpenConflicts(id(13)); err != nil || len(got) != 0 {
			t.Errorf("resolved: %+v, %v", got, err)
		}
		if _, err := tx.Card(id(12)); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("dropped: %v", err)
		}
		got, err := tx.CardsOf(bob)
		if !slices.Equal(cardIDs(got), []access.ID{id(13), id(14)}) {
			t.Errorf("of bob: %x", cardIDs(got))
		}
		return err
	})
}

// testClaims: what can be used when, and which codes are live.
func testClaims(t *testing.T, open Open) {
	s := open(t)
	ada, bob := id(1<<24), id(2<<24)
	claims := map[uint32]access.Claim{
		1: {Account: ada, Issued: now.Add(-2 * time.Hour), Ends: now.Add(-time.Hour), State: access.ClaimLive, Shown: true}, // ended by itself
		2: {Account: ada, Issued: now.Add(-time.Hour), Ends: now.Add(time.Hour), State: access.ClaimUsed, Over: now.Add(-time.Minute), Card: id(9)},
		3: {Account: ada, Issued: now.Add(-time.Minute), Ends: now.Add(time.Hour), State: access.ClaimLive, Doors: []string{"front"}},
		4: {Account: bob, Issued: now.Add(-time.Minute), Ends: now.Add(2 * time.Hour), State: access.ClaimLive, Shown: true},
	}
	write(t, s, func(tx fleet.Tx) error {
		for n, c := range claims {
			c.ID, c.MAC, c.Code = id(n), id(n<<8), id(n<<16)
			claims[n] = c
			if err := tx.PutClaim(c); err != nil {
				return err
			}
		}
		return nil
	})
	ids := func(all []access.Claim) (out []access.ID) {
		for _, c := range all {
			out = append(out, c.ID)
		}
		return out
	}
	list := func(q access.ClaimQuery) []access.ID {
		q.Limit = 1
		return ids(pages(t, s, 1, func(tx fleet.Tx, after string) ([]access.Claim, string, error) {
			q.After = after
			return tx.ListClaims(q)
		}))
	}
	if got := list(access.ClaimQuery{}); !slices.Equal(got, []access.ID{id(4), id(3), id(2), id(1)}) {
		t.Errorf("all: %x", got)
	}
	if got := list(access.ClaimQuery{Account: ada, Since: now}); !slices.Equal(got, []access.ID{id(3), id(2)}) {
		t.Errorf("hers that end later: %x", got)
	}
	write(t, s, func(tx fleet.Tx) error {
		if got, err := tx.Claim(id(2)); err != nil || !reflect.DeepEqual(got, claims[2]) {
			t.Errorf("%+v, %v, want %+v", got, err, claims[2])
		}
		if got, err := tx.LiveClaimsOf(access.ID{}, now); err != nil || !slices.Equal(ids(got), []access.ID{id(3), id(4)}) {
			t.Errorf("live: %x, %v", ids(got), err)
		}
		if got, err := tx.LiveClaimsOf(ada, now); err != nil || len(got) != 1 || !slices.Equal(got[0].Doors, []string{"front"}) {
			t.Errorf("live of hers: %+v, %v", got, err)
		}
		for limit, want := range map[int]int{1: 1, 2: 2, 9: 2} {
			if n, err := tx.CountLiveClaims(now, limit); err != nil || n != want {
				t.Errorf("%d live, %v, want %d", n, err, want)
			}
		}
		for n, want := range map[uint32]bool{1: false, 2: false, 3: true, 4: true, 5: false} {
			if live, err := tx.CodeIsLive(id(n<<16), now); err != nil || live != want {
				t.Errorf("code %d is live: %v, %v", n, live, err)
			}
		}
		for at, want := range map[time.Duration]bool{
			-3 * time.Hour: false, -2 * time.Hour: true, -time.Hour: true, -30 * time.Minute: true,
			0: true, 2*time.Hour - time.Millisecond: true, 2 * time.Hour: false,
		} {
			if any, err := tx.AnyClaimAt(now.Add(at)); err != nil || any != want {
				t.Errorf("a claim at %s: %v, %v", at, any, err)
			}
		}
		var shown []access.ID
		err := tx.EachShown(now, func(c access.Claim) error {
			shown = append(shown, c.ID)
			c.Shown = false
			return tx.PutClaim(c)
		})
		if !slices.Equal(shown, []access.ID{id(1)}) {
			t.Errorf("shown and ended: %x", shown)
		}
		return errors.Join(err, tx.EachShown(now, func(c access.Claim) error {
			t.Errorf("still shown: %x", c.ID)
			return nil
		}))
	})
}

// testGrants: a grant comes back, is found by what it is about, and is the same as one that
// differs by its id only.
func testGrants(t *testing.T, open Open) {
	s := open(t)
	ada := id(1 << 24)
	grants := []access.Grant{
		{ID: id(1), Account: ada, Door: "front", Schedule: 2, From: now, To: now.Add(time.Hour)},
		{ID: id(2), Account: ada, DoorGroup: "halls", Deny: true},
		{ID: id(3), Group: 7, Door: "front"},
		{ID: id(4), Group: 7, DoorGroup: "halls", Schedule: 2},
		{ID: id(5), Group: 8, Door: "back"},
	}
	write(t, s, func(tx fleet.Tx) error {
		for _, g := range grants {
			if err := tx.PutGrant(g); err != nil {
				return err
			}
			twin := g
			twin.ID = id(99)
			if got, err := tx.SameGrant(twin); err != nil || got != g {
				t.Errorf("%+v, %v, want %+v", got, err, g)
			}
		}
		other := grants[0]
		other.To = now.Add(2 * time.Hour)
		if _, err := tx.SameGrant(other); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("another one is the same: %v", err)
		}
		return nil
	})
	for name, c := range map[string]struct {
		q    access.GrantQuery
		want []int
	}{
		"all":              {access.GrantQuery{}, []int{1, 2, 3, 4, 5}},
		"of an account":    {access.GrantQuery{Account: ada}, []int{1, 2}},
		"of a group":       {access.GrantQuery{Group: 7}, []int{3, 4}},
		"of a door":        {access.GrantQuery{Door: "front"}, []int{1, 3}},
		"of doors":         {access.GrantQuery{DoorGroup: "halls"}, []int{2, 4}},
		"of a schedule":    {access.GrantQuery{Schedule: 2}, []int{1, 4}},
		"account and door": {access.GrantQuery{Account: ada, Door: "front", Schedule: 2}, []int{1}},
		"group and doors":  {access.GrantQuery{Group: 7, DoorGroup: "halls", Schedule: 2}, []int{4}},
		"door, not group":  {access.GrantQuery{Group: 8, Door: "front"}, nil},
	} {
		for limit := range 4 {
			got := pages(t, s, limit, func(tx fleet.Tx, after string) ([]access.Grant, string, error) {
				c.q.After, c.q.Limit = after, limit
				return tx.ListGrants(c.q)
			})
			var want []access.Grant
			for _, n := range c.want {
				want = append(want, grants[n-1])
			}
			if !slices.Equal(got, want) {
				t.Errorf("grants %s: %+v, want %+v", name, got, want)
			}
		}
	}
	write(t, s, func(tx fleet.Tx) error {
		if err := tx.DropGrant(id(1)); err != nil {
			return err
		}
		if _, err := tx.Grant(id(1)); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("dropped: %v", err)
		}
		g, err := tx.Grant(id(2))
		if g != grants[1] {
			t.Errorf("%+v", g)
		}
		return err
	})
}

// testCursors: what no page gave is no cursor.
func testCursors(t *testing.T, open Open) {
	s := open(t)
	for _, bad := range []string{"x", "c", "00", "cxx", "12", ".", "1.", "x.00", strings.Repeat("0", 34), "'; DROP TABLE card"} {
		read(t, s, func(tx fleet.Tx) error {
			_, _, grants := tx.ListGrants(access.GrantQuery{After: bad, Limit: 1})
			_, _, claims := tx.ListClaims(access.ClaimQuery{After: bad, Limit: 1})
			_, _, cards := tx.ListCards(access.CardQuery{After: bad, Limit: 1})
			if !errors.Is(grants, access.ErrCursor) && bad != "c" || !errors.Is(claims, access.ErrCursor) {
				t.Errorf("%q: %v, %v", bad, grants, claims)
			}
			if bad != "c" && !errors.Is(cards, access.ErrCursor) {
				t.Errorf("%q for cards: %v", bad, cards)
			}
			return nil
		})
	}
}

// testSchedules: names differ whatever their case, numbers are never given again.
func testSchedules(t *testing.T, open Open) {
	s := open(t)
	week := access.Schedule{Name: "Week", Windows: []access.Window{{Days: 31, From: 360, To: 1320}}}
	write(t, s, func(tx fleet.Tx) (err error) {
		if week, err = tx.AddSchedule(week); err != nil {
			return err
		}
		night, err := tx.AddSchedule(access.Schedule{Name: "Night"})
		if err != nil || night.ID == week.ID || night.ID == 0 {
			t.Errorf("numbers %d and %d, %v", week.ID, night.ID, err)
		}
		if _, err := tx.AddSchedule(access.Schedule{Name: "WEEK"}); !errors.Is(err, people.ErrTaken) {
			t.Errorf("the same name again: %v", err)
		}
		night.Name = "week"
		if err := tx.PutSchedule(night); !errors.Is(err, people.ErrTaken) {
			t.Errorf("another's name: %v", err)
		}
		week.Name = "WEEK"
		if err := tx.PutSchedule(week); err != nil {
			return err
		}
		if got, err := tx.ScheduleByName("week"); err != nil || !reflect.DeepEqual(got, week) {
			t.Errorf("%+v, %v, want %+v", got, err, week)
		}
		if err := tx.DropSchedule(night.ID); err != nil {
			return err
		}
		next, err := tx.AddSchedule(access.Schedule{Name: "Night"})
		if next.ID <= night.ID {
			t.Errorf("number %d after %d", next.ID, night.ID)
		}
		return err
	})
	write(t, s, func(tx fleet.Tx) error {
		for _, h := range []access.Holiday{
			{Day: "2026-12-25", Name: "x"}, {Day: "2026-05-01", Name: "May"}, {Day: "2026-12-25", Name: "Christmas"},
		} {
			if err := tx.SetHoliday(h, true); err != nil {
				return err
			}
		}
		if err := tx.SetHoliday(access.Holiday{Day: "2026-05-01"}, false); err != nil {
			return err
		}
		n := 0
		err := tx.EachHoliday(func(h access.Holiday) error {
			if n++; h != (access.Holiday{Day: "2026-12-25", Name: "Christmas"}) {
				t.Errorf("%+v", h)
			}
			return nil
		})
		if n != 1 {
			t.Errorf("%d holidays", n)
		}
		return err
	})
}

// testPINs: one PIN for an account, one account for a PIN.
func testPINs(t *testing.T, open Open) {
	s := open(t)
	write(t, s, func(tx fleet.Tx) error {
		put := func(mac, account uint32) error {
			return tx.PutPIN(access.PIN{MAC: id(mac), Account: id(account), Made: now})
		}
		if err := errors.Join(put(1, 100), put(2, 200), put(3, 100)); err != nil {
			return err
		}
		if err := put(3, 200); !errors.Is(err, people.ErrTaken) {
			t.Errorf("another's PIN: %v", err)
		}
		if _, err := tx.PINByMAC(id(1)); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("the former PIN: %v", err)
		}
		if p, err := tx.PINOf(id(200)); err != nil || p != (access.PIN{MAC: id(2), Account: id(200), Made: now}) {
			t.Errorf("%+v, %v", p, err)
		}
		for limit, want := range map[int]int{1: 1, 2: 2, 3: 2} {
			if n, err := tx.CountPINs(limit); err != nil || n != want {
				t.Errorf("%d PINs, %v, want %d", n, err, want)
			}
		}
		if err := errors.Join(tx.DropPIN(id(100)), tx.DropPIN(id(100))); err != nil {
			return err
		}
		_, err := tx.PINOf(id(100))
		if !errors.Is(err, people.ErrNotFound) {
			t.Errorf("dropped: %v", err)
		}
		return nil
	})
}

// testSettings: values and counters, in the transaction that sets them too.
func testSettings(t *testing.T, open Open) {
	s := open(t)
	write(t, s, func(tx fleet.Tx) error {
		before, err := tx.Values()
		if err != nil || len(before) != 0 {
			t.Errorf("%v, %v", before, err)
		}
		if err := errors.Join(tx.PutSetting("name", "x"), tx.PutSetting("name", "Musée"), tx.SetCounter("n", 1), tx.SetCounter("n", 7)); err != nil {
			return err
		}
		if v, err := tx.Values(); err != nil || v["name"] != "Musée" {
			t.Errorf("in the same transaction: %v, %v", v, err)
		}
		return nil
	})
	read(t, s, func(tx fleet.Tx) error {
		n, err := tx.Counter("n")
		none, err2 := tx.Counter("none")
		values, err3 := tx.Values()
		if n != 7 || none != 0 || len(values) != 1 || values["name"] != "Musée" {
			t.Errorf("counters %d and %d, values %v", n, none, values)
		}
		return errors.Join(err, err2, err3)
	})
}

// testDoors: doors come back as they were put, by name.
func testDoors(t *testing.T, open Open) {
	s := open(t)
	doors := []access.Door{
		{Name: "back", Group: "halls", Anonymous: true, UnknownTime: access.PolicyStaff, FreshFor: time.Hour, Stale: access.PolicyAllow},
		{Name: "front", UnknownTime: access.PolicyDeny, Stale: access.PolicyDeny},
	}
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(tx.PutDoor(doors[1]), tx.PutDoor(access.Door{Name: "back"}), tx.PutDoor(doors[0]), tx.PutDoor(access.Door{Name: "cellar"}))
	})
	write(t, s, func(tx fleet.Tx) error { return tx.DropDoor("cellar") })
	read(t, s, func(tx fleet.Tx) error {
		var got []access.Door
		err := tx.EachDoor(func(d access.Door) error {
			got = append(got, d)
			return nil
		})
		if d, err := tx.Door("back"); err != nil || d != doors[0] || !slices.Equal(got, doors) {
			t.Errorf("%+v, %v, all %+v, want %+v", d, err, got, doors)
		}
		return err
	})
}
