package enroll_test

import (
	"slices"
	"testing"
	"time"

	"badged/enroll"
	"badged/reader"
)

// A first Monday: 60 people in ten minutes and 300 in a day get an account at one
// terminal, 2,000 on a site (DESIGN §5).
func TestQuotasFitAFirstMonday(t *testing.T) {
	if s := enroll.DefaultSite(); s.QuotaBurst != 60 || s.QuotaDay != 300 || s.QuotaSite != 2000 {
		t.Errorf("%d, %d and %d", s.QuotaBurst, s.QuotaDay, s.QuotaSite)
	}
}

func TestQuotaStopsAFlood(t *testing.T) {
	l := newLab(t)
	l.lease(1, 64)
	for i := range enroll.DefaultSite().QuotaBurst {
		l.expect(l.tap(hall, card(i)), enroll.Granted, enroll.NewAccount)
	}
	l.expect(l.tap(hall, card(100)), enroll.Refused, enroll.QuotaReached)
	l.expect(l.tap(hall, card(0)), enroll.Granted, enroll.KnownCard)
	l.restart() // a power cut refunds nothing
	l.expect(l.tap(hall, card(100)), enroll.Refused, enroll.QuotaReached)
}

// The quota of a day refuses for a day, and what it refuses spends nothing of the
// shorter window.
func TestQuotaOfADay(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	l.setting(func(s *enroll.Site) { s.QuotaDay = 1 })
	l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
	l.expect(l.tap(hall, card(2)), enroll.Refused, enroll.QuotaReached)
	if got := l.tally("new-accounts-burst").Count; got != 1 {
		t.Errorf("a refusal was counted: %d", got)
	}
	c, closed := l.engine.Closed(l.ctx, hall)
	if !closed || c.Quota != "day" || c.Limit != 1 || time.Until(c.Ends) < 23*time.Hour {
		t.Errorf("%v %+v", closed, c)
	}
}

func TestSiteQuotaCountsUnclaimedAccounts(t *testing.T) {
	l := newLab(t)
	l.lease(1, 64)
	l.setting(func(s *enroll.Site) { s.QuotaSite = 1 })
	d := l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount)
	l.expect(l.tap(hall, card(2)), enroll.Refused, enroll.QuotaReached)
	if c, closed := l.engine.Closed(l.ctx, hall); !closed || c.Quota != "site" || !c.Ends.IsZero() {
		t.Errorf("%v %+v", closed, c)
	}
	if _, err := l.engine.Edit(l.ctx, hall, d.Account.ID, enroll.CardID{}, enroll.Edit{Email: "a@b.ch", Lang: "fr"}); err != nil {
		t.Fatal(err)
	}
	if _, closed := l.engine.Closed(l.ctx, hall); closed {
		t.Error("a claimed account counts")
	}
	l.expect(l.tap(hall, card(2)), enroll.Granted, enroll.NewAccount)
}

// When a quota is reached, one event on the security stream says so: not one for each
// refusal, and none again after a restart.
func TestAReachedQuotaIsToldOnce(t *testing.T) {
	for name, set := range map[reader.Why]func(*enroll.Site){
		"burst": func(s *enroll.Site) { s.QuotaBurst = 2 },
		"day":   func(s *enroll.Site) { s.QuotaDay = 2 },
		"site":  func(s *enroll.Site) { s.QuotaSite = 2 },
	} {
		l := newLab(t)
		l.lease(1, 64)
		l.setting(set)
		l.tap(hall, card(1))
		if got := l.closings(); len(got) != 0 {
			t.Fatalf("%s: told with room for one more: %v", name, got)
		}
		l.tap(hall, card(2)) // the last one that it allows
		for range 3 {
			l.expect(l.tap(hall, card(3)), enroll.Refused, enroll.QuotaReached)
		}
		l.restart()
		l.setting(set)
		l.expect(l.tap(hall, card(3)), enroll.Refused, enroll.QuotaReached)
		if got := l.closings(); !slices.Equal(got, []reader.Why{name}) {
			t.Errorf("%s: told %v", name, got)
		}
	}
}

// The site's quota may be reached by what other terminals make: the first one who is
// refused here tells it. Each closing is told anew.
func TestASiteThatFillsElsewhereIsTold(t *testing.T) {
	l := newLab(t)
	l.lease(1, 64)
	l.setting(func(s *enroll.Site) { s.QuotaSite = 1 })
	elsewhere := enroll.Account{ID: enroll.AccountID{9}, Kind: enroll.Anonymous, State: enroll.Active, Number: 90, Expires: time.Now().Add(time.Hour)}
	l.store.Index().Apply(elsewhere)
	l.tap(hall, card(1))
	l.tap(hall, card(1))
	if got := l.closings(); !slices.Equal(got, []reader.Why{"site"}) {
		t.Fatalf("told %v", got)
	}
	l.setting(func(s *enroll.Site) { s.QuotaSite = 3 })
	l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.NewAccount) // 2 of 3
	l.tap(hall, card(2))                                              // 3 of 3
	l.tap(hall, card(3))
	if got := l.closings(); !slices.Equal(got, []reader.Why{"site", "site"}) {
		t.Errorf("told %v", got)
	}
}

// A point that makes no accounts is not closed: its unknown badges are refused by the
// site's own setting.
func TestOnlyPointsThatCreateAreClosed(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	l.setting(func(s *enroll.Site) { s.QuotaBurst = 1 })
	l.tap(hall, card(1))
	if _, closed := l.engine.Closed(l.ctx, front); closed {
		t.Error("a door that makes no accounts is closed")
	}
	if _, closed := l.engine.Closed(l.ctx, hall); !closed {
		t.Error("the printer is not closed")
	}
	l.setting(func(s *enroll.Site) { s.UnknownBadge = enroll.RouteRefuse })
	if _, closed := l.engine.Closed(l.ctx, hall); closed {
		t.Error("a printer that makes no accounts is closed")
	}
}

// A restarted terminal knows at once that a quota is reached, before anybody comes.
func TestAReachedQuotaOutlivesARestart(t *testing.T) {
	l := newLab(t)
	l.lease(1, 8)
	small := func(s *enroll.Site) { s.QuotaBurst = 1 }
	l.setting(small)
	l.tap(hall, card(1))
	l.restart()
	l.setting(small)
	c, closed := l.engine.Closed(l.ctx, hall)
	if left := time.Until(c.Ends); !closed || left <= 0 || left > 10*time.Minute {
		t.Errorf("%v %+v", closed, c)
	}
}

func TestAClockSetBackDoesNotStopEnrolmentForEver(t *testing.T) {
	l := newLab(t)
	l.lease(1, 64)
	future := enroll.Tally{Count: int64(enroll.DefaultSite().QuotaBurst), Since: time.Now().Add(30 * 365 * 24 * time.Hour)}
	l.update(func(tx enroll.Tx) error { return tx.PutTally("new-accounts-burst", future) })
	l.expect(l.tap(hall, card(1)), enroll.Refused, enroll.QuotaReached)
	if got := l.tally("new-accounts-burst"); got.Since.After(time.Now()) {
		t.Errorf("the window begins at %v", got.Since)
	}
}

func (l *lab) tally(name string) (got enroll.Tally) {
	l.t.Helper()
	l.update(func(tx enroll.Tx) (err error) { got, err = tx.Tally(name); return err })
	return got
}

// closings are the quotas that were reported as reached, in order.
func (l *lab) closings() (list []reader.Why) {
	l.t.Helper()
	for _, ev := range l.events() {
		if ev.Reason != enroll.AccountsClosed {
			continue
		}
		if ev.Stream() != enroll.StreamSecurity || ev.Device != "" || ev.Count == 0 {
			l.t.Errorf("told as %+v", ev)
		}
		list = append(list, ev.Why)
	}
	return list
}
