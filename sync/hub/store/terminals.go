package store

import (
	"encoding/json"
	"errors"
	"fmt"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/wire"
)

const (
	terminalColumns = `SELECT ` + ofTerminal + ` FROM terminal t `
	ofTerminal      = `t.name, t.added, t.token, t.token_ends, t.public, t.cert, t.first, t.last_seen, t.agent, t.vector, t.doors, t.board, t.installed, t.sequence`
	sqlTerminal     = terminalColumns + `WHERE name = ?`
)

func readTerminal(scan scan) (t fleet.Terminal, err error) {
	var vector, public, installed []byte
	var doors string
	err = scan(&t.Name, timeInto{&t.Added}, &t.Token, timeInto{&t.TokenEnds}, &public, &t.Cert,
		idInto{&t.First}, timeInto{&t.LastSeen}, &t.Agent, &vector, &doors, &t.Board, &installed, &t.Sequence)
	if err != nil {
		return t, err
	}
	t.Public = public
	copy(t.Installed[:], installed)
	if err := errors.Join(wire.Unmarshal(vector, &t.Vector), json.Unmarshal([]byte(doors), &t.Doors)); err != nil {
		return t, fmt.Errorf("read terminal %s: %w", t.Name, err)
	}
	return t, nil
}

var terminalList = named[fleet.Terminal]{
	list: "terminal", from: "terminal t", columns: ofTerminal, ref: "t.name", read: readTerminal,
	refOf: func(t fleet.Terminal) string { return t.Name },
	orders: map[people.Order]listing{
		people.ByName:    {by: []string{"t.name"}, kinds: "t"},
		people.ByCreated: {by: []string{"t.added", "t.name"}, kinds: "nt", desc: true},
	},
}

// ListTerminals implements fleet.Lists.
func (x *tx) ListTerminals(q people.Listing) ([]fleet.Terminal, string, error) {
	return terminalList.page(x, q, conditions{})
}

// Terminal implements fleet.Terminals.
func (x *tx) Terminal(name string) (fleet.Terminal, error) {
	return x.terminal(sqlTerminal, name)
}

// TerminalByToken implements fleet.Terminals.
func (x *tx) TerminalByToken(hash []byte) (fleet.Terminal, error) {
	return x.terminal(terminalColumns+"WHERE token = ?", hash)
}

func (x *tx) terminal(query string, arg any) (fleet.Terminal, error) {
	return first(x, query, []any{arg}, readTerminal)
}

// PutTerminal implements fleet.Terminals.
func (x *tx) PutTerminal(t fleet.Terminal) error {
	vector, err := wire.Marshal(t.Vector)
	if err != nil {
		return fmt.Errorf("write terminal %s: %w", t.Name, err)
	}
	doors, err := json.Marshal(t.Doors)
	if err != nil {
		return fmt.Errorf("write terminal %s: %w", t.Name, err)
	}
	values := []any{blob(t.Token), millis(t.TokenEnds), blob(t.Public), blob(t.Cert),
		t.First[:], millis(t.LastSeen), t.Agent, vector, string(doors), t.Board, t.Installed[:], t.Sequence}
	known, err := x.exec(`UPDATE terminal SET token = ?, token_ends = ?, public = ?, cert = ?, first = ?, last_seen = ?,
		agent = ?, vector = ?, doors = ?, board = ?, installed = ?, sequence = ? WHERE name = ?`, append(values, t.Name)...)
	if err != nil || known > 0 { // mostly: one that says hello
		return err
	}
	_, err = x.exec(`INSERT INTO terminal VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`, append([]any{t.Name, millis(t.Added)}, values...)...)
	return errors.Join(err, x.putName(terminalList.list, t.Name, t.Name))
}

// EachTerminal implements fleet.Terminals.
func (x *tx) EachTerminal(fn func(fleet.Terminal) error) error {
	return collect(x, terminalColumns+"ORDER BY name", nil, readTerminal, fn)
}

const (
	sqlSource     = `SELECT id, successor, retired, born FROM source WHERE terminal = ? AND incarnation = ?`
	sqlWatermarks = `SELECT stream, upto, chain, safe FROM watermark WHERE source = ?`
	sqlPutSource  = `INSERT INTO source (terminal, incarnation, successor, born) VALUES (?, ?, ?, ?)`
	sqlPutMark    = `INSERT INTO watermark (source, stream, upto, chain) VALUES (?, ?, ?, ?)
		ON CONFLICT (source, stream) DO UPDATE SET upto = excluded.upto, chain = excluded.chain WHERE excluded.upto > watermark.upto`
)

// database names one database of a terminal, and sourceRow is what stands in its row.
type (
	database struct {
		terminal    string
		incarnation [16]byte
	}
	sourceRow struct {
		id        int64
		successor bool
		retired   bool
		born      uint64
	}
)

// Source implements fleet.Terminals.
func (x *tx) Source(terminal string, incarnation [16]byte) (fleet.Source, error) {
	s := fleet.Source{Terminal: terminal, Incarnation: incarnation}
	id, err := x.sourceID(&s)
	if err != nil {
		return s, err
	}
	return s, x.readMarks(id, &s)
}

// sourceID finds a source, and fills in what else is in its row.
func (x *tx) sourceID(s *fleet.Source) (int64, error) {
	key := database{s.Terminal, s.Incarnation}
	if known, ok := x.sources[key]; ok {
		s.Successor, s.Retired, s.Born = known.successor, known.retired, known.born
		return known.id, nil
	}
	var row sourceRow
	if err := x.one(sqlSource, []any{s.Terminal, s.Incarnation[:]}, &row.id, flagInto{&row.successor}, flagInto{&row.retired}, &row.born); err != nil {
		return 0, err
	}
	x.sources[key] = row
	s.Successor, s.Retired, s.Born = row.successor, row.retired, row.born
	return row.id, nil
}

func (x *tx) readMarks(source int64, s *fleet.Source) error {
	s.Upto, s.Chain, s.Safe = make(map[wire.Stream]uint64), make(map[wire.Stream]wire.Chain), make(map[wire.Stream]uint64)
	return x.all(sqlWatermarks, []any{source}, func(scan scan) error {
		var stream wire.Stream
		var upto, safe uint64
		var chain []byte
		err := scan(&stream, &upto, &chain, &safe)
		s.Upto[stream], s.Safe[stream] = upto, safe
		if len(chain) == len(wire.Chain{}) {
			s.Chain[stream] = wire.Chain(chain)
		}
		return err
	})
}

// PutSource implements fleet.Terminals. A watermark never goes back, and what is retired
// stays so.
func (x *tx) PutSource(s fleet.Source) error {
	retired := s.Retired
	id, err := x.sourceID(&s)
	if errors.Is(err, people.ErrNotFound) {
		if _, err = x.exec(sqlPutSource, s.Terminal, s.Incarnation[:], flag(s.Successor), s.Born); err == nil && s.Successor {
			clear(x.sources) // what others bring may be known from this one
			_, err = x.exec(`UPDATE source SET successor = 1 WHERE terminal = ?`, s.Terminal)
		}
		if err == nil {
			id, err = x.sourceID(&s)
		}
	}
	if err != nil {
		return err
	}
	if retired && !s.Retired {
		if _, err := x.exec(`UPDATE source SET retired = 1 WHERE id = ?`, id); err != nil {
			return err
		}
		x.sources[database{s.Terminal, s.Incarnation}] = sourceRow{id, s.Successor, true, s.Born}
	}
	for stream, n := range s.Upto {
		var chain []byte
		if c, known := s.Chain[stream]; known {
			chain = c[:]
		}
		if _, err := x.exec(sqlPutMark, id, stream, n, blob(chain)); err != nil {
			return err
		}
	}
	return nil
}

// PutSafe implements fleet.Terminals.
func (x *tx) PutSafe(s fleet.Source) error {
	id, err := x.sourceID(&s)
	if err != nil {
		return err
	}
	for stream, n := range s.Upto {
		if _, err := x.exec(`UPDATE watermark SET safe = ? WHERE source = ? AND stream = ? AND safe < ?`, n, id, stream, n); err != nil {
			return err
		}
	}
	return nil
}

// EachSource implements fleet.Terminals, in the order in which they first came.
func (x *tx) EachSource(terminal string, fn func(fleet.Source) error) error {
	type row struct {
		id int64
		fleet.Source
	}
	read := func(scan scan) (r row, err error) {
		r.Terminal = terminal
		return r, scan(&r.id, idInto{&r.Incarnation}, flagInto{&r.Successor}, flagInto{&r.Retired}, &r.Born)
	}
	query := `SELECT id, incarnation, successor, retired, born FROM source WHERE terminal = ? ORDER BY id`
	return collect(x, query, []any{terminal}, read, func(r row) (err error) {
		if err := x.readMarks(r.id, &r.Source); err != nil {
			return err
		}
		return fn(r.Source)
	})
}
