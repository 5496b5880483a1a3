package roster_test

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/roster"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
)

var key = sitekey.New(1, [sitekey.Size]byte{1})

// site is a hub's store that lists are brought into.
type site struct {
	t testing.TB
	*store.Store
}

func newSite(t testing.TB) site {
	s, err := sqlite.Open(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Close() })
	return site{t, s}
}

var operator = audit.Actor{Kind: audit.Operator, ID: "0", Via: "socket"}

func (s site) do(fn func(fleet.Tx) error) {
	s.t.Helper()
	if err := s.Write(context.Background(), operator, fn); err != nil {
		s.t.Fatal(err)
	}
}

// options gives cards as the hub does.
func options(tx access.Tx) roster.Options {
	return roster.Options{State: people.Active, Zone: time.UTC, Give: func(a people.Account, number secret.Text) (bool, error) {
		id := key.Card(number.Reveal())
		if c, err := tx.Card(id); err == nil && c.Account == a.ID {
			return false, nil
		}
		_, err := access.GiveCard(tx, access.Gift{Card: id, To: people.HexID(a.ID)})
		return true, err
	}}
}

// show is a result as an operator sees it.
func show(results []roster.Result) (lines []string) {
	for _, r := range results {
		line := fmt.Sprint(r.Line, " ", r.Outcome)
		if r.Refusal != nil {
			line += " " + r.Refusal.Code
		}
		for _, n := range r.Notes {
			line += " (" + n.Code + ")"
		}
		lines = append(lines, line)
	}
	return lines
}

func (s site) preview(file string) []string {
	s.t.Helper()
	sheet, err := roster.Read([]byte(file))
	if err != nil {
		s.t.Fatal(err)
	}
	var results []roster.Result
	err = s.Write(context.Background(), operator, func(tx fleet.Tx) (err error) {
		if results, err = roster.Preview(tx.Tx.Tx.Tx, sheet.Lines, options(tx.Tx.Tx)); err == nil {
			err = roster.ErrPreview
		}
		return err
	})
	if !errors.Is(err, roster.ErrPreview) {
		s.t.Fatal(err)
	}
	return show(results)
}

// run brings a file in, in transactions of n lines, as far as most transactions go.
func (s site) run(file string, n, most int) (im people.Import, lines []string) {
	s.t.Helper()
	sheet, err := roster.Read([]byte(file))
	if err != nil {
		s.t.Fatal(err)
	}
	s.do(func(tx fleet.Tx) (err error) {
		im, err = roster.Begin(tx.Tx.Tx.Tx, "people.csv", []byte(file), sheet, people.Active)
		return err
	})
	for ; im.Done < im.Lines && most > 0; most-- {
		var results []roster.Result
		s.do(func(tx fleet.Tx) (err error) {
			im, results, err = roster.Run(tx.Tx.Tx.Tx, im.ID, sheet, options(tx.Tx.Tx), n)
			return err
		})
		lines = append(lines, show(results)...)
	}
	return im, lines
}

// all are the names of all accounts with their groups and cards.
func (s site) all() (names []string) {
	s.t.Helper()
	s.do(func(tx fleet.Tx) error {
		page, _, err := people.List(tx.Tx.Tx.Tx, people.Query{Limit: 1000})
		for _, a := range page {
			cards, err1 := tx.CardsOf(a.ID)
			groups, err2 := tx.GroupsOf(a.ID)
			names = append(names, fmt.Sprintf("%s %s %d/%d", a.DisplayName(), a.Email, len(groups), len(cards)))
			err = errors.Join(err, err1, err2)
		}
		return err
	})
	return names
}

const file = `Prénom;Nom;E-mail;Groupes;Cartes;Fin
Ada;Byron;ada@example.com;Club, Staff;0001;2030-01-31
Léa;Roy;;Club;0001;
Émile;Martin;pas une adresse;;;
anonym7;;;;;
Ada;Byron;ADA@EXAMPLE.COM;;;
Zoe;;;;;31/02/2030
Paul;Petit;paul@example.com;..;;
`

var want = []string{
	"2 new", "3 new (card_taken)", "4 error email_bad", "5 error name_reserved", "6 error import_line_twice",
	"7 error import_line_date", "8 new (group_name)",
}

// O5: issue 8, 4: preview per line new, changed, same, error; then the same happens.
func TestAPreviewSaysWhatHappens(t *testing.T) {
	s := newSite(t)
	if got := s.preview(file); !slices.Equal(got, want) {
		t.Errorf("the preview says %q, want %q", got, want)
	}
	if got := s.all(); len(got) > 0 {
		t.Fatalf("the preview made %q", got)
	}
	im, got := s.run(file, 2, 100)
	if !slices.Equal(got, want) {
		t.Errorf("the run says %q, want %q", got, want)
	}
	if im.Done != 7 || im.Made != 3 || im.Wrong != 4 || im.Same != 0 || im.Changed != 0 {
		t.Errorf("the record says %+v", im)
	}
	if got := s.all(); !slices.Equal(got, []string{"Ada Byron ada@example.com 2/1", "Léa Roy  1/0", "Paul Petit paul@example.com 0/0"}) {
		t.Errorf("accounts %q", got)
	}
}

// The last day of a membership is in it, in the site's time zone.
func TestAnEndIsTheEndOfItsDay(t *testing.T) {
	s := newSite(t)
	s.run(file, 100, 1)
	s.do(func(tx fleet.Tx) error {
		a, err := people.Find(tx.Tx.Tx.Tx, "ada@example.com")
		if want := time.Date(2030, 2, 1, 0, 0, 0, 0, time.UTC); !a.Expires.Equal(want) {
			t.Errorf("ends at %v, want %v", a.Expires, want)
		}
		return err
	})
}

// The same file again changes nothing, and a changed one only what it says.
func TestAnImportCanBeRepeated(t *testing.T) {
	s := newSite(t)
	good := "Prénom;Nom;E-mail;Matricule;Groupes;Carte\nAda;Byron;ada@example.com;17;Club;0001\nLéa;Roy;;;;\n"
	s.run(good, 100, 100)
	if _, got := s.run(good, 100, 100); !slices.Equal(got, []string{"2 same", "3 same"}) {
		t.Errorf("again: %q", got)
	}
	_, got := s.run("Prénom;Nom;E-mail;Matricule;Groupes;Carte\nAda;King;ada@king.example;17;Staff;\nlea;ROY;;;Club;0002\n", 100, 100)
	if !slices.Equal(got, []string{"2 changed", "3 changed"}) {
		t.Errorf("changed: %q", got)
	}
	if got := s.all(); !slices.Equal(got, []string{"Ada King ada@king.example 2/1", "lea ROY  1/1"}) {
		t.Errorf("accounts %q", got)
	}
}

// Issue 8, 3: whoever typed a name themselves is not taken for the person of the file.
func TestAnImportBelievesNoTypedName(t *testing.T) {
	s := newSite(t)
	s.do(func(tx fleet.Tx) error {
		a, err := people.NewAnonymous(tx.Tx.Tx.Tx, people.NewAnon{ID: people.ID{1}})
		if err == nil {
			_, err = people.PanelEdit(tx.Tx.Tx.Tx, people.Typed{Account: a.ID, Profile: people.Profile{Name: "Ada Byron", Email: "ada@example.com"}})
		}
		return err
	})
	if got := s.preview("Nom complet\nAda Byron\n"); !slices.Equal(got, []string{"2 error import_line_namesake"}) {
		t.Errorf("by name: %q", got)
	}
	if got := s.preview("Nom complet;Mail\nAda Byron;ada@example.com\n"); !slices.Equal(got, []string{"2 new"}) {
		t.Errorf("by address: %q", got)
	}
}

// PEOPLE §4.1: an account that somebody made with an address that they did not confirm is not
// the person of the file: groups and cards of the file would be a stranger's.
func TestAnImportGivesNothingToAnUnconfirmedAddress(t *testing.T) {
	s := newSite(t)
	var a people.Account
	s.do(func(tx fleet.Tx) (err error) {
		a, _, err = people.AddSelf(tx.Tx.Tx.Tx, people.Self{First: "Eve", Last: "Roy", Email: "ada@example.com"})
		return err
	})
	file := "Prénom;Nom;Mail;Groupes\nAda;Byron;Ada@example.com;Labo\n"
	if got := s.preview(file); !slices.Equal(got, []string{"2 error import_line_unconfirmed"}) {
		t.Errorf("before the confirmation: %q", got)
	}
	s.do(func(tx fleet.Tx) error {
		link, err := people.IssueLink(tx.Tx.Tx.Tx, people.Confirm, a.ID, "")
		if err != nil {
			return err
		}
		return access.ChoosePassword(tx.Tx.Tx, link, "phc")
	})
	if got := s.preview(file); !slices.Equal(got, []string{"2 changed"}) {
		t.Errorf("after it: %q", got)
	}
}

// O5: issue 8, 4: resumable: what stopped half way goes on where it was.
func TestAnImportGoesOnWhereItStopped(t *testing.T) {
	s := newSite(t)
	var b strings.Builder
	b.WriteString("First;Last\n")
	for i := range 10 {
		fmt.Fprintf(&b, "Member;Number%d\n", i)
	}
	first, _ := s.run(b.String(), 3, 2)
	again, lines := s.run(b.String(), 3, 100)
	if again.ID != first.ID || len(lines) != 4 || again.Made != 10 || len(s.all()) != 10 {
		t.Errorf("first %+v, then %+v with %q", first, again, lines)
	}
	other, _ := s.run(b.String(), 3, 100)
	if other.ID == first.ID || other.Same != 10 {
		t.Errorf("a third time: %+v", other)
	}
}

// Issue 8, 4: undo of the new ones, whose addresses are free again.
func TestAnImportIsTakenBack(t *testing.T) {
	s := newSite(t)
	s.run("First;Last;Mail\nOld;Member;old@example.com\n", 10, 10)
	im, _ := s.run("First;Last;Mail;Card\nOld;Friend;old@example.com;\nAda;Byron;ada@example.com;0001\nEve;Admin;eve@example.com;\n", 10, 10)
	s.do(func(tx fleet.Tx) error {
		a, err := people.Find(tx.Tx.Tx.Tx, "eve@example.com")
		if err == nil {
			role := people.Admin
			_, err = people.Change(tx.Tx.Tx.Tx, a.ID, people.Changes{Role: &role})
		}
		return err
	})
	for im.Undo != people.Undone {
		s.do(func(tx fleet.Tx) (err error) {
			im, err = roster.Undo(tx.Tx.Tx.Tx, im.ID, 2, func(id people.ID) error { return access.Purge(tx.Tx.Tx, id) })
			return err
		})
	}
	if got := s.all(); !slices.Equal(got, []string{"Eve Admin eve@example.com 0/0", "Old Friend old@example.com 0/0"}) {
		t.Errorf("left: %q", got)
	}
	s.do(func(tx fleet.Tx) error {
		if _, err := tx.Card(key.Card("0001")); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("the card is still somebody's: %v", err)
		}
		return nil
	})
	again, got := s.run("First;Last;Mail;Card\nOld;Friend;old@example.com;\nAda;Byron;ada@example.com;0001\nEve;Admin;eve@example.com;\n", 10, 10)
	if again.ID == im.ID || !slices.Equal(got, []string{"2 same", "3 new", "4 same"}) {
		t.Errorf("again: %q", got)
	}
}

// Nothing of a card number is kept, in no table.
func TestCardNumbersAreForgotten(t *testing.T) {
	s := newSite(t)
	s.run("First;Last;Card\nAda;Byron;4242424242\n", 10, 10)
	s.do(func(tx fleet.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 100}, func(e audit.Entry) error {
			if strings.Contains(fmt.Sprintf("%+v %s %s", e, e.Before, e.After), "4242424242") {
				t.Errorf("line %d has the number", e.Seq)
			}
			return nil
		})
	})
}

// Who may manage something by now is not taken back with their import; who is goes with their
// password and their links.
func TestUndoSparesManagersAndLeavesNoWayIn(t *testing.T) {
	s := newSite(t)
	file := "first,last,email\nAda,Byron,ada@example.com\nBob,Babbage,bob@example.com\n"
	sheet, err := roster.Read([]byte(file))
	if err != nil {
		t.Fatal(err)
	}
	var ada, bob people.Account
	s.do(func(tx fleet.Tx) error {
		im, err := roster.Begin(tx.Tx.Tx.Tx, "x.csv", []byte(file), sheet, people.Active)
		if err == nil {
			_, _, err = roster.Run(tx.Tx.Tx.Tx, im.ID, sheet, options(tx.Tx.Tx), 9)
		}
		if err == nil {
			ada, err = people.Find(tx.Tx.Tx.Tx, "ada@example.com")
		}
		if err == nil {
			bob, err = people.Find(tx.Tx.Tx.Tx, "bob@example.com")
		}
		if err == nil {
			_, err = people.SetRight(tx.Tx.Tx.Tx, ada.ID, people.ManageDoors, true)
		}
		if err == nil {
			err = people.SetPassword(tx.Tx.Tx.Tx, bob.ID, "$argon2id$v=19$m=65536,t=3,p=1$AAAA$AAAA")
		}
		if err == nil {
			_, err = roster.Undo(tx.Tx.Tx.Tx, im.ID, 9, func(id people.ID) error { return access.Purge(tx.Tx.Tx, id) })
		}
		return err
	})
	s.do(func(tx fleet.Tx) error {
		if _, err := tx.Account(ada.ID); err != nil {
			t.Errorf("a manager is gone: %v", err)
		}
		if _, err := tx.Account(bob.ID); !errors.Is(err, people.ErrNotFound) {
			t.Errorf("the other is there: %v", err)
		}
		in, err := people.HasLogin(tx.Tx.Tx.Tx, bob.ID)
		if in {
			t.Error("a password is left of who is gone")
		}
		return err
	})
}
