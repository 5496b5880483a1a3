package storetest

import (
	"strings"
	"testing"

	"badged/sync/hub/people"
	"badged/sync/hub/store"
)

// FormerNames checks that a migration gives a search what had its name before. script is the
// migration, whose statement that fills name_word is run once more on an empty table.
func FormerNames(t *testing.T, s *store.Store, script string, run func(query string) error) {
	write(t, s, fillLists)
	_, fill, _ := strings.Cut(script, "-- What is there already")
	_, fill, _ = strings.Cut(fill, "\n")
	fill, _, _ = strings.Cut(fill, ";")
	for _, query := range []string{`DELETE FROM name_word`, fill} {
		if err := run(query); err != nil {
			t.Fatalf("%v: %s", err, query)
		}
	}
	for _, c := range []struct {
		list         lister
		search, want string
	}{
		{groupNames, "nuit eq", "Équipe de nuit 0"},
		{groupNames, "bois", "Atelier bois 1, Boisson & Nuit 0"},
		{scheduleNames, "watch", "Night watch 1"},
		{doorsOf("attic"), "3", "lab-3"},
		{holidaysFrom(""), "travail", "05-01 Jour du travail"},
		{importNames, "csv 2", "people-2.csv 2"},
	} {
		if got := strings.Join(walkList(t, s, c.list, people.Listing{Search: c.search, Limit: 9}), ", "); got != c.want {
			t.Errorf("%s: %s, want %s", c.search, got, c.want)
		}
	}
}
