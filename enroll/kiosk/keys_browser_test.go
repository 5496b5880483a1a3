//go:build browser

package kiosk

import (
	"fmt"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"badged/enroll"
)

// Issue 7, 3.5: fast fingers reach the agent in their order, and the buttons stay what they
// are under them.
func TestBrowserTypesAClaimCode(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.offerKeys()
	b.sees(heading, "Badge inconnu")
	b.run(chromedp.Evaluate(`window.seven = document.querySelector("#keypad [value='7']"); window.sameDocument = true`, nil))
	b.sees(spokenT, "Badge inconnu. Pour l’enregistrer, tapez le code que vous avez reçu. Vous avez 45 secondes.")
	b.run(chromedp.Evaluate(`document.getElementById("live").textContent = "said"`, nil))
	for _, key := range "7365" {
		b.run(chromedp.Click(fmt.Sprintf("#keypad [value='%c']", key), chromedp.ByQuery))
	}
	b.sees(`document.querySelectorAll("#typed .full").length`, "4")
	b.sees(`document.querySelector("#typed .sr").textContent`, "Chiffres tapés\u00a0: 4 sur 4")
	b.sees(spokenT, "said") // the number of digits speaks for itself
	b.sees(`window.sameDocument && window.seven === document.querySelector("#keypad [value='7']")`, "true")
	if d.typed != "7365" {
		t.Errorf("typed %q", d.typed)
	}
	d.set(func(s *enroll.Screen) { s.Notice, s.Typed = enroll.CodeRefused, 0 })
	b.sees(heading, "Code refusé")
	b.sees(spokenT, "Code refusé. Vérifiez votre code et recommencez.")
	b.sees(`document.querySelectorAll("#typed .full").length`, "0")
	b.sees(`window.seven === document.querySelector("#keypad [value='7']")`, "true")
	d.set(func(s *enroll.Screen) { s.Notice, s.Keys = enroll.AwaitSameCard, enroll.NoKeys })
	b.sees(`document.getElementById("keypad")`, "null")
	b.quiet()
}

// Fifty taps in one go, with answers that overtake each other if they can.
func TestBrowserKeepsTheOrderOfFastFingers(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.offerKeys()
	b.sees(heading, "Badge inconnu")
	want := strings.Repeat("7365*", 10)
	b.run(chromedp.Evaluate(`"`+want+`".split("").forEach(function (k) { document.querySelector("#keypad [value='" + k + "']").click(); })`, nil))
	typed := func() string {
		d.mu.Lock()
		defer d.mu.Unlock()
		return d.typed
	}
	b.until("the agent has all keys", func() bool { return len(typed()) >= len(want) })
	if got := typed(); got != want {
		t.Errorf("typed %q", got)
	}
	b.quiet()
}

const keyboardShown = `!document.getElementById("keyboard").hidden`

// tapKeys presses keys of the keyboard on the screen by their face or their label.
func (b *screen) tapKeys(keys ...string) {
	b.t.Helper()
	for _, k := range keys {
		b.run(chromedp.Click(fmt.Sprintf(`//div[@id="keyboard"]//button[text()=%q or @aria-label=%q]`, k, k), chromedp.BySearch))
	}
}

// Issue 7, 1.4: where there is only a pointer, a keyboard comes on the screen.
func TestBrowserHasAKeyboardOfItsOwn(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	b.run(chromedp.Click("#do-edit"))
	b.sees(heading, "Modifier le compte")
	b.sees(keyboardShown, "false")
	b.run(chromedp.Click("#name"))
	b.sees(keyboardShown, "true")
	b.sees(focused, "name")
	b.tapKeys("Z", "o", "Autres lettres", "é", "Espace", "Majuscule", "d", "u", "Espace", "X", "Effacer", "Effacer", "-", "P", "Autres lettres", "Autres lettres", "ő")
	b.sees(`document.getElementById("name").value`, "Zoé du-Pő")
	b.sees(focused, "name")
	b.run(chromedp.Evaluate(`document.getElementById("name").setSelectionRange(0, 3)`, nil))
	b.tapKeys("Majuscule", "L", "Autres lettres", "é")
	b.sees(`document.getElementById("name").value`, "Lé du-Pő")
	b.run(chromedp.Click("#email"))
	b.tapKeys("a", "@", "b", ".", "f", "r")
	b.sees(`document.getElementById("email").value`, "a@b.fr")
	b.tapKeys("Terminé")
	b.sees(keyboardShown, "false")
	b.sees(`document.getElementById("do-save").offsetParent !== null`, "true")
	d.leave() // a keyboard does not outlive its form
	b.sees(heading, "Présentez votre badge")
	b.sees(`document.querySelector("main").className.indexOf("typing")`, "-1")
	b.quiet()
}

// A person with a real keyboard is not bothered, and English has its own order of letters.
func TestBrowserKeyboardGoesForARealOne(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.swipe(enroll.Account{Number: 1, Lang: "en"})
	b.sees(heading, "Welcome anonym1")
	b.keys(kb.Tab, kb.Enter)
	b.sees(heading, "Edit account")
	b.run(chromedp.Click("#name"))
	b.sees(keyboardShown, "true")
	b.sees(`Array.prototype.map.call(document.querySelectorAll("#keyboard .keyrow:nth-child(2) button"), function (k) { return k.textContent; }).join("")`, "QWERTYUIOP")
	b.keys("A")
	b.sees(keyboardShown, "false")
	b.run(chromedp.Click("#email"))
	b.sees(keyboardShown, "false")
	b.sees(`document.getElementById("name").value`, "A")
	b.sees(`document.querySelectorAll("#keyboard button:not([tabindex='-1'])").length`, "0")
	b.quiet()
}

// Every key can be hit and has a name, at every size of panel and in every turn of letters.
func (b *screen) lookAtKeyboard(t *testing.T, lang string, size [2]int64) {
	t.Helper()
	b.d.swipe(b.person("", 1))
	b.open(strings.Split(b.url, "/?")[0], "/p/hall/edit")
	b.run(chromedp.Click("#email"))
	b.sees(keyboardShown, "true")
	for turn := range 4 {
		b.keep(t, fmt.Sprintf("keyboard%d-%s-%dx%d", turn, lang, size[0], size[1]))
		b.sees(`document.getElementById("email").getBoundingClientRect().bottom <= document.getElementById("keyboard").getBoundingClientRect().top`, "true")
		b.sees(`document.querySelectorAll("#keyboard button:not([aria-label]):empty").length`, "0")
		b.tapKeys(texts[lang]["keyboard.more"])
	}
}

// S1.28: a PIN that is typed by touch leaves nothing in the page, its address or the history,
// and the keys stay what they are under the finger.
func TestBrowserTypesAPIN(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	d.set(func(s *enroll.Screen) { s.PINs = true })
	b.sees(`!!document.getElementById("do-pin")`, "true")
	b.run(chromedp.Click("#do-pin"))
	b.sees(heading, french["pin.heading"])
	before := b.eval("history.length")
	b.run(chromedp.Evaluate(`window.nine = document.querySelector("#keypad [value='9']"); window.sameDocument = true`, nil))
	for _, key := range "93171" {
		b.run(chromedp.Click(fmt.Sprintf("#keypad [value='%c']", key), chromedp.ByQuery))
	}
	b.sees(`document.querySelectorAll("#typed .full").length`, "5")
	b.sees(`window.sameDocument && window.nine === document.querySelector("#keypad [value='9']")`, "true")
	if strings.Contains(b.eval("document.documentElement.outerHTML"), "93171") || b.eval(shownAt) != "/p/hall" || b.eval("history.length") != before {
		t.Error("the page, its address or the history has the PIN")
	}
	b.run(chromedp.Click("#keypad [value='#']", chromedp.ByQuery))
	b.until("the agent has all keys", func() bool { d.mu.Lock(); defer d.mu.Unlock(); return d.typed == "93171#" })
	d.set(func(s *enroll.Screen) { s.Notice, s.Typed = enroll.PINUnknown, 0 })
	b.sees(heading, "Code refusé")
	b.sees(spokenT, "Code refusé. Vérifiez votre code et recommencez.")
	b.keys(kb.Escape)
	b.sees(heading, "Présentez votre badge")
	d.offerKeys() // other keys in the place of those
	b.sees(heading, "Badge inconnu")
	b.run(chromedp.Click("#do-pin"))
	b.sees(heading, french["pin.heading"])
	b.sees(`document.querySelectorAll("#keypad [value='#']").length`, "1")
	d.offerKeys()
	b.sees(`document.querySelectorAll("#keypad [value='#']").length`, "0")
	d.swipe(anonym1)
	b.sees(heading, "Bienvenue anonym1")
	b.quiet()
}

// The same without script: the page reloads by itself, and each key is a form.
func TestBrowserTypesAPINWithoutScript(t *testing.T) {
	d := newDesk()
	b := browse(t, d, emulation.SetScriptExecutionDisabled(true))
	d.set(func(s *enroll.Screen) { s.PINs = true })
	b.press("#do-pin")
	b.sees(heading, french["pin.heading"])
	for i, key := range "93171" {
		b.press(fmt.Sprintf("#keypad [value='%c']", key))
		b.sees(`document.querySelectorAll("#typed .full").length`, fmt.Sprint(i+1))
	}
	b.press("#do-cancel")
	b.sees(heading, "Présentez votre badge")
	b.quiet()
}

// press waits for a button and presses it in one go: a page that reloads by itself may be another
// one when the mouse has come to it.
func (b *screen) press(button string) {
	b.t.Helper()
	b.sees(fmt.Sprintf(`(function (e) { if (e) { e.click(); } return !!e; }(document.querySelector(%q)))`, button), "true")
}
