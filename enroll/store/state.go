package store

import (
	"cmp"
	"crypto/rand"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"

	"badged/sync/wire"
)

// streams are the streams of events; arrays over them are indexed by stream.
var streams = [...]wire.Stream{wire.StreamEvents, wire.StreamSecurity}

type perStream [1 + len(streams)]int64

type perChain [1 + len(streams)]wire.Chain

// state is where the store stands. The writer works on a copy and publishes it after
// the commit; it is copied by value, so its slices and maps are replaced, not changed.
type state struct {
	meta
	ord     int64      // of the last event
	pos     perStream  // of the last event of each stream
	heads   perChain   // up to the last event of each stream
	last    wire.Chain // of the two, that of the last event
	vector  map[wire.Collection]collection
	leases  []lease // by first number
	highest uint64  // number that was ever lent

	hole    perStream // events that neither the hub nor this database has any more
	unsaved int       // events that a failed commit left in memory
	locals  int       // local rows
	strange perCollection
}

// meta is the row of that table.
type meta struct {
	incarnation [16]byte
	floor       int64
	heard       int64 // the hub, last
	onDisk      int64 // floor, as it is on disk
	base        perStream
	acked       perStream
	former      []byte // nil: none
	born        uint64 // the hub's number for the incarnation; 0: not told
	pruned      perStream
	prunedOrd   int64
	prunedChain perChain
	safe        perStream // a backup of the hub holds them
	written     perStream // acked, as it is on disk
	dirty       bool      // differs from what is on disk, in more than a few acked
}

// collection is how far a copy of one of the hub's sets is.
type collection struct {
	rev     uint64
	hash    [16]byte
	folding bool
}

// outbox is how many events the hub does not have yet.
func (at *state) outbox() (n int64) {
	for _, stream := range streams {
		n += at.pos[stream] - at.acked[stream]
	}
	return n
}

// set replaces one collection of the vector.
func (at *state) set(c wire.Collection, v collection) {
	next := maps.Clone(at.vector)
	next[c] = v
	at.vector = next
}

const (
	sqlReadMeta = `SELECT incarnation, floor, ev_base, ev_acked, ev_pruned, sec_base, sec_acked, sec_pruned,
		pruned_ord, former, born, ev_chain, sec_chain, ev_safe, sec_safe, heard FROM meta`
	sqlWriteMeta = `INSERT OR REPLACE INTO meta (id, incarnation, floor, ev_base, ev_acked, ev_pruned,
		sec_base, sec_acked, sec_pruned, pruned_ord, former, born, ev_chain, sec_chain, ev_safe, sec_safe, heard) VALUES (1, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`
	sqlReadVector = `SELECT collection, rev, hash, folding FROM hub_collection`
	sqlHeadEv     = `SELECT pos, ord, chain FROM ev_event ORDER BY pos DESC LIMIT 1`
	sqlHeadSec    = `SELECT pos, ord, chain FROM sec_event ORDER BY pos DESC LIMIT 1`
)

// readState reads where the file stands, and makes its identity if it is new.
func (w *writer) readState() error {
	if err := w.readMeta(); err != nil {
		return err
	}
	w.at.ord, w.at.heads, w.at.pos = w.at.prunedOrd, w.at.prunedChain, w.at.pruned
	for stream, query := range map[wire.Stream]string{wire.StreamEvents: sqlHeadEv, wire.StreamSecurity: sqlHeadSec} {
		var pos, ord int64
		var sum []byte
		err := w.queryRow(query).Scan(&pos, &ord, &sum)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return err
		}
		w.at.pos[stream] = pos
		copy(w.at.heads[stream][:], sum)
		if ord > w.at.ord {
			w.at.ord, w.at.last = ord, w.at.heads[stream]
		}
	}
	return errors.Join(w.readVector(), w.readLeases(), w.readLocals())
}

func (w *writer) readMeta() error {
	m := &w.at.meta
	var inc, ev, sec []byte
	var born int64
	err := w.queryRow(sqlReadMeta).Scan(&inc, &m.floor,
		&m.base[1], &m.acked[1], &m.pruned[1], &m.base[2], &m.acked[2], &m.pruned[2], &m.prunedOrd,
		&m.former, &born, &ev, &sec, &m.safe[1], &m.safe[2], &m.heard)
	if errors.Is(err, sql.ErrNoRows) {
		_, _ = rand.Read(m.incarnation[:]) // never fails since Go 1.24
		return w.writeMeta()
	}
	copy(m.incarnation[:], inc)
	m.born = uint64(born)
	copy(m.prunedChain[1][:], ev)
	copy(m.prunedChain[2][:], sec)
	m.written, m.onDisk = m.acked, m.floor
	return err
}

func (w *writer) writeMeta() error {
	m := &w.at.meta
	m.dirty, m.written, m.onDisk = false, m.acked, m.floor
	return w.exec(sqlWriteMeta, m.incarnation[:], m.floor,
		m.base[1], m.acked[1], m.pruned[1], m.base[2], m.acked[2], m.pruned[2], m.prunedOrd,
		m.former, int64(m.born), m.prunedChain[1][:], m.prunedChain[2][:], m.safe[1], m.safe[2], m.heard)
}

func (w *writer) readVector() error {
	w.at.vector = make(map[wire.Collection]collection)
	return w.queryRows(sqlReadVector, func(rows *sql.Rows) error {
		var c wire.Collection
		var v collection
		var hash []byte
		if err := rows.Scan(&c, &v.rev, &hash, &v.folding); err != nil {
			return err
		}
		copy(v.hash[:], hash)
		w.at.vector[c] = v
		return nil
	})
}

// lease is a block of numbers, as far as it is used.
type lease struct {
	key         string
	first, last uint64
	next        uint64
}

const sqlReadLeases = `SELECT h.key, h.body, coalesce(l.next, 0) FROM hub_row h LEFT JOIN lease l ON l.key = h.key
	WHERE h.collection = 7`

// readLeases takes the blocks that the hub lends now, with what was given of each.
func (w *writer) readLeases() error {
	var leases []lease
	err := w.queryRows(sqlReadLeases, func(rows *sql.Rows) error {
		var key, body []byte
		var next uint64
		if err := rows.Scan(&key, &body, &next); err != nil {
			return err
		}
		l, understood, err := decode[wire.Lease](wire.Leases, key, body)
		if understood {
			leases = append(leases, lease{string(key), l.First, l.Last, max(next, l.First)})
		}
		return err
	})
	slices.SortFunc(leases, func(a, b lease) int { return cmp.Compare(a.first, b.first) })
	w.at.leases = leases
	if err != nil {
		return err
	}
	return w.readHighest()
}

const sqlHighest = `SELECT coalesce(max(next), 1) FROM lease`

// readHighest finds the highest number that was ever lent: of blocks that are not here any
// more, those that were given away.
func (w *writer) readHighest() error {
	var next uint64
	err := w.queryRow(sqlHighest).Scan(&next)
	w.at.highest = max(w.at.highest, next-1)
	for _, l := range w.at.leases {
		w.at.highest = max(w.at.highest, l.last)
	}
	return err
}

// maxLease bounds a block: the hub's largest is 64.
const maxLease = 1 << 16

func checkLease(l wire.Lease) error {
	if l.First == 0 || l.Last < l.First || l.Last-l.First >= maxLease || l.Last > 1<<32-1 {
		return fmt.Errorf("a lease from %d to %d makes no sense", l.First, l.Last)
	}
	return nil
}

func (at *state) leaseLeft() (n uint64) {
	for _, l := range at.leases {
		n += l.last + 1 - l.next
	}
	return n
}

const sqlTake = `INSERT INTO lease VALUES (?, ?) ON CONFLICT DO UPDATE SET next = excluded.next`

// takeNumber gives the lowest number that is left, or 0.
func (t *txn) takeNumber() (uint64, error) {
	for i, l := range t.at.leases {
		if l.next > l.last {
			continue
		}
		t.at.leases = slices.Clone(t.at.leases)
		t.at.leases[i].next++
		t.counted.given[hexOf(l.key)] = l.next + 1
		return l.next, t.exec(sqlTake, []byte(l.key), l.next+1)
	}
	return 0, nil
}
