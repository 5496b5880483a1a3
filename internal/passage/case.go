package passage

import "time"

// Grant is what counts of a grant for the door.
type Grant struct {
	From, To time.Time // zero: since ever, for ever; To itself is outside
	Deny     bool      // wins over every grant
}

// dated reports whether a grant has a beginning or an end.
func (g Grant) dated() bool { return !g.From.IsZero() || !g.To.IsZero() }

// within reports whether a time is between a grant's beginning and its end.
func (g Grant) within(t time.Time) bool {
	return !t.Before(g.From) && (g.To.IsZero() || t.Before(g.To))
}

// force is whether a grant is in force.
type force uint8

const (
	never      force = iota // not now, or as if it were not there
	outOfHours              // its schedule says no
	uncertain               // nobody can tell without knowing the time
	inForce
)

// force tells whether a grant is in force. A schedule that is missing lets nobody in, and
// keeps out at any hour.
func (m Moment) force(g Grant, h Hours) force {
	switch {
	case m.Known && !g.within(m.At), !g.Deny && m.Ended(g.To):
		return never
	case h == Missing && !g.Deny:
		return never
	case h == Missing:
		return inForce
	case !m.Known && (g.dated() || h != AnyHour), h == Unreadable:
		return uncertain
	case h == Shut:
		return outOfHours
	default:
		return inForce
	}
}

// Case is one presentation at a door that is being decided. It takes the account with its
// card, then each grant of the account and of its groups for this door, in any order.
type Case struct {
	door Door
	at   Moment

	refused Reason // KnownCard: account and card may pass
	ends    bool   // account or card are for a time only
	weighed int    // grants so far

	// The first grant of each sort, counted from 1; 0: there is none.
	denies int // denies, now or perhaps now
	staff  int // in force, without a beginning or an end
	dated  int // in force, for a time
	unsure int // in force or not: nobody knows the time
	shut   int // out of its hours
	past   int // over, or still to come
}

// Open opens a case.
func Open(d Door, at Moment) Case { return Case{door: d, at: at} }

// Present takes the account and its card. KnownCard: nothing about them speaks against it,
// which is all that a print point asks.
func (c *Case) Present(a Account, k Card) Reason {
	c.ends = !a.Expires.IsZero() || !k.Expires.IsZero()
	switch {
	case a.Kind == Application:
		c.refused = ServiceAccount
	case a.NotUnderstood, k.NotUnderstood, c.door.NotUnderstood:
		c.refused = NotUnderstood
	case !a.MayUse(), c.at.Ended(a.Expires):
		c.refused = AccountInactive
	case !k.Active, c.at.Ended(k.Expires):
		c.refused = BindingInactive
	}
	return c.refused
}

// Weigh takes a grant, and what its schedule says of the moment.
func (c *Case) Weigh(g Grant, h Hours) {
	c.weighed++
	f := c.at.force(g, h)
	switch {
	case g.Deny && f >= uncertain:
		c.keepFirst(&c.denies)
	case g.Deny:
	case f == never:
		c.keepFirst(&c.past)
	case f == outOfHours:
		c.keepFirst(&c.shut)
	case f == uncertain:
		c.keepFirst(&c.unsure)
	case g.dated():
		c.keepFirst(&c.dated)
	default:
		c.keepFirst(&c.staff)
	}
}

// keepFirst keeps the number of the grant that is being weighed, if it is the first of its sort.
func (c *Case) keepFirst(sort *int) {
	if *sort == 0 {
		*sort = c.weighed
	}
}

// Decide closes the case. grant is which of the weighed grants decided, counted from 0, or
// -1 if none did. With NoGrant it is one that is over or has not begun.
func (c *Case) Decide() (why Reason, grant int) {
	now := firstOf(c.staff, c.dated)
	switch {
	case c.refused != KnownCard:
		return c.refused, -1
	case !c.at.Known && c.ends && c.door.UnknownTime != Allow:
		return TimeUnknown, -1
	case c.denies > 0:
		return DeniedGrant, c.denies - 1
	case now == 0 && c.unsure > 0 && c.door.UnknownTime != Allow:
		return TimeUnknown, c.unsure - 1
	case now == 0 && c.unsure == 0 && c.shut > 0:
		return OutOfHours, c.shut - 1
	case now == 0 && c.unsure == 0:
		return NoGrant, c.past - 1
	case c.at.Stale(c.door) && !c.door.Stale.lets(c.staff > 0):
		return StaleSnapshot, firstOf(now, c.unsure) - 1
	default:
		return KnownCard, firstOf(now, c.unsure) - 1
	}
}

// firstOf is the first sort of which there is a grant.
func firstOf(a, b int) int {
	if a > 0 {
		return a
	}
	return b
}
