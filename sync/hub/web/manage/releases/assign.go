package releases

import (
	"strconv"

	"badged/sync/hub/fleet"
	"badged/sync/hub/release"
	"badged/sync/hub/web/page"
)

// wavePage is the form of who is to have a release.
type wavePage struct {
	Form      *page.Form
	Path      string
	Groups    []page.Option
	Terminals []page.Option
	CanRetry  bool
}

// waveFields are where refusals about a wave belong.
var waveFields = page.Fields{release.CodePercent: "pourcent", release.CodeMeant: "groupe", fleet.CodeTerminalMissing: "terminal"}

// firstPercent is what the form proposes for a release that nobody has yet.
const firstPercent = 10

func chooseWave(r *page.Request) (page.Reply, error) {
	o, err := readOverview(r)
	if err != nil {
		return page.Reply{}, err
	}
	w := o.Release.Wave
	if w.Percent == 0 {
		w.Percent, w.StopAfter = firstPercent, 1
	}
	var from, to string
	if !w.Between.Always() {
		from, to = w.Between.From.String(), w.Between.To.String()
	}
	f := r.Fill(map[string]string{"de": from, "a": to, "pourcent": strconv.FormatUint(w.Percent, 10), "arret": strconv.FormatUint(w.StopAfter, 10)})
	f.Set("groupe", w.Groups...)
	f.Set("terminal", w.Terminals...)
	return showWave(r, o, f)
}

func showWave(r *page.Request, o overview, f *page.Form) (page.Reply, error) {
	d := wavePage{Form: f, Path: o.Path, CanRetry: o.CanRetry()}
	err := r.Read(func(tx fleet.Tx) (err error) {
		if d.Groups, err = groupOptions(tx); err != nil {
			return err
		}
		d.Terminals = nil
		return tx.EachTerminal(func(t fleet.Terminal) error {
			if t.Board != "" && !t.Removed() {
				d.Terminals = append(d.Terminals, page.Option{Value: t.Name, Text: t.Name, Hint: t.Board})
			}
			return nil
		})
	})
	reply := page.Show("releases/assign", r.T("releases.assign.title", o.Release.Version), d)
	if !f.OK() {
		reply = reply.Refused()
	}
	return reply, err
}

// mostGroups bounds the groups of doors that the form offers.
const mostGroups = 500

// groupOptions are the groups that doors are in, by name.
func groupOptions(tx fleet.Tx) (out []page.Option, err error) {
	groups, err := tx.DoorGroupNames(mostGroups)
	for _, name := range groups {
		out = append(out, page.Option{Value: name, Text: name})
	}
	return out, err
}

// assignment is who is to have a release, as somebody asks for it.
type assignment struct {
	wave  release.Wave
	retry bool
	meant []string // terminals that it reaches now
}

// assign asks whether the wave is meant, and assigns it once somebody says so.
func assign(r *page.Request) (page.Reply, error) {
	o, err := readOverview(r)
	if err != nil {
		return page.Reply{}, err
	}
	f := r.Form()
	a, sure := assignment{wave: readWave(r, f), retry: f.Ticked("encore")}, f.Ticked("certain")
	switch {
	case !f.OK():
	case sure:
		err = a.carryOut(r, o)
	default:
		err = a.foresee(r, o)
	}
	if err = f.Explain(err, waveFields); err != nil {
		return page.Reply{}, err
	}
	switch {
	case !f.OK():
		return showWave(r, o, f)
	case !sure:
		return r.Confirm(a.confirmPage(r, o)), nil
	}
	return page.Go(o.Path).Flash("releases.done.assign", o.Release.Version), nil
}

func (a assignment) carryOut(r *page.Request, o overview) error {
	return r.Write(func(tx fleet.Tx) error {
		_, err := fleet.AssignRelease(tx, o.Release.ID.String(), a.wave, a.retry)
		return err
	})
}

// foresee finds the terminals that the wave would reach.
func (a *assignment) foresee(r *page.Request, o overview) error {
	return r.Read(func(tx fleet.Tx) (err error) {
		if err = fleet.CheckWave(tx, a.wave); err != nil {
			return err
		}
		as := o.Release
		as.Wave, as.Assigned = a.wave, r.Now
		a.meant, err = fleet.MeantBy(tx, as)
		return err
	})
}

// mostFailures bounds after how many failures a release stops.
const mostFailures = 1 << 20

func readWave(r *page.Request, f *page.Form) release.Wave {
	percent, err := strconv.ParseUint(f.Value("pourcent"), 10, 32)
	if err != nil {
		f.Refuse("pourcent", r.T("releases.percent.wrong"))
	}
	stop, err := strconv.ParseUint(f.Value("arret"), 10, 32)
	if err != nil || stop > mostFailures {
		f.Refuse("arret", r.T("releases.stop.wrong"))
	}
	return release.Wave{Percent: percent, Between: readHours(r, f), Groups: f.Values("groupe"), Terminals: f.Values("terminal"), StopAfter: stop}
}

// readHours reads the hours of the form; two empty fields are the whole day.
func readHours(r *page.Request, f *page.Form) release.Hours {
	from, to := f.Value("de"), f.Value("a")
	if from == "" && to == "" {
		return release.Hours{}
	}
	hours, err := release.ParseHours(from + "-" + to)
	if err != nil {
		f.Refuse("a", r.T("releases.hours.wrong"))
	}
	return hours
}

// confirmPage says what it means to give a release to a wave.
func (a assignment) confirmPage(r *page.Request, o overview) page.Confirm {
	c := page.Confirm{
		Title: r.T("releases.step.assign.title", o.Release.Version), Text: r.T("releases.step.assign.text"),
		Points: wavePoints(r, a.wave, a.meant), Action: o.Path + "/attribuer", Button: r.T("releases.step.assign"), Cancel: o.Path,
		Hidden: a.fields(),
	}
	if a.retry {
		c.Points = append(c.Points, r.T("releases.point.failed", names(o.failed())))
	} else if len(a.meant) == 0 {
		c.Points = append(c.Points, r.T("releases.point.nobody"))
	}
	return c
}

// fields carry the assignment through the page that asks.
func (a assignment) fields() (out []page.Option) {
	add := func(name, value string) { out = append(out, page.Option{Value: name, Text: value}) }
	add("certain", "1")
	add("pourcent", strconv.FormatUint(a.wave.Percent, 10))
	if b := a.wave.Between; !b.Always() {
		add("de", b.From.String())
		add("a", b.To.String())
	}
	add("arret", strconv.FormatUint(a.wave.StopAfter, 10))
	for _, g := range a.wave.Groups {
		add("groupe", g)
	}
	for _, t := range a.wave.Terminals {
		add("terminal", t)
	}
	if a.retry {
		add("encore", "1")
	}
	return out
}
