//go:build browser

package manage_test

import (
	"testing"

	"github.com/chromedp/cdproto/input"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/web/webtest"
)

// An open page follows the hub by itself, and keeps the button under the keyboard.
func TestBrowserFollowsTheHub(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	c.Size(1280, 800)
	c.Lang("fr")
	c.Take(s.AsAdmin())
	c.Open("/g/terminaux")
	c.SeesText("Il n’y a pas encore de terminal")
	c.Eval(`window.sameDocument = true`)
	s.Write(func(tx fleet.Tx) error {
		_, err := access.CloseClaims(tx.Tx.Tx, "hall", 0)
		return err
	})
	c.SeesText("Trop de codes faux")
	if c.Eval(`window.sameDocument`) != "true" {
		t.Error("the page was loaded again")
	}
	c.Press("Rouvrir l’enregistrement par code")
	c.SeesText("L’enregistrement par code est rouvert")
	c.Quiet()
}

// What changes on the hub while somebody presses a button does not take the button away.
func TestBrowserKeepsThePageWhileAButtonIsPressed(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	c.Size(1280, 800)
	c.Lang("fr")
	c.Take(s.AsAdmin())
	s.Write(func(tx fleet.Tx) error {
		_, err := access.CloseClaims(tx.Tx.Tx, "hall", 0)
		return err
	})
	c.Open("/g/terminaux")
	c.SeesText("Trop de codes faux")
	c.Eval(telling)
	var at []float64
	c.Do(chromedp.Evaluate(`(r => [r.left + r.width / 2, r.top + r.height / 2])(document.querySelector("#terminals button").getBoundingClientRect())`, &at))
	mouse := func(what input.MouseType) chromedp.Action {
		return input.DispatchMouseEvent(what, at[0], at[1]).WithButton(input.Left).WithClickCount(1)
	}
	c.Do(mouse(input.MousePressed))
	s.Write(func(tx fleet.Tx) error { return fleet.AddTerminal(tx, "yard", secret.New("0123456789abcdef"), false) })
	c.Sees(`window.told.includes("yard")`, "true")
	c.Do(mouse(input.MouseReleased))
	c.SeesText("L’enregistrement par code est rouvert")
	c.Quiet()
}

// telling keeps the text of the page that the script has dealt with last. What the page does
// after a second or more comes never: a machine that is busy is as good as one that is not.
const telling = `(function () {
  var parse = DOMParser.prototype.parseFromString, later = window.setTimeout;
  window.told = "";
  DOMParser.prototype.parseFromString = function (text) { window.told = text; return parse.apply(this, arguments); };
  window.setTimeout = function (fn, ms) { return later(fn, ms < 1000 ? ms : 1e9); };
}())`

// On a phone without script the menu opens, leads on, and closes.
func TestBrowserMenuOnAPhoneWithoutScript(t *testing.T) {
	s := webtest.New(t)
	c := s.Screen(t)
	c.Size(360, 740)
	c.Lang("fr")
	c.Take(s.AsAdmin())
	c.Script(false)
	c.Open("/g")
	const shown = `document.getElementById("menu").checkVisibility()`
	c.Sees(shown, "false")
	c.Press("Menu")
	c.Sees(shown, "true")
	c.Press("Fermer le menu")
	c.Sees(shown, "false")
	c.Press("Menu")
	c.Press("Membres")
	c.Sees(`location.pathname`, "/g/membres")
	c.Sees(shown, "false")
	c.Quiet()
}

// A member is found and suspended with the keyboard alone.
func TestBrowserWithKeysAlone(t *testing.T) {
	s := webtest.New(t)
	ada := s.AddPerson(person("Ada", "Byron", "ada@example.org"))
	c := s.Screen(t)
	c.Size(1280, 800)
	c.Lang("fr")
	c.Take(s.AsAdmin())
	c.Open("/g/membres?q=ada")
	const text = `document.activeElement.textContent.trim()`
	c.Keys(kb.Tab)
	c.Sees(text, "Aller au contenu")
	c.Keys(kb.Enter)
	c.TabTo("Ada Byron")
	c.Keys(kb.Enter)
	c.Sees(`document.querySelector("h1").textContent`, "Ada Byron")
	c.TabTo("Suspendre")
	c.Keys(kb.Enter)
	c.SeesText("Suspendre Ada Byron ?")
	c.TabTo("Suspendre")
	c.Keys(kb.Enter)
	c.SeesText("Le compte est suspendu")
	if state := account(s, ada.ID).State; state != "suspended" {
		t.Errorf("the account is %s", state)
	}
	c.Quiet()
}
