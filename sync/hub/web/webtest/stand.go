// Package webtest is the stand on which parts of the hub's web are tested: a real hub with
// its store, served over HTTPS on loopback, and clients that behave as browsers do.
//
//	s := webtest.New(t)
//	b := s.Browser()                       // nobody is logged in
//	p := b.Open("/oublie").Is(200)
//	p = p.Fill("email", "ada@example.org").Press("Envoyer")
//	p.Shows("Un courriel est en route")
//
// With the build tag browser, Looks shows a page in a real Chromium at both sizes, in both
// languages, light and dark, with and without script, holds it against axe and writes
// pictures of it:
//
//	c := s.Screen(t)
//	c.Looks(t, "forgotten", b, func() *webtest.Page { return b.Open("/oublie") })
package webtest

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"log/slog"
	"net"
	"sync"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/pki"
	"badged/sync/hub/release"
	"badged/sync/hub/store"
	"badged/sync/hub/store/teststore"
	"badged/sync/hub/web"
	"badged/sync/hub/web/page"
)

// Site is the id of the stand's site.
const Site = "site-test"

// Stand is a hub with its web.
type Stand struct {
	Store *store.Store
	Hub   *fleet.Hub
	Keys  *pki.Keys
	URL   string // "https://127.0.0.1:…"
	Addr  string
	Log   *Lines // what the web's log says

	t   testing.TB
	mu  sync.Mutex    // guards ahead
	add time.Duration // by which the stand's clock is ahead
}

// New starts a stand. Without parts it has those of the product.
func New(t testing.TB, parts ...page.Part) *Stand {
	t.Helper()
	return NewWith(t, func(o *web.Options) { o.Parts = parts })
}

// NewWith starts a stand with other options than the usual ones.
func NewWith(t testing.TB, change func(*web.Options)) *Stand {
	t.Helper()
	dir, s := t.TempDir(), &Stand{t: t, Log: &Lines{}}
	var err error
	if s.Store, err = teststore.Open(t.Context(), dir, s.Now); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Store.Close() })
	if s.Keys, err = pki.Load(dir, Site); err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.NewTextHandler(s.Log, nil))
	s.Hub, err = fleet.New(t.Context(), fleet.Options{
		Store: s.Store, Site: Site, Name: "Clos Saint-Marc", Key: s.Keys.Hub, SiteKey: s.Keys.SiteKey, Log: log,
		Releases:    release.NewShelf(dir),
		RowsChanged: func() <-chan struct{} { return s.Store.Changed(store.RowsChanged) },
	})
	if err != nil {
		t.Fatal(err)
	}
	s.serve(change, log)
	return s
}

func (s *Stand) serve(change func(*web.Options), log *slog.Logger) {
	s.t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.Addr = l.Addr().String()
	s.URL = "https://" + s.Addr
	s.Store.UseHome(s.URL)
	ctx, cancel := context.WithCancel(context.WithoutCancel(s.t.Context()))
	ended := make(chan error, 1)
	o := web.Options{
		Hub: s.Hub, Store: s.Store, CA: s.Keys.CA, MQTT: "127.0.0.1:8883", Hosts: []string{"localhost"}, URL: s.URL,
		TLS: s.Keys.Server([]string{"127.0.0.1", "localhost"}), Log: log, Now: s.Now,
		Changed: func() <-chan struct{} { return s.Store.Changed(store.Written) },
		Issue: func(terminal string, key ed25519.PublicKey) (*x509.Certificate, error) {
			return s.Keys.Client(terminal, "terminal", key)
		},
	}
	change(&o)
	go func() { ended <- web.Serve(ctx, l, o) }()
	s.t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			s.t.Errorf("serve: %v", err)
		}
	})
}

// Now is the time at the stand.
func (s *Stand) Now() time.Time {
	s.mu.Lock()
	defer s.mu.Unlock()
	return time.Now().Add(s.add)
}

// Zone is the time zone of the stand's site.
func (s *Stand) Zone() *time.Location {
	s.t.Helper()
	var site access.Site
	s.Read(func(tx fleet.Tx) (err error) {
		site, err = access.Settings(tx.Tx.Tx)
		return err
	})
	return site.Location()
}

// Advance puts the stand's clock forward.
func (s *Stand) Advance(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.add += d
}

// Write runs a command as the system.
func (s *Stand) Write(fn func(fleet.Tx) error) {
	s.t.Helper()
	if err := s.Store.Write(s.t.Context(), audit.Actor{Kind: audit.System, ID: "test"}, fn); err != nil {
		s.t.Fatal(err)
	}
}

// Read looks into the store.
func (s *Stand) Read(fn func(fleet.Tx) error) {
	s.t.Helper()
	if err := s.Store.Read(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

// AddPerson makes an active account.
func (s *Stand) AddPerson(n people.New) (a people.Account) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) (err error) {
		a, err = people.Add(tx.Tx.Tx.Tx, n)
		return err
	})
	return a
}

// TLS is what a client needs to trust the hub.
func (s *Stand) TLS() *tls.Config {
	pool := x509.NewCertPool()
	pool.AddCert(s.Keys.CA)
	return &tls.Config{RootCAs: pool}
}

// Lines keeps what a log says.
type Lines struct {
	mu   sync.Mutex // guards text
	text []byte
}

func (l *Lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.text = append(l.text, p...)
	return len(p), nil
}

func (l *Lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return string(l.text)
}
