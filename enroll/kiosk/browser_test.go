//go:build browser

package kiosk

import (
	"context"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"badged/enroll"
	"badged/internal/rig/chromium"
)

// patience is how long a page may take on a machine that is busy.
const patience = 2 * time.Minute

// screen is a real browser on a real panel.
type screen struct {
	t   *testing.T
	ctx context.Context
	url string
	d   *desk
	axe bool // keep holds each page against it

	mu         sync.Mutex // guards complaints
	complaints []string   // what the browser's console says
}

// browse starts chromium and, before the panel opens, does these.
func browse(t *testing.T, d *desk, first ...chromedp.Action) *screen {
	t.Helper()
	k := New(Options{Panel: d, Printing: d.drawer, Points: []string{"hall"}, Log: slog.New(slog.DiscardHandler)})
	ctx, cancel := context.WithCancel(context.Background())
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	served := make(chan error, 1)
	go func() { served <- k.Serve(ctx, ln) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	b := newBrowser(t, d)
	b.url = k.URL(ln.Addr().String(), "hall")
	b.run(append(first, chromedp.Navigate(b.url))...)
	return b
}

func newBrowser(t *testing.T, d *desk) *screen {
	t.Helper()
	b := &screen{t: t, d: d}
	b.ctx = chromium.Open(t, b.collectComplaint, chromedp.WindowSize(800, 480))
	b.run(chromedp.EmulateViewport(800, 480), emulation.SetFocusEmulationEnabled(true), cdplog.Enable())
	return b
}

// collectComplaint collects what a developer would see in red, refused by the page's policy included.
func (b *screen) collectComplaint(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *cdplog.EventEntryAdded:
		if ev.Entry.Level == cdplog.LevelError || ev.Entry.Source == cdplog.SourceSecurity {
			b.complaints = append(b.complaints, fmt.Sprint(ev.Entry.Source, ": ", ev.Entry.Text, " ", ev.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		b.complaints = append(b.complaints, ev.ExceptionDetails.Error())
	case *runtime.EventConsoleAPICalled:
		b.complaints = append(b.complaints, "console."+string(ev.Type))
	}
}

// quiet fails when the console said anything but what is expected.
func (b *screen) quiet(expected ...string) {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
next:
	for _, c := range b.complaints {
		for _, e := range expected {
			if strings.Contains(c, e) {
				continue next
			}
		}
		b.t.Errorf("the browser complains: %s", c)
	}
}

func (b *screen) run(actions ...chromedp.Action) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, patience)
	defer cancel()
	if len(actions) > 0 && chromedp.FromContext(b.ctx).Target == nil {
		ctx = b.ctx // the first run starts the browser, which must outlive a timeout
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		b.t.Fatal(err)
	}
}

func (b *screen) eval(js string) string {
	b.t.Helper()
	var s string
	b.run(chromedp.Evaluate("String("+js+")", &s))
	return s
}

// sees waits until an expression of the page's has a value.
func (b *screen) sees(js, want string) {
	b.t.Helper()
	var got string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		err := chromedp.Run(b.ctx, chromedp.Evaluate("String("+js+")", &got))
		if err == nil && got == want {
			return
		}
	}
	b.t.Fatalf("%s is %q, want %q", js, got, want)
}

// until waits for something outside of the page.
func (b *screen) until(what string, ok func() bool) {
	b.t.Helper()
	for end := time.Now().Add(patience); !ok(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(end) {
			b.t.Fatal(what + ": that does not happen")
		}
	}
}

const (
	heading = `(document.querySelector("h1")||{}).textContent`
	focused = `document.activeElement.id`
	spokenT = `document.getElementById("live").textContent`
	shownAt = `location.pathname+location.search`
)

// keys presses keys, one after the other.
func (b *screen) keys(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.run(chromedp.KeyEvent(k))
	}
}

func TestBrowserChangesAtTheMomentOfASwipe(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.sees(heading, "Présentez votre badge")
	b.sees(shownAt, "/p/hall")
	b.run(chromedp.Evaluate("window.sameDocument = true", nil))
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	b.sees(focused, "heading")
	b.sees(spokenT, "Bienvenue anonym1. Votre session est ouverte. L’appareil est prêt.")
	b.sees("document.title", "Bienvenue anonym1")
	d.swipe(enroll.Account{Number: 2, Lang: "en"})
	b.sees(heading, "Welcome anonym2")
	b.sees("document.documentElement.lang", "en")
	d.leave()
	b.sees(heading, "Présentez votre badge")
	d.notice(enroll.BadRead)
	b.sees(heading, "Badge mal lu")
	d.notice(enroll.ReasonNone)
	b.sees(heading, "Présentez votre badge")
	if b.eval("window.sameDocument") != "true" {
		t.Error("the page was loaded again")
	}
	b.quiet()
}

func TestBrowserWithKeysAlone(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.sees(heading, "Présentez votre badge")
	b.keys(kb.Tab)
	b.sees(focused, "do-text")
	b.keys(kb.Tab, kb.Tab)
	b.sees(focused, "lang-en")
	b.keys(kb.Enter)
	b.sees(heading, "Present your badge")
	d.swipe(anonym1)
	b.sees(heading, "Welcome anonym1")
	b.sees(focused, "heading")
	b.keys(kb.Tab)
	b.sees(focused, "do-edit")
	b.keys(kb.Enter)
	b.sees(heading, "Edit account")
	b.sees(focused, "name")
	b.keys("Ada Lovelace", kb.Tab, "ada@", kb.Enter)
	b.sees("document.title", "Error: Edit account")
	b.sees(focused, "email")
	b.keys(kb.End, "example.org", kb.Tab)
	b.sees(focused, "radio-en")
	b.keys(kb.ArrowLeft)
	b.sees(focused, "radio-fr")
	b.keys(kb.Tab)
	b.sees(focused, "do-save")
	b.keys(kb.Enter)
	b.sees(heading, "Bienvenue Ada Lovelace")
	b.sees(`document.querySelector(".strip strong").textContent`, "Modifications enregistrées")
	if got := d.saved(); len(got) != 1 || got[0] != (enroll.Edit{Name: "Ada Lovelace", Email: "ada@example.org", Lang: "fr"}) {
		t.Errorf("saved %+v", got)
	}
	b.keys(kb.Tab, kb.Enter)
	b.sees(heading, "Modifier le compte")
	b.keys(kb.Escape)
	b.sees(heading, "Bienvenue Ada Lovelace")
	b.keys(kb.Tab, kb.Tab)
	b.sees(focused, "do-signout")
	b.keys(kb.Enter)
	b.sees(heading, "Présentez votre badge")
	b.quiet("422") // chromium writes a line for every answer that is an error
}

// A press of a button prolongs the session, and the button stays what it is.
func TestBrowserKeepsTheButtonUnderTheFinger(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	b.run(chromedp.Evaluate(`window.button = document.getElementById("do-edit"); button.dispatchEvent(new MouseEvent("mousedown", {bubbles: true}))`, nil))
	end := time.Now().Add(patience)
	for s, _ := d.Screen("hall"); s.Rev < 3; s, _ = d.Screen("hall") {
		if time.Now().After(end) {
			t.Fatal("the panel was not told")
		}
		time.Sleep(time.Millisecond)
	}
	d.set(func(s *enroll.Screen) { s.Ends = time.Now().Add(12 * time.Second) })
	b.sees(`document.getElementById("count").hidden`, "false") // the page has heard
	b.sees(`window.button === document.getElementById("do-edit")`, "true")
	b.quiet()
}

func TestBrowserKeepsNothingAfterSignOut(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.swipe(enroll.Account{Name: "Ada Lovelace", EmailState: enroll.EmailConfirmed, Lang: "fr"})
	b.sees(heading, "Bienvenue Ada Lovelace")
	b.run(chromedp.Click("#do-edit"))
	b.sees(heading, "Modifier le compte")
	b.run(chromedp.Click("#do-signout"))
	b.sees(heading, "Présentez votre badge")
	for range 2 { // the form, and the page before it
		_ = chromedp.Run(b.ctx, chromedp.Evaluate("history.back()", nil)) // it may end with its page
		b.sees(heading, "Présentez votre badge")
	}
	if html := b.eval("document.documentElement.outerHTML"); strings.Contains(html, "Ada") || strings.Contains(html, "ada@") {
		t.Error("the page still has the account in it")
	}
	b.sees("document.cookie + localStorage.length + sessionStorage.length", "00")
	b.quiet()
}

func TestBrowserLeavesTheFormOfAFormerSession(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	b.run(chromedp.Click("#do-edit"))
	b.sees(focused, "name")
	b.keys("Ada")
	d.notice(enroll.BadRead)
	b.sees(`(document.querySelector(".strip strong")||{}).textContent`, "Badge mal lu")
	b.sees(`document.getElementById("name").value`, "Ada")
	d.swipe(enroll.Account{Number: 2})
	b.sees(heading, "Bienvenue anonym2")
	b.sees(shownAt, "/p/hall")
	b.sees(`document.getElementById("name")`, "null")
	b.quiet()
}

func TestBrowserCountsDownAndStays(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	const shown = `!document.getElementById("count").hidden`
	b.sees(shown, "false")
	d.set(func(s *enroll.Screen) { s.Ends = time.Now().Add(12 * time.Second) })
	b.sees(shown, "true")
	b.sees(`/^Déconnexion dans 1?[0-9] s$/.test(document.getElementById("secs").textContent)`, "true")
	b.sees(spokenT, french["count.say"])
	b.keys("a")
	b.sees(shown, "false")
	d.set(func(s *enroll.Screen) { s.Ends = time.Now().Add(12 * time.Second) })
	b.sees(shown, "true")
	b.run(chromedp.Click("#stay button"))
	b.sees(shown, "false")
	b.quiet()
}

func TestBrowserHidesThePersonWhenTheAgentIsGone(t *testing.T) {
	d, token := newDesk(), newToken()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr := ln.Addr().String()
	start := func(ln net.Listener) (stop func()) {
		srv := &http.Server{Handler: New(Options{Panel: d, Points: []string{"hall"}, Token: token}).Handler()}
		done := make(chan struct{})
		go func() { defer close(done); _ = srv.Serve(ln) }()
		return func() { _ = srv.Close(); <-done } // as kill -9 does
	}
	stop := start(ln)
	b := newBrowser(t, d)
	k := New(Options{Panel: d, Points: []string{"hall"}, Token: token})
	b.run(chromedp.Navigate(k.URL(addr, "hall")))
	d.swipe(enroll.Account{Name: "Ada Lovelace"})
	b.sees(heading, "Bienvenue Ada Lovelace")
	stop()
	b.sees(`document.getElementById("lost").hidden`, "false")
	if strings.Contains(b.eval("document.documentElement.outerHTML"), "Ada") {
		t.Error("the name is still there")
	}
	d.leave()
	if ln, err = net.Listen("tcp", addr); err != nil {
		t.Fatal(err)
	}
	defer start(ln)()
	b.sees(heading, "Présentez votre badge")
	b.sees(`document.getElementById("lost").hidden`, "true")
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	b.quiet("ERR_CONNECTION", "ERR_INCOMPLETE", "ERR_EMPTY")
}

func TestBrowserWithoutEventSource(t *testing.T) {
	d := newDesk()
	old := chromedp.ActionFunc(func(ctx context.Context) error {
		_, err := page.AddScriptToEvaluateOnNewDocument("delete window.EventSource").Do(ctx)
		return err
	})
	b := browse(t, d, old)
	b.sees("typeof EventSource", "undefined")
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	d.leave()
	b.sees(heading, "Présentez votre badge")
	b.quiet()
}

func TestBrowserWithoutScript(t *testing.T) {
	d := newDesk()
	b := browse(t, d, emulation.SetScriptExecutionDisabled(true))
	b.sees(heading, "Présentez votre badge")
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1") // the page reloads by itself
	b.run(chromedp.Navigate(strings.Split(b.url, "/?")[0] + "/p/hall/edit"))
	b.run(chromedp.SendKeys("#name", "Ada"), chromedp.Submit("#edit"))
	b.sees(heading, "Bienvenue Ada")
	d.leave()
	b.sees(heading, "Présentez votre badge")
	b.quiet()
}
