package kiosk

import (
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
)

// serveWithStatus starts a panel with a technician's page, and gives the query that opens it.
func serveWithStatus(t *testing.T) (*visitor, string) {
	t.Helper()
	page := http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { _, _ = w.Write([]byte("all the readers")) })
	k := New(Options{Panel: newDesk(), Points: []string{"hall"}, Log: slog.New(slog.DiscardHandler), Status: page})
	srv := httptest.NewServer(k.Handler())
	t.Cleanup(srv.Close)
	v := newVisitor(t, srv.URL)
	v.get(strings.TrimPrefix(k.URL(srv.Listener.Addr().String(), "hall"), srv.URL))
	v.get("/p/hall").wants(t, http.StatusOK)
	u, err := url.Parse(k.StatusURL(srv.Listener.Addr().String()))
	if err != nil {
		t.Fatal(err)
	}
	return v, u.RawQuery
}

// Issue 10, 6: the technician's page needs a token of its own. The panel's browser, which
// anybody touches, does not have it, and neither opens what the other does.
func TestTheTechniciansPageHasATokenOfItsOwn(t *testing.T) {
	v, query := serveWithStatus(t)
	technician := newVisitor(t, v.server)
	panels := v.client.Jar.Cookies(must(url.Parse(v.server)))[0].Value
	for _, path := range []string{"/status", "/status/", "/status/static/status.css", "/status?t=", "/status?t=" + panels} {
		v.get(path).wants(t, http.StatusForbidden)
		technician.get(path).wants(t, http.StatusForbidden)
	}
	in := technician.get("/status?" + query)
	in.leads(t, "/status")
	for _, want := range []string{"HttpOnly", "SameSite=Strict", "Path=/status"} {
		if !strings.Contains(in.header.Get("Set-Cookie"), want) {
			t.Errorf("the cookie lacks %s", want)
		}
	}
	technician.get("/status").wants(t, http.StatusOK, "all the readers")
	technician.get("/status/static/x").wants(t, http.StatusOK)
	technician.get("/p/hall").wants(t, http.StatusForbidden)
	technician.get("/?"+query).wants(t, http.StatusForbidden)
	technician.post("/status", nil).wants(t, http.StatusNotFound)
	r := technician.request(http.MethodGet, "/status", nil)
	r.Host = "evil.example"
	technician.do(r).wants(t, http.StatusMisdirectedRequest)
}

// A kiosk without the page has no address of it.
func TestNoTechniciansPage(t *testing.T) {
	k, v := serve(t, newDesk())
	if u := k.StatusURL("127.0.0.1:1"); u != "" {
		t.Errorf("it is at %q", u)
	}
	v.get("/status").wants(t, http.StatusForbidden)
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
