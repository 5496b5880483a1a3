package doors

import (
	"errors"
	"net/url"
	"time"

	"badged/internal/passage"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/web/page"
	"badged/sync/hub/words"
)

// passingLine is what the door would do for somebody at a moment.
type passingLine struct {
	ID, Name string
	Passes   bool
	Verdict  page.Tag
	Why      string
	Todo     string
	Grant    string // the one that decides; empty: none
	Card     string
	Rests    bool
}

func passingOf(r *page.Request, tx fleet.Tx, p access.Passing) (l passingLine, err error) {
	l = passingLine{ID: people.HexID(p.Account.ID), Name: p.Account.DisplayName(), Passes: p.Passes(), Rests: p.Rests}
	l.Verdict = page.Tag{Text: r.T("doors.passes.no"), Tone: "bad"}
	if l.Passes {
		l.Verdict = page.Tag{Text: r.T("doors.passes.yes"), Tone: "good"}
	}
	reason := p.Reason.String()
	if p.Card != (access.ID{}) {
		l.Card = access.ShortCard(p.Card)
	} else if p.Reason == passage.KnownCard {
		reason = "no_card"
	}
	l.Why, l.Todo = words.Reason(r.Lang, reason)
	if p.Grant.ID != (access.ID{}) {
		l.Grant, err = describeGrant(r, tx, p.Grant)
	}
	return l, err
}

// whoPage answers «who can open this door?».
type whoPage struct {
	Tabs  []page.Link
	Door  string
	List  *page.List
	Lines []passingLine
}

func (p pages) whoCanOpen(r *page.Request) (page.Reply, error) {
	d := whoPage{Door: r.Path("door")}
	d.List = r.List("", page.Filter{Name: "passe", Label: r.T("doors.who.filter"), Options: []page.Option{{Value: "1", Text: r.T("doors.who.passing")}}})
	d.Tabs = doorTabs(r, d.Door, "/qui")
	err := r.Read(func(tx fleet.Tx) (err error) {
		q := access.WhoQuery{Passing: d.List.Value("passe") != "", After: d.List.After(), Limit: page.PerPage}
		d.Lines, d.List.Next, err = p.who(r, tx, d.Door, q)
		return err
	})
	return page.Show("doors/who", r.T("doors.who.of", d.Door), d), page.OrNotFound(err)
}

// who gives a page of those with a right to a door, as things are now.
func (p pages) who(r *page.Request, tx fleet.Tx, door string, q access.WhoQuery) (lines []passingLine, next string, err error) {
	keeper, err := p.hub.Keeper(tx, door)
	if err != nil {
		return nil, "", err
	}
	found, next, err := access.WhoMayPass(tx.Tx.Tx, door, keeper.Moment(r.Now, true), q)
	for _, f := range found {
		if err == nil {
			var l passingLine
			l, err = passingOf(r, tx, f)
			lines = append(lines, l)
		}
	}
	return lines, next, err
}

func (p pages) exportWho(r *page.Request) (page.Reply, error) {
	door := r.Path("door")
	err := r.Read(func(tx fleet.Tx) error {
		_, err := findDoor(r, tx)
		return err
	})
	return r.Sheet(door, func(row page.Row) error {
		if err := p.whoHead(r, row); err != nil {
			return err
		}
		return p.writeWho(r, row, door)
	}), err
}

func (p pages) whoHead(r *page.Request, row page.Row) error {
	return row(r.T("doors.door"), r.T("doors.person"), r.T("doors.passes"), r.T("doors.why"), r.T("doors.right"))
}

// writeWho writes all of those with a right to a door, page by page, each read in a
// transaction of its own: whoever loads the file may be slow.
func (p pages) writeWho(r *page.Request, row page.Row, door string) error {
	for q := (access.WhoQuery{Limit: 500}); ; {
		var lines []passingLine
		err := r.Read(func(tx fleet.Tx) (err error) {
			lines, q.After, err = p.who(r, tx, door, q)
			return err
		})
		for _, l := range lines {
			if err == nil {
				err = row(door, l.Name, l.Verdict.Text, l.Why, l.Grant)
			}
		}
		if err != nil || q.After == "" {
			return err
		}
	}
}

// ifPage answers «what if this person came at that moment?».
type ifPage struct {
	chooser
	Tabs     []page.Link
	Door     string
	Answer   *passingLine
	At       time.Time
	Terminal string
	Away     time.Time // since when the terminal is away; zero: it is not
}

// The fields of the moment.
const (
	dayField  = "jour"
	hourField = "heure"
)

// whatIf reads the question from the address, so that an answer can be kept and sent.
func (p pages) whatIf(r *page.Request) (page.Reply, error) {
	d := ifPage{Door: r.Path("door"), Tabs: doorTabs(r, r.Path("door"), "/si")}
	asked := d.readQuestion(r)
	err := r.Read(func(tx fleet.Tx) error {
		if _, err := findDoor(r, tx); err != nil || !asked {
			return err
		}
		return p.fillAnswer(r, tx, &d)
	})
	reply := page.Show("doors/if", r.T("doors.if.of", d.Door), d)
	if !d.Form.OK() {
		reply = reply.Refused()
	}
	return reply, err
}

// readQuestion fills the form from the address. Without a day and an hour it is now.
func (d *ifPage) readQuestion(r *page.Request) (asked bool) {
	q := r.HTTP.URL.Query()
	here := r.Now.In(r.Zone())
	values := map[string]string{dayField: here.Format(time.DateOnly), hourField: here.Format("15:04")}
	for _, name := range []string{personField, idField, offerField, dayField, hourField, "sans-heure"} {
		if v := q.Get(name); v != "" {
			values[name] = v
		}
	}
	d.Form = r.Fill(values)
	at, err := time.ParseInLocation("2006-01-02 15:04", values[dayField]+" "+values[hourField], r.Zone())
	if err != nil {
		d.Form.Refuse(dayField, r.T("doors.if.moment"))
		at = r.Now
	}
	d.At = at
	return q.Has(personField) || q.Has(idField)
}

func (p pages) fillAnswer(r *page.Request, tx fleet.Tx, d *ifPage) error {
	a, ok, err := d.find(r, tx)
	if err != nil || !ok || !d.Form.OK() {
		return err
	}
	keeper, err := p.hub.Keeper(tx, d.Door)
	if err != nil {
		return err
	}
	passing, err := access.TryDoor(tx.Tx.Tx, people.HexID(a.ID), d.Door, keeper.Moment(d.At, !d.Form.Ticked("sans-heure")))
	var refused *refusal.Error
	if errors.As(err, &refused) {
		return page.OrNotFound(err)
	}
	if err != nil {
		return err
	}
	l, err := passingOf(r, tx, passing)
	d.Answer, d.Terminal = &l, keeper.Terminal
	if keeper.Away {
		d.Away = keeper.Heard
	}
	return err
}

// ifPath is where the question is asked about somebody, at a moment.
func ifPath(r *page.Request, door, account string, at time.Time) string {
	here := at.In(r.Zone())
	return "/g/portes/" + url.PathEscape(door) + "/si?" + url.Values{
		idField: {account}, dayField: {here.Format(time.DateOnly)}, hourField: {here.Format("15:04")},
	}.Encode()
}
