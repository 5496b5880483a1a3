package agent

import (
	"strconv"
	"sync"
	"time"

	"badged/enroll"
	"badged/internal/health"
	"badged/reader"
)

// Reads counts the reads of a reader since the agent started: badges and faults. A zero time:
// none yet.
type Reads struct {
	Badges, Faults       uint64
	LastBadge, LastFault time.Time
}

// The bounds of the suspicion that something is wrong with a reader: one bad read is
// noise, a few in a row are a fault.
const (
	recentReads   = 10
	suspectFaults = 3 // of the recent ones
	clearedBy     = 3 // good ones in a row
)

// cutUID stands in the statistics for badges whose serial number the reader cuts.
const cutUID reader.Why = "cut_uid"

// reads counts the reads of a reader, and suspects the reader when too many are bad.
//
//	         suspectFaults of the last recentReads are bad
//	(well) -----------------------------------------------> suspect
//	   ^                                                       |
//	   +-------------------------------------------------------+
//	         clearedBy good ones in a row
type reads struct {
	mu    sync.Mutex // guards count
	count Reads

	// What follows is the turn's.
	recent  []reader.Why // the last recentReads; empty: a good one
	good    int          // in a row
	suspect bool
}

// addRead counts one read, which is bad unless why is empty, and reports whether the suspicion has
// changed.
func (r *reads) addRead(now time.Time, why reader.Why) (changed bool) {
	r.countUp(now, why)
	r.recent = append(r.recent, why)
	if len(r.recent) > recentReads {
		r.recent = r.recent[1:]
	}
	if why == "" {
		r.good++
	} else {
		r.good = 0
	}
	before := r.suspect
	switch {
	case r.good >= clearedBy:
		r.suspect, r.recent = false, nil
	case r.countBad() >= suspectFaults:
		r.suspect = true
	}
	return r.suspect != before
}

func (r *reads) countUp(now time.Time, why reader.Why) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if why == "" {
		r.count.Badges++
		r.count.LastBadge = now
		return
	}
	r.count.Faults++
	r.count.LastFault = now
}

func (r *reads) countBad() (n int) {
	for _, why := range r.recent {
		if why != "" {
			n++
		}
	}
	return n
}

// snapshot is what was counted so far. It is safe outside a turn.
func (r *reads) snapshot() Reads {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.count
}

// Reads tells what the reader of this name has brought; false: there is none.
func (a *Agent) Reads(name string) (Reads, bool) {
	for _, d := range a.devices {
		if d.name == name {
			return d.reads.snapshot(), true
		}
	}
	return Reads{}, false
}

// countRead counts a read, and shows in health when most reads of a reader are useless, so that
// it refuses people or does not react to them.
func (a *Agent) countRead(d *device, why reader.Why) {
	if !d.reads.addRead(time.Now(), why) {
		return
	}
	it := health.Item{Name: d.healthName() + " badges"}
	if d.reads.suspect {
		it = describeReads(it.Name, d.name, d.reads.countBad(), len(d.reads.recent), why)
		a.log.Warn("most of what the reader gives cannot be used", "reader", d.name, "why", string(why))
	} else {
		a.log.Info("the reader gives good badges again", "reader", d.name)
	}
	a.opts.Health.Set(it)
}

func describeReads(item, name string, bad, of int, why reader.Why) health.Item {
	it := health.Item{Name: item, State: health.Warn}
	count := strconv.Itoa(bad) + " of the last " + strconv.Itoa(of) + " badges at reader " + name
	switch why {
	case reader.BadNumber:
		it.Text = count + " do not fit its number rule"
		it.Do = "correct number = in the configuration; badgectl card learn finds the rule from three badges"
	case cutUID:
		it.Text = count + " are cut: the reader gives four bytes, beginning with 88, of a serial number of seven, and others share them"
		it.Do = "set the reader to give whole serial numbers (docs/readers.md)"
	default:
		it.Text = count + " could not be read (" + string(why) + ")"
		it.Do = "check its wiring, speed (baud) and protocol; docs/readers.md says what each fault means"
	}
	return it
}

// readOutcome is why a cleanly read card is still useless; empty: it is not.
func readOutcome(dec enroll.Decision) reader.Why {
	if dec.Reason == enroll.CutUID {
		return cutUID
	}
	return ""
}
