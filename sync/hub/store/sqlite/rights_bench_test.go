package sqlite_test

import (
	"encoding/binary"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"badged/internal/passage"
	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
)

// scattered is the id of the member i; they lie as far apart as random ones.
func scattered(i int) (id access.ID) {
	binary.BigEndian.PutUint64(id[:], uint64(i+1)*0x9e3779b97f4a7c15)
	return id
}

// million fills a site with as many members, each with a card and a grant, with the accounts
// of every tenth, and with the claims of ten thousand.
func million(b *testing.B, s *store.Store) {
	b.Helper()
	const members, claims, atOnce = 1_000_000, 10_000, 50_000
	now := time.Now()
	for first := 0; first < members; first += atOnce {
		err := s.Write(b.Context(), audit.Actor{}, func(tx fleet.Tx) error {
			for i := first; i < first+atOnce; i++ {
				id := scattered(i)
				if i%10 == 0 {
					if err := tx.PutAccount(people.Account{ID: id, Kind: people.Person, State: people.Active, First: "Ada", Last: "Byron"}); err != nil {
						return err
					}
				}
				state := access.CardActive
				if i%1000 == 0 {
					state = access.CardLost
				}
				if err := tx.PutCard(access.Card{ID: id, Account: id, State: state, Assurance: access.UID, Since: now}); err != nil {
					return err
				}
				if err := tx.PutGrant(access.Grant{ID: id, Account: id, Door: "front"}); err != nil {
					return err
				}
				if i >= claims {
					continue
				}
				if err := tx.PutClaim(access.Claim{ID: id, Account: id, Code: id, State: access.ClaimUsed, Issued: now.Add(-time.Duration(i) * time.Minute), Ends: now}); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRightsAtAMillion measures the lists and look-ups of rights at 1,000,000 members;
// p95 is in microseconds.
func BenchmarkRightsAtAMillion(b *testing.B) {
	s, err := sqlite.Open(b.Context(), filepath.Join(b.TempDir(), "hub.db"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	million(b, s)
	who := scattered(77_000)
	now := passage.Moment{At: time.Now(), Known: true, Heard: time.Now()}
	err = s.Write(b.Context(), audit.Actor{}, func(tx fleet.Tx) error {
		return tx.PutDoor(access.Door{Name: "front", UnknownTime: access.PolicyDeny, Stale: access.PolicyDeny})
	})
	if err != nil {
		b.Fatal(err)
	}
	key := sitekey.New(1, [sitekey.Size]byte{1})
	for name, run := range map[string]func(access.Tx) error{
		"cards": func(tx access.Tx) error {
			_, _, err := access.ListCards(tx, access.CardQuery{Limit: 50, After: "o" + people.HexID(who)})
			return err
		},
		"lost cards": func(tx access.Tx) error {
			_, _, err := access.ListCards(tx, access.CardQuery{State: access.CardLost, Limit: 50})
			return err
		},
		"cards of one": func(tx access.Tx) error {
			_, _, err := access.ListCards(tx, access.CardQuery{Account: who, State: access.CardActive, Limit: 50})
			return err
		},
		"a card": func(tx access.Tx) error { _, err := access.FindCard(tx, people.ShortID(who)); return err },
		"grants of one": func(tx access.Tx) error {
			_, _, err := access.ListGrants(tx, access.GrantQuery{Account: who, Door: "front", Limit: 50})
			return err
		},
		"grants of a door": func(tx access.Tx) error {
			_, _, err := access.ListGrants(tx, access.GrantQuery{Door: "front", Limit: 50})
			return err
		},
		"who can open": func(tx access.Tx) error {
			_, _, err := access.WhoMayPass(tx, "front", now, access.WhoQuery{Limit: 50, After: "a" + people.HexID(who)})
			return err
		},
		"what if": func(tx access.Tx) error {
			_, err := access.TryDoor(tx, people.HexID(who), "front", now)
			return err
		},
		"claims": func(tx access.Tx) error {
			_, _, err := access.ListClaims(tx, access.ClaimQuery{Since: tx.Now, Limit: 50})
			return err
		},
		"a wrong code": func(tx access.Tx) error { _, err := tx.AnyClaimAt(tx.Now); return err },
		"issue a code": func(tx access.Tx) error {
			_, err := access.IssueClaim(tx, key, access.NewClaim{Account: people.HexID(who)})
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				begin := time.Now()
				if err := s.Write(b.Context(), audit.Actor{}, func(tx fleet.Tx) error { return run(tx.Tx.Tx) }); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(begin))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)*95/100].Microseconds()), "p95-µs")
		})
	}
}
