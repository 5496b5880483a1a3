package fleet_test

import (
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
)

// S5.10: passages are kept 3 months by default, and what a terminal tells again of those
// that are forgotten makes none of them anew.
func TestEventsAreKeptAsLongAsTheSiteSays(t *testing.T) {
	w := newWorld(t, t.TempDir())
	hall := w.join("hall")
	hall.hello()
	hall.report(swipe(), swipe())
	now := time.Now()
	at := func(when time.Time) {
		w.now.Store(&when)
		w.must(w.hub.Retain(t.Context()))
	}
	at(now.AddDate(0, 2, 0))
	if n := len(w.events()); n != 2 {
		t.Errorf("after two months %d events are left, want 2", n)
	}
	later := now.AddDate(0, 3, 1)
	w.now.Store(&later)
	hall.report(swipe())
	at(later)
	if events := w.events(); len(events) != 1 || events[0].Seq != 3 {
		t.Errorf("after three months %d events are left, want the new one", len(events))
	}
	hall.hello()
	hall.report(swipe())
	if events := w.events(); len(events) != 2 || events[1].ID != 4 {
		t.Errorf("the next event: %+v", events)
	}
	at(later.AddDate(1, 0, 0))
	if n := len(w.events()); n != 0 {
		t.Errorf("a year later %d events are left", n)
	}
}

// PEOPLE §5.10: mails are kept 30 days by default.
func TestMailsAreKeptAsLongAsTheSiteSays(t *testing.T) {
	w := newWorld(t, t.TempDir())
	count := func() (n int) {
		w.must(w.store.Read(t.Context(), func(tx fleet.Tx) error {
			page, _, err := tx.ListMails(mail.Query{Limit: 9})
			n = len(page)
			return err
		}))
		return n
	}
	w.must(w.store.Write(t.Context(), audit.Actor{Kind: audit.System}, func(tx fleet.Tx) error {
		return mail.Queue(tx.Tx.Tx.Tx.Tx, mail.New{Purpose: mail.Test, To: "ada@example.com"})
	}))
	for _, c := range []struct{ days, want int }{{29, 1}, {31, 0}} {
		at := time.Now().AddDate(0, 0, c.days)
		w.now.Store(&at)
		w.must(w.hub.Retain(t.Context()))
		if got := count(); got != c.want {
			t.Errorf("after %d days: %d, want %d", c.days, got, c.want)
		}
	}
}
