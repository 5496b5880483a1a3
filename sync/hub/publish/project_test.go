package publish_test

import (
	"bytes"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
	"badged/sync/wire"
)

// site is a hub's store, whose rows the tests read as terminals do.
type site struct {
	*testing.T
	db *store.Store
}

func newSite(t *testing.T) site {
	t.Helper()
	db, err := teststore.Open(t.Context(), t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = db.Close() })
	return site{t, db}
}

// do makes a change that must succeed.
func (s site) do(fn func(tx publish.Tx) error) {
	s.Helper()
	by := audit.Actor{Kind: audit.Operator, ID: "0", Via: "test"}
	if err := s.db.Write(s.Context(), by, func(tx fleet.Tx) error { return fn(tx.Tx) }); err != nil {
		s.Fatal(err)
	}
}

// bodies are the live rows of a collection as they travel.
func (s site) bodies(c wire.Collection) (all [][]byte) {
	s.Helper()
	err := s.db.Read(s.Context(), func(tx fleet.Tx) error {
		return publish.EachRow(tx, c, "", func(r publish.Row) error {
			all = append(all, r.Body)
			return nil
		})
	})
	if err != nil {
		s.Fatal(err)
	}
	return all
}

// rows are the live rows of a collection as terminals understand them.
func rows[T any](s site, c wire.Collection) (all []T) {
	s.Helper()
	for _, body := range s.bodies(c) {
		var v T
		if err := wire.Unmarshal(body, &v); err != nil {
			s.Fatal(err)
		}
		all = append(all, v)
	}
	return all
}

func (s site) account(first, last string) (a people.Account) {
	s.Helper()
	s.do(func(tx publish.Tx) (err error) {
		a, err = people.Add(tx.Tx.Tx, people.New{First: first, Last: last, State: people.Active})
		return err
	})
	return a
}

func (s site) change(a people.Account, c people.Changes) {
	s.Helper()
	s.do(func(tx publish.Tx) error {
		_, err := people.Change(tx.Tx.Tx, a.ID, c)
		return err
	})
}

// door makes a door, or puts it into a group.
func (s site) door(name, group string) {
	s.Helper()
	s.do(func(tx publish.Tx) error {
		_, err := access.SetDoor(tx.Tx, name, func(d *access.Door) { d.Group = group })
		return err
	})
}

func (s site) grant(n access.NewGrant) {
	s.Helper()
	s.do(func(tx publish.Tx) error {
		_, _, err := access.AddGrant(tx.Tx, n)
		return err
	})
}

// granted are the doors of the grants that terminals have, and those of the denying ones.
func (s site) granted() (allowed, denied []string) {
	s.Helper()
	for _, g := range rows[wire.Grant](s, wire.Grants) {
		if g.Deny {
			denied = append(denied, g.Door)
		} else {
			allowed = append(allowed, g.Door)
		}
	}
	slices.Sort(allowed)
	return allowed, denied
}

// A door card is never anonymous: what lets somebody in travels only while they have a first
// and a last name, by themselves and by their groups; what keeps them out always does.
func TestGrantsRestWithoutFirstAndLastName(t *testing.T) {
	s := newSite(t)
	ada, eve := s.account("Ada", "Byron"), s.account("Eve", "")
	s.door("front", "")
	s.door("back", "")
	s.do(func(tx publish.Tx) error {
		g, err := people.AddGroup(tx.Tx.Tx, "Staff")
		if err != nil {
			return err
		}
		_, err = people.SetMember(tx.Tx.Tx, g, ada.ID, true)
		return err
	})
	s.grant(access.NewGrant{Account: people.HexID(ada.ID), Door: "front"})
	s.grant(access.NewGrant{Account: people.HexID(eve.ID), Door: "back", Deny: true})
	last := ""
	expect := func(allowed []string, groups int) {
		t.Helper()
		a, d := s.granted()
		n := 0
		for _, row := range rows[wire.Account](s, wire.Accounts) {
			n += len(row.Groups)
		}
		if !slices.Equal(a, allowed) || !slices.Equal(d, []string{"back"}) || n != groups {
			t.Errorf("last name %q: allowed at %v, denied at %v, in %d groups", last, a, d, n)
		}
	}
	expect([]string{"front"}, 1)
	s.change(ada, people.Changes{Last: &last})
	expect(nil, 0)
	last = "Lovelace"
	s.change(ada, people.Changes{Last: &last})
	expect([]string{"front"}, 1)
}

// A grant lets people through the doors that it names, by themselves or by their group, and
// through no other; it follows the doors that come into the group or leave it.
func TestAGrantIsOfItsDoorsOnly(t *testing.T) {
	s := newSite(t)
	ada := s.account("Ada", "Byron")
	s.door("front", "outside")
	s.door("garage", "outside")
	s.door("vault", "")
	s.door("office", "")
	expect := func(want ...string) {
		t.Helper()
		if got, _ := s.granted(); !slices.Equal(got, want) {
			t.Errorf("doors %v, want %v", got, want)
		}
	}
	s.grant(access.NewGrant{Account: people.HexID(ada.ID), Door: "office"})
	expect("office")
	s.grant(access.NewGrant{Account: people.HexID(ada.ID), DoorGroup: "outside"})
	expect("front", "garage", "office")
	s.door("garage", "")
	expect("front", "office")
	s.door("vault", "outside")
	expect("front", "office", "vault")
	s.do(func(tx publish.Tx) error { return access.RemoveDoor(tx.Tx, "front") })
	expect("office", "vault")
}

// No address leaves the hub: a terminal knows only whether there is one, and whose word it is.
func TestNoAddressTravels(t *testing.T) {
	s := newSite(t)
	ada := s.account("Ada", "Byron")
	email := "ada@example.com"
	expect := func(want wire.EmailState) {
		t.Helper()
		if all := rows[wire.Account](s, wire.Accounts); len(all) != 1 || all[0].EmailState != want {
			t.Errorf("%+v, want the state %s", all, want)
		}
		if slices.ContainsFunc(s.bodies(wire.Accounts), func(b []byte) bool { return bytes.Contains(b, []byte("example")) }) {
			t.Error("an address is in the row")
		}
	}
	expect(wire.EmailNone)
	s.change(ada, people.Changes{Email: &email})
	expect(wire.EmailConfirmed)
	s.do(func(tx publish.Tx) error {
		_, err := people.PanelEdit(tx.Tx.Tx, people.Typed{
			Account: ada.ID, Terminal: "hall", Profile: people.Profile{Name: "Ada Byron", Email: "other@example.com", Lang: "en"},
		})
		return err
	})
	expect(wire.EmailToConfirm)
}

// Each setting arrives under its own key: quota_site could have been that of a day for ever.
func TestTerminalsGetTheSettingsThatTheirRowHas(t *testing.T) {
	s := newSite(t)
	s.set("code_digits", "5") // the row is there from now on
	other := map[string]string{"name": "Lyon", "lang": "en", "time_zone": "Asia/Kathmandu", "unknown_badge": "bind", "confirm": "admin", "ask": "Léa, bureau 12"}
	for _, d := range access.Descriptors {
		if d.Wire == 0 {
			continue
		}
		value := other[d.Name]
		switch d.Kind {
		case access.Flag:
			value = strconv.FormatBool(d.Default != "true")
		case access.Number, access.Seconds:
			value = strconv.FormatInt(d.Max, 10)
		}
		before := rows[wire.Site](s, wire.Config)[0]
		s.set(d.Name, value)
		after := rows[wire.Site](s, wire.Config)[0]
		if d.Kind == access.Zone {
			before.Offsets, after.Offsets = nil, nil // its clocks change with it
		}
		if got := changedKeys(before, after); !slices.Equal(got, []uint64{d.Wire}) {
			t.Errorf("%s=%q changes the keys %v, want %d", d.Name, value, got, d.Wire)
		}
	}
}

func (s site) set(name, value string) {
	s.Helper()
	s.do(func(tx publish.Tx) error {
		_, err := access.ChangeSettings(tx.Tx, map[string]string{name: value})
		return err
	})
}

// changedKeys are those of the row's fields that differ.
func changedKeys(before, after wire.Site) (keys []uint64) {
	a, b := reflect.ValueOf(before), reflect.ValueOf(after)
	for i := range a.NumField() {
		key, err := strconv.ParseUint(strings.Split(a.Type().Field(i).Tag.Get("cbor"), ",")[0], 10, 64)
		if err == nil && !reflect.DeepEqual(a.Field(i).Interface(), b.Field(i).Interface()) {
			keys = append(keys, key)
		}
	}
	return keys
}
