package releases

import (
	"slices"
	"strings"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/release"
	"badged/sync/hub/web/page"
)

// overview is the page of a release.
type overview struct {
	Path      string
	Release   release.Release
	State     page.Tag
	Note      string // what the state means, and what to do; empty: nothing
	Whom      string
	Megabytes int
	Counts    counts
	Terminals []terminalLine
	Meant     []string // that are to have it, and were not heard of since
}

// terminalLine is how far a terminal is with the release.
type terminalLine struct {
	Name  string
	Stage page.Tag
	Since time.Time
	Why   string // in the terminal's words
	Todo  string
}

// CanRetry reports whether it has failed on a terminal that could try again.
func (o overview) CanRetry() bool { return o.Counts.Failed > 0 }

// CanPause reports whether terminals are told of it.
func (o overview) CanPause() bool { return o.Release.GoesOn() }

// CanResume reports whether it was assigned, and goes on no more.
func (o overview) CanResume() bool {
	return o.Release.State() == release.Paused || o.Release.State() == release.Stopped
}

func showRelease(r *page.Request) (page.Reply, error) {
	o, err := readOverview(r)
	return page.Show("releases/release", r.T("releases.release.title", o.Release.Version), o), err
}

func readOverview(r *page.Request) (o overview, err error) {
	err = r.Read(func(tx fleet.Tx) error {
		o, err = overviewOf(r, tx)
		return err
	})
	return o, err
}

// overviewOf looks at the release that the address names, by its id or its version.
func overviewOf(r *page.Request, tx fleet.Tx) (o overview, err error) {
	of, err := release.Find(tx.ReleaseTx(), r.Path("release"))
	if err != nil {
		return o, page.OrNotFound(err)
	}
	o = overview{Path: pathOf(of), Release: of, State: stateTag(r, of), Whom: whom(r, of.Wave), Megabytes: int(of.Size >> 20)}
	if of.State() != release.Assigned {
		o.Note = r.T("releases.note." + string(of.State()))
	}
	waits, err := fleet.Waits(tx, of)
	if err != nil {
		return o, err
	}
	heard := map[string]bool{}
	err = tx.EachInstall(of.ID, func(i release.Install) error {
		heard[i.Terminal] = true
		o.Counts.add(i.Stage)
		o.Terminals = append(o.Terminals, terminalLineOf(r, of, i, waits[i.Terminal]))
		return nil
	})
	if err != nil {
		return o, err
	}
	slices.SortStableFunc(o.Terminals, func(a, b terminalLine) int { return urgency(a) - urgency(b) })
	o.Meant, err = fleet.MeantBy(tx, of)
	o.Meant = slices.DeleteFunc(o.Meant, func(name string) bool { return heard[name] })
	return o, err
}

// urgency puts terminals that need somebody first.
func urgency(l terminalLine) int {
	return slices.Index([]string{"bad", "info", "warn", "good"}, l.Stage.Tone)
}

// tones tells stages apart.
var tones = map[release.Stage]string{
	release.Fetching: "info", release.Ready: "info", release.Installing: "warn", release.Healthy: "good", release.Failed: "bad", release.Lost: "bad",
}

func terminalLineOf(r *page.Request, of release.Release, i release.Install, waits release.Wait) terminalLine {
	l := terminalLine{Name: i.Terminal, Since: i.Since, Why: i.Why}
	text := r.T("releases.stage." + string(i.Stage))
	if i.Stage == release.Fetching {
		text = r.T("releases.stage.fetching.percent", page.Number(r.Lang, int(of.DonePercent(i))))
	}
	l.Stage = page.Tag{Text: text, Tone: tones[i.Stage]}
	switch {
	case i.Stage == release.Failed, i.Stage == release.Lost, i.Stage == release.Installing:
		l.Todo = r.T("releases.todo." + string(i.Stage))
	case waits != "":
		l.Todo = r.T("releases.waits." + string(waits))
	}
	return l
}

// names lists terminals in a sentence.
func names(all []string) string { return strings.Join(all, ", ") }
