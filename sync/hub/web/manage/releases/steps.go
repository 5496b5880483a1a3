package releases

import (
	"badged/sync/hub/fleet"
	"badged/sync/hub/release"
	"badged/sync/hub/web/page"
)

// confirmStep is the page before a step, which only some releases can take.
func confirmStep(step string, can func(overview) bool) page.Handler {
	return func(r *page.Request) (page.Reply, error) {
		o, err := readOverview(r)
		if err != nil {
			return page.Reply{}, err
		}
		if !can(o) {
			return page.Go(o.Path), nil
		}
		return r.Confirm(stepPage(r, o, step)), nil
	}
}

// addresses are what stands for the steps in the address of a page.
var addresses = map[string]string{"pause": "/pause", "resume": "/reprendre", "retry": "/reessayer"}

// stepPage says what a step means.
func stepPage(r *page.Request, o overview, step string) page.Confirm {
	c := page.Confirm{
		Title: r.T("releases.step."+step+".title", o.Release.Version), Text: r.T("releases.step." + step + ".text"),
		Action: o.Path + addresses[step], Button: r.T("releases.step." + step), Cancel: o.Path,
	}
	switch step {
	case "pause":
		c.Points = []string{r.T("releases.point.trial"), r.T("releases.point.kept")}
	case "retry":
		c.Points = append([]string{r.T("releases.point.failed", names(o.failed()))}, wavePoints(r, o.Release.Wave, o.Meant)...)
	default:
		c.Points = wavePoints(r, o.Release.Wave, nil)
	}
	return c
}

// failed names the terminals on which it has failed.
func (o overview) failed() (all []string) {
	for _, t := range o.Terminals {
		if t.Stage.Tone == "bad" {
			all = append(all, t.Name)
		}
	}
	return all
}

// wavePoints say what a wave means.
func wavePoints(r *page.Request, w release.Wave, meant []string) (points []string) {
	points = append(points, r.T("releases.point.whom", whom(r, w)))
	if len(meant) > 0 {
		points = append(points, r.T("releases.point.meant", names(meant)))
	}
	return append(points, r.T("releases.point.first"), r.N("releases.point.stop", int(w.StopAfter)))
}

func pause(r *page.Request) (page.Reply, error) {
	var of release.Release
	err := r.Write(func(tx fleet.Tx) (err error) {
		of, err = release.Pause(tx.ReleaseTx(), r.Path("release"))
		return err
	})
	return page.Go(pathOf(of)).Flash("releases.done.pause", of.Version), err
}

// goOn assigns a release again as it was.
func goOn(step string, retry bool) page.Handler {
	return func(r *page.Request) (page.Reply, error) {
		var of release.Release
		err := r.Write(func(tx fleet.Tx) (err error) {
			if of, err = release.Find(tx.ReleaseTx(), r.Path("release")); err == nil {
				of, err = fleet.AssignRelease(tx, of.ID.String(), of.Wave, retry)
			}
			return err
		})
		return page.Go(pathOf(of)).Flash("releases.done."+step, of.Version), err
	}
}

// removalPage says what is lost with a release.
func removalPage(r *page.Request, o overview) page.Confirm {
	return page.Confirm{
		Title: r.T("releases.step.remove.title", o.Release.Version), Text: r.T("releases.step.remove.text"),
		Points: []string{r.T("releases.point.runs"), r.T("releases.point.again")},
		Action: o.Path + "/retirer", Button: r.T("releases.step.remove"), Cancel: o.Path, Danger: true,
	}
}

func confirmRemoval(r *page.Request) (page.Reply, error) {
	o, err := readOverview(r)
	return r.Confirm(removalPage(r, o)), err
}

func (p pages) remove(r *page.Request) (page.Reply, error) {
	o, err := readOverview(r)
	if err != nil {
		return page.Reply{}, err
	}
	f := r.Form()
	err = p.hub.RemoveRelease(r.Context(), r.Actor(), o.Release.ID.String())
	if err = f.Explain(err, nil); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		c := removalPage(r, o)
		c.Form = f
		return r.Confirm(c), nil
	}
	return page.Go("/g/versions").Flash("releases.done.remove", o.Release.Version), nil
}
