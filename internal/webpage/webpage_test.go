package webpage

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"testing/fstest"
)

var site = fstest.MapFS{
	"pages/greeting.html": {Data: []byte(`<title>{{template "name" .}}</title><link rel="stylesheet" href="{{asset "a.css"}}">`)},
	"pages/name.html":     {Data: []byte(`{{.Name}}`)},
	"pages/broken.html":   {Data: []byte(`<p>{{.Name}}{{asset "none.css"}}`)},
	"assets/a.css":        {Data: []byte("p { color: red; }")},
	"assets/b.woff2":      {Data: []byte("wOF2")},
}

type person struct{ Name string }

func TestAPageEscapesWhatItShows(t *testing.T) {
	assets := NewAssets("/static/", site, "assets")
	w := httptest.NewRecorder()
	if err := NewPages(assets, site, "pages").Write(w, http.StatusTeapot, "greeting", person{"</title>\x00\xff<b>"}); err != nil {
		t.Fatal(err)
	}
	address, _ := assets.URL("a.css")
	want := "<title>&lt;/title&gt;\uFFFD\uFFFD&lt;b&gt;</title><link rel=\"stylesheet\" href=\"" + address + "\">"
	if w.Code != http.StatusTeapot || w.Body.String() != want {
		t.Errorf("%d %q, want %q", w.Code, w.Body, want)
	}
	if kind := w.Header().Get("Content-Type"); kind != "text/html; charset=utf-8" {
		t.Errorf("it is %q", kind)
	}
}

// A page that cannot be made is an error and nothing of it goes out.
func TestAPageIsWholeOrAnError(t *testing.T) {
	pages := NewPages(NewAssets("/static/", site, "assets"), site, "pages")
	for _, name := range []string{"broken", "none"} {
		w := httptest.NewRecorder()
		err := pages.Write(w, http.StatusOK, name, person{"Ada"})
		if err == nil || !strings.Contains(err.Error(), name) {
			t.Errorf("%s: the error is %v", name, err)
		}
		if w.Code != http.StatusInternalServerError || strings.Contains(w.Body.String(), "Ada") {
			t.Errorf("%s: %d %q", name, w.Code, w.Body)
		}
	}
}

func TestAnAssetIsKeptUnderItsAddressOnly(t *testing.T) {
	assets := NewAssets("/static/", site, "assets")
	for name, kind := range map[string]string{"a.css": "text/css; charset=utf-8", "b.woff2": "font/woff2"} {
		address, err := assets.URL(name)
		if err != nil {
			t.Fatal(err)
		}
		w := get(assets, address)
		if w.Body.String() != string(site["assets/"+name].Data) || w.Header().Get("Content-Type") != kind || !strings.Contains(w.Header().Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %q %v", address, w.Body, w.Header())
		}
		for _, other := range []string{"/static/" + name, "/static/" + name + "?v=" + strings.Repeat("0", 12)} {
			if w := get(assets, other); w.Code != http.StatusOK || w.Header().Get("Cache-Control") != "" {
				t.Errorf("%s: %d %v", other, w.Code, w.Header())
			}
		}
	}
	for _, none := range []string{"/static/", "/static/c.css", "/static/..%2fpages%2fname.html"} {
		if w := get(assets, none); w.Code != http.StatusNotFound {
			t.Errorf("%s: %d", none, w.Code)
		}
	}
}

func TestAnAddressChangesWithItsFile(t *testing.T) {
	other := fstest.MapFS{"assets/a.css": {Data: []byte("p { color: blue; }")}}
	one, _ := NewAssets("/static/", site, "assets").URL("a.css")
	two, _ := NewAssets("/static/", other, "assets").URL("a.css")
	if one == two || one == "" {
		t.Errorf("both are %q", one)
	}
}

// What is wrong with the embedded files shows when the program starts, in any test.
func TestBrokenFilesPanic(t *testing.T) {
	assets := NewAssets("/static/", site, "assets")
	for name, fn := range map[string]func(){
		"no folder":    func() { NewAssets("/static/", site, "none") },
		"no type":      func() { NewAssets("/static/", fstest.MapFS{"x/a.exe": {}}, "x") },
		"no templates": func() { NewPages(assets, site, "assets") },
		"no template":  func() { NewPages(assets, fstest.MapFS{"x/a.html": {Data: []byte("{{")}}, "x") },
	} {
		t.Run(name, func(t *testing.T) {
			defer func() {
				if recover() == nil {
					t.Error("nothing happened")
				}
			}()
			fn()
		})
	}
}

func get(h http.Handler, address string) *httptest.ResponseRecorder {
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, address, nil))
	return w
}
