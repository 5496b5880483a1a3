// Package hub is the central server's logic over a Store that it declares: it takes
// events from terminals, keeps what they share, and sends them the changes. Only the
// hub writes what terminals share; terminals report, and the hub decides.
package hub

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"badged/internal/sitekey"
	"badged/sync/wire"
)

// Options is what a hub needs.
type Options struct {
	Store   Store
	Site    string             // id of the site, in topics
	Name    string             // of the site, when its settings are first written
	Key     ed25519.PrivateKey // signs what goes down
	SiteKey sitekey.Key
	Log     *slog.Logger
}

// Hub is one site's hub. Its methods are safe for concurrent use.
type Hub struct {
	store   Store
	site    string
	key     ed25519.PrivateKey
	siteKey sitekey.Key
	log     *slog.Logger

	mu        sync.Mutex                   // guards what follows
	sessions  map[string]*session          // connected databases, by scope
	keys      map[string]ed25519.PublicKey // of terminals, as far as they were needed
	dismissed map[string]int               // how many keys of a terminal ended, so that what is on the way brings none back
	onDismiss func(terminal string)        // nil: nobody wants to know
	appended  chan struct{}                // closed when events were added, then replaced
}

// New makes the hub of a site, and the site's settings if there are none yet.
func New(ctx context.Context, o Options) (*Hub, error) {
	h := &Hub{
		store: o.Store, site: o.Site, key: o.Key, siteKey: o.SiteKey, log: o.Log,
		sessions:  make(map[string]*session),
		keys:      make(map[string]ed25519.PublicKey),
		dismissed: make(map[string]int),
		appended:  make(chan struct{}),
	}
	err := h.store.Update(ctx, func(tx Tx) error {
		_, found, err := get[wire.Site](tx, wire.Config, siteKey)
		if err != nil || found {
			return err
		}
		return put(tx, wire.Config, siteKey, defaultSite(o.Name))
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the hub: %w", err)
	}
	return h, nil
}

// Begun reports whether a store holds a site whose first start has ended.
func Begun(ctx context.Context, s Store) (begun bool, err error) {
	err = s.View(ctx, func(tx Tx) error {
		_, begun, err = get[wire.Site](tx, wire.Config, siteKey)
		return err
	})
	return begun, err
}

// SiteID is the site's id in topics.
func (h *Hub) SiteID() string { return h.site }

// SiteKey is the site's key, for a terminal that joins.
func (h *Hub) SiteKey() sitekey.Key { return h.siteKey }

// Public is the key that terminals verify the hub's messages with.
func (h *Hub) Public() ed25519.PublicKey { return h.key.Public().(ed25519.PublicKey) }

// update runs fn in one transaction and, once it is on disk, wakes who waits for
// what it wrote: connected terminals and followers of events.
func (h *Hub) update(ctx context.Context, fn func(Tx) error) error {
	var rows watchedRows
	var journal watchedJournal
	err := h.store.Update(ctx, func(tx Tx) error {
		rows, journal = watchedRows{Rows: tx.Rows}, watchedJournal{Journal: tx.Journal}
		tx.Rows, tx.Journal = &rows, &journal
		return fn(tx)
	})
	if err != nil {
		return err
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	if rows.written {
		for _, s := range h.sessions {
			s.poke()
		}
	}
	if journal.written {
		close(h.appended)
		h.appended = make(chan struct{})
	}
	return nil
}

// watchedRows remembers whether anything was written.
type watchedRows struct {
	Rows
	written bool
}

func (w *watchedRows) PutRow(c wire.Collection, scope string, key, body []byte) error {
	w.written = true
	return w.Rows.PutRow(c, scope, key, body)
}

// watchedJournal remembers whether an event was added.
type watchedJournal struct {
	Journal
	written bool
}

func (w *watchedJournal) Append(r Record) (bool, error) {
	added, err := w.Journal.Append(r)
	w.written = w.written || added
	return added, err
}

// public is the key that a terminal signs with, and how many of its keys had ended
// before.
func (h *Hub) public(ctx context.Context, terminal string) (key ed25519.PublicKey, ended int, err error) {
	h.mu.Lock()
	key, known := h.keys[terminal]
	ended = h.dismissed[terminal]
	h.mu.Unlock()
	if known {
		return key, ended, nil
	}
	err = h.store.View(ctx, func(tx Tx) error {
		t, err := tx.Terminal(terminal)
		key = t.Public
		return err
	})
	if err == nil && key == nil {
		err = ErrNotFound
	}
	if err != nil {
		return nil, ended, err
	}
	h.mu.Lock()
	if h.dismissed[terminal] == ended {
		h.keys[terminal] = key
	}
	h.mu.Unlock()
	return key, ended, nil
}

// OnDismiss has fn called when the key of a terminal has ended, because the terminal
// was removed or replaced: from then on Knows says no, and its connections must go.
// fn may be called from several goroutines. Call OnDismiss before the hub serves.
func (h *Hub) OnDismiss(fn func(terminal string)) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.onDismiss = fn
}

// dismiss forgets the key of a terminal that was removed or replaced, and ends its
// sessions and connections.
func (h *Hub) dismiss(terminal string) {
	h.mu.Lock()
	delete(h.keys, terminal)
	h.dismissed[terminal]++
	onDismiss := h.onDismiss
	h.mu.Unlock()
	h.endThose(func(s *session) bool { return s.terminal == terminal })
	if onDismiss != nil {
		onDismiss(terminal)
	}
}

// Knows reports whether a terminal with this name and key has joined and was neither
// removed nor replaced since: the broker asks it of every certificate.
func (h *Hub) Knows(ctx context.Context, terminal string, key ed25519.PublicKey) bool {
	known, _, err := h.public(ctx, terminal)
	if err != nil && !errors.Is(err, ErrNotFound) {
		h.log.Error("cannot look a terminal up", "terminal", terminal, "error", err)
	}
	return err == nil && known.Equal(key)
}

// scope names one database of a terminal among the rows that only it gets.
func scope(terminal string, incarnation ID) string {
	return terminal + "/" + Hex(incarnation)
}

// tombstoneLife is how long a terminal may be away and still get a delta.
const tombstoneLife = 90 * 24 * time.Hour

// Tidy ends what time ended: anonymous accounts that nobody made their own, rows of
// claims that nobody can use any more, and tombstones that every terminal has seen. Call
// it now and then.
func (h *Hub) Tidy(ctx context.Context, now time.Time) error {
	if err := h.purgeLapsed(ctx, now); err != nil {
		return err
	}
	return h.update(ctx, func(tx Tx) error {
		if err := endClaims(tx, now); err != nil {
			return err
		}
		for _, c := range collections {
			if err := pruneTombstones(tx, c, now); err != nil {
				return err
			}
		}
		return nil
	})
}

// pruneTombstones forgets the tombstones of a shared collection that all terminals
// have, except those that were away for so long that they get the whole collection.
func pruneTombstones(tx Tx, c wire.Collection, now time.Time) error {
	st, err := tx.RowState(c, "")
	if err != nil {
		return err
	}
	seen := st.Rev
	err = tx.EachTerminal(func(t Terminal) error {
		if t.Public != nil && now.Sub(t.LastSeen) < tombstoneLife {
			seen = min(seen, t.rev(c))
		}
		return nil
	})
	if err != nil || seen <= st.Floor {
		return err
	}
	return tx.PruneRows(c, "", seen)
}
