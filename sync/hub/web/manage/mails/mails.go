// Package mails is the pages of management about mails: those on their way out with what the
// mail server said, a test, and the templates with preview and reset.
package mails

import (
	"embed"
	"slices"

	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// Part is the pages of this package. Whoever puts management together gives it a menu.
func Part() page.Part {
	return page.Part{
		Name: "mails", Layout: page.Wide, Templates: templates, Texts: texts, Menu: Menu,
		Routes: slices.Concat(outboxRoutes(), templateRoutes()),
	}
}

// The addresses of the two lists.
const (
	outboxPath    = "/g/courriels"
	templatesPath = outboxPath + "/modeles"
)

// Menu is the area.
var Menu = []page.Item{{Path: outboxPath, Text: "mails.menu", Right: page.Mail}}

var texts = page.Texts{"fr": french, "en": english}

func tabs(r *page.Request, current string) []page.Link {
	return []page.Link{
		{Path: outboxPath, Text: r.T("mails.outbox"), Current: current == outboxPath},
		{Path: templatesPath, Text: r.T("mails.templates"), Current: current == templatesPath},
	}
}
