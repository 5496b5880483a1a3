package manage

import (
	"errors"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// belongingRoutes are the pages of what a member has.
func belongingRoutes() []page.Route {
	return []page.Route{
		{Method: "GET", Path: "/g/membres/{id}/cartes", Right: page.Cards, Handle: showCards},
		{Method: "GET", Path: "/g/membres/{id}/portes", Right: page.Doors, Handle: showDoors},
	}
}

// cardLine is a card of a member.
type cardLine struct {
	Ref, Path   string
	State       page.Tag
	Since, Ends time.Time
}

// cardsPage is the page of a member's cards.
type cardsPage struct {
	Member member
	Cards  []cardLine
	Live   bool // one of them works
}

// cardTones are the colours of the states of cards.
var cardTones = map[access.CardState]string{
	access.CardActive: "good", access.CardPending: "info", access.CardContested: "bad", access.CardLost: "warn",
}

func showCards(r *page.Request) (page.Reply, error) {
	var d cardsPage
	var err error
	d.Member, err = readMember(r, func(tx fleet.Tx, m member) error {
		d.Cards, d.Live = nil, false
		cards, err := tx.CardsOf(m.ID)
		for _, c := range cards {
			d.Live = d.Live || c.State == access.CardActive
			d.Cards = append(d.Cards, cardLine{
				Ref: access.ShortCard(c.ID), Path: "/g/cartes/" + access.ShortCard(c.ID), Since: c.Since, Ends: c.Expires,
				State: page.Tag{Text: r.T("manage.card." + string(c.State)), Tone: cardTones[c.State]},
			})
		}
		return err
	})
	return page.Show("manage/cards", d.Member.DisplayName(), d), err
}

// rightLine is a right of a member at a door.
type rightLine struct {
	Where    string
	Group    string // by which the member has it; empty: by themselves
	Schedule string // empty: at any hour
	From, To time.Time
	Deny     bool
}

// doorsPage is the page of the doors and services that a member may use.
type doorsPage struct {
	Member   member
	Rights   []rightLine
	More     bool // there are more than the page shows
	Services []string
}

// mostRights is how many rights of a member, or of one of the groups, a page shows.
const mostRights = 100

func showDoors(r *page.Request) (page.Reply, error) {
	var d doorsPage
	var err error
	d.Member, err = readMember(r, func(tx fleet.Tx, m member) error {
		d = doorsPage{}
		if err := d.addRights(tx, access.GrantQuery{Account: m.ID}, ""); err != nil {
			return err
		}
		groups, err := tx.GroupsOf(m.ID)
		for _, id := range groups {
			if err == nil {
				err = d.addGroup(tx, id)
			}
		}
		if err == nil {
			err = d.addServices(r, tx, m.Account)
		}
		return err
	})
	return page.Show("manage/doors", d.Member.DisplayName(), d), err
}

func (d *doorsPage) addGroup(tx fleet.Tx, id uint64) error {
	g, err := tx.Group(id)
	if err != nil {
		return err
	}
	return d.addRights(tx, access.GrantQuery{Group: id}, g.Name)
}

func (d *doorsPage) addRights(tx fleet.Tx, q access.GrantQuery, group string) error {
	q.Limit = mostRights
	grants, next, err := access.ListGrants(tx.Tx.Tx, q)
	d.More = d.More || next != ""
	for _, g := range grants {
		l := rightLine{Where: g.Door, Group: group, From: g.From, To: g.To, Deny: g.Deny}
		if g.DoorGroup != "" {
			l.Where = g.DoorGroup
		}
		if g.Schedule != 0 {
			s, err := tx.Schedule(g.Schedule)
			if err != nil && !errors.Is(err, people.ErrNotFound) {
				return err
			}
			l.Schedule = s.Name
		}
		d.Rights = append(d.Rights, l)
	}
	return err
}

func (d *doorsPage) addServices(r *page.Request, tx fleet.Tx, a people.Account) error {
	offers, err := people.OffersFor(tx.Tx.Tx.Tx, a)
	for _, o := range offers {
		name := o.English
		if r.Lang == "fr" {
			name = o.French
		}
		d.Services = append(d.Services, name)
	}
	return err
}

// LastDay is the last day of a right; zero: it has none.
func (l rightLine) LastDay() time.Time {
	if l.To.IsZero() {
		return l.To
	}
	return l.To.Add(-time.Millisecond)
}
