package web

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"runtime/debug"

	"badged/internal/connlimit"
	"badged/internal/password"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
)

// maxForm bounds a form of a route that names no other bound.
const maxForm = 64 << 10

// server answers people.
type server struct {
	Options
	ended <-chan struct{} // the hub ends
	site  *page.Site
	mux   *http.ServeMux
	guard *guard
	news  *news
}

func newServer(ctx context.Context, o Options) http.Handler {
	s := &server{Options: o, ended: ctx.Done(), site: page.NewSite(o.Parts...), mux: http.NewServeMux(), guard: newGuard(o.Hosts), news: newNews()}
	s.site.Routes(func(part *page.Part, route page.Route) {
		s.mux.HandleFunc(route.Method+" "+route.Path, s.serveRoute(part, route))
	})
	s.mux.Handle("GET "+page.AssetPath, s.site.Assets())
	s.mux.HandleFunc("GET /nouvelles", s.streamNews)
	s.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { s.fail(w, r, http.StatusNotFound) })
	return http.HandlerFunc(s.serve)
}

// serve puts the headers on every answer, and turns away what no page of this hub sends.
func (s *server) serve(w http.ResponseWriter, r *http.Request) {
	defer s.recoverPanic(w, r)
	setHeaders(w.Header())
	switch {
	case !s.guard.knowsHost(r):
		http.Error(w, fmt.Sprintf(wrongHost, s.URL, s.URL), http.StatusMisdirectedRequest)
	case !s.guard.isOwn(r):
		s.fail(w, r, http.StatusForbidden)
	default:
		s.mux.ServeHTTP(w, r)
	}
}

const wrongHost = "Ce serveur répond sous %s. Un autre nom se donne avec badgehub serve --host.\n" +
	"This hub answers as %s. Give it another name with badgehub serve --host.\n"

// recoverPanic keeps the hub up when a page has a mistake.
func (s *server) recoverPanic(w http.ResponseWriter, r *http.Request) {
	if p := recover(); p != nil {
		s.Log.Error("a page broke", "path", r.Pattern, "panic", p, "stack", string(debug.Stack()))
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
	}
}

// asked finds out who asks, and the settings of the site, in one snapshot.
func (s *server) asked(r *http.Request) (page.Asked, error) {
	a := page.Asked{HTTP: r, Store: s.Store, Now: s.Now()}
	err := s.Store.Read(r.Context(), func(tx fleet.Tx) (err error) {
		if a.Site, err = access.Settings(tx.Tx.Tx); err == nil {
			a.Person, err = findPerson(tx, r)
		}
		return err
	})
	if a.Person == nil || err != nil {
		return a, err
	}
	connlimit.Know(r.Context())
	return a, s.touch(r, a)
}

// serveRoute answers requests to a route.
func (s *server) serveRoute(part *page.Part, route page.Route) http.HandlerFunc {
	return func(w http.ResponseWriter, h *http.Request) {
		a, err := s.asked(h)
		if err != nil {
			s.breakDown(w, h, err)
			return
		}
		r := page.NewRequest(s.site, part, a)
		reply, err := s.handle(w, r, route)
		if err != nil {
			reply = s.explain(r, err)
		}
		if err := r.Send(w, reply); err != nil {
			s.Log.Error("a page could not be sent", "path", route.Path, "error", err)
		}
	}
}

// handle decides whether somebody gets a route, and lets it answer.
func (s *server) handle(w http.ResponseWriter, r *page.Request, route page.Route) (page.Reply, error) {
	switch page.Decide(route.Right, r.Person) {
	case page.LogIn:
		return toLogIn(r), nil
	case page.Hidden:
		return r.Fail(http.StatusNotFound), nil
	case page.Denied:
		return r.Fail(http.StatusForbidden), nil
	}
	if r.Person != nil && r.Person.Unread && route.Right != page.Anyone && !route.Early {
		return page.Go("/confidentialite?" + backTo(r)), nil
	}
	if route.Fresh && !r.Person.Session.Recent(r.Now) {
		return page.Go("/confirmer?" + backTo(r)), nil
	}
	if status := readForm(w, r.HTTP, route.Body); status != 0 {
		return r.Fail(status), nil
	}
	return route.Handle(r)
}

// explain is the page for an error of a handler.
func (s *server) explain(r *page.Request, err error) page.Reply {
	var e *refusal.Error
	if errors.As(err, &e) {
		return r.FailRefused(e)
	}
	if errors.Is(err, password.ErrBusy) {
		return r.Fail(http.StatusServiceUnavailable)
	}
	if r.Context().Err() == nil {
		s.Log.Error("a page failed", "path", r.HTTP.Pattern, "error", err)
	}
	return r.Fail(http.StatusInternalServerError)
}

// fail answers a request to no route.
func (s *server) fail(w http.ResponseWriter, h *http.Request, status int) {
	a, err := s.asked(h)
	if err != nil {
		s.breakDown(w, h, err)
		return
	}
	r := page.NewRequest(s.site, nil, a)
	if err := r.Send(w, r.Fail(status)); err != nil {
		s.Log.Error("a page could not be sent", "error", err)
	}
}

// breakDown answers when not even the store does.
func (s *server) breakDown(w http.ResponseWriter, h *http.Request, err error) {
	if h.Context().Err() == nil {
		s.Log.Error("the web cannot read the database", "error", err)
	}
	a := page.Asked{HTTP: h, Store: s.Store, Now: s.Now(), Site: access.Site{Name: "badged"}}
	r := page.NewRequest(s.site, nil, a)
	if err := r.Send(w, r.Fail(http.StatusInternalServerError)); err != nil {
		s.Log.Error("a page could not be sent", "error", err)
	}
}
