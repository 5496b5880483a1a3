package syncsim

import (
	"context"
	"maps"
	"slices"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/wire"
)

// oracle is what the simulation remembers of what people saw and operators did.
type oracle struct {
	told    map[uint64][]people.ID // number → accounts whose people were told it, by the events that the hub has
	oneEach bool                   // no number may have been told to two people
	revoked map[string]bool        // badges that an operator took out of use
	seen    []fleet.Message        // that terminals sent, for the rogue
	members []string               // badges of members that the hub knows
	hubPast []hubImage
	ended   map[string]uint64 // retired databases → events that the hub had of them then
}

func newOracle() oracle {
	return oracle{told: map[uint64][]people.ID{}, revoked: map[string]bool{}, ended: map[string]uint64{}}
}

func (w *world) tellNumber(n uint64, account people.ID) {
	if !slices.Contains(w.told[n], account) {
		w.told[n] = append(w.told[n], account)
	}
}

// check holds the site against what everybody was told. The faults are over, and everything
// had time to be heard.
func (w *world) check() {
	if len(w.problems) > 0 {
		return
	}
	w.checkEvents()
	w.checkNumbers()
	w.read(w.checkRetired)
	for _, b := range w.boxes {
		if !b.removed {
			w.checkBox(b)
		}
	}
}

// checkEvents: every event that is on a disk is at the hub, once, with its effect.
func (w *world) checkEvents() {
	at := map[string]int{}
	accounts := map[people.ID]bool{}
	w.read(func(tx fleet.Tx) error {
		for after := uint64(0); ; {
			page, err := fleet.EventsAfter(tx, after, 0)
			if err != nil || len(page) == 0 {
				return err
			}
			for _, e := range page {
				var card, account [16]byte
				copy(card[:], e.Card)
				copy(account[:], e.Account)
				at[identity(e.Terminal, e.Record.Order, uint64(e.Kind), uint64(e.Reason), card, account, e.Number, e.At)]++
				if e.Kind == wire.EventEnrolment && e.Reason == wire.ReasonNewAccount {
					accounts[account] = true
					if e.Number > 0 {
						w.tellNumber(e.Number, account)
					}
				}
				after = e.ID
			}
		}
	})
	for id, n := range at {
		if n > 1 {
			w.wrong("the hub has an event %d times: %s", n, id)
		}
	}
	for _, b := range w.boxes {
		for _, id := range b.events {
			if !b.removed && at[id] == 0 {
				w.wrong("the hub lacks an event of %s: %s", b.path, id)
			}
		}
	}
	w.read(func(tx fleet.Tx) error {
		for id := range accounts {
			if _, err := tx.Account(id); err != nil {
				w.wrong("the hub lacks account %x, of which it has the event: %v", id[:4], err)
			}
		}
		return nil
	})
}

// checkNumbers: whoever was told a number goes by it, or is found by it at least.
func (w *world) checkNumbers() {
	w.read(func(tx fleet.Tx) error {
		for _, n := range slices.Sorted(maps.Keys(w.told)) {
			if w.oneEach && len(w.told[n]) > 1 {
				w.wrong("number %d was told to %d people", n, len(w.told[n]))
			}
			for _, id := range w.told[n] {
				if _, err := tx.Account(id); err != nil {
					return err
				}
				seen, err := tx.SeenBy(n)
				if err != nil {
					return err
				}
				owner, err := tx.AccountByNumber(n)
				if (err != nil || owner.ID != id) && !slices.Contains(seen, id) {
					w.wrong("account %x was told number %d, which leads to %x", id[:4], n, owner.ID[:4])
				}
			}
		}
		owners := map[uint64]people.ID{}
		accounts, _, err := tx.ListAccounts(people.Query{Limit: 1000})
		for _, a := range accounts {
			for _, n := range append(slices.Clone(a.Aliases), a.Number) {
				if other, taken := owners[n]; taken && n > 0 && other != a.ID {
					w.wrong("number %d is of %x and of %x", n, other[:4], a.ID[:4])
				}
				owners[n] = a.ID
			}
		}
		return err
	})
}

// checkRetired: nothing is taken of a database that has ended.
func (w *world) checkRetired(tx fleet.Tx) error {
	return tx.EachTerminal(func(t fleet.Terminal) error {
		return tx.EachSource(t.Name, func(s fleet.Source) error {
			key, n := t.Name+people.HexID(s.Incarnation), s.Upto[wire.StreamEvents]+s.Upto[wire.StreamSecurity]
			if before, known := w.ended[key]; s.Retired && known && n != before {
				w.wrong("%d events of a database of %s that has ended", n-before, t.Name)
			}
			if s.Retired {
				w.ended[key] = n
			}
			return nil
		})
	})
}

// checkBox: a terminal has what the hub has, and nothing waits.
func (w *world) checkBox(b *box) {
	pos, err := b.store.Position(context.Background())
	w.must(err)
	w.read(func(tx fleet.Tx) error {
		for _, v := range pos.Vector {
			if !slices.Contains(publish.Collections, v.Collection) || v.Collection == wire.Leases {
				continue
			}
			st, err := tx.RowState(v.Collection, "")
			if err != nil {
				return err
			}
			if st.Hash != v.Hash {
				w.wrong("%s has other %s than the hub (revision %d, %d)", b.path, v.Collection, v.Rev, st.Rev)
			}
		}
		return nil
	})
	if st := b.store.Stats(); st.Outbox > 0 {
		w.wrong("%s keeps %d events for itself", b.path, st.Outbox)
	}
	if b.machine == nil || !b.machine.Connected() {
		w.wrong("%s is not connected", b.path)
	}
	report, err := b.store.Check(context.Background())
	w.must(err)
	for _, line := range report {
		w.wrong("%s: %s", b.path, line)
	}
	w.must(b.store.Verify(context.Background()))
	for badge := range w.revoked {
		if k, ok := b.store.Index().Card(siteKey.Card(badge), "front"); ok && k.Binding.State == 1 {
			w.wrong("%s still opens to %s, which was revoked", b.path, badge)
		}
	}
}

// openAlarms acknowledges alarms as an operator does who first does again what is missing.
func (w *world) openAlarms() {
	var open []fleet.Alarm
	w.read(func(tx fleet.Tx) error {
		return tx.EachAlarm(fleet.AlarmQuery{Open: true, Limit: 100}, func(a fleet.Alarm) error {
			open = append(open, a)
			return nil
		})
	})
	for _, a := range open {
		w.logf("alarm %s %s %s", a.Kind, a.Object, a.Detail)
		if a.Kind == fleet.HubRestored {
			for _, badge := range slices.Sorted(maps.Keys(w.revoked)) {
				w.revoke(badge)
			}
		}
		_, err := w.hub.Acknowledge(context.Background(), operator, a.ID)
		w.must(err)
	}
}
