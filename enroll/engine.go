// Package enroll decides: who is this, does the panel log in, does the door open,
// does an unknown card get an account or an owner. Engine is the rules, over a Store
// that it declares; Index is what it looks up in memory. It knows no network: what
// the hub should hear goes into the store as an event, in the same transaction as
// its cause.
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

// unfit tells why the badge can never be enrolled: its number is not its own.
// ReasonNone: it can.
func (b badge) unfit() Reason {
	switch {
	case b.card.RandomUID():
		return RandomUID
	case b.card.CutUID():
		return CutUID
	}
	return ReasonNone
}

// Card answers a presented badge, whose canonical number is n. A store that fails
// is a refusal.
func (e *Engine) Card(ctx context.Context, p Point, n reader.Number, c reader.Card) Decision {
	b := badge{CardID(e.key.Card(n.Reveal())), c}
	known, found := e.index.Card(b.id, p.Door)
	h := e.takeHalf(p.Name)
	switch {
	case h.takes(b.id):
		return e.cardAfterCode(ctx, p, b, known, found, h)
	case found && !e.unknownAgain(known):
		return e.known(ctx, p, known)
	default:
		d := e.unknown(ctx, p, b)
		if !h.claim.IsZero() {
			e.Forget(p) // it interrupted a claim; it must not get into the way of the next one too
		}
		return d
	}
}

// unknownAgain reports whether a card belongs to the account that it made and that has
// lapsed. One that was lost, replaced, revoked or contested stays what it is, and one that
// an operator gave to such an account waits for the hub to purge it.
func (e *Engine) unknownAgain(k Known) bool {
	return k.Account.Kind == Anonymous && k.Account.lapsed(e.clock.Now()) && k.Binding.State == BindingActive &&
		k.Account.ID == e.key.Anonymous(k.Binding.Card)
}

// assurance is how well the reader knew the card: the bits of access control, or else a
// serial number. Readers that authenticate a card say so from their own protocol on.
func assurance(c reader.Card) Assurance {
	if c.Tech() == reader.PACS || c.Tech() == reader.HIDProx {
		return AssurancePACS
	}
	return AssuranceUID
}

// known answers a card that is bound.
func (e *Engine) known(ctx context.Context, p Point, k Known) Decision {
	ev := e.event(p, EventPresentation, Refused, ReasonNone)
	ev.Account, ev.Card = k.Account.ID, k.Binding.Card
	outcome, reason := e.mayEnter(p, k, ev.At)
	ev.Outcome, ev.Reason = outcome, reason
	d := e.record(ctx, p, ev)
	if d.Outcome != Granted {
		return d
	}
	if p.Kind == Print {
		d.Account = e.profile(ctx, k.Account)
	} else {
		d.Account = k.Account
	}
	return d.admit(p)
}

// unknown answers a card that nobody has.
func (e *Engine) unknown(ctx context.Context, p Point, b badge) Decision {
	route := e.route(p)
	ev := e.event(p, EventPresentation, Refused, UnknownCard)
	ev.Card = b.id
	switch why := b.unfit(); {
	case why != ReasonNone:
		ev.Reason = why
		return e.record(ctx, p, ev)
	case route == RouteCreate:
		return e.create(ctx, p, b)
	case route == RouteBind:
		ev.Outcome, ev.Reason = Waiting, BindOffered
	case e.index.Site().NotUnderstood, e.index.Door(p.Door).NotUnderstood:
		ev.Reason = NotUnderstood
	case p.Kind == Print:
		ev.Reason = RouteOff
	}
	e.wait(p, half{card: b.id})
	return e.record(ctx, p, ev)
}

// route is what a point does with an unknown badge. A door refuses unless its own
// setting says otherwise; a claim code may still follow.
func (e *Engine) route(p Point) Route {
	switch {
	case p.Kind == Print:
		return e.index.Site().UnknownBadge
	case e.index.Door(p.Door).Anonymous:
		return RouteCreate
	default:
		return RouteRefuse
	}
}

// Fault answers something that could not be decoded cleanly. It creates and opens
// nothing.
func (e *Engine) Fault(ctx context.Context, p Point, device string, why reader.Why) Decision {
	ev := e.event(p, EventPresentation, Faulty, BadRead)
	ev.Device, ev.Why = device, why
	return e.record(ctx, p, ev)
}

// Report puts an event of a door, a device or a session into the order.
func (e *Engine) Report(ctx context.Context, ev Event) error {
	ev.At = e.clock.Now()
	return e.store.Queue(ctx, ev)
}

// Commit sends to the disk what decisions and reports have put into the order. The
// caller acts first, then calls it: a door does not wait for the writer to wake.
func (e *Engine) Commit(ctx context.Context) error { return e.store.Commit(ctx) }

// record puts the event of a decision that changes nothing into the order and gives
// the decision. The event goes to the disk with the next Commit, or is there already
// if the point says so.
func (e *Engine) record(ctx context.Context, p Point, ev Event) Decision {
	var err error
	switch {
	case p.leavesOut(ev):
	case p.LogFirst:
		err = e.store.Update(ctx, func(tx Tx) error { return tx.Append(ev) })
	default:
		err = e.store.Queue(ctx, ev)
	}
	if err != nil {
		return refuse(StoreFailed)
	}
	return answer(p, ev)
}

// commit runs a change with its event in one transaction. If the hub's word has just
// overtaken the index, nothing changes and the card is refused; a second tap is decided
// by what the hub said.
func (e *Engine) commit(ctx context.Context, p Point, ev *Event, change func(Tx) error) Decision {
	err := e.change(ctx, p, ev, change)
	switch {
	case errors.Is(err, ErrTaken):
		ev.Outcome, ev.Reason = Refused, CardTaken
		return e.record(ctx, p, *ev)
	case err != nil:
		return refuse(StoreFailed)
	}
	return answer(p, *ev)
}

// change runs a change and appends its event in one transaction.
func (e *Engine) change(ctx context.Context, p Point, ev *Event, fn func(Tx) error) error {
	return e.store.Update(ctx, func(tx Tx) error {
		err := fn(tx)
		if err != nil || p.leavesOut(*ev) {
			return err
		}
		return tx.Append(*ev)
	})
}

// answer is the plain answer that an event tells of.
func answer(p Point, ev Event) Decision {
	return Decision{Outcome: ev.Outcome, Reason: ev.Reason, Card: ev.Card, Cue: cue(ev.Outcome, ev.Reason), Counted: p.leavesOut(ev)}
}

// event begins an event at a point, now.
func (e *Engine) event(p Point, kind EventKind, o Outcome, r Reason) Event {
	return Event{Kind: kind, At: e.clock.Now(), Point: p.Name, Door: p.Door, Outcome: o, Reason: r}
}

// profile is the whole account, for a panel. Without the store, what the index has
// must do.
func (e *Engine) profile(ctx context.Context, a Account) Account {
	_ = e.store.View(ctx, func(tx Tx) error {
		full, err := tx.Account(a.ID)
		if err == nil {
			a = full
		}
		return err
	})
	return a
}

// admit is what a granted decision does at a point.
func (d Decision) admit(p Point) Decision {
	d.Login, d.Open = p.Kind == Print, p.Kind == DoorP
	return d
}

func refuse(r Reason) Decision {
	return Decision{Outcome: Refused, Reason: r, Cue: reader.CueRefused}
}

func cue(o Outcome, r Reason) reader.Cue {
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
