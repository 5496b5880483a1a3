package kiosk

import (
	"context"
	"errors"
	"net"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func TestTokenOpensThePanel(t *testing.T) {
	k, v := serve(t, newDesk())
	stranger := newVisitor(t, v.server)
	for _, path := range []string{"/", "/p/hall", "/p/hall/edit", "/p/hall/view", "/p/hall/events", "/nothing", "/?t=&point=hall", "/?t=guess&point=hall"} {
		stranger.get(path).wants(t, http.StatusForbidden, "Ce panneau n’est pas ouvert ici", "This panel is not open here", "badgectl panel")
	}
	u, err := url.Parse(k.URL(strings.TrimPrefix(v.server, "http://"), "hall"))
	if err != nil {
		t.Fatal(err)
	}
	if len(u.Query().Get("t")) < 22 {
		t.Fatal("the token has less than 128 bits")
	}
	in := stranger.get("/?" + u.RawQuery)
	in.leads(t, "/p/hall")
	c := in.header.Get("Set-Cookie")
	for _, want := range []string{"badged_" + u.Port() + "=", "HttpOnly", "SameSite=Strict", "Path=/"} {
		if !strings.Contains(c, want) {
			t.Errorf("the cookie lacks %s", want)
		}
	}
	stranger.get("/p/hall").wants(t, http.StatusOK, "Présentez votre badge")
	stranger.get("/").leads(t, "/p/hall")
	stranger.get("/?point=nowhere").wants(t, http.StatusNotFound)
}

func TestTokensOfTwoKiosksDiffer(t *testing.T) {
	a, b := New(Options{Panel: newDesk()}), New(Options{Panel: newDesk()})
	if a.URL("127.0.0.1:1", "hall") == b.URL("127.0.0.1:1", "hall") {
		t.Fatal("two kiosks have the same token")
	}
	if a.guard.formToken("hall", "x") == b.guard.formToken("hall", "x") {
		t.Fatal("two kiosks make the same form token")
	}
	if a.guard.formToken("hall", "x") == a.guard.formToken("desk", "x") {
		t.Fatal("a form token is good for two points")
	}
}

func TestForeignNamesOfThisMachineAreRefused(t *testing.T) {
	_, v := serve(t, newDesk())
	for host, status := range map[string]int{
		"evil.example": http.StatusMisdirectedRequest, "evil.example:80": http.StatusMisdirectedRequest,
		"192.168.1.7:8631": http.StatusMisdirectedRequest, "localhost.evil.example": http.StatusMisdirectedRequest,
		"127.0.0.1.evil.example": http.StatusMisdirectedRequest, "": http.StatusMisdirectedRequest,
		"localhost:8631": http.StatusForbidden, "[::1]:8631": http.StatusForbidden, "127.0.0.1": http.StatusForbidden,
	} {
		r := v.request(http.MethodGet, "/p/hall", nil)
		if r.Host = host; host == "" {
			r.Host = "-"
		}
		if got := v.do(r).status; got != status {
			t.Errorf("host %q: status %d, want %d", host, got, status)
		}
	}
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	_, v := serve(t, newDesk())
	stranger := newVisitor(t, v.server)
	for name, a := range map[string]answer{
		"page": v.get("/p/hall"), "fragment": v.get("/p/hall/view"), "forbidden": stranger.get("/p/hall"),
		"missing": v.get("/nothing"), "bad form": v.post("/p/hall/edit", nil),
	} {
		for key, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"X-Content-Type-Options":  "nosniff",
			"X-Frame-Options":         "DENY",
			"Referrer-Policy":         "same-origin",
			"Cache-Control":           "no-store",
		} {
			if got := a.header.Get(key); got != want {
				t.Errorf("%s: %s is %q, want %q", name, key, got, want)
			}
		}
	}
}

func TestFrameAncestorsCanBeNamed(t *testing.T) {
	k := New(Options{Panel: newDesk(), FrameAncestors: "http://127.0.0.1:9000"})
	h := http.Header{}
	k.guard.headers(h)
	if !strings.HasSuffix(h.Get("Content-Security-Policy"), "frame-ancestors http://127.0.0.1:9000") || h.Get("X-Frame-Options") != "" {
		t.Errorf("headers %v", h)
	}
}

func TestFormsFromElsewhereAreRefused(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	good := fill(v.get("/p/hall/edit"), "name", "Ada", "lang", "fr")
	for name, tamper := range map[string]func(*http.Request){
		"other origin":   func(r *http.Request) { r.Header.Set("Origin", "http://127.0.0.1:1") },
		"null origin":    func(r *http.Request) { r.Header.Set("Origin", "null") },
		"cross site":     func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "cross-site") },
		"same site only": func(r *http.Request) { r.Header.Set("Sec-Fetch-Site", "same-site") },
		"foreign host":   func(r *http.Request) { r.Host = "evil.example" },
	} {
		r := v.request(http.MethodPost, "/p/hall/edit", good)
		tamper(r)
		if got := v.do(r).status; got != http.StatusForbidden && got != http.StatusMisdirectedRequest {
			t.Errorf("%s: status %d", name, got)
		}
	}
	newVisitor(t, v.server).post("/p/hall/edit", good).wants(t, http.StatusForbidden)
	for name, f := range map[string]url.Values{
		"no token":      {"session": good["session"], "lang": {"en"}},
		"wrong token":   {"session": good["session"], "form": {"x"}, "lang": {"en"}},
		"other session": {"session": {"session-2"}, "form": good["form"], "lang": {"en"}},
	} {
		for _, path := range []string{"edit", "signout", "touch", "lang"} {
			if got := v.post("/p/hall/"+path, f).status; got != http.StatusForbidden {
				t.Errorf("%s, %s: status %d", path, name, got)
			}
		}
	}
	if s, _ := d.Screen("hall"); len(d.saved()) != 0 || s.Session == "" {
		t.Error("a refused form did something")
	}
	v.post("/p/hall/edit", good).leads(t, "/p/hall/saved")
}

func TestLongBodiesAreCutOff(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	f := fill(v.get("/p/hall/edit"), "name", strings.Repeat("x", maxBody), "lang", "fr")
	v.post("/p/hall/edit", f).wants(t, http.StatusRequestEntityTooLarge, "Formulaire illisible", "Form not readable")
}

func TestTokenFile(t *testing.T) {
	path := filepath.Join(t.TempDir(), "kiosk.token")
	first, err := LoadToken(path, 1)
	if err != nil {
		t.Fatal(err)
	}
	fi, err := os.Stat(path)
	if err != nil || fi.Mode().Perm() != 0o600 {
		t.Fatalf("mode %v, %v; want 0600", fi.Mode(), err)
	}
	if again, err := LoadToken(path, 1); err != nil || again != first {
		t.Error("a restart makes another token: ", err)
	}
	if other, err := LoadToken(path, 2); err != nil || other == first {
		t.Error("another listener has the same token: ", err)
	}
	for name, spoil := range map[string]func() error{
		"readable by others": func() error { return os.Chmod(path, 0o644) },
		"empty":              func() error { return os.WriteFile(path, nil, 0o600) },
		"not base64":         func() error { return os.WriteFile(path, []byte(strings.Repeat("!", 43)), 0o600) },
	} {
		if err := spoil(); err != nil {
			t.Fatal(err)
		}
		now, err := LoadToken(path, 1)
		if err != nil || now == first || len(now) != 43 {
			t.Errorf("%s: the token was kept, or %v", name, err)
		}
		if fi, _ := os.Stat(path); fi.Mode().Perm() != 0o600 {
			t.Errorf("%s: mode %v", name, fi.Mode())
		}
		first = now
	}
	if err := os.WriteFile(path, []byte(strings.Repeat("x", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	if now, err := LoadToken(path, 1); err != nil || now == first || len(now) != 43 {
		t.Errorf("too long: the token was kept, or %v", err)
	}
	if _, err := LoadToken(t.TempDir(), 1); err == nil || !strings.Contains(err.Error(), "remove it") {
		t.Errorf("a directory: %v", err)
	}
	if _, err := LoadToken(filepath.Join(path, "x"), 1); err == nil {
		t.Error("a path through a file gives a token")
	}
}

// Whoever plants a token knows it, and would be let in by an agent that takes it.
func TestATokenThatSomebodyElsePutThereIsRefused(t *testing.T) {
	known := strings.Repeat("A", 43)
	for name, plant := range map[string]func(path string) error{
		"a file of another user": func(path string) error {
			if err := os.WriteFile(path, []byte(known), 0o600); err != nil || os.Geteuid() != 0 {
				return errors.Join(err, os.Rename(path, path+".real"), os.Symlink(path+".real", path)) // only root can give a file away
			}
			return os.Chown(path, 12345, -1)
		},
		"a link": func(path string) error {
			return errors.Join(os.WriteFile(path+".real", []byte(known), 0o600), os.Symlink(path+".real", path))
		},
		"in a folder that others can change": func(path string) error { return os.Chmod(filepath.Dir(path), 0o777) },
	} {
		path := filepath.Join(t.TempDir(), "kiosk.token")
		if err := plant(path); err != nil {
			t.Fatal(err)
		}
		token, err := LoadToken(path, 1)
		if err == nil || !strings.Contains(err.Error(), filepath.Dir(path)) || token != "" {
			t.Errorf("%s: taken, or %v", name, err)
		}
	}
}

func TestTokenOutlivesARestartOfTheAgent(t *testing.T) {
	d, token := newDesk(), newToken()
	before := New(Options{Panel: d, Points: []string{"hall"}, Token: token})
	after := New(Options{Panel: d, Points: []string{"hall"}, Token: token})
	if before.URL("127.0.0.1:1", "hall") != after.URL("127.0.0.1:1", "hall") {
		t.Error("the browser's token is not the agent's any more")
	}
	s, _ := d.Screen("hall")
	if before.version(s, 0) == after.version(s, 0) {
		t.Error("a page of the former agent passes for one of this agent")
	}
}

func TestServeTakesOnlyLoopback(t *testing.T) {
	ln, err := net.Listen("tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	err = New(Options{Panel: newDesk()}).Serve(t.Context(), ln)
	if err == nil || !strings.Contains(err.Error(), "loopback") {
		t.Errorf("error %v", err)
	}
}

func TestServeEndsWithItsContextThoughPagesListen(t *testing.T) {
	d := newDesk()
	k := New(Options{Panel: d, Points: []string{"hall"}})
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- k.Serve(ctx, ln) }()
	v := newVisitor(t, "http://"+ln.Addr().String())
	v.get(strings.TrimPrefix(k.URL(ln.Addr().String(), "hall"), v.server)).leads(t, "/p/hall")
	res, err := v.client.Get(v.server + "/p/hall/events")
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	cancel()
	if err := <-done; err != nil {
		t.Errorf("Serve: %v", err)
	}
	if d.watching() != 0 {
		t.Error("a stream is still watching")
	}
}

func TestPointsAreApart(t *testing.T) {
	d := newDesk()
	if got := basePath("first floor/é+"); got != "/p/first%20floor%2F%C3%A9+" {
		t.Errorf("base %s", got)
	}
	_, v := serve(t, d)
	v.get("/p/first%20floor%2F%C3%A9+").wants(t, http.StatusNotFound, "Page introuvable", "Page not found")
	for _, path := range []string{"/edit", "/view", "/events"} {
		v.get("/p/cellar"+path).wants(t, http.StatusNotFound)
	}
	v.post("/p/cellar/edit", url.Values{}).wants(t, http.StatusNotFound)
}

var _ Panel = (*desk)(nil)
