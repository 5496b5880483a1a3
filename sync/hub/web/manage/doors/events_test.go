package doors_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/people"
	"badged/sync/wire"
)

// O2: who entered, by door, person and period, newest first; each event says in words what
// happened, why, and for a refusal what to do.
func TestO2_WhoEnteredAndWhy(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	b.Open("/g/evenements").Is(200).Shows("Il ne s’est encore rien passé")
	s.door("front")
	s.door("back")
	ada, bob := s.person("Ada Byron"), s.person("Bob Babbage")
	now := s.Now()
	s.happens("box", now.Add(-49*time.Hour), s.tapped(ada, "1", "back", wire.OutcomeGranted, wire.ReasonKnownCard))
	s.happens("box", now.Add(-time.Hour), s.tapped(ada, "1", "front", wire.OutcomeGranted, wire.ReasonKnownCard))
	s.happens("box", now, s.tapped(bob, "2", "front", wire.OutcomeRefused, wire.ReasonNoGrant))
	p := b.Open("/g/evenements").Shows("n’a pas de droit à cette porte", "Donnez-lui un droit", "Ada Byron")
	if text := p.Text(); strings.Index(text, "Bob Babbage") > strings.Index(text, "Ada Byron") {
		t.Error("the oldest comes first")
	}
	p.Follow("Et si… ?").Is(200).Shows("La porte reste fermée pour Bob Babbage")
	today := now.In(time.FixedZone("", 3600)).Format(time.DateOnly)
	for query, want := range map[string][2]string{
		"porte=back":          {"back", "Bob Babbage"},
		"personne=Ada+Byron":  {"Ada Byron", "Bob Babbage"},
		"issue=refused":       {"Bob Babbage", "Ada Byron"},
		"du=" + today:         {"Bob Babbage", "49"},
		"terminal=nothing":    {"Aucun événement ne correspond", "Ada Byron"},
		"au=2001-01-01":       {"Aucun événement ne correspond", "Ada Byron"},
		"genre=door":          {"Aucun événement ne correspond", "Ada Byron"},
		"issue=granted&du=no": {"Ce n’est pas une date comme", "Bob Babbage"},
	} {
		b.Open("/g/evenements?"+query).Shows(want[0]).Hides("<td>"+want[1], want[1]+" <a")
	}
}

// A page of fifty goes on to the next one, with the filter.
func TestEventsHavePages(t *testing.T) {
	s := newStand(t)
	b := s.AsAdmin()
	ada := s.person("Ada Byron")
	for range 60 {
		s.happens("box", s.Now(), s.tapped(ada, "1", "print", wire.OutcomeGranted, wire.ReasonKnownCard))
	}
	p := b.Open("/g/evenements?issue=granted").Shows("en direct")
	if n := strings.Count(p.Body, "<tr>"); n != 51 {
		t.Errorf("%d rows", n)
	}
	p = p.Follow("Page suivante").Is(200).Shows("Une page plus ancienne")
	if n := strings.Count(p.Body, "<tr>"); n != 11 || !strings.Contains(p.Path, "issue=granted") {
		t.Errorf("%d rows at %s", n, p.Path)
	}
}

// O2, issue 9: exports are for spreadsheets, and no cell is a formula, whatever people are
// called and terminals say.
func TestO2_NoExportHasAFormula(t *testing.T) {
	s := newStand(t)
	s.door("front")
	eve := s.AddPerson(people.New{First: "=Eve", Last: "-Mallory", State: people.Active})
	s.give(eve, "1")
	s.group("+group", eve)
	s.grant(grantOf(eve, "front"))
	s.happens("box", s.Now(), s.tapped(eve, "1", "front", wire.OutcomeGranted, wire.ReasonKnownCard))
	s.Advance(200 * 24 * time.Hour)
	later := s.As(s.admin())
	day := s.Now().Add(-200 * 24 * time.Hour).Format(time.DateOnly)
	for path, want := range map[string]string{
		"/g/evenements/export": "'=Eve -Mallory", "/g/rapports/acces": "'=Eve -Mallory", "/g/portes/front/qui/export": "'=Eve",
		"/g/rapports/presence/export?" + url.Values{"jour": {day}}.Encode(): "'=Eve", "/g/rapports/inutilisees/export": "'=Eve",
	} {
		p := later.Open(path).Is(200)
		if !strings.Contains(p.Body, want) || strings.Contains(p.Body, ";=") {
			t.Errorf("%s:\n%s", path, p.Body)
		}
		if kind := p.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/csv") {
			t.Errorf("%s is %s", path, kind)
		}
	}
}

// Reports: presence by doors, and cards that nobody shows.
func TestO2_PresenceAndUnusedCards(t *testing.T) {
	s := newStand(t)
	s.door("front")
	ada, bob := s.person("Ada Byron"), s.person("Bob Babbage")
	s.give(ada, "1")
	s.give(bob, "2")
	b := s.AsAdmin()
	b.Open("/g/rapports/inutilisees").Shows("Toutes les cartes servent")
	b.Open("/g/rapports/presence").Shows("Personne ce jour-là")
	s.Advance(100 * 24 * time.Hour)
	b = s.As(s.admin())
	noon := time.Date(s.Now().Year(), s.Now().Month(), s.Now().Day(), 9, 0, 0, 0, time.UTC)
	s.happens("box", noon, s.tapped(ada, "1", "front", wire.OutcomeGranted, wire.ReasonKnownCard))
	s.happens("box", noon.Add(time.Hour), s.tapped(ada, "1", "front", wire.OutcomeGranted, wire.ReasonKnownCard))
	s.happens("box", noon.Add(time.Hour), s.tapped(bob, "2", "front", wire.OutcomeRefused, wire.ReasonNoGrant))
	p := b.Open("/g/rapports/presence?jour="+noon.Format(time.DateOnly)).Is(200).Shows("1 personne", "Ada Byron").Hides("Bob Babbage")
	if !strings.Contains(p.Text(), noon.In(paris(t)).Format("15:04")+" front "+noon.Add(time.Hour).In(paris(t)).Format("15:04")+" front 2") {
		t.Errorf("%s", p.Text())
	}
	b.Open("/g/rapports/presence?jour=never").Is(422)
	b.Open("/g/rapports/inutilisees").Hides("Ada Byron")
}

func paris(t *testing.T) *time.Location {
	loc, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	return loc
}
