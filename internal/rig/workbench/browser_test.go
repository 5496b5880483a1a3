//go:build browser

package workbench

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"

	"badged/internal/ctl"
	"badged/internal/rig/chromium"
)

// visitor is a real browser on the page of a real workbench.
type visitor struct {
	t     *testing.T
	ctx   context.Context
	bench *Workbench

	mu         sync.Mutex // guards complaints
	complaints []string   // what the browser's console says
}

// visit opens the page.
func visit(t *testing.T) *visitor {
	t.Helper()
	page, err := NewPage("127.0.0.1:0", slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	w := start(t, page.Origin())
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- page.Serve(ctx, w) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Error(err)
		}
	})
	v := &visitor{t: t, bench: w}
	v.ctx = chromium.Open(t, v.collectComplaint, chromedp.Flag("lang", "en"))
	v.do(cdplog.Enable(), chromedp.EmulateViewport(1440, 900), chromedp.Navigate(page.URL()))
	return v
}

// collectComplaint collects what a developer would see in red, refused by the page's policy included.
func (v *visitor) collectComplaint(ev any) {
	v.mu.Lock()
	defer v.mu.Unlock()
	switch ev := ev.(type) {
	case *cdplog.EventEntryAdded:
		if ev.Entry.Level == cdplog.LevelError || ev.Entry.Source == cdplog.SourceSecurity {
			v.complaints = append(v.complaints, fmt.Sprint(ev.Entry.Source, ": ", ev.Entry.Text, " ", ev.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		v.complaints = append(v.complaints, ev.ExceptionDetails.Error())
	}
}

func (v *visitor) do(actions ...chromedp.Action) {
	v.t.Helper()
	ctx, cancel := context.WithTimeout(v.ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		v.t.Fatal(err)
	}
}

// click clicks what the selector names.
func (v *visitor) click(sel string) { v.t.Helper(); v.do(chromedp.Click(sel, chromedp.ByQuery)) }

// sees waits until an element shows the text.
func (v *visitor) sees(sel, text string) {
	v.t.Helper()
	js := fmt.Sprintf(`(document.querySelector(%q)?.innerText ?? "").includes(%q)`, sel, text)
	v.polls(js, fmt.Sprintf("%s shows %q", sel, text))
}

// panel holds that the real panel is in its frame and shows the text.
func (v *visitor) panel(text string) {
	v.t.Helper()
	var frames []*cdp.Node
	v.do(chromedp.Nodes("#panel", &frames, chromedp.ByQuery))
	v.do(chromedp.WaitVisible("h1", chromedp.ByQuery, chromedp.FromNode(frames[0])))
	var got string
	v.do(chromedp.Text("main", &got, chromedp.ByQuery, chromedp.FromNode(frames[0])))
	if !strings.Contains(got, text) {
		v.t.Errorf("the panel shows %q, want %q", got, text)
	}
}

func (v *visitor) polls(js, what string) {
	v.t.Helper()
	var ok bool
	ctx, cancel := context.WithTimeout(v.ctx, 2*time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, chromedp.Poll(js, &ok)); err != nil {
		var page string
		_ = chromedp.Run(v.ctx, chromedp.Evaluate(`document.body.innerText`, &page))
		v.t.Fatalf("want that %s: %v\nthe page:\n%s", what, err, page)
	}
}

// shoot saves a picture when BADGED_SHOTS names a folder.
func (v *visitor) shoot(name string, width, height int64) {
	v.t.Helper()
	dir := os.Getenv("BADGED_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	v.do(chromedp.EmulateViewport(width, height), chromedp.Sleep(900*time.Millisecond), chromedp.CaptureScreenshot(&png))
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		v.t.Fatal(err)
	}
}

// fits holds that nothing is wider than the window.
func (v *visitor) fits(width int64) {
	v.t.Helper()
	var wide int64
	v.do(chromedp.EmulateViewport(width, 900), chromedp.Evaluate(`document.documentElement.scrollWidth`, &wide))
	if wide > width {
		v.t.Errorf("at a width of %d the page is %d wide", width, wide)
	}
}

func TestVisitor(t *testing.T) {
	v := visit(t)
	v.sees("#printer .pills", "connected")
	if err := panelOf(t, v.bench).shows(within(t), "Present your badge"); err != nil { // the page is in English
		t.Fatal(err)
	}
	v.shoot("1-start", 1440, 900)
	v.click(`#badges .badge:nth-child(1) button:nth-child(1)`)
	v.sees("#events", "anonym1 new account")
	v.sees("#badges", "anonym1")
	v.shoot("2-anonym1", 1440, 900)
	v.click(`#badges .badge:nth-child(1) button:nth-child(2)`)
	v.sees("#events", "no grant for this door")

	v.do(chromedp.SendKeys("#name", "Jeanne Martin", chromedp.ByQuery))
	v.click("#invite button")
	v.sees("#members", "Jeanne Martin")
	v.click("#members li button:nth-of-type(1)")
	v.sees("#members", "door allowed")
	v.click("#members li button")
	v.sees("#members", "*")
	ctx := within(t)
	if _, err := v.bench.door.await(ctx, "has the claim", func(s ctl.Status) bool { return s.Store.Claims == 1 }); err != nil {
		t.Fatal(err)
	}
	v.click("[data-network=pulled]")
	v.sees("#door .pills", "without server")
	v.sees("#door .pills", "tries again by itself")
	var code string
	v.do(chromedp.Text("#members kbd", &code, chromedp.ByQuery))
	for _, key := range strings.TrimSpace(code) {
		v.do(chromedp.Click(fmt.Sprintf(`//*[@id="keys"]/button[text()=%q]`, string(key)), chromedp.BySearch))
	}
	v.sees("#doorstate", "hold the card")
	v.shoot("3-code", 1440, 900)
	v.click(`#badges .badge:nth-child(2) button:nth-child(2)`)
	v.sees("#doorstate", "Open")
	v.sees("#door .pills", "waiting")
	v.click("#push")
	v.shoot("4-open", 1440, 900)
	v.shoot("4-open-1024", 1024, 768)
	v.shoot("4-open-390", 390, 844)
	v.do(chromedp.EmulateViewport(1440, 900))
	v.panel("Edit account")
	v.click("#printer [data-power]")
	v.sees("#printer .pills", "off")
	v.shoot("5-off", 1440, 900)
	v.click("#printer [data-power]")
	v.sees("#printer .pills", "without server")
	v.click("#hubpower")
	v.sees("#hubpill", "stopped")
	v.polls(`[...document.querySelectorAll("#invite *, #members button")].every(f => f.disabled)`, "no member can be changed")
	v.do(chromedp.Evaluate(`for (const f of document.querySelector("#invite").elements) f.disabled = false`, nil),
		chromedp.SendKeys("#name", "Nobody\r", chromedp.ByQuery))
	v.sees("#alarm", "The server is stopped: press Start.")
	v.do(chromedp.Evaluate(`document.querySelector("#name").value = ""`, nil))
	v.click("#hubpower")
	v.sees("#hubpill", "running")
	v.click("[data-network=plugged]")
	v.sees("#events", "Jeanne Martin card bound")
	v.sees("#members", "card registered")
	v.sees("#door .pills", "connected")
	v.click("[data-noise=door]")
	v.sees("#events", "bad read")
	v.click("[data-lang=fr]")
	v.sees("#t-hub", "Serveur central")
	v.shoot("6-end", 1440, 900)
	v.shoot("6-end-1024", 1024, 768)
	v.shoot("6-end-390", 390, 844)
	for _, width := range []int64{1440, 1280, 1024, 768, 390, 320} {
		v.fits(width)
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	for _, c := range v.complaints {
		expected := strings.Contains(c, "/p/hall/") || strings.Contains(c, "/do/member") || // a panel without power, a server that is stopped
			strings.Contains(c, "Blocked autofocusing") // of a page that is made to stand alone, in a frame
		if !expected {
			t.Errorf("the console says: %s", c)
		}
	}
}

// Issue 7, 4.5: closed claiming is red on the page, with a button that opens it again.
func TestAVisitorOpensClaimingAgain(t *testing.T) {
	v := visit(t)
	v.sees("#door .pills", "connected")
	v.polls(`document.querySelector("#closed").hidden`, "nothing is red at first")
	closeClaims(t, &story{Workbench: v.bench})
	v.sees("#closed", "Too many wrong codes")
	v.sees("#events", "codes closed")
	v.shoot("7-closed", 1440, 900)
	v.shoot("7-closed-390", 390, 844)
	v.fits(390)
	v.do(chromedp.EmulateViewport(1440, 900))
	v.click("#reopen")
	v.polls(`document.querySelector("#closed").hidden`, "it is gone once claiming is open")
}
