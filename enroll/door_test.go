package enroll_test

import (
	"reflect"
	"testing"
	"time"

	"badged/enroll"
	"badged/internal/clock"
	"badged/reader"
)

func (l *lab) expectBoundAndOpen(d enroll.Decision, a enroll.AccountID) {
	l.t.Helper()
	l.expect(d, enroll.Granted, enroll.ClaimBound)
	if !d.Open || d.Account.ID != a {
		l.t.Errorf("open %v for %v, want %v", d.Open, d.Account.ID, a)
	}
}

func TestS206_CodeThenCardBinds(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	l.claim(a, "7365")
	if d := l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard); d.Open {
		t.Error("S2.11: a code alone opened the door")
	}
	l.expectBoundAndOpen(l.tap(front, card(1)), a) // S2.22 at this door
	l.restart()
	l.grant(enroll.Grant{Account: a, Door: "front"}) // the lab's grants are in memory only
	if d := l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard); !d.Open {
		t.Error("the bound card does not open")
	}
}

func TestS207_ACodeWorksOnce(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365")
	l.claim(l.member("front"), "2848") // so that a claim is still live
	l.typed(front, "7365")
	l.tap(front, card(1))
	l.expect(l.typed(front, "7365"), enroll.Refused, enroll.CodeRefused)
	l.restart()
	l.expect(l.typed(front, "7365"), enroll.Refused, enroll.CodeRefused)
}

func TestS208_AnEndedCodeIsRefused(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	l.claim(a, "7365", func(c *enroll.Claim) { c.Ends = time.Now().Add(-time.Second) })
	l.claim(a, "2848", func(c *enroll.Claim) { c.State = enroll.ClaimVoid })
	l.expect(l.typed(front, "7365"), enroll.Refused, enroll.CodeRefused)
	l.expect(l.typed(front, "2848"), enroll.Refused, enroll.CodeRefused)
}

func TestS209_ACodeWorksOnlyAtItsDoors(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365", func(c *enroll.Claim) { c.Doors = []string{"front"} })
	l.expect(l.typed(back, "7365"), enroll.Refused, enroll.CodeRefused)
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
}

func TestS212_EveryWrongCodeIsAnsweredAlike(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	answers := map[string]enroll.Decision{"nothing live": l.typed(front, "1928")}
	l.claim(a, "5151")
	l.typed(front, "5151")
	l.tap(front, card(1))
	l.claim(a, "7365", func(c *enroll.Claim) { c.Ends = time.Now().Add(-time.Second) })
	l.claim(a, "2848")
	l.claim(a, "6070", func(c *enroll.Claim) { c.Doors = []string{"back"} })
	answers["wrong"] = l.typed(front, "1928")
	answers["used"] = l.typed(front, "5151")
	answers["ended"] = l.typed(front, "7365")
	answers["other door"] = l.typed(front, "6070")
	l.setting(func(s *enroll.Site) { s.ClaimsClosed = true })
	answers["closed"] = l.typed(front, "2848")
	for why, d := range answers {
		if !reflect.DeepEqual(d, answers["wrong"]) || d.Outcome != enroll.Refused {
			t.Errorf("%s is answered %+v, a wrong code %+v", why, d, answers["wrong"])
		}
	}
}

func TestS214_ASyncedCodeWorksWithoutANetwork(t *testing.T) {
	l := newLab(t) // there is no hub here at all
	a := l.member("front")
	l.claim(a, "7365")
	l.restart()
	l.grant(enroll.Grant{Account: a, Door: "front"}) // the lab's grants are in memory only
	l.typed(front, "7365")
	l.expectBoundAndOpen(l.tap(front, card(1)), a)
}

func TestTheBudgetIsCountedBeforeTheComparison(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365")
	budget := enroll.DefaultSite().GuessBudget
	for i := range budget {
		if i%3 == 2 {
			l.restart() // a power cut refunds nothing
		}
		l.expect(l.typed([]enroll.Point{front, back}[i%2], "1928"), enroll.Refused, enroll.CodeRefused)
	}
	l.expect(l.typed(front, "7365"), enroll.Refused, enroll.CodeRefused)
	l.setting(func(s *enroll.Site) { s.ClaimsEpoch++ }) // an operator acknowledges
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
}

func TestGoodCodesDoNotSpendTheBudget(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	l.claim(a, "7365")
	for range 3 * enroll.DefaultSite().GuessBudget {
		l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
	}
}

func TestCodesWhileNothingIsLiveCloseNothing(t *testing.T) {
	l := newLab(t)
	for range 3 * enroll.DefaultSite().GuessBudget {
		l.expect(l.typed(front, "1928"), enroll.Refused, enroll.CodeRefused)
	}
	a := l.member("front")
	l.claim(a, "7365")
	l.typed(front, "7365")
	l.expectBoundAndOpen(l.tap(front, card(1)), a)
}

func TestS219_AnothersCardIsRefusedWithoutAName(t *testing.T) {
	l := newLab(t)
	l.bind(l.member("front"), card(1))
	a := l.member("front")
	c := l.claim(a, "7365")
	l.typed(front, "7365")
	d := l.expect(l.tap(front, card(1)), enroll.Refused, enroll.CardTaken)
	if d.Open || !reflect.DeepEqual(d.Account, enroll.Account{}) {
		t.Errorf("the refusal names %+v or opens", d.Account)
	}
	evs := l.events()
	last := evs[len(evs)-1]
	if last.Claim != c.ID || last.Card.IsZero() || last.Stream() != enroll.StreamSecurity {
		t.Error("the operator cannot see the conflict")
	}
}

func TestOnesOwnCardAfterTheCodeKeepsTheCode(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	l.bind(a, card(1))
	l.claim(a, "7365")
	l.typed(front, "7365")
	if d := l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard); !d.Open {
		t.Error("one's own card does not open")
	}
	l.expectBoundAndOpen(l.tap(front, card(2)), a)
}

func TestTheWindowEnds(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365")
	l.typed(front, "7365")
	end := l.engine.Deadline()
	if wait := time.Until(end); wait < 29*time.Second || wait > 30*time.Second {
		t.Fatalf("the window ends in %v", wait)
	}
	if out := l.engine.Tick(l.ctx, end.Add(-time.Millisecond)); len(out) != 0 {
		t.Fatal("the window ended early")
	}
	out := l.engine.Tick(l.ctx, end)
	if len(out) != 1 || out[0].Point != "front" || out[0].Decision.Reason != enroll.EntryTimeout {
		t.Fatalf("at the end: %+v", out)
	}
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard)
}

// S2.24: with confirm set, a binding grants nothing before it is confirmed.
func TestConfirmKeepsABindingPending(t *testing.T) {
	l := newLab(t)
	l.setting(func(s *enroll.Site) { s.Confirm = enroll.ConfirmOwner })
	l.claim(l.member("front"), "7365")
	l.typed(front, "7365")
	if d := l.expect(l.tap(front, card(1)), enroll.Granted, enroll.ClaimBound); d.Open {
		t.Error("a pending binding opened the door")
	}
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.BindingInactive)
}

func TestGrantsDenyByDefaultAndDenyWins(t *testing.T) {
	hour := time.Hour
	for name, c := range map[string]struct {
		grants []enroll.Grant
		want   enroll.Reason
	}{
		"none":            {nil, enroll.NoGrant},
		"another door":    {[]enroll.Grant{{Door: "back"}}, enroll.NoGrant},
		"always":          {[]enroll.Grant{{Door: "front"}}, enroll.KnownCard},
		"now":             {[]enroll.Grant{{Door: "front", From: time.Now().Add(-hour), To: time.Now().Add(hour)}}, enroll.KnownCard},
		"not yet":         {[]enroll.Grant{{Door: "front", From: time.Now().Add(hour)}}, enroll.NoGrant},
		"no more":         {[]enroll.Grant{{Door: "front", To: time.Now().Add(-hour)}}, enroll.NoGrant},
		"denied":          {[]enroll.Grant{{Door: "front"}, {Door: "front", Deny: true}}, enroll.DeniedGrant},
		"denied elsewhen": {[]enroll.Grant{{Door: "front"}, {Door: "front", Deny: true, To: time.Now().Add(-hour)}}, enroll.KnownCard},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			a := l.member()
			l.bind(a, card(1))
			for _, g := range c.grants {
				g.Account = a
				l.grant(g)
			}
			d := l.tap(front, card(1))
			if d.Reason != c.want || d.Open != (c.want == enroll.KnownCard) {
				t.Errorf("reason %d, open %v, want %d", d.Reason, d.Open, c.want)
			}
		})
	}
}

func TestAnUnknownTimeFollowsTheDoor(t *testing.T) {
	l := newLab(t)
	l.clock = clock.New(clock.From(time.Now().Add(24 * time.Hour))) // the wall clock shows the past
	l.engine = enroll.NewEngine(l.store, key, l.clock, "terminal")
	staff, guest := l.member("front"), l.member()
	l.grant(enroll.Grant{Account: guest, Door: "front", To: time.Now().Add(25 * time.Hour)})
	l.bind(staff, card(1))
	l.bind(guest, card(2))
	l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard)
	l.expect(l.tap(front, card(2)), enroll.Refused, enroll.TimeUnknown)
	l.store.Index().Apply(enroll.Door{ID: "front", UnknownTime: enroll.PolicyAllow})
	l.expect(l.tap(front, card(2)), enroll.Granted, enroll.KnownCard)
	l.claim(staff, "7365", func(c *enroll.Claim) { c.Ends = time.Now().Add(48 * time.Hour) }) // perhaps it has ended
	l.expect(l.typed(front, "7365"), enroll.Refused, enroll.CodeRefused)
}

func TestAStaleCopyFollowsTheDoor(t *testing.T) {
	l := newLab(t)
	l.floor = time.Now().Add(-73 * time.Hour)
	l.restart()
	staff, guest := l.member("front"), l.member()
	l.grant(enroll.Grant{Account: guest, Door: "front", To: time.Now().Add(time.Hour)})
	l.bind(staff, card(1))
	l.bind(guest, card(2))
	for policy, want := range map[enroll.Policy][2]enroll.Reason{
		0:                  {enroll.StaleSnapshot, enroll.StaleSnapshot},
		enroll.PolicyDeny:  {enroll.StaleSnapshot, enroll.StaleSnapshot},
		enroll.PolicyStaff: {enroll.KnownCard, enroll.StaleSnapshot},
		enroll.PolicyAllow: {enroll.KnownCard, enroll.KnownCard},
	} {
		l.store.Index().Apply(enroll.Door{ID: "front", Stale: policy})
		if a, b := l.tap(front, card(1)).Reason, l.tap(front, card(2)).Reason; a != want[0] || b != want[1] {
			t.Errorf("policy %d: staff %d guest %d, want %v", policy, a, b, want)
		}
	}
	l.clock.HubTime(time.Now())
	l.store.Index().Apply(enroll.Door{ID: "front"})
	l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard)
}

// staleIndex is a store whose index has not seen yet that the hub gave a card away.
type staleIndex struct {
	enroll.Store
	index *enroll.Index
}

func (s staleIndex) Index() *enroll.Index { return s.index }

func TestTheHubsWordOvertakesTheIndex(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	other := l.member("front")
	l.bind(other, card(1))
	e := enroll.NewEngine(staleIndex{l.store, enroll.NewIndex()}, key, l.clock, "terminal")
	d := e.Card(l.ctx, hall, reader.NewNumber(card(1)), reader.TextCard(card(1)))
	l.expect(d, enroll.Refused, enroll.CardTaken)
	if d.Login {
		t.Error("the panel logged in")
	}
	if k, _ := l.store.Index().Card(key.Card(card(1)), ""); k.Account.ID != other {
		t.Error("the card changed hands")
	}
}

// Issue 14, 1.3: a board that wakes with an old clock and no network revives nothing that had
// ended when it last knew the time, even at a door that lets in while nobody knows it. (Before,
// such a door let them in.)
func TestAnUnknownTimeDoesNotReviveWhatHasAnEnd(t *testing.T) {
	l := newLab(t)
	floor := time.Now().Add(24 * time.Hour)
	l.clock = clock.New(clock.From(floor)) // the wall clock shows the past
	l.engine = enroll.NewEngine(l.store, key, l.clock, "terminal")
	a := l.member("front")
	until := func(n int, ends time.Time) {
		card := enroll.Binding{Card: key.Card(card(n)), Account: a, State: enroll.BindingActive, Expires: ends}
		l.update(func(tx enroll.Tx) error { return tx.PutBinding(card) })
	}
	until(1, floor)
	until(2, floor.Add(time.Second))
	l.bind(a, card(3))
	guest := l.member()
	l.bind(guest, card(4))
	l.grant(enroll.Grant{Account: guest, Door: "front", To: floor})
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.BindingInactive)
	l.expect(l.tap(front, card(2)), enroll.Refused, enroll.TimeUnknown)
	l.expect(l.tap(front, card(3)), enroll.Granted, enroll.KnownCard)
	l.expect(l.tap(front, card(4)), enroll.Refused, enroll.NoGrant)
	l.store.Index().Apply(enroll.Door{ID: "front", UnknownTime: enroll.PolicyAllow})
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.BindingInactive)
	l.expect(l.tap(front, card(2)), enroll.Granted, enroll.KnownCard)
	l.expect(l.tap(front, card(4)), enroll.Refused, enroll.NoGrant)
	l.grant(enroll.Grant{Account: a, Door: "front", To: floor, Deny: true}) // perhaps the floor is wrong
	l.expect(l.tap(front, card(3)), enroll.Refused, enroll.DeniedGrant)
}

func TestAKindOfAccountFromTheFutureHasNoRights(t *testing.T) {
	l := newLab(t)
	a := enroll.Account{ID: enroll.AccountID{7}, Kind: 255, State: enroll.Active}
	l.update(func(tx enroll.Tx) error { return tx.PutAccount(a) })
	l.grant(enroll.Grant{Account: a.ID, Door: "front"})
	l.bind(a.ID, card(1))
	for _, p := range []enroll.Point{hall, front} {
		if d := l.tap(p, card(1)); d.Open || d.Login || d.Outcome != enroll.Refused {
			t.Errorf("at %s: %+v", p.Name, d)
		}
	}
}
