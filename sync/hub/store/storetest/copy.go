package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/hub/release"
	"badged/sync/hub/store"
	"badged/sync/wire"
)

// Copies checks that a site moves from one database to another, which may be of two kinds.
func Copies(t *testing.T, from, to Open) {
	t.Run("a site arrives whole", func(t *testing.T) { testCopy(t, from, to) })
	t.Run("a site is copied into an empty database only", func(t *testing.T) { testCopyNotEmpty(t, from, to) })
}

func quiet(string, int, bool) {}

// Fill gives a store some of everything.
func Fill(t testing.TB, s *store.Store) {
	t.Helper()
	if _, err := s.SiteID(t.Context(), "site-of-the-test"); err != nil {
		t.Fatal(err)
	}
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		return errors.Join(fillPeople(tx), fillAccess(tx), fillFleet(tx), fillMail(tx))
	})
	if err != nil {
		t.Fatal(err)
	}
}

func fillPeople(tx fleet.Tx) error {
	domain := tx.Tx.Tx.Tx
	var errs []error
	var last people.Account
	for i, name := range []string{"Zoë", "Ödön", "田中", "O'Brien", "Ada"} {
		a, err := people.Add(domain, people.New{First: name, Last: "Byron", Email: fmt.Sprintf("p%d@example.com", i), State: people.Active})
		last = a
		errs = append(errs, err)
	}
	staff, err1 := people.AddGroup(domain, "Staff")
	gone, err2 := people.AddGroup(domain, "Gone")
	_, err3 := tx.AssignNumber(7, last.ID)
	copies, err5 := tx.AddOffer(people.Offer{Kind: people.CopyService, French: "Copie", English: "Copies"})
	_, err6 := tx.Assign(copies.ID, people.Assignee{Account: last.ID}, true)
	_, err4 := people.SetMember(domain, staff, last.ID, true)
	return errors.Join(append(errs, err1, err2, err3, err4, err5, err6,
		tx.AddNotice(people.Notice{Version: 1, Since: now}),
		tx.PutAnswer(people.Acknowledgement{Account: last.ID, Version: 1, Answer: people.Accepted, At: now, Channel: people.OnWeb}),
		people.RemoveGroup(domain, gone), // its id is never given again
		tx.AddEdit(people.Edit{Account: last.ID, Terminal: "hall", Order: 1, At: now}),
		tx.PutMergeRequest(people.MergeRequest{Account: id(1), Into: last.ID, Terminal: "hall", At: now}),
		tx.PutCredential(people.Credential{ID: id(9), Account: last.ID, Kind: people.Password, Data: []byte("$argon2id$"), Made: now}),
		tx.PutLink(people.Link{Hash: [32]byte{1}, Purpose: people.Reset, Account: last.ID, Made: now, Ends: now.Add(time.Hour), By: operator}),
		tx.PutSession(people.Session{Hash: [32]byte{2}, Account: last.ID, Made: now, Seen: now, Ends: now.Add(time.Hour), Role: people.User}),
		tx.PutTries([32]byte{3}, 4, now),
		tx.PutImport(people.Import{ID: id(8), Name: "people.csv", State: people.Active, Lines: 1, Started: now}),
		tx.AddImportLine(id(8), people.ImportLine{Line: 2, Result: "new", Account: last.ID}))...)
}

func fillAccess(tx fleet.Tx) error {
	office, err1 := tx.AddSchedule(access.Schedule{Name: "Office", Windows: []access.Window{{Days: 31, From: 480, To: 1080}}})
	gone, err2 := tx.AddSchedule(access.Schedule{Name: "Gone"})
	return errors.Join(err1, err2, tx.DropSchedule(gone.ID),
		tx.SetHoliday(access.Holiday{Day: "2026-12-25", Name: "Noël"}, true),
		tx.PutDoor(access.Door{Name: "front", UnknownTime: access.PolicyDeny, Stale: access.PolicyDeny}),
		tx.PutGrant(access.Grant{ID: id(3), Account: id(1), Door: "front", Schedule: office.ID, To: now}),
		tx.PutCard(access.Card{ID: id(4), Account: id(1), State: access.CardActive, Assurance: access.UID, Since: now}),
		tx.AddConflict(access.Conflict{Card: id(4), Account: id(1), Other: id(2), Terminal: "hall", Why: access.ConflictTaken, At: now}),
		tx.PutClaim(access.Claim{ID: id(5), Account: id(1), MAC: id(6), Issued: now, Ends: now.Add(time.Hour), State: access.ClaimLive}),
		tx.PutPIN(access.PIN{MAC: id(7), Account: id(1), Made: now}),
		tx.PutEnrolment(enrolment(9, 1)), tx.MuteMail(id(1), mail.CardStopped, true), tx.PutLabel(access.Label{Hash: [32]byte{1}, Card: id(4), Batch: "b", Made: now}),
		tx.PutSetting("language", "fr"), tx.SetCounter("counter", 12),
		tx.PutAlarm(fleet.Alarm{Kind: fleet.TerminalCopied, Object: "hall", First: now, Last: now, Detail: []byte("{}")}), tx.AddSeen(7, fleet.ID{1}))
}

func fillMail(tx fleet.Tx) error {
	_, err := tx.AddMail(letter(1))
	return errors.Join(err, tx.PutTemplate(mail.Template{Purpose: mail.Reset, Lang: "fr", Subject: "Sujet", Body: "{{.link}}"}))
}

func fillFleet(tx fleet.Tx) error {
	errs := []error{
		tx.PutTerminal(fleet.Terminal{Name: "hall", Added: now, Token: []byte("token")}),
		tx.PutSource(fleet.Source{Terminal: "hall", Incarnation: fleet.ID{1}, Upto: map[wire.Stream]uint64{wire.StreamEvents: 3}}),
		add(tx, event("hall", 1, 1), event("hall", 1, 2), event("hall", 1, 3)),
		tx.PutApplied(fleet.Applied{Terminal: "hall", Collection: wire.Cards, Rev: 3, At: now}),
		tx.PutBlock(fleet.Block{First: 1, Last: 8, Scope: "hall", Granted: now}),
		tx.Record(audit.Change{Action: "site.make", Object: "site"}),
		tx.PutRelease(release.Release{ID: release.ID{1}, Version: "1.4.0", Sequence: 14, Boards: []string{"rpi-4"}, Size: 1, Pieces: make([]byte, 16), Added: now}),
		tx.PutInstall(release.Install{Release: release.ID{1}, Terminal: "hall", Stage: release.Ready, Since: now}),
	}
	for i := range 20 {
		errs = append(errs, tx.PutRow(collection, "hall", []byte{byte(i), 0, 0xff}, []byte{byte(i)}))
	}
	return errors.Join(append(errs, tx.PutRow(collection, "hall", []byte{3, 0, 0xff}, nil))...)
}

func testCopy(t *testing.T, from, to Open) {
	a, b := from(t), to(t)
	Fill(t, a)
	copied, err := store.Copy(t.Context(), a, b, quiet)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range copied {
		if c.Rows == 0 {
			t.Errorf("this test has no row in table %s", c.Table)
		}
	}
	if err := b.Check(t.Context()); err != nil {
		t.Error(err)
	}
	if x, y := look(t, a), look(t, b); !reflect.DeepEqual(x, y) {
		t.Errorf("there are\n%+v\nhere are\n%+v", x, y)
	}
	// Both go on alike: with the same numbers, and none that was given before.
	Continue(t, a)
	Continue(t, b)
	if x, y := look(t, a), look(t, b); !reflect.DeepEqual(x.numbers, y.numbers) {
		t.Errorf("there it goes on with\n%+v\nhere with\n%+v", x.numbers, y.numbers)
	}
}

// Continue uses a store that Fill filled.
func Continue(t testing.TB, s *store.Store) {
	t.Helper()
	err := s.Write(t.Context(), operator, func(tx fleet.Tx) error {
		g, err1 := people.AddGroup(tx.Tx.Tx.Tx, "New")
		if g.ID != 3 {
			t.Errorf("the third group has id %d", g.ID)
		}
		sc, err2 := tx.AddSchedule(access.Schedule{Name: "New"})
		if sc.ID != 3 {
			t.Errorf("the third schedule has id %d", sc.ID)
		}
		return errors.Join(err1, err2, add(tx, event("hall", 1, 4)),
			tx.PutSource(fleet.Source{Terminal: "hall", Incarnation: fleet.ID{2}, Upto: map[wire.Stream]uint64{wire.StreamEvents: 9}}),
			tx.AddConflict(access.Conflict{Card: id(40), Account: id(1), Other: id(2), Terminal: "hall", Why: access.ConflictTaken, At: now}),
			tx.AddEdit(people.Edit{Account: id(1), Terminal: "hall", Order: 2, At: now}))
	})
	if err != nil {
		t.Error(err)
	}
}

// view is some of what a store shows.
type view struct {
	names, numbers []string
	state          publish.State
	audit          [32]byte
}

func look(t testing.TB, s *store.Store) (v view) {
	t.Helper()
	err := s.Read(t.Context(), func(tx fleet.Tx) (err error) {
		var err1, err2, err3 error
		v.state, err1 = tx.RowState(collection, "hall")
		_, v.audit, err2 = tx.LastAudit()
		v.numbers, err3 = bodies(func(fn func(fleet.Record) error) error { return tx.Events(0, 99, fn) })
		page, _, err4 := people.List(tx.Tx.Tx.Tx, people.Query{Order: people.ByName, Limit: 100})
		for _, a := range page {
			v.names = append(v.names, a.FullName()+" "+a.Email)
		}
		err5 := tx.EachGroup(func(g people.Group, members int) error {
			v.numbers = append(v.numbers, fmt.Sprint(g, members))
			return nil
		})
		err6 := tx.EachSource("hall", func(x fleet.Source) error {
			v.numbers = append(v.numbers, fmt.Sprint(x))
			return nil
		})
		return errors.Join(err1, err2, err3, err4, err5, err6)
	})
	if err != nil {
		t.Fatal(err)
	}
	return v
}

func testCopyNotEmpty(t *testing.T, from, to Open) {
	a, b := from(t), to(t)
	Fill(t, a)
	write(t, b, func(tx fleet.Tx) error { return tx.PutTerminal(fleet.Terminal{Name: "other"}) })
	if _, err := store.Copy(t.Context(), a, b, quiet); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("into a database with a terminal: %v", err)
	}
	c := to(t)
	if _, err := c.SiteID(t.Context(), "another-site"); err != nil {
		t.Fatal(err)
	}
	if _, err := store.Copy(t.Context(), a, c, quiet); !errors.Is(err, store.ErrNotEmpty) {
		t.Errorf("into another site: %v", err)
	}
	read(t, c, func(tx fleet.Tx) error {
		_, err := tx.Terminal("hall")
		if !errors.Is(err, people.ErrNotFound) {
			t.Errorf("something was copied: %v", err)
		}
		return nil
	})
}
