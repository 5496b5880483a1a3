package api

import (
	_ "embed"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io/fs"
	"net/http"
	"strconv"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/identity"
	"badged/sync/wire"
)

//go:embed openapi.yaml
var openAPI []byte

func (s *server) description(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Type", "application/yaml")
	_, _ = w.Write(openAPI) // whoever went away needs no description
}

// addTerminal makes the token in a first step: it is of no use before the second stored it.
func (s *server) addTerminal(w http.ResponseWriter, r *http.Request) {
	var in NewTerminal
	var out TerminalToken
	by, err := s.Actor(r)
	if err == nil {
		err = decode(http.MaxBytesReader(w, r.Body, maxRequest), &in)
	}
	if err == nil {
		err = fleet.CheckTerminal(in.Name)
	}
	if err == nil {
		out, err = s.newToken(r, by, in)
	}
	s.sendAnswer(w, r, out, err)
}

func (s *server) newToken(r *http.Request, by audit.Actor, in NewTerminal) (TerminalToken, error) {
	token, err := identity.NewToken(s.Fleet.SiteID(), in.Name, s.Join, s.CA)
	if err != nil {
		return TerminalToken{}, invalid(CodeRequest, "detail", err.Error())
	}
	err = s.Store.Write(r.Context(), by, func(tx fleet.Tx) error {
		return fleet.AddTerminal(tx, in.Name, token.Secret, in.Replace)
	})
	text := token.Reveal()
	return TerminalToken{in.Name, text, "sudo badged join " + text}, err
}

func (s *server) removeTerminal(w http.ResponseWriter, r *http.Request) {
	by, err := s.Actor(r)
	if err == nil {
		err = s.Fleet.RemoveTerminal(r.Context(), by, r.PathValue("name"))
	}
	s.sendAnswer(w, r, none{}, err)
}

func (s *server) terminals(tx fleet.Tx, r *http.Request) (Page[Terminal], error) {
	l, err := listingOf(r)
	if err != nil {
		return Page[Terminal]{}, err
	}
	page, next, err := s.Fleet.ListTerminals(tx, l)
	return pageOf(page, next, err, func(t fleet.TerminalState) (Terminal, error) { return terminalOf(t), nil })
}

func terminalOf(t fleet.TerminalState) Terminal {
	out := Terminal{
		Name: t.Name, Joined: t.Cert != nil, Removed: t.Removed(), Connected: !t.Connected.IsZero(), Since: Time{t.Connected},
		LastSeen: Time{t.LastSeen}, Agent: t.Agent, Doors: t.Doors, Upto: map[string]uint64{}, Vector: []Collection{}, ClaimsClosed: t.ClaimsClosed,
	}
	for stream, n := range t.Upto {
		out.Upto[stream.String()] = n
	}
	for _, v := range t.Vector {
		out.Vector = append(out.Vector, Collection{v.Collection.String(), v.Rev, people.HexID(v.Hash), v.NotUnderstood})
	}
	return out
}

func eventOf(e fleet.Event) Event {
	out := Event{
		ID: e.ID, Terminal: e.Terminal, Incarnation: people.HexID(e.Incarnation), Stream: e.Stream.String(),
		Seq: e.Seq, Order: e.Record.Order, Received: Time{e.Received}, Clock: e.Clock.String(), Kind: "unreadable",
	}
	if !e.Readable {
		return out
	}
	out.Kind, out.Outcome, out.Reason = e.Kind.String(), e.Outcome.String(), e.Reason.String()
	out.Point, out.Door, out.Device, out.Why = e.Point, e.Door, e.Device, e.Why
	out.Number, out.Count, out.Label, out.AccountName = e.Number, e.Count, e.Label, e.AccountName
	out.At = Time{time.UnixMilli(e.At)}
	if len(e.Account) == len(people.ID{}) {
		out.Account = people.HexID(people.ID(e.Account))
	}
	if len(e.Card) == len(people.ID{}) {
		out.Card = access.ShortCard(access.ID(e.Card))
	}
	if e.Edit != nil {
		p := Profile(*e.Edit)
		out.Edit = &p
	}
	return out
}

func listEvents(tx fleet.Tx, r *http.Request) (Page[Event], error) {
	q, err := eventQuery(tx, r)
	if err != nil {
		return Page[Event]{}, err
	}
	page, next, err := fleet.ListEvents(tx, q)
	cursor := ""
	if next > 0 {
		cursor = strconv.FormatUint(next, 10)
	}
	return pageOf(page, cursor, err, func(e fleet.Event) (Event, error) { return eventOf(e), nil })
}

func eventQuery(tx fleet.Tx, r *http.Request) (q fleet.EventQuery, err error) {
	q = fleet.EventQuery{Terminal: r.FormValue("terminal"), Point: r.FormValue("door")}
	if q.Limit, err = limitOf(r); err != nil {
		return q, err
	}
	if q.Below, err = numberIn(r, "after"); err != nil {
		return q, err
	}
	if q.Account, err = accountIn(tx, r, "account"); err != nil {
		return q, err
	}
	if q.Card, err = cardIn(tx, r); err != nil {
		return q, err
	}
	if q.Kind, err = enumIn[wire.EventKind](r, "kind"); err != nil {
		return q, err
	}
	if q.Outcome, err = enumIn[wire.Outcome](r, "outcome"); err != nil {
		return q, err
	}
	if q.Reason, err = enumIn[wire.Reason](r, "reason"); err != nil {
		return q, err
	}
	if q.Since, err = sinceOf(tx, r); err != nil {
		return q, err
	}
	site, err := access.Settings(tx.Tx.Tx)
	if err != nil {
		return q, err
	}
	q.Until, err = momentOf("until", r.FormValue("until"), site.LastDay)
	return q, err
}

// cardIn is the card that a query names; zero: none.
func cardIn(tx fleet.Tx, r *http.Request) (access.ID, error) {
	if r.FormValue("card") == "" {
		return access.ID{}, nil
	}
	return seenCard(tx, r.FormValue("card"))
}

// sinceOf is the moment or day that a query begins at; "today" is one too. Zero: none.
func sinceOf(tx fleet.Tx, r *http.Request) (time.Time, error) {
	site, err := access.Settings(tx.Tx.Tx)
	if err != nil {
		return time.Time{}, err
	}
	return momentOf("since", sinceText(tx, r, site), site.FirstDay)
}

// dayIn is the day that a query begins at; "today" is one too. Empty: none.
func dayIn(tx fleet.Tx, r *http.Request) (string, error) {
	site, err := access.Settings(tx.Tx.Tx)
	if err != nil {
		return "", err
	}
	from, err := momentOf("since", sinceText(tx, r, site), site.FirstDay)
	if err != nil || from.IsZero() {
		return "", err
	}
	return from.In(site.Location()).Format(time.DateOnly), nil
}

func sinceText(tx fleet.Tx, r *http.Request, site access.Site) string {
	if text := r.FormValue("since"); text != "today" {
		return text
	}
	return tx.Now.In(site.Location()).Format(time.DateOnly)
}

// enumIn is the value of an enumeration that a query names; zero: none.
func enumIn[T wire.Enum](r *http.Request, field string) (T, error) {
	name := r.FormValue(field)
	if name == "" {
		return 0, nil
	}
	v, ok := wire.Parse[T](name)
	if !ok {
		return 0, invalid(CodeChoice, "field", field, "value", clip(name), "choices", wire.Names[T]())
	}
	return v, nil
}

// followEvents writes the events that come from now on, or after an id, one object a line.
func (s *server) followEvents(w http.ResponseWriter, r *http.Request) {
	after, err := s.followFrom(r)
	if err != nil {
		s.sendAnswer(w, r, nil, err)
		return
	}
	_ = s.Store.Read(r.Context(), func(tx fleet.Tx) error { return setZone(w, tx) }) // reading events tells what is wrong
	w.Header().Set("Content-Type", "application/x-ndjson")
	out, flush := json.NewEncoder(w), http.NewResponseController(w)
	for {
		if flush.Flush() != nil {
			return
		}
		more := s.EventsCame()
		var page []fleet.Event
		err := s.Store.Read(r.Context(), func(tx fleet.Tx) (err error) {
			page, err = fleet.EventsAfter(tx, after, 0)
			return err
		})
		if err != nil {
			s.Log.Error("events cannot be read", "error", err)
			return
		}
		for _, e := range page {
			if out.Encode(eventOf(e)) != nil {
				return
			}
			after = e.ID
		}
		if len(page) > 0 {
			continue
		}
		select {
		case <-more:
		case <-r.Context().Done():
			return
		}
	}
}

// followFrom is the id after which events are followed: the one that is asked for, or the
// last one that there is.
func (s *server) followFrom(r *http.Request) (after uint64, err error) {
	if _, err := s.Actor(r); err != nil {
		return 0, err
	}
	if r.FormValue("after") != "" {
		return numberIn(r, "after")
	}
	err = s.Store.Read(r.Context(), func(tx fleet.Tx) error {
		return tx.EventsBelow(0, 1, func(e fleet.Record) error {
			after = e.ID
			return nil
		})
	})
	return after, err
}

func listAudit(tx fleet.Tx, r *http.Request) (Page[AuditEntry], error) {
	q := audit.Query{Action: r.FormValue("action"), Object: r.FormValue("object")}
	var err error
	if q.Limit, err = limitOf(r); err != nil {
		return Page[AuditEntry]{}, err
	}
	if q.Below, err = numberIn(r, "after"); err != nil {
		return Page[AuditEntry]{}, err
	}
	if q.Since, err = sinceOf(tx, r); err != nil {
		return Page[AuditEntry]{}, err
	}
	if q.Subject, err = accountIn(tx, r, "account"); err != nil {
		return Page[AuditEntry]{}, err
	}
	var page []audit.Entry
	err = tx.ListAudit(q, func(e audit.Entry) error {
		page = append(page, e)
		return nil
	})
	next := ""
	if len(page) == q.Limit {
		next = strconv.FormatUint(page[len(page)-1].Seq, 10)
	}
	return pageOf(page, next, err, func(e audit.Entry) (AuditEntry, error) { return auditEntryOf(tx, e) })
}

func auditEntryOf(tx fleet.Tx, e audit.Entry) (out AuditEntry, err error) {
	out = AuditEntry{
		Seq: e.Seq, At: Time{e.At}, Actor: actorOf(tx, e.Actor), Action: e.Action, Object: e.Object,
		Erased: e.Salt == nil, Hash: hashText(e.Hash),
	}
	if e.Subject != (audit.ID{}) {
		out.Subject = people.HexID(e.Subject)
		if out.SubjectName, err = nameOf(tx, e.Subject); err != nil {
			return out, err
		}
	}
	if err := unmarshal(e.Before, &out.Before); err != nil {
		return out, err
	}
	return out, unmarshal(e.After, &out.After)
}

// actorOf names an account that made a change. Any other actor is called by its id.
func actorOf(tx fleet.Tx, a audit.Actor) Actor {
	out := Actor{Kind: string(a.Kind), ID: a.ID, Via: a.Via}
	if id, ok := people.ParseID(a.ID); ok && a.Kind == audit.Account {
		out.Name, _ = nameOf(tx, id) // a failing store fails the whole answer
	}
	return out
}

func unmarshal(b []byte, v any) error {
	if b == nil {
		return nil
	}
	return json.Unmarshal(b, v)
}

// verifyAudit reads page after page, each in a snapshot of its own.
func (s *server) verifyAudit(w http.ResponseWriter, r *http.Request) {
	var v audit.Verification
	_, err := s.Actor(r)
	for more := true; more && err == nil; {
		err = s.Store.Read(r.Context(), func(tx fleet.Tx) (err error) {
			more, err = v.Next(tx.Tx.Tx.Tx.Tx.Tx)
			return err
		})
	}
	out := AuditProof{Lines: v.Lines, Erased: v.Erased, First: v.First, Last: v.Last, Head: hashText(v.Head), Whole: len(v.Faults) == 0, Faults: []AuditFault{}}
	for _, f := range v.Faults {
		out.Faults = append(out.Faults, AuditFault{f.Seq, string(f.Problem)})
	}
	s.sendAnswer(w, r, out, err)
}

func (s *server) backupDatabase(w http.ResponseWriter, r *http.Request) {
	var in Backup
	by, err := s.Actor(r)
	if err == nil {
		err = decode(http.MaxBytesReader(w, r.Body, maxRequest), &in)
	}
	if err == nil {
		err = refuseFile(in.Path, s.Fleet.Backup(r.Context(), func() error { return s.Backup(r.Context(), in.Path) }))
	}
	if err == nil {
		err = s.Store.Write(r.Context(), by, func(tx fleet.Tx) error {
			return tx.Record(audit.Change{Action: "site.backup", Object: "site"})
		})
	}
	s.sendAnswer(w, r, in, err)
}

// refuseFile makes a refusal of what the caller can mend about the file of a backup.
func refuseFile(path string, err error) error {
	switch {
	case errors.Is(err, fs.ErrExist):
		return &refusal.Error{Kind: refusal.Conflict, Code: CodeBackupExists, Fields: refusal.Fields{"path": path}}
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, fs.ErrPermission):
		return invalid(CodeBackupFolder, "path", path)
	}
	return err
}

// pageOf shows the rows of a page.
func pageOf[T, J any](rows []T, next string, err error, show func(T) (J, error)) (Page[J], error) {
	out := Page[J]{Items: make([]J, 0, len(rows)), Next: next}
	for _, row := range rows {
		if err != nil {
			break
		}
		var j J
		j, err = show(row)
		out.Items = append(out.Items, j)
	}
	return out, err
}

// listingOf is what a request asks of a list of things that go by a name.
func listingOf(r *http.Request) (people.Listing, error) {
	limit, err := limitOf(r)
	return people.Listing{
		Search: r.FormValue("search"), Order: people.Order(r.FormValue("order")), After: r.FormValue("after"), Limit: limit,
	}, err
}

// The bounds of a page.
const (
	usualPage = 100
	mostPage  = 1000
)

func limitOf(r *http.Request) (int, error) {
	n, err := numberIn(r, "limit")
	if n == 0 {
		n = usualPage
	}
	return int(min(n, mostPage)), err
}

func numberIn(r *http.Request, field string) (uint64, error) {
	text := r.FormValue(field)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseUint(text, 10, 62)
	if err != nil {
		return 0, invalid(CodeNumber, "field", field, "value", clip(text))
	}
	return n, nil
}

// clip keeps a refusal about a hostile text short.
func clip(s string) string { return s[:min(len(s), 64)] }

func isMissing(err error) bool { return errors.Is(err, people.ErrNotFound) }

func hashText(h [32]byte) string { return hex.EncodeToString(h[:]) }
