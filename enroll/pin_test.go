package enroll_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"reflect"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
)

// hasPIN gives an account a PIN, as the hub does.
func (l *lab) hasPIN(a enroll.AccountID, digits string) {
	l.store.Index().Apply(enroll.PIN{MAC: key.PIN(digits), Account: a})
}

func (l *lab) pin(p enroll.Point, digits string) enroll.Decision {
	return l.engine.PIN(l.ctx, p, pin(digits))
}

// TestAPINLogsInAtAPrintPoint (S1.28): without a hub, and at a door it opens nothing.
func TestAPINLogsInAtAPrintPoint(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	l.hasPIN(a, "483920")
	d := l.expect(l.pin(hall, "483920"), enroll.Granted, enroll.KnownPIN)
	l.expectLogin(d, "Ada")
	if d.Account.ID != a || d.Open || !d.Card.IsZero() {
		t.Errorf("the decision is %+v", d)
	}
	if why := l.engine.MayStay(hall, d.Card, a); why != enroll.ReasonNone {
		t.Errorf("the session cannot go on: reason %d", why)
	}
	if d := l.expect(l.pin(front, "483920"), enroll.Refused, enroll.PINUnknown); d.Open || d.Login {
		t.Errorf("at a door: %+v", d)
	}
	evs := l.events()
	if ev := evs[0]; len(evs) != 2 || ev.Reason != enroll.KnownPIN || ev.Account != a || ev.Kind != enroll.EventPresentation || evs[1].Account == a {
		t.Errorf("events %+v", evs)
	}
	for _, file := range []string{l.path, l.path + "-wal"} {
		b, err := os.ReadFile(file)
		if err != nil || bytes.Contains(b, []byte("483920")) {
			t.Errorf("%s holds the digits, or %v", file, err)
		}
	}
}

// A person is told the same whatever a PIN is refused for; the event tells why. The
// session that a PIN opened ends when it would not be opened any more.
func TestAPINThatLogsNobodyIn(t *testing.T) {
	over := time.Now().Add(-time.Minute)
	for name, c := range map[string]struct {
		account enroll.Account
		rows    []enroll.Change
		want    enroll.Reason
	}{
		"nobody's":                             {enroll.Account{Kind: enroll.Person, State: enroll.Active}, []enroll.Change{enroll.GonePIN(key.PIN("483920"))}, enroll.PINUnknown},
		"not understood":                       {enroll.Account{Kind: enroll.Person, State: enroll.Active}, []enroll.Change{enroll.PIN{MAC: key.PIN("483920"), NotUnderstood: true}}, enroll.PINUnknown},
		"an application's":                     {enroll.Account{Kind: enroll.Service, State: enroll.Active}, nil, enroll.ServiceAccount},
		"suspended":                            {enroll.Account{Kind: enroll.Person, State: enroll.Suspended}, nil, enroll.AccountInactive},
		"not yet active":                       {enroll.Account{Kind: enroll.Person, State: enroll.Created}, nil, enroll.AccountInactive},
		"ended":                                {enroll.Account{Kind: enroll.Person, State: enroll.Active, Expires: over}, nil, enroll.AccountInactive},
		"of an account that is not understood": {enroll.Account{Kind: enroll.Person, State: enroll.AccountNotUnderstood}, nil, enroll.NotUnderstood},
		"of an account that has not come yet":  {enroll.Account{}, []enroll.Change{enroll.GoneAccount{1}}, enroll.AccountInactive},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			c.account.ID = enroll.AccountID{1}
			l.store.Index().Apply(c.account)
			l.hasPIN(c.account.ID, "483920")
			l.store.Index().Apply(c.rows...)
			got, wrong := l.pin(hall, "483920"), l.pin(hall, "593817")
			if !reflect.DeepEqual(got, wrong) || got.Login || got.Reason != enroll.PINUnknown {
				t.Errorf("it is answered %+v, a wrong one %+v", got, wrong)
			}
			if evs := l.events(); evs[0].Reason != c.want || evs[1].Reason != enroll.PINUnknown {
				t.Errorf("the events give the reasons %d and %d, want %d", evs[0].Reason, evs[1].Reason, c.want)
			}
			if why := l.engine.MayStay(hall, enroll.CardID{}, c.account.ID); (why == enroll.ReasonNone) != (c.want == enroll.PINUnknown) {
				t.Errorf("a session would go on or end: reason %d", why)
			}
		})
	}
}

// wrongPINs types wrong PINs at a print point, each as soon as it is taken, and gives how
// long the point waited after each.
func (l *lab) wrongPINs(p enroll.Point, n int) (waits []time.Duration) {
	l.t.Helper()
	for range n {
		l.expect(l.pin(p, "111222"), enroll.Refused, enroll.PINUnknown)
		waits = append(waits, l.waitForPIN(p))
	}
	return waits
}

// waitForPIN types a good PIN each second until it is taken. Until then it is answered as
// any other.
func (l *lab) waitForPIN(p enroll.Point) (waited time.Duration) {
	l.t.Helper()
	for {
		d := l.pin(p, "483920")
		if d.Login {
			return waited
		}
		l.expect(d, enroll.Refused, enroll.PINDelayed)
		time.Sleep(time.Second)
		waited += time.Second
	}
}

// TestWrongPINsMakeAPointWait (DESIGN 5): longer each time and never more than a minute, at
// this point only, whoever types a good one in between; the operator is told once, and an
// hour without wrong ones ends it.
func TestWrongPINsMakeAPointWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		defer l.store.Close()
		l.hasPIN(l.member(), "483920")
		other := enroll.Point{Name: "floor", Kind: enroll.Print}
		want := []time.Duration{0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60}
		for i, got := range l.wrongPINs(hall, len(want)) {
			if got != want[i]*time.Second {
				t.Errorf("after %d wrong PINs the point waits for %v, want %ds", i+1, got, want[i])
			}
		}
		l.pin(hall, "111222")
		l.expect(l.pin(other, "483920"), enroll.Granted, enroll.KnownPIN)
		time.Sleep(59 * time.Second)
		l.expect(l.pin(hall, "111222"), enroll.Refused, enroll.PINDelayed)
		time.Sleep(time.Hour - time.Minute)
		l.expect(l.pin(hall, "111222"), enroll.Refused, enroll.PINUnknown) // 59 minutes and 59 seconds later
		if got := l.waitForPIN(hall); got != time.Minute {
			t.Errorf("before an hour has passed, the point waits for %v", got)
		}
		time.Sleep(time.Hour)
		if got := l.wrongPINs(hall, 3); got[2] != time.Second {
			t.Errorf("an hour later the point waits for %v", got)
		}
		told := 0
		for _, ev := range l.events() {
			if ev.Reason == enroll.PINDelayed && ev.Kind == enroll.EventDevice {
				told++
				if ev.Count != 9 || ev.Point != "hall" || ev.Stream() != enroll.StreamSecurity {
					t.Errorf("the operator is told %+v", ev)
				}
			}
		}
		if told != 1 {
			t.Errorf("the operator is told %d times", told)
		}
	})
}

// TestAPowerCutRefundsNoWrongPIN: they are counted before they are looked up, and what the
// point still waited for begins again.
func TestAPowerCutRefundsNoWrongPIN(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		l := newLab(t)
		defer func() { l.store.Close() }()
		a := l.member()
		l.hasPIN(a, "483920")
		l.wrongPINs(hall, 5)
		for range 3 {
			l.restart()
			l.hasPIN(a, "483920")
			if got := l.waitForPIN(hall); got != 4*time.Second {
				t.Errorf("after a restart the point waits for %v", got)
			}
		}
		l.expect(l.pin(hall, "111222"), enroll.Refused, enroll.PINUnknown)
		l.restart()
		l.hasPIN(a, "483920")
		if got := l.waitForPIN(hall); got != 8*time.Second {
			t.Errorf("a wrong PIN before the restart does not count: the point waits for %v", got)
		}
	})
}

// deaf is a store that cannot write.
type deaf struct{ enroll.Store }

func (deaf) Update(context.Context, func(enroll.Tx) error) error { return errors.New("full disk") }

// TestWithoutTheDiskNoPINIsTried: what cannot be counted is not looked up.
func TestWithoutTheDiskNoPINIsTried(t *testing.T) {
	l := newLab(t)
	l.hasPIN(l.member(), "483920")
	e := enroll.NewEngine(deaf{l.store}, key, l.clock, "terminal")
	if d := e.PIN(l.ctx, hall, pin("483920")); d.Login || d.Reason != enroll.StoreFailed {
		t.Errorf("the decision is %+v", d)
	}
}
