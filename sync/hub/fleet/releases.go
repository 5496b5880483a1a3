package fleet

import (
	"context"
	"errors"
	"io"
	"slices"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/hub/release"
	"badged/sync/wire"
)

// ReleaseTx is what of a transaction the commands about releases need.
func (tx Tx) ReleaseTx() release.Tx { return release.Tx{Tx: tx.Tx.Tx, Releases: tx.Releases} }

// wanted is a piece that a terminal asks for.
type wanted struct {
	release release.ID
	index   uint64
}

// queuedPieces is how many pieces wait for one terminal. It asks again for the others.
const queuedPieces = 2 * wire.MaxWanted

// answerUpdate records what a terminal says about releases, and decides what it is told; nil: nothing.
func (h *Hub) answerUpdate(tx Tx, t *Terminal, m wire.Hello) (*release.Told, error) {
	u := m.Update
	if u == nil {
		return nil, nil
	}
	t.Board, t.Installed, t.Sequence = kept(u.Board), u.Installed, min(u.Sequence, 1<<62)
	heard := *u
	heard.Why, heard.Done = kept(u.Why), min(u.Done, wire.MaxPieces)
	me, err := memberOf(tx, *t)
	if err != nil {
		return nil, err
	}
	told, err := release.AnswerReport(tx.ReleaseTx(), me, heard, func(name string) ([]string, error) {
		other, err := tx.Terminal(name)
		if err != nil {
			return nil, err
		}
		return doorGroups(tx, other.Doors)
	})
	if err == nil && told.Stopped != nil {
		err = h.raise(tx, ReleaseStopped, told.Stopped.Version, nil)
	}
	return &told, err
}

// memberOf is a terminal as the rule of releases sees it.
func memberOf(tx Tx, t Terminal) (release.Member, error) {
	groups, err := doorGroups(tx, t.Doors)
	return release.Member{Terminal: t.Name, Board: t.Board, Installed: t.Installed, Sequence: t.Sequence, Groups: groups}, err
}

// AssignRelease says who is to have a release; see release.Assign.
func AssignRelease(tx Tx, ref string, w release.Wave, retry bool) (release.Release, error) {
	if err := CheckWave(tx, w); err != nil {
		return release.Release{}, err
	}
	return release.Assign(tx.ReleaseTx(), ref, w, retry)
}

// CheckWave refuses a wave that names a terminal or a group of doors that there is not.
func CheckWave(tx Tx, w release.Wave) error {
	for _, name := range w.Terminals {
		_, err := tx.Terminal(name)
		if errors.Is(err, people.ErrNotFound) {
			return refuse(refusal.Missing, CodeTerminalMissing, name[:min(len(name), 64)])
		}
		if err != nil {
			return err
		}
	}
	return release.CheckWave(tx.ReleaseTx(), w)
}

// MeantBy names the terminals that are to have a release as it is assigned, and neither have it nor
// have failed at it.
func MeantBy(tx Tx, r release.Release) (names []string, err error) {
	err = tx.EachTerminal(func(t Terminal) error {
		if t.Removed() || t.Board == "" {
			return nil
		}
		m, err := memberOf(tx, t)
		if err != nil {
			return err
		}
		m.Install, err = tx.Install(r.ID, t.Name)
		if err != nil && !errors.Is(err, people.ErrNotFound) {
			return err
		}
		if release.Decide(r, m, release.Others{}) != release.Nothing {
			names = append(names, t.Name)
		}
		return nil
	})
	return names, err
}

// Waits says of each terminal that is ready for a release what it waits for.
func Waits(tx Tx, r release.Release) (map[string]release.Wait, error) {
	return release.Waits(tx.ReleaseTx(), r, func(name string) (release.Member, error) {
		t, err := tx.Terminal(name)
		if err != nil {
			return release.Member{}, err
		}
		return memberOf(tx, t)
	})
}

// doorGroups are the groups of doors. A door without one is a group of its own, for two terminals
// may serve it.
func doorGroups(tx Tx, doors []string) (groups []string, err error) {
	for _, name := range doors {
		d, err := tx.Door(name)
		if err != nil && !errors.Is(err, people.ErrNotFound) {
			return nil, err
		}
		group := "door " + name // no group is called so
		if err == nil && d.Group != "" {
			group = d.Group
		}
		if !slices.Contains(groups, group) {
			groups = append(groups, group)
		}
	}
	return groups, nil
}

// markSilentLost gives up on terminals that were told to install a release and are silent, once the
// hub itself has been there for long enough to hear them.
func (h *Hub) markSilentLost(tx Tx) error {
	if tx.Now.Sub(h.started) < release.LostAfter {
		return nil
	}
	stopped, err := release.MarkLost(tx.ReleaseTx(), func(terminal string) (time.Time, error) {
		t, err := tx.Terminal(terminal)
		return t.LastSeen, err
	})
	for _, r := range stopped {
		err = errors.Join(err, h.raise(tx, ReleaseStopped, r.Version, nil))
	}
	return err
}

// queueWant hands the pieces that a terminal asks for to its session.
func (h *Hub) queueWant(terminal string, w wire.Want) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, s := range h.sessions {
		if s.terminal != terminal || s.held.Load() {
			continue
		}
		for _, i := range w.Pieces[:min(len(w.Pieces), wire.MaxWanted)] {
			select {
			case s.wants <- wanted{w.Release, i}:
			default: // it asks again
			}
		}
	}
}

// sendPiece sends a piece of a release that goes on. One at a time leaves the hub, so that an
// acknowledgement never waits for more than one.
func (h *Hub) sendPiece(ctx context.Context, link Link, s *session, w wanted) error {
	select {
	case h.onePiece <- struct{}{}:
	case <-ctx.Done():
		return ctx.Err()
	}
	defer func() { <-h.onePiece }()
	var r release.Release
	err := h.store.Read(ctx, func(tx Tx) (err error) {
		r, err = tx.Release(w.release)
		return err
	})
	if errors.Is(err, people.ErrNotFound) || err == nil && !r.GoesOn() {
		return nil // nobody gets it now
	}
	if err != nil {
		return err
	}
	data, err := h.releases.Piece(r, w.index)
	if err != nil {
		return err
	}
	return h.send(ctx, link, s.terminal, wire.MsgPiece, wire.Piece{Release: r.ID, Index: w.index, Data: data})
}

// AddRelease verifies a bundle and keeps it. Nobody gets it before it is assigned.
func (h *Hub) AddRelease(ctx context.Context, by audit.Actor, bundle io.Reader) (r release.Release, err error) {
	err = h.releases.Put(bundle, func(came release.Release) error {
		return h.store.Write(ctx, by, func(tx Tx) (err error) {
			r, err = release.Add(tx.ReleaseTx(), came)
			return err
		})
	})
	return r, err
}

// RemoveRelease forgets a release that nobody needs, frees the room that it takes, and ends the
// alarm that it has stopped.
func (h *Hub) RemoveRelease(ctx context.Context, by audit.Actor, ref string) error {
	return h.releases.Remove(func() (id release.ID, err error) {
		err = h.store.Write(ctx, by, func(tx Tx) error {
			r, err := release.Remove(tx.ReleaseTx(), ref)
			if err != nil {
				return err
			}
			id = r.ID
			return endAlarm(tx, ReleaseStopped, r.Version)
		})
		return id, err
	})
}

// tidyReleases frees the room of bundles that are of no release.
func (h *Hub) tidyReleases(ctx context.Context) error {
	var kept []release.Release
	err := h.store.Read(ctx, func(tx Tx) error {
		kept = nil
		return tx.EachRelease(func(r release.Release) error {
			kept = append(kept, r)
			return nil
		})
	})
	if err != nil {
		return err
	}
	return h.releases.Tidy(kept)
}
