package publish_test

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/hub/refusal"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
	"badged/sync/wire"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

var (
	operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}
	siteKey  = sitekey.New(1, [sitekey.Size]byte{1, 2, 3})
)

// TestRowsFollowTheTables: after any commands, alone or several in one transaction, what
// terminals copy is what follows from the tables: no row is stale, none is missing, and none
// gives something to who is gone.
func TestRowsFollowTheTables(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		dir, err := os.MkdirTemp(t.TempDir(), "site")
		if err != nil {
			r.Fatal(err)
		}
		s := &drawn{t: r, now: time.Date(2026, 3, 4, 10, 0, 0, 0, time.UTC)}
		s.store, err = teststore.Open(t.Context(), dir, func() time.Time { return s.now })
		if err != nil {
			r.Fatal(err)
		}
		defer s.store.Close()
		s.furnish()
		for range rapid.IntRange(20, 60).Draw(r, "transactions") {
			s.now = s.now.Add(time.Duration(rapid.IntRange(0, 40).Draw(r, "hours")) * time.Hour)
			n := rapid.SampledFrom([]int{1, 1, 1, 2, 3}).Draw(r, "commands")
			s.transaction(n)
			s.check()
		}
	})
}

// drawn is a site whose commands rapid draws.
type drawn struct {
	t     *rapid.T
	store *store.Store
	now   time.Time
	// What commands choose from.
	accounts []people.ID
	grants   []publish.ID
	claims   []access.Claim
}

// furnish makes what most commands need.
func (s *drawn) furnish() {
	err := s.store.Write(s.t.Context(), operator, func(tx fleet.Tx) error {
		_, err1 := people.AddGroup(tx.Tx.Tx.Tx, "staff")
		_, err2 := access.SetDoor(tx.Tx.Tx, "front", func(d *access.Door) { d.Group = "outer" })
		_, err3 := access.SetDoor(tx.Tx.Tx, "lab", func(*access.Door) {})
		a, err4 := people.Add(tx.Tx.Tx.Tx, people.New{First: "Ada", Last: "Byron", State: people.Active})
		b, err5 := people.Add(tx.Tx.Tx.Tx, people.New{First: "Ida", Last: "Noddack", State: people.Active})
		s.accounts = []people.ID{{9}, a.ID, b.ID} // the first is nobody's
		return errors.Join(err1, err2, err3, err4, err5)
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// transaction runs commands in one transaction. A refused one has no effect, with those
// before it.
func (s *drawn) transaction(n int) {
	err := s.store.Write(s.t.Context(), operator, func(tx fleet.Tx) error {
		for range n {
			name := rapid.SampledFrom(often()).Draw(s.t, "command")
			if err := commands[name](s, tx.Tx.Tx); err != nil {
				return err
			}
		}
		return nil
	})
	var refused *refusal.Error
	if err != nil && !errors.As(err, &refused) && !errors.Is(err, people.ErrNotFound) && !errors.Is(err, people.ErrTaken) {
		s.t.Fatal(err)
	}
}

func pick[T any](s *drawn, what string, from ...T) T { return rapid.SampledFrom(from).Draw(s.t, what) }

// someone is an account that was made once, or nobody's id.
func (s *drawn) someone(what string) people.ID {
	return pick(s, what, s.accounts[max(0, len(s.accounts)-3):]...)
}

func (s *drawn) card() publish.ID { return siteKey.Card(pick(s, "card", "1", "2", "3")) }

func (s *drawn) door() string { return pick(s, "door", "front", "back", "lab") }

func (s *drawn) group() string { return pick(s, "group", "staff", "guests") }

func (s *drawn) doorGroup() string { return pick(s, "door group", "outer", "inner") }

func (s *drawn) report(account people.ID, claim publish.ID) access.Report {
	return access.Report{Terminal: "hall", Doors: []string{s.door()}, At: s.now, Card: s.card(), Account: account, Claim: claim}
}

// often gives the names of commands, those that others build on many times.
func often() []string {
	names := slices.Sorted(maps.Keys(commands))
	for _, name := range []string{"grant", "member", "rename", "pin", "remove group", "door", "add", "add group", "assign", "add service", "answer notice"} {
		names = append(names, slices.Repeat([]string{name}, 6)...)
	}
	return names
}

// commands are what changes what terminals copy.
var commands = map[string]func(*drawn, access.Tx) error{
	"add": func(s *drawn, tx access.Tx) error {
		last := pick(s, "last", "Byron", "")
		a, err := people.Add(tx.Tx, people.New{First: "Ada", Last: last, State: pick(s, "state", people.Created, people.Active)})
		s.accounts = append(s.accounts, a.ID)
		return err
	},
	"anonymous": func(s *drawn, tx access.Tx) error {
		r := s.report(people.ID{}, publish.ID{})
		r.Account = siteKey.Anonymous(r.Card)
		a, err := tx.Account(r.Account)
		found := err == nil
		if anew, _ := access.BeginsAnew(tx, a, r.Card); found && anew {
			found = false
			if err := errors.Join(access.Purge(tx, a.ID), people.Purge(tx.Tx, a.ID)); err != nil {
				return err
			}
		}
		if found {
			err = people.AddNumber(tx.Tx, r.Account)
		} else {
			_, err = people.NewAnonymous(tx.Tx, people.NewAnon{ID: r.Account, Expires: s.now.Add(24 * time.Hour)})
			s.accounts = append(s.accounts, r.Account)
		}
		if err != nil {
			return err
		}
		return access.Bind(tx, r)
	},
	"rename": func(s *drawn, tx access.Tx) error {
		last := pick(s, "last", "Byron", "King", "")
		_, err := people.Change(tx.Tx, s.someone("account"), people.Changes{Last: &last})
		return err
	},
	"expire": func(s *drawn, tx access.Tx) error {
		at := s.now.Add(time.Hour)
		_, err := people.Change(tx.Tx, s.someone("account"), people.Changes{Expires: &at})
		return err
	},
	"edit": func(s *drawn, tx access.Tx) error {
		p := people.Profile{Name: pick(s, "name", "Ada Byron", "Ada", ""), Email: pick(s, "e-mail", "", "ada@example.com")}
		_, err := people.PanelEdit(tx.Tx, people.Typed{Account: s.someone("account"), Terminal: "hall", At: s.now, Profile: p})
		return err
	},
	"state": func(s *drawn, tx access.Tx) error {
		_, err := people.SetState(tx.Tx, s.someone("account"), pick(s, "state", people.Active, people.Suspended), people.ByAdministrator)
		return err
	},
	"merge": func(s *drawn, tx access.Tx) error {
		_, err := access.Merge(tx, s.someone("account"), s.someone("into"))
		return err
	},
	"erase": func(s *drawn, tx access.Tx) error { return access.Erase(tx, s.someone("account")) },
	"purge": func(s *drawn, tx access.Tx) error {
		id := s.someone("account")
		a, err := tx.Account(id)
		if err != nil || a.Kind != people.Anonymous || a.State != people.Active { // as what time ends
			return err
		}
		return errors.Join(access.Purge(tx, id), people.Purge(tx.Tx, id))
	},
	"add group": func(s *drawn, tx access.Tx) error {
		_, err := people.AddGroup(tx.Tx, s.group())
		return err
	},
	"remove group": func(s *drawn, tx access.Tx) error { return access.RemoveGroup(tx, s.group()) },
	"member": func(s *drawn, tx access.Tx) error {
		g, err := people.FindGroup(tx.Tx, s.group())
		if err == nil {
			_, err = people.SetMember(tx.Tx, g, s.someone("account"), rapid.Bool().Draw(s.t, "member"))
		}
		return err
	},
	"door": func(s *drawn, tx access.Tx) error {
		_, err := access.SetDoor(tx, s.door(), func(d *access.Door) { d.Group = pick(s, "door group", "", "outer", "inner") })
		return err
	},
	"remove door": func(s *drawn, tx access.Tx) error { return access.RemoveDoor(tx, s.door()) },
	"grant":       addGrant,
	"remove grant": func(s *drawn, tx access.Tx) error {
		if len(s.grants) == 0 {
			return nil
		}
		_, err := access.RemoveGrant(tx, pick(s, "grant", s.grants...))
		return err
	},
	"claim": issueClaim,
	"use claim": func(s *drawn, tx access.Tx) error {
		c := pick(s, "claim", append(slices.Clone(s.claims), access.Claim{})...)
		return access.UseClaim(tx, s.report(c.Account, c.ID))
	},
	"hide claims": func(_ *drawn, tx access.Tx) error { return access.HideClaims(tx) },
	"card state": func(s *drawn, tx access.Tx) error {
		card := s.card()
		state := pick(s, "state", access.CardActive, access.CardLost, access.CardRevoked)
		owner := pick(s, "owner", "", people.HexID(s.someone("owner")))
		_, err := access.SetCardState(tx, people.HexID(card), state, owner)
		return err
	},
	"give card": func(s *drawn, tx access.Tx) error {
		_, err := access.GiveCard(tx, access.Gift{Card: s.card(), To: people.HexID(s.someone("owner"))})
		return err
	},
	"free card": func(s *drawn, tx access.Tx) error {
		card := s.card()
		_, err := access.FreeCard(tx, people.HexID(card))
		return err
	},
	"pin": func(s *drawn, tx access.Tx) error {
		_, err := access.IssuePIN(tx, siteKey, s.someone("account"))
		return err
	},
	"revoke pin": func(s *drawn, tx access.Tx) error { return access.RevokePIN(tx, s.someone("account")) },
	"schedule": func(_ *drawn, tx access.Tx) error {
		_, err := access.AddSchedule(tx, access.Schedule{Name: "day", Windows: []access.Window{{Days: 1, From: 0, To: 60}}})
		return err
	},
	"change schedule": func(s *drawn, tx access.Tx) error {
		_, err := access.ChangeSchedule(tx, "day", func(sch *access.Schedule) { sch.Windows[0].To = pick(s, "to", 60, 90) })
		return err
	},
	"remove schedule": func(_ *drawn, tx access.Tx) error { return access.RemoveSchedule(tx, "day") },
	"holiday": func(_ *drawn, tx access.Tx) error {
		_, err := access.SetHoliday(tx, "2026-12-25", "Christmas")
		return err
	},
	"remove holiday": func(_ *drawn, tx access.Tx) error { return access.RemoveHoliday(tx, "2026-12-25") },
	"add service": func(s *drawn, tx access.Tx) error {
		name := pick(s, "service", "copy", "scan")
		_, err := people.AddOffer(tx.Tx, people.Offer{Kind: people.CopyService, French: name, English: name, Everyone: rapid.Bool().Draw(s.t, "everyone")})
		return err
	},
	"change service": func(s *drawn, tx access.Tx) error {
		o, err := people.FindOffer(tx.Tx, pick(s, "service", "copy", "scan"))
		if err == nil {
			_, err = people.ChangeOffer(tx.Tx, o.ID, func(o *people.Offer) { o.Everyone = !o.Everyone })
		}
		return err
	},
	"remove service": func(s *drawn, tx access.Tx) error {
		o, err := people.FindOffer(tx.Tx, pick(s, "service", "copy", "scan"))
		if err == nil {
			err = people.RemoveOffer(tx.Tx, o)
		}
		return err
	},
	"assign": func(s *drawn, tx access.Tx) error {
		o, err := people.FindOffer(tx.Tx, pick(s, "service", "copy", "scan"))
		to := people.Assignee{Account: s.someone("account")}
		if rapid.Bool().Draw(s.t, "to a group") {
			g, err2 := people.FindGroup(tx.Tx, s.group())
			to, err = people.Assignee{Group: g.ID}, errors.Join(err, err2)
		}
		if err == nil {
			_, err = people.AssignOffer(tx.Tx, o.ID, to, rapid.Bool().Draw(s.t, "assigned"))
		}
		return err
	},
	"publish notice": func(_ *drawn, tx access.Tx) error {
		w := people.Words{French: "fr", English: "en"}
		_, err := people.PublishNotice(tx.Tx, people.Notice{Text: w, Short: w})
		return err
	},
	"answer notice": func(s *drawn, tx access.Tx) error {
		n, err := people.FindNotice(tx.Tx, 0)
		if err == nil {
			err = people.Acknowledge(tx.Tx, people.Acknowledgement{
				Account: s.someone("account"), Version: n.Version, Answer: pick(s, "answer", people.Accepted, people.Declined), At: s.now, Channel: people.OnWeb,
			})
		}
		return err
	},
	"role": func(s *drawn, tx access.Tx) error {
		role, email := pick(s, "role", people.User, people.Admin), "boss@example.com"
		_, err := people.Change(tx.Tx, s.someone("account"), people.Changes{Role: &role, Email: &email})
		return err
	},
	"setting": func(s *drawn, tx access.Tx) error {
		_, err := access.ChangeSettings(tx, map[string]string{"cards": pick(s, "cards", "one", "many"), "quota_day": pick(s, "quota", "1", "2")})
		return err
	},
	"close claims": func(_ *drawn, tx access.Tx) error {
		_, err := access.CloseClaims(tx, "hall", 0)
		return err
	},
	"reopen": func(_ *drawn, tx access.Tx) error {
		_, err := access.Reopen(tx)
		return err
	},
}

func addGrant(s *drawn, tx access.Tx) error {
	n := access.NewGrant{Deny: rapid.Bool().Draw(s.t, "deny"), Schedule: pick(s, "schedule", "", "day")}
	if rapid.Bool().Draw(s.t, "to a group") {
		n.Group = s.group()
	} else {
		n.Account = people.HexID(s.someone("account"))
	}
	if rapid.Bool().Draw(s.t, "at a group of doors") {
		n.DoorGroup = s.doorGroup()
	} else {
		n.Door = s.door()
	}
	g, _, err := access.AddGrant(tx, n)
	if err == nil {
		s.grants = append(s.grants, g.ID)
	}
	return err
}

func issueClaim(s *drawn, tx access.Tx) error {
	n := access.NewClaim{Account: people.HexID(s.someone("account")), Doors: rapid.SampledFrom([][]string{nil, {"front"}, {"front", "lab"}}).Draw(s.t, "doors")}
	c, err := access.IssueClaim(tx, siteKey, n)
	if err == nil {
		s.claims = append(s.claims, c.Claim)
	}
	return err
}

// check compares the rows that terminals get with those that follow from the tables as they
// stand, and looks for rows of who is gone.
func (s *drawn) check() {
	err := s.store.Read(s.t.Context(), func(tx fleet.Tx) error {
		all, err := everything(tx)
		if err != nil {
			return err
		}
		want := rowSet{}
		of := tx.Tx
		of.Rows = want
		if err := publish.Project(of, all); err != nil {
			return err
		}
		if all.Settings { // no setting was ever changed: there may be no row
			return s.compare(tx, want)
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

func (s *drawn) compare(tx fleet.Tx, want rowSet) error {
	for _, c := range publish.Collections {
		if c == wire.Leases || c == wire.Config {
			continue
		}
		if err := s.compareOne(tx, c, want); err != nil {
			return err
		}
	}
	return nil
}

func (s *drawn) compareOne(tx fleet.Tx, c wire.Collection, want rowSet) error {
	var hash [16]byte
	err := publish.EachRow(tx, c, "", func(r publish.Row) error {
		hash = wire.Xor(hash, wire.RowHash(c, r.Key, r.Body))
		key := fmt.Sprint(c, string(r.Key))
		switch body, wanted := want[key]; {
		case !wanted:
			s.t.Errorf("a stale row of %s: %x", c, r.Key)
		case !bytes.Equal(body, r.Body):
			s.t.Errorf("an old row of %s: %x: %x, want %x", c, r.Key, r.Body, body)
		}
		delete(want, key)
		return s.checkOwner(tx, c, r)
	})
	if err != nil {
		return err
	}
	for key := range want {
		if rest, ok := bytes.CutPrefix([]byte(key), []byte(fmt.Sprint(c))); ok && !(c == wire.Schedules && string(rest) == wire.HolidaysKey) {
			s.t.Errorf("a row of %s is missing: %x", c, rest)
		}
	}
	state, err := tx.RowState(c, "")
	if err == nil && state.Hash != hash {
		s.t.Errorf("the hash of %s is not that of its rows", c)
	}
	return err
}

// checkOwner: what gives something is of an account that is there.
func (s *drawn) checkOwner(tx fleet.Tx, c wire.Collection, r publish.Row) error {
	var owner publish.ID
	switch c {
	case wire.Cards:
		var k wire.Binding
		if err := wire.Unmarshal(r.Body, &k); err != nil || k.State != wire.BindingActive {
			return err
		}
		owner = k.Account
	case wire.Grants:
		var g wire.Grant
		if err := wire.Unmarshal(r.Body, &g); err != nil || g.Account == (publish.ID{}) {
			return err
		}
		owner = g.Account
	case wire.PINs:
		var p wire.PIN
		if err := wire.Unmarshal(r.Body, &p); err != nil {
			return err
		}
		owner = p.Account
	case wire.Offers:
		owner = publish.ID(r.Key)
	default:
		return nil
	}
	a, err := tx.Account(owner)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return err
	}
	if a.ID != owner || a.State.Final() {
		s.t.Errorf("a row of %s belongs to an account that is %q: %x", c, a.State, r.Key)
	}
	return nil
}

// rowSet keeps rows by collection and key.
type rowSet map[string][]byte

func (w rowSet) PutRow(c wire.Collection, _ string, key, body []byte) error {
	if body != nil {
		w[fmt.Sprint(c, string(key))] = body
	}
	return nil
}

func (rowSet) Row(wire.Collection, string, []byte) (publish.Row, error) { return publish.Row{}, nil }
func (rowSet) RowsAfter(wire.Collection, string, []byte, int, func(publish.Row) error) error {
	return nil
}
func (rowSet) RowsSince(wire.Collection, string, uint64, func(publish.Row) error) error { return nil }
func (rowSet) RowState(wire.Collection, string) (publish.State, error)                  { return publish.State{}, nil }
func (rowSet) PruneRows(wire.Collection, string, uint64) error                          { return nil }
func (rowSet) RaiseRev(wire.Collection, string, uint64) error                           { return nil }

// everything is all that the tables hold, as if one transaction had made it.
func everything(tx fleet.Tx) (*publish.Changes, error) {
	c := publish.NewChanges()
	c.Holidays, c.Settings = true, true
	for _, state := range []people.State{"", people.Merged, people.Erased} {
		page, _, err := tx.ListAccounts(people.Query{State: state, Limit: 1000})
		if err != nil {
			return nil, err
		}
		for _, a := range page {
			c.Accounts[a.ID] = &a
			if p, err := tx.PINOf(a.ID); err == nil {
				c.PINs[p.MAC] = &p
			}
		}
	}
	cards, _, err := tx.ListCards(access.CardQuery{})
	for _, k := range cards {
		c.Cards[k.ID] = &k
	}
	grants, _, err2 := tx.ListGrants(access.GrantQuery{})
	for _, g := range grants {
		c.Grants[g.ID] = &g
	}
	claims, _, err3 := tx.ListClaims(access.ClaimQuery{})
	for _, k := range claims {
		c.Claims[k.ID] = &k
	}
	err4 := tx.EachDoor(func(d access.Door) error {
		c.Doors[d.Name] = &d
		return nil
	})
	err5 := tx.EachSchedule(func(s access.Schedule) error {
		c.Schedules[s.ID] = &s
		return nil
	})
	offers, err6 := tx.Offers()
	for _, o := range offers {
		c.Services[o.ID] = &o
	}
	if n, err := tx.LatestNotice(); err == nil {
		c.Notice = &n
	}
	return c, errors.Join(err, err2, err3, err4, err5, err6)
}
