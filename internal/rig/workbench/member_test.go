//go:build browser

package workbench

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/chromedp"

	"badged/internal/ctl"
	"badged/internal/rig/chromium"
	"badged/internal/rig/sim"
	"badged/sync/hub/api"
)

// phone is a member's real browser on the web of a real hub.
type phone struct {
	t    *testing.T
	ctx  context.Context
	home string
}

func openPhone(t *testing.T, w *Workbench) phone {
	t.Helper()
	p := phone{t, chromium.Open(t, nil, chromedp.Flag("ignore-certificate-errors", true)), w.hub.webURL().String()}
	p.do(network.Enable(), network.SetExtraHTTPHeaders(network.Headers{"Accept-Language": "fr"}), chromedp.EmulateViewport(360, 740))
	return p
}

func (p phone) do(actions ...chromedp.Action) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	if err := chromedp.Run(ctx, actions...); err != nil {
		p.t.Fatal(err)
	}
}

func (p phone) open(path string) { p.t.Helper(); p.do(chromedp.Navigate(p.home + path)) }

// shows waits until the page has a text.
func (p phone) shows(text string) {
	p.t.Helper()
	js := fmt.Sprintf(`!!document.body && document.body.innerText.replace(/[\u00a0\u202f]/g, " ").includes(%q)`, text)
	ctx, cancel := context.WithTimeout(p.ctx, time.Minute)
	defer cancel()
	for ok := false; !ok; {
		_ = chromedp.Run(ctx, chromedp.Evaluate(js, &ok)) // fails between two pages
		select {
		case <-ctx.Done():
			var page string
			_ = chromedp.Run(p.ctx, chromedp.Evaluate(`document.body.innerText`, &page))
			p.t.Fatalf("want that the page shows %q:\n%s", text, hideCode(page))
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// hideCode takes the codes out of a text that a failing test prints.
func hideCode(s string) string { return regexp.MustCompile(`\*?[0-9]{4,}`).ReplaceAllString(s, "#") }

func (p phone) types(field, text string) {
	p.t.Helper()
	p.do(chromedp.SendKeys(`[name="`+field+`"]`, text, chromedp.ByQuery))
}

// presses clicks the button or link with a text.
func (p phone) presses(text string) {
	p.t.Helper()
	p.shows(text)
	js := fmt.Sprintf(`Array.from(document.querySelectorAll("button, a")).find(e => e.innerText.replace(/[\u00a0\u202f]/g, " ").trim() === %q).click()`, text)
	p.do(chromedp.Evaluate(js, nil))
}

// mailed waits for a mail to an address and gives the path of its link.
func (w *Workbench) mailed(ctx context.Context, to string) (path string, err error) {
	link := regexp.MustCompile(regexp.QuoteMeta(w.hub.webURL().String()) + `(/\S+)`)
	for {
		for _, m := range w.box.Mails() {
			if found := link.FindStringSubmatch(m.Text); found != nil && strings.Contains(fmt.Sprint(m.To), to) {
				return found[1], nil
			}
		}
		select {
		case <-ctx.Done():
			return "", context.Cause(ctx)
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// S2.01, S2.02, S2.04, S2.06, S2.11, S2.22: the card flow end to end, with the real hub, a real
// agent at the door on virtual devices and a real browser: the member activates their account
// by the mailed link, logs in, confirms to hold a card, reads the code on the page, types it at
// the keypad and presents the card. The page turns by itself, and the card opens the door.
func TestAMemberRegistersACardAtTheDoor(t *testing.T) {
	const email, password = "ada@workbench.example", "quatre grenouilles vertes chantent"
	w := start(t, "")
	s := &story{Workbench: w}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute) // a person would have given up
	defer cancel()
	ada, err := w.hub.api.AddAccount(ctx, api.NewAccount{Name: "Ada Byron", Email: email, Lang: "fr"})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.hub.grant(ctx, ada.ID); err != nil {
		t.Fatal(err)
	}
	p := openPhone(t, w)
	p.open("/creer")
	p.types("email", email)
	p.types("password", password)
	p.presses("Créer mon compte")
	p.shows("Regardez votre boîte aux lettres") // the mail may be faster than the answer with the cookie
	path, err := w.mailed(ctx, email)
	if err != nil {
		t.Fatal("no mail arrives: ", err)
	}
	p.open(path)
	p.presses("Confirmer")
	p.shows("Votre compte est actif.")
	p.open("/?to=/moi/carte")
	p.types("email", email)
	p.types("password", password)
	p.presses("Se connecter")

	p.presses("Je confirme avoir une carte en ma possession")
	p.shows("Scannez le code QR de la carte avec votre smartphone")
	p.presses("Ma carte n’a pas de code QR")
	p.shows("à la porte")
	var code string
	p.do(chromedp.Text(".big", &code, chromedp.ByQuery))
	if !regexp.MustCompile(`^\*[0-9]{4}$`).MatchString(strings.TrimSpace(code)) {
		t.Fatal("the page shows no code of * and 4 digits")
	}
	if _, err := w.door.await(ctx, "has the claim", func(st ctl.Status) bool { return st.Store.Claims == 1 }); err != nil {
		t.Fatal(err)
	}
	pulses := w.devices.pins.State().Pulses
	ev, err := s.typed(ctx, strings.TrimSpace(code))
	if err != nil || ev.Reason != "await_card" {
		t.Fatalf("the code is answered %s %s, %v", ev.Outcome, ev.Reason, err)
	}
	if got := w.devices.pins.State().Pulses; got != pulses {
		t.Error("the code alone opened the door")
	}
	if ev, err = s.tapped(ctx, w.door, w.devices.frontReader, badgeD); err != nil || ev.Outcome+" "+ev.Reason != "granted claim_bound" {
		t.Fatalf("the card is answered %s %s, %v", ev.Outcome, ev.Reason, err)
	}
	if _, err := w.devices.pins.Await(ctx, func(p sim.PinsState) bool { return p.Pulses > pulses }); err != nil {
		t.Error("the door stays shut: ", err)
	}
	p.shows("Votre carte est enregistrée")
	p.shows(doorID)
	p.presses("Terminer")
	p.shows("Tout est en ordre")
}
