package api

import (
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/words"
)

func doorOf(d access.Door) Door {
	return Door{d.Name, d.Group, d.Anonymous, string(d.UnknownTime), int64(d.FreshFor / time.Second), string(d.Stale)}
}

func listDoors(tx fleet.Tx, r *http.Request) (Page[Door], error) {
	l, err := listingOf(r)
	if err != nil {
		return Page[Door]{}, err
	}
	doors, next, err := access.ListDoors(tx.Tx.Tx, access.DoorQuery{Listing: l, Group: r.FormValue("group")})
	return pageOf(doors, next, err, func(d access.Door) (Door, error) { return doorOf(d), nil })
}

func setDoor(tx fleet.Tx, _ *http.Request, in DoorPatch) (Door, error) {
	d, err := access.SetDoor(tx.Tx.Tx, in.ID, in.apply)
	return doorOf(d), err
}

// apply changes what the patch names.
func (p DoorPatch) apply(d *access.Door) {
	set(&d.Group, p.Group)
	set(&d.Anonymous, p.Anonymous)
	if p.UnknownTime != nil {
		d.UnknownTime = access.Policy(*p.UnknownTime)
	}
	if p.Stale != nil {
		d.Stale = access.Policy(*p.Stale)
	}
	if p.FreshFor != nil {
		d.FreshFor = time.Duration(*p.FreshFor) * time.Second
	}
}

func set[T any](to, from *T) {
	if from != nil {
		*to = *from
	}
}

func removeDoor(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	return none{}, access.RemoveDoor(tx.Tx.Tx, r.PathValue("name"))
}

func grantOf(tx fleet.Tx, g access.Grant) (Grant, error) {
	out := Grant{
		ID: people.HexID(g.ID), Door: g.Door, DoorGroup: g.DoorGroup, From: Time{g.From}, To: Time{g.To}, Deny: g.Deny,
	}
	if g.Group != 0 {
		group, err := tx.Group(g.Group)
		if err != nil {
			return out, err
		}
		out.Group = group.Name
	} else {
		a, err := tx.Account(g.Account)
		if err != nil && !isMissing(err) {
			return out, err
		}
		out.Account, out.AccountName, out.Rests = people.HexID(g.Account), a.DisplayName(), !g.Deny && !a.IsNamed()
	}
	if g.Schedule != 0 {
		s, err := tx.Schedule(g.Schedule)
		if err != nil {
			return out, err
		}
		out.Schedule = s.Name
	}
	return out, nil
}

func listGrants(tx fleet.Tx, r *http.Request) (Page[Grant], error) {
	q := access.GrantQuery{Door: r.FormValue("door"), DoorGroup: r.FormValue("door_group"), After: r.FormValue("after")}
	var err error
	if q.Limit, err = limitOf(r); err != nil {
		return Page[Grant]{}, err
	}
	if q.Account, err = accountIn(tx, r, "account"); err != nil {
		return Page[Grant]{}, err
	}
	if name := r.FormValue("group"); name != "" {
		g, err := people.FindGroup(tx.Tx.Tx.Tx, name)
		if err != nil {
			return Page[Grant]{}, err
		}
		q.Group = g.ID
	}
	page, next, err := access.ListGrants(tx.Tx.Tx, q)
	return pageOf(page, next, err, func(g access.Grant) (Grant, error) { return grantOf(tx, g) })
}

// accountIn is the account that a query's field names; zero: none.
func accountIn(tx fleet.Tx, r *http.Request, field string) (people.ID, error) {
	ref := r.FormValue(field)
	if ref == "" {
		return people.ID{}, nil
	}
	a, err := people.Find(tx.Tx.Tx.Tx, ref)
	return a.ID, err
}

func addGrant(tx fleet.Tx, _ *http.Request, in NewGrant) (Grant, error) {
	site, err := access.Settings(tx.Tx.Tx)
	if err != nil {
		return Grant{}, err
	}
	n := access.NewGrant{Account: in.Account, Group: in.Group, Door: in.Door, DoorGroup: in.DoorGroup, Schedule: in.Schedule, Deny: in.Deny}
	if n.From, err = momentOf("from", in.From, site.FirstDay); err != nil {
		return Grant{}, err
	}
	if n.To, err = momentOf("to", in.To, site.LastDay); err != nil {
		return Grant{}, err
	}
	g, made, err := access.AddGrant(tx.Tx.Tx, n)
	if err != nil {
		return Grant{}, err
	}
	out, err := grantOf(tx, g)
	out.Existed = !made
	return out, err
}

// momentOf reads a moment in RFC 3339, or a day as day takes it; empty: none.
func momentOf(field, text string, day func(string) (time.Time, error)) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	if len(text) == len(time.DateOnly) {
		return day(text)
	}
	t, err := time.Parse(time.RFC3339, text)
	if err != nil {
		return t, invalid(CodeMoment, "field", field, "value", clip(text))
	}
	return t, nil
}

func removeGrant(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	id, err := idOf(r)
	if err == nil {
		_, err = access.RemoveGrant(tx.Tx.Tx, id)
	}
	return none{}, err
}

// days are the names of a window's days, by their bits.
var days = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"}

func scheduleOf(s access.Schedule) Schedule {
	out := Schedule{Name: s.Name, Windows: []Window{}}
	for _, w := range s.Windows {
		shown := Window{From: clockOf(w.From), To: clockOf(w.To)}
		for i, name := range days {
			if w.Days&(1<<i) != 0 {
				shown.Days = append(shown.Days, name)
			}
		}
		out.Windows = append(out.Windows, shown)
	}
	return out
}

func clockOf(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

func (w Window) parse() (out access.Window, err error) {
	for _, d := range w.Days {
		i := slices.Index(days, d)
		if i < 0 {
			return out, invalid(CodeChoice, "field", "days", "value", clip(d), "choices", days)
		}
		out.Days |= 1 << i
	}
	if out.From, err = minutesOf("from", w.From); err != nil {
		return out, err
	}
	out.To, err = minutesOf("to", w.To)
	return out, err
}

// minutesOf reads 08:30, and 24:00 for the end of a day.
func minutesOf(field, text string) (int, error) {
	var h, m int
	if n, err := fmt.Sscanf(text, "%02d:%02d", &h, &m); err != nil || n != 2 || text != clockOf(h*60+m) || h > 24 || m > 59 {
		return 0, invalid(CodeTime, "field", field, "value", clip(text))
	}
	return h*60 + m, nil
}

func listSchedules(tx fleet.Tx, r *http.Request) (Page[Schedule], error) {
	l, err := listingOf(r)
	if err != nil {
		return Page[Schedule]{}, err
	}
	page, next, err := access.ListSchedules(tx.Tx.Tx, l)
	return pageOf(page, next, err, func(s access.Schedule) (Schedule, error) { return scheduleOf(s), nil })
}

// setSchedule makes a schedule, or gives the one of that name other windows.
func setSchedule(tx fleet.Tx, _ *http.Request, in Schedule) (Schedule, error) {
	var windows []access.Window
	for _, w := range in.Windows {
		parsed, err := w.parse()
		if err != nil {
			return Schedule{}, err
		}
		windows = append(windows, parsed)
	}
	out, err := access.ChangeSchedule(tx.Tx.Tx, in.Name, func(s *access.Schedule) { s.Windows = windows })
	if refusal.Code(err) == access.CodeScheduleNotFound {
		out, err = access.AddSchedule(tx.Tx.Tx, access.Schedule{Name: in.Name, Windows: windows})
	}
	return scheduleOf(out), err
}

func removeSchedule(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	return none{}, access.RemoveSchedule(tx.Tx.Tx, r.PathValue("name"))
}

func listHolidays(tx fleet.Tx, r *http.Request) (Page[Holiday], error) {
	l, err := listingOf(r)
	if err != nil {
		return Page[Holiday]{}, err
	}
	from, err := dayIn(tx, r)
	if err != nil {
		return Page[Holiday]{}, err
	}
	page, next, err := access.ListHolidays(tx.Tx.Tx, access.HolidayQuery{Listing: l, From: from})
	return pageOf(page, next, err, func(h access.Holiday) (Holiday, error) { return Holiday(h), nil })
}

func setHoliday(tx fleet.Tx, _ *http.Request, in Holiday) (Holiday, error) {
	h, err := access.SetHoliday(tx.Tx.Tx, in.Day, in.Name)
	return Holiday(h), err
}

func removeHoliday(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	return none{}, access.RemoveHoliday(tx.Tx.Tx, r.PathValue("day"))
}

// longestClaim is the longest life of a claim in minutes.
const longestClaim = int(access.LongestClaim / time.Minute)

func (s *server) issueClaim(tx fleet.Tx, r *http.Request, in NewClaim) (IssuedClaim, error) {
	in.Minutes = min(max(in.Minutes, -1), longestClaim+1) // beyond, a duration overflows
	away, err := s.Fleet.Away(tx)
	if err != nil {
		return IssuedClaim{}, err
	}
	c, err := access.IssueClaim(tx.Tx.Tx, s.Fleet.SiteKey(), access.NewClaim{
		Account: in.Account, Doors: in.Doors, Life: time.Duration(in.Minutes) * time.Minute, Away: away,
	})
	if err != nil {
		return IssuedClaim{}, err
	}
	out := IssuedClaim{ID: people.HexID(c.ID), Code: c.Code.Reveal(), Ends: Time{c.Ends}}
	for _, w := range c.Warnings {
		out.Voided = out.Voided || w.Code == access.WarnReplaced
		out.Warnings = append(out.Warnings, Warning{w.Code, words.Text(langOf(r), w)})
	}
	return out, nil
}

func claimOf(tx fleet.Tx, c access.Claim) (Claim, error) {
	name, err := nameOf(tx, c.Account)
	out := Claim{
		ID: people.HexID(c.ID), Account: people.HexID(c.Account), AccountName: name, Doors: c.Doors,
		State: string(c.State), Issued: Time{c.Issued}, Ends: Time{c.Ends},
	}
	if c.State == access.ClaimLive && !c.Ends.After(tx.Now) {
		out.State = "ended"
	}
	if c.State == access.ClaimUsed {
		out.Card = access.ShortCard(c.Card)
	}
	return out, err
}

// listClaims gives the claims that ended less than a day ago or have not ended.
func listClaims(tx fleet.Tx, r *http.Request) (Page[Claim], error) {
	q := access.ClaimQuery{Since: tx.Now.Add(-24 * time.Hour), After: r.FormValue("after")}
	var err error
	if q.Limit, err = limitOf(r); err != nil {
		return Page[Claim]{}, err
	}
	if q.Account, err = accountIn(tx, r, "account"); err != nil {
		return Page[Claim]{}, err
	}
	page, next, err := access.ListClaims(tx.Tx.Tx, q)
	return pageOf(page, next, err, func(c access.Claim) (Claim, error) { return claimOf(tx, c) })
}

func endClaim(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	id, err := idOf(r)
	if err == nil {
		_, err = access.EndClaim(tx.Tx.Tx, id)
	}
	return none{}, err
}

func cardOf(tx fleet.Tx, c access.Card) (Card, error) {
	name, err := nameOf(tx, c.Account)
	if err != nil {
		return Card{}, err
	}
	out := Card{
		ID: access.ShortCard(c.ID), Account: people.HexID(c.Account), AccountName: name,
		State: string(c.State), Assurance: string(c.Assurance), Since: Time{c.Since}, Expires: Time{c.Expires},
	}
	conflicts, err := tx.OpenConflicts(c.ID)
	for _, k := range conflicts {
		other, err := nameOf(tx, k.Other)
		if err != nil {
			return out, err
		}
		out.Conflicts = append(out.Conflicts, Conflict{people.HexID(k.Other), other, k.Why, k.Terminal, Time{k.At}})
	}
	return out, err
}

func showCard(tx fleet.Tx, r *http.Request) (Card, error) {
	c, err := access.FindCard(tx.Tx.Tx, r.PathValue("id"))
	if err != nil {
		return Card{}, err
	}
	out, err := cardOf(tx, c)
	if err != nil {
		return out, err
	}
	changed, err := fleet.CardChanged(tx, c.ID)
	if err != nil {
		return out, err
	}
	out.Changed = Time{changed}
	s, err := fleet.CardSpread(tx, c.ID)
	if errors.Is(err, people.ErrNotFound) {
		return out, nil
	}
	out.Spread = &Spread{s.Terminals, s.OfTerminals, s.Doors, s.OfDoors, Time{s.At}, s.Missing}
	return out, err
}

func listCards(tx fleet.Tx, r *http.Request) (Page[Card], error) {
	q := access.CardQuery{State: access.CardState(r.FormValue("state")), Contested: flagOf(r, "contested"), After: r.FormValue("after")}
	var err error
	if q.Limit, err = limitOf(r); err != nil {
		return Page[Card]{}, err
	}
	if q.Account, err = accountIn(tx, r, "account"); err != nil {
		return Page[Card]{}, err
	}
	page, next, err := access.ListCards(tx.Tx.Tx, q)
	return pageOf(page, next, err, func(c access.Card) (Card, error) { return cardOf(tx, c) })
}

func setCardState(tx fleet.Tx, r *http.Request, in CardState) (Card, error) {
	c, err := access.SetCardState(tx.Tx.Tx, r.PathValue("id"), access.CardState(in.State), in.Account)
	if err != nil {
		return Card{}, err
	}
	return cardOf(tx, c)
}

// giveCard gives a card that a terminal saw, or that an anonymous account has.
func giveCard(tx fleet.Tx, r *http.Request, in CardGift) (Card, error) {
	site, err := access.Settings(tx.Tx.Tx)
	if err != nil {
		return Card{}, err
	}
	gift := access.Gift{To: in.Account}
	if gift.Until, err = momentOf("expires", in.Expires, site.LastDay); err != nil {
		return Card{}, err
	}
	if gift.Card, err = seenCard(tx, r.PathValue("id")); err != nil {
		return Card{}, err
	}
	c, err := access.GiveCard(tx.Tx.Tx, gift)
	if err != nil {
		return Card{}, err
	}
	return cardOf(tx, c)
}

// seenCard is a card that belongs to somebody, or else one that a terminal saw.
func seenCard(tx fleet.Tx, ref string) (access.ID, error) {
	c, err := access.FindCard(tx.Tx.Tx, ref)
	if refusal.Code(err) != access.CodeCardNotFound {
		return c.ID, err
	}
	seen, missing := fleet.FindUnknownCard(tx, strings.ToLower(ref))
	if isMissing(missing) {
		return c.ID, err
	}
	return seen.Card, missing
}

func freeCard(tx fleet.Tx, r *http.Request, _ none) (none, error) {
	_, err := access.FreeCard(tx.Tx.Tx, r.PathValue("id"))
	return none{}, err
}

func listUnknownCards(tx fleet.Tx, r *http.Request) (Page[UnknownCard], error) {
	since, err := sinceOf(tx, r)
	if err != nil {
		return Page[UnknownCard]{}, err
	}
	all, err := fleet.UnknownCards(tx, since)
	return pageOf(all, "", err, func(u fleet.UnknownCard) (UnknownCard, error) {
		return UnknownCard{access.ShortCard(u.Card), u.Terminal, u.Point, u.Reason.String(), Time{u.At}, u.Times}, nil
	})
}

func (s *server) site(tx fleet.Tx, r *http.Request, settings access.Site) (Site, error) {
	claiming, err := access.ReadClaiming(tx.Tx.Tx)
	out := Site{ID: s.Fleet.SiteID(), ClaimsClosed: claiming.Closed}
	for _, d := range access.Descriptors {
		w := d.EN
		if langOf(r) == "fr" {
			w = d.FR
		}
		out.Settings = append(out.Settings, Setting{
			Name: d.Name, Value: d.Value(settings), Kind: string(d.Kind), Default: d.Default,
			Min: d.Min, Max: d.Max, Choices: d.Choices, Words: w,
		})
	}
	return out, err
}

func (s *server) showSite(tx fleet.Tx, r *http.Request) (Site, error) {
	settings, err := access.Settings(tx.Tx.Tx)
	if err != nil {
		return Site{}, err
	}
	return s.site(tx, r, settings)
}

func (s *server) changeSite(tx fleet.Tx, r *http.Request, in map[string]string) (Site, error) {
	settings, err := access.ChangeSettings(tx.Tx.Tx, in)
	if err != nil {
		return Site{}, err
	}
	return s.site(tx, r, settings)
}

func (s *server) reopen(tx fleet.Tx, r *http.Request, _ none) (Site, error) {
	if _, err := access.Reopen(tx.Tx.Tx); err != nil {
		return Site{}, err
	}
	return s.showSite(tx, r)
}

// idOf is the id in a request's path: 32 hex digits.
func idOf(r *http.Request) (id access.ID, err error) {
	id, ok := people.ParseID(r.PathValue("id"))
	if !ok {
		return id, invalid(CodeID, "value", clip(r.PathValue("id")))
	}
	return id, nil
}
