package kiosk

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"net/url"
	"strings"
)

// statusPath is where the technician's page is.
const statusPath = "/status"

// statusToken opens the technician's page. The panel's browser does not have it: whoever
// stands at the panel has no business there.
func statusToken(token string) string {
	m := hmac.New(sha256.New, []byte(token))
	m.Write([]byte("technician's page"))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil))
}

// StatusURL is where the technician's page is opened; empty: there is none. It carries a
// token, as URL does.
func (k *Kiosk) StatusURL(addr string) string {
	if !k.hasStatus {
		return ""
	}
	return "http://" + addr + statusPath + "?" + url.Values{"t": {k.guard.status}}.Encode()
}

// serveStatus puts the technician's page on the wire.
func (k *Kiosk) serveStatus(page http.Handler) {
	k.hasStatus = true
	k.mux.Handle("GET "+statusPath, k.enterStatus(page))
	k.mux.Handle("GET "+statusPath+"/", page)
}

// enterStatus takes the token out of the address and into a cookie, as enter does.
func (k *Kiosk) enterStatus(page http.Handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		q := r.URL.Query()
		switch {
		case !q.Has("t"):
			page.ServeHTTP(w, r)
		case !same(q.Get("t"), k.guard.status):
			k.fail(w, http.StatusForbidden)
		default:
			http.SetCookie(w, &http.Cookie{
				Name: cookieName(r) + "_status", Value: k.guard.status, Path: statusPath, HttpOnly: true, SameSite: http.SameSiteStrictMode,
			})
			http.Redirect(w, r, statusPath, http.StatusSeeOther)
		}
	}
}

// ofStatus reports whether a path is that of the technician's page, or below it.
func ofStatus(path string) bool { return path == statusPath || strings.HasPrefix(path, statusPath+"/") }
