// Package kiosk is the panel of a print point: a small web site on loopback, made
// for the browser that runs full screen on the terminal.
//
//	idle --a badge--> notice --agreed--> home --«Modifier le compte»--> edit --saved--> home
//	  ^                 |                 |                              |
//	  +--refused, sign-out, badge-out, idle time (the agent)-------------+
//
// The notice stands before everything while somebody owes an agreement, but for the session
// of an account that a badge has just made: there it stands before the edit. Home shows the
// services that are assigned to the person as tiles.
//
// At a point with a printer, home lists the person's held print jobs: «Imprimer» and
// «Supprimer» on each, «Tout imprimer» above.
//
// Whoever has no badge with them types their PIN: the idle page shows its keys when they are
// asked for. They are sent one by one, as those of a keypad, so that no page, address or
// history ever holds a digit.
//
// The pages are HTML first: every step is a link or a form that is answered by a
// redirect, and without script the page reloads by itself. The script adds what a
// reload cannot: the page changes at the moment of a swipe (server-sent events, or
// polling in a browser that has none), and a countdown before the session ends.
//
// Who may look: the browser that was opened on URL, which carries a token; it moves
// to a cookie at once. Nothing of a session stays in the browser: no page may be
// stored, and a form carries the session that it was made for.
package kiosk

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"time"

	"badged/enroll"
	"badged/internal/httpserve"
	"badged/keypad"
)

// Panel is the print points of the agent, as the pages need them. Its methods are
// called from many goroutines. None waits for the network.
type Panel interface {
	// Screen is what the point shows now; false: there is no such print point. The
	// agent takes a Notice away by itself after some seconds.
	Screen(point string) (enroll.Screen, bool)
	// Watch sends after every change of Screen, Ends included. Changes that follow
	// each other quickly may come as one. stop ends it.
	Watch(point string) (ch <-chan struct{}, stop func())
	Sessions
	// Type takes a key that is touched, while Screen offers keys.
	Type(point string, key keypad.Key)
	// ShowPINKeys has an idle panel offer the keys of a PIN, if Screen says that it can, or
	// takes them away.
	ShowPINKeys(point string, show bool)
	// SetLang picks the language of an idle panel; Screen.Lang follows.
	SetLang(point, lang string)
	// SetClear picks large text and strong contrast, for a session or the next one; Screen.Clear
	// follows.
	SetClear(point string, clear bool)
}

// Sessions is what people do who are logged in.
type Sessions interface {
	// Edit saves a profile. nil: it is on disk and Screen shows it. Errors:
	// *enroll.FieldError, enroll.ErrNoSession, enroll.ErrNoticeFirst, or the store's.
	Edit(ctx context.Context, point, session string, ed enroll.Edit) error
	// SignOut ends the session. nil: Screen shows nobody. enroll.ErrNoSession: it had
	// ended before.
	SignOut(ctx context.Context, point, session string) error
	// Answer keeps the answer to a version of the privacy notice; a refusal also ends the
	// session. Errors: enroll.ErrNoSession, enroll.ErrNoticeOld, or the store's.
	Answer(ctx context.Context, point, session string, version uint64, agrees bool) error
	// AddBadge begins to add the next badge to the account of a session that a PIN opened, or
	// stops it. Errors: enroll.ErrNoSession, enroll.ErrNoticeFirst.
	AddBadge(ctx context.Context, point, session string, begin bool) error
	// Touch tells that the person is there: Screen.Ends moves, at once or soon after.
	Touch(point, session string)
}

// Options is what New needs.
type Options struct {
	Panel    Panel
	Points   []string // the print points
	Printing Printing // nil: no point has a printer
	// Token as LoadToken gave it, if the listener outlives the agent. Empty: a new one for the
	// life of this Kiosk.
	Token string
	// FrameAncestors is who may embed the panel, as in a Content-Security-Policy:
	// "http://127.0.0.1:9000". Empty: 'none'.
	FrameAncestors string
	// Status is the technician's page, served at /status to whoever was opened on StatusURL;
	// nil: there is none.
	Status http.Handler
	Log    *slog.Logger // nil: the default one
}

// Kiosk serves the panels of a terminal.
type Kiosk struct {
	panel    Panel
	printing Printing
	points   map[string]*point
	first    string // where "/" leads
	guard    guard
	// hasStatus reports whether there is a technician's page.
	hasStatus bool

	boot string // tells the pages of this process from those of an earlier one
	log  *slog.Logger
	mux  *http.ServeMux
}

// New makes the panels of o.Points. Serve or Handler puts them on the wire.
func New(o Options) *Kiosk {
	k := &Kiosk{
		panel:  o.Panel,
		points: map[string]*point{},
		guard:  newGuard(o.Token, o.FrameAncestors),
		boot:   newToken()[:8],
		log:    o.Log,
		mux:    http.NewServeMux(),
	}
	if k.log == nil {
		k.log = slog.Default()
	}
	k.printing = noPrinting{}
	if o.Printing != nil {
		k.printing = o.Printing
	}
	for _, name := range o.Points {
		k.points[name] = &point{name: name}
	}
	if len(o.Points) > 0 {
		k.first = o.Points[0]
	}
	k.routes()
	if o.Status != nil {
		k.serveStatus(o.Status)
	}
	return k
}

func (k *Kiosk) routes() {
	k.mux.HandleFunc("GET /{$}", k.enter)
	k.mux.Handle("GET /static/{file}", assets)
	k.mux.HandleFunc("GET /p/{point}", k.show(pageHome))
	k.mux.HandleFunc("GET /p/{point}/edit", k.show(pageEdit))
	k.mux.HandleFunc("GET /p/{point}/saved", k.show(pageSaved))
	k.mux.HandleFunc("GET /p/{point}/ended", k.show(pageEnded))
	k.mux.HandleFunc("GET /p/{point}/view", k.fragment)
	k.mux.HandleFunc("GET /p/{point}/events", k.events)
	k.mux.HandleFunc("POST /p/{point}/edit", k.form(k.postEdit))
	k.mux.HandleFunc("GET /p/{point}/notice", k.show(pageNotice))
	k.mux.HandleFunc("GET /p/{point}/badge", k.show(pageBadge))
	k.mux.HandleFunc("POST /p/{point}/badge", k.form(k.postBadge))
	k.mux.HandleFunc("POST /p/{point}/notice", k.form(k.postNotice))
	k.mux.HandleFunc("GET /p/{point}/service", k.show(pageService))
	k.mux.HandleFunc("GET /p/{point}/services", k.show(pageServices))
	k.mux.HandleFunc("GET /p/{point}/delete", k.askDelete)
	k.mux.HandleFunc("POST /p/{point}/print", k.form(k.postPrint))
	k.mux.HandleFunc("POST /p/{point}/delete", k.form(k.postDelete))
	k.mux.HandleFunc("POST /p/{point}/signout", k.form(k.postSignOut))
	k.mux.HandleFunc("POST /p/{point}/touch", k.form(k.postTouch))
	k.mux.HandleFunc("POST /p/{point}/key", k.form(k.postKey))
	k.mux.HandleFunc("POST /p/{point}/pin", k.form(k.postPIN))
	k.mux.HandleFunc("POST /p/{point}/lang", k.form(k.postLang))
	k.mux.HandleFunc("POST /p/{point}/text", k.form(k.postText))
	k.mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { k.fail(w, http.StatusNotFound) })
}

// Handler is the site, with its guard: loopback names only, token, same origin.
func (k *Kiosk) Handler() http.Handler { return k.guarded(k.mux) }

// URL is what the browser of a point is opened on. addr is host:port of the
// listener. It carries the token: it goes to the browser's command line or to the
// control socket, not to a log.
func (k *Kiosk) URL(addr, point string) string {
	q := url.Values{"t": {k.guard.token}, "point": {point}}
	return "http://" + addr + "/?" + q.Encode()
}

// The bounds of what the panel holds. Everybody on the machine can connect; a stranger
// has shown no token yet and gives way to the next ones.
const (
	maxStrangers = 64
	maxBrowsers  = 64 // connections that have shown the token
)

// Serve answers on ln until ctx ends, which gives nil. It closes ln. A listener
// that others can reach is refused.
func (k *Kiosk) Serve(ctx context.Context, ln net.Listener) error {
	if a, ok := ln.Addr().(*net.TCPAddr); !ok || !a.IP.IsLoopback() {
		_ = ln.Close()
		return fmt.Errorf("serve the kiosk on %s: not a loopback address (use 127.0.0.1:PORT or [::1]:PORT)", ln.Addr())
	}
	return httpserve.Run(ctx, ln, httpserve.Server{
		Name: "the kiosk", Handler: k.Handler(), Log: k.log, Strangers: maxStrangers, Known: maxBrowsers,
		ReadTime: 10 * time.Second, WriteTime: writeTimeout, Grace: 2 * time.Second,
	})
}

// basePath is where a point's pages are.
func basePath(point string) string { return "/p/" + url.PathEscape(point) }
