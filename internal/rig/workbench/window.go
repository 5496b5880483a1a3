package workbench

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/cookiejar"
	"net/http/httputil"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"badged/internal/httpserve"
)

// window is one person's browser on the hub's web, for a frame of the page. It keeps the
// cookies by itself, so that a member's phone and an administrator's desk stand side by side
// in one browser; and it trusts the hub's authority, which the visitor's browser does not know.
type window struct {
	ln    net.Listener
	jar   *cookiejar.Jar
	hub   *hub
	frame string // origin of the page that may show it
	log   *slog.Logger

	mu   sync.Mutex // guards path
	path string     // where the page opens it
}

func openWindow(h *hub, frame string, log *slog.Logger) (*window, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, fmt.Errorf("listen for a window on the hub's web: %w", err)
	}
	jar, err := cookiejar.New(nil)
	if err != nil {
		ln.Close()
		return nil, fmt.Errorf("make a browser: %w", err)
	}
	return &window{ln: ln, jar: jar, hub: h, frame: frame, log: log, path: "/"}, nil
}

func (w *window) origin() string { return "http://" + w.ln.Addr().String() }

// url is where the page opens the window; empty: nowhere, there is none.
func (w *window) url() string {
	if w == nil {
		return ""
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.origin() + w.path
}

// open makes the page open the window at a page of the hub's web.
func (w *window) open(path string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.path = path
}

// close gives the address back. serve does so too.
func (w *window) close() { w.ln.Close() }

// serve shows the hub's web until ctx ends, to requests that are known.
func (w *window) serve(ctx context.Context, known func(*http.Request) bool) error {
	proxy := &httputil.ReverseProxy{
		Transport: &hubTransport{w: w}, Rewrite: w.adaptRequest, ModifyResponse: w.adaptResponse,
		ErrorHandler: func(rw http.ResponseWriter, _ *http.Request, err error) {
			w.log.Debug("the hub's web does not answer", "err", err)
			http.Error(rw, "the hub does not answer: start it", http.StatusBadGateway)
		},
	}
	guard := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if r.Host != w.ln.Addr().String() || !known(r) {
			http.Error(rw, "open the address that the workbench printed", http.StatusForbidden)
			return
		}
		proxy.ServeHTTP(rw, r)
	})
	return httpserve.Run(ctx, w.ln, httpserve.Server{Name: "a window on the hub's web", Handler: guard, Log: w.log, Grace: time.Second})
}

// adaptRequest makes a request one of a browser at the hub's own address.
func (w *window) adaptRequest(r *httputil.ProxyRequest) {
	at := w.hub.webURL()
	r.SetURL(at)
	r.Out.Host = at.Host
	r.Out.Header.Del("Cookie")
	for _, c := range w.jar.Cookies(at) {
		r.Out.AddCookie(c)
	}
	for _, name := range []string{"Origin", "Referer"} {
		if own := r.Out.Header.Get(name); own != "" {
			r.Out.Header.Set(name, strings.Replace(own, w.origin(), at.String(), 1))
		}
	}
}

// adaptResponse keeps the cookies of an answer, and lets the page frame it.
func (w *window) adaptResponse(r *http.Response) error {
	at := w.hub.webURL()
	w.jar.SetCookies(at, r.Cookies())
	h := r.Header
	h.Del("Set-Cookie")
	h.Del("X-Frame-Options")
	h.Set("Content-Security-Policy", strings.Replace(h.Get("Content-Security-Policy"), "frame-ancestors 'none'", "frame-ancestors "+w.frame, 1))
	if to := h.Get("Location"); to != "" {
		h.Set("Location", strings.TrimPrefix(to, at.String()))
	}
	return nil
}

// hubTransport speaks to the hub, whose authority it reads when it is first needed.
type hubTransport struct{ w *window }

func (t *hubTransport) RoundTrip(r *http.Request) (*http.Response, error) {
	transport, err := t.w.hub.webTransport()
	if err != nil {
		return nil, err
	}
	return transport.RoundTrip(r)
}

// webURL is where the hub's web listens.
func (h *hub) webURL() *url.URL {
	h.mu.Lock()
	defer h.mu.Unlock()
	return &url.URL{Scheme: "https", Host: h.listen.Web}
}

// webTransport trusts the hub's authority only.
func (h *hub) webTransport() (*http.Transport, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.transport != nil {
		return h.transport, nil
	}
	pem, err := os.ReadFile(filepath.Join(h.dir, "ca.crt"))
	if err != nil {
		return nil, fmt.Errorf("trust the hub: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("trust the hub: %s has no certificate", filepath.Join(h.dir, "ca.crt"))
	}
	h.transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS13}, ForceAttemptHTTP2: true}
	return h.transport, nil
}
