package page

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// Request is a request to a page, by somebody who has the right of its route.
type Request struct {
	HTTP   *http.Request
	Person *Person // nil: nobody is logged in
	Lang   string  // "fr" or "en"
	Now    time.Time
	Site   access.Site // its settings

	site  *Site
	part  *Part
	store fleet.Store
	zone  *time.Location
	flash string // that this page shows
}

// Asked is a request as the web got it, before a part sees it.
type Asked struct {
	HTTP   *http.Request
	Person *Person
	Site   access.Site
	Store  fleet.Store
	Now    time.Time
}

// NewRequest gives a handler's view of a request to a part; nil: to none.
func NewRequest(s *Site, part *Part, a Asked) *Request {
	r := &Request{HTTP: a.HTTP, Person: a.Person, Now: a.Now, Site: a.Site, site: s, part: part, store: a.Store}
	r.Lang = chooseLang(a.HTTP, a.Person, a.Site.Lang)
	r.flash = r.readFlash()
	return r
}

// Zone is the time zone of the site, in which people read times.
func (r *Request) Zone() *time.Location {
	if r.zone == nil {
		r.zone = r.Site.Location()
	}
	return r.zone
}

// Account is who is logged in; the zero account: nobody.
func (r *Request) Account() people.Account {
	if r.Person == nil {
		return people.Account{}
	}
	return r.Person.Account
}

// May reports whether the person has a right.
func (r *Request) May(need Right) bool { return Decide(need, r.Person) == Allowed }

// Actor is who makes the changes of this request. Nobody who is logged in acts as the web.
func (r *Request) Actor() audit.Actor {
	if r.Person == nil {
		return audit.Actor{Kind: audit.System, ID: "web", Via: "web"}
	}
	return audit.Actor{Kind: audit.Account, ID: people.HexID(r.Person.Account.ID), Via: "web"}
}

// Context ends with the request.
func (r *Request) Context() context.Context { return r.HTTP.Context() }

// Read runs fn on a snapshot of the store.
func (r *Request) Read(fn func(fleet.Tx) error) error { return r.store.Read(r.Context(), fn) }

// Write runs fn in one transaction, perhaps twice, as the person who asks.
func (r *Request) Write(fn func(fleet.Tx) error) error {
	return r.store.Write(r.Context(), r.Actor(), fn)
}

// WriteAs is Write as another actor: a link's owner, who is not logged in.
func (r *Request) WriteAs(by audit.Actor, fn func(fleet.Tx) error) error {
	return r.store.Write(r.Context(), by, fn)
}

// Path is a part of the address that the route's pattern names.
func (r *Request) Path(name string) string { return r.HTTP.PathValue(name) }

// ID is the id that a part of the address is, of an account or something else; ErrNotFound if
// it is none.
func (r *Request) ID(name string) (people.ID, error) {
	id, ok := people.ParseID(r.Path(name))
	if !ok {
		return id, ErrNotFound
	}
	return id, nil
}

// File is a file that came with the form, and its name; http.ErrMissingFile
// if there is none.
func (r *Request) File(field string) (name string, body []byte, err error) {
	f, header, err := r.HTTP.FormFile(field)
	if errors.Is(err, http.ErrNotMultipart) {
		err = http.ErrMissingFile
	}
	if err != nil {
		return "", nil, err
	}
	defer f.Close()
	body, err = io.ReadAll(f) // what came is bounded by the route
	return header.Filename, body, err
}

// Query is a parameter of the address.
func (r *Request) Query(name string) string { return r.HTTP.URL.Query().Get(name) }

// Live reports whether the page's script asks, not the person.
func (r *Request) Live() bool { return IsLive(r.HTTP) }

// IsLive reports whether a request comes from a page that follows the hub by itself.
func IsLive(h *http.Request) bool {
	return h.Header.Get("X-Live") != "" || h.Header.Get("Accept") == "text/event-stream"
}

// T is a text in the person's language. A key that is not in the catalogue is
// shown as it is, in double brackets; the test of the part's texts finds it before.
func (r *Request) T(key string, args ...any) string { return r.site.text(r.Lang, key, args) }

// TOr is a text in the person's language, or another one if there is none: of what the hub
// names by codes that grow.
func (r *Request) TOr(key, or string) string {
	if !r.site.has(key) {
		return or
	}
	return r.T(key)
}

// N is a text for n things: that of key with ".one" or ".many", of which %s is n.
func (r *Request) N(key string, n int) string { return r.site.count(r.Lang, key, n) }

// CodeNotFound is the code of ErrNotFound.
const CodeNotFound = "page_not_found"

// ErrNotFound is the error of a handler for what is not there, or is another's.
var ErrNotFound = &refusal.Error{Kind: refusal.Missing, Code: CodeNotFound}

// OrNotFound turns the error of a look-up that found nothing into ErrNotFound.
func OrNotFound(err error) error {
	if errors.Is(err, people.ErrNotFound) || refusal.IsKind(err, refusal.Missing) {
		return ErrNotFound
	}
	return err
}
