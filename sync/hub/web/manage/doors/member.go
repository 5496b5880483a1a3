package doors

import (
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// memberPage is what a member has and may: cards, doors as things are now, and passages.
type memberPage struct {
	ID     string
	Name   string
	Cards  []cardLine
	Doors  []doorVerdict
	Rights []grantLine
	Events []eventLine
}

// doorVerdict is what one door would do for the member now.
type doorVerdict struct {
	Door string
	If   string // where the question is asked about another moment
	passingLine
}

func (p pages) memberRoutes() []page.Route {
	return []page.Route{{Method: "GET", Path: "/g/membres/{id}/entree", Right: page.Members, Handle: p.showMember}}
}

// showMember shows the parts that the person who asks may see.
func (p pages) showMember(r *page.Request) (page.Reply, error) {
	id, err := r.ID("id")
	if err != nil {
		return page.Reply{}, err
	}
	var d memberPage
	err = r.Read(func(tx fleet.Tx) error {
		a, err := tx.Account(id)
		if err != nil {
			return orMissing(err)
		}
		d = memberPage{ID: people.HexID(id), Name: a.DisplayName()}
		for _, part := range []struct {
			right page.Right
			read  func(*page.Request, fleet.Tx, people.Account) error
		}{{page.Cards, d.readCards}, {page.Doors, d.readRights}, {page.Doors, p.doorsOf(&d)}, {page.Events, d.readEvents}} {
			if r.May(part.right) && err == nil {
				err = part.read(r, tx, a)
			}
		}
		return err
	})
	return page.Show("doors/member", r.T("doors.member.title", d.Name), d), err
}

func (d *memberPage) readCards(r *page.Request, tx fleet.Tx, a people.Account) error {
	cards, err := tx.CardsOf(a.ID)
	for _, c := range cards {
		if err == nil {
			var l cardLine
			l, err = lineOf(r, tx, c)
			d.Cards = append(d.Cards, l)
		}
	}
	return err
}

// readRights reads the rights of the member alone; those by groups show at the doors.
func (d *memberPage) readRights(r *page.Request, tx fleet.Tx, a people.Account) error {
	own, _, err := access.ListGrants(tx.Tx.Tx, access.GrantQuery{Account: a.ID, Limit: perPage})
	for _, g := range own {
		if err == nil {
			var l grantLine
			l, err = grantOf(r, tx, g)
			d.Rights = append(d.Rights, l)
		}
	}
	return err
}

// manyDoors bounds for how many doors the page asks.
const manyDoors = 200

func (p pages) doorsOf(d *memberPage) func(*page.Request, fleet.Tx, people.Account) error {
	return func(r *page.Request, tx fleet.Tx, a people.Account) error {
		doors, err := access.ListDoors(tx.Tx.Tx)
		for _, door := range doors[:min(len(doors), manyDoors)] {
			if err == nil {
				err = p.addVerdict(r, tx, a, door.Name, d)
			}
		}
		return err
	}
}

// addVerdict adds what a door would do, unless the member has nothing to do with it.
func (p pages) addVerdict(r *page.Request, tx fleet.Tx, a people.Account, door string, d *memberPage) error {
	keeper, err := p.hub.Keeper(tx, door)
	if err != nil {
		return err
	}
	passing, err := access.TryDoor(tx.Tx.Tx, people.HexID(a.ID), door, keeper.Moment(r.Now, true))
	if err != nil {
		return err
	}
	l, err := passingOf(r, tx, passing)
	if l.Grant != "" || l.Rests || l.Passes {
		d.Doors = append(d.Doors, doorVerdict{door, ifPath(r, door, d.ID, r.Now), l})
	}
	return err
}

func (d *memberPage) readEvents(r *page.Request, tx fleet.Tx, a people.Account) error {
	recent, _, err := fleet.ListEvents(tx, fleet.EventQuery{Account: a.ID, Limit: 10, Since: r.Now.AddDate(0, -1, 0)})
	for _, e := range recent {
		d.Events = append(d.Events, eventOf(r, e))
	}
	return err
}
