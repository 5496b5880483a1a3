package fleet

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/wire"
)

// A hub whose database was put back to a backup has lost what came after it. A terminal
// that has a later revision, number or watermark than the hub proves it. From then on
//
//   - numbers go on far above all that can have been lent, and those between are believed to
//     be lent to whoever gave them away,
//   - terminals send again the events that the hub lacks,
//   - terminals that are ahead keep the rows that they have, revocations too, until an
//     operator has seen what is missing and acknowledges. Then revisions are raised above
//     theirs, and they take what the hub has.

const (
	lostScope = "restored" // of numbers that were lent after the backup
	// numbersAside are given up at least, and numbers go on at a multiple of numbersRound.
	numbersAside = 5000
	numbersRound = 10000
	// mostAhead bounds by how much a terminal is believed to be ahead.
	mostAhead        = 1 << 40
	mostNumbersAhead = 100_000
)

// Restore is what is known to be missing after the hub was put back to a backup.
type Restore struct {
	Terminals map[string]Ahead `json:"terminals"` // that are ahead of the hub
	Numbers   [2]uint64        `json:"numbers"`   // from, to: given up
}

// Ahead is what one terminal has and the hub does not.
type Ahead struct {
	Collections map[string]Gap `json:"collections,omitempty"`
	Events      uint64         `json:"events,omitempty"`  // that the hub had acknowledged
	Highest     uint64         `json:"highest,omitempty"` // number that was lent to it
}

// Gap is how far both are with a collection. Each step from Hub to Terminal is a change
// that somebody made after the backup.
type Gap struct {
	Hub      uint64 `json:"hub"`
	Terminal uint64 `json:"terminal"`
}

// MarkRestored notes in a database that was just put back that it was.
func MarkRestored(tx Tx) error {
	a, err := openAlarm(tx, HubRestored, "")
	if err != nil || a.ID != 0 {
		return err
	}
	r := Restore{Terminals: map[string]Ahead{}}
	if err := r.jumpNumbers(tx, 0); err != nil {
		return err
	}
	if a.Detail, err = json.Marshal(r); err != nil {
		return err
	}
	return tx.PutAlarm(a)
}

// noticeAhead finds out whether a terminal is ahead of the hub, and reports whether it is to
// keep the rows that it has.
func (h *Hub) noticeAhead(tx Tx, src Source, m wire.Hello) (held bool, err error) {
	ahead, err := aheadOf(tx, src, m)
	if err != nil || ahead.isNothing() {
		return false, err
	}
	last, err := tx.LastAlarm(HubRestored, "")
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		return false, err
	}
	if err == nil && !last.Done.IsZero() && len(ahead.Collections) == 0 && ahead.Highest == 0 {
		h.log.Warn("a terminal sends events again that the hub lost when it was put back to a backup",
			"terminal", src.Terminal, "events", ahead.Events)
		return false, nil
	}
	a, err := openAlarm(tx, HubRestored, "")
	if err != nil {
		return false, err
	}
	r := Restore{Terminals: map[string]Ahead{}}
	if a.ID != 0 {
		if err := json.Unmarshal(a.Detail, &r); err != nil {
			return false, fmt.Errorf("read alarm %d: %w", a.ID, err)
		}
	}
	if a.ID == 0 || ahead.Highest > 0 {
		if err := r.jumpNumbers(tx, ahead.Highest); err != nil {
			return false, err
		}
	}
	r.add(src.Terminal, ahead)
	return len(ahead.Collections) > 0, h.putAlarm(tx, a, r)
}

// add keeps of a terminal the most that it was ahead.
func (r *Restore) add(terminal string, now Ahead) {
	before := r.Terminals[terminal]
	for name, gap := range before.Collections {
		if _, still := now.Collections[name]; !still {
			if now.Collections == nil {
				now.Collections = map[string]Gap{}
			}
			now.Collections[name] = gap
		}
	}
	now.Events, now.Highest = max(now.Events, before.Events), max(now.Highest, before.Highest)
	r.Terminals[terminal] = now
}

func (a Ahead) isNothing() bool { return len(a.Collections) == 0 && a.Events == 0 && a.Highest == 0 }

func aheadOf(tx Tx, src Source, m wire.Hello) (a Ahead, err error) {
	for _, v := range m.Vector {
		if v.Collection == wire.Leases || v.Rev == 0 || !wire.Known(v.Collection) {
			continue
		}
		st, err := tx.RowState(v.Collection, "")
		if err != nil {
			return a, err
		}
		if v.Rev < st.Rev || v.Rev == st.Rev && v.Hash == st.Hash || v.Rev-st.Rev > mostAhead {
			continue
		}
		if a.Collections == nil {
			a.Collections = map[string]Gap{}
		}
		a.Collections[v.Collection.String()] = Gap{st.Rev, v.Rev}
	}
	for stream, n := range m.Acked {
		if n > src.Upto[stream] && n <= mostAhead {
			a.Events += n - src.Upto[stream]
		}
	}
	given, err := tx.Counter(numbersCounter)
	if m.Highest > given && m.Highest-given <= mostNumbersAhead {
		a.Highest = m.Highest
	}
	return a, err
}

// numbersCounter counts the numbers that were given out.
const numbersCounter = "numbers"

// jumpNumbers lets numbers go on where none can have been lent. What lies between was lent
// to databases that the hub knows nothing of.
func (r *Restore) jumpNumbers(tx Tx, highest uint64) error {
	given, err := tx.Counter(numbersCounter)
	if err != nil {
		return err
	}
	next := (max(given, highest) + numbersAside + numbersRound - 1) / numbersRound * numbersRound
	if next > mostNumber || next <= given {
		return nil
	}
	first, err := tx.TakeNumbers(next - given)
	if err != nil {
		return err
	}
	if r.Numbers[0] == 0 {
		r.Numbers[0] = first
	}
	r.Numbers[1] = next
	return tx.PutBlock(Block{First: first, Last: next, Scope: lostScope, Granted: tx.Now, Spent: true})
}

// raiseRevisions takes the revisions of all collections above those of the terminals that
// were ahead, so that these take what the hub has.
func raiseRevisions(tx Tx, a Alarm) error {
	var r Restore
	if err := json.Unmarshal(a.Detail, &r); err != nil {
		return fmt.Errorf("read alarm %d: %w", a.ID, err)
	}
	above := map[wire.Collection]uint64{}
	for _, t := range r.Terminals {
		for name, gap := range t.Collections {
			if c, ok := wire.Parse[wire.Collection](name); ok {
				above[c] = max(above[c], gap.Terminal)
			}
		}
	}
	for _, c := range publish.Collections {
		if above[c] == 0 {
			continue
		}
		if err := tx.RaiseRev(c, "", above[c]); err != nil {
			return err
		}
	}
	return nil
}

// releaseHeld lets the terminals that kept what they had take what the hub has.
func (h *Hub) releaseHeld() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if s.held.Swap(false) {
			s.poke()
		}
	}
}

// Backup writes the site to a file with write, and then lets terminals forget the events
// that are in it.
func (h *Hub) Backup(ctx context.Context, write func() error) error {
	var held []Source
	err := h.store.Read(ctx, func(tx Tx) error {
		held = nil
		return tx.EachTerminal(func(t Terminal) error {
			return tx.EachSource(t.Name, func(s Source) error {
				held = append(held, s)
				return nil
			})
		})
	})
	if err == nil {
		err = write()
	}
	if err != nil {
		return err
	}
	return h.store.Write(ctx, audit.Actor{Kind: audit.System, Via: "backup"}, func(tx Tx) error {
		for _, s := range held {
			if err := tx.PutSafe(s); err != nil {
				return err
			}
		}
		return nil
	})
}
