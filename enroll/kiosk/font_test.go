//go:build browser

package kiosk

import (
	"context"
	"fmt"
	"testing"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/css"
	"github.com/chromedp/cdproto/dom"
	"github.com/chromedp/chromedp"

	"badged/enroll"
)

// europe is names with the letters that Europe writes in Latin, and French marks.
const europe = "Łukasz Ğülşen Đorđe Ștefan Țepeș Erdős Żółć Řehoř Ľubica Ģirts Īva Ŭo Ŝĵĉ Ħal Ŧeŋ Əli Ŵŷẁ Straẞe œuvre Æsa Þór «’…–—» €"

// Issue 7, 1.1: every letter of the panel comes from the font that it brings along, whatever
// fonts the box has.
func TestBrowserBringsEveryLetterAlong(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.sees(heading, "Présentez votre badge")
	b.fontsAreOurs(t, "idle")
	d.swipe(enroll.Account{Name: europe})
	b.sees(heading, "Bienvenue "+europe)
	b.fontsAreOurs(t, "home")
	b.run(chromedp.Click("#do-edit"))
	b.sees(heading, "Modifier le compte")
	b.fontsAreOurs(t, "edit")
	b.quiet()
}

// fontsAreOurs asks the browser which fonts it has drawn the page's texts with.
func (b *screen) fontsAreOurs(t *testing.T, page string) {
	t.Helper()
	b.sees("document.fonts.status", "loaded")
	var nodes []*cdp.Node
	b.run(dom.Enable(), css.Enable(), chromedp.Nodes("h1, p, span, a, button, label, legend, input[type=text], svg text", &nodes, chromedp.ByQueryAll))
	letters := 0.0
	for _, n := range nodes {
		b.run(chromedp.ActionFunc(func(ctx context.Context) error {
			used, err := css.GetPlatformFontsForNode(n.NodeID).Do(ctx)
			for _, f := range used {
				letters += f.GlyphCount
				if !f.IsCustomFont {
					t.Errorf("%s: %v letters of %s come from %s", page, f.GlyphCount, n.LocalName, f.FamilyName)
				}
			}
			return err
		}))
	}
	if letters < 40 {
		t.Error(fmt.Sprint("only ", letters, " letters were looked at"))
	}
}
