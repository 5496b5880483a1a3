package web_test

import (
	"crypto/ed25519"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/pki"
	"badged/sync/hub/web/webtest"
	"badged/sync/identity"
)

// stand is a web server of a hub, at which terminals join.
type stand struct{ *webtest.Stand }

func serve(t *testing.T) stand {
	t.Helper()
	return stand{webtest.New(t)}
}

func (s stand) token(t *testing.T, name string) identity.Token {
	t.Helper()
	token, err := identity.NewToken(webtest.Site, name, s.Addr, s.Keys.CA)
	if err != nil {
		t.Fatal(err)
	}
	s.Write(func(tx fleet.Tx) error { return fleet.AddTerminal(tx, name, token.Secret, true) })
	return token
}

func TestATerminalJoins(t *testing.T) {
	s := serve(t)
	token := s.token(t, "hall")
	id, err := identity.Join(t.Context(), token, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if id.Site != webtest.Site || id.Terminal != "hall" || id.MQTT != "127.0.0.1:8883" || !id.HubKey.Equal(s.Hub.Public()) ||
		id.SiteKey.Reveal() != s.Hub.SiteKey().Reveal() {
		t.Errorf("joined as %v", id)
	}
	if !s.Hub.Knows(t.Context(), "hall", id.Key.Public().(ed25519.PublicKey)) {
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
	stranger, err := pki.Load(t.TempDir(), webtest.Site)
	if err != nil {
		t.Fatal(err)
	}
	wrong, err := identity.NewToken(webtest.Site, "hall", s.Addr, stranger.CA)
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

// client joins as terminals do, which are no browsers.
func (s stand) client() *http.Client {
	return &http.Client{Transport: &http.Transport{TLSClientConfig: s.TLS(), DisableKeepAlives: true}}
}

func TestHostileRequestsAreRefused(t *testing.T) {
	s := serve(t)
	c := s.client()
	for i, body := range []string{
		"", "{", "[]", `{"secret":"AAAA","csr":"x"}`, `{"secret":"AAAAAAAAAAAAAAAAAAAAAA==","csr":"-----BEGIN CERTIFICATE REQUEST-----\nAAAA\n-----END CERTIFICATE REQUEST-----"}`,
		`{"csr":"` + strings.Repeat("x", 1<<20) + `"}`,
	} {
		resp, err := c.Post(s.URL+identity.JoinPath, "application/json", strings.NewReader(body))
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
		resp, err := c.Post(s.URL+identity.JoinPath, "application/json", strings.NewReader("{}"))
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
		c, err := net.Dial("tcp", s.Addr)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if first == nil {
			first = c
		}
	}
	resp, err := s.client().Get(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	_ = first.SetReadDeadline(time.Now().Add(5 * time.Second)) // without the bound it would be held for readTimeout, 10 s
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the oldest of 257 silent connections is still held: %v", err)
	}
}
