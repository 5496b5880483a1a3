package hub

import (
	"context"
	"strings"
	"time"

	"badged/sync/wire"
)

// checkName takes names that can stand in topics, certificates and configurations.
func checkName(what, s string) error {
	if wire.CheckName(what, s) != nil {
		return invalid("%.64q cannot name a %s: a name is 1 to 63 lower-case letters, digits and inner dashes, such as %s-2", s, what, what)
	}
	return nil
}

// CheckTerminal refuses what cannot be a terminal's name.
func CheckTerminal(name string) error { return checkName("terminal", name) }

// Door is a door with its name.
type Door struct {
	ID string
	wire.Door
}

// SetDoor makes a door, or changes the settings that it has, as change says. A new
// one denies when it is stale or the time is unknown.
func (h *Hub) SetDoor(ctx context.Context, id string, change func(*wire.Door)) (Door, error) {
	if err := checkName("door", id); err != nil {
		return Door{}, err
	}
	var out Door
	err := h.update(ctx, func(tx Tx) error {
		d, found, err := get[wire.Door](tx, wire.Doors, []byte(id))
		if err != nil {
			return err
		}
		if !found {
			d = wire.Door{UnknownTime: 1, Stale: 1}
		}
		change(&d)
		if err := checkFresh(d.FreshFor); err != nil {
			return err
		}
		out = Door{id, d}
		return put(tx, wire.Doors, []byte(id), d)
	})
	return out, err
}

// shortestFresh is how long a door must trust its copy at least, in seconds. Its terminal
// asks the hub three times within that, so that one lost message shuts nobody out.
const shortestFresh = 60

// checkFresh refuses a time that would shut members out of a door which is connected.
func checkFresh(seconds int64) error {
	if seconds != 0 && seconds < shortestFresh {
		return invalid("a door's fresh_for is 0 for 72 hours, or at least %d seconds, not %d: its terminal asks the hub three times "+
			"within it, and with less one lost message would refuse everybody", shortestFresh, seconds)
	}
	return nil
}

// Doors are all doors by name.
func (h *Hub) Doors(ctx context.Context) ([]Door, error) {
	var out []Door
	err := h.store.View(ctx, func(tx Tx) error {
		return each(tx, wire.Doors, func(key []byte, d wire.Door) error {
			out = append(out, Door{string(key), d})
			return nil
		})
	})
	return out, err
}

// Grant is a grant with its id and its owner's name.
type Grant struct {
	ID ID
	wire.Grant
	Owner string
}

// NewGrant is what an operator asks for.
type NewGrant struct {
	Account  string
	Door     string
	From, To time.Time // zero: since ever, for ever
	Deny     bool
}

// AddGrant lets an account use a door, or denies it.
func (h *Hub) AddGrant(ctx context.Context, n NewGrant) (Grant, error) {
	if !n.From.IsZero() && !n.To.IsZero() && !n.From.Before(n.To) {
		return Grant{}, invalid("the grant ends before it begins")
	}
	var out Grant
	err := h.update(ctx, func(tx Tx) error {
		id, err := grantee(tx, n)
		if err != nil {
			return err
		}
		out = Grant{ID: randomID(), Grant: wire.Grant{
			Account: id, Door: n.Door, From: millis(n.From), To: millis(n.To), Deny: n.Deny,
		}}
		if out.Owner, err = displayName(tx, id); err != nil {
			return err
		}
		return put(tx, wire.Grants, out.ID[:], out.Grant)
	})
	return out, err
}

// grantee checks that account and door are fit for a grant: a door card is never
// anonymous.
func grantee(tx Tx, n NewGrant) (ID, error) {
	id, a, err := findAccount(tx, n.Account)
	if err != nil {
		return id, err
	}
	if _, found, err := get[wire.Door](tx, wire.Doors, []byte(n.Door)); err != nil || !found {
		return id, orMissing(err, "there is no door %q: `badgehub door list` shows them", n.Door)
	}
	switch {
	case a.Kind == wire.KindService:
		return id, conflict("account %s is an application's and opens no door", Hex(id))
	case a.State >= wire.AccountMerged:
		return id, conflict("account %s is %s", Hex(id), a.State.String())
	case a.Name == "":
		return id, conflict("account %s has no name yet: a door card is never anonymous", Hex(id))
	}
	return id, nil
}

// RemoveGrant ends a grant.
func (h *Hub) RemoveGrant(ctx context.Context, id ID) error {
	return h.update(ctx, func(tx Tx) error {
		if _, found, err := get[wire.Grant](tx, wire.Grants, id[:]); err != nil || !found {
			return orMissing(err, "there is no grant %s: `badgehub grant list` shows them", Hex(id))
		}
		return tx.PutRow(wire.Grants, "", id[:], nil)
	})
}

// Grants are all grants.
func (h *Hub) Grants(ctx context.Context) ([]Grant, error) {
	var out []Grant
	err := h.store.View(ctx, func(tx Tx) error {
		return each(tx, wire.Grants, func(key []byte, g wire.Grant) error {
			owner, err := displayName(tx, g.Account)
			out = append(out, Grant{ID(key), g, owner})
			return err
		})
	})
	return out, err
}

// Site gives the settings.
func (h *Hub) Site(ctx context.Context) (s wire.Site, err error) {
	err = h.store.View(ctx, func(tx Tx) error {
		s, err = site(tx)
		return err
	})
	return s, err
}

// SetSite changes the settings as change says. Whether claiming is closed is not a
// setting: see Reopen.
func (h *Hub) SetSite(ctx context.Context, change func(*wire.Site)) (wire.Site, error) {
	var out wire.Site
	err := h.update(ctx, func(tx Tx) error {
		old, err := site(tx)
		if err != nil {
			return err
		}
		out = old
		change(&out)
		out.ClaimsClosed, out.ClaimsEpoch = old.ClaimsClosed, old.ClaimsEpoch
		if err := checkSite(out); err != nil {
			return err
		}
		if out.Confirm == wire.ConfirmOwner && old.Confirm != wire.ConfirmOwner {
			return invalid("settings of the site: confirm cannot be owner yet, for there is no page where owners confirm: " +
				"new cards would never work; set admin (an operator confirms with `badgehub card state CARD active`) or none")
		}
		return put(tx, wire.Config, siteKey, out)
	})
	return out, err
}

// checkSite refuses settings that no terminal could follow.
func checkSite(s wire.Site) error {
	const year = 366 * 24 * 60 * 60
	for _, c := range []struct {
		good bool
		says string
	}{
		{strings.TrimSpace(s.Name) != "" && len(s.Name) <= maxName && isText(s.Name), "name is 1 to 200 bytes"},
		{s.UnknownBadge >= 1 && s.UnknownBadge <= 3, "unknown_badge is refuse, bind or create"},
		{s.Confirm >= 1 && s.Confirm <= 3, "confirm is none, owner or admin"},
		{s.Lang == "fr" || s.Lang == "en", "lang is fr or en"},
		{s.CodeDigits >= 4 && s.CodeDigits <= 8, "code_digits is 4 to 8"},
		{s.ClaimWindow >= 5 && s.ClaimWindow <= 300, "claim_window is 5 to 300 seconds"},
		{s.GuessBudget >= 1 && s.GuessBudget <= 100, "guess_budget is 1 to 100"},
		{s.QuotaBurst >= 1 && s.QuotaBurst <= 1000, "quota_burst is 1 to 1000"},
		{s.QuotaDay >= 1 && s.QuotaDay <= 100000, "quota_day is 1 to 100000"},
		{s.QuotaSite >= 1 && s.QuotaSite <= 1000000, "quota_site is 1 to 1000000"},
		{s.AnonymousLife >= 3600 && s.AnonymousLife <= 10*year, "anonymous_life is an hour to ten years, in seconds"},
		{s.SessionIdle >= 5 && s.SessionIdle <= 3600, "session_idle is 5 to 3600 seconds"},
		{s.SessionMax >= 30 && s.SessionMax <= 3600, "session_max is 30 to 3600 seconds"},
	} {
		if !c.good {
			return invalid("settings of the site: %s", c.says)
		}
	}
	return nil
}

// Reopen is an operator's acknowledgement of too many wrong codes: claiming by
// keypad is open again, with a whole guess budget, at every terminal.
func (h *Hub) Reopen(ctx context.Context) (wire.Site, error) {
	var out wire.Site
	err := h.update(ctx, func(tx Tx) (err error) {
		if out, err = site(tx); err != nil {
			return err
		}
		out.ClaimsClosed = false
		out.ClaimsEpoch++
		return put(tx, wire.Config, siteKey, out)
	})
	return out, err
}
