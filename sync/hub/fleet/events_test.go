package fleet_test

import (
	"cmp"
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// journal puts events into the hub's journal as if terminals had brought them, with the time
// as that of their receipt. Each goes by its Label.
func (w *world) journal(terminal string, events ...wire.Event) {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		src := fleet.Source{Terminal: terminal, Incarnation: fleet.ID{1}, Upto: map[wire.Stream]uint64{}}
		if old, err := tx.Source(terminal, src.Incarnation); err == nil {
			src = old
		} else if err := tx.PutTerminal(fleet.Terminal{Name: terminal}); err != nil {
			return err
		}
		for _, e := range events {
			src.Upto[wire.StreamEvents]++
			e.Order, e.Boot = src.Upto[wire.StreamEvents], make([]byte, 8)
			body, err := wire.Marshal(e)
			if err != nil {
				return err
			}
			if err := tx.PutSource(src); err != nil {
				return err
			}
			_, err = tx.Append(fleet.Record{
				Terminal: terminal, Incarnation: src.Incarnation, Stream: wire.StreamEvents,
				Seq: e.Order, Order: e.Order, Received: tx.Now, Body: body,
			})
			if err != nil {
				return err
			}
		}
		return nil
	})
}

// list gives the labels of the page that a query chooses, and the next page's cursor.
func (w *world) list(q fleet.EventQuery) (labels []string, next uint64) {
	w.t.Helper()
	w.must(w.read(func(tx fleet.Tx) error {
		page, n, err := fleet.ListEvents(tx, q)
		for _, e := range page {
			labels = append(labels, e.Label)
		}
		next = n
		return err
	}))
	return labels, next
}

// O2: each part of a query chooses by itself, newest first.
func TestEventsAreChosenByWhatAQueryNames(t *testing.T) {
	w := newWorld(t, t.TempDir())
	noon := time.Now().Add(-time.Hour).Truncate(time.Second)
	at := func(minutes int) int64 { return noon.Add(time.Duration(minutes) * time.Minute).UnixMilli() }
	ada, card := fleet.ID{1}, fleet.ID{2}
	w.journal("hall",
		wire.Event{Label: "a", Kind: wire.EventPresentation, Outcome: wire.OutcomeGranted, Reason: wire.ReasonKnownCard, Point: "print", Account: ada[:], At: at(-2), Clock: wire.ClockTrusted},
		wire.Event{Label: "b", Kind: wire.EventPresentation, Outcome: wire.OutcomeRefused, Reason: wire.ReasonUnknownCard, Point: "print", Card: card[:], At: at(-1), Clock: wire.ClockTrusted},
	)
	w.journal("front",
		wire.Event{Label: "c", Kind: wire.EventDoor, Outcome: wire.OutcomeGranted, Reason: wire.ReasonKnownCard, Point: "front", At: at(0), Clock: wire.ClockTrusted},
		wire.Event{Label: "d", Kind: wire.EventPresentation, Outcome: wire.OutcomeGranted, Reason: wire.ReasonKnownCard, Point: "front", At: 5, Clock: wire.ClockUnknown}, // counts as of now
	)
	for name, c := range map[string]struct {
		q    fleet.EventQuery
		want []string
	}{
		"all":           {fleet.EventQuery{}, []string{"d", "c", "b", "a"}},
		"terminal":      {fleet.EventQuery{Terminal: "hall"}, []string{"b", "a"}},
		"point":         {fleet.EventQuery{Point: "front"}, []string{"d", "c"}},
		"account":       {fleet.EventQuery{Account: ada}, []string{"a"}},
		"card":          {fleet.EventQuery{Card: card}, []string{"b"}},
		"kind":          {fleet.EventQuery{Kind: wire.EventDoor}, []string{"c"}},
		"outcome":       {fleet.EventQuery{Outcome: wire.OutcomeRefused}, []string{"b"}},
		"reason":        {fleet.EventQuery{Reason: wire.ReasonKnownCard}, []string{"d", "c", "a"}},
		"since":         {fleet.EventQuery{Since: noon}, []string{"d", "c"}}, // that moment too
		"until":         {fleet.EventQuery{Until: noon}, []string{"b", "a"}}, // that moment not
		"two of them":   {fleet.EventQuery{Terminal: "hall", Outcome: wire.OutcomeGranted}, []string{"a"}},
		"none of them":  {fleet.EventQuery{Terminal: "nobody"}, nil},
		"all before us": {fleet.EventQuery{Since: time.Now().Add(time.Hour)}, nil},
	} {
		if got, next := w.list(c.q); !slices.Equal(got, c.want) || next != 0 {
			t.Errorf("%s: %v, want %v; next %d", name, got, c.want, next)
		}
	}
}

// Pages follow each other without a gap or a repetition, whatever is chosen, and end. Each
// but the last is full, as long as few events are looked at for it.
func TestPagesOfEventsShowEachEventOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	const n = 2050 // more than are read at once
	var events []wire.Event
	var all, seventh []string
	for i := range n {
		e := swipe()
		e.Label = fmt.Sprint(n - i)
		if i%7 == 0 {
			e.Outcome = wire.OutcomeRefused
			seventh = append(seventh, e.Label)
		}
		events, all = append(events, e), append(all, e.Label)
	}
	w.journal("hall", events...)
	slices.Reverse(all)
	slices.Reverse(seventh)
	for name, c := range map[string]struct {
		q    fleet.EventQuery
		want []string
	}{
		"all": {fleet.EventQuery{Limit: 100}, all}, "as many as one page holds": {fleet.EventQuery{}, all},
		"few of them": {fleet.EventQuery{Limit: 10, Outcome: wire.OutcomeRefused}, seventh},
		"none":        {fleet.EventQuery{Limit: 10, Terminal: "nobody"}, nil},
	} {
		var came []string
		for pages := 0; ; pages++ {
			page, next := w.list(c.q)
			came = append(came, page...)
			if full := cmp.Or(c.q.Limit, 1000); len(page) > full || next > 0 && len(page) < full || pages > n {
				t.Fatalf("%s: page %d has %d events", name, pages, len(page))
			}
			if c.q.Below = next; next == 0 {
				break
			}
		}
		if !slices.Equal(came, c.want) {
			t.Errorf("%s: %d events came, want %d", name, len(came), len(c.want))
		}
	}
}

// seen is a card at a reader, of which nothing is made.
func (w *world) seen(number string, reason wire.Reason, at time.Time) wire.Event {
	card := w.key.Card(number)
	return wire.Event{Kind: wire.EventPresentation, Outcome: wire.OutcomeRefused, Reason: reason, Point: "front", Card: card[:], At: at.UnixMilli(), Clock: wire.ClockTrusted}
}

// O1: an operator who gives a card away finds those that nobody has yet: of strangers and of
// anonymous accounts, not those of people and not those that are lost.
func TestUnknownCardsAreThoseThatNobodyHas(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := printing(w, "hall")
	now := time.Now()
	ada := w.account("Ada")
	hall.report(hall.newAccount("visitor", 1), hall.newAccount("lost visitor", 2), w.bound(ada.ID, w.claim(ada).ID, "member"))
	if _, err := w.setCard(people.HexID(w.key.Card("lost visitor")), access.CardLost, ""); err != nil {
		t.Fatal(err)
	}
	w.journal("front",
		w.seen("long ago", wire.ReasonUnknownCard, now.AddDate(0, -2, 0)), w.seen("stranger", wire.ReasonUnknownCard, now.Add(-2*time.Minute)),
		w.seen("member", wire.ReasonUnknownCard, now.Add(-time.Minute)), w.seen("known", wire.ReasonNoGrant, now.Add(-time.Minute)),
		w.seen("stranger", wire.ReasonAwaitCode, now.Add(-time.Minute)),
	)
	var found []fleet.UnknownCard
	w.must(w.read(func(tx fleet.Tx) (err error) {
		found, err = fleet.UnknownCards(tx, now.Add(-time.Hour))
		return err
	}))
	if len(found) != 2 || found[0].Card != w.key.Card("stranger") || found[1].Card != w.key.Card("visitor") {
		t.Fatalf("found %+v, want the stranger's and the visitor's", found)
	}
	if s := found[0]; s.Times != 2 || s.Terminal != "front" || s.Point != "front" || s.Reason != wire.ReasonAwaitCode {
		t.Errorf("the stranger's: %+v", s)
	}
	stranger := people.HexID(w.key.Card("stranger"))
	for prefix, want := range map[string]bool{
		stranger[:8]: true, stranger: true, people.HexID(w.key.Card("long ago")): false, people.HexID(w.key.Card("member")): false, "": false,
	} {
		err := w.read(func(tx fleet.Tx) error {
			u, err := fleet.FindUnknownCard(tx, prefix)
			if err == nil && u.Card != w.key.Card("stranger") {
				t.Errorf("%q is card %x", prefix, u.Card)
			}
			return err
		})
		if (err == nil) != want {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// Nothing means no card, also when there is one only.
func TestNothingMeansNoCard(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.journal("front", w.seen("stranger", wire.ReasonUnknownCard, time.Now()))
	for prefix, want := range map[string]bool{"": false, people.HexID(w.key.Card("stranger"))[:8]: true} {
		if err := w.read(func(tx fleet.Tx) error { _, err := fleet.FindUnknownCard(tx, prefix); return err }); (err == nil) != want {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}

// Of two cards that begin alike neither is meant.
func TestACardThatIsNotTheOnlyOneIsNotFound(t *testing.T) {
	w := newWorld(t, t.TempDir())
	one, other := w.seen("", wire.ReasonUnknownCard, time.Now()), w.seen("", wire.ReasonUnknownCard, time.Now())
	one.Card, other.Card = append([]byte{9, 9, 9, 9, 1}, make([]byte, 11)...), append([]byte{9, 9, 9, 9, 2}, make([]byte, 11)...)
	w.journal("front", one, other)
	for prefix, want := range map[string]bool{"09090909": false, "0909090901": true} {
		if err := w.read(func(tx fleet.Tx) error { _, err := fleet.FindUnknownCard(tx, prefix); return err }); (err == nil) != want {
			t.Errorf("%q: %v", prefix, err)
		}
	}
}
