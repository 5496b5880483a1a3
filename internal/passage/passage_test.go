package passage_test

import (
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"

	"badged/internal/passage"
	"badged/internal/timetable"
)

var noon = time.Date(2026, 11, 30, 12, 0, 0, 0, time.UTC)

// An end is the first moment that is over, for cards, accounts and grants alike; with an
// unknown time nothing has ended, and no end is for ever.
func TestAnEndIsTheFirstMomentThatIsOver(t *testing.T) {
	for at, over := range map[time.Time]bool{noon.Add(-1): false, noon: true, noon.Add(1): true} {
		m := passage.Moment{At: at, Known: true, Heard: at}
		if m.Ended(noon) != over {
			t.Errorf("%v from its end: over %v", at.Sub(noon), !over)
		}
		if why := decide(passage.Door{}, m, weighed{passage.Grant{To: noon}, passage.AnyHour}); (why == passage.NoGrant) != over {
			t.Errorf("%v from its end: a grant gives %s", at.Sub(noon), why)
		}
		if why := decide(passage.Door{}, m, weighed{passage.Grant{From: noon}, passage.AnyHour}); (why == passage.KnownCard) != over {
			t.Errorf("%v from its beginning: a grant gives %s", at.Sub(noon), why)
		}
		if m.Ended(time.Time{}) || (passage.Moment{At: at}).Ended(noon) {
			t.Error("what has no end, or no known time, has ended")
		}
	}
}

type weighed struct {
	grant passage.Grant
	hours passage.Hours
}

var (
	ada  = passage.Account{Kind: passage.Somebody, Active: true}
	card = passage.Card{Active: true}
)

// decide decides about Ada with her card.
func decide(d passage.Door, m passage.Moment, grants ...weighed) passage.Reason {
	why, _ := decideWhich(d, m, grants)
	return why
}

func decideWhich(d passage.Door, m passage.Moment, grants []weighed) (passage.Reason, int) {
	c := passage.Open(d, m)
	c.Present(ada, card)
	for _, w := range grants {
		c.Weigh(w.grant, w.hours)
	}
	return c.Decide()
}

// TestThePersonAndTheCardComeFirst: nothing but the first matching line decides, whatever
// the grants say.
func TestThePersonAndTheCardComeFirst(t *testing.T) {
	over := noon.Add(-time.Hour)
	for about, c := range map[string]struct {
		account passage.Account
		card    passage.Card
		door    passage.Door
		known   bool
		want    passage.Reason
	}{
		"all is well":              {ada, card, passage.Door{}, true, passage.KnownCard},
		"an application":           {passage.Account{Kind: passage.Application, Active: true, NotUnderstood: true}, card, passage.Door{}, true, passage.ServiceAccount},
		"a kind of the future":     {passage.Account{Active: true}, card, passage.Door{}, true, passage.AccountInactive},
		"an account of the future": {passage.Account{Kind: passage.Somebody, NotUnderstood: true}, card, passage.Door{}, true, passage.NotUnderstood},
		"a card of the future":     {ada, passage.Card{NotUnderstood: true}, passage.Door{}, true, passage.NotUnderstood},
		"a door of the future":     {ada, card, passage.Door{NotUnderstood: true}, true, passage.NotUnderstood},
		"not active":               {passage.Account{Kind: passage.Somebody}, passage.Card{}, passage.Door{}, true, passage.AccountInactive},
		"over":                     {passage.Account{Kind: passage.Somebody, Active: true, Expires: over}, card, passage.Door{}, true, passage.AccountInactive},
		"a lost card":              {ada, passage.Card{}, passage.Door{}, true, passage.BindingInactive},
		"a card that is over":      {ada, passage.Card{Active: true, Expires: over}, passage.Door{}, true, passage.BindingInactive},
		"an end, and no time":      {ada, passage.Card{Active: true, Expires: noon}, passage.Door{}, false, passage.TimeUnknown},
		"the same, the door lets":  {ada, passage.Card{Active: true, Expires: noon}, passage.Door{UnknownTime: passage.Allow}, false, passage.KnownCard},
		"staff is no time":         {ada, passage.Card{Active: true, Expires: noon}, passage.Door{UnknownTime: passage.Staff}, false, passage.TimeUnknown},
	} {
		k := passage.Open(c.door, passage.Moment{At: noon, Known: c.known, Heard: noon})
		k.Present(c.account, c.card)
		k.Weigh(passage.Grant{}, passage.AnyHour)
		why, which := k.Decide()
		if why != c.want || (which >= 0) != (c.want == passage.KnownCard) {
			t.Errorf("%s: %s by grant %d, want %s", about, why, which, c.want)
		}
	}
}

// TestTheGrantThatDecides (O10): whoever asks why is told by which grant.
func TestTheGrantThatDecides(t *testing.T) {
	always, over := passage.Grant{}, passage.Grant{To: noon}
	visit := passage.Grant{To: noon.Add(time.Hour)}
	deny := passage.Grant{Deny: true}
	late := passage.Moment{At: noon, Known: true, Heard: noon.Add(-73 * time.Hour)}
	now := passage.Moment{At: noon, Known: true, Heard: noon}
	for about, c := range map[string]struct {
		m      passage.Moment
		grants []weighed
		want   passage.Reason
		which  int
	}{
		"none":                          {now, nil, passage.NoGrant, -1},
		"one that is over":              {now, []weighed{{over, passage.AnyHour}}, passage.NoGrant, 0},
		"the first that lets in":        {now, []weighed{{over, 0}, {always, passage.InHours}, {always, passage.AnyHour}}, passage.KnownCard, 1},
		"one without an end before all": {now, []weighed{{visit, 0}, {always, 0}}, passage.KnownCard, 1},
		"one that denies before all":    {now, []weighed{{always, 0}, {deny, passage.Shut}, {deny, passage.InHours}}, passage.DeniedGrant, 2},
		"one out of hours":              {now, []weighed{{over, 0}, {always, passage.Shut}}, passage.OutOfHours, 1},
		"one that nobody can read":      {now, []weighed{{always, passage.Shut}, {always, passage.Unreadable}}, passage.TimeUnknown, 1},
		"one with a stale copy":         {late, []weighed{{visit, 0}}, passage.StaleSnapshot, 0},
	} {
		if why, which := decideWhich(passage.Door{}, c.m, c.grants); why != c.want || which != c.which {
			t.Errorf("%s: %s by %d, want %s by %d", about, why, which, c.want, c.which)
		}
	}
}

// TestRightsAreASet (O6): the order of grants does not matter, one more that denies lets
// nobody in who was out, one more that lets shuts nobody out, and who passes does so by a
// grant that allows it.
func TestRightsAreASet(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		d, m := anyDoor(r), anyMoment(r)
		grants := rapid.SliceOfN(rapid.Custom(anyGrant), 0, 6).Draw(r, "grants")
		why, which := decideWhich(d, m, grants)
		if why == passage.KnownCard && grants[which].grant.Deny {
			r.Fatal("somebody passes by a grant that denies")
		}
		other := rapid.Permutation(grants).Draw(r, "in another order")
		if again, _ := decideWhich(d, m, other); again != why {
			r.Fatalf("%s in one order, %s in another", why, again)
		}
		more := anyGrant(r)
		with, _ := decideWhich(d, m, append(slices.Clone(grants), more))
		if more.grant.Deny && with == passage.KnownCard && why != passage.KnownCard || !more.grant.Deny && why == passage.KnownCard && with != why {
			r.Fatalf("%s, and %s with %+v", why, with, more)
		}
	})
}

// TestWithTheTimeKnownOneGrantInForceIsNeeded: the rule in the words of the specification,
// for a door whose copy is fresh.
func TestWithTheTimeKnownOneGrantInForceIsNeeded(t *testing.T) {
	rapid.Check(t, func(r *rapid.T) {
		at := anyTime(r)
		grants := rapid.SliceOfN(rapid.Custom(anyGrant), 0, 6).Draw(r, "grants")
		may := func(w weighed) bool {
			begun, over := !w.grant.From.After(at), !w.grant.To.IsZero() && !w.grant.To.After(at)
			return begun && !over
		}
		denied := slices.ContainsFunc(grants, func(w weighed) bool { return w.grant.Deny && may(w) && w.hours != passage.Shut })
		let := slices.ContainsFunc(grants, func(w weighed) bool {
			return !w.grant.Deny && may(w) && (w.hours == passage.AnyHour || w.hours == passage.InHours)
		})
		why := decide(passage.Door{}, passage.Moment{At: at, Known: true, Heard: at}, grants...)
		if (why == passage.KnownCard) != (let && !denied) || (why == passage.DeniedGrant) != denied {
			r.Fatalf("%s: a grant lets %v, one denies %v", why, let, denied)
		}
	})
}

// TestAnOldCopyFollowsTheDoor: from one moment after fresh_for on.
func TestAnOldCopyFollowsTheDoor(t *testing.T) {
	always, visit := weighed{passage.Grant{}, passage.InHours}, weighed{passage.Grant{From: noon.AddDate(-1, 0, 0)}, passage.AnyHour}
	for policy, lets := range map[passage.Policy][2]bool{0: {}, passage.Deny: {}, passage.Staff: {true, false}, passage.Allow: {true, true}} {
		for fresh, d := range map[time.Duration]passage.Door{passage.DefaultFresh: {Stale: policy}, time.Hour: {Stale: policy, FreshFor: time.Hour}} {
			for i, w := range []weighed{always, visit} {
				m := passage.Moment{At: noon, Known: true, Heard: noon.Add(-fresh)}
				if why := decide(d, m, w); why != passage.KnownCard {
					t.Errorf("policy %d, not older than %v: %s", policy, fresh, why)
				}
				m.Heard = m.Heard.Add(-1)
				if why := decide(d, m, w); (why == passage.KnownCard) != lets[i] || !lets[i] && why != passage.StaleSnapshot {
					t.Errorf("policy %d, older than %v, grant %d: %s", policy, fresh, i, why)
				}
				m.Known = false
				if why := decide(passage.Door{Stale: policy, UnknownTime: passage.Allow}, m, w); why != passage.KnownCard {
					t.Errorf("policy %d: without a time the copy counts as old: %s", policy, why)
				}
			}
		}
	}
}

// TestSchedulesThatCannotBeRead: a schedule that is gone is told apart from clocks that
// nobody knows.
func TestSchedulesThatCannotBeRead(t *testing.T) {
	known := passage.Site{Calendar: timetable.Calendar{Zone: timetable.Zone{{East: 3600}}}}
	strange := known
	strange.NotUnderstood = true
	open := []timetable.Window{{Days: timetable.Monday, From: 13 * 60, To: 14 * 60}} // noon in UTC is 13:00 there
	for want, got := range map[passage.Hours]passage.Hours{
		passage.InHours: known.Hours(open, true, noon), passage.Shut: known.Hours(open, true, noon.Add(time.Hour)),
		passage.Missing: known.Hours(open, false, noon), passage.Unreadable: strange.Hours(open, true, noon),
	} {
		if got != want {
			t.Errorf("%d, want %d", got, want)
		}
	}
	if (passage.Site{}).Hours(open, true, noon) != passage.Unreadable || (passage.Site{}).Hours(open, false, noon) != passage.Missing {
		t.Error("a site without known clocks has hours")
	}
}

func anyTime(r *rapid.T) time.Time {
	return noon.Add(time.Duration(rapid.IntRange(-3, 3).Draw(r, "hours")) * time.Hour)
}

func anyEnd(r *rapid.T) time.Time {
	if rapid.Bool().Draw(r, "none") {
		return time.Time{}
	}
	return anyTime(r)
}

func anyGrant(r *rapid.T) weighed {
	return weighed{
		passage.Grant{From: anyEnd(r), To: anyEnd(r), Deny: rapid.Bool().Draw(r, "denies")},
		rapid.SampledFrom([]passage.Hours{passage.AnyHour, passage.InHours, passage.Shut, passage.Missing, passage.Unreadable}).Draw(r, "schedule"),
	}
}

func anyPolicy(r *rapid.T) passage.Policy {
	return passage.Policy(rapid.IntRange(0, 3).Draw(r, "policy"))
}

func anyDoor(r *rapid.T) passage.Door {
	return passage.Door{UnknownTime: anyPolicy(r), Stale: anyPolicy(r), FreshFor: time.Duration(rapid.IntRange(0, 3).Draw(r, "fresh")) * time.Hour}
}

func anyMoment(r *rapid.T) passage.Moment {
	return passage.Moment{At: anyTime(r), Known: rapid.Bool().Draw(r, "known"), Heard: anyTime(r)}
}
