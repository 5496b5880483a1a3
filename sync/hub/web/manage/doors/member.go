package doors

import (
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// memberPage is what the doors would do for a member now.
type memberPage struct {
	ID    string
	Doors []doorVerdict
}

// doorVerdict is what one door would do.
type doorVerdict struct {
	Door string
	If   string // where the question is asked about another moment
	passingLine
}

func (p pages) memberRoutes() []page.Route {
	return []page.Route{{Method: "GET", Path: "/g/membres/{id}/portes/maintenant", Right: page.Doors, Handle: p.showMember}}
}

// manyDoors bounds how many doors the page asks.
const manyDoors = 200

func (p pages) showMember(r *page.Request) (page.Reply, error) {
	id, err := r.ID("id")
	if err != nil {
		return page.Reply{}, err
	}
	var d memberPage
	var a people.Account
	err = r.Read(func(tx fleet.Tx) (err error) {
		if a, err = tx.Account(id); err != nil {
			return page.OrNotFound(err)
		}
		d = memberPage{ID: people.HexID(id)}
		doors, err := access.AllDoors(tx.Tx.Tx)
		for _, door := range doors[:min(len(doors), manyDoors)] {
			if err == nil {
				err = p.addVerdict(r, tx, door.Name, &d)
			}
		}
		return err
	})
	return page.Show("doors/member", r.T("doors.member.title", a.DisplayName()), d), err
}

// addVerdict adds what a door would do.
func (p pages) addVerdict(r *page.Request, tx fleet.Tx, door string, d *memberPage) error {
	keeper, err := p.hub.Keeper(tx, door)
	if err != nil {
		return err
	}
	passing, err := access.TryDoor(tx.Tx.Tx, d.ID, door, keeper.Moment(r.Now, true))
	if err != nil {
		return err
	}
	l, err := passingOf(r, tx, passing)
	d.Doors = append(d.Doors, doorVerdict{door, ifPath(r, door, d.ID, r.Now), l})
	return err
}
