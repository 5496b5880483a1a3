package kiosk

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/text/language"
	"golang.org/x/text/message/catalog"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/agent"
	"badged/internal/clock"
	"badged/internal/health"
	"badged/internal/printjobs"
	"badged/internal/sitekey"
	"badged/keypad"
	"badged/reader"
)

// Every text of the catalogue, in both languages, is on a page that the real agent, with
// its rules and its database, comes to: one that no scene here produces is dead or is shown
// by tests alone, and has to go.
func TestEveryTextIsSaidByTheRealAgent(t *testing.T) {
	said := map[string]bool{}
	withMarkedTexts(t, func() {
		for _, lang := range []string{"fr", "en"} {
			for _, play := range realScenes {
				synctest.Test(t, func(t *testing.T) { play(newStage(t, lang, said)) })
			}
		}
	})
	for lang, keys := range texts {
		for _, key := range slices.Sorted(maps.Keys(keys)) {
			if !said[lang+" "+key] {
				t.Errorf("no scene of the real agent says %s in %s", key, lang)
			}
		}
	}
}

// withMarkedTexts runs play with a catalogue in which every text is its own key.
func withMarkedTexts(t *testing.T, play func()) {
	marked := catalog.NewBuilder(catalog.Fallback(language.French))
	for lang, keys := range texts {
		for key, text := range keys {
			msg := mark(lang, key) + strings.Repeat(" %s", strings.Count(text, "%s"))
			if err := marked.SetString(language.MustParse(lang), key, msg); err != nil {
				t.Fatal(err)
			}
		}
	}
	real := messages
	messages = marked
	defer func() { messages = real }()
	play()
}

func mark(lang, key string) string { return "[[" + lang + " " + key + "]]" }

// stage is a terminal with one print point and the browser at its panel.
type stage struct {
	t      *testing.T
	said   map[string]bool
	store  *store.Store
	agent  *agent.Agent
	kiosk  *Kiosk
	reader *scriptedReader
	shop   *scriptedReader // of a panel without a keyboard
	drawer *drawer
}

var stageKey = sitekey.New(1, [32]byte{1})

func newStage(t *testing.T, lang string, said map[string]bool) *stage {
	t.Helper()
	st, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "badged.db"), Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	s := &stage{t: t, said: said, store: st, reader: newScriptedReader(), shop: newScriptedReader(), drawer: newDesk().drawer}
	s.setting(func(site *enroll.Site) { site.Lang = lang })
	number := func(c reader.Card) (reader.Number, error) { return reader.NewNumber(c.Reveal()), nil }
	s.agent = agent.New(agent.Options{
		Engine: enroll.NewEngine(st, stageKey, clock.New(clock.From(time.Now().Add(-time.Hour))), "t1"), Index: st.Index(),
		Points: []enroll.Point{{Name: "hall", Kind: enroll.Print}, {Name: "shop", Kind: enroll.Print, NoKeyboard: true}}, Health: &health.Register{}, Log: slog.New(slog.DiscardHandler),
		Readers:     []agent.Reader{{Source: s.reader, Point: "hall", Number: number}, {Source: s.shop, Point: "shop", Number: number}},
		Account:     s.account,
		StoreFailed: st.Failed, Heartbeat: 5 * time.Second,
	})
	s.kiosk = New(Options{Panel: s.agent, Printing: s.drawer, Points: []string{"hall", "shop"}, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); s.agent.Run(ctx) }()
	t.Cleanup(func() { cancel(); <-ended; _ = st.Close() })
	synctest.Wait()
	return s
}

func (s *stage) account(ctx context.Context, id enroll.AccountID) (a enroll.Account, err error) {
	err = s.store.View(ctx, func(tx enroll.Tx) error { a, err = tx.Account(id); return err })
	return a, err
}

func (s *stage) setting(change func(*enroll.Site)) {
	site := s.store.Index().Site()
	change(&site)
	s.store.Index().Apply(site)
}

// member makes a person with a card.
func (s *stage) member(card string, state enroll.AccountState) enroll.AccountID {
	s.t.Helper()
	a := enroll.Account{Kind: enroll.Person, State: state, Name: "Ada"}
	_, _ = rand.Read(a.ID[:])
	s.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	if card != "" {
		b := enroll.Binding{Card: stageKey.Card(card), Account: a.ID, State: enroll.BindingActive}
		s.update(func(tx enroll.Tx) error { return tx.PutBinding(b) })
	}
	return a.ID
}

func (s *stage) claim(account enroll.AccountID) {
	s.t.Helper()
	c := enroll.Claim{Account: account, State: enroll.ClaimLive, Ends: time.Now().Add(time.Hour)}
	_, _ = rand.Read(c.ID[:])
	c.MAC = stageKey.Claim(c.ID, "7365")
	s.update(func(tx enroll.Tx) error { return tx.PutClaim(c) })
}

func (s *stage) update(fn func(enroll.Tx) error) {
	s.t.Helper()
	if err := s.store.Update(s.t.Context(), fn); err != nil {
		s.t.Fatal(err)
	}
}

func (s *stage) tap(card string) {
	s.event(reader.Event{Kind: reader.KindCard, Card: reader.TextCard(card)})
}

func (s *stage) event(ev reader.Event) {
	ev.At = time.Now()
	s.reader.say <- ev
	synctest.Wait()
}

func (s *stage) keys(keys string) {
	for _, k := range keys {
		s.event(reader.Event{Kind: reader.KindKey, Key: keypad.Key(k)})
	}
}

func (s *stage) pass(d time.Duration) { time.Sleep(d); synctest.Wait() }

// look opens a page and takes down what it says. It follows where a form leads.
func (s *stage) look(path string) { s.send(http.MethodGet, path, nil, true) }

func (s *stage) send(method, path string, form url.Values, known bool) {
	s.t.Helper()
	r := httptest.NewRequest(method, "http://127.0.0.1:8631"+path, strings.NewReader(form.Encode()))
	r.RemoteAddr = "127.0.0.1:4000"
	if known {
		r.AddCookie(&http.Cookie{Name: "badged_8631", Value: s.kiosk.guard.token})
	}
	if form != nil {
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.Header.Set("Origin", "http://127.0.0.1:8631")
	}
	w := httptest.NewRecorder()
	s.kiosk.Handler().ServeHTTP(w, r)
	synctest.Wait()
	if to := w.Header().Get("Location"); to != "" {
		s.look(to)
		return
	}
	for lang, keys := range texts {
		for key := range keys {
			if strings.Contains(w.Body.String(), mark(lang, key)) {
				s.said[lang+" "+key] = true
			}
		}
	}
}

// post sends a form of the session that is on the panel.
func (s *stage) post(path string, values url.Values) {
	s.t.Helper()
	screen, _ := s.agent.Screen("hall")
	s.postAs(screen.Session, path, values)
}

func (s *stage) postAs(session, path string, values url.Values) {
	s.t.Helper()
	form := url.Values{"session": {session}, "form": {s.kiosk.guard.formToken("hall", session)}}
	maps.Copy(form, values)
	s.send(http.MethodPost, path, form, true)
}

// prints gives the session these jobs, and looks.
func (s *stage) prints(h printjobs.Held) {
	screen, _ := s.agent.Screen("hall")
	h.Session = screen.Session
	s.drawer.set(h)
	s.look("/p/hall")
}

func (s *stage) edit(name, email, lang string) {
	s.t.Helper()
	s.post("/p/hall/edit", url.Values{"name": {name}, "email": {email}, "lang": {lang}})
}

// lang is the language that the panel speaks.
func (s *stage) lang() string { return s.store.Index().Site().Lang }

// realScenes is what happens at panels. Each begins with a terminal of its own.
var realScenes = []func(*stage){
	func(s *stage) { // somebody new, who gives an address
		s.look("/p/hall")
		s.tap("B")
		s.look("/p/hall")
		s.look("/p/hall/edit")
		s.edit("", "ada@example.org", s.lang())
		s.look("/p/hall")
		s.look("/p/hall/edit")
	},
	func(s *stage) { // a member whose address the hub has, who changes the name only
		id := s.member("A", enroll.Active)
		s.update(func(tx enroll.Tx) error {
			a, err := tx.Account(id)
			a.EmailState = enroll.EmailConfirmed
			return errors.Join(err, tx.PutAccount(a))
		})
		s.tap("A")
		s.look("/p/hall/edit")
		s.edit("Ada Byron", "", s.lang())
	},
	func(s *stage) { // a member without a name, who signs out, and comes back too late
		s.member("A", enroll.Active)
		s.tap("A")
		old, _ := s.agent.Screen("hall")
		s.edit("", "ada@example.org", s.lang())
		s.look("/p/hall")
		s.post("/p/hall/signout", nil)
		s.pass(7 * time.Second)
		s.postAs(old.Session, "/p/hall/edit", url.Values{"name": {"Eve"}, "lang": {"fr"}})
	},
	func(s *stage) { // what cannot be saved
		s.member("A", enroll.Active)
		s.tap("A")
		for _, name := range []string{strings.Repeat("x", 201), "a\x1bb", "anonym7", "..."} {
			s.edit(name, "", s.lang())
		}
		for _, email := range []string{"nobody", strings.Repeat("x", 250) + "@example.org"} {
			s.edit("Ada", email, s.lang())
		}
		s.edit("Ada", "", "xx")
		s.setting(func(site *enroll.Site) { site.EditProfile = false })
		s.post("/p/hall/touch", nil)
		s.look("/p/hall/edit")
	},
	func(s *stage) { // a disk that is gone
		s.member("A", enroll.Active)
		s.tap("A")
		_ = s.store.Close()
		s.edit("Ada", "", s.lang())
		s.tap("B")
		s.look("/p/hall")
	},
	func(s *stage) { // sessions that time ends
		s.setting(func(site *enroll.Site) { site.SessionIdle, site.SessionMax = 5*time.Second, 8*time.Second })
		s.member("A", enroll.Active)
		s.tap("A")
		s.pass(5 * time.Second)
		s.look("/p/hall")
		s.tap("A")
		s.pass(4 * time.Second)
		s.post("/p/hall/touch", nil)
		s.pass(4 * time.Second)
		s.look("/p/hall")
	},
	func(s *stage) { // badges that are refused
		s.member("A", enroll.Suspended)
		s.tap("A")
		s.look("/p/hall")
		s.event(reader.Event{Kind: reader.KindFault, Why: reader.BadParity})
		s.look("/p/hall")
		for _, first := range []byte{0x08, 0x88} {
			s.event(reader.Event{Kind: reader.KindCard, Card: reader.NewCard(reader.ISO14443A, "UID", 32, []byte{first, 4, 2, 3})})
			s.look("/p/hall")
		}
		s.setting(func(site *enroll.Site) { site.QuotaSite = 0 })
		s.tap("B")
		s.look("/p/hall")
	},
	func(s *stage) { // a code before its badge, too late, then in time
		s.claim(s.member("", enroll.Active))
		for _, window := range []time.Duration{time.Second, 30 * time.Second, time.Minute, 2 * time.Minute} {
			s.setting(func(site *enroll.Site) { site.ClaimWindow = window })
			s.keys("*7365")
			s.look("/p/hall")
			s.pass(window)
			s.look("/p/hall")
		}
		s.keys("*7365")
		s.tap("B")
		s.look("/p/hall")
	},
	func(s *stage) { // a badge before its code, of somebody who is not active yet
		s.setting(func(site *enroll.Site) { site.UnknownBadge = enroll.RouteBind })
		s.claim(s.member("", enroll.Invited))
		s.keys("*0000")
		s.look("/p/hall")
		s.tap("B")
		s.look("/p/hall")
		for _, key := range "7365" {
			s.post("/p/hall/key", url.Values{"key": {string(key)}})
		}
		s.look("/p/hall")
		s.tap("B")
		s.look("/p/hall")
	},
	func(s *stage) { // wrong PINs, until the panel takes none for a while
		for range 4 {
			s.keys("111222#")
		}
		s.look("/p/hall")
	},
	func(s *stage) { // large text, for a session and back
		s.post("/p/hall/text", url.Values{"text": {"large"}})
		s.tap("B")
		s.look("/p/hall")
		s.post("/p/hall/text", url.Values{"text": {"usual"}})
	},
	func(s *stage) { // a PIN by touch, which adds the badge that nobody knew
		s.setting(func(site *enroll.Site) { site.UnknownBadge = enroll.RouteBind })
		s.store.Index().Apply(enroll.PIN{MAC: stageKey.PIN("483920"), Account: s.member("", enroll.Active)})
		s.post("/p/hall/pin", url.Values{"keys": {"show"}})
		s.look("/p/hall")
		s.tap("B")
		s.look("/p/hall")
		s.post("/p/hall/pin", url.Values{"keys": {"show"}})
		for _, key := range "1112#483920#" {
			s.post("/p/hall/key", url.Values{"key": {string(key)}})
		}
		s.look("/p/hall")
		s.tap("B")
		s.look("/p/hall")
	},
	func(s *stage) { // somebody whose documents wait
		s.member("A", enroll.Active)
		s.tap("A")
		s.prints(printjobs.Held{State: printjobs.Asking})
		for _, n := range []printjobs.Note{
			printjobs.NoteStopped, printjobs.NotePaper, printjobs.NoteUnfit, printjobs.NoteReturned, printjobs.NoteLost, printjobs.NoteMaybeTwice, printjobs.NoteAway,
		} {
			s.prints(printjobs.Held{State: printjobs.Listed, Note: n})
		}
		s.prints(printjobs.Held{State: printjobs.Away})
		s.prints(printjobs.Held{State: printjobs.Listed, Jobs: phasedJobs()})
		s.prints(printjobs.Held{State: printjobs.Listed, Jobs: phasedJobs()[5:]})
		s.prints(printjobs.Held{State: printjobs.Listed, Jobs: manyJobs(3 * jobsOnPage)})
		s.look("/p/hall?from=50")
		s.prints(printjobs.Held{State: printjobs.Listed, Jobs: someJobs()})
		s.look("/p/hall/delete?job=3")
	},
	func(s *stage) { // a notice, refused, then agreed to after the box was forgotten; and services
		s.member("A", enroll.Active)
		s.store.Index().Apply(someNotice())
		for _, o := range someOffers() {
			o.Everyone = true
			s.store.Index().Apply(o)
		}
		answer := func(answer, read string) {
			s.post("/p/hall/notice", url.Values{"version": {"3"}, "answer": {answer}, "read": {read}})
		}
		s.tap("A")
		s.look("/p/hall")
		answer("refuse", "")
		s.tap("A")
		answer("agree", "")
		answer("agree", "1")
		for _, o := range someOffers() {
			s.look(fmt.Sprint("/p/hall/service?id=", o.ID))
		}
		s.store.Index().Apply(enroll.Offer{ID: 8, Kind: enroll.ServiceCopy, Everyone: true, French: "x", English: "x"})
		s.prints(printjobs.Held{State: printjobs.Listed, Jobs: someJobs()})
		s.look("/p/hall/services")
		s.drawer.set(printjobs.Held{})
		s.store.Index().Apply(enroll.GoneOffer(8))
		for _, o := range someOffers()[1:] {
			s.store.Index().Apply(enroll.GoneOffer(o.ID))
		}
		o := someOffers()[0]
		o.Everyone = false
		s.store.Index().Apply(o)
		s.post("/p/hall/touch", nil)
		s.look("/p/hall")
	},
	func(s *stage) { // a badge that is added in a session by PIN, and is theirs then
		id := s.member("", enroll.Active)
		s.setting(func(site *enroll.Site) { site.OneCard = true })
		s.store.Index().Apply(enroll.PIN{MAC: stageKey.PIN("483920"), Account: id})
		s.keys("483920#")
		s.look("/p/hall")
		for range 2 {
			s.look("/p/hall/badge")
			s.post("/p/hall/badge", url.Values{"badge": {"begin"}})
			s.tap("B")
			s.look("/p/hall")
			s.pass(7 * time.Second)
		}
	},
	func(s *stage) { // a notice where nobody can type; and on a disk that is gone
		s.member("A", enroll.Active)
		s.store.Index().Apply(someNotice())
		s.shop.say <- reader.Event{Kind: reader.KindCard, Card: reader.TextCard("A"), At: time.Now()}
		synctest.Wait()
		s.look("/p/shop")
		s.tap("A")
		_ = s.store.Close()
		s.post("/p/hall/notice", url.Values{"version": {"3"}, "answer": {"agree"}, "read": {"1"}})
	},
	func(s *stage) { // badges that a site refuses, and it says whom to ask
		s.setting(func(site *enroll.Site) { site.UnknownBadge, site.Ask = enroll.RouteRefuse, "Léa" })
		s.tap("B")
		s.look("/p/hall")
	},
	func(s *stage) { // a reader that is pulled out
		s.event(reader.Event{Kind: endOfReader})
		s.look("/p/hall")
	},
	func(s *stage) { // somebody who is lost
		s.send(http.MethodGet, "/p/hall", nil, false)
		s.look("/p/cellar")
		s.send(http.MethodPost, "/p/hall/edit", url.Values{"name": {strings.Repeat("x", maxBody)}}, true)
	},
}

// scriptedReader says what a scene wants.
type scriptedReader struct{ say chan reader.Event }

const endOfReader reader.Kind = "end of the reader"

func newScriptedReader() *scriptedReader { return &scriptedReader{make(chan reader.Event)} }

func (r *scriptedReader) Name() string { return "hall" }

func (r *scriptedReader) Run(ctx context.Context, emit func(reader.Event)) error {
	emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
	for {
		select {
		case ev := <-r.say:
			if ev.Kind == endOfReader {
				return errors.New("open /dev/ttyUSB0: no such device")
			}
			emit(ev)
		case <-ctx.Done():
			return nil
		}
	}
}
