package web_test

import (
	"bytes"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"

	"badged/sync/hub/web"
	"badged/sync/hub/web/page"
	"badged/sync/hub/web/webtest"
)

// public are the routes that anybody may use. Each was thought about.
var public = []string{
	"GET /{$}", "POST /connexion", "GET /aide/connexion", "GET /confidentialite", "GET /oublie", "POST /oublie", "GET /creer", "POST /creer", "GET /nouveau", "POST /nouveau",
	"GET /nouveau/cree", "POST /nouveau/pin", "GET /lien/{token}", "GET /lien", "POST /lien", "GET /mot-de-passe", "POST /mot-de-passe", "POST /langue", "GET /aide/certificat", "GET /aide/certificat/ca.crt",
}

func TestTexts(t *testing.T) {
	parts := web.Parts(web.Options{})
	webtest.Texts(t, parts[len(parts)-1])
}

func TestEveryAnswerHasTheHeaders(t *testing.T) {
	s := webtest.New(t)
	b := s.Browser()
	for _, path := range []string{"/", "/aide/certificat", "/nothing", "/static/site.css", "/nouvelles"} {
		p := b.Open(path)
		for name, want := range map[string]string{
			"Content-Security-Policy": "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
			"Cache-Control":           "no-store",
			"Referrer-Policy":         "no-referrer",
			"X-Content-Type-Options":  "nosniff",
		} {
			if got := p.Header.Get(name); got != want {
				t.Errorf("%s: %s is %q, want %q", path, name, got, want)
			}
		}
	}
}

var (
	sheetLink = regexp.MustCompile(`href="(/static/font\.css[^"]*)"`)
	fontFile  = regexp.MustCompile(`url\("([^"]+\.woff2[^"]*)"\)`)
)

// Issue 7, 1.1: the hub's pages have the panel's font, and bring it along.
func TestPagesBringTheirFontAlong(t *testing.T) {
	b := webtest.New(t).Browser()
	link := sheetLink.FindStringSubmatch(b.Open("/").Body)
	if link == nil {
		t.Fatal("the page asks for no font")
	}
	sheet := b.Open(link[1]).Body
	files := fontFile.FindAllStringSubmatch(sheet, -1)
	if len(files) != 4 || strings.Count(sheet, `font-family: "Source Sans 3"`) != 4 {
		t.Errorf("the sheet is %s", sheet)
	}
	for _, f := range files {
		if p := b.Open(f[1]); p.Status != http.StatusOK || p.Header.Get("Content-Type") != "font/woff2" || !strings.HasPrefix(p.Body, "wOF2") {
			t.Errorf("%s: %d, %s", f[1], p.Status, p.Header.Get("Content-Type"))
		}
	}
	if !strings.Contains(b.Open("/static/site.css").Body, `font-family: "Source Sans 3",`) {
		t.Error("the pages are set in another font")
	}
}

func TestTheWebSpeaksHTTP2(t *testing.T) {
	s := webtest.New(t)
	resp, err := s.Browser().Client.Get(s.URL + "/")
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if resp.ProtoMajor != 2 {
		t.Errorf("it speaks %s", resp.Proto)
	}
}

// A name that is not the hub's own, of somebody who lets it resolve to the hub, gets no page.
func TestAForeignHostGetsNothing(t *testing.T) {
	s := webtest.New(t)
	b := s.Browser()
	for host, want := range map[string]int{
		"localhost": 200, "LOCALHOST:8443": 200, "127.0.0.1": 200, "localhost.": 200, "evil.example": 421, "127.0.0.2": 421, "localhost.evil.example": 421, "[::1]": 421,
	} {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Host = host
		if p := b.Do(req); p.Status != want {
			t.Errorf("as %s: %d, want %d", host, p.Status, want)
		}
	}
}

// A form is taken from pages of the hub only. A request that says nothing of where it comes
// from is not from a browser that the web is for.
func TestAFormFromElsewhereIsRefused(t *testing.T) {
	s := webtest.New(t)
	for name, c := range map[string]struct {
		header map[string]string
		want   int
	}{
		"own":                     {map[string]string{"Sec-Fetch-Site": "same-origin"}, 303},
		"own, an old browser":     {map[string]string{"Origin": s.URL}, 303},
		"neither header":          {nil, 403},
		"another site":            {map[string]string{"Sec-Fetch-Site": "cross-site", "Origin": "https://evil.example"}, 403},
		"a sister site":           {map[string]string{"Sec-Fetch-Site": "same-site"}, 403},
		"another, an old browser": {map[string]string{"Origin": "https://evil.example"}, 403},
		"an origin without name":  {map[string]string{"Origin": "null"}, 403},
		"another port":            {map[string]string{"Origin": "https://127.0.0.1:1"}, 403},
	} {
		b := s.Browser()
		b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/langue", strings.NewReader("lang=en&to=/"))
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		for k, v := range c.header {
			req.Header.Set(k, v)
		}
		if p := b.Do(req); p.Status != c.want {
			t.Errorf("%s: %d, want %d", name, p.Status, c.want)
		}
	}
}

func TestNoRedirectLeadsAway(t *testing.T) {
	s := webtest.New(t)
	b := s.Browser()
	b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	for to, want := range map[string]string{
		"/aide/certificat?x=1": "/aide/certificat?x=1", "https://evil.example": "/", "//evil.example": "/", "/\\evil.example": "/", "\t//evil.example": "/", "": "/",
		"/a\r\nSet-Cookie: x=y": "/", "javascript:alert(1)": "/", "/" + strings.Repeat("x", 3000): "/",
	} {
		p := b.Post("/langue", url.Values{"lang": {"en"}, "to": {to}})
		if got := p.Header.Get("Location"); got != want {
			t.Errorf("to %.40q leads to %q, want %q", to, got, want)
		}
	}
}

func TestALargeFormIsRefused(t *testing.T) {
	s := webtest.New(t)
	b := s.Browser()
	p := b.Post("/langue", url.Values{"lang": {"en"}, "to": {strings.Repeat("x", 10<<20)}})
	p.Is(http.StatusRequestEntityTooLarge).Shows("Rien n’a été changé")
}

func TestErrorPagesSayWhatToDo(t *testing.T) {
	broken := page.Part{Name: "broken", Layout: page.Narrow, Routes: []page.Route{
		{Method: "GET", Path: "/panic", Right: page.Anyone, Handle: func(*page.Request) (page.Reply, error) { panic("x") }},
		{Method: "GET", Path: "/failed", Right: page.Anyone, Handle: func(*page.Request) (page.Reply, error) { return page.Reply{}, bytes.ErrTooLarge }},
	}}
	s := webtest.New(t, broken)
	for lang, text := range map[string]string{"fr": "Revenez en arrière", "en": "Go back"} {
		b := s.Browser()
		b.Lang = lang
		b.Open("/nothing").Is(404).Shows(text)
	}
	s.Browser().Open("/failed").Is(500).Shows("Réessayez dans une minute").Hides("too large")
	s.Browser().Open("/panic").Is(500)
	if log := s.Log.String(); !strings.Contains(log, "too large") || !strings.Contains(log, "a page broke") {
		t.Errorf("the log does not tell why: %s", log)
	}
	s.Browser().Open("/failed").Is(500) // the hub goes on
}

// The language is that of the account, else the one that was chosen, else the browser's.
func TestThePageSpeaksTheBrowsersLanguage(t *testing.T) {
	s := webtest.New(t)
	b := s.Browser()
	for accept, want := range map[string]string{"fr-CH, en;q=0.5": "fr", "en-GB,en": "en", "de-DE,de;q=0.9,fr;q=0.8": "fr", "de": "en"} {
		b.Lang = accept
		if p := b.Open("/aide/certificat"); !strings.Contains(p.Body, `lang="`+want+`"`) {
			t.Errorf("%s is answered in another language than %s", accept, want)
		}
	}
	b.Lang = "fr"
	p := b.Open("/aide/certificat?x=1").Press("English")
	if p.Path != "/aide/certificat?x=1" {
		t.Errorf("the switch of language leads to %s", p.Path)
	}
	p.Shows("Trust this hub")
	b.Open("/aide/certificat").Shows("Trust this hub").Press("Français").Shows("Faire confiance")
}

// The page shows the fingerprint that badgehub prints, and gives the file.
func TestTheCertificateCanBeTrusted(t *testing.T) {
	s := webtest.New(t)
	p := s.Browser().Open("/aide/certificat").Is(200).Shows(web.Fingerprint(s.Keys.CA))
	file := s.Browser().Open(p.Link("Télécharger le certificat")).Is(200)
	if !strings.Contains(file.Body, "BEGIN CERTIFICATE") || file.Header.Get("Content-Type") != "application/x-x509-ca-cert" {
		t.Errorf("the file is %s: %.40s", file.Header.Get("Content-Type"), file.Body)
	}
}

// Every route of the product has been given its right on purpose.
func TestPublicRoutesAreThoseThatWereChosen(t *testing.T) {
	left := make(map[string]bool)
	for _, r := range public {
		left[r] = true
	}
	for _, part := range web.Parts(web.Options{}) {
		for _, r := range part.Routes {
			name := r.Method + " " + r.Path
			switch {
			case r.Right == page.Anyone && !left[name]:
				t.Errorf("anybody may use %s: if that is meant, name it in this test", name)
			case strings.HasPrefix(r.Path, "/moi") && r.Right != page.SignedIn:
				t.Errorf("%s of my space needs the right %s, not that of who is logged in", name, r.Right)
			case (r.Path == "/g" || strings.HasPrefix(r.Path, "/g/")) && (r.Right == page.Anyone || r.Right == page.SignedIn):
				t.Errorf("%s of management is open to all", name)
			}
			delete(left, name)
		}
	}
	for name := range left {
		t.Errorf("there is no public route %s any more", name)
	}
}
