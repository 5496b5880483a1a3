package hub

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"time"

	"badged/internal/secret"
	"badged/sync/wire"
)

// tokenLife is how long a join token can be used.
const tokenLife = 24 * time.Hour

// AddTerminal makes a terminal that joins with the given one-time secret, or gives a
// new one to a terminal that did not use its first; replace gives one to a terminal
// that has joined: when the new box joins, the old one is locked out. The secret is
// stored as a hash.
func (h *Hub) AddTerminal(ctx context.Context, name string, text secret.Text, replace bool) error {
	if err := checkName("terminal", name); err != nil {
		return err
	}
	return h.update(ctx, func(tx Tx) error {
		now := time.Now().UTC()
		t, err := tx.Terminal(name)
		switch {
		case isMissing(err):
			t = Terminal{Name: name, Added: now}
		case err != nil:
			return err
		case t.Cert != nil && !replace:
			return conflict("terminal %s has joined: to set up another box in its place, add it with --replace", name)
		}
		t.Token, t.TokenEnds = hashSecret(text), now.Add(tokenLife)
		return tx.PutTerminal(t)
	})
}

func hashSecret(text secret.Text) []byte {
	sum := sha256.Sum256([]byte(text.Reveal()))
	return sum[:]
}

// Joined is what a terminal gets when it joins.
type Joined struct {
	Terminal    string
	Cert        []byte // PEM
	Incarnation ID
}

// Join uses up a one-time secret: it stores the terminal's key and the certificate
// that issue makes, in one transaction. The same secret with the same key again
// gives the same answer, for a terminal that lost power before it had it.
func (h *Hub) Join(ctx context.Context, text secret.Text, key ed25519.PublicKey, issue func(terminal string) ([]byte, error)) (Joined, error) {
	var out Joined
	renewed := false
	err := h.update(ctx, func(tx Tx) error {
		t, err := tx.TerminalByToken(hashSecret(text))
		if err != nil {
			return orMissing(err, "this join token is not known here, or was replaced by a newer one: "+
				"make one with `badgehub terminal add NAME`")
		}
		now := time.Now().UTC()
		switch {
		case t.TokenEnds.IsZero() && !bytes.Equal(t.Public, key):
			return conflict("the join token of %s has been used: make a new one with `badgehub terminal add %s --replace`", t.Name, t.Name)
		case t.TokenEnds.IsZero():
			out = Joined{t.Name, t.Cert, t.First}
			return nil
		case now.After(t.TokenEnds):
			return conflict("the join token of %s has ended: make a new one with `badgehub terminal add %s`", t.Name, t.Name)
		}
		if t.Cert, err = issue(t.Name); err != nil {
			return err
		}
		t.Public, t.TokenEnds, t.First = key, time.Time{}, randomID()
		out, renewed = Joined{t.Name, t.Cert, t.First}, true
		return tx.PutTerminal(t)
	})
	if err != nil {
		return Joined{}, err
	}
	if renewed {
		h.dismiss(out.Terminal) // the box that had the name before
	}
	return out, nil
}

// RemoveTerminal locks a terminal out: its key, certificate and join token are no
// longer known, and its connections end. What it reported stays. It can be added
// again, and then joins anew.
func (h *Hub) RemoveTerminal(ctx context.Context, name string) error {
	err := h.update(ctx, func(tx Tx) error {
		t, err := tx.Terminal(name)
		switch {
		case isMissing(err):
			return missing("there is no terminal %q: `badgehub terminal list` shows them", name)
		case err != nil:
			return err
		case t.Removed():
			return conflict("terminal %s has been removed already", name)
		}
		t.Public, t.Cert, t.Token, t.TokenEnds, t.First, t.Vector = nil, nil, nil, time.Time{}, ID{}, nil
		return tx.PutTerminal(t)
	})
	if err == nil {
		h.dismiss(name)
	}
	return err
}

// TerminalState is a terminal as an operator sees it.
type TerminalState struct {
	Terminal
	Connected time.Time              // since when; zero: not
	Upto      map[wire.Stream]uint64 // stream → durable events, of its newest database
	// ClaimsClosed tells that it refuses every code, until an operator opens claiming.
	ClaimsClosed bool
}

// Terminals are all terminals by name.
func (h *Hub) Terminals(ctx context.Context) ([]TerminalState, error) {
	var out []TerminalState
	err := h.store.View(ctx, func(tx Tx) error {
		s, err := site(tx)
		if err != nil {
			return err
		}
		return tx.EachTerminal(func(t Terminal) error {
			out = append(out, TerminalState{Terminal: t, ClaimsClosed: s.ClaimsClosed && !t.Removed()})
			return nil
		})
	})
	for i := range out {
		out[i].Connected = h.connected(out[i].Name)
		if err == nil {
			out[i].Upto, err = h.upto(ctx, out[i].Name)
		}
	}
	return out, err
}

// upto is the watermarks of a terminal's newest database.
func (h *Hub) upto(ctx context.Context, terminal string) (upto map[wire.Stream]uint64, err error) {
	err = h.store.View(ctx, func(tx Tx) error {
		return tx.EachSource(terminal, func(s Source) error {
			upto = s.Upto // oldest first: the last one stays
			return nil
		})
	})
	return upto, err
}
