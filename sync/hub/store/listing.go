package store

import (
	"encoding/base64"
	"encoding/binary"
	"errors"
	"strings"

	"badged/sync/hub/people"
)

// maxLooked bounds how many rows one page of a list looks at: a rare filter gives short pages
// instead of a long wait.
const maxLooked = 1000

// listing is one way through the rows of a list: an index that is walked in its order, and
// what the rows found there must fulfil.
type listing struct {
	from   string     // tables
	by     []string   // what the index sorts by, one or two columns that no two rows share
	kinds  string     // a letter for each of by: n a number, t a text, b bytes
	ref    string     // what a row is read by
	desc   bool       // the order
	walk   conditions // where the index is walked
	most   int        // rows to look at
	start  string     // the first text of by; empty: the first one there is
	filter conditions // what is looked at in each row
}

// looked is one row that a list looked at.
type looked struct {
	by    []any
	ref   any
	match bool
}

// pageOf walks the index until the page is full or enough rows were looked at, and reads what
// it found, in its order.
func pageOf[T any](x *tx, l listing, limit int, load func(refs []any) ([]T, error)) (page []T, next string, err error) {
	limit = min(max(limit, 1), maxLooked)
	rows, err := x.walkIndex(l, limit)
	if err != nil {
		return nil, "", err
	}
	var refs []any
	for _, r := range rows {
		if r.match {
			refs = append(refs, r.ref)
		}
	}
	if len(rows) == l.most || len(refs) == limit {
		next = encodeCursor(l.kinds, rows[len(rows)-1].by)
	}
	if len(refs) == 0 {
		return nil, next, nil
	}
	page, err = load(refs)
	return page, next, err
}

// walkIndex reads what the rows are sorted and read by, in order, and whether each fulfils the
// filter. It stops after limit matches.
func (x *tx) walkIndex(l listing, limit int) (rows []looked, err error) {
	matches := 0
	err = x.all(l.query(), append(append(l.filter.args, l.walk.args...), l.most), func(scan scan) error {
		r := looked{by: make([]any, len(l.by))}
		into := []any{&r.ref, flagInto{&r.match}}
		for i := range r.by {
			into = append(into, &r.by[i])
		}
		if err := scan(into...); err != nil {
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

func (l *listing) query() string {
	match := "1"
	if len(l.filter.terms) > 0 {
		match = "CASE WHEN " + strings.Join(l.filter.terms, " AND ") + " THEN 1 ELSE 0 END"
	}
	order, direction := strings.Join(l.by, ", "), ""
	if l.desc {
		order, direction = strings.Join(l.by, " DESC, "), " DESC"
	}
	return `SELECT ` + l.ref + `, ` + match + `, ` + strings.Join(l.by, ", ") + ` FROM ` + l.from + ` ` + l.walk.where() +
		` ORDER BY ` + order + direction + ` LIMIT ?`
}

// after goes on behind the row of a cursor.
func (l *listing) after(cursor string) error {
	if cursor == "" {
		if l.start != "" {
			l.walk.add(l.by[0]+" >= ?", l.start)
		}
		return nil
	}
	values, ok := decodeCursor(l.kinds, cursor)
	if !ok {
		return people.ErrCursor
	}
	if text, isText := values[0].(string); isText && text < l.start {
		return people.ErrCursor
	}
	compare := " > "
	if l.desc {
		compare = " < "
	}
	marks := strings.Repeat(", ?", len(values))[2:]
	l.walk.add("("+strings.Join(l.by, ", ")+")"+compare+"("+marks+")", values...)
	return nil
}

// A cursor is what a row is sorted by: a letter for the kind of each value, then a number of
// 8 bytes, or the length in 2 bytes and so many bytes.
func encodeCursor(kinds string, values []any) string {
	var b []byte
	for i, v := range values {
		b = append(b, kinds[i])
		switch v := v.(type) {
		case int64:
			b = binary.BigEndian.AppendUint64(b, uint64(v))
		case string:
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
		case []byte:
			b = append(binary.BigEndian.AppendUint16(b, uint16(len(v))), v...)
		}
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// decodeCursor reads values of these kinds, and nothing else.
func decodeCursor(kinds, s string) (values []any, ok bool) {
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, false
	}
	for _, kind := range []byte(kinds) {
		var v any
		if len(b) == 0 || b[0] != kind {
			return nil, false
		}
		if v, b, ok = cutValue(kind, b[1:]); !ok {
			return nil, false
		}
		values = append(values, v)
	}
	return values, len(b) == 0 && checkTexts(values) == nil
}

// cutValue reads the value that some bytes begin with.
func cutValue(kind byte, b []byte) (v any, rest []byte, ok bool) {
	if kind == 'n' {
		if len(b) < 8 {
			return nil, nil, false
		}
		return int64(binary.BigEndian.Uint64(b)), b[8:], true
	}
	if len(b) < 2 {
		return nil, nil, false
	}
	n := int(binary.BigEndian.Uint16(b))
	if b = b[2:]; len(b) < n {
		return nil, nil, false
	}
	if kind == 't' {
		return string(b[:n]), b[n:], true
	}
	return b[:n], b[n:], true
}
