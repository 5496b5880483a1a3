// Package enroll decides: who is this, does the panel log in, does the door open,
// does an unknown card get an account or an owner. Engine holds the rules, over a Store
// that it declares; Index is its data in memory. It does not use the network: what the hub
// should learn goes into the store as an event, in the same transaction as its cause.
package enroll

import (
	"context"
	"errors"
	"time"

	"badged/internal/clock"
	"badged/internal/sitekey"
	"badged/reader"
)

// Engine decides presentations. Its methods are called one at a time, so that a
// terminal has one order of decisions.
//
// A point waits for the other half of a claim like this.
//
//	idle ── good code ──► has code ── card of nobody's, or of an anonymous account ──► bound, idle
//	idle ── card of nobody's ──► has card ── good code ──► has both ── the same card ──► bound, idle
//	has both ── another card ──► idle, and that card is decided as if no code had come
//	has code, has card, has both ── window passed ──► idle
type Engine struct {
	store    Store
	index    *Index
	key      sitekey.Key
	clock    *clock.Clock
	terminal string

	halves   map[string]half    // by point
	pinWaits map[string]pinWait // by point; missing: not read since the start
	started  time.Time
	// guesses is the guess budget as last committed; nil: not read since it changed.
	guesses *guesses
	// tallies are the quotas as last committed; nil: not read since the start.
	tallies []Tally
}

// NewEngine makes the engine of the terminal with this name.
func NewEngine(store Store, key sitekey.Key, clk *clock.Clock, terminal string) *Engine {
	return &Engine{
		store: store, index: store.Index(), key: key, clock: clk, terminal: terminal,
		halves: make(map[string]half), pinWaits: make(map[string]pinWait), started: time.Now(),
	}
}

// badge is a card as presented.
type badge struct {
	id   CardID
	card reader.Card
}

// unfitReason says why the badge can never be enrolled: its number is not unique. ReasonNone: it can.
func (b badge) unfitReason() Reason {
	switch {
	case b.card.RandomUID():
		return RandomUID
	case b.card.CutUID():
		return CutUID
	}
	return ReasonNone
}

// Card decides about a presented badge, whose canonical number is n. If the store fails, it
// refuses with StoreFailed.
func (e *Engine) Card(ctx context.Context, p Point, n reader.Number, c reader.Card) Decision {
	b := badge{CardID(e.key.Card(n.Reveal())), c}
	known, found := e.index.Card(b.id, p.Door)
	h := e.takeHalf(p.Name)
	switch {
	case h.acceptsCard(b.id):
		return e.cardAfterCode(ctx, p, b, known, found, h)
	case found && !e.unknownAgain(known):
		return e.decideKnown(ctx, p, known)
	default:
		d := e.decideUnknown(ctx, p, b)
		if !h.claim.IsZero() {
			e.Forget(p) // it interrupted a claim; it must not disturb the next one too
		}
		return d
	}
}

// unknownAgain reports whether a card counts as unknown because it belongs to the anonymous
// account that it created and that has lapsed. A lost, replaced, revoked or contested card
// stays what it is, and a card that an operator gave to such an account waits for the hub to
// purge the account.
func (e *Engine) unknownAgain(k Known) bool {
	return k.Account.Kind == Anonymous && k.Account.hasLapsed(e.clock.Now()) && k.Binding.State == BindingActive &&
		k.Account.ID == e.key.Anonymous(k.Binding.Card)
}

// assuranceOf is how well the reader identified the card: by the bits of access control, or else
// by a serial number.
func assuranceOf(c reader.Card) Assurance {
	if c.Tech() == reader.PACS || c.Tech() == reader.HIDProx {
		return AssurancePACS
	}
	return AssuranceUID
}

// decideKnown decides about a card that is bound.
func (e *Engine) decideKnown(ctx context.Context, p Point, k Known) Decision {
	ev := e.newEvent(p, EventPresentation, Refused, ReasonNone)
	ev.Account, ev.Card = k.Account.ID, k.Binding.Card
	outcome, reason := e.mayEnter(p, k, ev.At)
	ev.Outcome, ev.Reason = outcome, reason
	d := e.recordEvent(ctx, p, ev)
	if d.Outcome != Granted {
		return d
	}
	if p.Kind == Print {
		d.Account = e.readProfile(ctx, k.Account)
	} else {
		d.Account = k.Account
	}
	return d.withAdmission(p)
}

// decideUnknown decides about a card that nobody has.
func (e *Engine) decideUnknown(ctx context.Context, p Point, b badge) Decision {
	route := e.routeOf(p)
	ev := e.newEvent(p, EventPresentation, Refused, UnknownCard)
	ev.Card = b.id
	switch why := b.unfitReason(); {
	case why != ReasonNone:
		ev.Reason = why
		return e.recordEvent(ctx, p, ev)
	case route == RouteCreate:
		return e.createAccount(ctx, p, b)
	case route == RouteBind:
		ev.Outcome, ev.Reason = Waiting, BindOffered
	case e.index.Site().NotUnderstood, e.index.Door(p.Door).NotUnderstood:
		ev.Reason = NotUnderstood
	case p.Kind == Print:
		ev.Reason = RouteOff
	}
	e.awaitHalf(p, half{card: b.id})
	return e.recordEvent(ctx, p, ev)
}

// routeOf is what a point does with an unknown badge. A door refuses unless its own
// setting says otherwise; a claim code may still follow.
func (e *Engine) routeOf(p Point) Route {
	switch {
	case p.Kind == Print:
		return e.index.Site().UnknownBadge
	case e.index.Door(p.Door).Anonymous:
		return RouteCreate
	default:
		return RouteRefuse
	}
}

// Fault records something that could not be decoded cleanly. It creates and opens
// nothing.
func (e *Engine) Fault(ctx context.Context, p Point, device string, why reader.Why) Decision {
	ev := e.newEvent(p, EventPresentation, Faulty, BadRead)
	ev.Device, ev.Why = device, why
	return e.recordEvent(ctx, p, ev)
}

// Report queues an event of a door, a device or a session, with the present time.
func (e *Engine) Report(ctx context.Context, ev Event) error {
	ev.At = e.clock.Now()
	return e.store.Queue(ctx, ev)
}

// Commit starts writing the queued events to disk. The caller acts on the decision first and
// then calls it, so that a door does not wait for the writer.
func (e *Engine) Commit(ctx context.Context) error { return e.store.Commit(ctx) }

// recordEvent queues the event of a decision that changes nothing and returns the decision. The
// next Commit writes the event to disk; with LogFirst it is on disk already.
func (e *Engine) recordEvent(ctx context.Context, p Point, ev Event) Decision {
	var err error
	switch {
	case p.leavesOut(ev):
	case p.LogFirst:
		err = e.store.Update(ctx, func(tx Tx) error { return tx.Append(ev) })
	default:
		err = e.store.Queue(ctx, ev)
	}
	if err != nil {
		return refusedDecision(StoreFailed)
	}
	return decisionOf(p, ev)
}

// commitChange runs a change with its event in one transaction. If a change from the hub has just
// overtaken the index, nothing changes and the card is refused; a second tap is decided by the
// hub's change.
func (e *Engine) commitChange(ctx context.Context, p Point, ev *Event, change func(Tx) error) Decision {
	err := e.changeWithEvent(ctx, p, ev, change)
	switch {
	case errors.Is(err, ErrTaken):
		ev.Outcome, ev.Reason = Refused, CardTaken
		return e.recordEvent(ctx, p, *ev)
	case err != nil:
		return refusedDecision(StoreFailed)
	}
	return decisionOf(p, *ev)
}

// changeWithEvent runs a change and appends its event in one transaction.
func (e *Engine) changeWithEvent(ctx context.Context, p Point, ev *Event, fn func(Tx) error) error {
	return e.store.Update(ctx, func(tx Tx) error {
		err := fn(tx)
		if err != nil || p.leavesOut(*ev) {
			return err
		}
		return tx.Append(*ev)
	})
}

// decisionOf is the decision with the outcome and reason of an event.
func decisionOf(p Point, ev Event) Decision {
	return Decision{Outcome: ev.Outcome, Reason: ev.Reason, Card: ev.Card, Cue: cueFor(ev.Outcome, ev.Reason), Counted: p.leavesOut(ev)}
}

// newEvent makes an event at a point with the present time.
func (e *Engine) newEvent(p Point, kind EventKind, o Outcome, r Reason) Event {
	return Event{Kind: kind, At: e.clock.Now(), Point: p.Name, Door: p.Door, Outcome: o, Reason: r}
}

// readProfile reads the whole account, for a panel. If the store fails, it returns a, which has
// only what the index holds.
func (e *Engine) readProfile(ctx context.Context, a Account) Account {
	_ = e.store.View(ctx, func(tx Tx) error {
		full, err := tx.Account(a.ID)
		if err == nil {
			a = full
		}
		return err
	})
	return a
}

// withAdmission adds what a granted decision does at a point: log in, or open.
func (d Decision) withAdmission(p Point) Decision {
	d.Login, d.Open = p.Kind == Print, p.Kind == DoorP
	return d
}

func refusedDecision(r Reason) Decision {
	return Decision{Outcome: Refused, Reason: r, Cue: reader.CueRefused}
}

func cueFor(o Outcome, r Reason) reader.Cue {
	switch {
	case o == Granted:
		return reader.CueGranted
	case r == AwaitSameCard:
		return reader.CueAgain
	case o == Waiting:
		return reader.CueWait
	default:
		return reader.CueRefused
	}
}
