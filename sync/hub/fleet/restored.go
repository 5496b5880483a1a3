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
//   - revisions go on far above all that can have been sent: whoever has one between is of
//     the time that is lost, however much happens at the hub until they speak,
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
	// revisionsAside are given up of each collection: more than anybody makes between two backups.
	revisionsAside = 1 << 30
	// mostAhead bounds by how much a terminal is believed to be ahead.
	mostAhead        = 1 << 40
	mostNumbersAhead = 100_000
)

// Restore is what is known to be missing after the hub was put back to a backup.
type Restore struct {
	Terminals map[string]Ahead `json:"terminals"` // that are ahead of the hub
	Numbers   [2]uint64        `json:"numbers"`   // from, to: given up
	// Lost are the revisions of each collection that no terminal can have of this hub, but
	// of what it was before it was put back: above the first, up to the second.
	Lost map[string][][2]uint64 `json:"lost,omitempty"`
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
	a, r, err := lastRestore(tx)
	if err != nil {
		return err
	}
	a, r = openRestore(tx, a, r)
	if err := r.jumpRevisions(tx); err != nil {
		return err
	}
	if err := r.jumpNumbers(tx, 0); err != nil {
		return err
	}
	a.Last = tx.Now
	if a.Detail, err = json.Marshal(r); err != nil {
		return err
	}
	return tx.PutAlarm(a)
}

// lastRestore is the last alarm of a restored hub, open or not; its ID is 0 if there was none.
func lastRestore(tx Tx) (a Alarm, r Restore, err error) {
	a, err = tx.LastAlarm(HubRestored, "")
	if errors.Is(err, people.ErrNotFound) {
		return Alarm{}, Restore{}, nil
	}
	if err == nil {
		r, err = RestoreOf(a)
	}
	return a, r, err
}

// RestoreOf is what an alarm of a restored hub knows.
func RestoreOf(a Alarm) (r Restore, err error) {
	if err := json.Unmarshal(a.Detail, &r); err != nil {
		return r, fmt.Errorf("read alarm %d: %w", a.ID, err)
	}
	return r, nil
}

// openRestore is the last alarm if it is open, or else a new one, which knows what was lost before.
func openRestore(tx Tx, last Alarm, r Restore) (Alarm, Restore) {
	if last.isOpen() {
		return last, r
	}
	return Alarm{Kind: HubRestored, First: tx.Now, Last: tx.Now}, Restore{Terminals: map[string]Ahead{}, Lost: r.Lost}
}

// noticeAhead finds out whether a terminal is ahead of the hub, and reports whether it is to
// keep the rows that it has.
func (h *Hub) noticeAhead(tx Tx, src Source, m wire.Hello) (held bool, err error) {
	last, r, err := lastRestore(tx)
	if err != nil {
		return false, err
	}
	ahead, err := aheadOf(tx, src, m, r.findLost(last, src.Terminal))
	if err != nil || ahead.isNothing() {
		return false, err
	}
	if !last.Done.IsZero() && len(ahead.Collections) == 0 && ahead.Highest == 0 {
		h.log.Warn("a terminal sends events again that the hub lost when it was put back to a backup",
			"terminal", src.Terminal, "events", ahead.Events)
		return false, nil
	}
	a, r := openRestore(tx, last, r)
	if a.ID == 0 {
		if err := r.jumpRevisions(tx); err != nil {
			return false, err
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

// aheadOf finds what a terminal has and the hub does not. findLost does so for a revision that
// is below the hub's.
func aheadOf(tx Tx, src Source, m wire.Hello, findLost func(wire.Collection, uint64) (Gap, bool)) (a Ahead, err error) {
	for _, v := range m.Vector {
		if v.Collection == wire.Leases || v.Rev == 0 || !wire.Known(v.Collection) {
			continue
		}
		st, err := tx.RowState(v.Collection, "")
		if err != nil {
			return a, err
		}
		gap, isLost := Gap{st.Rev, v.Rev}, v.Rev > st.Rev && v.Rev-st.Rev <= mostAhead || v.Rev == st.Rev && v.Hash != st.Hash
		if v.Rev < st.Rev && v.Hash != st.Hash {
			gap, isLost = findLost(v.Collection, v.Rev)
		}
		if !isLost {
			continue
		}
		if a.Collections == nil {
			a.Collections = map[string]Gap{}
		}
		a.Collections[v.Collection.String()] = gap
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

// findLost gives the function that finds a terminal's revision in the time that is lost. What an
// operator has acknowledged counts no more.
func (r Restore) findLost(a Alarm, terminal string) func(wire.Collection, uint64) (Gap, bool) {
	seen := map[string]uint64{}
	if !a.isOpen() {
		seen = r.highest()
	}
	return func(c wire.Collection, rev uint64) (Gap, bool) {
		if gap, had := r.Terminals[terminal].Collections[c.String()]; had && a.isOpen() && rev == gap.Terminal {
			return gap, true
		}
		for _, lost := range r.Lost[c.String()] {
			if rev > lost[0] && rev <= lost[1] && rev > seen[c.String()] {
				return Gap{lost[0], rev}, true
			}
		}
		return Gap{}, false
	}
}

// highest are the last revisions of collections that terminals were found to have.
func (r Restore) highest() map[string]uint64 {
	out := map[string]uint64{}
	for _, t := range r.Terminals {
		for name, gap := range t.Collections {
			out[name] = max(out[name], gap.Terminal)
		}
	}
	return out
}

// jumpRevisions lets revisions go on where none can have been sent.
func (r *Restore) jumpRevisions(tx Tx) error {
	if r.Lost == nil {
		r.Lost = map[string][][2]uint64{}
	}
	for _, c := range publish.Collections {
		if c == wire.Leases {
			continue
		}
		st, err := tx.RowState(c, "")
		if err != nil {
			return err
		}
		lost := [2]uint64{st.Rev, st.Rev + revisionsAside}
		if err := tx.RaiseRev(c, "", lost[1]); err != nil {
			return err
		}
		r.Lost[c.String()] = append(r.Lost[c.String()], lost)
	}
	return nil
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
	r, err := RestoreOf(a)
	if err != nil {
		return err
	}
	above := r.highest()
	for _, c := range publish.Collections {
		if above[c.String()] == 0 {
			continue
		}
		if err := tx.RaiseRev(c, "", above[c.String()]); err != nil {
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
