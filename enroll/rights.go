package enroll

import (
	"time"

	"badged/internal/clock"
	"badged/internal/passage"
)

// mayUse reports whether an account may do anything at a terminal.
func (a Account) mayUse() bool { return a.facts().MayUse() }

// facts converts an account for the rule of passage.
func (a Account) facts() passage.Account {
	return passage.Account{
		Kind: a.Kind.facts(), Active: a.State == Active, Expires: a.Expires, NotUnderstood: a.State == AccountNotUnderstood,
	}
}

// facts converts a kind for the rule of passage; a newer hub may send unknown ones.
func (k AccountKind) facts() passage.Kind {
	switch k {
	case Person, Anonymous:
		return passage.Somebody
	case Service:
		return passage.Application
	default:
		return passage.UnknownKind
	}
}

// facts converts a card for the rule of passage.
func (b Binding) facts() passage.Card {
	return passage.Card{Active: b.State == BindingActive, Expires: b.Expires, NotUnderstood: b.State == BindingNotUnderstood}
}

// rules converts the settings of a door for the rule of passage.
func (d Door) rules() passage.Door {
	return passage.Door{
		UnknownTime: passage.Policy(d.UnknownTime), FreshFor: d.FreshFor, Stale: passage.Policy(d.Stale), NotUnderstood: d.NotUnderstood,
	}
}

// moment is a time with what the terminal knows of it.
func (e *Engine) moment(at clock.Stamp) passage.Moment {
	return passage.Moment{At: at.Wall, Known: at.State != clock.Unknown, Floor: at.Floor, Heard: e.clock.Heard()}
}

// mayOwn reports whether a card can be bound to an account: a member can get one before
// the account is active.
func (a Account) mayOwn() bool {
	return a.isSomebody() && (a.State == Created || a.State == Invited || a.State == Active)
}

// isSomebody keeps out applications, and kinds that a newer hub may know.
func (a Account) isSomebody() bool { return a.Kind.facts() == passage.Somebody }

// reasons are the names that the decisions of passage have in events.
var reasons = [...]Reason{
	passage.KnownCard: KnownCard, passage.NoGrant: NoGrant, passage.DeniedGrant: DeniedGrant,
	passage.AccountInactive: AccountInactive, passage.BindingInactive: BindingInactive, passage.TimeUnknown: TimeUnknown,
	passage.StaleSnapshot: StaleSnapshot, passage.ServiceAccount: ServiceAccount, passage.NotUnderstood: NotUnderstood,
	passage.OutOfHours: OutOfHours,
}

// mayEnter decides about a bound card. A print point needs no grant.
func (e *Engine) mayEnter(p Point, k Known, at clock.Stamp) (Outcome, Reason) {
	c := passage.Open(e.index.Door(p.Door).rules(), e.moment(at))
	why := c.Present(k.Account.facts(), k.Binding.facts())
	if p.Kind != Print {
		for _, g := range k.Grants {
			c.Weigh(passage.Grant{From: g.From, To: g.To, Deny: g.Deny}, e.index.hoursAt(g.Schedule, at.Wall))
		}
		why, _ = c.Decide()
	}
	if why == passage.KnownCard {
		return Granted, KnownCard
	}
	return Refused, reasons[why]
}

// MayStay says why a session that a card opened for an account, or a PIN if the card is
// zero, must end; ReasonNone: it may continue. The lapse of an anonymous account does not end
// it, because the session can still make the account somebody's own.
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
	if k.Account.hasLapsed(e.clock.Now()) {
		k.Account.Expires = time.Time{}
	}
	if _, why := e.mayEnter(p, k, e.clock.Now()); why != KnownCard {
		return why
	}
	return ReasonNone
}

// hasLapsed reports whether an anonymous account has ended that nobody made their own. Its
// card is unknown again.
func (a Account) hasLapsed(at clock.Stamp) bool {
	return a.Kind == Anonymous && a.State == Active && hasEnded(a.Expires, at)
}

// Stale reports whether a door refuses people because the terminal has not heard from the hub
// for too long. since is when it last heard from it.
func (e *Engine) Stale(door string) (since time.Time, stale bool) {
	d := e.index.Door(door)
	return e.clock.Heard(), e.moment(e.clock.Now()).Stale(d.rules()) && d.Stale != PolicyAllow
}

// hasEnded reports whether an end has passed, as far as the clock can tell.
func hasEnded(end time.Time, at clock.Stamp) bool {
	return !end.IsZero() && at.Passed(end)
}
