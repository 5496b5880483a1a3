package api_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/api"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// journal puts events into the journal as a terminal's. Each goes by its Label.
func (s *site) journal(terminal string, events ...wire.Event) {
	s.t.Helper()
	src := fleet.Source{Terminal: terminal, Incarnation: fleet.ID{1}, Upto: map[wire.Stream]uint64{}}
	err := s.db.Write(s.t.Context(), audit.Actor{Kind: audit.System}, func(tx fleet.Tx) error {
		if err := tx.PutTerminal(fleet.Terminal{Name: terminal}); err != nil {
			return err
		}
		if err := tx.PutSource(src); err != nil {
			return err
		}
		for i, e := range events {
			e.Order, e.Boot, e.Clock = uint64(i)+1, make([]byte, 8), wire.ClockTrusted
			body, err := wire.Marshal(e)
			if err != nil {
				return err
			}
			_, err = tx.Append(fleet.Record{
				Terminal: terminal, Incarnation: src.Incarnation, Stream: wire.StreamEvents,
				Seq: e.Order, Order: e.Order, Received: tx.Now, Body: body,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.t.Fatal(err)
	}
}

// walk follows the pages of a list to its end and gives what name makes of each row.
func walk[T any](s *site, path string, limit int, name func(T) string) (all []string) {
	s.t.Helper()
	for after, pages := "", 0; ; pages++ {
		mark := "?"
		if strings.Contains(path, "?") {
			mark = "&"
		}
		page := must[api.Page[T]](s, "GET", fmt.Sprintf("%s%slimit=%d%s", path, mark, limit, after), nil)
		if len(page.Items) > limit || pages > 1000 {
			s.t.Fatalf("%s: page %d has %d rows", path, pages, len(page.Items))
		}
		for _, row := range page.Items {
			all = append(all, name(row))
		}
		if page.Next == "" {
			return all
		}
		after = "&after=" + page.Next
	}
}

// Every list that can be long comes in pages, each row in one of them, and ends.
func TestEveryLongListComesInPages(t *testing.T) {
	s := newSite(t)
	const n = 7
	var events []wire.Event
	for i := range n {
		a := must[api.Account](s, "POST", "/v1/accounts", object{"first": "Person", "last": fmt.Sprint(i), "state": "active"})
		door := fmt.Sprintf("door-%d", i)
		must[api.Door](s, "POST", "/v1/doors", object{"id": door})
		must[api.Grant](s, "POST", "/v1/grants", object{"account": a.ID, "door": door})
		must[api.IssuedClaim](s, "POST", "/v1/claims", object{"account": a.ID})
		s.card(a, byte(i+1))
		events = append(events, wire.Event{Kind: wire.EventDoor, Label: fmt.Sprint(i), At: time.Now().UnixMilli()})
	}
	s.journal("hall", events...)
	for path, rows := range map[string][]string{
		"/v1/grants": walk(s, "/v1/grants", 3, func(g api.Grant) string { return g.ID }),
		"/v1/claims": walk(s, "/v1/claims", 3, func(c api.Claim) string { return c.ID }),
		"/v1/cards":  walk(s, "/v1/cards", 3, func(c api.Card) string { return c.ID }),
		"/v1/events": walk(s, "/v1/events", 3, func(e api.Event) string { return e.Label }),
	} {
		if len(rows) != n || len(slices.Compact(slices.Sorted(slices.Values(rows)))) != n {
			t.Errorf("%s: %v, want %d", path, rows, n)
		}
	}
	lines := walk(s, "/v1/audit", 3, func(e api.AuditEntry) string { return fmt.Sprint(e.Seq) })
	proof := must[api.AuditProof](s, "GET", "/v1/audit/verify", nil)
	if uint64(len(lines)) != proof.Lines || len(slices.Compact(slices.Sorted(slices.Values(lines)))) != len(lines) {
		t.Errorf("%d lines of the audit log came, of %d", len(lines), proof.Lines)
	}
}

// Issue 8, 4: every list has pages: behind the first page of alarms come the older ones, and
// an alarm that was acknowledged is not among the open ones.
func TestAlarmsComeInPages(t *testing.T) {
	s := newSite(t)
	const n = 7
	err := s.db.Write(t.Context(), audit.Actor{Kind: audit.System}, func(tx fleet.Tx) error {
		for i := range n {
			a := fleet.Alarm{Kind: fleet.TerminalCopied, Object: fmt.Sprint("box", i), First: tx.Now, Last: tx.Now}
			if i == 3 {
				a.Done = tx.Now
			}
			if err := tx.PutAlarm(a); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	object := func(a api.Alarm) string { return a.Object }
	for path, want := range map[string]string{
		"/v1/alarms": "box6 box5 box4 box3 box2 box1 box0", "/v1/alarms?open=true": "box6 box5 box4 box2 box1 box0",
	} {
		for _, limit := range []int{1, 3, n, 100} {
			if got := strings.Join(walk(s, path, limit, object), " "); got != want {
				t.Errorf("%s by %d: %s, want %s", path, limit, got, want)
			}
		}
	}
}

// card gives somebody a card whose id begins with b, and tells whose it is now.
func (s *site) card(a api.Account, b byte) (owner people.ID) {
	s.t.Helper()
	err := s.db.Write(s.t.Context(), audit.Actor{Kind: audit.System}, func(tx fleet.Tx) error {
		found, err := people.Find(tx.Tx.Tx.Tx, a.ID)
		if err != nil {
			return err
		}
		owner = found.ID
		return tx.PutCard(access.Card{ID: access.ID{b}, Account: owner, State: access.CardActive, Assurance: access.UID, Since: tx.Now})
	})
	if err != nil {
		s.t.Fatal(err)
	}
	return owner
}

// What a request for events names reaches the query: each by itself.
func TestEventsAreChosenByTheRequest(t *testing.T) {
	s := newSite(t)
	ada := must[api.Account](s, "POST", "/v1/accounts", object{"first": "Ada", "last": "Byron", "state": "active"})
	id := s.card(ada, 9)
	old, now := time.Date(2026, 3, 4, 12, 0, 0, 0, time.UTC).UnixMilli(), time.Now().UnixMilli()
	card := access.ID{9}
	s.journal("hall",
		wire.Event{Label: "a", Kind: wire.EventPresentation, Outcome: wire.OutcomeGranted, Reason: wire.ReasonKnownCard, Point: "print", Account: id[:], At: now},
		wire.Event{Label: "b", Kind: wire.EventPresentation, Outcome: wire.OutcomeRefused, Reason: wire.ReasonNoGrant, Point: "print", Card: card[:], At: old})
	s.journal("front-box", wire.Event{Label: "c", Kind: wire.EventDoor, Outcome: wire.OutcomeGranted, Reason: wire.ReasonKnownCard, Point: "front", At: now})
	for query, want := range map[string][]string{
		"": {"c", "b", "a"}, "terminal=hall": {"b", "a"}, "door=front": {"c"}, "account=" + ada.ID: {"a"}, "card=09000000": {"b"},
		"kind=door": {"c"}, "outcome=refused": {"b"}, "reason=known_card": {"c", "a"},
		"since=2026-03-05": {"c", "a"}, "since=today": {"c", "a"},
		"until=2026-03-04": {"b"}, "until=2026-03-03": nil, "until=2026-03-04T12:00:00Z": nil, // the last day is included
		"limit=1": {"c"},
	} {
		var got []string
		for _, e := range must[api.Page[api.Event]](s, "GET", "/v1/events?"+query, nil).Items {
			got = append(got, e.Label)
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", query, got, want)
		}
	}
	for query, code := range map[string]string{
		"kind=nonsense": "not_a_choice", "since=yesterday": "not_a_moment", "after=x": "not_a_number", "limit=-1": "not_a_number", "card=ffffffff": "card_not_found",
	} {
		status, answer := s.call("GET", "/v1/events?"+query, nil)
		var p api.Problem
		if err := json.Unmarshal(answer, &p); err != nil || status == http.StatusOK || p.Code != code {
			t.Errorf("%q: %d %s, want %s", query, status, answer, code)
		}
	}
}

// TestO2_EachEventNamesItsDoor (O2): also where the point is called as the door is and the
// wire leaves it out; a door is found by its name whatever its points are called.
func TestO2_EachEventNamesItsDoor(t *testing.T) {
	s := newSite(t)
	must[api.Door](s, "POST", "/v1/doors", object{"id": "front"})
	s.journal("box",
		wire.Event{Kind: wire.EventPresentation, Point: "front", Label: "own"},
		wire.Event{Kind: wire.EventPresentation, Point: "front-out", Door: "front", Label: "side"},
		wire.Event{Kind: wire.EventPresentation, Point: "printer", Label: "printer"},
	)
	doors := map[string]string{}
	for _, e := range must[api.Page[api.Event]](s, "GET", "/v1/events", nil).Items {
		doors[e.Label] = e.Door
	}
	if doors["own"] != "front" || doors["side"] != "front" || doors["printer"] != "" {
		t.Errorf("doors %v", doors)
	}
	if got := walk(s, "/v1/events", 10, func(e api.Event) string { return e.Label }); len(got) != 3 {
		t.Errorf("all: %v", got)
	}
	page := must[api.Page[api.Event]](s, "GET", "/v1/events?door=front", nil)
	if len(page.Items) != 2 {
		t.Errorf("at the door: %+v", page.Items)
	}
}

// Issue 8, 4: every list has filter, order and pages; what goes by a name is found by the
// beginning of any of its words.
func TestWhatHasANameIsListedByRequest(t *testing.T) {
	s := newSite(t)
	for _, name := range []string{"Night watch", "Staff", "Office staff"} {
		must[api.Group](s, "POST", "/v1/groups", object{"name": name})
		must[api.Schedule](s, "POST", "/v1/schedules", object{"name": name + " hours", "windows": []object{}})
	}
	for door, group := range map[string]string{"lab-1": "labs", "lab-2": "attic", "front": "", "lab-3": "labs"} {
		must[api.Door](s, "POST", "/v1/doors", object{"id": door, "group": group})
	}
	for day, name := range map[string]string{"2020-01-01": "Old day", "2126-05-01": "May day", "2126-12-25": "Noël"} {
		must[api.Holiday](s, "POST", "/v1/holidays", object{"day": day, "name": name})
	}
	err := s.db.Write(t.Context(), audit.Actor{Kind: audit.System}, func(tx fleet.Tx) error {
		return errors.Join(
			tx.PutTerminal(fleet.Terminal{Name: "hall", Added: time.UnixMilli(2000)}), tx.PutTerminal(fleet.Terminal{Name: "b-hall", Added: time.UnixMilli(1000)}),
			tx.PutImport(people.Import{ID: people.ID{1}, Name: "staff.csv", State: people.Active, Started: time.UnixMilli(1000)}),
			tx.PutImport(people.Import{ID: people.ID{2}, Name: "people.csv", State: people.Active, Started: time.UnixMilli(2000)}))
	})
	if err != nil {
		t.Fatal(err)
	}
	group := func(g api.Group) string { return g.Name }
	schedule := func(s api.Schedule) string { return s.Name }
	door := func(d api.Door) string { return d.ID }
	holiday := func(h api.Holiday) string { return h.Name }
	terminal := func(t api.Terminal) string { return t.Name }
	imported := func(i api.Import) string { return i.Name }
	for _, c := range []struct {
		path string
		rows []string
		want string
	}{
		{"groups", walk(s, "/v1/groups", 1, group), "Night watch, Office staff, Staff"},
		{"groups, created", walk(s, "/v1/groups?order=created", 2, group), "Office staff, Staff, Night watch"},
		{"groups, search", walk(s, "/v1/groups?search=sta", 1, group), "Office staff, Staff"},
		{"schedules", walk(s, "/v1/schedules", 2, schedule), "Night watch hours, Office staff hours, Staff hours"},
		{"schedules, created", walk(s, "/v1/schedules?order=created", 1, schedule), "Office staff hours, Staff hours, Night watch hours"},
		{"schedules, search", walk(s, "/v1/schedules?search=hours+night", 1, schedule), "Night watch hours"},
		{"doors", walk(s, "/v1/doors", 1, door), "front, lab-1, lab-2, lab-3"},
		{"doors by group", walk(s, "/v1/doors?order=group", 1, door), "front, lab-2, lab-1, lab-3"},
		{"doors of a group", walk(s, "/v1/doors?group=labs", 1, door), "lab-1, lab-3"},
		{"doors, search", walk(s, "/v1/doors?search=3&group=labs", 1, door), "lab-3"},
		{"holidays", walk(s, "/v1/holidays", 2, holiday), "Old day, May day, Noël"},
		{"holidays, latest", walk(s, "/v1/holidays?order=latest", 1, holiday), "Noël, May day, Old day"},
		{"holidays from today", walk(s, "/v1/holidays?since=today", 1, holiday), "May day, Noël"},
		{"holidays from a day", walk(s, "/v1/holidays?since=2126-05-02&search=noel", 1, holiday), "Noël"},
		{"terminals", walk(s, "/v1/terminals", 1, terminal), "b-hall, hall"},
		{"terminals, created", walk(s, "/v1/terminals?order=created", 1, terminal), "hall, b-hall"},
		{"terminals, search", walk(s, "/v1/terminals?search=b", 1, terminal), "b-hall"},
		{"imports", walk(s, "/v1/imports", 1, imported), "people.csv, staff.csv"},
		{"imports by name", walk(s, "/v1/imports?order=name&search=", 1, imported), "people.csv, staff.csv"},
		{"imports, search", walk(s, "/v1/imports?search=staff", 1, imported), "staff.csv"},
	} {
		if got := strings.Join(c.rows, ", "); got != c.want {
			t.Errorf("%s: %s, want %s", c.path, got, c.want)
		}
	}
	for path, code := range map[string]string{
		"groups?order=size": "list_filter", "doors?order=created": "list_filter", "doors?group=No+Name": "door_group_name", "schedules?search=%00": "list_filter",
		"holidays?since=soon": "not_a_moment", "imports?after=x": "cursor_invalid", "holidays?limit=x": "not_a_number", "holidays?order=name": "list_filter",
	} {
		status, answer := s.call("GET", "/v1/"+path, nil)
		var p api.Problem
		if err := json.Unmarshal(answer, &p); err != nil || status == http.StatusOK || p.Code != code {
			t.Errorf("%s: %d %s, want %s", path, status, answer, code)
		}
	}
}
