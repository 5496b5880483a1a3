package webtest

import (
	"bytes"
	"errors"
	"io"
	"mime/multipart"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// Browser keeps cookies and sends what a browser sends.
type Browser struct {
	Client *http.Client
	Lang   string // of its user, "fr" at first

	s    *Stand
	t    testing.TB
	base string
}

// Browser gives a new one, in which nobody is logged in.
func (s *Stand) Browser() *Browser {
	s.t.Helper()
	jar, err := cookiejar.New(nil)
	if err != nil {
		s.t.Fatal(err)
	}
	tr := &http.Transport{TLSClientConfig: s.TLS(), ForceAttemptHTTP2: true}
	s.t.Cleanup(tr.CloseIdleConnections)
	return &Browser{Client: &http.Client{Jar: jar, Transport: tr}, Lang: "fr", s: s, t: s.t, base: s.URL}
}

// SignIn logs an account in, as the door does.
func (b *Browser) SignIn(id people.ID) *Browser {
	b.t.Helper()
	var token people.SessionToken
	b.s.Write(func(tx fleet.Tx) (err error) {
		token, _, err = people.OpenSession(tx.Tx.Tx.Tx, id, people.Client{IP: "127.0.0.1", Agent: "test"})
		return err
	})
	b.SetCookie(&http.Cookie{Name: page.SessionCookie, Value: token.Reveal()})
	return b
}

// As gives a browser in which an account is logged in.
func (s *Stand) As(a people.Account) *Browser {
	s.t.Helper()
	return s.Browser().SignIn(a.ID)
}

// AsAdmin gives a browser in which a new administrator, Grace Hopper, is logged in.
func (s *Stand) AsAdmin() *Browser {
	s.t.Helper()
	return s.As(s.AddPerson(people.New{First: "Grace", Last: "Hopper", Email: "grace@example.org", State: people.Active, Role: people.Admin}))
}

// Cookie is the value of a cookie of the hub's; empty: none.
func (b *Browser) Cookie(name string) string {
	at, _ := url.Parse(b.base)
	for _, c := range b.Client.Jar.Cookies(at) {
		if c.Name == name {
			return c.Value
		}
	}
	return ""
}

// SetCookie puts a cookie in the browser.
func (b *Browser) SetCookie(c *http.Cookie) {
	c.Secure, c.Path = true, "/"
	at, _ := url.Parse(b.base)
	b.Client.Jar.SetCookies(at, []*http.Cookie{c})
}

// Open gets a page, following redirects.
func (b *Browser) Open(path string) *Page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodGet, b.base+path, nil)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Sec-Fetch-Site", "none")
	return b.Do(req)
}

// Post sends a form as a page of the hub does.
func (b *Browser) Post(path string, values url.Values) *Page {
	b.t.Helper()
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, strings.NewReader(values.Encode()))
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	req.Header.Set("Origin", b.base)
	return b.Do(req)
}

// Upload sends a form with one file, as a page of the hub does.
func (b *Browser) Upload(path, field, name string, body []byte) *Page {
	b.t.Helper()
	var form bytes.Buffer
	w := multipart.NewWriter(&form)
	part, err := w.CreateFormFile(field, name)
	if err == nil {
		_, err = part.Write(body)
	}
	if err = errors.Join(err, w.Close()); err != nil {
		b.t.Fatal(err)
	}
	req, err := http.NewRequestWithContext(b.t.Context(), http.MethodPost, b.base+path, &form)
	if err != nil {
		b.t.Fatal(err)
	}
	req.Header.Set("Content-Type", w.FormDataContentType())
	req.Header.Set("Sec-Fetch-Site", "same-origin")
	return b.Do(req)
}

// Do sends any request.
func (b *Browser) Do(req *http.Request) *Page {
	b.t.Helper()
	if req.Header.Get("Accept-Language") == "" {
		req.Header.Set("Accept-Language", b.Lang)
	}
	resp, err := b.Client.Do(req)
	if err != nil {
		b.t.Fatal(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		b.t.Fatal(err)
	}
	return newPage(b, resp, string(body))
}
