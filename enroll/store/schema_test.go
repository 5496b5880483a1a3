package store_test

import (
	"errors"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/clock"
	"badged/sync/wire"
)

var updateFiles = flag.Bool("update", false, "make testdata/db/terminal-schema1.db again; never once that schema is released")

const schema1 = "../../testdata/db/terminal-schema1.db"

// makeSchema1 makes the database that TestTodaysCodeOpensSchema1 opens.
func makeSchema1(t *testing.T) {
	path := filepath.Join(t.TempDir(), "badged.db")
	s := openStore(t, path)
	lend(t, s, 1, 10)
	apply(t, s, newHub(wire.Accounts).put(t, 1, wire.Account{Kind: 1, State: 3, Name: "Ada", Lang: "en"}))
	apply(t, s, newHub(wire.Cards).put(t, 11, activeCard(1)))
	apply(t, s, newHub(wire.Grants).put(t, 21, wire.Grant{Account: id(1), Door: "front"}))
	apply(t, s, newHub(wire.Doors).put(t, "front", wire.Door{Stale: 3}))
	apply(t, s, newHub(wire.Claims).put(t, 5, wire.Claim{Account: id(1), MAC: id(6), Ends: day.UnixMilli(), State: 1}))
	apply(t, s, newHub(wire.Config).put(t, "site", wire.Site{Name: "Lyon", Lang: "fr", CodeDigits: 4}))
	enrol(t, s, 2)
	update(t, s, func(tx enroll.Tx) error {
		return errors.Join(tx.PutClaim(claim(enroll.ClaimUsed)), tx.PutTally("wrong-codes/0", enroll.Tally{Count: 2}), tx.Append(security(3)))
	})
	queue(t, s, routine(4))
	must(t, s.KeepTime(t.Context(), clock.Kept{Floor: day, Heard: day}))
	must(t, s.Close())
	b, err := os.ReadFile(path)
	must(t, err)
	must(t, os.WriteFile(schema1, b, 0o600))
}

func TestTodaysCodeOpensSchema1(t *testing.T) {
	if *updateFiles {
		makeSchema1(t)
	}
	b, err := os.ReadFile(schema1)
	must(t, err)
	path := dbPath(t)
	must(t, os.WriteFile(path, b, 0o600))
	s := openStore(t, path)
	if s.Recovered() != "" {
		t.Fatal("it is taken for damaged")
	}
	ix := s.Index()
	if k, ok := ix.Card(id(11), ""); !ok || k.Account.State != enroll.Active || len(ix.Grants(id(1), "front")) != 1 {
		t.Errorf("the card is %+v, %v", k, ok)
	}
	if k, ok := ix.Card(id(2), ""); !ok || k.Account.Number != 1 {
		t.Errorf("the enrolled card is %+v, %v", k, ok)
	}
	if c := ix.Claims(); len(c) != 1 || c[0].State != enroll.ClaimUsed {
		t.Errorf("the claims are %+v", c)
	}
	if ix.Door("front").Stale != enroll.PolicyAllow || ix.Site().Name != "Lyon" || !s.KeptTime().Floor.Equal(day) {
		t.Error("the door, the settings or the floor are lost")
	}
	if events, err := s.Tail(t.Context(), 10); err != nil || len(events) != 3 {
		t.Errorf("%d events, %v", len(events), err)
	}
	if st := s.Stats(); st.Outbox != 3 || st.Lease != 9 {
		t.Errorf("the state is %+v", st)
	}
	sound(t, s)
	if n := enrol(t, s, 30); n != 2 {
		t.Errorf("the next number is %d, want 2", n)
	}
}

func TestCheckFindsWhatTheIndexDoesNotMirror(t *testing.T) {
	for name, spoil := range map[string]func(*store.Store){
		"a card that is not there":  func(s *store.Store) { s.Index().Apply(enroll.Binding{Card: id(90), Account: id(1), State: 1}) },
		"a card that is missing":    func(s *store.Store) { s.Index().Apply(enroll.GoneCard(id(11))) },
		"another owner":             func(s *store.Store) { s.Index().Apply(enroll.Binding{Card: id(11), Account: id(9), State: 1}) },
		"another state":             func(s *store.Store) { s.Index().Apply(enroll.Account{ID: id(1), Kind: 1, State: 4}) },
		"a grant that is missing":   func(s *store.Store) { s.Index().Apply(enroll.GoneGrant{ID: id(21), Account: id(1)}) },
		"a claim that is not used":  func(s *store.Store) { s.Index().Apply(claim(enroll.ClaimLive)) },
		"a door that is missing":    func(s *store.Store) { s.Index().Apply(enroll.GoneDoor("front")) },
		"settings of another place": func(s *store.Store) { s.Index().Apply(enroll.DefaultSite()) },
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(schema1)
			must(t, err)
			path := dbPath(t)
			must(t, os.WriteFile(path, b, 0o600))
			s := openStore(t, path)
			sound(t, s)
			spoil(s)
			if report, err := s.Check(t.Context()); err != nil || len(report) == 0 {
				t.Errorf("the report is %q, %v", report, err)
			}
		})
	}
}
