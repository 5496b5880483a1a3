package store

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"math"
	"strings"

	"badged/sync/hub/people"
)

// maxLooked bounds how many rows one page of a list looks at: a rare filter gives short pages
// instead of a long wait.
const maxLooked = 1000

// maxProbed bounds the rows of which each is looked up in the words of its account, which are
// all over the database.
const maxProbed = 300

// listing is one way through the accounts: an index that is walked in its order, and what
// the accounts found there must fulfil.
type listing struct {
	from   string // tables; account is a
	key    string // what the index sorts by, before the id
	id     string // the id as the index has it
	desc   bool
	walk   conditions // where the index is walked
	most   int        // rows to look at
	start  string     // the first key; empty: the first one there is
	filter conditions // what is looked at in each row
}

// ListAccounts implements people.Directory.
func (x *tx) ListAccounts(q people.Query) ([]people.Account, string, error) {
	l, err := x.listing(q)
	if err != nil {
		return nil, "", err
	}
	if err := l.after(q.After); err != nil {
		return nil, "", err
	}
	return x.page(l, min(max(q.Limit, 1), 1000))
}

// looked is one row that a list looked at.
type looked struct {
	key   any
	id    people.ID
	match bool
}

// page walks the index until the page is full or enough rows were looked at.
func (x *tx) page(l listing, limit int) (page []people.Account, next string, err error) {
	rows, err := x.walkIndex(l, limit)
	if err != nil {
		return nil, "", err
	}
	var ids []people.ID
	for _, r := range rows {
		if r.match {
			ids = append(ids, r.id)
		}
	}
	if len(rows) == l.most || len(ids) == limit {
		last := rows[len(rows)-1]
		next = encodeCursor(last.key, last.id)
	}
	if len(ids) == 0 {
		return nil, next, nil
	}
	page, err = x.byIDs(ids)
	return page, next, err
}

// walkIndex reads keys and ids in order, and whether each fulfils the filter. It stops after
// limit matches.
func (x *tx) walkIndex(l listing, limit int) (rows []looked, err error) {
	match := "1"
	if len(l.filter.terms) > 0 {
		match = "CASE WHEN " + strings.Join(l.filter.terms, " AND ") + " THEN 1 ELSE 0 END"
	}
	direction := ""
	if l.desc {
		direction = " DESC"
	}
	query := `SELECT ` + l.key + `, ` + l.id + `, ` + match + ` FROM ` + l.from + ` ` + l.walk.where() +
		` ORDER BY ` + l.key + direction + `, ` + l.id + direction + ` LIMIT ?`
	args := append(append(l.filter.args, l.walk.args...), l.most)
	matches := 0
	err = x.all(query, args, func(scan scan) error {
		var r looked
		if err := scan(&r.key, idInto{&r.id}, flagInto{&r.match}); err != nil {
			return err
		}
		if rows = append(rows, r); r.match {
			matches++
		}
		if matches == limit {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return rows, err
}

// errEnough ends the reading of rows early.
var errEnough = errors.New("enough rows")

// listing chooses the index for a query.
func (x *tx) listing(q people.Query) (l listing, err error) {
	l = listing{from: "account a", key: "a.name_key", id: "a.id", most: maxLooked}
	switch {
	case q.Search != "":
		if l, err = x.byWord(people.QueryWords(q.Search)); err != nil {
			return l, err
		}
	case q.Group != 0:
		l.from, l.key, l.id = "member m", "m.name_key", "m.account"
		l.walk.add("m.grp = ?", q.Group)
	case q.Order == people.ByCreated:
		l.key, l.desc = "a.created", true
	case q.Order == people.ByNumber:
		l.key = "a.number"
		l.walk.add("a.number <> 0")
	default:
		l.walkStateOrKind(q)
	}
	l.filterBy(q)
	return l, nil
}

// walkStateOrKind walks a partial index for what is rare.
func (l *listing) walkStateOrKind(q people.Query) {
	switch {
	case q.State != "" && q.State != people.Active:
		l.walk.add("a.state = ? AND a.state <> 'active'", string(q.State))
	case q.Kind != "" && q.Kind != people.Person:
		l.walk.add("a.kind = ? AND a.kind <> 'person'", string(q.Kind))
	}
}

// filterBy adds what is looked at in each row. Accounts that are merged or erased have no
// words and are in no group.
func (l *listing) filterBy(q people.Query) {
	ofAccount := l.from == "account a"
	if !ofAccount && (q.State != "" || q.Kind != "" || q.People) {
		l.from += " JOIN account a ON a.id = " + l.id
	}
	switch {
	case q.State != "":
		l.filter.add("a.state = ?", string(q.State))
	case ofAccount:
		l.filter.add("a.state NOT IN ('merged', 'erased')")
	}
	if q.Kind != "" {
		l.filter.add("a.kind = ?", string(q.Kind))
	}
	if q.People {
		l.filter.add("a.kind <> 'service'")
	}
	if q.Group != 0 && l.key != "m.name_key" {
		l.filter.add("EXISTS (SELECT 1 FROM member m WHERE m.grp = ? AND m.account = "+l.id+")", q.Group)
	}
}

// byWord walks the words that begin as the rarest word of a search; each account counts at
// its first such word, and must have the other words too.
func (x *tx) byWord(words []string) (l listing, err error) {
	l = listing{from: "word w", key: "w.word", id: "w.account", most: maxLooked}
	if len(words) == 0 {
		l.walk.add("1 = 0")
		return l, nil
	}
	rarest, err := x.rarest(words)
	if err != nil {
		return l, err
	}
	if len(words) > 1 {
		l.most = maxProbed
	}
	for i, word := range words {
		if i != rarest {
			l.filter.add("EXISTS (SELECT 1 FROM word o WHERE o.account = w.account AND o.word >= ? AND o.word < ?)", word, wordEnd(word))
		}
	}
	l.start = words[rarest]
	l.filter.add("NOT EXISTS (SELECT 1 FROM word o WHERE o.account = w.account AND o.word >= ? AND o.word < w.word)", l.start)
	l.walk.add("w.word < ?", wordEnd(l.start))
	return l, nil
}

// rarest tells which word the fewest accounts have, as far as a bounded count tells.
func (x *tx) rarest(words []string) (best int, err error) {
	fewest := math.MaxInt
	for i, word := range words {
		if len(words) == 1 {
			return 0, nil
		}
		var n int
		err := x.one(`SELECT count(*) FROM (SELECT 1 FROM word WHERE word >= ? AND word < ? LIMIT ?) counted`,
			[]any{word, wordEnd(word), maxLooked}, &n)
		if err != nil {
			return 0, err
		}
		if n < fewest {
			best, fewest = i, n
		}
	}
	return best, nil
}

// wordEnd is above all words that begin with a word, in the order of bytes.
func wordEnd(word string) string { return word + "\U0010ffff" }

// after goes on behind the row of a cursor.
func (l *listing) after(cursor string) error {
	if cursor == "" {
		if l.start != "" {
			l.walk.add(l.key+" >= ?", l.start)
		}
		return nil
	}
	key, id, ok := decodeCursor(cursor)
	if ok {
		_, isNumber := key.(int64)
		ok = isNumber == (l.key == "a.created" || l.key == "a.number")
	}
	if text, isText := key.(string); !ok || isText && text < l.start {
		return people.ErrCursor
	}
	compare := " > "
	if l.desc {
		compare = " < "
	}
	l.walk.add("("+l.key+", "+l.id+")"+compare+"(?, ?)", key, id[:])
	return nil
}

// A cursor is the id of a row, and its key with a letter for its type.
func encodeCursor(key any, id people.ID) string {
	b := id[:]
	switch k := key.(type) {
	case int64:
		b = binary.BigEndian.AppendUint64(append(b, 'n'), uint64(k))
	case string:
		b = append(append(b, 't'), k...)
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

func decodeCursor(s string) (key any, id people.ID, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil || len(b) <= len(id) {
		return nil, id, false
	}
	copy(id[:], b)
	kind, rest := b[len(id)], b[len(id)+1:]
	switch {
	case kind == 'n' && len(rest) == 8:
		return int64(binary.BigEndian.Uint64(rest)), id, true
	case kind == 't' && checkTexts([]any{string(rest)}) == nil:
		return string(rest), id, true
	}
	return nil, id, false
}
