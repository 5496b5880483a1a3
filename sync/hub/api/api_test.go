package api_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/getkin/kin-openapi/openapi3filter"
	"github.com/getkin/kin-openapi/routers"
	"github.com/getkin/kin-openapi/routers/gorillamux"

	"badged/sync/hub/api"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/pki"
	"badged/sync/hub/release"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
)

// site is a hub without a broker, whose every answer is held against openapi.yaml.
type site struct {
	t       *testing.T
	dir     string
	db      *store.Store
	handler http.Handler
	router  routers.Router
	done    map[string]bool // operations that were tried
}

func newSite(t *testing.T) *site {
	t.Helper()
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = st.Close() })
	if _, err := st.SiteID(t.Context(), "site-test"); err != nil { // a backup without a site is none
		t.Fatal(err)
	}
	keys, err := pki.Load(dir, "site-test")
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(io.Discard, nil))
	h, err := fleet.New(t.Context(), fleet.Options{
		Store: st, Site: "site-test", Name: "Test", Key: keys.Hub, SiteKey: keys.SiteKey, Releases: release.NewShelf(dir), Log: log,
		RowsChanged: func() <-chan struct{} { return st.Changed(store.RowsChanged) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s := &site{t: t, dir: dir, db: st, done: map[string]bool{}}
	s.handler = api.Handler(api.Options{
		Store: st, Fleet: h, CA: keys.CA, Join: "hub:8443", Log: log, Backup: st.Backup,
		EventsCame: func() <-chan struct{} { return st.Changed(store.EventsCame) },
		Actor: func(*http.Request) (audit.Actor, error) {
			return audit.Actor{Kind: audit.Operator, ID: "0", Via: "test"}, nil
		},
	})
	s.router = newRouter(t, s.handler)
	return s
}

// description is what the hub itself says of its API.
func description(t *testing.T, h http.Handler) *openapi3.T {
	t.Helper()
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest("GET", "/v1/openapi.yaml", nil))
	doc, err := openapi3.NewLoader().LoadFromData(w.Body.Bytes())
	if err != nil {
		t.Fatal(err)
	}
	return doc
}

func newRouter(t *testing.T, h http.Handler) routers.Router {
	t.Helper()
	doc := description(t, h)
	if err := doc.Validate(t.Context()); err != nil {
		t.Fatal(err)
	}
	router, err := gorillamux.NewRouter(doc)
	if err != nil {
		t.Fatal(err)
	}
	return router
}

// call makes a request and holds request and answer against the description. A body that is
// a string goes as it is.
func (s *site) call(method, path string, body any) (int, []byte) {
	s.t.Helper()
	var in []byte
	kind := "application/json"
	if text, ok := body.(string); ok {
		in = []byte(text)
	} else if file, ok := body.([]byte); ok {
		in, kind = file, "application/octet-stream"
	} else if body != nil {
		in, _ = json.Marshal(body)
	}
	request := func() *http.Request {
		r := httptest.NewRequest(method, path, bytes.NewReader(in))
		if in != nil {
			r.Header.Set("Content-Type", kind)
		}
		return r
	}
	r := request()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, request())
	route, params, err := s.router.FindRoute(r)
	if err != nil {
		s.t.Fatalf("%s %s is not described: %v", method, path, err)
	}
	s.done[route.Operation.OperationID] = true
	input := &openapi3filter.RequestValidationInput{Request: r, PathParams: params, Route: route}
	if w.Code == http.StatusOK {
		if err := openapi3filter.ValidateRequest(context.Background(), input); err != nil {
			s.t.Errorf("%s %s was taken and is not as described: %v", method, path, err)
		}
	}
	err = openapi3filter.ValidateResponse(context.Background(), &openapi3filter.ResponseValidationInput{
		RequestValidationInput: input, Status: w.Code, Header: w.Header(), Body: io.NopCloser(bytes.NewReader(w.Body.Bytes())),
	})
	if err != nil {
		s.t.Errorf("%s %s answers %d: %s\nwhich is not as described: %v", method, path, w.Code, w.Body, err)
	}
	return w.Code, w.Body.Bytes()
}

// must makes a request that must succeed and decodes the answer.
func must[T any](s *site, method, path string, body any) (out T) {
	s.t.Helper()
	status, answer := s.call(method, path, body)
	if status != http.StatusOK {
		s.t.Fatalf("%s %s: %d %s", method, path, status, answer)
	}
	if err := json.Unmarshal(answer, &out); err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return out
}

type object = map[string]any

// Every operation of the description is served, answers as it says, and does what it says.
func TestEveryOperationAnswersAsDescribed(t *testing.T) {
	s := newSite(t)
	ada := must[api.Account](s, "POST", "/v1/accounts", object{"name": "Ada Byron", "email": "Ada@Example.com", "state": "active"})
	if ada.Email == "" || ada.First != "Ada" || ada.Last != "Byron" {
		t.Errorf("account %+v", ada)
	}
	must[api.Account](s, "POST", "/v1/accounts", object{"name": "Grace Hopper", "email": "grace@example.com", "state": "active", "role": "admin"})
	bob := must[api.Account](s, "POST", "/v1/accounts", object{"first": "Bob", "last": "van der Berg", "state": "active"})
	if got := must[api.Account](s, "PATCH", "/v1/accounts/"+bob.ID, object{"email": "bob@example.com", "role": "admin"}); got.Role != "admin" {
		t.Errorf("after a change: %+v", got)
	}
	if got := must[api.Account](s, "GET", "/v1/accounts/ada@example.com", nil); got.ID != ada.ID {
		t.Errorf("by e-mail: %+v", got)
	}
	must[api.Group](s, "POST", "/v1/groups", object{"name": "Staff"})
	must[api.Group](s, "PATCH", "/v1/groups/Staff", object{"name": "Team"})
	if got := must[api.Account](s, "PUT", "/v1/groups/Team/members/"+ada.ID, nil); !slices.Equal(got.Groups, []string{"Team"}) {
		t.Errorf("groups %v", got.Groups)
	}
	if got := must[api.Page[api.Account]](s, "GET", "/v1/accounts?search=byr&group=Team&limit=10", nil); len(got.Items) != 1 || got.Items[0].ID != ada.ID {
		t.Errorf("found %+v", got)
	}
	must[api.Door](s, "POST", "/v1/doors", object{"id": "front", "group": "outside"})
	must[api.Schedule](s, "POST", "/v1/schedules", object{"name": "office", "windows": []object{{"days": []string{"mon", "tue"}, "opens": "08:00", "closes": "18:30"}}})
	must[api.Holiday](s, "POST", "/v1/holidays", object{"day": "2026-12-25", "name": "Noël"})
	grant := must[api.Grant](s, "POST", "/v1/grants", object{"group": "Team", "door_group": "outside", "schedule": "office", "to": "2030-01-31"})
	if again := must[api.Grant](s, "POST", "/v1/grants", object{"group": "Team", "door_group": "outside", "schedule": "office", "to": "2030-01-31"}); !again.Existed || again.ID != grant.ID {
		t.Errorf("the same grant again: %+v", again)
	}
	if want := "2030-01-31T23:00:00.000Z"; timeText(t, grant.To) != want { // the last day is included, in Paris
		t.Errorf("the grant ends at %s, want %s", timeText(t, grant.To), want)
	}
	if got := must[api.Page[api.Passing]](s, "GET", "/v1/doors/front/who?at=2026-12-28T17:00&limit=5", nil); len(got.Items) != 1 || got.Items[0].Account != ada.ID {
		t.Errorf("who can open: %+v", got)
	}
	if got := must[api.Passing](s, "GET", "/v1/doors/front/try?account=ada@example.com&at=2026-12-28T18:30", nil); got.Reason != "out_of_hours" || got.Grant == nil || got.Grant.ID != grant.ID {
		t.Errorf("tried: %+v", got)
	}
	s.makeLinks()
	claim := must[api.IssuedClaim](s, "POST", "/v1/claims", object{"account": ada.ID, "minutes": 5})
	if len(claim.Code) != 4 {
		t.Error("a claim without a code of 4 digits")
	}
	if pin := must[api.PIN](s, "POST", "/v1/accounts/"+ada.ID+"/pin", nil); len(pin.PIN) < 4 {
		t.Error("a PIN of less than 4 digits")
	}
	token := must[api.TerminalToken](s, "POST", "/v1/terminals", object{"name": "hall"})
	if !strings.Contains(token.Command, token.Token) {
		t.Errorf("the command does not join: %q", token.Command)
	}
	s.addRoster()
	if got := must[api.Site](s, "PATCH", "/v1/site", object{"code_digits": "6"}); got.ID != "site-test" {
		t.Errorf("site %+v", got)
	}
	s.lookAround(ada)
	s.offerServices(ada)
	s.sendMails(ada)
	s.alarms()
	s.releases()
	s.takeAway(ada, bob, grant, claim)
	s.followOne()
	s.importSome()
	for _, op := range s.operations() {
		if !s.done[op] {
			t.Errorf("%s was not tried: try it in this test", op)
		}
	}
}

// makeLinks makes the links with which people get in. S3.08: a reset is refused, with the
// reason, for an account that was never activated, and an activation for one that was.
func (s *site) makeLinks() {
	s.t.Helper()
	if got := must[api.AdminLink](s, "POST", "/v1/admin-links", object{"email": "grace@example.com"}); !strings.HasPrefix(got.Link, "https://hub:8443/lien/") || got.Account == "" {
		s.t.Errorf("the link of an administrator is for %q", got.Account)
	}
	zoe := must[api.Account](s, "POST", "/v1/accounts", object{"name": "Zoé Roy", "email": "zoe@example.com"})
	path := "/v1/accounts/" + zoe.ID + "/link"
	s.refused(path, object{"reset": true}, "account_not_activated")
	if got := must[api.AccountLink](s, "POST", path, object{}); !strings.HasPrefix(got.Link, "https://hub:8443/lien/") || got.Mailed {
		s.t.Errorf("a link, mailed %v without a mail server", got.Mailed)
	}
	must[api.Account](s, "POST", "/v1/accounts/"+zoe.ID+"/state", object{"state": "active"})
	s.refused(path, object{}, "account_activated")
	must[api.AccountLink](s, "POST", path, object{"reset": true})
}

// lookAround reads every list.
func (s *site) lookAround(ada api.Account) {
	for _, path := range []string{
		"/v1/terminals", "/v1/accounts/" + ada.ID + "/edits", "/v1/merge-requests", "/v1/groups", "/v1/doors", "/v1/grants?door_group=outside",
		"/v1/schedules", "/v1/holidays", "/v1/claims?account=" + ada.ID, "/v1/cards", "/v1/cards/unknown?since=today", "/v1/events?since=today&outcome=granted",
		"/v1/audit?action=account.&since=today",
	} {
		page := must[api.Page[object]](s, "GET", path, nil)
		if path == "/v1/audit?action=account.&since=today" && len(page.Items) < 3 {
			s.t.Errorf("the audit log has %d lines about accounts", len(page.Items))
		}
	}
	must[api.Site](s, "GET", "/v1/site", nil)
	if proof := must[api.AuditProof](s, "GET", "/v1/audit/verify", nil); !proof.Whole || proof.Lines == 0 {
		s.t.Errorf("the audit log: %+v", proof)
	}
	must[api.Backup](s, "POST", "/v1/backup", object{"path": filepath.Join(s.t.TempDir(), "backup.db")})
	if status, _ := s.call("GET", "/v1/openapi.yaml", nil); status != http.StatusOK {
		s.t.Errorf("the description: %d", status)
	}
}

// sendMails tries the outbox: what a mail says is nowhere in it.
func (s *site) sendMails(ada api.Account) {
	s.t.Helper()
	s.refused("/v1/mails/test", object{"address": "ada@example.com"}, "mail_no_server")
	s.refused("/v1/mails/ffffffff/retry", object{}, "mail_not_found")
	must[api.Site](s, "PATCH", "/v1/site", object{"mail_out": "sendmail", "mail_from": "hub@example.com"})
	s.refused("/v1/mails/test", object{"address": "Ada <ada@example.com>"}, "mail_address")
	s.refused("/v1/mails/test", object{"address": "ada@example.com", "lang": "de"}, "mail_lang")
	m := must[api.Mail](s, "POST", "/v1/mails/test", object{"address": "ada@example.com", "lang": "en"})
	id := s.queueFor(ada)
	for path, want := range map[string]int{"": 2, "?state=queued": 2, "?state=failed": 0, "?account=" + ada.ID: 1, "?limit=1": 1} {
		if page := must[api.Page[api.Mail]](s, "GET", "/v1/mails"+path, nil); len(page.Items) != want {
			s.t.Errorf("%s: %d mails, want %d", path, len(page.Items), want)
		}
	}
	if got := must[api.Mail](s, "GET", "/v1/mails/"+id[:8], nil); got.ID != id || got.AccountName != "Ada Byron" || got.State != "queued" {
		s.t.Errorf("%+v", got)
	}
	if _, answer := s.call("GET", "/v1/mails/"+id, nil); strings.Contains(string(answer), "topsecret") {
		s.t.Errorf("%s", answer)
	}
	if got := must[api.Mail](s, "POST", "/v1/mails/"+m.ID+"/retry", nil); got.Purpose != "test" || got.Lang != "en" {
		s.t.Errorf("%+v", got)
	}
	for _, query := range []string{"?state=lost", "?after=x"} {
		if status, _ := s.call("GET", "/v1/mails"+query, nil); status != http.StatusBadRequest {
			s.t.Errorf("%s: %d", query, status)
		}
	}
}

// queueFor queues a mail to somebody, and gives its id.
func (s *site) queueFor(a api.Account) (id string) {
	s.t.Helper()
	account, err := hex.DecodeString(a.ID)
	if err == nil {
		err = s.db.Write(s.t.Context(), audit.Actor{Kind: audit.System}, func(tx fleet.Tx) error {
			err := mail.Queue(tx.Tx.Tx.Tx.Tx, mail.New{Purpose: mail.AddressKnown, To: "ada@example.com", Account: mail.ID(account),
				Fields: mail.Fields{"link": "https://hub.example.com/topsecret"}})
			page, _, err2 := tx.ListMails(mail.Query{Account: mail.ID(account), Limit: 1})
			id = people.HexID(page[0].ID)
			return errors.Join(err, err2)
		})
	}
	if err != nil {
		s.t.Fatal(err)
	}
	return id
}

// addRoster makes terminals with tokens, again, and with tokens that are somebody else's.
func (s *site) addRoster() {
	s.t.Helper()
	add := func(rows ...object) []api.RosterToken {
		return must[api.RosterTokens](s, "POST", "/v1/terminals/roster", object{"valid_days": 7, "rows": rows}).Items
	}
	got := add(object{"name": "east"}, object{"name": "west"})
	if got[0].State != "new" || got[1].State != "new" || got[0].Token == got[1].Token {
		s.t.Errorf("a roster: %d tokens", len(got))
	}
	again := add(object{"name": "east", "token": got[0].Token}, object{"name": "west", "token": got[0].Token})
	if again[0].State != "kept" || again[0].Token != "" || again[0].Ends.IsZero() || again[1].State != "new" {
		s.t.Errorf("again: %s, %s", again[0].State, again[1].State)
	}
	many := make([]object, api.MaxRoster+1)
	for i := range many {
		many[i] = object{"name": fmt.Sprint("t", i)}
	}
	for what, body := range map[string]object{
		"no days": {"rows": many[:1]}, "31 days": {"valid_days": 31, "rows": many[:1]}, "too many": {"valid_days": 7, "rows": many},
		"none": {"valid_days": 7, "rows": many[:0]}, "one twice": {"valid_days": 7, "rows": []object{many[0], many[0]}},
	} {
		if status, _ := s.call("POST", "/v1/terminals/roster", body); status != http.StatusBadRequest && status != http.StatusUnprocessableEntity {
			s.t.Errorf("a roster with %s: %d", what, status)
		}
	}
	s.refused("/v1/terminals/roster", object{"valid_days": 7, "rows": []object{{"name": "UPPER"}}}, "terminal_name")
}

// alarms lists and acknowledges what somebody must look at (issue 14, 1.2).
func (s *site) alarms() {
	s.t.Helper()
	if err := s.db.Write(s.t.Context(), audit.Actor{Kind: audit.System}, fleet.MarkRestored); err != nil {
		s.t.Fatal(err)
	}
	open := must[api.Page[api.Alarm]](s, "GET", "/v1/alarms?open=true", nil).Items
	if len(open) != 1 || open[0].Kind != "hub_restored" || open[0].Todo == "" || !open[0].Done.IsZero() {
		s.t.Fatalf("alarms %+v", open)
	}
	path := fmt.Sprintf("/v1/alarms/%d/acknowledge", open[0].ID)
	if a := must[api.Alarm](s, "POST", path, nil); a.Done.IsZero() || a.By != "0" {
		s.t.Errorf("acknowledged: %+v", a)
	}
	if open := must[api.Page[api.Alarm]](s, "GET", "/v1/alarms?open=true", nil).Items; len(open) != 0 {
		s.t.Errorf("still open: %+v", open)
	}
	s.refused(path, nil, "alarm_done")
	s.refused("/v1/alarms/99/acknowledge", nil, "alarm_missing")
}

// takeAway ends what was made.
func (s *site) takeAway(ada, bob api.Account, grant api.Grant, claim api.IssuedClaim) {
	for _, r := range [][2]string{
		{"DELETE", "/v1/claims/" + claim.ID}, {"DELETE", "/v1/accounts/" + ada.ID + "/pin"}, {"DELETE", "/v1/grants/" + grant.ID},
		{"DELETE", "/v1/schedules/office"}, {"DELETE", "/v1/holidays/2026-12-25"}, {"DELETE", "/v1/groups/Team/members/" + ada.ID},
		{"DELETE", "/v1/groups/Team"}, {"DELETE", "/v1/doors/front"}, {"DELETE", "/v1/terminals/hall"}, {"POST", "/v1/site/reopen"},
	} {
		must[object](s, r[0], r[1], nil)
	}
	if got := must[api.Export](s, "POST", "/v1/accounts/"+ada.ID+"/export", nil); got.Account.ID != ada.ID || len(got.Audit) < 2 {
		s.t.Errorf("export %+v", got)
	}
	if got := must[api.Account](s, "POST", "/v1/accounts/"+ada.ID+"/state", object{"state": "suspended"}); got.State != "suspended" {
		s.t.Errorf("state %s", got.State)
	}
	s.refused("/v1/cards/ffffffff/state", object{"state": "lost"}, "card_not_found")
	s.refused("/v1/cards/ffffffff/give", object{"account": bob.ID}, "card_not_found")
	must[object](s, "POST", "/v1/labels", object{"numbers": []string{"62E3086CED"}, "batch": "box 3"})
	s.refused("/v1/labels", object{}, "label_cards")
	s.refused("/v1/labels", object{"numbers": []string{"62 E3"}}, "label_number")
	if status, _ := s.call("DELETE", "/v1/cards/ffffffff", nil); status != http.StatusNotFound {
		s.t.Errorf("freeing a card that is not there: %d", status)
	}
	if got := must[api.Account](s, "POST", "/v1/accounts/"+ada.ID+"/merge", object{"into": bob.ID}); got.ID != bob.ID {
		s.t.Errorf("merged into %+v", got)
	}
	s.refused("/v1/accounts/grace@example.com/state", object{"state": "nonsense"}, "state_unknown")
	if got := must[api.Account](s, "POST", "/v1/accounts/"+bob.ID+"/erase", nil); got.State != "erased" || got.First != "" {
		s.t.Errorf("erased: %+v", got)
	}
}

func (s *site) refused(path string, body any, code string) {
	s.t.Helper()
	_, answer := s.call("POST", path, body)
	var p api.Problem
	if err := json.Unmarshal(answer, &p); err != nil || p.Code != code || p.Text == "" {
		s.t.Errorf("%s: %s, want %s", path, answer, code)
	}
}

// importSome brings a list in, after a preview that changes nothing, and takes it back.
func (s *site) importSome() {
	s.t.Helper()
	file := "\ufeffPrénom;Nom;E-mail;Groupes;Badge\r\nJean;Dupont;jean@example.com;Équipe;0012345678\r\nZoé;;nonsense;;\r\n"
	steps := func(query string) (lines []api.ImportLine, last api.Import) {
		r := httptest.NewRequest("POST", "/v1/imports"+query, strings.NewReader(file))
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		for d := json.NewDecoder(w.Body); d.More(); {
			var step api.ImportStep
			if err := d.Decode(&step); err != nil || step.Problem != nil {
				s.t.Fatalf("%+v, %v", step, err)
			}
			if step.Line != nil {
				lines = append(lines, *step.Line)
			} else {
				last = *step.Import
			}
		}
		return lines, last
	}
	lines, last := steps("?preview=1&state=active")
	if len(lines) != 2 || last.New != 1 || last.Wrong != 1 || last.ID != "" {
		s.t.Errorf("preview: %+v, %+v", lines, last)
	}
	if status, _ := s.call("GET", "/v1/accounts/jean@example.com", nil); status != http.StatusNotFound {
		s.t.Errorf("a preview made an account: %d", status)
	}
	if _, last = steps("?state=active&name=people.csv"); last.New != 1 || last.Done != 2 {
		s.t.Errorf("import: %+v", last)
	}
	if got := must[api.Account](s, "GET", "/v1/accounts/jean@example.com", nil); got.Display != "Jean Dupont" || !slices.Equal(got.Groups, []string{"Équipe"}) {
		s.t.Errorf("account %+v", got)
	}
	if cards := must[api.Page[api.Card]](s, "GET", "/v1/cards?account=jean@example.com", nil); len(cards.Items) != 1 || cards.Items[0].State != "active" {
		s.t.Errorf("cards %+v", cards)
	}
	must[api.Page[api.Import]](s, "GET", "/v1/imports", nil)
	if got := must[api.Import](s, "POST", "/v1/imports/"+last.ID+"/undo", nil); !got.Undone {
		s.t.Errorf("taken back: %+v", got)
	}
	if status, _ := s.call("GET", "/v1/accounts/jean@example.com", nil); status != http.StatusNotFound {
		s.t.Errorf("the account is still there: %d", status)
	}
	s.done["importPeople"] = true
}

// followOne begins to follow events and goes away.
func (s *site) followOne() {
	ctx, cancel := context.WithCancel(s.t.Context())
	cancel()
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/v1/events/follow?after=0", nil))
	if got := w.Header().Get("Content-Type"); got != "application/x-ndjson" {
		s.t.Errorf("followed as %q", got)
	}
	s.done["followEvents"] = true
}

func (s *site) operations() (all []string) {
	for path, item := range description(s.t, s.handler).Paths.Map() {
		for method, op := range item.Operations() {
			if !s.serves(method, path) {
				s.t.Errorf("%s %s is described and not served", method, path)
			}
			all = append(all, op.OperationID)
		}
	}
	return slices.Sorted(maps.Keys(toSet(all)))
}

func toSet(all []string) map[string]bool {
	set := map[string]bool{}
	for _, v := range all {
		set[v] = true
	}
	return set
}

// serves reports whether the hub knows a path: another answer than that of a missing page.
func (s *site) serves(method, path string) bool {
	if path == "/v1/events/follow" {
		return true // it never ends by itself
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, httptest.NewRequest(method, path, nil))
	return w.Code != http.StatusMethodNotAllowed && !strings.Contains(w.Body.String(), "404 page not found")
}

func timeText(t *testing.T, v api.Time) string {
	t.Helper()
	b, err := v.MarshalText()
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// A request that is not understood is refused before anything is done: a misspelt setting or
// field is not silently without effect. So are requests without end.
func TestRequestsThatAreNotUnderstoodAreRefused(t *testing.T) {
	s := newSite(t)
	for name, c := range map[string]struct{ path, body string }{
		"a misspelt setting": {"/v1/site", `{"quota_dya": "7"}`},
		"a wrong type":       {"/v1/site", `{"quota_day": 7}`},
		"not JSON":           {"/v1/site", `quota_day=7`},
		"without end":        {"/v1/site", `{"name": "` + strings.Repeat("x", 64<<10) + `"}`},
		"a misspelt field":   {"/v1/accounts/nobody", `{"emial": "x@example.com"}`},
	} {
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, httptest.NewRequest("PATCH", c.path, strings.NewReader(c.body)))
		if w.Code != http.StatusBadRequest {
			t.Errorf("%s: status %d %s", name, w.Code, w.Body)
		}
	}
}

// Refusals speak the language that is asked for.
func TestRefusalsSpeakFrenchAndEnglish(t *testing.T) {
	s := newSite(t)
	for lang, word := range map[string]string{"fr-FR,fr;q=0.9": "compte", "en": "account", "": "account", "de, fr": "compte"} {
		r := httptest.NewRequest("GET", "/v1/accounts/nobody", nil)
		r.Header.Set("Accept-Language", lang)
		w := httptest.NewRecorder()
		s.handler.ServeHTTP(w, r)
		var p api.Problem
		if err := json.Unmarshal(w.Body.Bytes(), &p); err != nil || w.Code != http.StatusNotFound || !strings.Contains(p.Text, word) || p.Code != "account_not_found" {
			t.Errorf("%q: %d %s", lang, w.Code, w.Body)
		}
	}
}

// O3: what every change leaves: a line with who made it.
func TestEveryChangeIsOnTheRecordWithItsActor(t *testing.T) {
	s := newSite(t)
	must[api.Account](s, "POST", "/v1/accounts", object{"name": "Ada Byron"})
	page := must[api.Page[api.AuditEntry]](s, "GET", "/v1/audit?action=account.add", nil)
	if len(page.Items) != 1 || page.Items[0].Actor != (api.Actor{Kind: "operator", ID: "0", Via: "test"}) {
		t.Errorf("%+v", page.Items)
	}
}

// Lists are cut into pages, each row in one of them.
func TestListsComeInPages(t *testing.T) {
	s := newSite(t)
	for i := range 25 {
		must[api.Account](s, "POST", "/v1/accounts", object{"name": fmt.Sprintf("Person %02d", i)})
	}
	seen := map[string]int{}
	for path := "/v1/accounts?limit=10"; ; {
		page := must[api.Page[api.Account]](s, "GET", path, nil)
		for _, a := range page.Items {
			seen[a.ID]++
		}
		if page.Next == "" {
			break
		}
		if len(page.Items) != 10 {
			t.Fatalf("a page of %d", len(page.Items))
		}
		path = "/v1/accounts?limit=10&after=" + page.Next
	}
	if len(seen) != 25 {
		t.Errorf("%d accounts, want 25", len(seen))
	}
	for id, n := range seen {
		if n != 1 {
			t.Errorf("%s came %d times", id, n)
		}
	}
}

// TestACursorThatNoPageGaveIsRefused: on every list, as a fault of whoever asks and not of
// the hub.
func TestACursorThatNoPageGaveIsRefused(t *testing.T) {
	s := newSite(t)
	for _, list := range []string{"accounts", "grants", "claims", "cards", "events", "audit"} {
		for _, cursor := range []string{"x", "c-1", "-1", "12.zz"} {
			if status, body := s.call("GET", "/v1/"+list+"?after="+cursor, nil); status != http.StatusBadRequest {
				t.Errorf("%s after %q: %d %s", list, cursor, status, body)
			}
		}
	}
}
