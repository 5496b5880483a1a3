package fleet_test

import (
	"slices"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

const month = 31 * 24 * time.Hour

// made reports the new account of a badge, as it was made at that time.
func (t *terminal) made(number string, n uint64, at time.Time) fleet.ID {
	t.w.t.Helper()
	e := t.newAccount(number, n)
	e.At = at.UnixMilli()
	t.report(e)
	return fleet.ID(e.Account)
}

// typed reports what somebody wrote about themselves at a panel.
func (t *terminal) typed(number string, edit wire.Edit) {
	t.w.t.Helper()
	e := t.newAccount(number, 0)
	t.report(wire.Event{Kind: 4, Outcome: 1, Reason: 24, Point: "print", Account: e.Account, Card: e.Card, Edit: &edit})
}

// printing is a terminal with numbers to give.
func printing(w *world, name string) *terminal {
	x := w.join(name)
	x.hello()
	x.wait("numbers", func() bool { return len(x.numbers()) > 0 })
	return x
}

func tidy(w *world) {
	w.t.Helper()
	if err := w.tidy(time.Now()); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) edits(id fleet.ID) int {
	w.t.Helper()
	n := 0
	err := w.read(func(tx fleet.Tx) error {
		edits, err := tx.Edits(id)
		n = len(edits)
		return err
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return n
}

// S1.27: an anonymous account that nobody made their own is purged with its card, its
// grants and what was typed; terminals hear of it, and its number never comes back.
func TestS127_LapsedAccountsArePurged(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	id := x.made("1", 1, time.Now().Add(-month))
	x.typed("1", wire.Edit{Name: "Ada Byron", Lang: "en"})
	w.door("front")
	w.grant(w.accounts()[id], "front", false)
	x.wait("the account", func() bool {
		_, card := x.rows[wire.Cards][string(key16(w.key.Card("1")))]
		return card && len(x.rows[wire.Grants]) == 1 && len(x.rows[wire.Accounts]) == 1
	})
	tidy(w)
	x.wait("its end", func() bool {
		return len(x.rows[wire.Accounts])+len(x.rows[wire.Cards])+len(x.rows[wire.Grants]) == 0
	})
	if n := w.edits(id); n != 0 {
		t.Errorf("%d versions of the profile are left", n)
	}
	again := x.made("1", 2, time.Now())
	if a := w.accounts()[again]; again != id || a.Number != 2 || a.First != "" || len(a.Aliases) != 0 {
		t.Errorf("the badge made %+v", a)
	}
	if y := printing(w, "lobby"); slices.Contains(y.numbers(), 1) || slices.Contains(y.numbers(), 2) {
		t.Error("the number of the purged account is lent again")
	}
}

func key16(id fleet.ID) []byte { return id[:] }

// Only unclaimed accounts lapse, and an hour after their end: a session may still run. What
// an operator took away stays away.
func TestWhatDoesNotLapse(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	old := time.Now().Add(-month)
	fresh := x.made("1", 1, time.Now().Add(-30*24*time.Hour-30*time.Minute))
	claimed := x.made("2", 2, old)
	x.typed("2", wire.Edit{Email: "ada@example.org", Lang: "en"})
	suspended := x.made("3", 3, old)
	w.setState(suspended, people.Suspended)
	x.made("4", 4, old)
	lost := w.key.Card("4")
	if _, err := w.setCard(people.HexID(lost), access.CardLost, ""); err != nil {
		t.Fatal(err)
	}
	tidy(w)
	left := w.accounts()
	for name, id := range map[string]fleet.ID{"fresh": fresh, "claimed": claimed, "suspended": suspended} {
		if _, ok := left[id]; !ok {
			t.Errorf("the %s account was purged", name)
		}
	}
	if len(left) != 3 {
		t.Errorf("%d accounts are left, want 3", len(left))
	}
	if c := w.cards()[lost]; c.State != access.CardLost {
		t.Errorf("the lost card is %s", c.State)
	}
}

// A badge that comes again after the end of its account, before anybody purged it, makes
// a new one; one that comes from a terminal whose clock is ahead does not.
func TestALapsedAccountBeginsAnew(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	id := x.made("1", 1, time.Now().Add(-month))
	x.typed("1", wire.Edit{Name: "Ada", Lang: "en"})
	x.made("1", 2, time.Now())
	if a := w.accounts()[id]; a.Number != 2 || a.First != "" || len(a.Aliases) != 0 || a.Expires.Before(time.Now()) {
		t.Errorf("the second life is %+v", a)
	}
	if c := w.cards()[w.key.Card("1")]; c.Account != id || c.State != access.CardActive {
		t.Errorf("the card is %+v", c.Card)
	}
	other := x.made("2", 3, time.Now())
	x.made("2", 4, time.Now().Add(3*month))
	if a := w.accounts()[other]; a.Number != 3 || !slices.Equal(a.Aliases, []uint64{4}) {
		t.Errorf("a clock that is ahead ended an account: %+v", a)
	}
}

// Somebody made their account their own at a terminal that was away until the account was
// purged: nothing of theirs is lost.
func TestAClaimThatComesAfterThePurgeBringsTheAccountBack(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	id := x.made("1", 1, time.Now().Add(-month))
	x.made("2", 2, time.Now().Add(-month))
	tidy(w)
	if len(w.accounts()) != 0 {
		t.Fatal("nothing was purged")
	}
	x.typed("1", wire.Edit{Name: "Ada", Email: "ada@example.org", Lang: "en"})
	if a := w.accounts()[id]; a.Number != 1 || a.TypedEmail != "ada@example.org" || !a.Expires.IsZero() {
		t.Errorf("the account is %+v", a)
	}
	if c := w.cards()[w.key.Card("1")]; c.Account != id || c.State != access.CardActive {
		t.Errorf("the card is %+v", c.Card)
	}
	x.typed("2", wire.Edit{Name: "Eve", Lang: "en"}) // nobody's own: the end stays
	e := x.newAccount("2", 0)
	card := w.key.Card("9") // not the card of that account
	x.report(wire.Event{Kind: 4, Outcome: 1, Reason: 24, Account: e.Account, Card: card[:], Edit: &wire.Edit{Email: "eve@example.org", Lang: "en"}})
	if len(w.accounts()) != 1 || w.edits(fleet.ID(e.Account)) != 0 {
		t.Error("an account came back that nobody had made their own")
	}
}

// A terminal whose clock began in 1970 makes an account: it lives as long as others, and the
// number that its person was told leads to it. (Seed 403 of syncsim: it had lapsed before it
// was made, or had no effect at all because it was older than events are kept.)
func TestAClockThatBeganIn1970EndsNoAccount(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	x.made("1", 1, time.Unix(1, 0))
	id := x.made("1", 2, time.Now()) // seen again
	w.must(w.read(func(tx fleet.Tx) error {
		a, err := tx.AccountByNumber(1)
		if a.ID != id || a.Expires.Before(time.Now().AddDate(0, 0, 20)) {
			t.Errorf("number 1 leads to %x, which ends at %v", a.ID, a.Expires)
		}
		return err
	}))
}
