package store

import (
	"fmt"

	"badged/sync/hub"
	"badged/sync/wire"
)

const terminalColumns = `SELECT name, added, token, token_ends, public, cert, first, last_seen, agent, vector FROM terminal `

func readTerminal(scan func(...any) error) (t hub.Terminal, err error) {
	var vector []byte
	var public []byte
	err = scan(&t.Name, timeInto{&t.Added}, &t.Token, timeInto{&t.TokenEnds}, &public, &t.Cert,
		idInto{&t.First}, timeInto{&t.LastSeen}, &t.Agent, &vector)
	if err != nil {
		return t, err
	}
	t.Public = public
	if err := wire.Unmarshal(vector, &t.Vector); err != nil {
		return t, fmt.Errorf("read terminal %s: %w", t.Name, err)
	}
	return t, nil
}

// Terminal implements hub.Terminals.
func (x *tx) Terminal(name string) (hub.Terminal, error) {
	return x.terminal(terminalColumns+"WHERE name = ?", name)
}

// TerminalByToken implements hub.Terminals.
func (x *tx) TerminalByToken(hash []byte) (hub.Terminal, error) {
	return x.terminal(terminalColumns+"WHERE token = ?", hash)
}

func (x *tx) terminal(query string, arg any) (t hub.Terminal, err error) {
	found := false
	err = collect(x, query, []any{arg}, readTerminal, func(v hub.Terminal) error {
		t, found = v, true
		return nil
	})
	if err == nil && !found {
		err = hub.ErrNotFound
	}
	return t, err
}

// PutTerminal implements hub.Terminals.
func (x *tx) PutTerminal(t hub.Terminal) error {
	vector, err := wire.Marshal(t.Vector)
	if err != nil {
		return fmt.Errorf("write terminal %s: %w", t.Name, err)
	}
	_, err = x.exec(`INSERT INTO terminal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (name) DO UPDATE SET token = excluded.token, token_ends = excluded.token_ends,
			public = excluded.public, cert = excluded.cert, first = excluded.first,
			last_seen = excluded.last_seen, agent = excluded.agent, vector = excluded.vector`,
		t.Name, millis(t.Added), blob(t.Token), millis(t.TokenEnds), blob(t.Public), blob(t.Cert),
		t.First[:], millis(t.LastSeen), t.Agent, vector)
	return err
}

// EachTerminal implements hub.Terminals.
func (x *tx) EachTerminal(fn func(hub.Terminal) error) error {
	return collect(x, terminalColumns+"ORDER BY name", nil, readTerminal, fn)
}

const (
	sqlSource     = `SELECT id, successor FROM source WHERE terminal = ? AND incarnation = ?`
	sqlWatermarks = `SELECT stream, upto FROM watermark WHERE source = ?`
	sqlPutSource  = `INSERT INTO source (terminal, incarnation, successor) VALUES (?, ?, ?) ON CONFLICT DO NOTHING`
	sqlPutMark    = `INSERT INTO watermark (source, stream, upto) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET upto = excluded.upto WHERE excluded.upto > upto`
)

// database names one database of a terminal, and sourceRow is what never changes about
// it.
type (
	database struct {
		terminal    string
		incarnation hub.ID
	}
	sourceRow struct {
		id        int64
		successor bool
	}
)

// Source implements hub.Terminals.
func (x *tx) Source(terminal string, incarnation hub.ID) (hub.Source, error) {
	s := hub.Source{Terminal: terminal, Incarnation: incarnation}
	id, err := x.sourceID(&s)
	if err != nil {
		return s, err
	}
	s.Upto, err = x.upto(id)
	return s, err
}

// sourceID finds a source, and fills in what else is in its row.
func (x *tx) sourceID(s *hub.Source) (int64, error) {
	key := database{s.Terminal, s.Incarnation}
	if known, ok := x.sources[key]; ok {
		s.Successor = known.successor
		return known.id, nil
	}
	var row sourceRow
	if err := x.one(sqlSource, []any{s.Terminal, s.Incarnation[:]}, &row.id, &row.successor); err != nil {
		return 0, err
	}
	x.sources[key] = row
	s.Successor = row.successor
	return row.id, nil
}

func (x *tx) upto(source int64) (map[wire.Stream]uint64, error) {
	upto := make(map[wire.Stream]uint64)
	err := x.all(sqlWatermarks, []any{source}, func(scan func(...any) error) error {
		var stream wire.Stream
		var n uint64
		err := scan(&stream, &n)
		upto[stream] = n
		return err
	})
	return upto, err
}

// PutSource implements hub.Terminals. A watermark never goes back.
func (x *tx) PutSource(s hub.Source) error {
	if _, err := x.exec(sqlPutSource, s.Terminal, s.Incarnation[:], s.Successor); err != nil {
		return err
	}
	id, err := x.sourceID(&s)
	if err != nil {
		return err
	}
	for stream, n := range s.Upto {
		if _, err := x.exec(sqlPutMark, id, stream, n); err != nil {
			return err
		}
	}
	return nil
}

// EachSource implements hub.Terminals, in the order in which they first came.
func (x *tx) EachSource(terminal string, fn func(hub.Source) error) error {
	type row struct {
		id int64
		hub.Source
	}
	read := func(scan func(...any) error) (r row, err error) {
		r.Terminal = terminal
		return r, scan(&r.id, idInto{&r.Incarnation}, &r.Successor)
	}
	query := `SELECT id, incarnation, successor FROM source WHERE terminal = ? ORDER BY id`
	return collect(x, query, []any{terminal}, read, func(r row) (err error) {
		if r.Upto, err = x.upto(r.id); err != nil {
			return err
		}
		return fn(r.Source)
	})
}
