package enroll_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"badged/enroll"
	"badged/reader"
)

// owner gives whose card it is; zero: nobody's.
func (l *lab) owner(number string) (id enroll.AccountID) {
	if k, ok := l.store.Index().Card(key.Card(number), ""); ok {
		id = k.Account.ID
	}
	return id
}

// full gives the whole account, as a panel shows it.
func (l *lab) full(id enroll.AccountID) (a enroll.Account) {
	l.t.Helper()
	err := l.store.View(l.ctx, func(tx enroll.Tx) (err error) { a, err = tx.Account(id); return err })
	if err != nil {
		l.t.Fatal(err)
	}
	return a
}

// claimState is how a claim stands.
func (l *lab) claimState(id enroll.ClaimID) enroll.ClaimState {
	for _, c := range l.store.Index().Claims() {
		if c.ID == id {
			return c.State
		}
	}
	return 0
}

// visitor makes anonym1 of a card at the printer and gives the account.
func (l *lab) visitor(number string) enroll.Account {
	l.t.Helper()
	l.lease(1, 8)
	d := l.tap(hall, number)
	l.expectLogin(d, "anonym1")
	return d.Account
}

// Issue 7, 4.1: without a network the claim takes the card of an anonymous account.
func TestS226_AClaimTakesTheCardOfAnAnonymousAccount(t *testing.T) {
	for name, claimIt := range map[string]func(l *lab) enroll.Decision{
		"code, card": func(l *lab) enroll.Decision {
			l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
			return l.tap(front, card(1))
		},
		"card, code, card": func(l *lab) enroll.Decision {
			l.expect(l.tap(front, card(1)), enroll.Refused, enroll.NoGrant)
			l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
			return l.tap(front, card(1))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			visitor := l.visitor(card(1))
			ada := l.member("front")
			c := l.claim(ada, "7365")
			l.expectBoundAndOpen(claimIt(l), ada)
			l.restart()
			l.grant(enroll.Grant{Account: ada, Door: "front"}) // the lab's grants are in memory only
			if d := l.expect(l.tap(front, card(1)), enroll.Granted, enroll.KnownCard); !d.Open {
				t.Error("the claimed card does not open")
			}
			l.expectLogin(l.tap(hall, card(1)), "Ada")
			if a := l.full(visitor.ID); a.State != enroll.Merged || a.Number != 1 {
				t.Errorf("the former account is %+v, want merged, with its number", a)
			}
			if _, _, unclaimed := l.store.Index().Counts(); unclaimed != 0 {
				t.Errorf("%d accounts count as unclaimed", unclaimed)
			}
			if l.claimState(c.ID) != enroll.ClaimUsed {
				t.Error("the claim is not used up")
			}
			l.expectLogin(l.tap(hall, card(2)), "anonym2")
		})
	}
}

// TestACardThatInterruptedAClaimIsInNobodysWay: a stranger's card waits, so that Ada's own
// card is refused after her code. It does not wait in its turn: her second try binds it, and
// so does the first try of whoever stands behind her.
func TestACardThatInterruptedAClaimIsInNobodysWay(t *testing.T) {
	l := newLab(t)
	ada, eve := l.member("front"), l.member("front")
	l.claim(ada, "7365")
	l.claim(eve, "9024")
	l.expect(l.tap(front, card(9)), enroll.Refused, enroll.UnknownCard)
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitSameCard)
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard)
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
	l.expectBoundAndOpen(l.tap(front, card(1)), ada)
	l.expect(l.typed(front, "9024"), enroll.Waiting, enroll.AwaitCard)
	l.expectBoundAndOpen(l.tap(front, card(2)), eve)
}

// failing is a store whose disk is full after so many writes.
type failing struct {
	enroll.Store
	left int
}

func (f *failing) Update(ctx context.Context, fn func(enroll.Tx) error) error {
	return f.Store.Update(ctx, func(tx enroll.Tx) error { return fn(failingTx{tx, f}) })
}

type failingTx struct {
	enroll.Tx
	disk *failing
}

func (tx failingTx) write(fn func() error) error {
	if tx.disk.left--; tx.disk.left < 0 {
		return errors.New("full disk")
	}
	return fn()
}

func (tx failingTx) PutAccount(a enroll.Account) error {
	return tx.write(func() error { return tx.Tx.PutAccount(a) })
}

func (tx failingTx) PutBinding(b enroll.Binding) error {
	return tx.write(func() error { return tx.Tx.PutBinding(b) })
}

func (tx failingTx) PutClaim(c enroll.Claim) error {
	return tx.write(func() error { return tx.Tx.PutClaim(c) })
}

func (tx failingTx) Append(e enroll.Event) error {
	return tx.write(func() error { return tx.Tx.Append(e) })
}

// Issue 7, 4.1: a claim uses itself up, takes the card, merges the account and tells the hub in
// one transaction: whichever of these the disk does not take, nothing of it has happened.
func TestAClaimHappensAsAWholeOrNotAtAll(t *testing.T) {
	const writes = 4
	for n := range writes + 1 {
		l := newLab(t)
		visitor, ada := l.visitor(card(1)), l.member("front")
		c := l.claim(ada, "7365")
		disk := &failing{l.store, 100}
		l.engine = enroll.NewEngine(disk, key, l.clock, "terminal")
		l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
		disk.left = n
		d := l.tap(front, card(1))
		if n == writes {
			l.expectBoundAndOpen(d, ada)
			break
		}
		if d.Reason != enroll.StoreFailed || d.Open {
			t.Errorf("after %d writes: reason %d, open %v", n, d.Reason, d.Open)
		}
		for _, restarted := range []bool{false, true} {
			if l.owner(card(1)) != visitor.ID || l.claimState(c.ID) != enroll.ClaimLive || l.full(visitor.ID).State != enroll.Active {
				t.Errorf("after %d writes, restarted %v: owner %v, claim %d, the visitor is %+v", n, restarted, l.owner(card(1)), l.claimState(c.ID), l.full(visitor.ID))
			}
			l.restart()
		}
	}
}

func TestAtAPrinterTheClaimTakesTheCardToo(t *testing.T) {
	l := newLab(t)
	l.visitor(card(1))
	l.claim(l.member(), "7365")
	l.expect(l.typed(hall, "7365"), enroll.Waiting, enroll.AwaitCard)
	d := l.expect(l.tap(hall, card(1)), enroll.Granted, enroll.ClaimBound)
	l.expectLogin(d, "Ada")
}

// A claim is no way around an operator, and two of one rank do not outrank each other.
func TestAClaimTakesNoOtherCard(t *testing.T) {
	for name, prepare := range map[string]func(l *lab, visitor enroll.Account, claimant enroll.AccountID) enroll.AccountID{
		"of a suspended visitor": func(l *lab, visitor enroll.Account, claimant enroll.AccountID) enroll.AccountID {
			visitor.State = enroll.Suspended
			l.update(func(tx enroll.Tx) error { return tx.PutAccount(visitor) })
			return claimant
		},
		"that was lost": func(l *lab, visitor enroll.Account, claimant enroll.AccountID) enroll.AccountID {
			lost := enroll.Binding{Card: key.Card(card(1)), Account: visitor.ID, State: enroll.BindingLost}
			l.store.Index().Apply(lost)
			return claimant
		},
		"for another visitor": func(l *lab, _ enroll.Account, _ enroll.AccountID) enroll.AccountID {
			return l.tap(hall, card(2)).Account.ID
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := newLab(t)
			visitor := l.visitor(card(1))
			l.claim(prepare(l, visitor, l.member("front")), "7365")
			l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
			if d := l.expect(l.tap(front, card(1)), enroll.Refused, enroll.CardTaken); d.Open {
				t.Error("the door opened")
			}
			if l.owner(card(1)) != visitor.ID {
				t.Error("the card changed hands")
			}
		})
	}
}

// The rule holds in the store too: the engine's look may be older than the hub's word.
func TestTheStoreKnowsWhoOutranksWhom(t *testing.T) {
	l := newLab(t)
	visitor := l.visitor(card(1))
	take := func(a enroll.AccountID) error {
		return l.store.Update(l.ctx, func(tx enroll.Tx) error {
			return tx.PutBinding(enroll.Binding{Card: key.Card(card(1)), Account: a, State: enroll.BindingActive})
		})
	}
	other := l.tap(hall, card(2)).Account.ID
	if err := take(other); !errors.Is(err, enroll.ErrTaken) {
		t.Errorf("one visitor took another's card: %v", err)
	}
	ada := l.member()
	if err := take(ada); err != nil {
		t.Errorf("a person cannot take a visitor's card: %v", err)
	}
	if err := take(l.member()); !errors.Is(err, enroll.ErrTaken) {
		t.Errorf("one person took another's card: %v", err)
	}
	if err := take(visitor.ID); !errors.Is(err, enroll.ErrTaken) {
		t.Errorf("a visitor took a person's card: %v", err)
	}
	if l.owner(card(1)) != ada {
		t.Error("the card is not hers")
	}
}

// Issue 7, 4.2: what somebody left waiting is not bound by another's code alone.
func TestS227_TheFirstTapAloneBindsNothing(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	c := l.claim(a, "7365")
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard) // a bystander's
	d := l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitSameCard)
	if d.Open || d.Login {
		t.Error("the code let somebody in")
	}
	if d.Cue != reader.CueAgain {
		t.Errorf("the reader shows %q", d.Cue)
	}
	out := l.engine.Tick(l.ctx, l.engine.Deadline())
	if len(out) != 1 || out[0].Decision.Reason != enroll.EntryTimeout {
		t.Errorf("at the end of the window: %+v", out)
	}
	if l.owner(card(1)) != (enroll.AccountID{}) || l.claimState(c.ID) != enroll.ClaimLive {
		t.Error("the card is bound, or the claim used up")
	}
}

func TestS206_CardThenCodeThenTheSameCardBinds(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	c := l.claim(a, "7365")
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard)
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitSameCard)
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitSameCard) // typed again
	l.expectBoundAndOpen(l.tap(front, card(1)), a)
	if l.claimState(c.ID) != enroll.ClaimUsed {
		t.Error("the claim is not used up")
	}
}

// Neither a bystander's card gets bound by the member's code, nor the member's card
// after a bystander's: whoever meant it types the code once more.
func TestAnotherCardThanTheOneThatWaitedIsNotBound(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	c := l.claim(a, "7365")
	l.tap(front, card(1))
	l.typed(front, "7365")
	l.expect(l.tap(front, card(2)), enroll.Refused, enroll.UnknownCard)
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard) // the code counts no more
	if l.owner(card(1)) != l.owner(card(2)) || l.claimState(c.ID) != enroll.ClaimLive {
		t.Fatal("a card is bound, or the claim used up")
	}
	l.tap(front, card(2))
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitSameCard)
	l.expectBoundAndOpen(l.tap(front, card(2)), a)
}

// Somebody's own card, between code and card of another, opens as ever. The code is
// forgotten with that: the card that waited is nobody's again.
func TestAKnownCardBetweenIsNotHeldUp(t *testing.T) {
	l := newLab(t)
	bob := l.member("front")
	l.bind(bob, card(9))
	l.claim(l.member("front"), "7365")
	l.tap(front, card(1))
	l.typed(front, "7365")
	if d := l.expect(l.tap(front, card(9)), enroll.Granted, enroll.KnownCard); !d.Open {
		t.Error("the door stayed shut")
	}
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard)
}

func TestTheWindowOfAWaitingCardEnds(t *testing.T) {
	l := newLab(t)
	l.setting(func(s *enroll.Site) { s.ClaimWindow = 0 })
	l.claim(l.member("front"), "7365")
	l.tap(front, card(1))
	l.expect(l.typed(front, "7365"), enroll.Waiting, enroll.AwaitCard)
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.UnknownCard)
}

// A claim that ended between code and card binds nothing, in either order.
func TestAClaimThatEndsMeanwhileBindsNothing(t *testing.T) {
	for _, cardFirst := range []bool{false, true} {
		l := newLab(t)
		c := l.claim(l.member("front"), "7365")
		if cardFirst {
			l.tap(front, card(1))
		}
		l.typed(front, "7365")
		c.State = enroll.ClaimVoid
		l.update(func(tx enroll.Tx) error { return tx.PutClaim(c) })
		l.expect(l.tap(front, card(1)), enroll.Refused, enroll.CodeRefused)
		if l.owner(card(1)) != (enroll.AccountID{}) {
			t.Errorf("card first %v: the card is bound", cardFirst)
		}
	}
}

// Issue 7, 4.4: the person goes away refused; whoever saw the code must not find it live.
func TestACodeThatMetSomebodyElsesCardIsOver(t *testing.T) {
	l := newLab(t)
	l.bind(l.member("front"), card(1))
	a := l.member("front")
	c := l.claim(a, "7365")
	l.claim(l.member("front"), "2848") // so that a claim is still live
	l.typed(front, "7365")
	l.expect(l.tap(front, card(1)), enroll.Refused, enroll.CardTaken)
	if l.claimState(c.ID) != enroll.ClaimVoid {
		t.Errorf("the claim is %d, want void", l.claimState(c.ID))
	}
	l.restart()
	l.expect(l.typed(front, "7365"), enroll.Refused, enroll.CodeRefused)
	l.expect(l.tap(front, card(2)), enroll.Refused, enroll.UnknownCard)
}

// A claim that met a card which nobody can have goes on: the person shows a fit one.
func TestACodeThatMetAnUnfitCardGoesOn(t *testing.T) {
	l := newLab(t)
	a := l.member("front")
	c := l.claim(a, "7365")
	l.typed(front, "7365")
	random := reader.NewCard(reader.ISO14443A, "UID", 32, []byte{8, 1, 2, 3})
	d := l.engine.Card(l.ctx, front, reader.NewNumber("08010203"), random)
	l.expect(d, enroll.Refused, enroll.RandomUID)
	if l.claimState(c.ID) != enroll.ClaimLive {
		t.Fatal("the claim ended")
	}
	l.typed(front, "7365")
	l.expectBoundAndOpen(l.tap(front, card(1)), a)
}

func TestNothingIsLeftWaitingWithoutEnd(t *testing.T) {
	l := newLab(t)
	l.claim(l.member("front"), "7365")
	l.tap(front, card(1))
	l.typed(front, "7365")
	l.engine.Tick(l.ctx, time.Now().Add(time.Hour))
	if end := l.engine.Deadline(); !end.IsZero() {
		t.Errorf("something waits until %v", end)
	}
}
