// Package doors is the pages of management about cards, doors and what happens at them: the
// inventory with unknown and contested cards, doors with «who can open it?» and «what if?»,
// schedules, holidays, groups and grants, events and reports.
package doors

import (
	"embed"
	"slices"

	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// pages makes the pages that show how terminals are.
type pages struct{ hub *fleet.Hub }

// Part is the pages of this package. Whoever puts management together gives it a menu.
func Part(hub *fleet.Hub) page.Part {
	p := pages{hub}
	return page.Part{
		Name: "doors", Layout: page.Wide, Templates: templates, Texts: texts, Menu: Menu,
		Routes: slices.Concat(cardRoutes(), p.doorRoutes(), p.memberRoutes(), scheduleRoutes(), groupRoutes(), grantRoutes(), eventRoutes(), p.reportRoutes()),
	}
}

// Menu is the areas, in the order in which an administrator needs them.
var Menu = []page.Item{
	{Path: "/g/cartes", Text: "doors.menu.cards", Right: page.Cards},
	{Path: "/g/portes", Text: "doors.menu.doors", Right: page.Doors},
	{Path: "/g/droits", Text: "doors.menu.rights", Right: page.Doors},
	{Path: "/g/groupes", Text: "doors.menu.groups", Right: page.Doors},
	{Path: "/g/horaires", Text: "doors.menu.schedules", Right: page.Doors},
	{Path: "/g/evenements", Text: "doors.menu.events", Right: page.Events},
	{Path: "/g/rapports", Text: "doors.menu.reports", Right: page.Events},
}

var texts = page.Texts{
	"fr": page.MergeTexts(frenchCards, frenchDoors, frenchRights, frenchEvents),
	"en": page.MergeTexts(englishCards, englishDoors, englishRights, englishEvents),
}

// tabs marks the one that is shown.
func tabs(r *page.Request, current string, all ...string) (out []page.Link) {
	for i := 0; i+1 < len(all); i += 2 {
		out = append(out, page.Link{Path: all[i], Text: r.T(all[i+1]), Current: all[i] == current})
	}
	return out
}
