package page

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"badged/sync/hub/people"
)

// Reply is the answer to a request: a page, a redirect or a file.
type Reply struct {
	status  int
	page    string // name of a template
	title   string
	data    any
	to      string // of a redirect
	file    *file
	flash   *flash
	cookies []*http.Cookie
}

type file struct {
	name, kind string
	write      func(io.Writer) error
}

// flash is a message that the next page shows, once.
type flash struct {
	Key  string   `json:"k"`
	Args []string `json:"a,omitempty"`
}

// Show is a page: the name of a template, its title in the person's language, and what the
// template finds in .Data.
func Show(name, title string, data any) Reply {
	return Reply{status: http.StatusOK, page: name, title: title, data: data}
}

// Go is a redirect to a path of this web, after a form was taken.
func Go(to string) Reply { return Reply{status: http.StatusSeeOther, to: Local(to)} }

// Download is a file that the browser saves.
func Download(name, kind string, write func(io.Writer) error) Reply {
	return Reply{status: http.StatusOK, file: &file{name, kind, write}}
}

// DownloadJSON is a file with a value as indented JSON.
func DownloadJSON(name string, v any) Reply {
	return Download(name+".json", "application/json", func(w io.Writer) error {
		e := json.NewEncoder(w)
		e.SetIndent("", "  ")
		return e.Encode(v)
	})
}

// Refused marks a page that shows a form again, with what is wrong in it.
func (p Reply) Refused() Reply { return p.Status(http.StatusUnprocessableEntity) }

// Status sets another status than that of success.
func (p Reply) Status(code int) Reply {
	p.status = code
	return p
}

// Flash lets the next page that the person sees begin with a message: the key of a text and
// its arguments.
func (p Reply) Flash(key string, args ...string) Reply {
	p.flash = &flash{key, args}
	return p
}

// Cookie sets a cookie. Its name begins with "__Host-".
func (p Reply) Cookie(c *http.Cookie) Reply {
	c.Path, c.Secure, c.HttpOnly, c.Domain = "/", true, true, ""
	if c.SameSite == 0 {
		c.SameSite = http.SameSiteLaxMode
	}
	p.cookies = append(p.cookies, c)
	return p
}

// SignIn starts the session of a token in this browser.
func (p Reply) SignIn(t people.SessionToken) Reply {
	return p.Cookie(&http.Cookie{Name: SessionCookie, Value: t.Reveal()})
}

// SignOut takes the session from this browser.
func (p Reply) SignOut() Reply { return p.Cookie(&http.Cookie{Name: SessionCookie, MaxAge: -1}) }

// Local is a path of this web, and "/" for anything that would lead elsewhere.
func Local(to string) string {
	if len(to) > 2000 || !strings.HasPrefix(to, "/") || strings.HasPrefix(to, "//") || strings.ContainsAny(to, "\\\r\n\t\x00") {
		return "/"
	}
	return to
}

// SessionCookie is the cookie with the token of a session.
const SessionCookie = "__Host-session"

// The other cookies of the web itself.
const (
	flashCookie = "__Host-flash"
	langCookie  = "__Host-lang"
)

// maxFlash bounds the cookie that carries a message.
const maxFlash = 2000

func (f *flash) cookie() *http.Cookie {
	b, _ := json.Marshal(f) // cannot fail: strings
	value := base64.RawURLEncoding.EncodeToString(b)
	if len(value) > maxFlash {
		value = ""
	}
	return &http.Cookie{Name: flashCookie, Value: value, MaxAge: 60}
}

// readFlash is the message that a former answer left for this page.
func (r *Request) readFlash() string {
	c, err := r.HTTP.Cookie(flashCookie)
	if err != nil || len(c.Value) > maxFlash {
		return ""
	}
	var f flash
	b, err := base64.RawURLEncoding.DecodeString(c.Value)
	if err != nil || json.Unmarshal(b, &f) != nil || !r.site.has(f.Key) {
		return ""
	}
	args := make([]any, len(f.Args))
	for i, a := range f.Args {
		args[i] = a
	}
	return r.T(f.Key, args...)
}

// Send writes the answer. An error is for the log: the browser has got an answer.
func (r *Request) Send(w http.ResponseWriter, p Reply) error {
	if p.flash != nil {
		p = p.Cookie(p.flash.cookie())
	} else if p.page != "" && r.flash != "" && !r.Live() {
		p = p.Cookie(&http.Cookie{Name: flashCookie, MaxAge: -1})
	}
	for _, c := range p.cookies {
		http.SetCookie(w, c)
	}
	if p.status == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "60")
	}
	switch {
	case p.to != "":
		http.Redirect(w, r.HTTP, p.to, p.status)
		return nil
	case p.file != nil:
		return p.file.send(w)
	}
	return r.site.pages.Write(w, p.status, p.page, &View{Request: r, Title: p.title, Data: p.data, wrong: p.status >= http.StatusBadRequest})
}

func (f *file) send(w http.ResponseWriter) error {
	w.Header().Set("Content-Type", f.kind)
	w.Header().Set("Content-Disposition", mime.FormatMediaType("attachment", map[string]string{"filename": f.name}))
	if err := f.write(w); err != nil {
		return fmt.Errorf("send the file %s: %w", f.name, err)
	}
	return nil
}
