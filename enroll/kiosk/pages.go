package kiosk

import (
	"embed"
	"net/http"
	"net/url"
	"slices"
	"strconv"

	"badged/internal/webpage"
)

//go:embed pages/*.html
var templates embed.FS

//go:embed assets
var files embed.FS

var (
	assets = webpage.NewAssets("/static/", files, "assets")
	pages  = webpage.NewPages(assets, templates, "pages")
)

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
		if page == pageEdit || page == pageNotice || page == pageService || page == pageServices || page == pageBadge {
			k.touch(r.Context(), p, s.Session)
			s, _ = k.panel.Screen(p.name)
		}
		k.write(w, http.StatusOK, "document", k.view(p, s, placeOf(page, r.URL.Query())))
	}
}

// keptPages stay while their session lasts, whatever changes.
var keptPages = []string{pageEdit, pageSaved, pageDelete, pageNotice, pageService, pageServices, pageBadge}

// placeOf is a page with what a request says it is about.
func placeOf(page string, q url.Values) place {
	service, _ := strconv.ParseUint(q.Get("id"), 10, 64) // 0 is none
	return place{page: page, from: parseJob(q.Get("from")), job: parseJob(q.Get("job")), service: service}
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
	at := placeOf(pageHome, q)
	if asked := q.Get("page"); q.Get("session") == s.Session && slices.Contains(keptPages, asked) {
		at.page = asked
	}
	v := k.view(p, s, at)
	if q.Get("v") == v.Version {
		w.WriteHeader(http.StatusNoContent)
		return
	}
	k.write(w, http.StatusOK, "main", v)
}

// write answers with a page: a template and what it shows.
func (k *Kiosk) write(w http.ResponseWriter, status int, page string, data any) {
	if err := pages.Write(w, status, page, data); err != nil {
		k.log.Error("show the panel", "err", err)
	}
}

// apology is what somebody reads of whom nothing is known, in one language.
type apology struct {
	Lang, Title, Text string
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
	var said []apology
	for _, l := range languages {
		p := printerFor(l.Code)
		said = append(said, apology{l.Code, p.Sprintf(key + ".title"), p.Sprintf(key + ".text")})
	}
	k.write(w, status, "failure", said)
}
