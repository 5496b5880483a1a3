//go:build browser

package webtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/chromedp/chromedp"

	"badged/internal/rig/axe"
)

// runFlaws finds what stands out of the window, what is cut off and what lacks a text.
const runFlaws = `(function () {
  var found = [], de = document.documentElement;
  if (de.scrollWidth > innerWidth) { found.push("wider than the window: " + de.scrollWidth + " of " + innerWidth); }
  if (document.body.innerText.includes("⟦")) { found.push("a text is missing: " + document.body.innerText.match(/⟦.*?⟧/)[0]); }
  if (document.querySelectorAll("h1").length !== 1) { found.push("not one h1 but " + document.querySelectorAll("h1").length); }
  document.querySelectorAll("main *, header *, footer *").forEach(function (el) {
    var box = el.getBoundingClientRect(), style = getComputedStyle(el);
    if (!box.width || !el.checkVisibility() || el.closest(".sr, .skip, thead, svg, .scroll")) { return; }
    if (box.right > innerWidth + 1 && style.position !== "absolute") { found.push("stands out: " + el.outerHTML.slice(0, 120)); }
    if (style.overflowX === "hidden" && el.scrollWidth > el.clientWidth + 1) { found.push("is cut off: " + el.outerHTML.slice(0, 120)); }
  });
  return found.join("\n");
})()`

// look is one way to look at a page. Each language, size and scheme comes twice.
type look struct {
	lang          string
	width, height int64
	dark          bool
}

var views = []look{
	{"fr", 360, 740, false}, {"en", 360, 740, true}, {"en", 1280, 800, true}, {"fr", 1280, 800, false},
}

// Looks shows a page in a real browser, in French and in English, on a phone and on a desk,
// light and dark, with and without script and at 200 %, holds it against axe, looks for what
// overflows, and writes pictures of it into the folder that BADGED_SHOTS names. get opens the page in b.
func (c *Screen) Looks(t *testing.T, name string, b *Browser, get func() *Page) {
	t.Helper()
	c.Take(b)
	c.Open("/static/font.css") // a page of the hub's origin, for the documents that follow
	for _, v := range views {
		b.Lang = v.lang
		at := fmt.Sprintf("%s-%s-%d%s", name, v.lang, v.width, map[bool]string{true: "-dark"}[v.dark])
		c.Size(v.width, v.height)
		c.Dark(v.dark)
		c.ShowPage(get())
		c.check(t, at, runFlaws)
		c.checkAxe(t, at)
		c.shoot(t, at)
	}
	c.Size(640, 400)
	c.check(t, name+" at 200 %", runFlaws)
	c.withoutScript(t, name, b, get)
	c.Quiet()
}

func (c *Screen) withoutScript(t *testing.T, name string, b *Browser, get func() *Page) {
	t.Helper()
	b.Lang = "fr"
	c.Script(false)
	defer c.Script(true)
	c.Size(360, 740)
	c.ShowPage(get())
	c.check(t, name+" without script", runFlaws)
}

func (c *Screen) check(t *testing.T, at, js string) {
	t.Helper()
	if flaws := c.Eval(js); flaws != "" {
		t.Errorf("%s:\n%s", at, flaws)
	}
}

func (c *Screen) checkAxe(t *testing.T, at string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(c.ctx, patience)
	defer cancel()
	found, err := axe.Check(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if found != "" {
		t.Errorf("%s, axe:\n%s", at, found)
	}
}

// shoot writes a picture of the whole page into the folder that BADGED_SHOTS names; without
// one nobody keeps it.
func (c *Screen) shoot(t *testing.T, at string) {
	t.Helper()
	dir := os.Getenv("BADGED_SHOTS")
	if dir == "" {
		return
	}
	var png []byte
	c.Do(chromedp.FullScreenshot(&png, 100))
	if err := os.WriteFile(filepath.Join(dir, at+".png"), png, 0o644); err != nil {
		t.Fatal(err)
	}
}
