package sqlite

import (
	"database/sql"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"badged/internal/sqlite"
	"badged/sync/hub/store"
	"badged/sync/hub/store/storetest"
)

// recorder is a dialect that remembers the statements of a store.
type recorder struct {
	dialect
	mu      *sync.Mutex
	queries map[string]bool
}

func (r recorder) Rebind(query string) string {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.queries[query] = true
	return query
}

// walks is what a plan says of a statement that looks at a whole table, or sorts.
var walks = regexp.MustCompile(`^(SCAN|USE TEMP B-TREE FOR (?:ORDER BY|DISTINCT|GROUP BY))`)

// bounded are the statements whose walk has an end all the same, with what their plans say.
var bounded = []struct{ query, plan string }{
	{`^SELECT COUNT\(\*\) FROM \(SELECT 1 FROM [^()]* LIMIT \?\) AS found$`, `^SCAN `},                                                            // by its limit
	{`FROM claim WHERE id IN \(SELECT id FROM claim  ORDER BY issued DESC, id DESC LIMIT \?\)`, `^SCAN claim USING COVERING INDEX claim_issued$`}, // by its limit
	{`FROM claim WHERE id IN \(SELECT id .* LIMIT \?\) ORDER BY issued DESC, id DESC$`, `^USE TEMP B-TREE FOR ORDER BY$`},                         // of one page
	{`FROM conflict WHERE resolved = 0 ORDER BY id LIMIT \?$`, `^SCAN conflict USING INDEX conflict_queue$`},
	{`FROM conflict WHERE resolved = 0 AND card = \? ORDER BY id LIMIT \?$`, `^USE TEMP B-TREE FOR ORDER BY$`}, // of one card
	{`FROM claim WHERE state = 'live' AND ends > \? AND account = \? ORDER BY issued$`, `^USE TEMP`},           // of one account
	{`(?s)AS of_door UNION .* ORDER BY account LIMIT \?$`, `^(SCAN of_door|USE TEMP B-TREE FOR ORDER BY$)`},    // two pages
}

// boundedPeople are those about people.
var boundedPeople = []struct{ query, plan string }{
	{``, `^SCAN CONSTANT ROW$`},
	{`FROM \(SELECT 1 FROM (name_)?word w [^()]* LIMIT \?\) counted$`, `^SCAN counted$`},              // by its limit
	{`FROM account a .*ORDER BY a\.(name_key|created|number)[^()]* LIMIT \?$`, `^SCAN a USING INDEX`}, // by its limit
	{`FROM account a WHERE a.role = 'admin'`, `^SCAN a USING INDEX account_role$`},                    // few
	{`FROM account a WHERE a.rights <> ''`, `^SCAN a USING INDEX account_rights$`},                    // few
	{`FROM audit ORDER BY seq DESC LIMIT 1$`, `^SCAN audit$`},                                         // by its limit
	{`FROM merge_request ORDER BY at, account, into_id LIMIT 1000$`, `^SCAN merge_request USING COVERING INDEX|^SCAN merge_request USING INDEX`},
	{`FROM number WHERE goes_to IN `, `^USE TEMP`},                                                                             // of twenty accounts
	{`FROM mail_out +ORDER BY made DESC, id DESC LIMIT`, `^SCAN mail_out USING INDEX mail_out_made$`},                          // by its limit
	{`SELECT state, count\(\*\) FROM mail_out GROUP BY state`, `^SCAN mail_out USING COVERING INDEX mail_out_state$`},          // of 30 days
	{`FROM (grp|door|schedule|holiday) \w ORDER BY \w\.(name_key|name|day)$`, `^SCAN \w( USING INDEX|$)`},                      // all of them, for programs
	{`FROM (grp|door|schedule|holiday|import|terminal) \w +ORDER BY [^()]* LIMIT \?$`, `^SCAN \w( USING (COVERING )?INDEX|$)`}, // by its limit
	{`^WITH RECURSIVE named `, `^SCAN named$`},                                                                                 // by its limit
}

// big are the tables that grow with the members of a site or with time.
var big = regexp.MustCompile(`\b(card|conflict|claim|access_grant|pin|account|word|name_word|grp|door|schedule|holiday|import|terminal|number|member|edit|merge_request|import_line|audit|assignment|acknowledgement|mail_out|enrolment|card_label|mail_muted)\b`)

// Issue 8, 4: every list has filter, order and pages, at 1,000,000 rows too: no statement
// about people and rights walks over a table that grows, or sorts one.
func TestNoStatementWalksOverPeopleOrRights(t *testing.T) {
	r := recorder{mu: new(sync.Mutex), queries: make(map[string]bool)}
	open := func(t *testing.T) *store.Store {
		db := openEmpty(t)
		own := recorder{dialect{db}, r.mu, r.queries}
		s := store.New(store.Database{Dialect: own, Write: db.Write, Read: db.Read, Guard: `SELECT seq FROM site`}, time.Now)
		t.Cleanup(func() { _ = s.Close() })
		return s
	}
	storetest.RunPeople(t, open)
	storetest.RunServices(t, open)
	storetest.RunAccess(t, open)
	storetest.RunMail(t, open)
	db := openEmpty(t)
	defer db.Close()
	checked := 0
	for query := range r.queries {
		if !big.MatchString(query) || strings.HasPrefix(query, "INSERT") {
			continue
		}
		checked++
		for _, line := range plan(t, db.Write, query) {
			if walks.MatchString(line) && !hasEnd(query, line) {
				t.Errorf("%s\n  in %s", line, query)
			}
		}
	}
	if checked < 30 {
		t.Errorf("only %d statements were seen", checked)
	}
}

func hasEnd(query, line string) bool {
	return slices.ContainsFunc(slices.Concat(bounded, boundedPeople), func(b struct{ query, plan string }) bool {
		return regexp.MustCompile(b.query).MatchString(query) && regexp.MustCompile(b.plan).MatchString(line)
	})
}

func openEmpty(t *testing.T) *sqlite.DB {
	t.Helper()
	db, err := openFile(t.Context(), filepath.Join(t.TempDir(), "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// plan is how SQLite would run a statement.
func plan(t *testing.T, db *sql.DB, query string) (lines []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), "EXPLAIN QUERY PLAN "+query, make([]any, strings.Count(query, "?"))...)
	if err != nil {
		t.Fatalf("%v: %s", err, query)
	}
	defer rows.Close()
	for rows.Next() {
		var id, parent, unused int
		var detail string
		if err := rows.Scan(&id, &parent, &unused, &detail); err != nil {
			t.Fatal(err)
		}
		lines = append(lines, detail)
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	return lines
}
