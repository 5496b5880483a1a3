package fleet

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"badged/internal/sitekey"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/publish"
	"badged/sync/hub/release"
	"badged/sync/wire"
)

// Options is what a hub needs.
type Options struct {
	Store   Store
	Site    string             // id of the site, in topics
	Name    string             // of the site, when its settings are first written
	Key     ed25519.PrivateKey // signs what goes down
	SiteKey sitekey.Key
	// Releases keeps the bundles that terminals are updated with.
	Releases *release.Shelf
	Log      *slog.Logger
	// RowsChanged gives a channel that is closed when rows change after the call.
	RowsChanged func() <-chan struct{}
}

// Hub is one site's hub. Its methods are safe for concurrent use.
type Hub struct {
	store   Store
	site    string
	key     ed25519.PrivateKey
	siteKey sitekey.Key
	log     *slog.Logger
	changed func() <-chan struct{}
	run     uint64 // a random number of this run

	releases *release.Shelf
	onePiece chan struct{} // has room for the session that sends a piece
	started  time.Time     // by the store's clock

	allowance allowance // of events, used by Serve only

	mu        sync.Mutex                   // guards what follows
	sessions  map[string]*session          // connected databases, by scope
	keys      map[string]ed25519.PublicKey // of terminals, as far as they were needed
	dismissed map[string]int               // how many keys of a terminal ended, so that what is on the way brings none back
	onDismiss func(terminal string)        // nil: nobody wants to know
}

// New makes the fleet of a site, and the site's settings if there are none yet.
func New(ctx context.Context, o Options) (*Hub, error) {
	h := &Hub{
		store: o.Store, site: o.Site, key: o.Key, siteKey: o.SiteKey, log: o.Log, changed: o.RowsChanged, run: randomNumber(),
		releases: o.Releases, onePiece: make(chan struct{}, 1),
		sessions:  make(map[string]*session),
		keys:      make(map[string]ed25519.PublicKey),
		dismissed: make(map[string]int),
		allowance: make(allowance),
	}
	by := audit.Actor{Kind: audit.System, Via: "start"}
	err := h.store.Write(ctx, by, func(tx Tx) error {
		h.started = tx.Now
		return beginSite(tx, o.Name)
	})
	if err != nil {
		return nil, fmt.Errorf("prepare the hub: %w", err)
	}
	if h.releases == nil {
		return h, nil
	}
	if err := h.tidyReleases(ctx); err != nil {
		h.log.Warn("files of releases that are gone take room", "err", err)
	}
	return h, nil
}

// Begun reports whether a store holds a site whose first start has ended.
func Begun(ctx context.Context, s Store) (begun bool, err error) {
	err = s.Read(ctx, func(tx Tx) error {
		begun, err = hasBegun(tx)
		return err
	})
	return begun, err
}

// beginSite gives a new site its name and the service that everybody comes for, and marks
// that its first start has ended.
func beginSite(tx Tx, name string) error {
	begun, err := hasBegun(tx)
	if err != nil || begun {
		return err
	}
	if err := tx.PutSetting(begunValue, "true"); err != nil {
		return err
	}
	_, err = people.AddOffer(tx.Tx.Tx.Tx, people.Offer{Kind: people.PrintService, French: "Impression", English: "Printing", Everyone: true})
	if err != nil {
		return err
	}
	_, err = access.ChangeSettings(tx.Tx.Tx, map[string]string{"name": name})
	return err
}

// begunValue is no setting: it tells that the first start has ended.
const begunValue = "state.begun"

func hasBegun(tx Tx) (bool, error) {
	values, err := tx.Values()
	return values[begunValue] == "true", err
}

// SiteID is the site's id in topics.
func (h *Hub) SiteID() string { return h.site }

// SiteKey is the site's key, for a terminal that joins.
func (h *Hub) SiteKey() sitekey.Key { return h.siteKey }

// Public is the key that terminals verify the hub's messages with.
func (h *Hub) Public() ed25519.PublicKey { return h.key.Public().(ed25519.PublicKey) }

// wakeSessions pokes the sessions whenever rows change, until ctx ends.
func (h *Hub) wakeSessions(ctx context.Context) {
	for {
		c := h.changed()
		h.mu.Lock()
		for _, s := range h.sessions {
			s.poke()
		}
		h.mu.Unlock()
		select {
		case <-ctx.Done():
			return
		case <-c:
		}
	}
}

// publicKey is the key that a terminal signs with, and how many of its keys had ended
// before.
func (h *Hub) publicKey(ctx context.Context, terminal string) (key ed25519.PublicKey, ended int, err error) {
	h.mu.Lock()
	key, known := h.keys[terminal]
	ended = h.dismissed[terminal]
	h.mu.Unlock()
	if known {
		return key, ended, nil
	}
	err = h.store.Read(ctx, func(tx Tx) error {
		t, err := tx.Terminal(terminal)
		key = t.Public
		return err
	})
	if err == nil && key == nil {
		err = people.ErrNotFound
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

// OnDismiss sets what is called when the key of a terminal ends, because the terminal was
// removed or replaced: from then on Knows says no, and its connections must go.
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
	known, _, err := h.publicKey(ctx, terminal)
	if err != nil && !errors.Is(err, people.ErrNotFound) {
		h.log.Error("cannot look a terminal up", "terminal", terminal, "error", err)
	}
	return err == nil && known.Equal(key)
}

// scope names one database of a terminal among the rows that only it gets.
func scope(terminal string, incarnation ID) string {
	return terminal + "/" + people.HexID(incarnation)
}

// tombstoneLife is how long a terminal may be away and still get a delta.
const tombstoneLife = 90 * 24 * time.Hour

// Tidy ends what time ended: anonymous accounts that nobody made their own, rows of
// claims that nobody can use any more, and tombstones that every terminal has seen. Call
// it now and then.
func (h *Hub) Tidy(ctx context.Context) error {
	by := audit.Actor{Kind: audit.System, Via: "clock"}
	return h.store.Write(ctx, by, func(tx Tx) error {
		if err := h.purgeLapsed(tx); err != nil {
			return err
		}
		if err := h.markSilentLost(tx); err != nil {
			return err
		}
		if err := access.HideClaims(tx.Tx.Tx); err != nil {
			return err
		}
		if err := publish.Settings(tx.Tx); err != nil {
			return err
		}
		for _, c := range publish.Collections {
			if err := pruneTombstones(tx, c); err != nil {
				return err
			}
		}
		return nil
	})
}

// pruneTombstones forgets the tombstones of a shared collection that all terminals
// have, except those that were away for so long that they get the whole collection.
func pruneTombstones(tx Tx, c wire.Collection) error {
	st, err := tx.RowState(c, "")
	if err != nil {
		return err
	}
	seen := st.Rev
	err = tx.EachTerminal(func(t Terminal) error {
		if t.Public != nil && tx.Now.Sub(t.LastSeen) < tombstoneLife {
			seen = min(seen, t.rev(c))
		}
		return nil
	})
	if err != nil || seen <= st.Floor {
		return err
	}
	return tx.PruneRows(c, "", seen)
}
