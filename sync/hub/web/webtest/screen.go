//go:build browser

package webtest

import (
	"context"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"badged/internal/rig/chromium"
)

// patience is how long a person would wait for a page before calling it broken.
const patience = 30 * time.Second

// Screen is a real browser.
type Screen struct {
	t    testing.TB
	ctx  context.Context
	base string

	mu         sync.Mutex // guards complaints
	complaints []string   // what the browser's console says
}

// Screen starts a Chromium.
func (s *Stand) Screen(t testing.TB) *Screen {
	t.Helper()
	c := &Screen{t: t, base: s.URL}
	c.ctx = chromium.Open(t, c.collectComplaint, chromedp.Flag("ignore-certificate-errors", true))
	c.Do(emulation.SetFocusEmulationEnabled(true), cdplog.Enable(), network.Enable())
	return c
}

// collectComplaint collects what a developer would see in red, refused by the page's policy included.
func (c *Screen) collectComplaint(ev any) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch ev := ev.(type) {
	case *cdplog.EventEntryAdded:
		status := ev.Entry.Source == cdplog.SourceNetwork && strings.Contains(ev.Entry.Text, "responded with a status of 4")
		if (ev.Entry.Level == cdplog.LevelError || ev.Entry.Source == cdplog.SourceSecurity) && !status {
			c.complaints = append(c.complaints, fmt.Sprint(ev.Entry.Source, ": ", ev.Entry.Text, " ", ev.Entry.URL))
		}
	case *runtime.EventExceptionThrown:
		c.complaints = append(c.complaints, ev.ExceptionDetails.Error())
	}
}

// Quiet fails when the console said anything that is wrong.
func (c *Screen) Quiet() {
	c.t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, line := range c.complaints {
		c.t.Errorf("the browser complains: %s", line)
	}
	c.complaints = nil
}

// Do lets the browser do something, within the patience of a person.
func (c *Screen) Do(actions ...chromedp.Action) {
	c.t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	if chromedp.FromContext(c.ctx).Target == nil {
		ctx = c.ctx // the first starts the browser, which must outlive a timeout
	}
	if err := chromedp.Run(ctx, actions...); err != nil {
		c.t.Fatal(err)
	}
}

// Take logs the browser in as another one is, with all cookies of it.
func (c *Screen) Take(b *Browser) {
	c.t.Helper()
	at, _ := url.Parse(c.base)
	c.Do(network.ClearBrowserCookies())
	for _, cookie := range b.Client.Jar.Cookies(at) {
		c.Do(network.SetCookie(cookie.Name, cookie.Value).WithURL(c.base).WithPath("/").WithSecure(true).WithHTTPOnly(true))
	}
}

// Open goes to a page.
func (c *Screen) Open(path string) {
	c.t.Helper()
	c.Do(chromedp.Navigate(c.base + path))
}

// Lang is the language that the browser asks for from then on.
func (c *Screen) Lang(lang string) {
	c.t.Helper()
	c.Do(network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": lang}))
}

// Size sets the size of the window.
func (c *Screen) Size(width, height int64) {
	c.t.Helper()
	c.Do(chromedp.EmulateViewport(width, height))
}

// Script switches scripts on and off, from the next page on.
func (c *Screen) Script(on bool) {
	c.t.Helper()
	c.Do(emulation.SetScriptExecutionDisabled(!on))
}

// Dark chooses between the light and the dark colours, and stops what moves.
func (c *Screen) Dark(dark bool) {
	c.t.Helper()
	scheme := map[bool]string{false: "light", true: "dark"}[dark]
	c.Do(emulation.SetEmulatedMedia().WithFeatures([]*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme}, {Name: "prefers-reduced-motion", Value: "reduce"},
	}))
}

// ShowPage shows a page that another browser got, as if it had come here.
func (c *Screen) ShowPage(p *Page) {
	c.t.Helper()
	c.Do(chromedp.ActionFunc(func(ctx context.Context) error {
		tree, err := page.GetFrameTree().Do(ctx)
		if err != nil {
			return err
		}
		return page.SetDocumentContent(tree.Frame.ID, p.Body).Do(ctx)
	}))
	c.Sees(`document.readyState === "complete" && document.styleSheets.length`, "2")
}

// Eval is the value of an expression in the page.
func (c *Screen) Eval(js string) (value string) {
	c.t.Helper()
	c.Do(chromedp.Evaluate("String("+js+")", &value))
	return value
}

// Sees waits until an expression of the page has a value.
func (c *Screen) Sees(js, want string) {
	c.t.Helper()
	var got string
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		err := chromedp.Run(c.ctx, chromedp.Evaluate("String("+js+")", &got))
		if err == nil && got == want {
			return
		}
	}
	c.t.Fatalf("%s is %q, want %q", js, got, want)
}

// SeesText waits until the page shows a text.
func (c *Screen) SeesText(text string) {
	c.t.Helper()
	c.Sees(fmt.Sprintf(`document.body.innerText.replace(/[\u00a0\u202f]/g, " ").includes(%q)`, text), "true")
}

// Type types into the field of a name, over what is there.
func (c *Screen) Type(name, text string) {
	c.t.Helper()
	sel := fmt.Sprintf(`[name=%q]`, name)
	c.Sees(fmt.Sprintf(`document.querySelector(%q) !== null`, sel), "true")
	c.Do(chromedp.Evaluate(fmt.Sprintf(`document.querySelector(%q).value = ""`, sel), nil), chromedp.SendKeys(sel, text, chromedp.ByQuery)) // works without script too
}

// Press clicks the button or link with a text, and waits for the page that it leads to: the
// former one may have fields of the same names.
func (c *Screen) Press(text string) {
	c.t.Helper()
	const find = `Array.from(document.querySelectorAll("button, a.button, a, summary, label")).find(e => e.innerText.replace(/[\u00a0\u202f]/g, " ").trim() === %q && e.checkVisibility())`
	js := fmt.Sprintf(find, text)
	c.Sees("!!("+js+")", "true")
	var at []*cdp.Node
	const forget = `document.querySelectorAll("[data-press]").forEach(e => e.removeAttribute("data-press"))`
	c.Do(chromedp.Evaluate(forget, nil), chromedp.Evaluate("("+js+").setAttribute('data-press', '1')", nil), chromedp.Nodes(`[data-press]`, &at, chromedp.ByQuery))
	leaves := c.Eval(leads) == "true"
	c.Do(chromedp.Evaluate(`document.documentElement.setAttribute("data-left", "1")`, nil), chromedp.MouseClickNode(at[0]))
	if leaves {
		c.Sees(`document.readyState === "complete" && !document.documentElement.hasAttribute("data-left")`, "true")
	}
}

// leads tells whether the pressed element leads to another page: a link, or a button that sends
// a form which the browser does not hold back.
const leads = `(e => !!e.closest("a[href]:not([href^='#']):not([download])") || e.type === "submit" && !!e.form && (e.formNoValidate || e.form.noValidate || e.form.checkValidity()))(document.querySelector("[data-press]"))`

// Keys presses keys, one after the other.
func (c *Screen) Keys(keys ...string) {
	c.t.Helper()
	for _, k := range keys {
		c.Do(chromedp.KeyEvent(k))
	}
}

// mostTabs is how often somebody presses Tab before giving up.
const mostTabs = 60

// TabTo presses Tab until the link, the button or the field of a label has the focus.
func (c *Screen) TabTo(text string) {
	c.t.Helper()
	const named = `(function (e) { var l = e.labels && e.labels[0]; return (l || e).textContent.replace(/\s+/g, " ").trim(); })(document.activeElement)`
	for range mostTabs {
		c.Keys(kb.Tab)
		if c.Eval(named) == text {
			return
		}
	}
	c.t.Fatalf("Tab does not reach %q", text)
}
