package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
)

// RunPeople checks the part of the contract that is about people and the audit log.
func RunPeople(t *testing.T, open Open) {
	runParts(t, open, []part{
		{"accounts are found by what they go by", testAccounts},
		{"accounts are listed in order and pages", testDirectory},
		{"numbers of anonymous accounts have one owner", testNumbers},
		{"groups keep their members", testGroups},
		{"what was typed comes back", testProfiles},
		{"imports come back", testImports},
		{"what has a name is listed in order and pages", testLists},
		{"credentials, links, sessions and tries come back", testSignIn},
		{"the audit log verifies", testAudit},
	})
}

// account is one that every field is set of.
func account(n byte, name string) people.Account {
	first, last, _ := strings.Cut(name, " ")
	return people.Account{
		ID: people.ID{n, 1}, Kind: people.Person, State: people.Active, First: first, Last: last, NameAttested: true,
		Email: strings.ToLower(name[:3]) + "@example.com", EmailKey: strings.ToLower(name[:3]) + "@example.com", Verified: now,
		TypedEmail: "typed@example.com", Lang: "fr", Role: people.Admin, Source: people.ByImport, External: fmt.Sprint("x", n),
		Expires: now.Add(time.Duration(n) * time.Hour), Created: now.Add(time.Duration(n) * time.Minute),
	}
}

func testAccounts(t *testing.T, open Open) {
	s := open(t)
	ada, eve := account(1, "Ada Byron"), account(2, "Eve Roy")
	write(t, s, func(tx fleet.Tx) error { return errors.Join(tx.PutAccount(ada), tx.PutAccount(eve)) })
	taken := eve
	taken.EmailKey = ada.EmailKey
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error { return tx.PutAccount(taken) })
	if !errors.Is(err, people.ErrTaken) {
		t.Errorf("an e-mail of another: %v", err)
	}
	read(t, s, func(tx fleet.Tx) error {
		for what, got := range map[string]func() (people.Account, error){
			"id":     func() (people.Account, error) { return tx.Account(ada.ID) },
			"e-mail": func() (people.Account, error) { return tx.AccountByEmail("ada@example.com") },
			"prefix": single(func() ([]people.Account, error) { return tx.AccountsByID([]byte{1}, 5) }),
			"name":   single(func() ([]people.Account, error) { return tx.AccountsByName("ada byron", 5) }),
			"ext":    single(func() ([]people.Account, error) { return tx.AccountsByExternal("x1", 5) }),
		} {
			if a, err := got(); err != nil || !reflect.DeepEqual(a, ada) {
				t.Errorf("by %s: %+v (%v)", what, a, err)
			}
		}
		_, err1 := tx.Account(people.ID{9})
		_, err2 := tx.AccountByEmail("typed@example.com")
		if !errors.Is(err1, people.ErrNotFound) || !errors.Is(err2, people.ErrNotFound) {
			t.Errorf("nobody: %v, %v", err1, err2)
		}
		admins, err := tx.Administrators(5)
		if len(admins) != 2 {
			t.Errorf("%d administrators", len(admins))
		}
		return err
	})
	former := people.Account{ID: people.ID{77}, Kind: people.Person, State: people.Merged, Role: people.User, MergedTo: ada.ID, Created: ada.Created}
	write(t, s, func(tx fleet.Tx) error { return tx.PutAccount(former) })
	read(t, s, func(tx fleet.Tx) error {
		merged, err := tx.MergedInto(ada.ID, 5)
		if len(merged) != 1 || merged[0].ID != former.ID {
			t.Errorf("merged into one: %+v", merged)
		}
		return err
	})
	ada.State, eve.EmailKey = people.Erased, ada.EmailKey
	write(t, s, func(tx fleet.Tx) error { return errors.Join(tx.PutAccount(ada), tx.PutAccount(eve)) })
	write(t, s, func(tx fleet.Tx) error { return tx.DropAccount(ada.ID) })
}

func single(get func() ([]people.Account, error)) func() (people.Account, error) {
	return func() (people.Account, error) {
		list, err := get()
		if len(list) != 1 {
			return people.Account{}, fmt.Errorf("%d accounts, %w", len(list), err)
		}
		return list[0], err
	}
}

// testDirectory lists and searches in all ways, in pages of one.
func testDirectory(t *testing.T, open Open) {
	s := open(t)
	var club people.Group
	write(t, s, func(tx fleet.Tx) (err error) {
		visitor := people.Account{ID: people.ID{4}, Kind: people.Anonymous, State: people.Active, Role: people.User, Number: 7,
			Expires: now, Created: now.Add(time.Hour)}
		gone := account(5, "Old Friend")
		gone.State = people.Merged
		robot := account(6, "Robot Ada")
		robot.Kind = people.Service
		for _, a := range []people.Account{account(1, "Éve Adams"), account(2, "Ada Byron"), account(3, "zoe Roy-Ada"), visitor, gone, robot} {
			if err := tx.PutAccount(a); err != nil {
				return err
			}
		}
		if club, err = tx.AddGroup("Club"); err != nil {
			return err
		}
		return errors.Join(tx.SetMember(club.ID, people.ID{1, 1}, true), tx.SetMember(club.ID, people.ID{2, 1}, true),
			tx.SetMember(club.ID, people.ID{4}, true), tx.SetMember(club.ID, people.ID{4}, false), tx.SetMember(club.ID, people.ID{6, 1}, true))
	})
	for _, c := range []struct {
		q    people.Query
		want string
	}{
		{people.Query{}, "Ada Byron, Éve Adams, Robot Ada, zoe Roy-Ada, anonym7"},
		{people.Query{Order: people.ByCreated}, "anonym7, Robot Ada, zoe Roy-Ada, Ada Byron, Éve Adams"},
		{people.Query{Order: people.ByNumber}, "anonym7"},
		{people.Query{Kind: people.Anonymous}, "anonym7"},
		{people.Query{State: people.Merged}, "Old Friend"},
		{people.Query{People: true}, "Ada Byron, Éve Adams, zoe Roy-Ada, anonym7"},
		{people.Query{People: true, Search: "ada"}, "Ada Byron, zoe Roy-Ada, Éve Adams"},
		{people.Query{People: true, Group: club.ID, State: people.Active}, "Ada Byron, Éve Adams"},
		{people.Query{Search: "ada"}, "Ada Byron, zoe Roy-Ada, Robot Ada, Éve Adams"},
		{people.Query{Search: "roy zo"}, "zoe Roy-Ada"},
		{people.Query{Search: "zoe@ex"}, "zoe Roy-Ada"},
		{people.Query{Group: club.ID}, "Ada Byron, Éve Adams, Robot Ada"},
		{people.Query{Group: club.ID, Search: "eve"}, "Éve Adams"},
	} {
		if got := strings.Join(namesOf(t, s, c.q), ", "); got != c.want {
			t.Errorf("%+v: %s, want %s", c.q, got, c.want)
		}
	}
	read(t, s, func(tx fleet.Tx) error {
		lapsed := 0
		err := tx.EachLapsed(now, func(people.Account) error { lapsed++; return nil })
		if lapsed != 1 {
			t.Errorf("%d lapsed", lapsed)
		}
		return err
	})
}

func namesOf(t *testing.T, s *store.Store, q people.Query) (names []string) {
	q.Limit = 1
	for n := 0; n == 0 || q.After != ""; n++ {
		read(t, s, func(tx fleet.Tx) (err error) {
			var page []people.Account
			page, q.After, err = tx.ListAccounts(q)
			for _, a := range page {
				names = append(names, a.DisplayName())
			}
			return err
		})
	}
	return names
}

func testNumbers(t *testing.T, open Open) {
	s := open(t)
	ada, visitor := account(1, "Ada Byron"), people.Account{ID: people.ID{4}, Kind: people.Anonymous, State: people.Active, Number: 7}
	write(t, s, func(tx fleet.Tx) error {
		owner, err := tx.AssignNumber(7, visitor.ID)
		again, err2 := tx.AssignNumber(7, ada.ID)
		if owner != visitor.ID || again != visitor.ID {
			t.Errorf("owners %x, %x", owner, again)
		}
		return errors.Join(err, err2, tx.PutAccount(ada), tx.PutAccount(visitor), tx.MoveNumbers(visitor.ID, ada.ID))
	})
	read(t, s, func(tx fleet.Tx) error {
		a, err := tx.AccountByNumber(7)
		if a.ID != ada.ID || !slices.Equal(a.Aliases, []uint64{7}) {
			t.Errorf("anonym7 is %+v", a)
		}
		last, err2 := tx.LastNumber(visitor.ID)
		if last != 7 {
			t.Errorf("its last number is %d", last)
		}
		return errors.Join(err, err2)
	})
	write(t, s, func(tx fleet.Tx) error {
		err := tx.DropAccount(ada.ID)
		if _, err := tx.AccountByNumber(7); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("anonym7 of a purged account: %v", err)
		}
		_, err2 := tx.AssignNumber(7, visitor.ID)
		a, err3 := tx.AccountByNumber(7)
		first, err4 := tx.TakeNumbers(5)
		next, err5 := tx.TakeNumbers(1)
		if a.ID != visitor.ID || first != 1 || next != 6 {
			t.Errorf("then %x; numbers %d, %d", a.ID, first, next)
		}
		return errors.Join(err, err2, err3, err4, err5)
	})
}

func testGroups(t *testing.T, open Open) {
	s := open(t)
	write(t, s, func(tx fleet.Tx) error {
		club, err1 := tx.AddGroup("Club")
		staff, err2 := tx.AddGroup("Équipe")
		if _, err := tx.AddGroup("EQUIPE"); !errors.Is(err, people.ErrTaken) {
			t.Errorf("a name twice: %v", err)
		}
		if err := tx.PutGroup(people.Group{ID: club.ID, Name: "équipe"}); !errors.Is(err, people.ErrTaken) {
			t.Errorf("renamed to another's: %v", err)
		}
		ada := account(1, "Ada Byron")
		err3 := errors.Join(tx.PutAccount(ada), tx.SetMember(staff.ID, ada.ID, true), tx.SetMember(staff.ID, ada.ID, true),
			tx.SetMember(club.ID, ada.ID, true), tx.PutGroup(people.Group{ID: club.ID, Name: "CLUB"}))
		of, err4 := tx.GroupsOf(ada.ID)
		if !slices.Equal(of, []uint64{club.ID, staff.ID}) {
			t.Errorf("groups %v", of)
		}
		err5 := tx.DropGroup(staff.ID)
		if _, err := tx.Group(staff.ID); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("a dropped group: %v", err)
		}
		again, err6 := tx.AddGroup("Équipe")
		all := ""
		err7 := tx.EachGroup(func(g people.Group, members int) error {
			all += fmt.Sprint(g.Name, " ", members, "; ")
			return nil
		})
		if all != "CLUB 1; Équipe 0; " || again.ID <= staff.ID {
			t.Errorf("groups %s, the new one %d after %d", all, again.ID, staff.ID)
		}
		return errors.Join(err1, err2, err3, err4, err5, err6, err7)
	})
}

func testProfiles(t *testing.T, open Open) {
	s := open(t)
	e := people.Edit{Account: people.ID{1}, Terminal: "hall", Order: 1<<64 - 3, At: now,
		Before: people.Profile{Name: "Ada"}, After: people.Profile{Name: "Zoé", Email: "z@example.com", Lang: "fr"}, Waits: true}
	r := people.MergeRequest{Account: people.ID{1}, Into: people.ID{2}, Terminal: "hall", At: now}
	write(t, s, func(tx fleet.Tx) error {
		return errors.Join(tx.AddEdit(e), tx.PutMergeRequest(r), tx.PutMergeRequest(r))
	})
	read(t, s, func(tx fleet.Tx) error {
		edits, err1 := tx.Edits(people.ID{1})
		requests, err2 := tx.MergeRequests(people.ID{2})
		all, err3 := tx.MergeRequests(people.ID{})
		if !reflect.DeepEqual(edits, []people.Edit{e}) || !reflect.DeepEqual(requests, []people.MergeRequest{r}) || len(all) != 1 {
			t.Errorf("%+v, %+v, %+v", edits, requests, all)
		}
		return errors.Join(err1, err2, err3)
	})
	write(t, s, func(tx fleet.Tx) error {
		err := tx.SettleEdits(people.ID{2})
		edits, err1 := tx.Edits(people.ID{1})
		err2 := tx.SettleEdits(people.ID{1})
		settled, err3 := tx.Edits(people.ID{1})
		if len(edits) != 1 || !edits[0].Waits || len(settled) != 1 || settled[0].Waits {
			t.Errorf("before %+v, after %+v", edits, settled)
		}
		return errors.Join(err, err1, err2, err3)
	})
	write(t, s, func(tx fleet.Tx) error {
		err := errors.Join(tx.DropEdits(people.ID{1}), tx.DropMergeRequests(people.ID{1}))
		edits, err1 := tx.Edits(people.ID{1})
		requests, err2 := tx.MergeRequests(people.ID{2})
		if len(edits)+len(requests) > 0 {
			t.Errorf("left: %v, %v", edits, requests)
		}
		return errors.Join(err, err1, err2)
	})
}

func testImports(t *testing.T, open Open) {
	s := open(t)
	im := people.Import{ID: people.ID{1}, Name: "people.csv", Sum: [32]byte{7}, State: people.Active, Lines: 9, Started: now}
	l := people.ImportLine{Line: 3, Result: "new", Account: people.ID{5}}
	write(t, s, func(tx fleet.Tx) error {
		later := im
		later.ID, later.Started = people.ID{2}, now.Add(time.Second)
		return errors.Join(tx.PutImport(im), tx.PutImport(later), tx.AddImportLine(im.ID, l))
	})
	im.Done, im.Made, im.Changed, im.Same, im.Wrong, im.Undo, im.Undone = 9, 2, 3, 1, 3, people.Undoing, 4
	write(t, s, func(tx fleet.Tx) error { return tx.PutImport(im) })
	read(t, s, func(tx fleet.Tx) error {
		got, err1 := tx.Import(im.ID)
		latest, err2 := tx.ImportOf(im.Sum)
		lines, err3 := tx.ImportLines(im.ID, 2, 5)
		none, err4 := tx.ImportLines(im.ID, 3, 5)
		order := ""
		all, _, err5 := people.ListImports(tx.Tx.Tx.Tx, people.Listing{Limit: 5})
		for _, i := range all {
			order += fmt.Sprint(i.ID[0])
		}
		if !reflect.DeepEqual(got, im) || latest.ID != (people.ID{2}) || !reflect.DeepEqual(lines, []people.ImportLine{l}) || len(none) > 0 || order != "21" {
			t.Errorf("%+v, %x, %+v, %s", got, latest.ID, lines, order)
		}
		return errors.Join(err1, err2, err3, err4, err5)
	})
}

func testAudit(t *testing.T, open Open) {
	s := open(t)
	write(t, s, func(tx fleet.Tx) error {
		for n := range 5 {
			tx.Now = now.Add(time.Duration(n) * time.Hour)
			err := tx.Record(audit.Change{Action: "account.change", Object: fmt.Sprint(n), Subject: people.ID{byte(n % 2)}, After: "Zoé"})
			if err != nil {
				return err
			}
		}
		return tx.Tx.Tx.Tx.Tx.Tx.Erase(people.ID{1})
	})
	read(t, s, func(tx fleet.Tx) error {
		var v audit.Verification
		_, err1 := v.Next(tx.Tx.Tx.Tx.Tx.Tx)
		if v.Lines != 6 || v.Erased != 2 || len(v.Faults) > 0 {
			t.Errorf("%d lines, %d erased, faults %v", v.Lines, v.Erased, v.Faults)
		}
		var seqs []uint64
		err2 := tx.ListAudit(audit.Query{Action: "account.", Since: now.Add(time.Hour), Until: now.Add(4 * time.Hour), Limit: 2},
			func(e audit.Entry) error { seqs = append(seqs, e.Seq); return nil })
		if !slices.Equal(seqs, []uint64{4, 3}) {
			t.Errorf("lines %v", seqs)
		}
		return errors.Join(err1, err2)
	})
	write(t, s, func(tx fleet.Tx) error {
		n, err := tx.DropAudit(4, 2)
		if n != 2 {
			t.Errorf("%d lines dropped", n)
		}
		return err
	})
}
