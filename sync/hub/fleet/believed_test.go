package fleet_test

import (
	"crypto/ed25519"
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

// S1.06: a number is taken from the terminal that it was lent to, from no other, also
// not from one whose name begins alike.
func TestANumberLentToAnotherTerminalIsNotTaken(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, two := w.join("hall"), w.join("hall-2")
	for _, x := range []*terminal{two, hall} {
		x.hello()
		x.wait("leases", func() bool { return len(x.numbers()) > 0 })
	}
	n := two.numbers()[0]
	hall.report(hall.newAccount("at hall", n))
	if a := w.accounts()[w.key.Anonymous(w.key.Card("at hall"))]; a.Number == n || a.Number == 0 {
		t.Errorf("hall gave away number %d of hall-2: it got %d", n, a.Number)
	}
	two.report(two.newAccount("at hall-2", n))
	if a := w.accounts()[w.key.Anonymous(w.key.Card("at hall-2"))]; a.Number != n {
		t.Errorf("hall-2 gave number %d, its account has %d", n, a.Number)
	}
}

// S1.05: a restored database may spend a number twice; the second account gets another.
func TestANumberHasOneOwner(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(hall.newAccount("one", 1), hall.newAccount("other", 1))
	one, other := w.accounts()[w.key.Anonymous(w.key.Card("one"))], w.accounts()[w.key.Anonymous(w.key.Card("other"))]
	if one.Number != 1 || other.Number == 1 || other.Number == 0 || slices.Contains(other.Aliases, 1) {
		t.Errorf("numbers %d and %d", one.Number, other.Number)
	}
}

// S2.20: what a terminal that was offline bound does not bring a dead card back, and
// does not give it the milder state contested.
func TestADeadCardStaysDead(t *testing.T) {
	for _, state := range []access.CardState{access.CardLost, access.CardReplaced, access.CardRevoked} {
		w := newWorld(t, t.TempDir())
		front := w.join("front")
		front.hello()
		ada, bob := w.account("Ada"), w.account("Bob")
		front.report(w.bound(ada.ID, w.claim(ada).ID, "card"))
		id := w.key.Card("card")
		if _, err := w.setCard(people.HexID(id), state, ""); err != nil {
			t.Fatal(err)
		}
		front.report(w.bound(bob.ID, w.claim(bob).ID, "card"))
		k := w.cards()[id]
		if k.State != state || fleet.ID(k.Account) != ada.ID || len(k.Conflicts) != 1 || k.Conflicts[0].Why != access.ConflictDead {
			t.Errorf("%s, bound by Bob's claim: %+v", state, k)
		}
		front.report(w.bound(bob.ID, fleet.ID{9}, "card")) // with a claim that does not exist
		if k := w.cards()[id]; k.State != state || len(k.Conflicts) != 2 {
			t.Errorf("%s, with no claim: %+v", state, k)
		}
		_, err := w.setCard(people.HexID(id), access.CardActive, "")
		if back := err == nil; back != (state == access.CardLost) {
			t.Errorf("%s: it can be active again: %v, %v", state, back, err)
		}
	}
}

// S2.19, S3.10, S4.06: an account that may own nothing gets neither a card nor a
// profile by what a terminal reports.
func TestTerminalsChangeNothingOfAccountsThatMayOwnNothing(t *testing.T) {
	for name, c := range map[string]struct {
		kind  people.Kind
		state people.State
	}{
		"suspended": {people.Person, people.Suspended}, "merged": {people.Person, people.Merged}, "erased": {people.Person, people.Erased},
		"service": {people.Service, people.Active},
	} {
		w := newWorld(t, t.TempDir())
		front := w.join("front")
		front.hello()
		a := w.put(name, c.kind, c.state)
		claim := access.Claim{ID: fleet.ID{1}, Account: a.ID, State: access.ClaimLive, Issued: time.Now(), Ends: time.Now().Add(time.Hour)}
		if err := w.write(func(tx fleet.Tx) error { return tx.PutClaim(claim) }); err != nil {
			t.Fatal(err)
		}
		edit := wire.Event{Kind: 4, Outcome: 1, Reason: 24, Account: a.ID[:], Edit: &wire.Edit{Name: "changed"}}
		front.report(edit, w.bound(a.ID, claim.ID, "card"))
		if got := w.accounts()[a.ID]; got.First != name {
			t.Errorf("%s: it is called %q now", name, got.FullName())
		}
		k := w.cards()[w.key.Card("card")]
		if k.State == access.CardActive || len(k.Conflicts) != 1 || k.Conflicts[0].Why != access.ConflictAccount {
			t.Errorf("%s: the card is %+v", name, k)
		}
	}
}

// A message that was verified when the operator removed its terminal has no effect any
// more.
func TestWhatARemovedTerminalHadOnTheWayHasNoEffect(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, other := w.join("hall"), w.join("other")
	hall.hello()
	other.hello()
	remove := func() {
		if err := w.hub.RemoveTerminal(t.Context(), operator, "hall"); err != nil {
			t.Error(err)
		}
	}
	w.turns.beforeWrite.once(remove)
	hall.send(wire.MsgSecurity, hall.frame(wire.StreamSecurity, swipe()))
	other.report(swipe())
	if events := w.events(); len(events) != 1 || events[0].Terminal != "other" {
		t.Errorf("%d events are stored", len(events))
	}
}

// The same with a hello, whose session begins after the transaction.
func TestATerminalThatIsRemovedAsItConnectsGetsNoSession(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, other := w.join("hall"), w.join("other")
	other.hello()
	// All that it gets: the next message is hall's.
	other.wait("settings and numbers", func() bool { return len(other.rows[wire.Config]) == 1 && len(other.rows[wire.Leases]) == 2 })
	w.link.sends.once(func() { // the answer to its hello
		if err := w.hub.RemoveTerminal(t.Context(), operator, "hall"); err != nil {
			t.Error(err)
		}
	})
	w.link.up <- hall.sealedHello(fleet.ID{99})
	hall.until("answer", func(m fleet.Message) bool { return m.Kind == wire.MsgAck })
	other.report(swipe())
	all, err := w.terminals()
	if err != nil || !all[0].Removed() || !all[0].Connected.IsZero() {
		t.Errorf("it is connected since %v; %v", all[0].Connected, err)
	}
}

// The same with the key that the broker asks for: a look-up that was on the way does
// not bring the key back.
func TestALookUpOnTheWayBringsNoKeyBack(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	key := hall.key.Public().(ed25519.PublicKey)
	w.turns.afterRead.once(func() {
		if err := w.hub.RemoveTerminal(t.Context(), operator, "hall"); err != nil {
			t.Error(err)
		}
	})
	w.hub.Knows(t.Context(), "hall", key) // may say either: both happen at once
	if w.hub.Knows(t.Context(), "hall", key) {
		t.Error("a removed terminal is known again")
	}
}

func TestAJoinTokenEnds(t *testing.T) {
	w := newWorld(t, t.TempDir())
	text := secret.New("0123456789abcdef")
	before := time.Now()
	if err := w.addTerminal("hall", text, false); err != nil {
		t.Fatal(err)
	}
	after := time.Now()
	// change lets time pass, as far as the hub can see it.
	change := func(ends func(time.Time) time.Time) {
		err := w.write(func(tx fleet.Tx) error {
			row, err := tx.Terminal("hall")
			if err != nil {
				return err
			}
			row.TokenEnds = ends(row.TokenEnds)
			return tx.PutTerminal(row)
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	change(func(ends time.Time) time.Time {
		if ends.Before(before.Add(24*time.Hour-time.Second)) || ends.After(after.Add(24*time.Hour)) {
			t.Errorf("the token ends %v after it was made, want a day", ends.Sub(before))
		}
		return time.Now().Add(-time.Second)
	})
	issue := func(string) ([]byte, error) { return []byte("cert"), nil }
	key := seed(3).Public().(ed25519.PublicKey)
	if _, err := w.hub.Join(t.Context(), text, key, issue); !refusal.IsKind(err, refusal.Conflict) {
		t.Errorf("a token that has ended: %v", err)
	}
	if w.hub.Knows(t.Context(), "hall", key) {
		t.Error("it joined all the same")
	}
	change(func(time.Time) time.Time { return time.Now().Add(time.Hour) })
	if _, err := w.hub.Join(t.Context(), text, key, issue); err != nil {
		t.Errorf("a token that has not ended: %v", err)
	}
}

// A frame counts in the stream that its topic names: routine cannot pass as security.
func TestAFrameOfAnotherStreamIsRefused(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	stray := hall.frame(wire.StreamEvents, swipe())
	hall.send(wire.MsgSecurity, stray)
	hall.report(swipe())
	if events := w.events(); len(events) != 1 || events[0].Stream != wire.StreamSecurity {
		t.Errorf("%d events are stored", len(events))
	}
	hall.send(wire.MsgEvents, stray) // where it belongs
	hall.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamEvents] == 1 })
}

// A clone is noticed by either stream alone.
func TestACopyThatIsBehindInOneStreamIsNoticed(t *testing.T) {
	for _, stream := range []wire.Stream{wire.StreamEvents, wire.StreamSecurity} {
		w := newWorld(t, t.TempDir())
		hall := w.join("hall")
		hall.hello()
		hall.send(stream.String(), hall.frame(stream, swipe()))
		hall.ack(func(a wire.Ack) bool { return a.Upto[stream] == 1 })
		hall.next = map[wire.Stream]uint64{wire.StreamEvents: 1, wire.StreamSecurity: 1}
		if a := hall.hello(); a.Incarnation == hall.inc {
			t.Errorf("a copy that is behind in stream %d goes on as the same database", stream)
		}
	}
}

// The will of a connection that the broker gave up late does not end the next one.
func TestAStaleWillEndsNothing(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	former := hall.nonce
	hall.hello()
	hall.send(wire.MsgStatus, wire.Status{Nonce: former})
	hall.report(swipe()) // is acknowledged only while there is a session
	all, err := w.terminals()
	if err != nil || all[0].Connected.IsZero() {
		t.Errorf("the present connection has ended; %v", err)
	}
}

// Issue 8, 3: a terminal edits only who can have logged in there.
func TestATerminalEditsOnlyWhoLoggedIn(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	ada := w.account("Ada")
	hall.report(hall.newAccount("badge", 1))
	visitor, card := w.key.Anonymous(w.key.Card("badge")), w.key.Card("badge")
	edit := func(account fleet.ID, card []byte) wire.Event {
		return wire.Event{Kind: 4, Outcome: 1, Reason: 24, Account: account[:], Card: card, Edit: &wire.Edit{Name: "Eve Mallory", Lang: "en"}}
	}
	hall.report(edit(ada.ID, nil), edit(ada.ID, card[:]), edit(ada.ID, make([]byte, 16)))
	if kept := w.keptEdits(ada); len(kept) > 0 {
		t.Errorf("Ada is edited: %+v", kept)
	}
	w.set("edit_profile", "false")
	hall.report(edit(visitor, card[:]))
	if got := w.accounts()[visitor]; got.FullName() != "" || got.Lang != "en" {
		t.Errorf("with editing off: %q, %s", got.FullName(), got.Lang)
	}
	w.set("edit_profile", "true")
	hall.report(edit(visitor, card[:]))
	if got := w.accounts()[visitor]; got.FullName() != "Eve Mallory" {
		t.Errorf("who logged in is %q", got.FullName())
	}
	w.set("edit_profile", "false")
	again := edit(visitor, card[:])
	again.Edit = &wire.Edit{Name: "Eve Adams", Email: "eve@example.com", Lang: "fr"}
	hall.report(again)
	if got := w.accounts()[visitor]; got.FullName() != "Eve Mallory" || got.TypedEmail != "" || got.Lang != "fr" {
		t.Errorf("with editing off: %q, %q, %s", got.FullName(), got.TypedEmail, got.Lang)
	}
}

// Whoever has a PIN may have logged in with it, without a card. The language is theirs to
// change; a name that an operator gave stays.
func TestATerminalEditsWhoHasAPIN(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	ada, bob := w.account("Ada"), w.account("Bob")
	w.pin(ada)
	for _, a := range []people.Account{ada, bob} {
		hall.report(wire.Event{Kind: 4, Outcome: 1, Reason: 24, Account: a.ID[:], Edit: &wire.Edit{Name: "Eve Mallory", Lang: "fr"}})
	}
	all := w.accounts()
	if got := all[ada.ID]; got.FullName() != "Ada Byron" || !got.NameAttested || got.Lang != "fr" {
		t.Errorf("Ada is %q, attested %t, %s", got.FullName(), got.NameAttested, got.Lang)
	}
	if got := all[bob.ID]; got.Lang != "en" || len(w.keptEdits(bob)) != 0 {
		t.Errorf("Bob, who has none, is edited: %+v", got)
	}
	if kept := w.keptEdits(ada); len(kept) != 1 || !kept[0].Waits {
		t.Errorf("kept: %+v", kept)
	}
}

func (w *world) keptEdits(a people.Account) (all []people.Edit) {
	w.t.Helper()
	w.must(w.read(func(tx fleet.Tx) (err error) {
		all, err = tx.Edits(a.ID)
		return err
	}))
	return all
}

// loginAndEdit are what a terminal with the site key can make up: that somebody logged in
// with a card, and what they typed.
func loginAndEdit(a people.Account, login, card fleet.ID) (wire.Event, wire.Event) {
	l, e := swipe(), wire.Event{Kind: wire.EventEdit, Outcome: 1, Reason: 24, Point: "print", Account: a.ID[:], Card: card[:]}
	l.Account, l.Card, e.Edit = a.ID[:], login[:], &wire.Edit{Lang: "fr"}
	return l, e
}

// Issue 8, 3: a stolen print terminal that makes up a log-in empties no name of the people of
// the site, so that their doors stay theirs; it is believed of cards that log in only, and a
// log-in with one card is none with another.
func TestAMadeUpLogInTakesNobodysDoor(t *testing.T) {
	w := newWorld(t, t.TempDir())
	stolen := w.join("stolen")
	stolen.hello()
	w.door("front")
	ada := w.account("Ada")
	w.grant(ada, "front", false)
	one, other := w.key.Card("one"), w.key.Card("other")
	for _, c := range []fleet.ID{one, other} {
		w.do(func(tx fleet.Tx) error {
			return tx.PutCard(access.Card{ID: c, Account: ada.ID, State: access.CardActive, Assurance: access.UID})
		})
	}
	routine := func(events ...wire.Event) {
		stolen.send(wire.MsgEvents, stolen.frame(wire.StreamEvents, events...))
		stolen.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamEvents] == stolen.next[wire.StreamEvents]-1 })
	}
	lang := func() string { return w.accounts()[ada.ID].Lang }

	login, edit := loginAndEdit(ada, other, one)
	after := swipe()
	routine(login)
	stolen.order++ // the edit
	edit.Order = stolen.order
	routine(after)
	stolen.order -= 2
	stolen.report(edit)
	stolen.order++
	if lang() != "en" {
		t.Error("a log-in with another card is believed")
	}
	login, edit = loginAndEdit(ada, one, one)
	routine(login)
	stolen.report(edit)
	a := w.accounts()[ada.ID]
	if a.Lang != "fr" || a.FullName() != "Ada Byron" || !a.NameAttested || len(w.keptEdits(a)) != 1 {
		t.Errorf("%+v", a)
	}
	front := w.join("front")
	front.door = true
	front.hello()
	front.wait("Ada's right", func() bool { return len(front.rows[wire.Grants]) == 1 })

	for _, state := range []access.CardState{access.CardLost, access.CardRevoked, access.CardPending} {
		w.do(func(tx fleet.Tx) error {
			return tx.PutCard(access.Card{ID: one, Account: ada.ID, State: state, Assurance: access.UID})
		})
		edit.Edit = &wire.Edit{Lang: "en"}
		routine(login)
		stolen.report(edit)
		if lang() != "fr" {
			t.Errorf("a log-in with a card that is %s is believed", state)
		}
	}
}

// A terminal that said that it has doors only reports nothing of panels.
func TestATerminalWithoutAPanelEditsNobody(t *testing.T) {
	w := newWorld(t, t.TempDir())
	front := w.join("front")
	front.door = true
	front.hello()
	ada := w.account("Ada")
	w.pin(ada)
	front.report(wire.Event{Kind: 4, Outcome: 1, Reason: 24, Point: "print", Account: ada.ID[:], Edit: &wire.Edit{Lang: "fr"}})
	if got := w.accounts()[ada.ID]; got.Lang != "en" {
		t.Errorf("%+v", got)
	}
}

// An edit may overtake its log-in, which comes on the stream of routine: so many a day, and no
// more. A terminal that never sends its routine leaves no trail.
func TestEditsBeforeTheirLogInAreFew(t *testing.T) {
	w := newWorld(t, t.TempDir())
	noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
	w.now.Store(&noon)
	stolen := w.join("stolen")
	stolen.hello()
	ada := w.account("Ada")
	w.pin(ada)
	var all []wire.Event
	for range 60 {
		all = append(all, wire.Event{Kind: 4, Outcome: 1, Reason: 24, Point: "print", Account: ada.ID[:], Edit: &wire.Edit{Name: "Eve Mallory", Lang: "fr"}})
	}
	stolen.report(all...)
	if kept := w.keptEdits(ada); len(kept) != 50 {
		t.Errorf("%d edits before their log-in, want 50", len(kept))
	}
}

// Issue 8, 3: quotas are counted again at the hub, each terminal's apart.
func TestQuotasAreCountedAgain(t *testing.T) {
	w := newWorld(t, t.TempDir())
	noon := time.Now().UTC().Truncate(24 * time.Hour).Add(12 * time.Hour)
	w.now.Store(&noon) // no midnight while the test runs
	w.set("quota_day", "3")
	hall, two := w.join("hall"), w.join("two")
	hall.hello()
	two.hello()
	for i := range 10 {
		hall.report(hall.newAccount(fmt.Sprint("badge ", i), 0))
	}
	if n := len(w.accounts()); n != 6 || len(w.events()) != 10 {
		t.Errorf("%d accounts of %d events, want 6 of 10", n, len(w.events()))
	}
	two.report(two.newAccount("another", 0))
	if n := len(w.accounts()); n != 7 {
		t.Errorf("%d accounts, want one more by the other terminal", n)
	}
	for i := range 10 { // a clock that runs ahead makes no new day
		e := hall.newAccount(fmt.Sprint("tomorrow ", i), 0)
		e.At = time.Now().AddDate(0, 0, i+1).UnixMilli()
		hall.report(e)
	}
	if n := len(w.accounts()); n != 7 {
		t.Errorf("%d accounts, want none more by a clock that is ahead", n)
	}
	w.set("quota_site", "4")
	two.report(two.newAccount("the eighth", 0), two.newAccount("the ninth", 0), two.newAccount("the eighth", 0))
	if n := len(w.accounts()); n != 8 {
		t.Errorf("%d accounts that nobody made their own, want twice the site's quota", n)
	}
}
