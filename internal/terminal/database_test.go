package terminal

import (
	"strings"
	"testing"

	"badged/enroll/store"
	"badged/internal/health"
)

// Whatever the start found out about the database is said with what to do.
func TestTheStateOfTheDatabaseIsShown(t *testing.T) {
	for _, tt := range []struct {
		name  string
		aside string
		r     store.Recovery
		state health.State
		says  string
		do    string
	}{
		{"in order", "", store.Recovery{}, health.OK, "", ""},
		{"a power cut", "", store.Recovery{Unclean: true}, health.OK, "being checked", ""},
		{"no second record", "", store.Recovery{Unclean: true, NoWitness: true}, health.Warn, "badged.db.witness", "find out who"},
		{"a senseless second record", "", store.Recovery{Unclean: true, NoWitness: true, BadWitness: true}, health.Warn, "made no sense", "find out who"},
		{"older", "", store.Recovery{Unclean: true, Older: true, Missing: 7}, health.Warn, "7 events", "replace the disk"},
		{"kept aside", "/x/badged.db.corrupt-1", store.Recovery{Unclean: true}, health.Warn, "kept aside", "badgectl outbox export /x/badged.db.corrupt-1"},
	} {
		it := databaseItem(tt.aside, tt.r)
		if it.State != tt.state || !strings.Contains(it.Text, tt.says) || !strings.Contains(it.Do, tt.do) || (it.State != health.OK) != (it.Do != "") {
			t.Errorf("%s: %+v", tt.name, it)
		}
	}
}
