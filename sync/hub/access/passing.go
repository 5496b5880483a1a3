package access

import (
	"time"

	"badged/internal/passage"
	"badged/internal/timetable"
	"badged/sync/hub/people"
)

// Passing is what the terminal of a door would decide about somebody at a moment.
type Passing struct {
	Account people.Account
	Reason  passage.Reason
	// Card is the one that was presented: one that works if there is one. Zero: the account
	// has none, and Reason is as if it had.
	Card ID
	// Grant is the one that decides; zero ID: none does.
	Grant Grant
	// Rests tells that grants rest, because the account has not both a first and a last name.
	Rests bool
}

// Passes reports whether the door opens.
func (p Passing) Passes() bool { return p.Reason == passage.KnownCard && p.Card != ID{} }

// porter answers who may pass one door at one moment, by the rule of the terminals. It reads
// what all answers need once.
type porter struct {
	tx        Tx
	door      Door
	at        passage.Moment
	site      passage.Site
	schedules map[uint64][]timetable.Window
	ofGroup   map[uint64][]Grant // grants of groups for the door, as far as they were read
}

func newPorter(tx Tx, d Door, at passage.Moment) (*porter, error) {
	p := &porter{tx: tx, door: d, at: at, schedules: make(map[uint64][]timetable.Window), ofGroup: make(map[uint64][]Grant)}
	s, err := Settings(tx)
	if err != nil {
		return nil, err
	}
	p.site.Zone = s.Clocks(at.At)
	err = tx.EachHoliday(func(h Holiday) error {
		day, err := timetable.ParseDay(h.Day)
		p.site.Holidays = append(p.site.Holidays, day)
		return err
	})
	if err != nil {
		return nil, err
	}
	return p, tx.EachSchedule(func(s Schedule) error {
		p.schedules[s.ID] = []timetable.Window{}
		for _, w := range s.Windows {
			p.schedules[s.ID] = append(p.schedules[s.ID], timetable.Window{
				Days: timetable.Days(w.Days), From: uint16(w.From), To: uint16(w.To),
			})
		}
		return nil
	})
}

// TryDoor answers «what if this person came to this door at that moment?».
func TryDoor(tx Tx, account, door string, at passage.Moment) (Passing, error) {
	d, err := FindDoor(tx, door)
	if err != nil {
		return Passing{}, err
	}
	a, err := people.Find(tx.Tx, account)
	if err != nil {
		return Passing{}, err
	}
	p, err := newPorter(tx, d, at)
	if err != nil {
		return Passing{}, err
	}
	return p.decide(a)
}

// decide lets an account present its cards, and keeps the first that passes, or else the
// first that works.
func (p *porter) decide(a people.Account) (best Passing, err error) {
	grants, rests, err := p.grantsOf(a)
	if err != nil {
		return best, err
	}
	cards, err := p.tx.CardsOf(a.ID)
	if err != nil {
		return best, err
	}
	if len(cards) == 0 {
		cards = []Card{{State: CardActive}}
	}
	for i, k := range cards {
		next := p.present(a, k, grants)
		next.Rests = rests
		if i == 0 || next.rank() > best.rank() {
			best = next
		}
	}
	return best, nil
}

// rank orders what became of the cards of one person.
func (p Passing) rank() int {
	switch p.Reason {
	case passage.KnownCard:
		return 2
	case passage.BindingInactive:
		return 0
	default:
		return 1
	}
}

// present decides about one card, as a terminal does.
func (p *porter) present(a people.Account, k Card, grants []Grant) Passing {
	c := passage.Open(p.door.rules(), p.at)
	c.Present(
		passage.Account{Kind: passageKind(a.Kind), Active: a.State == people.Active, Expires: whole(a.Expires)},
		passage.Card{Active: k.State == CardActive, Expires: whole(k.Expires)},
	)
	for _, g := range grants {
		c.Weigh(passage.Grant{From: whole(g.From), To: whole(g.To), Deny: g.Deny}, p.hours(g))
	}
	out := Passing{Account: a, Card: k.ID}
	var which int
	if out.Reason, which = c.Decide(); which >= 0 {
		out.Grant = grants[which]
	}
	return out
}

// hours is what the schedule of a grant says of the moment.
func (p *porter) hours(g Grant) passage.Hours {
	if g.Schedule == 0 {
		return passage.AnyHour
	}
	windows, found := p.schedules[g.Schedule]
	return p.site.Hours(windows, found, p.at.At)
}

// grantsOf gives the grants of an account and of its groups for the door, as terminals get
// them: of who has not both names, only those that deny. rests tells that others wait.
func (p *porter) grantsOf(a people.Account) (grants []Grant, rests bool, err error) {
	own, err := p.read(GrantQuery{Account: a.ID})
	if err != nil {
		return nil, false, err
	}
	named := a.IsNamed()
	for _, g := range own {
		if named || g.Deny {
			grants = append(grants, g)
		}
	}
	rests = len(grants) < len(own)
	groups, err := p.tx.GroupsOf(a.ID)
	for _, n := range groups {
		var of []Grant
		if err == nil {
			of, err = p.grantsOfGroup(n)
		}
		if named {
			grants = append(grants, of...)
		}
		rests = rests || !named && len(of) > 0
	}
	return grants, rests, err
}

func (p *porter) grantsOfGroup(n uint64) ([]Grant, error) {
	if grants, known := p.ofGroup[n]; known {
		return grants, nil
	}
	grants, err := p.read(GrantQuery{Group: n})
	p.ofGroup[n] = grants
	return grants, err
}

// read gives the grants for the door that a query of a person or a group chooses.
func (p *porter) read(q GrantQuery) (grants []Grant, err error) {
	for q.Limit = largestPage; ; {
		page, next, err := p.tx.ListGrants(q)
		if err != nil {
			return nil, err
		}
		for _, g := range page {
			if g.Door == p.door.Name || g.DoorGroup != "" && g.DoorGroup == p.door.Group {
				grants = append(grants, g)
			}
		}
		if q.After = next; next == "" {
			return grants, nil
		}
	}
}

func passageKind(k people.Kind) passage.Kind {
	switch k {
	case people.Person, people.Anonymous:
		return passage.Somebody
	case people.Service:
		return passage.Application
	default:
		return passage.UnknownKind
	}
}

// rules are the settings of a door for the rule of passage.
func (d Door) rules() passage.Door {
	return passage.Door{UnknownTime: d.UnknownTime.rules(), FreshFor: d.FreshFor, Stale: d.Stale.rules()}
}

func (p Policy) rules() passage.Policy {
	switch p {
	case PolicyStaff:
		return passage.Staff
	case PolicyAllow:
		return passage.Allow
	default:
		return passage.Deny
	}
}

// whole is a time as terminals keep it: in whole seconds.
func whole(t time.Time) time.Time {
	if t.IsZero() {
		return t
	}
	return t.Truncate(time.Second)
}

// clockYears is for how long terminals know the clocks of the site's time zone: far longer
// than any of them is away.
const clockYears = 10

// Clocks are the clocks of the site, from the year before a moment on.
func (s Site) Clocks(at time.Time) timetable.Zone {
	from := time.Date(at.Year()-1, 1, 1, 0, 0, 0, 0, time.UTC)
	return timetable.ZoneOf(s.Location(), from, from.AddDate(clockYears, 0, 0))
}
