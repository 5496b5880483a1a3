package enroll

import (
	"time"

	"badged/internal/clock"
)

// defaultFresh is how old a terminal's copy may be where its door says nothing.
const defaultFresh = 72 * time.Hour

// mayUse reports whether an account may do anything at a terminal. This is the one
// place that keeps applications out, and accounts that are not active.
func (a Account) mayUse() bool { return a.isSomebody() && a.State == Active }

// mayOwn reports whether a card can be bound to an account: a member can get one before
// the account is active.
func (a Account) mayOwn() bool {
	return a.isSomebody() && (a.State == Created || a.State == Invited || a.State == Active)
}

// isSomebody keeps out applications, and kinds that a newer hub may know.
func (a Account) isSomebody() bool { return a.Kind == Person || a.Kind == Anonymous }

// mayEnter decides about a bound card.
func (e *Engine) mayEnter(p Point, k Known, at clock.Stamp) (Outcome, Reason) {
	switch {
	case k.Account.Kind == Service:
		return Refused, ServiceAccount
	case !k.understood(), e.index.Door(p.Door).NotUnderstood:
		return Refused, NotUnderstood
	case !k.Account.mayUse(), ended(k.Account.Expires, at):
		return Refused, AccountInactive
	case k.Binding.State != BindingActive, ended(k.Binding.Expires, at):
		return Refused, BindingInactive
	case p.Kind == Print:
		return Granted, KnownCard
	case at.State == clock.Unknown && k.ends() && e.index.Door(p.Door).UnknownTime != PolicyAllow:
		return Refused, TimeUnknown
	default:
		return e.mayOpen(k.Grants, e.index.Door(p.Door), at)
	}
}

// understood reports whether this version knows all that it must of the account and its
// card.
func (k Known) understood() bool {
	return k.Account.State != AccountNotUnderstood && k.Binding.State != BindingNotUnderstood
}

// MayStay tells why a session that a card opened for an account, or a PIN if the card is
// zero, cannot go on; ReasonNone: it can. An anonymous account that has lapsed meanwhile can
// still be made somebody's own.
func (e *Engine) MayStay(p Point, card CardID, account AccountID) Reason {
	if card.IsZero() {
		a, found := e.index.Account(account)
		if why := e.mayLogIn(a, found, e.clock.Now()); why != KnownPIN {
			return why
		}
		return ReasonNone
	}
	k, found := e.index.Card(card, "")
	if !found || k.Account.ID != account {
		return BindingInactive
	}
	if k.Account.lapsed(e.clock.Now()) {
		k.Account.Expires = time.Time{}
	}
	if _, why := e.mayEnter(p, k, e.clock.Now()); why != KnownCard {
		return why
	}
	return ReasonNone
}

// lapsed reports whether an anonymous account has ended that nobody made their own. Its
// card is unknown again.
func (a Account) lapsed(at clock.Stamp) bool {
	return a.Kind == Anonymous && a.State == Active && ended(a.Expires, at)
}

// ends reports whether card or account are for a time only.
func (k Known) ends() bool { return !k.Account.Expires.IsZero() || !k.Binding.Expires.IsZero() }

// mayOpen decides by the grants at a door: deny by default, deny wins. A grant
// without an end and for any hour does not need to know the time.
func (e *Engine) mayOpen(grants []Grant, d Door, at clock.Stamp) (Outcome, Reason) {
	var staff, now, timed, hours bool
	for _, g := range grants {
		switch f := e.force(g, at); {
		case g.Deny && f >= uncertain:
			return Refused, DeniedGrant
		case g.Deny || f == never:
		case f == outOfHours:
			hours = true
		case f == uncertain:
			timed = true
		case g.dated():
			now = true
		default:
			staff = true
		}
	}
	switch {
	case !staff && !now && timed && d.UnknownTime != PolicyAllow:
		return Refused, TimeUnknown
	case !staff && !now && !timed && hours:
		return Refused, OutOfHours
	case !staff && !now && !timed:
		return Refused, NoGrant
	case e.stale(d, at) && !d.Stale.lets(staff):
		return Refused, StaleSnapshot
	default:
		return Granted, KnownCard
	}
}

// lets reports whether a door with an old copy lets somebody in: staff tells that
// they have a grant in force without a beginning or an end.
func (p Policy) lets(staff bool) bool {
	return p == PolicyAllow || p == PolicyStaff && staff
}

// Stale reports whether a door trusts what the terminal knows no more, because the hub was
// last heard too long ago, and refuses somebody for it. since is when it was heard.
func (e *Engine) Stale(door string) (since time.Time, stale bool) {
	d := e.index.Door(door)
	return e.clock.Floor(), e.stale(d, e.clock.Now()) && d.Stale != PolicyAllow
}

// stale reports whether the terminal has not heard from its hub for longer than the
// door accepts. With an unknown time nobody can tell; UnknownTime covers that.
func (e *Engine) stale(d Door, at clock.Stamp) bool {
	fresh := d.FreshFor
	if fresh == 0 {
		fresh = defaultFresh
	}
	return at.State != clock.Unknown && at.Wall.Sub(e.clock.Floor()) > fresh
}

// ended reports whether an end has passed, as far as the clock can tell.
func ended(end time.Time, at clock.Stamp) bool {
	return !end.IsZero() && at.State != clock.Unknown && !at.Wall.Before(end)
}
