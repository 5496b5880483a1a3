package kiosk

import (
	"bytes"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"net/http"
	"path"
	"strings"
)

//go:embed assets
var assets embed.FS

func (k *Kiosk) show(page string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := k.points[r.PathValue("point")]
		if p == nil {
			k.fail(w, http.StatusNotFound)
			return
		}
		s, _ := k.panel.Screen(p.name)
		if s.Session == "" && page != pageHome && page != pageEnded {
			http.Redirect(w, r, basePath(p.name), http.StatusSeeOther)
			return
		}
		if page == pageEdit {
			k.touch(r.Context(), p, s.Session)
			s, _ = k.panel.Screen(p.name)
		}
		k.write(w, http.StatusOK, "page", k.view(p, s, page))
	}
}

// fragment is the part of a page that changes, for the script: the page asked for
// while its session lasts, or else home. 204: the page is still right.
func (k *Kiosk) fragment(w http.ResponseWriter, r *http.Request) {
	p := k.points[r.PathValue("point")]
	if p == nil {
		k.fail(w, http.StatusNotFound)
		return
	}
	q := r.URL.Query()
	s, _ := k.panel.Screen(p.name)
	page := pageHome
	if asked := q.Get("page"); q.Get("session") == s.Session && (asked == pageEdit || asked == pageSaved) {
		page = asked
	}
	v := k.view(p, s, page)
	if q.Get("v") == v.Version {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	k.write(w, http.StatusOK, "view", v)
}

func (k *Kiosk) write(w http.ResponseWriter, status int, name string, data any) {
	var b bytes.Buffer
	if err := k.pages.ExecuteTemplate(&b, name, data); err != nil {
		k.log.Error("make a page of the panel", "page", name, "err", err)
		http.Error(w, http.StatusText(http.StatusInternalServerError), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(b.Bytes()) // the browser has gone: nobody to tell
}

// failure is a page for somebody who may not see the panel, or who is lost. It is
// in both languages: nothing is known of who reads it.
type failure struct{ Key, CSS string }

// Langs is the message in each language.
func (f failure) Langs() []view {
	return []view{{p: printer("fr"), Lang: "fr"}, {p: printer("en"), Lang: "en"}}
}

func (k *Kiosk) fail(w http.ResponseWriter, status int) {
	key := "error.closed"
	switch status {
	case http.StatusNotFound:
		key = "error.missing"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		key = "error.form"
	}
	k.write(w, status, "failure", failure{key, assetURL("kiosk.css")})
}

// The files that a page refers to. Their address has a hash of what is in them.
var assetTypes = map[string]string{
	"kiosk.css": "text/css; charset=utf-8",
	"kiosk.js":  "text/javascript; charset=utf-8",
	"icon.svg":  "image/svg+xml",
}

func assetURL(name string) string {
	b, _ := assets.ReadFile(path.Join("assets", name)) // a test asks for each
	sum := sha256.Sum256(b)
	return "/static/" + name + "?v=" + hex.EncodeToString(sum[:6])
}

func serveAsset(w http.ResponseWriter, r *http.Request) {
	name := r.PathValue("file")
	kind, ok := assetTypes[name]
	b, err := assets.ReadFile(path.Join("assets", name))
	if !ok || err != nil {
		http.NotFound(w, r)
		return
	}
	w.Header().Set("Content-Type", kind)
	if strings.HasSuffix(assetURL(name), "?v="+r.URL.Query().Get("v")) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(b) // the browser has gone: nobody to tell
}
