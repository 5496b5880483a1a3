// Package releases is the pages of management about releases of terminals that start from
// cards: which the hub keeps, who is to have them, how far each terminal is and what to do.
package releases

import (
	"embed"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/release"
	"badged/sync/hub/web/page"
)

//go:embed pages/*.html
var templates embed.FS

// pages makes the pages that change what terminals are told.
type pages struct{ hub *fleet.Hub }

// Part is the pages of this package. Whoever puts management together gives it a menu.
func Part(hub *fleet.Hub) page.Part {
	p := pages{hub}
	const of = "/g/versions/{release}"
	return page.Part{
		Name: "releases", Layout: page.Wide, Templates: templates, Texts: page.Texts{"fr": french, "en": english},
		Menu: []page.Item{{Path: "/g/versions", Text: "releases.menu", Right: page.Terminals}},
		Routes: []page.Route{
			{Method: "GET", Path: "/g/versions", Right: page.Terminals, Handle: listReleases},
			{Method: "GET", Path: of, Right: page.Terminals, Handle: showRelease},
			{Method: "GET", Path: of + "/attribuer", Right: page.Terminals, Handle: chooseWave},
			{Method: "POST", Path: of + "/attribuer", Right: page.Terminals, Handle: assign},
			{Method: "GET", Path: of + "/pause", Right: page.Terminals, Handle: confirmStep("pause", overview.CanPause)},
			{Method: "POST", Path: of + "/pause", Right: page.Terminals, Handle: pause},
			{Method: "GET", Path: of + "/reprendre", Right: page.Terminals, Handle: confirmStep("resume", overview.CanResume)},
			{Method: "POST", Path: of + "/reprendre", Right: page.Terminals, Handle: goOn("resume", false)},
			{Method: "GET", Path: of + "/reessayer", Right: page.Terminals, Handle: confirmStep("retry", overview.CanRetry)},
			{Method: "POST", Path: of + "/reessayer", Right: page.Terminals, Handle: goOn("retry", true)},
			{Method: "GET", Path: of + "/retirer", Right: page.Terminals, Handle: confirmRemoval},
			{Method: "POST", Path: of + "/retirer", Right: page.Terminals, Handle: p.remove},
		},
	}
}

// line is a release of the list.
type line struct {
	Path, Version string
	State         page.Tag
	Whom          string
	Added         time.Time
	Counts        counts
}

// counts is how many terminals are how far.
type counts struct{ Healthy, Going, Failed, Waiting int }

func (c *counts) add(s release.Stage) {
	switch s {
	case release.Healthy:
		c.Healthy++
	case release.Installing:
		c.Going++
	case release.Failed, release.Lost:
		c.Failed++
	default:
		c.Waiting++
	}
}

func listReleases(r *page.Request) (page.Reply, error) {
	var lines []line
	err := r.Read(func(tx fleet.Tx) error {
		lines = nil
		return tx.EachRelease(func(of release.Release) error {
			l, err := lineOf(r, tx, of)
			lines = append(lines, l)
			return err
		})
	})
	return page.Show("releases/releases", r.T("releases.title"), lines), err
}

func lineOf(r *page.Request, tx fleet.Tx, of release.Release) (line, error) {
	l := line{Path: pathOf(of), Version: of.Version, State: stateTag(r, of), Whom: whom(r, of.Wave), Added: of.Added}
	err := tx.EachInstall(of.ID, func(i release.Install) error {
		l.Counts.add(i.Stage)
		return nil
	})
	return l, err
}

// pathOf is the page of a release. Two may have one version, but not one id.
func pathOf(of release.Release) string { return "/g/versions/" + of.ID.String() }

func stateTag(r *page.Request, of release.Release) page.Tag {
	state := of.State()
	tones := map[release.State]string{release.Assigned: "info", release.Paused: "warn", release.Stopped: "bad"}
	return page.Tag{Text: r.T("releases.state." + string(state)), Tone: tones[state]}
}

// whom says who is to have a release; empty: nobody.
func whom(r *page.Request, w release.Wave) string {
	if w.Percent == 0 {
		return ""
	}
	percent := page.Number(r.Lang, int(w.Percent))
	text := r.T("releases.whom.all", percent)
	if len(w.Groups)+len(w.Terminals) > 0 {
		text = r.T("releases.whom.some", percent, strings.Join(slices.Concat(w.Groups, w.Terminals), ", "))
	}
	if !w.Between.Always() {
		text += r.T("releases.whom.between", w.Between.From.String(), w.Between.To.String())
	}
	return text
}
