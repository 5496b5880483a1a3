// Package door is the part of the hub's web that is open to everybody: people log in, make
// an account, choose a password, and follow the links that were mailed to them.
package door

import (
	"embed"

	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// texts are those of the door.
var texts = page.Texts{"fr": french, "en": english}

// Part is the door.
func Part() page.Part {
	return page.Part{
		Name: "door", Layout: page.Narrow, Templates: templates, Texts: texts,
		Routes: []page.Route{
			{Method: "GET", Path: "/{$}", Right: page.Anyone, Handle: showLogin},
			{Method: "POST", Path: "/connexion", Right: page.Anyone, Handle: logIn},
			{Method: "GET", Path: "/confirmer", Right: page.SignedIn, Handle: showConfirm},
			{Method: "POST", Path: "/confirmer", Right: page.SignedIn, Handle: confirm},
			{Method: "GET", Path: "/aide/connexion", Right: page.Anyone, Handle: showHelp},
		},
	}
}
