package kiosk

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"badged/internal/connlimit"
	"badged/internal/ownfile"
)

const (
	tokenBytes   = 32
	maxTokenFile = 4096
)

// newToken is 256 bits from the system, in base64url.
func newToken() string {
	b := make([]byte, tokenBytes)
	_, _ = rand.Read(b) // never fails
	return base64.RawURLEncoding.EncodeToString(b)
}

// LoadToken gives the token of a listener that outlives the agent, so that a browser that
// is open goes on when the agent is started again. The token lives as long as the listener
// that the number id is of: whoever took the port between two listeners was shown a token
// that is worth nothing. It is made from a secret at path, which LoadToken makes, readable by
// the agent only, in a directory that a boot empties (/run).
func LoadToken(path string, id uint64) (string, error) {
	secret, err := loadSecret(path)
	if err != nil {
		return "", err
	}
	m := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(m, "token of listener %d", id)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)), nil
}

func loadSecret(path string) (string, error) {
	if err := ownfile.CheckFolder(filepath.Dir(path)); err != nil {
		return "", fmt.Errorf("read the kiosk token: %w", err)
	}
	size := base64.RawURLEncoding.EncodedLen(tokenBytes)
	b, err := ownfile.Read(path, ownfile.Secret, maxTokenFile)
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, ownfile.ErrExposed):
		return makeSecret(path)
	case errors.Is(err, ownfile.ErrUnsafe):
		return "", fmt.Errorf("read the kiosk token: %w; or remove it: the agent makes a new one", err)
	case err != nil:
		return "", fmt.Errorf("read the kiosk token: %w", err)
	}
	if _, err := base64.RawURLEncoding.DecodeString(string(b)); err != nil || len(b) != size {
		return makeSecret(path)
	}
	return string(b), nil
}

func makeSecret(path string) (string, error) {
	token, tmp := newToken(), path+".new"
	_ = os.Remove(tmp) // of a write that was cut
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return "", fmt.Errorf("write the kiosk token: %w", err)
	}
	_, err = f.WriteString(token)
	if err = errors.Join(err, f.Close()); err == nil {
		err = os.Rename(tmp, path)
	}
	if err != nil {
		return "", fmt.Errorf("write the kiosk token: %w", err)
	}
	return token, nil
}

// guard keeps everybody out but the panel's own browser.
type guard struct {
	token  string
	status string // token of the technician's page
	csp    string
	framed bool // somebody may embed the panel
	origin *http.CrossOriginProtection
}

func newGuard(token, ancestors string) guard {
	if token == "" {
		token = newToken()
	}
	framed := ancestors != ""
	if !framed {
		ancestors = "'none'"
	}
	csp := "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; font-src 'self'; connect-src 'self'; " +
		"form-action 'self'; base-uri 'none'; frame-ancestors " + ancestors
	return guard{token, statusToken(token), csp, framed, http.NewCrossOriginProtection()}
}

// formToken proves that a form was made by this panel for this session.
func (g *guard) formToken(point, session string) string {
	m := hmac.New(sha256.New, []byte(g.token))
	fmt.Fprintf(m, "form %q %q", point, session)
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:16])
}

// guarded answers those who may not look, and puts the headers on every answer.
func (k *Kiosk) guarded(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		k.guard.headers(w.Header())
		knows := k.guard.knows(r)
		if knows {
			connlimit.Know(r.Context())
		}
		switch {
		case !isLoopback(r.Host): // a foreign name that resolves to this machine
			k.fail(w, http.StatusMisdirectedRequest)
		case !isOpen(r) && !knows:
			k.fail(w, http.StatusForbidden)
		case k.guard.origin.Check(r) != nil:
			k.fail(w, http.StatusForbidden)
		default:
			next.ServeHTTP(w, r)
		}
	})
}

// headers: Referrer-Policy is same-origin, as under no-referrer a browser sends its
// own forms with "Origin: null", which could not be told from a stranger's.
func (g *guard) headers(h http.Header) {
	h.Set("Content-Security-Policy", g.csp)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "same-origin")
	h.Set("Cache-Control", "no-store")
	if !g.framed {
		h.Set("X-Frame-Options", "DENY")
	}
}

func isLoopback(hostport string) bool {
	host, _, err := net.SplitHostPort(hostport)
	if err != nil {
		host = strings.Trim(hostport, "[]")
	}
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

// cookieName has the port in it: cookies of a host are shared by all its ports.
func cookieName(r *http.Request) string {
	_, port, err := net.SplitHostPort(r.Host)
	if err != nil {
		port = "80"
	}
	return "badged_" + port
}

// isOpen reports whether anybody may ask: for what every page has, or with a token in the
// address, which is looked at later.
func isOpen(r *http.Request) bool {
	p := r.URL.Path
	return strings.HasPrefix(p, "/static/") || (p == "/" || p == statusPath) && r.URL.Query().Has("t")
}

func same(a, b string) bool { return subtle.ConstantTimeCompare([]byte(a), []byte(b)) == 1 }

// knows reports whether a request has shown the token of what it asks for: the panel's, or
// that of the technician's page.
func (g *guard) knows(r *http.Request) bool {
	name, want := cookieName(r), g.token
	if ofStatus(r.URL.Path) {
		name, want = name+"_status", g.status
	}
	return slices.ContainsFunc(r.CookiesNamed(name), func(c *http.Cookie) bool { return same(c.Value, want) })
}

// enter takes the token out of the address and into a cookie.
func (k *Kiosk) enter(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Has("t") {
		if !same(q.Get("t"), k.guard.token) {
			k.fail(w, http.StatusForbidden)
			return
		}
		http.SetCookie(w, &http.Cookie{
			Name: cookieName(r), Value: k.guard.token, Path: "/", HttpOnly: true, SameSite: http.SameSiteStrictMode,
		})
	}
	name := q.Get("point")
	if name == "" {
		name = k.first
	}
	if k.points[name] == nil {
		k.fail(w, http.StatusNotFound)
		return
	}
	http.Redirect(w, r, basePath(name), http.StatusSeeOther)
}
