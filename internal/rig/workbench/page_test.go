package workbench

import (
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"strings"
	"testing"
)

// testPage is a page without a workbench behind it: enough for its guard.
func testPage(t *testing.T) *Page {
	t.Helper()
	p, err := NewPage("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	p.bench = &Workbench{dir: t.TempDir()}
	p.bench.hub = newHub(p.bench)
	p.bench.view.init()
	srv := &http.Server{Handler: p.handler()}
	served := make(chan struct{})
	go func() { defer close(served); _ = srv.Serve(p.ln) }()
	t.Cleanup(func() { srv.Close(); <-served })
	return p
}

func TestPageGuard(t *testing.T) {
	p := testPage(t)
	jar, _ := cookiejar.New(nil)
	guest, stranger := &http.Client{Jar: jar}, &http.Client{}
	tests := []struct {
		name, method, path string
		client             *http.Client
		header             [2]string
		want               int
	}{
		{"without the token", "GET", "/", stranger, [2]string{}, http.StatusForbidden},
		{"with a wrong token", "GET", "/?t=x", stranger, [2]string{}, http.StatusForbidden},
		{"with the address that was printed", "GET", p.URL()[len(p.Origin()):], guest, [2]string{}, http.StatusOK},
		{"with the cookie", "GET", "/style.css", guest, [2]string{}, http.StatusOK},
		{"under a foreign name", "GET", "/", guest, [2]string{"Host", "evil.example"}, http.StatusMisdirectedRequest},
		{"a deed from a foreign page", "POST", "/do/tap", guest, [2]string{"Origin", "http://evil.example"}, http.StatusForbidden},
		{"a deed that there is not", "POST", "/do/fly", guest, [2]string{}, http.StatusNotFound},
		{"a deed that says nothing", "POST", "/do/tap", guest, [2]string{"Empty", "1"}, http.StatusBadRequest},
		{"a badge that there is not", "POST", "/do/tap", guest, [2]string{}, http.StatusConflict},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			body := strings.NewReader(`{"badge":"99"}`)
			if tt.header[0] == "Empty" {
				body = strings.NewReader("")
			}
			req, err := http.NewRequest(tt.method, p.Origin()+tt.path, body)
			if err != nil {
				t.Fatal(err)
			}
			if tt.header[0] == "Host" {
				req.Host = tt.header[1]
			} else if tt.header[0] != "" {
				req.Header.Set(tt.header[0], tt.header[1])
			}
			resp, err := tt.client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			text, _ := io.ReadAll(resp.Body)
			if resp.StatusCode != tt.want {
				t.Errorf("%d %s, want %d", resp.StatusCode, text, tt.want)
			}
			if csp := resp.Header.Get("Content-Security-Policy"); !strings.HasPrefix(csp, "default-src 'none'") {
				t.Errorf("the policy is %q", csp)
			}
		})
	}
}

// TestServerIsStopped holds that a visitor hears of nothing inside: the page has words
// for what it is told.
func TestServerIsStopped(t *testing.T) {
	p := testPage(t)
	jar, _ := cookiejar.New(nil)
	guest := &http.Client{Jar: jar}
	resp, err := guest.Get(p.URL())
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	for _, verb := range []string{"member", "grant", "claim"} {
		resp, err := guest.Post(p.Origin()+"/do/"+verb, "application/json", strings.NewReader(`{"name":"Jeanne","account":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		text, _ := io.ReadAll(resp.Body)
		if got := strings.TrimSpace(string(text)); got != "server_stopped" || resp.StatusCode != http.StatusConflict {
			t.Errorf("%s: %d %s", verb, resp.StatusCode, got)
		}
	}
	words, err := web.ReadFile("web/words.js")
	if err != nil || strings.Count(string(words), "server_stopped: ") != 2 {
		t.Errorf("the page has no words for it in French and English: %v", err)
	}
}

func TestPageStaysOnLoopback(t *testing.T) {
	for _, addr := range []string{"0.0.0.0:0", "[::]:0", ":0"} {
		if p, err := NewPage(addr, slog.New(slog.DiscardHandler)); err == nil {
			p.Close()
			t.Errorf("%s was taken", addr)
		}
	}
}

func TestWrongCodes(t *testing.T) {
	for _, tt := range [][2]string{{"7365", "0417"}, {"0000", "1111"}, {"0123", "1032"}} {
		got := wrong(tt[0], tt[1])
		for i := range got {
			if got[i] == tt[0][i] || got[i] == tt[1][i] || got[i] > '9' {
				t.Errorf("place %d is the same, or no digit", i)
			}
		}
	}
}
