package store

import (
	"bytes"
	"cmp"
	"encoding/hex"
	"errors"
	"math"
	"slices"
	"strings"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

const cardColumns = `SELECT c.id, c.account, c.state, c.assurance, c.expires, c.since FROM card c `

func readCard(scan scan) (c access.Card, err error) {
	return c, scan(idInto{&c.ID}, idInto{&c.Account}, &c.State, &c.Assurance, timeInto{&c.Expires}, timeInto{&c.Since})
}

// Card implements access.Cards.
func (x *tx) Card(id access.ID) (access.Card, error) {
	return first(x, cardColumns+`WHERE c.id = ?`, []any{id[:]}, readCard)
}

// CardsByID implements access.Cards.
func (x *tx) CardsByID(prefix []byte, limit int) ([]access.Card, error) {
	return list(x, cardColumns+`WHERE c.id >= ? AND c.id <= ? ORDER BY c.id LIMIT ?`,
		[]any{prefix, lastWith(prefix), limit}, readCard)
}

// lastWith is the last id that begins so.
func lastWith(prefix []byte) []byte {
	var last access.ID
	for i := copy(last[:], prefix); i < len(last); i++ {
		last[i] = 0xff
	}
	return last[:]
}

// CardsOf implements access.Cards.
func (x *tx) CardsOf(account access.ID) ([]access.Card, error) {
	cards, err := list(x, cardColumns+`WHERE c.account = ?`, []any{account[:]}, readCard)
	slices.SortFunc(cards, func(a, b access.Card) int { return cmp.Or(a.Since.Compare(b.Since), bytes.Compare(a.ID[:], b.ID[:])) })
	return cards, err
}

// PutCard implements access.Cards.
func (x *tx) PutCard(c access.Card) error {
	_, err := x.exec(`INSERT INTO card (id, account, state, assurance, expires, since) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT (id) DO UPDATE SET account = excluded.account, state = excluded.state,
			assurance = excluded.assurance, expires = excluded.expires, since = excluded.since`,
		c.ID[:], c.Account[:], string(c.State), string(c.Assurance), millis(c.Expires), millis(c.Since))
	x.changes.Cards[c.ID] = &c
	return err
}

// DropCard implements access.Cards.
func (x *tx) DropCard(id access.ID) error {
	_, err := x.exec(`DELETE FROM card WHERE id = ?`, id[:])
	x.changes.Cards[id] = nil
	return err
}

// The cursors of ListCards begin with one of these: the cards in conflict come first.
const (
	inConflict = "c"
	others     = "o"
)

// ListCards implements access.Cards.
func (x *tx) ListCards(q access.CardQuery) (page []access.Card, next string, err error) {
	if q.After == "" || strings.HasPrefix(q.After, inConflict) {
		page, next, err = x.cardsIn(inConflict, q)
		if err != nil || next != "" || q.Contested {
			return page, next, err
		}
		if q.Limit > 0 && len(page) == q.Limit {
			return page, others, nil
		}
		q.After = others
		if q.Limit > 0 {
			q.Limit -= len(page)
		}
	}
	rest, next, err := x.cardsIn(others, q)
	return append(page, rest...), next, err
}

// cardsIn gives a page of one half of the list.
func (x *tx) cardsIn(half string, q access.CardQuery) ([]access.Card, string, error) {
	after, err := afterID(strings.TrimPrefix(q.After, half))
	if err != nil {
		return nil, "", err
	}
	cursor := func(id access.ID) string { return half + hex.EncodeToString(id[:]) }
	if half == inConflict && q.Account == (access.ID{}) {
		return x.contestedCards(q, after, cursor)
	}
	var c conditions
	if half == inConflict {
		c.add("EXISTS (SELECT 1 FROM conflict k WHERE k.card = c.id AND k.resolved = 0)")
	} else {
		c.add("NOT EXISTS (SELECT 1 FROM conflict k WHERE k.card = c.id AND k.resolved = 0)")
	}
	c.add("c.id > ?", after)
	if q.Temporary {
		c.add("c.expires > 0")
	}
	switch {
	case q.Account != (access.ID{}) && q.State != "":
		c.add("c.account = ? AND c.state || '' = ?", q.Account[:], string(q.State)) // by the index of accounts
	case q.Account != (access.ID{}):
		c.add("c.account = ?", q.Account[:])
	case q.State != "":
		c.add("c.state = ?", string(q.State))
	}
	page, err := list(x, cardColumns+c.where()+" ORDER BY c.id LIMIT ?", append(c.args, oneMore(q.Limit)), readCard)
	return cut(page, q.Limit, err, func(c access.Card) string { return cursor(c.ID) })
}

// contestedCards looks at as many cards in conflict as the page may have, and gives those
// that the filter leaves.
func (x *tx) contestedCards(q access.CardQuery, after []byte, cursor func(access.ID) string) (page []access.Card, next string, err error) {
	read := func(scan scan) (id access.ID, err error) { return id, scan(idInto{&id}) }
	ids, err := list(x, `SELECT DISTINCT card FROM conflict WHERE resolved = 0 AND card > ? ORDER BY card LIMIT ?`,
		[]any{after, oneMore(q.Limit)}, read)
	ids, next, err = cut(ids, q.Limit, err, cursor)
	for _, id := range ids {
		if err != nil {
			return nil, "", err
		}
		var c access.Card
		c, err = x.Card(id)
		if errors.Is(err, people.ErrNotFound) { // wanted, but nobody has it
			err = nil
		} else if (q.State == "" || c.State == q.State) && (!q.Temporary || !c.Expires.IsZero()) {
			page = append(page, c)
		}
	}
	return page, next, err
}

// afterID reads the id in a cursor; an empty one is before all ids.
func afterID(s string) ([]byte, error) {
	b, err := hex.DecodeString(s)
	if err != nil || len(b) != 0 && len(b) != len(access.ID{}) {
		return nil, access.ErrCursor
	}
	return b, nil
}

// oneMore is how many rows a page of a limit reads, so that it is known whether more follow.
// Limit 0 is no limit.
func oneMore(limit int) int64 {
	if limit == 0 {
		return math.MaxInt64
	}
	return int64(limit) + 1
}

// cut shortens a page that was read with one row more than it may have, and gives the
// cursor of the next page if there is one.
func cut[T any](page []T, limit int, err error, cursor func(T) string) ([]T, string, error) {
	if err != nil || limit == 0 || len(page) <= limit {
		return page, "", err
	}
	page = page[:limit]
	return page, cursor(page[limit-1]), nil
}

// AddConflict implements access.Conflicts.
func (x *tx) AddConflict(c access.Conflict) error {
	_, err := x.exec(`INSERT INTO conflict (card, account, other, terminal, why, at, resolved) VALUES (?, ?, ?, ?, ?, ?, ?)
		ON CONFLICT (card, other, why) WHERE resolved = 0 DO NOTHING`,
		c.Card[:], c.Account[:], c.Other[:], c.Terminal, c.Why, millis(c.At), flag(c.Resolved))
	return err
}

const conflictColumns = `SELECT card, account, other, terminal, why, at FROM conflict WHERE resolved = 0 `

// manyConflicts bounds the list of all conflicts.
const manyConflicts = 1000

// OpenConflicts implements access.Conflicts.
func (x *tx) OpenConflicts(card access.ID) ([]access.Conflict, error) {
	read := func(scan scan) (c access.Conflict, err error) {
		return c, scan(idInto{&c.Card}, idInto{&c.Account}, idInto{&c.Other}, &c.Terminal, &c.Why, timeInto{&c.At})
	}
	if card == (access.ID{}) {
		return list(x, conflictColumns+`ORDER BY id LIMIT ?`, []any{manyConflicts}, read)
	}
	return list(x, conflictColumns+`AND card = ? ORDER BY id LIMIT ?`, []any{card[:], manyConflicts}, read)
}

// ResolveConflicts implements access.Conflicts.
func (x *tx) ResolveConflicts(card access.ID) error {
	_, err := x.exec(`UPDATE conflict SET resolved = 1 WHERE card = ? AND resolved = 0`, card[:])
	return err
}

// CountConflicts implements access.Conflicts.
func (x *tx) CountConflicts(terminal string, limit int) (n int, err error) {
	return n, x.one(`SELECT COUNT(*) FROM (SELECT 1 FROM conflict WHERE resolved = 0 AND terminal = ? LIMIT ?) AS found`,
		[]any{terminal, limit}, &n)
}
