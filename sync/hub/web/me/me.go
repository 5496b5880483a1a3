// Package me is the part of the hub's web for a member: their cards and doors, the steps that
// register a card, their PIN, profile, passages, sessions and data. It is made for a phone
// first.
package me

import (
	"embed"
	"slices"

	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// texts are those of the part.
var texts = page.Texts{"fr": french, "en": english}

// Options is what the part needs of the hub.
type Options struct {
	Hub *fleet.Hub
}

// space makes the pages.
type space struct{ Options }

// Part is a member's space.
func Part(o Options) page.Part {
	s := &space{o}
	return page.Part{
		Name: "me", Layout: page.Space, Templates: templates, Texts: texts,
		Menu: []page.Item{
			{Path: "/moi", Text: "me.menu.home", Right: page.SignedIn},
			{Path: "/moi/carte", Text: "me.menu.register", Right: page.SignedIn},
			{Path: "/moi/cartes", Text: "me.menu.cards", Right: page.SignedIn},
			{Path: "/moi/pin", Text: "me.menu.pin", Right: page.SignedIn},
			{Path: "/moi/passages", Text: "me.menu.passages", Right: page.SignedIn},
			{Path: "/moi/profil", Text: "me.menu.profile", Right: page.SignedIn},
			{Path: "/moi/securite", Text: "me.menu.security", Right: page.SignedIn},
			{Path: "/moi/donnees", Text: "me.menu.data", Right: page.SignedIn},
		},
		Routes: slices.Concat(s.routes(), StepRoutes(o, Own), cardRoutes(), labelRoutes()),
	}
}

func (s *space) routes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/moi", Right: page.SignedIn, Handle: showHome},
		{Method: "GET", Path: "/moi/pin", Right: page.SignedIn, Handle: showPIN},
		{Method: "POST", Path: "/moi/pin", Right: page.SignedIn, Fresh: true, Handle: s.issuePIN},
		{Method: "GET", Path: "/moi/passages", Right: page.SignedIn, Handle: showPassages},
		{Method: "GET", Path: "/moi/profil", Right: page.SignedIn, Handle: showProfile},
		{Method: "POST", Path: "/moi/profil", Right: page.SignedIn, Handle: changeProfile},
		{Method: "POST", Path: "/moi/profil/nom/prendre", Right: page.SignedIn, Handle: settleName(true, "me.profile.name.taken")},
		{Method: "POST", Path: "/moi/profil/nom/refuser", Right: page.SignedIn, Handle: settleName(false, "me.profile.name.refused")},
		{Method: "GET", Path: "/moi/adresse", Right: page.SignedIn, Fresh: true, Handle: showEmail},
		{Method: "POST", Path: "/moi/adresse", Right: page.SignedIn, Fresh: true, Handle: requestEmail},
		{Method: "POST", Path: "/moi/profil/courriels", Right: page.SignedIn, Handle: chooseMails},
		{Method: "GET", Path: "/moi/securite", Right: page.SignedIn, Handle: showSecurity},
		{Method: "GET", Path: "/moi/securite/mot-de-passe", Right: page.SignedIn, Fresh: true, Handle: showPassword},
		{Method: "POST", Path: "/moi/securite/mot-de-passe", Right: page.SignedIn, Fresh: true, Handle: changePassword},
		{Method: "POST", Path: "/moi/securite/partout", Right: page.SignedIn, Handle: endOtherSessions},
		{Method: "GET", Path: "/moi/donnees", Right: page.SignedIn, Handle: showData},
		{Method: "POST", Path: "/moi/donnees/export", Right: page.SignedIn, Fresh: true, Handle: exportData},
		{Method: "GET", Path: "/moi/donnees/effacer", Right: page.SignedIn, Fresh: true, Handle: askErase},
		{Method: "POST", Path: "/moi/donnees/effacer", Right: page.SignedIn, Fresh: true, Handle: erase},
	}
}
