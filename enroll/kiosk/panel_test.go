package kiosk

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"time"

	"badged/enroll"
	"badged/internal/profile"
	"badged/keypad"
)

// desk is a Panel in memory, with a person in front of it.
type desk struct {
	mu       sync.Mutex // guards all below
	screen   enroll.Screen
	watchers map[chan struct{}]struct{}
	edits    []enroll.Edit
	touches  int
	editErr  error
	answers  []string // to the notice: "agree 1"
	outErr   error
	sessions int
	lang     string // of the site
	typed    string // on the panel
	drawer   *drawer
}

func newDesk() *desk {
	return &desk{
		lang:     "fr",
		screen:   enroll.Screen{Rev: 1, Lang: "fr", EditProfile: true, Site: "Siège de Lyon", ClaimWindow: 45 * time.Second, CodeDigits: 4},
		watchers: map[chan struct{}]struct{}{},
		drawer:   &drawer{watchers: map[chan struct{}]struct{}{}},
	}
}

func (d *desk) Screen(point string) (enroll.Screen, bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.screen, point == "hall"
}

func (d *desk) Watch(string) (<-chan struct{}, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ch := make(chan struct{}, 1)
	d.watchers[ch] = struct{}{}
	return ch, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, ch)
	}
}

// set changes what the panel shows and tells it.
func (d *desk) set(fn func(*enroll.Screen)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	fn(&d.screen)
	d.screen.Rev++
	for ch := range d.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// swipe logs somebody in.
func (d *desk) swipe(a enroll.Account) {
	d.set(func(s *enroll.Screen) {
		d.sessions++
		s.Session = fmt.Sprintf("session-%d", d.sessions)
		s.Account, s.Notice, s.New = a, enroll.ReasonNone, false
		s.Lang = cmp.Or(a.Lang, s.Lang)
		s.Ends = time.Now().Add(60 * time.Second)
	})
}

// SetLang picks the language of the idle panel.
func (d *desk) SetLang(_, lang string) {
	if s, _ := d.Screen("hall"); s.Session == "" && profile.IsLang(lang) {
		d.set(func(s *enroll.Screen) { s.Lang = lang })
	}
}

func (d *desk) notice(r enroll.Reason) { d.set(func(s *enroll.Screen) { s.Notice = r }) }

func (d *desk) leave() {
	d.set(func(s *enroll.Screen) {
		s.Session, s.Account, s.New, s.Ends, s.Lang = "", enroll.Account{}, false, time.Time{}, d.lang
		s.Privacy, s.Offers, s.Offering = nil, nil, false
		s.ByPIN, s.Adding, s.Replaces, s.Waits, s.Clear = false, false, false, false, false
	})
}

// speak gives the site a language.
func (d *desk) speak(lang string) {
	d.set(func(s *enroll.Screen) { d.lang, s.Lang = lang, lang })
}

func (d *desk) Edit(_ context.Context, _, session string, ed enroll.Edit) error {
	if s, _ := d.Screen("hall"); s.Session != session {
		return enroll.ErrNoSession
	}
	switch {
	case d.editErr != nil:
		return d.editErr
	case len(ed.Name) > 200:
		return &enroll.FieldError{Field: "name", Problem: profile.TooLong}
	case ed.Email != "" && !strings.Contains(ed.Email, "@example."):
		return &enroll.FieldError{Field: "email", Problem: profile.BadEmail}
	case ed.Lang != "fr" && ed.Lang != "en":
		return &enroll.FieldError{Field: "lang", Problem: profile.BadLang}
	}
	d.set(func(s *enroll.Screen) {
		d.edits = append(d.edits, ed)
		s.Account.Name, s.Account.Lang, s.Lang = ed.Name, ed.Lang, ed.Lang
		if ed.Email != "" {
			s.Account.EmailState = enroll.EmailToConfirm
		}
	})
	return nil
}

func (d *desk) SignOut(_ context.Context, _, session string) error {
	if d.outErr != nil {
		return d.outErr
	}
	if s, _ := d.Screen("hall"); s.Session != session {
		return enroll.ErrNoSession
	}
	d.leave()
	return nil
}

// Answer agrees for good, or signs out.
func (d *desk) Answer(_ context.Context, _, session string, version uint64, agrees bool) error {
	s, _ := d.Screen("hall")
	switch {
	case s.Session != session:
		return enroll.ErrNoSession
	case d.editErr != nil:
		return d.editErr
	case version != s.Privacy.Version:
		return enroll.ErrNoticeOld
	}
	d.set(func(s *enroll.Screen) {
		word := "refuse"
		if agrees {
			word, s.Privacy = "agree", nil
		}
		d.answers = append(d.answers, fmt.Sprint(word, " ", version))
	})
	if !agrees {
		d.leave()
		d.notice(enroll.NoticeRefused)
	}
	return nil
}

// AddBadge begins to wait, or stops.
func (d *desk) AddBadge(_ context.Context, _, session string, begin bool) error {
	if s, _ := d.Screen("hall"); s.Session != session || !s.ByPIN {
		return enroll.ErrNoSession
	}
	d.set(func(s *enroll.Screen) { s.Adding, s.Notice = begin, enroll.ReasonNone })
	return nil
}

// SetClear does so until the next change of it.
func (d *desk) SetClear(_ string, clear bool) { d.set(func(s *enroll.Screen) { s.Clear = clear }) }

// ShowPINKeys changes the keys of an idle panel that can show them.
func (d *desk) ShowPINKeys(_ string, show bool) {
	d.set(func(s *enroll.Screen) {
		s.Keys, s.Typed, s.Notice, d.typed = enroll.NoKeys, 0, enroll.ReasonNone, ""
		if show && s.PINs {
			s.Keys = enroll.PINKeys
		}
	})
}

// Type takes every key that comes.
func (d *desk) Type(_ string, k keypad.Key) {
	d.set(func(s *enroll.Screen) {
		d.typed += k.Reveal()
		s.Typed = len(d.typed) - strings.LastIndex(d.typed, "*") - 1
	})
}

// Touch moves the end a little later, as a panel with a loop of its own does.
func (d *desk) Touch(_, session string) {
	d.mu.Lock()
	d.touches++
	d.mu.Unlock()
	go d.set(func(s *enroll.Screen) {
		if s.Session == session {
			s.Ends = time.Now().Add(60 * time.Second)
		}
	})
}

func (d *desk) saved() []enroll.Edit {
	d.mu.Lock()
	defer d.mu.Unlock()
	return append([]enroll.Edit(nil), d.edits...)
}

// watching is the number of streams that are open.
func (d *desk) watching() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.watchers)
}

var anonym1 = enroll.Account{Kind: enroll.Anonymous, State: enroll.Active, Number: 1}

// visitor is a browser without script.
type visitor struct {
	t      *testing.T
	server string
	client *http.Client
}

// serve starts a panel and a browser that was opened on its URL.
func serve(t *testing.T, d *desk) (*Kiosk, *visitor) {
	t.Helper()
	k := New(Options{Panel: d, Printing: d.drawer, Points: []string{"hall"}, Log: slog.New(slog.DiscardHandler)})
	srv := httptest.NewServer(k.Handler())
	t.Cleanup(srv.Close)
	v := newVisitor(t, srv.URL)
	v.get(strings.TrimPrefix(k.URL(srv.Listener.Addr().String(), "hall"), srv.URL))
	return k, v
}

func newVisitor(t *testing.T, server string) *visitor {
	jar, err := cookiejar.New(nil)
	if err != nil {
		t.Fatal(err)
	}
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &visitor{t, server, &http.Client{Jar: jar, CheckRedirect: stay, Timeout: 2 * time.Minute}}
}

type answer struct {
	status int
	to     string // of a redirect
	header http.Header
	body   string
}

func (v *visitor) do(r *http.Request) answer {
	v.t.Helper()
	res, err := v.client.Do(r)
	if err != nil {
		v.t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		v.t.Fatal(err)
	}
	return answer{res.StatusCode, res.Header.Get("Location"), res.Header, string(b)}
}

func (v *visitor) request(method, path string, body url.Values) *http.Request {
	r, err := http.NewRequest(method, v.server+path, strings.NewReader(body.Encode()))
	if err != nil {
		v.t.Fatal(err)
	}
	if method == http.MethodPost {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", v.server)
	}
	return r
}

func (v *visitor) get(path string) answer {
	v.t.Helper()
	return v.do(v.request(http.MethodGet, path, nil))
}

func (v *visitor) post(path string, body url.Values) answer {
	v.t.Helper()
	return v.do(v.request(http.MethodPost, path, body))
}

var hidden = regexp.MustCompile(`<input type="hidden" name="([a-z]+)" value="([^"]*)">`)

// hiddenOf is what the forms of a page carry.
func hiddenOf(page answer) url.Values {
	f := url.Values{}
	for _, m := range hidden.FindAllStringSubmatch(page.body, -1) {
		f.Set(m[1], m[2])
	}
	return f
}

// fill is a page's form with these fields.
func fill(page answer, pairs ...string) url.Values {
	f := hiddenOf(page)
	for i := 0; i < len(pairs); i += 2 {
		f.Set(pairs[i], pairs[i+1])
	}
	return f
}

func (a answer) wants(t *testing.T, status int, texts ...string) {
	t.Helper()
	if a.status != status {
		t.Errorf("status %d, want %d", a.status, status)
	}
	for _, text := range texts {
		if !strings.Contains(a.body, text) {
			t.Errorf("the page does not say %q", text)
		}
	}
}

func (a answer) lacks(t *testing.T, texts ...string) {
	t.Helper()
	for _, text := range texts {
		if strings.Contains(a.body, text) {
			t.Errorf("the page says %q", text)
		}
	}
}

func (a answer) leads(t *testing.T, to string) {
	t.Helper()
	if a.status != http.StatusSeeOther || a.to != to {
		t.Errorf("status %d to %q, want a redirect to %q", a.status, a.to, to)
	}
}
