package manage_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
	"badged/sync/hub/web/webtest"
)

// finished waits until the page of an import says that it is over.
func finished(t *testing.T, b *webtest.Browser, path string) *webtest.Page {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if p := b.Open(path).Is(200); strings.Contains(p.Text(), "L’import est terminé") {
			return p
		}
	}
	t.Fatal("the import does not end")
	return nil
}

// list is a file of n people as a French spreadsheet writes it.
func list(n int) []byte {
	var b strings.Builder
	b.WriteString("\ufeffPrénom;Nom;Adresse;Groupe\r\n")
	for i := range n {
		fmt.Fprintf(&b, "Zoé;Nr%04d;zoe%d@example.org;Étage 2\r\n", i, i)
	}
	return []byte(b.String())
}

// O5: 200 people come in from a spreadsheet in one step, with a preview that changes nothing
// and a report by line.
func TestO5_PeopleComeInFromASpreadsheet(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	s.AddPerson(person("Zoé", "Nr0000", "zoe0@example.org"))
	file := append(list(200), "Eve;;not an address;\r\n"...)
	p := b.Upload("/g/import", "file", "personnel.csv", file).Is(200).Shows("Rien n’est encore changé", "Nouveaux 199", "Erreurs 1", "Ce n’est pas une adresse électronique", "Importer 201 lignes")
	b.Open("/g/membres?q=nr0001").Shows("Personne ne correspond")
	p = p.Press("Importer 201 lignes").Is(200)
	done := finished(t, b, p.Path).Shows("personnel.csv", "Nouveaux 199", "Erreurs 1")
	done.Follow("Page suivante").Is(200).Shows("202", "Ce n’est pas une adresse électronique")
	b.Open("/g/membres?q=nr0199").Shows("Zoé Nr0199", "Créé")
	b.Open("/g/import").Shows("personnel.csv", "201 / 201")
	done.Follow("Reprendre l’import…").Shows("disparaissent").Press("Reprendre l’import").Is(200).Shows("L’import est repris")
	b.Open("/g/membres?q=nr0199").Shows("Personne ne correspond")
	b.Open("/g/membres?q=nr0000").Shows("Zoé Nr0000")
}

// Issue 8, 4: every list has filter, order and pages; the former imports too.
func TestFormerImportsAreSearchedPageByPage(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	b.Open("/g/import").Hides("Imports passés")
	s.Write(func(tx fleet.Tx) error {
		for i := range page.PerPage + 1 {
			im := people.Import{ID: people.ID{byte(i)}, Name: fmt.Sprintf("liste n%03d.csv", i), State: people.Active, Started: s.Now().Add(time.Duration(i) * time.Minute)}
			if err := tx.PutImport(im); err != nil {
				return err
			}
		}
		return nil
	})
	b.Open("/g/import").Is(200).Shows("Imports passés", "n050", "n001").Hides("n000").Follow("Page suivante").Is(200).Shows("n000").Hides("n001")
	b.Open("/g/import?q=n00").Shows("n000", "n009").Hides("n010")
	b.Open("/g/import?q=bathroom").Shows("Rien ne porte ce nom")
}

// A file that is none says so in place; one that was shown to somebody else, or long ago, is
// not brought in.
func TestWhatAnImportRefuses(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	b.Upload("/g/import", "file", "empty.csv", nil).Is(422).Shows("Choisissez un fichier")
	b.Post("/g/import", nil).Is(422).Shows("Choisissez un fichier")
	b.Upload("/g/import", "file", "x.csv", []byte("a;b\r\n1;2\r\n")).Is(422).Shows("Voir ce qu’il ferait")
	b.Upload("/g/import", "file", "large.csv", bytes.Repeat([]byte("x"), 20<<20)).Is(413).Shows("Rien n’a été changé")
	b.Post("/g/import/confirmer", map[string][]string{"sum": {strings.Repeat("0", 64)}}).Shows("L’aperçu est trop ancien")
	b.Post("/g/import/confirmer", map[string][]string{"sum": {"x"}}).Is(404)
	b.Open("/g/import/" + strings.Repeat("0", 32)).Is(404)

	shown := b.Upload("/g/import", "file", "personnel.csv", list(2)).Is(200)
	other := s.As(s.AddPerson(people.New{First: "Ida", Last: "Rhodes", Email: "ida@example.org", State: people.Active, Role: people.Admin}))
	other.Post("/g/import/confirmer", map[string][]string{"sum": {shown.Value("sum")}}).Shows("L’aperçu est trop ancien")
	s.Advance(14 * time.Minute)
	b.Open("/g/membres")
	s.Advance(2 * time.Minute)
	b.SignIn(found(s, "grace@example.org").ID)
	shown.Press("Importer 2 lignes").Shows("L’aperçu est trop ancien")
	b.Open("/g/membres?q=nr000").Shows("Personne ne correspond")
}

// Cards in a file are given; their numbers are kept as their MACs only.
func TestAnImportGivesCards(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	p := b.Upload("/g/import", "file", "cards.csv", []byte("Prénom;Nom;Carte\r\nAda;Byron;62E3086CED\r\n")).Is(200).Press("Importer 1 ligne").Is(200)
	finished(t, b, p.Path).Hides("62E3086CED")
	ada := found(s, "Ada Byron")
	s.Read(func(tx fleet.Tx) error {
		cards, err := tx.CardsOf(ada.ID)
		if len(cards) != 1 || cards[0].ID != access.ID(s.Hub.SiteKey().Card("62E3086CED")) {
			t.Errorf("her cards are %v", cards)
		}
		return err
	})
}

// Whoever may manage members alone imports people and no cards; and neither groups nor cards of
// somebody who may more, who stands in the file by their address.
func TestAnImportGivesWhatItsSenderMayGive(t *testing.T) {
	s := webtest.New(t)
	s.AsAdmin()
	dora := manager(s, people.ManageMembers)
	b := s.As(dora)
	run := func(first, mine, hers string) *webtest.Page {
		file := "Prénom;Nom;Adresse;Groupe;Carte\r\n" + first + ";Byron;" + first + "@example.org;Étage 2;" + mine + "\r\nGrace;Hopper;grace@example.org;Direction;" + hers + "\r\n"
		p := b.Upload("/g/import", "file", "cards.csv", []byte(file)).Is(200).Shows("Seul un administrateur peut faire cela")
		p = p.Press("Importer 2 lignes").Is(200)
		return finished(t, b, p.Path)
	}
	has := func(ref string) (cards, groups int) {
		a := found(s, ref)
		s.Read(func(tx fleet.Tx) error {
			c, err := tx.CardsOf(a.ID)
			g, err2 := tx.GroupsOf(a.ID)
			cards, groups = len(c), len(g)
			return errors.Join(err, err2)
		})
		return cards, groups
	}
	run("ada", "62E3086CED", "62E3086CEE").Shows("n’a pas le droit qu’il faut")
	if cards, groups := has("ada@example.org"); cards != 0 || groups != 1 {
		t.Errorf("Ada has %d cards and %d groups", cards, groups)
	}
	s.Write(func(tx fleet.Tx) error {
		_, err := people.SetRight(tx.Tx.Tx.Tx, dora.ID, people.ManageCards, true)
		return err
	})
	run("bob", "62E3086CEF", "62E3086CEA").Hides("n’a pas le droit qu’il faut")
	if cards, groups := has("bob@example.org"); cards != 1 || groups != 1 {
		t.Errorf("Bob has %d cards and %d groups", cards, groups)
	}
	if cards, groups := has("grace@example.org"); cards != 0 || groups != 0 {
		t.Errorf("an administrator has %d cards and %d groups of it", cards, groups)
	}
}
