package storetest

import (
	"database/sql"
	"os"
	"strings"
	"testing"

	"badged/sync/hub/people"
	"badged/sync/hub/store"
)

// FormerNames checks that a migration gives a search what had its name before. The statement of
// the migration in this folder that fills name_word is run once more on the empty table of db,
// which is the database of the store.
func FormerNames(t *testing.T, s *store.Store, db *sql.DB) {
	t.Helper()
	defer db.Close()
	script, err := os.ReadFile("migrations/0014_lists.sql")
	if err != nil {
		t.Fatal(err)
	}
	write(t, s, fillLists)
	_, fill, _ := strings.Cut(string(script), "-- What is there already")
	_, fill, _ = strings.Cut(fill, "\n")
	fill, _, _ = strings.Cut(fill, ";")
	for _, query := range []string{`DELETE FROM name_word`, fill} {
		if _, err := db.ExecContext(t.Context(), query); err != nil {
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
