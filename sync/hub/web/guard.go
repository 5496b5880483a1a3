package web

import (
	"errors"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"badged/sync/hub/web/page"
)

// policy lets a page use what this hub serves, and nothing else.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; connect-src 'self'; font-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

// setHeaders puts on an answer what holds for all of them. A file of the web replaces
// Cache-Control by its own.
func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("X-Frame-Options", "DENY")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
}

// guard tells requests that pages of this hub make from those of others.
type guard struct {
	hosts  map[string]bool
	origin *http.CrossOriginProtection
}

func newGuard(hosts []string) *guard {
	g := &guard{make(map[string]bool), http.NewCrossOriginProtection()}
	for _, h := range hosts {
		g.hosts[canonicalHost(h)] = true
	}
	return g
}

// canonicalHost is a host without its port, in the one form that is compared.
func canonicalHost(hostport string) string {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	return strings.TrimSuffix(strings.ToLower(host), ".")
}

// knowsHost reports whether a request calls the hub by a name that is its own: a foreign
// one that resolves to this machine could read pages as its own. The address that the
// connection came to is no name of anybody's.
func (g *guard) knowsHost(r *http.Request) bool {
	host := canonicalHost(r.Host)
	if g.hosts[host] {
		return true
	}
	local, ok := r.Context().Value(http.LocalAddrContextKey).(net.Addr)
	if !ok {
		return false
	}
	at, err := netip.ParseAddrPort(local.String())
	asked, err2 := netip.ParseAddr(host)
	return err == nil && err2 == nil && at.Addr().Unmap() == asked.Unmap()
}

// isOwn reports whether a request that changes something comes from a page of this hub. A
// request with neither Sec-Fetch-Site nor Origin, which http.CrossOriginProtection takes for
// a program's, comes from no browser that the web is for.
func (g *guard) isOwn(r *http.Request) bool {
	if strings.HasPrefix(r.URL.Path, "/api/") { // programs with a bearer token
		return true
	}
	safe := r.Method == http.MethodGet || r.Method == http.MethodHead || r.Method == http.MethodOptions
	if !safe && r.Header.Get("Sec-Fetch-Site") == "" && r.Header.Get("Origin") == "" {
		return false
	}
	return g.origin.Check(r) == nil
}

// fileTime is how long a form with a file may take.
const fileTime = 5 * time.Minute

// readForm reads the form of a POST, within its bound; 0: all is well, else a status.
func readForm(w http.ResponseWriter, r *http.Request, most int64) int {
	if r.Method != http.MethodPost {
		return 0
	}
	if most == 0 {
		most = maxForm
	}
	if most > maxForm { // a file on a slow line
		_ = http.NewResponseController(w).SetReadDeadline(time.Now().Add(fileTime)) // a connection without deadlines needs none
	}
	r.Body = http.MaxBytesReader(w, r.Body, most)
	var err error
	if strings.HasPrefix(r.Header.Get("Content-Type"), "multipart/form-data") {
		err = r.ParseMultipartForm(most)
	} else {
		err = r.ParseForm()
	}
	var large *http.MaxBytesError
	switch {
	case errors.As(err, &large):
		return http.StatusRequestEntityTooLarge
	case err != nil:
		return http.StatusBadRequest
	}
	return 0
}

// toLogIn leads somebody to the log-in, and back to what they wanted to see. What a form
// said is not kept.
func toLogIn(r *page.Request) page.Reply {
	if r.HTTP.Method != http.MethodGet {
		return page.Go("/").Flash("web.again")
	}
	return page.Go("/?" + backTo(r)).Flash("web.signin")
}

// backTo is the parameter that leads back to the page that was asked for. What a form said is
// not kept.
func backTo(r *page.Request) string {
	if r.HTTP.Method != http.MethodGet {
		return ""
	}
	return url.Values{"to": {page.Local(r.HTTP.URL.RequestURI())}}.Encode()
}
