// Package door is the part of the hub's web that is open to everybody: people log in, make
// an account, choose a password, and follow the links that were mailed to them.
//
//	a mailed link ─GET─► its token moves into a cookie ─► /lien says what it is for
//	                                                        │ one button, a POST
//	                                     /mot-de-passe ◄────┴────► done
//
// A GET changes nothing: programs that look for bad links open every one. No page, status or
// time tells whether an address is known.
package door

import (
	"context"
	"embed"
	"net/http"
	"time"

	"badged/internal/sitekey"
	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// texts are those of the door.
var texts = page.Texts{"fr": french, "en": english}

// door has the handlers that need more than a request.
type door struct{ key func() sitekey.Key }

// Part is the door; key is the site's, of PINs.
func Part(key func() sitekey.Key) page.Part {
	d := door{key}
	return page.Part{
		Name: "door", Layout: page.Narrow, Templates: templates, Texts: texts,
		Routes: []page.Route{
			{Method: "GET", Path: "/{$}", Right: page.Anyone, Handle: showLogin},
			{Method: "POST", Path: "/connexion", Right: page.Anyone, Handle: logIn},
			{Method: "GET", Path: "/confirmer", Right: page.SignedIn, Handle: showConfirm},
			{Method: "POST", Path: "/confirmer", Right: page.SignedIn, Handle: confirm},
			{Method: "GET", Path: "/aide/connexion", Right: page.Anyone, Handle: showHelp},
			{Method: "GET", Path: "/confidentialite", Right: page.Anyone, Handle: showNotice},
			{Method: "POST", Path: "/confidentialite", Right: page.SignedIn, Early: true, Handle: answerNotice},
			{Method: "GET", Path: "/oublie", Right: page.Anyone, Handle: showForgotten},
			{Method: "POST", Path: "/oublie", Right: page.Anyone, Handle: sendReset},
			{Method: "GET", Path: "/creer", Right: page.Anyone, Handle: showOwn},
			{Method: "POST", Path: "/creer", Right: page.Anyone, Handle: requestOwn},
			{Method: "GET", Path: "/nouveau", Right: page.Anyone, Handle: showRegister},
			{Method: "POST", Path: "/nouveau", Right: page.Anyone, Handle: d.register},
			{Method: "GET", Path: "/nouveau/cree", Right: page.Anyone, Handle: showBox},
			{Method: "POST", Path: "/nouveau/pin", Right: page.Anyone, Handle: openBox},
			{Method: "GET", Path: "/lien/{token}", Right: page.Anyone, Handle: takeLink},
			{Method: "GET", Path: "/lien", Right: page.Anyone, Handle: showLink},
			{Method: "POST", Path: "/lien", Right: page.Anyone, Handle: useLink},
			{Method: "GET", Path: "/mot-de-passe", Right: page.Anyone, Handle: showPassword},
			{Method: "POST", Path: "/mot-de-passe", Right: page.Anyone, Handle: setPassword},
		},
	}
}

// steadyTime is how long an answer takes at least that must not tell by its time what was
// found.
const steadyTime = 400 * time.Millisecond

// waitSteady waits until an answer that began at a time has taken long enough.
func waitSteady(ctx context.Context, began time.Time) {
	t := time.NewTimer(time.Until(began.Add(steadyTime)))
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}

// The cookies of the door.
const (
	linkCookie = "__Host-link" // token of the link that somebody follows
	boxCookie  = "__Host-box"  // token of a box, see people.PutInBox
	ownCookie  = "__Host-own"  // token that opens the password chosen at /creer
)

// cookie is the value of a cookie; empty: none.
func cookie(r *page.Request, name string) string {
	c, err := r.HTTP.Cookie(name)
	if err != nil {
		return ""
	}
	return c.Value
}

// keep makes a cookie that lasts for a time.
func keep(name, value string, d time.Duration) *http.Cookie {
	return &http.Cookie{Name: name, Value: value, MaxAge: int(d / time.Second)}
}

// drop makes the cookie that removes one.
func drop(name string) *http.Cookie { return &http.Cookie{Name: name, MaxAge: -1} }
