package fleet_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

// The tests in this file play one stolen terminal identity that has the site key too: what
// it can do to a hub ends at its own place.

// edit is an edit of the account of a card that was never seen before.
func (t *terminal) edit(number, name, email string) wire.Event {
	card := t.w.key.Card(number)
	account := t.w.key.Anonymous(card)
	return wire.Event{Kind: wire.EventEdit, Outcome: wire.OutcomeGranted, Point: "print", Account: account[:], Card: card[:],
		Edit: &wire.Edit{Name: name, Email: email, Lang: "fr"}}
}

// TestEditsMakeNoAccounts: an edit brings an account back that time ended, never one that
// there was not: no quota would count it, and none of them would ever end.
func TestEditsMakeNoAccounts(t *testing.T) {
	w := newWorld(t, t.TempDir())
	stolen := w.join("stolen")
	stolen.hello()
	for i := range 5 {
		stolen.report(stolen.edit(fmt.Sprint("made up ", i), "Eve", "eve@example.com"))
	}
	if all := w.accounts(); len(all) != 0 {
		t.Errorf("%d accounts were made of edits", len(all))
	}
}

// TestAWrongClockMakesNoAccountsBeyondTheQuota: a terminal that spreads its accounts over the
// past gets no more of them than the site may have.
func TestAWrongClockMakesNoAccountsBeyondTheQuota(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.set("quota_day", "2")
	w.set("quota_site", "3")
	stolen := w.join("stolen")
	stolen.hello()
	for i := range 20 {
		e := stolen.newAccount(fmt.Sprint("made up ", i), 0)
		e.At = time.Now().AddDate(0, 0, -i).UnixMilli()
		stolen.report(e)
	}
	if all := w.accounts(); len(all) > 2*3 {
		t.Errorf("%d accounts", len(all))
	}
}

// TestAClockAheadMakesNoAccountThatLivesLonger: the life of an anonymous account begins when
// the hub hears of it at the latest.
func TestAClockAheadMakesNoAccountThatLivesLonger(t *testing.T) {
	w := newWorld(t, t.TempDir())
	stolen := w.join("stolen")
	stolen.hello()
	e := stolen.newAccount("1", 0)
	e.At = time.Now().AddDate(300, 0, 0).UnixMilli()
	stolen.report(e)
	for _, a := range w.accounts() {
		if a.Expires.After(time.Now().AddDate(0, 2, 0)) {
			t.Errorf("an account that nobody made their own lives until %s", a.Expires)
		}
	}
}

// TestOneTerminalStopsNoOther: whatever an event says, the frames of others that are stored
// with it are stored, and its own stream goes on.
func TestOneTerminalStopsNoOther(t *testing.T) {
	far := int64(1) << 62
	for name, e := range map[string]wire.Event{
		"NUL":                 {Kind: wire.EventEdit, Outcome: 1, Point: "p\x00", Label: "\x00", Edit: &wire.Edit{Name: "a\x00", Email: "\x00@x", Lang: "\x00"}},
		"numbers":             {Kind: 2, Outcome: 1, Reason: 2, Number: 1<<64 - 1, At: far, Count: 1<<64 - 1},
		"negative times":      {Kind: 2, Outcome: 1, Reason: 2, At: -far, Mono: -far},
		"claims closed":       {Kind: wire.EventDevice, Reason: wire.ReasonClaimsClosed, Count: 1<<64 - 1},
		"wrong code":          {Kind: 1, Outcome: 2, Reason: wire.ReasonCodeRefused, At: far},
		"wrong code long ago": {Kind: 1, Outcome: 2, Reason: wire.ReasonCodeRefused, At: 1},
		"far edit":            {Kind: wire.EventEdit, Outcome: 1, At: far, Edit: &wire.Edit{Name: "Eve", Email: "eve@example.com", Lang: "fr"}},
		"far claim":           {Kind: 2, Outcome: 1, Reason: 3, At: far, Claim: make([]byte, 16)},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			stolen := w.join("stolen")
			stolen.hello()
			card := w.key.Card("1")
			account := w.key.Anonymous(card)
			stolen.report(stolen.newAccount("1", 0))
			e.Card, e.Account = card[:], account[:]
			stolen.report(e)
			stolen.report(swipe())
		})
	}
}

// TestAMergedAccountWhoseHeirIsGone: the badge of an account that was merged into one that
// time, or an operator, ended begins anew, and stops no stream.
func TestAMergedAccountWhoseHeirIsGone(t *testing.T) {
	ends := map[string]func(*world, people.ID){
		"purged": func(w *world, _ people.ID) { w.must(w.tidy(time.Now().AddDate(1, 0, 0))) },
		"erased": func(w *world, id people.ID) {
			w.do(func(tx fleet.Tx) error { return access.Erase(tx.Tx.Tx, id) })
		},
	}
	for name, end := range ends {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t, t.TempDir())
			term := w.join("print1")
			term.hello()
			term.report(term.newAccount("1", 0), term.newAccount("2", 0))
			first, heir := w.key.Anonymous(w.key.Card("1")), w.key.Anonymous(w.key.Card("2"))
			w.do(func(tx fleet.Tx) error {
				_, err := access.Merge(tx.Tx.Tx, first, heir)
				return err
			})
			end(w, heir)
			term.wait("leases", func() bool { return len(term.numbers()) > 0 })
			term.report(term.newAccount("1", slices.Max(term.numbers())), swipe())
			c, ok := w.cards()[w.key.Card("1")]
			if a := w.accounts()[c.Account]; !ok || c.State != access.CardActive || a.State != people.Active {
				t.Errorf("the card is %+v of %+v", c.Card, a)
			}
		})
	}
}

// TestHostileHello: a hello with texts and numbers that no database keeps harms only its own
// terminal.
func TestHostileHello(t *testing.T) {
	w := newWorld(t, t.TempDir())
	stolen, other := w.join("stolen"), w.join("hall")
	other.hello()
	for _, m := range []wire.Hello{
		{Agent: "\x00"}, {Agent: strings.Repeat("x", 10000)}, {Doors: []string{"\x00"}}, {Doors: slices.Repeat([]string{"d"}, 1000)},
		{Next: map[wire.Stream]uint64{1: 1<<64 - 1, 77: 1<<64 - 1}},
		{Vector: []wire.CollectionState{{Collection: 99, Rev: 1<<64 - 1, NotUnderstood: 1<<64 - 1}}},
	} {
		m.MinVersion, m.MaxVersion, m.Nonce, m.Incarnation = 1, 1, fleet.ID{1}, stolen.inc
		stolen.send(wire.MsgHello, m)
		other.report(swipe())
	}
}

// O4: of accounts that were merged into an erased one nothing is left either, which
// were the same person's.
func TestNothingIsLeftOfWhoWasErased(t *testing.T) {
	w := newWorld(t, t.TempDir())
	term := w.join("print1")
	term.hello()
	first, last := profile.SplitName("Augusta Byron")
	var former people.Account
	w.do(func(tx fleet.Tx) (err error) {
		former, err = people.Add(tx.Tx.Tx.Tx, people.New{First: first, Last: last, State: people.Active, Email: "augusta@example.com", External: "x-augusta"})
		return err
	})
	ada := w.account("Ada Byron")
	w.do(func(tx fleet.Tx) error {
		_, err := access.Merge(tx.Tx.Tx, former.ID, ada.ID)
		return err
	})
	w.do(func(tx fleet.Tx) error { return access.Erase(tx.Tx.Tx, ada.ID) })
	for _, a := range w.accounts() {
		if text := fmt.Sprintf("%+v", a); strings.Contains(text, "ugusta") {
			t.Errorf("still there: %s", text)
		}
	}
	w.must(w.read(func(tx fleet.Tx) error {
		return tx.ListAudit(audit.Query{Limit: 1000}, func(e audit.Entry) error {
			if strings.Contains(string(e.Before)+string(e.After), "ugusta") {
				t.Errorf("still in the log: %s %s", e.Before, e.After)
			}
			return nil
		})
	}))
	term.wait("row without the name", func() bool {
		for _, body := range term.rows[wire.Accounts] {
			if strings.Contains(string(body), "ugusta") {
				return false
			}
		}
		return len(term.rows[wire.Accounts]) == 2
	})
}

// TestAStolenTerminalEditsOnlyAfterALogIn: the id of a card, which a terminal has of all its
// people, is not enough to say that somebody changed a profile. The terminal must be a print point,
// and must have told before that the account logged in there; and the name waits for her.
func TestAStolenTerminalEditsOnlyAfterALogIn(t *testing.T) {
	w := newWorld(t, t.TempDir())
	w.door("front")
	stolen := w.join("stolen")
	stolen.doors = []string{"side"}
	stolen.hello()
	ada := w.account("Ada")
	card := w.key.Card("ada's")
	stolen.report(w.bound(ada.ID, w.claim(ada).ID, "ada's"))
	event := func(kind wire.EventKind, point, name string) wire.Event {
		e := wire.Event{Kind: kind, Outcome: wire.OutcomeGranted, Reason: wire.ReasonKnownCard, Point: point, Account: ada.ID[:], Card: card[:]}
		if kind == wire.EventEdit {
			e.Edit = &wire.Edit{Name: name, Lang: "fr"}
		}
		return e
	}
	routine := func(e wire.Event) {
		t.Helper()
		f := stolen.frame(wire.StreamEvents, e)
		stolen.send(wire.MsgEvents, f)
		stolen.ack(func(a wire.Ack) bool { return a.Upto[wire.StreamEvents] == f.First })
	}
	is := func(about, want string) {
		t.Helper()
		got, kept := "", w.keptEdits(ada)
		if len(kept) > 0 {
			got = kept[len(kept)-1].After.Name
		}
		if name := w.accounts()[ada.ID].FullName(); got != want || name != "Ada Byron" {
			t.Errorf("%s: %q waits for her, want %q; she is %q", about, got, want, name)
		}
	}
	stolen.report(event(wire.EventEdit, "front", "At A Door"), event(wire.EventEdit, "side", "At Its Door"))
	is("edits at doors", "")
	late := stolen.frame(wire.StreamSecurity, event(wire.EventEdit, "print", "Without Login"))
	routine(event(wire.EventPresentation, "other", ""))
	stolen.send(wire.MsgSecurity, late)
	stolen.report(swipe())
	is("a log-in elsewhere", "")
	routine(event(wire.EventPresentation, "print", ""))
	stolen.report(event(wire.EventEdit, "print", "Ada Lovelace"))
	is("after a log-in", "Ada Lovelace")
	for i := range 12 {
		var many []wire.Event
		for j := range 50 {
			many = append(many, event(wire.EventEdit, "print", fmt.Sprint("Name Number", 50*i+j)))
		}
		stolen.report(many...)
	}
	is("more edits than people make", "Name Number498")
}

// TestMergeRequestsOfOneTerminalAreBounded: who types addresses at one panel neither fills
// the list of what waits for an answer, nor keeps others out of it.
func TestMergeRequestsOfOneTerminalAreBounded(t *testing.T) {
	w := newWorld(t, t.TempDir())
	stolen, hall := w.join("stolen"), w.join("hall")
	stolen.hello()
	hall.hello()
	owner := w.account("Ada")
	w.do(func(tx fleet.Tx) error {
		email := "ada@example.com"
		_, err := people.Change(tx.Tx.Tx.Tx, owner.ID, people.Changes{Email: &email})
		return err
	})
	w.set("quota_day", "1000")
	for i := range 110 {
		number := fmt.Sprint("made up ", i)
		stolen.report(stolen.newAccount(number, 0), stolen.edit(number, "Eve Mallory", "ada@example.com"))
	}
	hall.report(hall.newAccount("honest", 0), hall.edit("honest", "Ada Byron", "ada@example.com"))
	of := map[string]int{}
	w.do(func(tx fleet.Tx) error {
		all, err := tx.MergeRequests(people.ID{})
		for _, m := range all {
			of[m.Terminal]++
		}
		return err
	})
	if of["stolen"] != 100 || of["hall"] != 1 {
		t.Errorf("requests by terminal: %v", of)
	}
}
