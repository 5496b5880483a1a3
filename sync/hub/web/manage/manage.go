// Package manage is the part of the hub's web for administrators: members, cards, doors,
// events, terminals, mails, the audit log and the settings. Each area has its routes, texts
// and templates in files of its own; Part puts them together.
package manage

import (
	"crypto/x509"
	"embed"
	"log/slog"
	"slices"

	"badged/sync/hub/fleet"
	"badged/sync/hub/web/me"
	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// Options is what management needs of the hub.
type Options struct {
	Hub   *fleet.Hub
	Store fleet.Store
	Log   *slog.Logger
	CA    *x509.Certificate
	URL   string // "https://host:port" of links that go out
	Join  string // host:port at which terminals join
	// BackupsElsewhere says that the database has programs of its own for backups.
	BackupsElsewhere bool
}

// manage makes the pages.
type manage struct {
	Options
	imports *importer
}

// Part is management.
func Part(o Options) page.Part {
	m := &manage{o, newImporter(o)}
	return page.Part{
		Name: "manage", Layout: page.Wide, Templates: templates, Menu: menu, Texts: texts,
		Routes: slices.Concat(
			m.boardRoutes(), m.memberRoutes(), belongingRoutes(), m.inviteRoutes(), m.importRoutes(), m.terminalRoutes(), journalRoutes(), settingRoutes(), m.careRoutes(),
			me.StepRoutes(me.Options{Hub: o.Hub}, me.OfMember),
		),
		Run: m.imports.run,
	}
}

// menu is the areas, in the order in which an administrator needs them.
var menu = []page.Item{
	{Path: "/g", Text: "manage.menu.board", Right: page.Manager},
	{Path: "/g/membres", Text: "manage.menu.members", Right: page.Members},
	{Path: "/g/terminaux", Text: "manage.menu.terminals", Right: page.Terminals},
	{Path: "/g/journal", Text: "manage.menu.log", Right: page.Audit},
	{Path: "/g/reglages", Text: "manage.menu.settings", Right: page.Settings},
}

// texts are those of all areas.
var texts = page.Texts{
	"fr": page.MergeTexts(frenchShared, frenchBoard, frenchMembers, frenchBelongings, frenchInvite, frenchImport, frenchJournal, frenchTerminals, frenchSettings, frenchBackups),
	"en": page.MergeTexts(englishShared, englishBoard, englishMembers, englishBelongings, englishInvite, englishImport, englishJournal, englishTerminals, englishSettings, englishBackups),
}
