package fleet

import (
	"bytes"
	"context"
	"crypto/ed25519"
	"crypto/sha256"
	"errors"
	"time"

	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

// tokenLife is how long a join token can be used that a person carries to a terminal.
const tokenLife = 24 * time.Hour

// The codes of refusals about terminals.
const (
	CodeTerminalName    = "terminal_name"    // name
	CodeTerminalMissing = "terminal_missing" // name
	CodeTerminalJoined  = "terminal_joined"  // name
	CodeTerminalRemoved = "terminal_removed" // name
	CodeTokenUnknown    = "token_unknown"
	CodeTokenUsed       = "token_used"  // name
	CodeTokenEnded      = "token_ended" // name
)

func refuse(kind refusal.Kind, code, terminal string) error {
	return &refusal.Error{Kind: kind, Code: code, Fields: refusal.Fields{"name": terminal}}
}

// CheckTerminal refuses what cannot be a terminal's name: it stands in topics,
// certificates and configurations.
func CheckTerminal(name string) error {
	if wire.CheckName("terminal", name) != nil {
		return refuse(refusal.Invalid, CodeTerminalName, name[:min(len(name), 64)])
	}
	return nil
}

// AddTerminal makes a terminal that joins with the given one-time secret, or gives a
// new one to a terminal that did not use its first; replace gives one to a terminal
// that has joined: when the new box joins, the old one is locked out. The secret is
// stored as a hash.
func AddTerminal(tx Tx, name string, text secret.Text, replace bool) error {
	if err := CheckTerminal(name); err != nil {
		return err
	}
	t, err := tx.Terminal(name)
	switch {
	case errors.Is(err, people.ErrNotFound):
		t = Terminal{Name: name, Added: tx.Now}
	case err != nil:
		return err
	case t.Cert != nil && !replace:
		return refuse(refusal.Conflict, CodeTerminalJoined, name)
	}
	return putToken(tx, t, text, tokenLife)
}

func putToken(tx Tx, t Terminal, text secret.Text, life time.Duration) error {
	t.Token, t.TokenEnds = hashSecret(text), tx.Now.Add(life)
	if err := tx.PutTerminal(t); err != nil {
		return err
	}
	return tx.Record(audit.Change{Action: "terminal.add", Object: t.Name})
}

// RosterRow is a terminal of a roster, which is to have a join token.
type RosterRow struct {
	Name string
	Has  secret.Text // of the token that the roster has; zero: none
	New  secret.Text // of the one that it gets if it needs one
}

// RosterToken is what a terminal of a roster has now. At most one of Joined and Kept is true;
// with neither, the new token is the terminal's.
type RosterToken struct {
	Joined bool
	Kept   bool // the token of the roster still works
	Ends   time.Time
}

// AddRoster gives each terminal of a roster a join token that works for life, and makes those
// that the hub does not know. A terminal that has joined needs none, and one whose token still
// works keeps it, so that the same roster again changes nothing.
func AddRoster(tx Tx, rows []RosterRow, life time.Duration) (out []RosterToken, err error) {
	for _, row := range rows {
		if err := CheckTerminal(row.Name); err != nil {
			return nil, err
		}
		t, err := tx.Terminal(row.Name)
		if err != nil && !errors.Is(err, people.ErrNotFound) {
			return nil, err
		}
		if err != nil {
			t = Terminal{Name: row.Name, Added: tx.Now}
		}
		token := RosterToken{Joined: t.Cert != nil, Ends: t.TokenEnds}
		token.Kept = !token.Joined && !row.Has.IsZero() && bytes.Equal(t.Token, hashSecret(row.Has)) && tx.Now.Before(t.TokenEnds)
		if !token.Joined && !token.Kept {
			token.Ends = tx.Now.Add(life)
			if err := putToken(tx, t, row.New, life); err != nil {
				return nil, err
			}
		}
		out = append(out, token)
	}
	return out, nil
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
	var renewed bool
	err := h.store.Write(ctx, audit.Actor{Kind: audit.Terminal, Via: "join"}, func(tx Tx) (err error) {
		out, renewed, err = joinTerminal(tx, text, key, issue)
		return err
	})
	if err != nil {
		return Joined{}, err
	}
	if renewed {
		h.dismiss(out.Terminal) // the box that had the name before
	}
	return out, nil
}

func joinTerminal(tx Tx, text secret.Text, key ed25519.PublicKey, issue func(string) ([]byte, error)) (out Joined, renewed bool, err error) {
	t, err := tx.TerminalByToken(hashSecret(text))
	switch {
	case errors.Is(err, people.ErrNotFound):
		return out, false, &refusal.Error{Kind: refusal.Missing, Code: CodeTokenUnknown}
	case err != nil:
		return out, false, err
	case t.TokenEnds.IsZero() && !bytes.Equal(t.Public, key):
		return out, false, refuse(refusal.Conflict, CodeTokenUsed, t.Name)
	case t.TokenEnds.IsZero():
		return Joined{t.Name, t.Cert, t.First}, false, nil
	case tx.Now.After(t.TokenEnds):
		return out, false, refuse(refusal.Conflict, CodeTokenEnded, t.Name)
	}
	if t.Cert, err = issue(t.Name); err != nil {
		return out, false, err
	}
	if err := tx.DropInstalls(t.Name); err != nil { // of the box that had the name before
		return out, false, err
	}
	t.Public, t.TokenEnds, t.First = key, time.Time{}, randomID()
	if err := tx.PutTerminal(t); err != nil {
		return out, false, err
	}
	tx.By.ID = t.Name
	return Joined{t.Name, t.Cert, t.First}, true, tx.Record(audit.Change{Action: "terminal.join", Object: t.Name})
}

// RemoveTerminal locks a terminal out: its key, certificate and join token are no
// longer known, and its connections end. What it reported stays. It can be added
// again, and then joins anew.
func (h *Hub) RemoveTerminal(ctx context.Context, by audit.Actor, name string) error {
	err := h.store.Write(ctx, by, func(tx Tx) error {
		t, err := tx.Terminal(name)
		switch {
		case errors.Is(err, people.ErrNotFound):
			return refuse(refusal.Missing, CodeTerminalMissing, name)
		case err != nil:
			return err
		case t.Removed():
			return refuse(refusal.Conflict, CodeTerminalRemoved, name)
		}
		if err := tx.DropInstalls(name); err != nil {
			return err
		}
		t.Public, t.Cert, t.Token, t.TokenEnds, t.First, t.Vector = nil, nil, nil, time.Time{}, ID{}, nil
		if err := tx.PutTerminal(t); err != nil {
			return err
		}
		return tx.Record(audit.Change{Action: "terminal.remove", Object: name})
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
func (h *Hub) Terminals(tx Tx) (all []TerminalState, err error) {
	claiming, err := access.ReadClaiming(tx.Tx.Tx)
	if err != nil {
		return nil, err
	}
	err = tx.EachTerminal(func(t Terminal) error {
		state, err := h.stateOf(tx, t, claiming.Closed)
		all = append(all, state)
		return err
	})
	return all, err
}

// ListTerminals gives a page of terminals by name or the newest first, and the cursor of the
// next one.
func (h *Hub) ListTerminals(tx Tx, q people.Listing) (page []TerminalState, next string, err error) {
	claiming, err := access.ReadClaiming(tx.Tx.Tx)
	if err != nil {
		return nil, "", err
	}
	found, next, err := people.ListBy(q, tx.ListTerminals, people.ByName, people.ByCreated)
	for _, t := range found {
		if err == nil {
			var state TerminalState
			state, err = h.stateOf(tx, t, claiming.Closed)
			page = append(page, state)
		}
	}
	return page, next, err
}

// stateOf is a terminal as an operator sees it, while claiming is closed at the site or not.
func (h *Hub) stateOf(tx Tx, t Terminal, closed bool) (TerminalState, error) {
	upto, err := newestUpto(tx, t.Name)
	return TerminalState{Terminal: t, Connected: h.connected(t.Name), Upto: upto, ClaimsClosed: closed && !t.Removed()}, err
}

// newestUpto is the watermarks of a terminal's newest database.
func newestUpto(tx Tx, terminal string) (upto map[wire.Stream]uint64, err error) {
	err = tx.EachSource(terminal, func(s Source) error {
		upto = s.Upto // oldest first: the last one stays
		return nil
	})
	return upto, err
}
