package fleet_test

import (
	"slices"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

func (w *world) publishNotice() {
	w.t.Helper()
	w.do(func(tx fleet.Tx) error {
		text := people.Words{French: "Vos données", English: "Your data"}
		_, err := people.PublishNotice(tx.Tx.Tx.Tx, people.Notice{Text: text, Short: text})
		return err
	})
}

func (w *world) answers(a people.Account) (all []people.Acknowledgement) {
	w.t.Helper()
	w.must(w.read(func(tx fleet.Tx) (err error) {
		all, err = tx.AnswersOf(a.ID)
		return err
	}))
	return all
}

// answered is the event of an answer at a panel.
func answered(a people.Account, reason wire.Reason, version uint64) wire.Event {
	return wire.Event{Kind: wire.EventNotice, Point: "hall", Outcome: wire.OutcomeGranted, Reason: reason, Account: a.ID[:], Count: version}
}

// S5.08: an answer at a panel is taken in once, with version, time and channel, and the
// terminals with panels learn that nobody need ask again. Doors never ask, and are told
// neither services nor the notice.
func TestAnAnswerAtAPanelIsTakenInOnce(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall, front := printing(w, "hall"), w.join("front")
	front.door = true
	front.hello()
	ada := w.account("Ada")
	w.pin(ada)
	w.publishNotice()
	hall.wait("the notice", func() bool { return hall.rows[wire.Services][wire.NoticeKey] != nil })
	hall.report(answered(ada, wire.ReasonNoticeAccepted, 1))
	hall.report(answered(ada, wire.ReasonNoticeAccepted, 1))
	got := w.answers(ada)
	if len(got) != 1 || got[0].Version != 1 || got[0].Answer != people.Accepted || got[0].Channel != people.OnPanel || got[0].Terminal != "hall" || got[0].At.IsZero() {
		t.Errorf("kept: %+v", got)
	}
	var o wire.Offer
	hall.wait("the agreement", func() bool {
		return wire.Unmarshal(hall.rows[wire.Offers][string(ada.ID[:])], &o) == nil && o.Agreed == 1
	})
	w.door("front")
	front.wait("what comes after all of that", func() bool { return len(front.rows[wire.Doors]) == 1 })
	if slices.Contains(front.first, wire.Services) || slices.Contains(front.first, wire.Offers) {
		t.Errorf("a terminal with doors only was told %v", front.first)
	}
}

// S5.08: a refusal is kept, and nothing else changes.
func TestARefusalAtAPanelIsKept(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := printing(w, "hall")
	ada := w.account("Ada")
	w.pin(ada)
	w.publishNotice()
	hall.report(answered(ada, wire.ReasonNoticeRefused, 1))
	if got := w.answers(ada); len(got) != 1 || got[0].Answer != people.Declined || w.accounts()[ada.ID].State != people.Active {
		t.Errorf("kept: %+v", got)
	}
}

// A terminal is believed no further than its place: not for somebody who cannot have logged
// in there, nor about a version that there is not, nor with another answer; and what makes
// no sense stops nothing.
func TestAnswersThatAreNotBelieved(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := printing(w, "hall")
	ada, eve := w.account("Ada"), w.account("Eve")
	w.pin(ada)
	w.publishNotice()
	nobody := people.Account{ID: fleet.ID{9}}
	hall.report(answered(eve, wire.ReasonNoticeAccepted, 1), answered(ada, wire.ReasonNoticeAccepted, 2),
		answered(ada, wire.ReasonNoticeAccepted, 0), answered(ada, wire.ReasonSignedOut, 1), answered(nobody, wire.ReasonNoticeAccepted, 1),
		wire.Event{Kind: wire.EventNotice, Reason: wire.ReasonNoticeAccepted, Count: 1})
	if got := append(w.answers(ada), w.answers(eve)...); len(got) != 0 {
		t.Errorf("believed: %+v", got)
	}
}

// added is the event of a card that was presented in a session by PIN.
func (w *world) added(a people.Account, number string) wire.Event {
	card := w.key.Card(number)
	return wire.Event{
		Kind: wire.EventEnrolment, Point: "hall", Outcome: wire.OutcomeGranted, Reason: wire.ReasonCardAdded,
		Account: a.ID[:], Card: card[:], Assurance: wire.AssurancePACS,
	}
}

// S1.28: a card that somebody added at a panel, logged in by PIN, is theirs at the hub too,
// once; who has none, or is logged in nowhere, is not believed, and another's card stays
// another's, before an operator.
func TestACardThatWasAddedAtAPanel(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := printing(w, "hall")
	ada, eve := w.account("Ada"), w.account("Eve")
	w.pin(ada)
	hall.report(w.added(ada, "1"), w.added(ada, "1"), w.added(eve, "2"), w.added(people.Account{ID: fleet.ID{9}}, "3"))
	cards := w.cards()
	if got := cards[w.key.Card("1")]; len(cards) != 1 || got.Account != ada.ID || got.State != access.CardActive {
		t.Errorf("cards %+v", cards)
	}
	w.pin(eve)
	hall.report(w.added(eve, "1"))
	if got := w.cards()[w.key.Card("1")]; got.Account != ada.ID || got.State != access.CardActive || len(w.conflicts(w.key.Card("1"))) != 1 {
		t.Errorf("another's card: %+v, %d before the operator", got, len(w.conflicts(w.key.Card("1"))))
	}
}

// A PIN opens no door, and a stolen terminal must not make a card that does: of somebody with
// a right at a door, of their own or of a group, an added card waits for a confirmation.
func TestACardThatWasAddedOpensNoDoorByItself(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := printing(w, "hall")
	w.door("front")
	ada, eve, bob := w.account("Ada"), w.account("Eve"), w.account("Bob")
	w.grant(ada, "front", false)
	w.grant(bob, "front", true)
	w.do(func(tx fleet.Tx) error {
		g, err := people.AddGroup(tx.Tx.Tx.Tx, "Staff")
		if err == nil {
			_, err = people.SetMember(tx.Tx.Tx.Tx, g, eve.ID, true)
		}
		if err == nil {
			_, _, err = access.AddGrant(tx.Tx.Tx, access.NewGrant{Group: "Staff", Door: "front"})
		}
		return err
	})
	for i, a := range []people.Account{ada, eve, bob} {
		w.pin(a)
		number := string(rune('1' + i))
		hall.report(w.added(a, number))
		want := access.CardPending
		if a.ID == bob.ID { // who is only denied
			want = access.CardActive
		}
		if got := w.cards()[w.key.Card(number)]; got.State != want {
			t.Errorf("%s's card is %s, want %s", a.First, got.State, want)
		}
	}
}
