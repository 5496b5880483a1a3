package api

import (
	"time"

	"badged/sync/hub"
	"badged/sync/wire"
)

func terminalOf(t hub.TerminalState) Terminal {
	out := Terminal{
		Name: t.Name, Joined: t.Cert != nil, Removed: t.Removed(), Connected: !t.Connected.IsZero(), Since: t.Connected,
		LastSeen: t.LastSeen, Agent: t.Agent, Upto: map[string]uint64{}, Vector: []Collection{}, ClaimsClosed: t.ClaimsClosed,
	}
	for stream, n := range t.Upto {
		out.Upto[stream.String()] = n
	}
	for _, v := range t.Vector {
		out.Vector = append(out.Vector, Collection{v.Collection.String(), v.Rev, hub.Hex(v.Hash), v.NotUnderstood})
	}
	return out
}

func accountOf(a hub.Account) Account {
	return Account{
		ID: hub.Hex(a.ID), Kind: a.Kind.String(), State: a.State.String(),
		Display: a.DisplayName(), Name: a.Name, Email: a.Email, Lang: a.Lang,
		Number: a.Number, Aliases: a.Aliases, Expires: moment(a.Expires),
	}
}

func editOf(e hub.EditRecord) EditVersion {
	return EditVersion{e.Terminal, e.Order, e.At, Profile(e.Before), Profile(e.After)}
}

func doorOf(d hub.Door) Door {
	return Door{
		ID: d.ID, Anonymous: d.Anonymous, FreshFor: d.FreshFor,
		UnknownTime: d.UnknownTime.String(), Stale: d.Stale.String(),
	}
}

func grantOf(g hub.Grant) Grant {
	return Grant{
		ID: hub.Hex(g.ID), Account: hub.Hex(g.Account), AccountName: g.Owner, Door: g.Door,
		From: moment(g.From), To: moment(g.To), Deny: g.Deny,
	}
}

func claimOf(c hub.ClaimRecord) Claim {
	out := Claim{
		ID: hub.Hex(c.ID), Account: hub.Hex(c.Account), Doors: c.Doors,
		State: c.State.String(), Issued: c.Issued, Ends: c.Ends,
	}
	if c.State == wire.ClaimLive && !c.Ends.After(time.Now()) {
		out.State = "ended"
	}
	if c.State == wire.ClaimUsed {
		out.Card = hub.Short(c.Card)
	}
	return out
}

func cardOf(c hub.Binding) Card {
	out := Card{
		ID: hub.Short(c.ID), Account: hub.Hex(c.Account), AccountName: c.Owner,
		State: c.State.String(), Assurance: c.Assurance.String(), Expires: moment(c.Expires),
	}
	for _, k := range c.Conflicts {
		out.Conflicts = append(out.Conflicts, Conflict{hub.Hex(k.Other), k.Why, k.Terminal, k.At})
	}
	return out
}

func (s *server) siteOf(v wire.Site) Site {
	return Site{
		ID: s.Hub.SiteID(), Name: v.Name, UnknownBadge: v.UnknownBadge.String(), Confirm: v.Confirm.String(),
		Lang: v.Lang, EditProfile: v.EditProfile, CodeDigits: v.CodeDigits, ClaimWindow: v.ClaimWindow,
		GuessBudget: v.GuessBudget, ClaimsClosed: v.ClaimsClosed, QuotaBurst: v.QuotaBurst, QuotaDay: v.QuotaDay,
		QuotaSite: v.QuotaSite, AnonymousLife: v.AnonymousLife, SessionIdle: v.SessionIdle, SessionMax: v.SessionMax,
	}
}

func eventOf(e hub.Event) Event {
	out := Event{
		ID: e.ID, Terminal: e.Terminal, Incarnation: hub.Hex(e.Incarnation), Stream: e.Stream.String(),
		Seq: e.Seq, Order: e.Record.Order, Received: e.Received, Clock: e.Clock.String(), Kind: "unreadable",
	}
	if !e.Readable {
		return out
	}
	out.Kind, out.Outcome, out.Reason = e.Kind.String(), e.Outcome.String(), e.Reason.String()
	out.Point, out.Device, out.Why = e.Point, e.Device, e.Why
	out.Number, out.Count, out.Label, out.AccountName = e.Number, e.Count, e.Label, e.AccountName
	out.At = time.UnixMilli(e.At).UTC()
	if len(e.Account) == len(hub.ID{}) {
		out.Account = hub.Hex(hub.ID(e.Account))
	}
	if len(e.Card) == len(hub.ID{}) {
		out.Card = hub.Short(hub.ID(e.Card))
	}
	if e.Edit != nil {
		p := Profile(*e.Edit)
		out.Edit = &p
	}
	return out
}

// moment is the time of a number of milliseconds; 0 is no time.
func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}
