package publish

import (
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// parse is the wire's value of a name of the domain. A name that the wire does not know is
// 0, which no terminal takes for a right.
func parse[W wire.Enum, D ~string](name D) W {
	v, _ := wire.Parse[W](string(name))
	return v
}

// accountRow is what terminals know of an account: no address, and the groups only of who
// has a first and a last name, because a door card is never anonymous.
func accountRow(a people.Account, groups []uint64) wire.Account {
	row := wire.Account{
		Kind: parse[wire.AccountKind](a.Kind), State: parse[wire.AccountState](a.State), Number: a.Number, Aliases: a.Aliases,
		Name: a.FullName(), EmailState: emailState(a), Lang: a.Lang, Expires: millis(a.Expires),
	}
	if a.IsNamed() {
		row.Groups = groups
	}
	return row
}

func emailState(a people.Account) wire.EmailState {
	switch {
	case a.TypedEmail != "":
		return wire.EmailToConfirm
	case a.Email != "":
		return wire.EmailConfirmed
	default:
		return wire.EmailNone
	}
}

func cardRow(c access.Card) wire.Binding {
	return wire.Binding{
		Account: c.Account, State: parse[wire.BindingState](c.State), Assurance: parse[wire.Assurance](c.Assurance), Expires: millis(c.Expires),
	}
}

func claimRow(c access.Claim) wire.Claim {
	return wire.Claim{Account: c.Account, MAC: c.MAC, Ends: millis(c.Ends), Doors: c.Doors, State: parse[wire.ClaimState](c.State)}
}

func doorRow(d access.Door) wire.Door {
	return wire.Door{
		Anonymous: d.Anonymous, UnknownTime: parse[wire.Policy](d.UnknownTime),
		FreshFor: int64(d.FreshFor / time.Second), Stale: parse[wire.Policy](d.Stale),
	}
}

func grantRow(g access.Grant, door string) wire.Grant {
	return wire.Grant{
		Account: g.Account, Group: g.Group, Door: door, Schedule: g.Schedule,
		From: millis(g.From), To: millis(g.To), Deny: g.Deny,
	}
}

func scheduleRow(s access.Schedule) wire.Schedule {
	row := wire.Schedule{Windows: []wire.Hours{}}
	for _, w := range s.Windows {
		row.Windows = append(row.Windows, wire.Hours{Days: uint64(w.Days), From: uint64(w.From), To: uint64(w.To)})
	}
	return row
}

func serviceRow(o people.Offer, groups []uint64) wire.Service {
	return wire.Service{
		Kind: parse[wire.ServiceKind](o.Kind), French: o.French, English: o.English, Link: o.Link, Everyone: o.Everyone, Groups: groups,
	}
}

func noticeRow(n people.Notice) wire.Notice {
	return wire.Notice{
		Version: n.Version, French: n.Text.French, English: n.Text.English,
		ShortFrench: n.Short.French, ShortEnglish: n.Short.English, Link: n.Link,
	}
}

func pinRow(p access.PIN) wire.PIN { return wire.PIN{Account: p.Account} }

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

// siteRow is the settings as terminals get them at a time.
func siteRow(s access.Site, c access.Claiming, pinLength uint64, now time.Time) wire.Site {
	return wire.Site{
		Name: s.Name, UnknownBadge: parse[wire.Route](s.UnknownBadge), Confirm: parse[wire.Confirm](s.Confirm),
		Lang: s.Lang, EditProfile: s.EditProfile, CodeDigits: uint64(s.CodeDigits), ClaimWindow: seconds(s.ClaimWindow),
		GuessBudget: uint64(s.GuessBudget), ClaimsClosed: c.Closed, ClaimsEpoch: c.Epoch,
		QuotaBurst: uint64(s.QuotaBurst), QuotaDay: uint64(s.QuotaDay), QuotaSite: uint64(s.QuotaSite), AnonymousLife: seconds(s.AnonymousLife),
		SessionIdle: seconds(s.SessionIdle), SessionMax: seconds(s.SessionMax), TimeZone: s.TimeZone,
		OneCard: s.Cards == access.OneCard, Offsets: offsets(s, now), PINLength: pinLength, Ask: s.Ask,
	}
}

// offsets are the clocks of the site, from the year before now on.
func offsets(s access.Site, now time.Time) (all []wire.Offset) {
	for _, o := range s.Clocks(now) {
		all = append(all, wire.Offset{Since: o.Since, East: o.East})
	}
	return all
}

func seconds(d time.Duration) int64 { return int64(d / time.Second) }
