package kiosk

import (
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io"
	"net/http"
	"path"
	"strings"
)

//go:embed assets/kiosk.css assets/kiosk.js assets/icon.svg
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
			http.Redirect(w, r, string(basePath(p.name)), http.StatusSeeOther)
			return
		}
		if page == pageEdit {
			k.touch(r.Context(), p, s.Session)
			s, _ = k.panel.Screen(p.name)
		}
		write(w, http.StatusOK, k.view(p, s, page).document())
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
	write(w, http.StatusOK, v.main())
}

func write(w http.ResponseWriter, status int, page markup) {
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, string(page)) // the browser has gone: nobody to tell
}

// fail answers somebody who may not see the panel, or who is lost.
func (k *Kiosk) fail(w http.ResponseWriter, status int) {
	key := "error.closed"
	switch status {
	case http.StatusNotFound:
		key = "error.missing"
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge:
		key = "error.form"
	}
	write(w, status, failure(key))
}

// The files that a page refers to. Their address has a hash of what is in them.
const (
	sheetFile  = "kiosk.css"
	scriptFile = "kiosk.js"
	iconFile   = "icon.svg"
)

var assetTypes = map[string]string{
	sheetFile:  "text/css; charset=utf-8",
	scriptFile: "text/javascript; charset=utf-8",
	iconFile:   "image/svg+xml",
}

func assetURL(name string) address {
	b, _ := assets.ReadFile(path.Join("assets", name)) // a test asks for each
	sum := sha256.Sum256(b)
	return address("/static/" + name + "?v=" + hex.EncodeToString(sum[:6]))
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
	if strings.HasSuffix(string(assetURL(name)), "?v="+r.URL.Query().Get("v")) {
		w.Header().Set("Cache-Control", "public, max-age=31536000, immutable")
	}
	_, _ = w.Write(b) // the browser has gone: nobody to tell
}
