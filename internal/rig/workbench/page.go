package workbench

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"embed"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"badged/internal/httpserve"
)

//go:embed web
var web embed.FS

const (
	cookie  = "badged_workbench"
	maxBody = 4 << 10
	csp     = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"frame-src http://127.0.0.1:*; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)

// Page is the workbench in a browser: it shows State and lets a visitor act. It is
// made before the workbench, since the panel must know by whom it is framed.
type Page struct {
	ln     net.Listener
	token  string
	bench  *Workbench
	log    *slog.Logger
	origin *http.CrossOriginProtection
}

// NewPage listens on addr, a loopback address.
func NewPage(addr string, log *slog.Logger) (*Page, error) {
	ln, err := net.Listen("tcp", addr)
	if err != nil {
		return nil, fmt.Errorf("listen for the page: %w (choose another with --listen)", err)
	}
	if !ln.Addr().(*net.TCPAddr).IP.IsLoopback() {
		ln.Close()
		return nil, fmt.Errorf("listen for the page on %s: not a loopback address (use 127.0.0.1:PORT)", addr)
	}
	return &Page{ln: ln, token: rand.Text(), log: log, origin: http.NewCrossOriginProtection()}, nil
}

// Origin is who frames the panel.
func (p *Page) Origin() string { return "http://" + p.ln.Addr().String() }

// URL is where to open the page. It carries the token, which moves to a cookie.
func (p *Page) URL() string { return p.Origin() + "/?" + url.Values{"t": {p.token}}.Encode() }

// Close gives the address back. Serve does so too.
func (p *Page) Close() { p.ln.Close() }

// Serve shows w until ctx ends, which gives nil.
func (p *Page) Serve(ctx context.Context, w *Workbench) error {
	p.bench = w
	page := func(ctx context.Context) error {
		return httpserve.Run(ctx, p.ln, httpserve.Server{Name: "the page", Handler: p.handler(), Log: p.log, Grace: time.Second})
	}
	phone := func(ctx context.Context) error { return w.phone.serve(ctx, p.known) }
	desk := func(ctx context.Context) error { return w.desk.serve(ctx, p.known) }
	return serveAll(ctx, page, phone, desk)
}

// serveAll runs servers until ctx ends or one of them fails.
func serveAll(ctx context.Context, servers ...func(context.Context) error) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	errs := make(chan error, len(servers))
	for _, serve := range servers {
		go func() { errs <- serve(ctx) }()
	}
	var all []error
	for range servers {
		all = append(all, <-errs)
		stop()
	}
	return errors.Join(all...)
}

func (p *Page) handler() http.Handler {
	files, err := fs.Sub(web, "web")
	if err != nil {
		panic(err) // the folder is embedded
	}
	mux := http.NewServeMux()
	mux.Handle("GET /", http.FileServerFS(files))
	mux.HandleFunc("GET /state", p.state)
	mux.HandleFunc("POST /do/{verb}", p.do)
	return p.guard(mux)
}

// guard lets in who came by URL, and only from this page.
func (p *Page) guard(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Set("Content-Security-Policy", csp)
		h.Set("X-Content-Type-Options", "nosniff")
		h.Set("Referrer-Policy", "no-referrer")
		h.Set("Cache-Control", "no-store")
		switch {
		case r.Host != p.ln.Addr().String():
			http.Error(w, "open the address that the workbench printed", http.StatusMisdirectedRequest)
		case p.is(r.URL.Query().Get("t")):
			http.SetCookie(w, &http.Cookie{Name: cookie, Value: p.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode})
			http.Redirect(w, r, "/", http.StatusSeeOther)
		case !p.known(r) || p.origin.Check(r) != nil:
			http.Error(w, "open the address that the workbench printed: it carries a token", http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func (p *Page) is(token string) bool {
	return subtle.ConstantTimeCompare([]byte(token), []byte(p.token)) == 1
}

func (p *Page) known(r *http.Request) bool {
	c, err := r.Cookie(cookie)
	return err == nil && p.is(c.Value)
}

// state pushes the state at every change.
func (p *Page) state(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "text/event-stream")
	flush := http.NewResponseController(w)
	for {
		changed := p.bench.view.changed()
		data, err := json.Marshal(p.bench.State())
		if err != nil {
			panic(err) // State is plain data
		}
		if _, err := fmt.Fprintf(w, "data: %s\n\n", data); err != nil || flush.Flush() != nil {
			return // the browser left
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// deed is what a visitor does.
type deed struct {
	Badge, At, Keys, Name, Account string
	Lang                           string
	State                          Network
	On                             bool
}

// do acts. What cannot be done is told to the visitor as one line of text.
func (p *Page) do(w http.ResponseWriter, r *http.Request) {
	var d deed
	if err := json.NewDecoder(http.MaxBytesReader(w, r.Body, maxBody)).Decode(&d); err != nil {
		http.Error(w, "this is not what the page sends", http.StatusBadRequest)
		return
	}
	verb := r.PathValue("verb")
	ctx, cancel := context.WithTimeout(r.Context(), 20*time.Second)
	defer cancel()
	err := p.bench.doDeed(ctx, verb, d)
	switch {
	case errors.Is(err, errNoVerb):
		http.Error(w, err.Error(), http.StatusNotFound)
	case err != nil:
		p.log.Warn("a visitor's wish failed", "verb", verb, "err", err)
		http.Error(w, err.Error(), http.StatusConflict)
	default:
		w.WriteHeader(http.StatusNoContent)
	}
}
