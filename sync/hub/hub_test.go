package hub_test

import (
	"crypto/ed25519"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/secret"
	"badged/sync/hub"
	"badged/sync/wire"
)

func TestEventsAreTakenOnceAndInOrder(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	var frames []wire.Frame
	for range 20 {
		frames = append(frames, hall.frame(wire.StreamEvents, slices.Repeat([]wire.Event{swipe()}, 1+rand.IntN(20))...))
	}
	// Until all is acknowledged, send everything again in any order, some twice.
	last := hall.next[1] - 1
	for hall.acked[1] < last {
		for _, i := range rand.Perm(len(frames)) {
			for range 1 + rand.IntN(2) {
				hall.send(wire.MsgEvents, frames[i])
			}
		}
		before := hall.acked[1]
		hall.ack(func(a wire.Ack) bool { return a.Upto[1] > before })
	}
	events := w.events()
	if uint64(len(events)) != last {
		t.Fatalf("%d events are stored, want %d", len(events), last)
	}
	for i, e := range events {
		if e.Seq != uint64(i)+1 || e.Record.Order != uint64(i)+1 {
			t.Fatalf("event %d has seq %d and order %d", i, e.Seq, e.Record.Order)
		}
	}
}

func TestAFrameWithAGapIsNotStored(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	first, second := hall.frame(wire.StreamEvents, swipe()), hall.frame(wire.StreamEvents, swipe())
	hall.send(wire.MsgEvents, second)
	if a := hall.ack(func(wire.Ack) bool { return true }); a.Upto[1] != 0 || len(w.events()) != 0 {
		t.Errorf("acknowledged up to %d", a.Upto[1])
	}
	hall.send(wire.MsgEvents, first)
	hall.send(wire.MsgEvents, second)
	hall.ack(func(a wire.Ack) bool { return a.Upto[1] == 2 })
}

func TestForgedAndMisplacedMessagesAreRefused(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, front := w.join("hall"), w.join("front")
	hall.hello()
	f := hall.frame(wire.StreamEvents, swipe())
	c := wire.Context{Site: siteID, Device: "hall", Dir: wire.Up, Kind: wire.MsgEvents}
	forged, _ := wire.Seal(front.key, c, f)
	good, _ := wire.Seal(hall.key, c, f)
	huge := f
	huge.Count = 1 << 62
	lying, _ := wire.Seal(hall.key, c, huge)
	for _, m := range []hub.Message{
		{Device: "hall", Kind: wire.MsgEvents, Payload: forged},
		{Device: "front", Kind: wire.MsgEvents, Payload: good},    // moved to another device
		{Device: "hall", Kind: wire.MsgSecurity, Payload: good},   // moved to another topic
		{Device: "nobody", Kind: wire.MsgEvents, Payload: good},   // not a terminal
		{Device: "hall", Kind: wire.MsgEvents, Payload: lying},    // counts wrongly
		{Device: "hall", Kind: wire.MsgEvents, Payload: []byte{}}, // nothing
		{Device: "hall", Kind: "cmd", Payload: good},
	} {
		w.link.up <- m
	}
	w.link.up <- hub.Message{Device: "hall", Kind: wire.MsgEvents, Payload: good}
	hall.ack(func(a wire.Ack) bool { return a.Upto[1] == 1 })
	if n := len(w.events()); n != 1 {
		t.Errorf("%d events, want the good one", n)
	}
}

func TestAVersionThatIsNotOursIsToldSo(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.send(wire.MsgHello, wire.Hello{MinVersion: 9, MaxVersion: 12, Incarnation: hall.inc, Next: hall.next, Vector: []wire.CollectionState{}})
	if a := hall.ack(func(wire.Ack) bool { return true }); !strings.Contains(a.Problem, "versions 9 to 12") {
		t.Errorf("problem %q", a.Problem)
	}
}

// S1.04, S1.05, S1.06: numbers from 1, from leased blocks.
func TestUnknownBadgeMakesOneAccount(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	if n := hall.numbers(); n[0] != 1 {
		t.Errorf("the first number is %d", n[0])
	}
	hall.report(hall.newAccount("badge", 1))
	card := w.key.Card("badge")
	id := w.key.Anonymous(card)
	hall.wait("account", func() bool { _, ok := row[wire.Account](hall, wire.Accounts, id[:]); return ok })
	hall.wait("card", func() bool { _, ok := row[wire.Card](hall, wire.Cards, card[:]); return ok })
	if a := w.accounts()[id]; a.DisplayName() != "anonym1" || a.State != hub.Active || a.Expires == 0 {
		t.Errorf("account %+v", a)
	}
}

// S1.06, DESIGN §5: the same card at two offline terminals.
func TestTwoTerminalsMeetTheSameCard(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	for _, x := range []*terminal{one, two} {
		x.hello()
		x.wait("leases", func() bool { return len(x.numbers()) > 0 })
	}
	second := two.numbers()[0]
	one.report(one.newAccount("badge", 1))
	two.report(two.newAccount("badge", second))
	a := w.accounts()[w.key.Anonymous(w.key.Card("badge"))]
	if a.Number != 1 || !slices.Equal(a.Aliases, []uint64{second}) {
		t.Errorf("number %d, aliases %v, want 1 and [%d]", a.Number, a.Aliases, second)
	}
	if c := w.cards()[w.key.Card("badge")]; c.State != hub.CardActive || len(c.Conflicts) != 0 {
		t.Errorf("card %+v", c)
	}
}

// S1.06: with the lease used up, the hub numbers the account, once.
func TestAProvisionalAccountGetsItsNumberOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	one.hello()
	two.hello()
	e := one.newAccount("badge", 0)
	e.Label = "anonym-one-abcd"
	one.report(e)
	id := w.key.Anonymous(w.key.Card("badge"))
	n := w.accounts()[id].Number
	two.report(two.newAccount("badge", 0))
	if a := w.accounts()[id]; n == 0 || a.Number != n || a.Label != "" || len(a.Aliases) != 0 {
		t.Errorf("first %d, then %+v", n, a.Account)
	}
	two.report(two.newAccount("other", n))
	if a := w.accounts()[w.key.Anonymous(w.key.Card("other"))]; a.Number == n || a.Number == 0 {
		t.Errorf("a number that was never lent was taken: %d", a.Number)
	}
}

func TestAnAccountThatIsNotOfItsCardIsNotMade(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	e := hall.newAccount("badge", 1)
	e.Account = slices.Repeat([]byte{9}, 16)
	strange := hall.newAccount("other", 1<<63+5)
	hall.report(e, wire.Event{Kind: 2, Outcome: 1, Reason: 2}, wire.Event{Kind: 2, Outcome: 1, Reason: 3}, strange)
	if n := len(w.accounts()); n != 1 {
		t.Errorf("%d accounts, want the one with a strange number", n)
	}
	if len(w.events()) != 4 {
		t.Error("events without effect are not kept")
	}
}

// S2.05, S2.07, S2.14: a claim binds one card.
func TestAClaimBindsOneCard(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada := w.account("Ada")
	c := w.claim(ada)
	front.wait("claim", func() bool {
		k, ok := row[wire.Claim](front, wire.Claims, c.ID[:])
		return ok && k.State == hub.ClaimLive
	})
	front.report(w.bound(ada.ID, c.ID, "card"))
	front.wait("used claim", func() bool { k, _ := row[wire.Claim](front, wire.Claims, c.ID[:]); return k.State == hub.ClaimUsed })
	if k := w.cards()[w.key.Card("card")]; k.State != hub.CardActive || hub.ID(k.Account) != ada.ID || k.Owner != "Ada" {
		t.Errorf("card %+v", k)
	}
}

// S1.04: numbers begin at 1 at the first printer, whoever joined before.
func TestATerminalWithoutPrintersIsLentNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front, hall := w.join("front"), w.join("hall")
	front.door = true
	front.hello()
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	if n := hall.numbers(); n[0] != 1 || len(front.numbers()) != 0 {
		t.Errorf("the printer begins at %d, the door has %v", n[0], front.numbers())
	}
}

// DESIGN §5, §9: what two offline terminals did with one claim.
func TestAClaimThatWasUsedTwiceIsContested(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	one.hello()
	two.hello()
	ada := w.account("Ada")
	c := w.claim(ada)
	one.report(w.bound(ada.ID, c.ID, "card a"))
	two.report(w.bound(ada.ID, c.ID, "card b"))
	cards := w.cards()
	if k := cards[w.key.Card("card a")]; k.State != hub.CardActive {
		t.Errorf("the first card is %d", k.State)
	}
	k := cards[w.key.Card("card b")]
	if k.State != hub.CardContested || len(k.Conflicts) != 1 || k.Conflicts[0].Why != hub.ConflictClaimUsed {
		t.Errorf("the second card is %+v", k)
	}
	if _, err := w.hub.SetCardState(t.Context(), hub.Hex(k.ID), hub.CardRevoked, ""); err != nil {
		t.Fatal(err)
	}
	if k = w.cards()[k.ID]; k.State != hub.CardRevoked || len(k.Conflicts) != 0 {
		t.Errorf("after the operator's word it is %+v", k)
	}
	if _, err := w.hub.SetCardState(t.Context(), hub.Hex(k.ID), hub.CardActive, ""); !errors.Is(err, hub.ErrConflict) {
		t.Errorf("a revoked card came back: %v", err)
	}
}

// S2.19: somebody else's card.
func TestACardOfSomebodyElseIsContested(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	a, b := w.claim(ada), w.claim(bob)
	front.report(w.bound(ada.ID, a.ID, "card"), w.bound(bob.ID, b.ID, "card"))
	k := w.cards()[w.key.Card("card")]
	if k.State != hub.CardContested || hub.ID(k.Account) != ada.ID || len(k.Conflicts) != 1 || k.Conflicts[0].Other != bob.ID {
		t.Errorf("card %+v", k)
	}
	if k, err := w.hub.SetCardState(t.Context(), hub.Short(k.ID), hub.CardActive, "Bob"); err != nil || k.Owner != "Bob" {
		t.Errorf("settled: %+v, %v", k, err)
	}
	taken := w.bound(ada.ID, hub.ID{}, "card")
	taken.Outcome, taken.Reason = 2, 15
	front.report(taken, taken)
	if k := w.cards()[w.key.Card("card")]; k.State != hub.CardActive || len(k.Conflicts) != 1 || k.Conflicts[0].Why != hub.ConflictTaken {
		t.Errorf("after a refused claim: %+v", k)
	}
}

// DESIGN §9: a person's binding outranks an anonymous one, whichever comes first.
func TestAPersonOutranksAnAnonymousAccount(t *testing.T) {
	for _, personFirst := range []bool{true, false} {
		w := newWorld(t, t.TempDir())
		front := w.join("front")
		front.hello()
		ada := w.account("Ada")
		c := w.claim(ada)
		events := []wire.Event{w.bound(ada.ID, c.ID, "card"), front.newAccount("card", 1)}
		if !personFirst {
			slices.Reverse(events)
		}
		front.report(events...)
		if k := w.cards()[w.key.Card("card")]; hub.ID(k.Account) != ada.ID || k.State != hub.CardActive {
			t.Errorf("person first %v: %+v", personFirst, k)
		}
	}
}

func TestAClaimThatHadEndedBindsNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	old := w.claim(ada)
	w.claim(ada) // S2.08: the newer one ends the older
	wrong := w.claim(bob)
	front.wait("void claim", func() bool { k, _ := row[wire.Claim](front, wire.Claims, old.ID[:]); return k.State == hub.ClaimVoid })
	if err := w.hub.EndClaim(t.Context(), old.ID); !errors.Is(err, hub.ErrConflict) {
		t.Errorf("ended twice: %v", err)
	}
	front.report(w.bound(ada.ID, old.ID, "a"), w.bound(ada.ID, wrong.ID, "b"), w.bound(ada.ID, hub.ID{8}, "c"))
	for number, why := range map[string]string{"a": hub.ConflictClaimOver, "b": hub.ConflictNoClaim, "c": hub.ConflictNoClaim} {
		k := w.cards()[w.key.Card(number)]
		if k.State != hub.CardContested || len(k.Conflicts) != 1 || k.Conflicts[0].Why != why {
			t.Errorf("card %s: %+v, want %s", number, k, why)
		}
	}
}

func TestWithConfirmABindingIsPending(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	if _, err := w.hub.SetSite(t.Context(), func(s *wire.Site) { s.Confirm = 2 }); err != nil {
		t.Fatal(err)
	}
	ada := w.account("Ada")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	if k := w.cards()[w.key.Card("card")]; k.State != hub.CardPending {
		t.Errorf("state %d", k.State)
	}
}

// S1.15: an edit arrives once, both versions stay.
func TestEditsAreKeptAndApplied(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(hall.newAccount("badge", 1))
	id := w.key.Anonymous(w.key.Card("badge"))
	edit := func(name, email string) wire.Event {
		return wire.Event{Kind: 4, Outcome: 1, Reason: 24, Account: id[:], Edit: &wire.Edit{Name: name, Email: email, Lang: "en"}}
	}
	f := hall.frame(wire.StreamSecurity, edit("Ada", ""), edit("Ada Byron", "ada@example.com"), edit("x\x00y", ""))
	hall.send(wire.MsgSecurity, f)
	hall.send(wire.MsgSecurity, f)
	hall.ack(func(a wire.Ack) bool { return a.Upto[2] == 4 })
	if a := w.accounts()[id]; a.Name != "Ada Byron" || a.Email != "ada@example.com" || a.Expires != 0 {
		t.Errorf("account %+v", a)
	}
	edits, err := w.hub.Edits(t.Context(), "anonym1")
	if err != nil || len(edits) != 3 || edits[1].Before.Name != "Ada" || edits[1].After.Name != "Ada Byron" || edits[0].Before.Name != "" {
		t.Errorf("%+v, %v", edits, err)
	}
}

// S2.23: the guess budget.
func TestWrongCodesCloseClaiming(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	site := func() (s wire.Site) { s, _ = row[wire.Site](front, wire.Config, []byte("site")); return s }
	front.wait("settings", func() bool { return site().GuessBudget == 8 })
	front.report(slices.Repeat([]wire.Event{wrongCode()}, 20)...)
	if s, _ := w.hub.Site(t.Context()); s.ClaimsClosed {
		t.Fatal("closed while nothing was live")
	}
	ada := w.account("Ada")
	c := w.claim(ada)
	late := time.Now().UnixMilli() + 1
	guess := wrongCode()
	guess.At = late
	front.report(slices.Repeat([]wire.Event{guess}, 7)...)
	if s, _ := w.hub.Site(t.Context()); s.ClaimsClosed {
		t.Fatal("closed within the budget")
	}
	front.report(guess)
	front.wait("closed claiming", func() bool { return site().ClaimsClosed })
	if _, err := w.hub.IssueClaim(t.Context(), "Ada", nil, 0); !errors.Is(err, hub.ErrConflict) {
		t.Errorf("a code was issued while claiming is closed: %v", err)
	}
	if _, err := w.hub.Reopen(t.Context()); err != nil {
		t.Fatal(err)
	}
	front.wait("open claiming", func() bool { return !site().ClaimsClosed && site().ClaimsEpoch == 1 })
	if err := w.hub.EndClaim(t.Context(), c.ID); err != nil {
		t.Fatal(err)
	}
	guess.At = time.Now().UnixMilli() + 1
	front.report(slices.Repeat([]wire.Event{guess}, 20)...)
	if s, _ := w.hub.Site(t.Context()); s.ClaimsClosed {
		t.Error("closed though the claim had ended")
	}
}

// S2.10: live codes.
func TestCodesAreStrongAndFarApart(t *testing.T) {
	w := newWorld(t, t.TempDir())
	var codes []string
	for i := range 100 {
		c, err := w.hub.IssueClaim(t.Context(), hub.Hex(w.account(fmt.Sprint("member ", i)).ID), nil, 0)
		if err != nil {
			t.Fatalf("code %d: %v", i, err)
		}
		codes = append(codes, c.Code.Reveal())
		if mac := w.key.Claim(c.ID, c.Code.Reveal()); mac != c.MAC {
			t.Fatal("the MAC is not of this code")
		}
	}
	for i, a := range codes {
		if len(a) != 4 {
			t.Fatalf("a code of %d digits", len(a))
		}
		if d := a[1] - a[0]; a[2]-a[1] == d && a[3]-a[2] == d {
			t.Error("a code has a constant step")
		}
		for _, b := range codes[:i] {
			if differ(a, b) < 2 {
				t.Error("two live codes are too near")
			}
		}
	}
	_, err := w.hub.IssueClaim(t.Context(), hub.Hex(w.account("one too many").ID), nil, 0)
	if !errors.Is(err, hub.ErrConflict) || !strings.Contains(err.Error(), "100 codes are live") {
		t.Errorf("code 101: %v", err)
	}
}

func differ(a, b string) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
}

func TestARestoredDatabaseGetsANewIdentity(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.wait("leases", func() bool { return len(hall.numbers()) > 0 })
	hall.report(hall.newAccount("one", 1))
	backup := *hall
	backup.next = map[uint64]uint64{1: hall.next[1], 2: hall.next[2]}
	pending := hall.newAccount("two", 2)
	pending.At = 5
	hall.report(pending)
	lost := hall.numbers()

	restored := &backup // knows one event and has the other still to send
	restored.nonce[1] = 1
	restored.rows, restored.revs, restored.acked = map[wire.Collection]map[string][]byte{}, map[wire.Collection]wire.CollectionState{}, map[uint64]uint64{}
	a := restored.hello()
	if a.Incarnation == hall.inc || a.Upto[2] != 0 {
		t.Fatalf("the copy goes on as %x from %d", a.Incarnation[:4], a.Upto[2])
	}
	restored.inc = a.Incarnation
	restored.next = map[uint64]uint64{1: 1, 2: 1}
	restored.hello()
	restored.wait("leases", func() bool { return len(restored.numbers()) > 0 })
	for _, n := range restored.numbers() {
		if slices.Contains(lost, n) {
			t.Fatalf("number %d is lent twice", n)
		}
	}
	// It brings what it had not known to be acknowledged: the hub has it already.
	restored.report(pending)
	if n := len(w.events()); n != 2 {
		t.Errorf("%d events, want 2: one came again", n)
	}
	restored.report(restored.newAccount("three", 3))
	if n := len(w.events()); n != 3 {
		t.Errorf("%d events, want 3", n)
	}
}

func TestAHelloFromTheFutureOfTheHubIsFine(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.next = map[uint64]uint64{1: 900, 2: 700}
	if a := hall.hello(); a.Incarnation != hall.inc || a.Credit == 0 {
		t.Errorf("%+v", a)
	}
	fresh := w.join("fresh")
	fresh.inc = hub.ID{1, 2, 3} // a database that was made anew
	if a := fresh.hello(); a.Incarnation != fresh.inc {
		t.Errorf("%+v", a)
	}
}

// S2.20, S2.22: what is taken away goes first, and connected terminals hear at once.
func TestRevocationsGoFirst(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
	card := w.key.Card("card")
	front.wait("card", func() bool { k, _ := row[wire.Card](front, wire.Cards, card[:]); return k.State == hub.CardActive })
	front.wait("accounts", func() bool { return len(front.rows[wire.Accounts]) == 2 })
	front.wait("claims", func() bool { return len(front.rows[wire.Claims]) == 1 })
	front.send(wire.MsgStatus, wire.Status{Nonce: front.nonce})
	waitFor(t, "the terminal to be away", func() bool {
		all, err := w.hub.Terminals(t.Context())
		return err == nil && all[0].Connected.IsZero()
	})
	if _, err := w.hub.SetSite(t.Context(), func(s *wire.Site) { s.Lang = "en" }); err != nil {
		t.Fatal(err)
	}
	if _, err := w.hub.AddDoor(t.Context(), hub.Door{ID: "front"}); err != nil {
		t.Fatal(err)
	}
	if _, err := w.hub.SetAccountState(t.Context(), "Bob", hub.Active); err != nil {
		t.Fatal(err)
	}
	w.claim(bob)
	if _, err := w.hub.SetCardState(t.Context(), hub.Hex(card), hub.CardLost, ""); err != nil {
		t.Fatal(err)
	}
	front.first = nil
	front.hello()
	front.wait("all", func() bool {
		return slices.Contains(front.first, wire.Doors) && slices.Contains(front.first, wire.Config) && slices.Contains(front.first, wire.Claims)
	})
	if front.first[0] != wire.Cards {
		t.Errorf("the lost card came after others: %v", front.first)
	}
}

func waitFor(t *testing.T, what string, good func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !good(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

func TestSnapshotsAreCutIntoPages(t *testing.T) {
	w := newWorld(t, t.TempDir())
	const n = 3000
	err := w.store.Update(t.Context(), func(tx hub.Tx) error {
		for i := range n {
			body, err := wire.Marshal(wire.Door{FreshFor: int64(i)})
			if err != nil {
				return err
			}
			if err := tx.PutRow(wire.Doors, "", fmt.Appendf(nil, "door-%05d-%s", i, strings.Repeat("x", 40)), body); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	front := w.join("front")
	front.hello()
	front.wait("doors", func() bool { return len(front.rows[wire.Doors]) == n })
	front.revs[wire.Doors] = wire.CollectionState{Collection: wire.Doors, Rev: front.revs[wire.Doors].Rev, Hash: hub.ID{1}}
	front.first = nil
	front.hello() // a set that does not add up is sent whole
	front.wait("doors again", func() bool { return slices.Contains(front.first, wire.Doors) })
}

// S2.21, S4.06 and other things that an operator cannot do.
func TestOperatorsAreToldWhatCannotBe(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(hall.newAccount("badge", 1))
	if _, err := w.hub.AddDoor(t.Context(), hub.Door{ID: "front"}); err != nil {
		t.Fatal(err)
	}
	ada, err := w.hub.AddAccount(t.Context(), wire.Edit{Name: " Ada  Byron ", Email: "Ada@Example.com "}, hub.Created)
	if err != nil || ada.Name != "Ada Byron" || ada.Email != "ada@example.com" {
		t.Fatalf("%+v, %v", ada, err)
	}
	add := func(p wire.Edit) error { _, err := w.hub.AddAccount(t.Context(), p, hub.Created); return err }
	grant := func(g hub.NewGrant) error { _, err := w.hub.AddGrant(t.Context(), g); return err }
	claim := func(who string, life time.Duration, doors ...string) error {
		_, err := w.hub.IssueClaim(t.Context(), who, doors, life)
		return err
	}
	_, suspend := w.hub.SetAccountState(t.Context(), "Ada Byron", hub.Suspended)
	if suspend != nil {
		t.Fatal(suspend)
	}
	for i, c := range []struct {
		err  error
		kind error
	}{
		{add(wire.Edit{Name: "Other", Email: "ADA@example.com"}), hub.ErrConflict},
		{add(wire.Edit{}), hub.ErrInvalid},
		{add(wire.Edit{Name: "x", Email: "nonsense"}), hub.ErrInvalid},
		{add(wire.Edit{Name: "x", Lang: "de"}), hub.ErrInvalid},
		{grant(hub.NewGrant{Account: "anonym1", Door: "front"}), hub.ErrConflict},
		{grant(hub.NewGrant{Account: "Ada Byron", Door: "back"}), hub.ErrNotFound},
		{grant(hub.NewGrant{Account: "nobody", Door: "front"}), hub.ErrNotFound},
		{claim("Ada Byron", 0), hub.ErrConflict},
		{claim("anonym1", 0, "back"), hub.ErrNotFound},
		{claim("anonym1", time.Second), hub.ErrInvalid},
		{w.hub.RemoveGrant(t.Context(), hub.ID{}), hub.ErrNotFound},
		{w.hub.AddTerminal(t.Context(), "UPPER/case", secret.New("x"), false), hub.ErrInvalid},
		{w.hub.AddTerminal(t.Context(), "hall", secret.New("x"), false), hub.ErrConflict},
	} {
		if !errors.Is(c.err, c.kind) {
			t.Errorf("%d: %v, want %v", i, c.err, c.kind)
		}
	}
}

func TestAJoinTokenWorksOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	text := secret.New("0123456789abcdef")
	if err := w.hub.AddTerminal(t.Context(), "hall", text, false); err != nil {
		t.Fatal(err)
	}
	key := func(b byte) ed25519.PublicKey { return seed(b).Public().(ed25519.PublicKey) }
	issue := func(name string) ([]byte, error) { return []byte("cert of " + name), nil }
	if _, err := w.hub.Join(t.Context(), secret.New("wrong"), key(3), issue); !errors.Is(err, hub.ErrNotFound) {
		t.Errorf("a wrong secret: %v", err)
	}
	failing := func(string) ([]byte, error) { return nil, errors.New("no") }
	if _, err := w.hub.Join(t.Context(), text, key(3), failing); err == nil {
		t.Error("joined without a certificate")
	}
	first, err := w.hub.Join(t.Context(), text, key(3), issue)
	if err != nil || string(first.Cert) != "cert of hall" {
		t.Fatalf("%+v, %v", first, err)
	}
	again, err := w.hub.Join(t.Context(), text, key(3), failing)
	if err != nil || again.Incarnation != first.Incarnation {
		t.Errorf("the same terminal asks again: %v", err)
	}
	if _, err := w.hub.Join(t.Context(), text, key(4), issue); !errors.Is(err, hub.ErrConflict) {
		t.Errorf("another terminal uses the token: %v", err)
	}
	if !w.hub.Knows(t.Context(), "hall", key(3)) || w.hub.Knows(t.Context(), "hall", key(4)) || w.hub.Knows(t.Context(), "front", key(3)) {
		t.Error("the hub knows the wrong keys")
	}
	if err := w.hub.AddTerminal(t.Context(), "hall", secret.New("next"), true); err != nil {
		t.Fatal(err)
	}
	if !w.hub.Knows(t.Context(), "hall", key(3)) {
		t.Error("the old box is locked out before the new one joined")
	}
	if _, err := w.hub.Join(t.Context(), secret.New("next"), key(5), issue); err != nil {
		t.Fatal(err)
	}
	if w.hub.Knows(t.Context(), "hall", key(3)) || !w.hub.Knows(t.Context(), "hall", key(5)) {
		t.Error("the old box is not locked out")
	}
}

func TestTidyEndsOldClaims(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.hello()
	w.claim(w.account("Ada"))
	front.wait("claim", func() bool { return len(front.rows[wire.Claims]) == 1 })
	if err := w.hub.Tidy(t.Context(), time.Now().Add(24*time.Hour)); err != nil {
		t.Fatal(err)
	}
	if err := w.hub.Tidy(t.Context(), time.Now().Add(26*time.Hour)); err != nil {
		t.Fatal(err)
	}
	front.wait("the end of the claim", func() bool { return len(front.rows[wire.Claims]) == 0 })
}

func TestTombstonesAreForgottenWhenAllHaveThem(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, two := w.join("one"), w.join("two")
	one.hello()
	two.hello()
	ada := w.account("Ada")
	if _, err := w.hub.AddDoor(t.Context(), hub.Door{ID: "front"}); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		g, err := w.hub.AddGrant(t.Context(), hub.NewGrant{Account: hub.Hex(ada.ID), Door: "front"})
		if err != nil {
			t.Fatal(err)
		}
		if err := w.hub.RemoveGrant(t.Context(), g.ID); err != nil {
			t.Fatal(err)
		}
	}
	one.wait("grants", func() bool { return one.revs[wire.Grants].Rev == 6 })
	one.hello()
	floor := func() uint64 {
		if err := w.hub.Tidy(t.Context(), time.Now()); err != nil {
			t.Fatal(err)
		}
		var st hub.State
		err := w.store.View(t.Context(), func(tx hub.Tx) (err error) {
			st, err = tx.RowState(wire.Grants, "")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		return st.Floor
	}
	if f := floor(); f != 0 {
		t.Errorf("forgotten up to %d, though a terminal has nothing", f)
	}
	two.wait("grants", func() bool { return two.revs[wire.Grants].Rev == 6 })
	two.hello()
	if f := floor(); f != 6 {
		t.Errorf("forgotten up to %d, want 6", f)
	}
	late := w.join("late")
	late.revs[wire.Grants] = wire.CollectionState{Collection: wire.Grants, Rev: 3, Hash: hub.ID{1}}
	late.hello()
	late.wait("a whole collection", func() bool { return late.revs[wire.Grants].Rev == 6 })
}
