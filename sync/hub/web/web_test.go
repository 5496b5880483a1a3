package web_test

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/pki"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
	"badged/sync/hub/web"
	"badged/sync/identity"
)

const site = "site-test"

// stand is a web server of a hub.
type stand struct {
	db   *store.Store
	hub  *fleet.Hub
	keys *pki.Keys
	addr string
}

func serve(t *testing.T) stand {
	t.Helper()
	dir := t.TempDir()
	st, err := sqlite.Open(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { st.Close() })
	keys, err := pki.Load(dir, site)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	h, err := fleet.New(t.Context(), fleet.Options{
		Store: st, Site: site, Name: "Test", Key: keys.Hub, SiteKey: keys.SiteKey, Log: log,
		RowsChanged: func() <-chan struct{} { return st.Changed(store.RowsChanged) },
	})
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error)
	go func() {
		ended <- web.Serve(ctx, l, web.Options{
			Hub: h, CA: keys.CA, MQTT: "127.0.0.1:8883", TLS: keys.Server([]string{"127.0.0.1"}), Log: log,
			Issue: func(terminal string, key ed25519.PublicKey) (*x509.Certificate, error) {
				return keys.Client(terminal, "terminal", key)
			},
		})
	}()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Errorf("serve: %v", err)
		}
	})
	return stand{st, h, keys, l.Addr().String()}
}

func (s stand) token(t *testing.T, name string) identity.Token {
	t.Helper()
	token, err := identity.NewToken(site, name, s.addr, s.keys.CA)
	if err != nil {
		t.Fatal(err)
	}
	err = s.db.Write(t.Context(), audit.Actor{Kind: audit.System}, func(tx fleet.Tx) error { return fleet.AddTerminal(tx, name, token.Secret, true) })
	if err != nil {
		t.Fatal(err)
	}
	return token
}

func TestATerminalJoins(t *testing.T) {
	s := serve(t)
	token := s.token(t, "hall")
	id, err := identity.Join(t.Context(), token, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if id.Site != site || id.Terminal != "hall" || id.MQTT != "127.0.0.1:8883" || !id.HubKey.Equal(s.hub.Public()) ||
		id.SiteKey.Reveal() != s.hub.SiteKey().Reveal() {
		t.Errorf("joined as %v", id)
	}
	if !s.hub.Knows(t.Context(), "hall", id.Key.Public().(ed25519.PublicKey)) {
		t.Error("the hub does not know its terminal")
	}
	if _, err := identity.Join(t.Context(), token, t.TempDir()); !errors.Is(err, identity.ErrTokenUsed) {
		t.Errorf("a used token: %v", err)
	}
}

func TestBadTokensAreToldApart(t *testing.T) {
	s := serve(t)
	old := s.token(t, "hall")
	s.token(t, "hall") // replaces it
	if _, err := identity.Join(t.Context(), old, t.TempDir()); !errors.Is(err, identity.ErrTokenUnknown) {
		t.Errorf("a replaced token: %v", err)
	}
	stranger, err := pki.Load(t.TempDir(), site)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := identity.NewToken(site, "hall", s.addr, stranger.CA)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := identity.Join(t.Context(), wrong, t.TempDir()); !errors.Is(err, identity.ErrWrongCA) {
		t.Errorf("another hub's token: %v", err)
	}
	borrowed := s.token(t, "front")
	borrowed.Terminal = "hall"
	if _, err := identity.Join(t.Context(), borrowed, t.TempDir()); err == nil {
		t.Error("a token of front made a hall")
	}
}

func (s stand) client() *http.Client {
	pool := x509.NewCertPool()
	pool.AddCert(s.keys.CA)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: pool}, DisableKeepAlives: true}}
}

func TestNothingElseIsPublic(t *testing.T) {
	s := serve(t)
	c := s.client()
	for path, want := range map[string]int{
		"/": http.StatusOK, "/v1/terminals": http.StatusNotFound, "/v1/join": http.StatusMethodNotAllowed, "/../hub.db": http.StatusNotFound,
	} {
		resp, err := c.Get("https://" + s.addr + path)
		if err != nil {
			t.Fatal(err)
		}
		body, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != want || path == "/" && !strings.Contains(string(body), "badged hub") {
			t.Errorf("%s: %s", path, resp.Status)
		}
	}
}

func TestHostileRequestsAreRefused(t *testing.T) {
	s := serve(t)
	c := s.client()
	for i, body := range []string{
		"", "{", "[]", `{"secret":"AAAA","csr":"x"}`, `{"secret":"AAAAAAAAAAAAAAAAAAAAAA==","csr":"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"}`,
		`{"csr":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		resp, err := c.Post("https://"+s.addr+identity.JoinPath, "application/json", strings.NewReader(body))
		if err != nil {
			continue // the server hung up on a body that is too large
		}
		resp.Body.Close()
		if resp.StatusCode != http.StatusBadRequest {
			t.Errorf("%d: %s", i, resp.Status)
		}
	}
}

func TestJoiningIsRateLimited(t *testing.T) {
	s := serve(t)
	c := s.client()
	last := 0
	for range 25 {
		resp, err := c.Post("https://"+s.addr+identity.JoinPath, "application/json", strings.NewReader("{}"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		last = resp.StatusCode
	}
	if last != http.StatusTooManyRequests {
		t.Errorf("after 25 tries: %d", last)
	}
}

// The join server is open to the whole network: a flood of silent connections costs a
// fixed amount, and keeps no terminal out.
func TestConnectionsAreBounded(t *testing.T) {
	s := serve(t)
	var first net.Conn
	for range 257 {
		c, err := net.Dial("tcp", s.addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if first == nil {
			first = c
		}
	}
	resp, err := s.client().Get("https://" + s.addr + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	_ = first.SetReadDeadline(time.Now().Add(5 * time.Second)) // without the bound it would be held for readTimeout, 10 s
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the oldest of 257 silent connections is still held: %v", err)
	}
}
