package fleet

import (
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"time"

	"badged/sync/hub/publish"
	"badged/sync/hub/release"
	"badged/sync/wire"
)

// session is one connected database of a terminal. Its goroutine sends what changed.
//
//	hello ──► sending ──► waiting ──poke──► sending ...
//	          any ── offline, next hello, link lost, dismissed ──► ended
type session struct {
	terminal    string
	incarnation ID
	nonce       ID
	since       time.Time
	doorsOnly   bool
	// replaced are the connections that this one took the place of. One of them that can say
	// challenge is alive beside it.
	replaced  []ID
	challenge uint64
	held      atomic.Bool   // gets nothing but numbers until somebody acknowledges
	wake      chan struct{} // holds one: there may be changes
	wants     chan wanted   // pieces that the terminal asks for
	told      *release.Told // what it is told about a release, once all else is sent; nil: nothing
	cancel    context.CancelFunc
	done      chan struct{}

	sent map[wire.Collection]wire.CollectionState // used by its goroutine only
}

// poke tells the session that something changed. It never waits.
func (s *session) poke() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}

// startSession starts the session of a terminal that said hello, in place of its former one.
func (h *Hub) startSession(ctx context.Context, link Link, g greeted) {
	ctx, cancel := context.WithCancel(ctx)
	s := &session{
		terminal: g.terminal, incarnation: g.ack.Incarnation, nonce: g.ack.Nonce, since: time.Now(), doorsOnly: g.doorsOnly,
		wake: make(chan struct{}, 1), cancel: cancel, done: make(chan struct{}),
		sent: make(map[wire.Collection]wire.CollectionState), wants: make(chan wanted, queuedPieces), told: g.told,
	}
	s.held.Store(g.held)
	for _, v := range g.vector {
		s.sent[v.Collection] = v
	}
	h.mu.Lock()
	if h.dismissed[g.terminal] != g.ended { // after its hello was verified
		h.mu.Unlock()
		cancel()
		return
	}
	former := h.sessions[s.scope()]
	s.follow(former)
	h.sessions[s.scope()] = s
	h.mu.Unlock()
	if former != nil {
		former.end()
	}
	h.endThose(func(o *session) bool { return o.terminal == s.terminal && o.nonce == s.nonce && o != s }) // of its former incarnation
	s.poke()
	go h.runSession(ctx, link, s)
}

// mostReplaced bounds the connections that a session knows it took the place of.
const mostReplaced = 8

// follow takes over what a session must know of the one before it.
func (s *session) follow(former *session) {
	switch {
	case former == nil:
	case former.nonce == s.nonce:
		s.replaced, s.challenge, s.wants = former.replaced, former.challenge, former.wants
		return
	default:
		all := append(slices.Clone(former.replaced), former.nonce)
		s.replaced = all[max(0, len(all)-mostReplaced):]
	}
	s.challenge = randomNumber()
}

// rival gives the connection that took the place of another one, and its challenge; 0: none
// did.
func (h *Hub) rival(src Source, nonce ID) (current ID, challenge uint64) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[scope(src.Terminal, src.Incarnation)]
	if s == nil || s.nonce == nonce || !slices.Contains(s.replaced, nonce) {
		return ID{}, 0
	}
	return s.nonce, s.challenge
}

func (s *session) scope() string { return scope(s.terminal, s.incarnation) }

func (s *session) end() {
	s.cancel()
	<-s.done
}

// runSession sends changes to one terminal until its session ends, and pieces of a release while
// there are none.
func (h *Hub) runSession(ctx context.Context, link Link, s *session) {
	defer close(s.done)
	for {
		select {
		case <-s.wake: // goes before pieces
			h.sendChanges(ctx, link, s)
			continue
		default:
		}
		select {
		case <-ctx.Done():
			return
		case <-s.wake:
			h.sendChanges(ctx, link, s)
		case w := <-s.wants:
			if err := h.sendPiece(ctx, link, s, w); err != nil && ctx.Err() == nil {
				h.log.Warn("a piece of a release is not sent", "terminal", s.terminal, "error", err)
			}
		}
	}
}

// sendChanges sends what a terminal lacks, and then what it is told about a release.
func (h *Hub) sendChanges(ctx context.Context, link Link, s *session) {
	err := h.push(ctx, link, s)
	if err == nil && s.told != nil && s.told.Order != release.Nothing {
		err = h.send(ctx, link, s.terminal, wire.MsgRelease, s.told.Message(s.nonce))
		s.told = nil
	}
	if err != nil && ctx.Err() == nil {
		h.log.Warn("changes are not sent", "terminal", s.terminal, "error", err)
	}
}

// applyStatus ends the session of a terminal that says it goes, or whose last will says so.
func (h *Hub) applyStatus(terminal string, st wire.Status) {
	if st.Online {
		return
	}
	h.endThose(func(s *session) bool { return s.terminal == terminal && s.nonce == st.Nonce })
}

// endThose ends the sessions that meant chooses, and returns when they have ended.
func (h *Hub) endThose(meant func(*session) bool) {
	var gone []*session
	h.mu.Lock()
	for key, s := range h.sessions {
		if meant(s) {
			gone = append(gone, s)
			delete(h.sessions, key)
		}
	}
	h.mu.Unlock()
	for _, s := range gone {
		s.end()
	}
}

// nonce is that of the connection of a scope.
func (h *Hub) nonce(scope string) (ID, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	s, ok := h.sessions[scope]
	if !ok {
		return ID{}, false
	}
	return s.nonce, true
}

// connected reports since when a terminal is connected; zero: it is not.
func (h *Hub) connected(terminal string) (since time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if s.terminal == terminal {
			since = s.since
		}
	}
	return since
}

// hasDoorsOnly reports whether a terminal that is connected said that no point of its makes
// accounts, as a print point does.
func (h *Hub) hasDoorsOnly(src Source) bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	s := h.sessions[scope(src.Terminal, src.Incarnation)]
	return s != nil && s.doorsOnly
}

func (h *Hub) endSessions() { h.endThose(func(*session) bool { return true }) }

// push sends what the terminal lacks of every collection, what takes rights away first.
// Each collection is read as a whole and then sent, so that a slow link holds no snapshot.
func (h *Hub) push(ctx context.Context, link Link, s *session) error {
	var lacking []wire.Collection
	err := h.store.Read(ctx, func(tx Tx) (err error) {
		lacking, err = publish.Lacking(tx, s.collections(), s.scope(), s.sent)
		return err
	})
	if err != nil {
		return err
	}
	for _, c := range lacking {
		if err := h.pushCollection(ctx, link, s, c); err != nil {
			return fmt.Errorf("send %s: %w", c, err)
		}
	}
	return nil
}

// collections are those that the terminal gets now.
func (s *session) collections() []wire.Collection {
	if s.held.Load() {
		return []wire.Collection{wire.Leases}
	}
	return publish.CollectionsOf(s.doorsOnly)
}

func (h *Hub) pushCollection(ctx context.Context, link Link, s *session, c wire.Collection) error {
	var pages [][]byte
	var to publish.State
	err := h.store.Read(ctx, func(tx Tx) error {
		p, err := publish.PlanOne(tx, c, s.scope(), s.sent[c])
		if err != nil {
			return err
		}
		pages, to = nil, p.To
		return p.Pages(tx, s.nonce, func(page wire.Page) error {
			msg, err := h.sealMessage(s.terminal, wire.MsgPage, page)
			pages = append(pages, msg)
			return err
		})
	})
	if err != nil {
		return err
	}
	for _, msg := range pages {
		if err := link.Publish(ctx, s.terminal, wire.MsgPage, msg); err != nil {
			return err
		}
	}
	s.sent[c] = wire.CollectionState{Collection: c, Rev: to.Rev, Hash: to.Hash}
	return nil
}
