package store

import (
	"encoding/hex"
	"slices"
	"strings"

	"badged/sync/hub/people"
)

// named is a list of things that go by a name, whose words are in the table name_word.
type named[T any] struct {
	list    string // in name_word
	from    string // the table and the letter by which the other fields call it: "door d"
	columns string
	ref     string // the column that a row is read by
	inHex   bool   // ref is bytes, which name_word has in hex
	read    func(scan) (T, error)
	refOf   func(T) string
	orders  map[people.Order]listing // by, kinds, desc; "" is the first of them
}

// page gives a page of the rows that fulfil the conditions, which an index of each order
// begins with.
func (n named[T]) page(x *tx, q people.Listing, of conditions) ([]T, string, error) {
	l, err := n.listing(x, q, of)
	if err == nil {
		err = l.after(q.After)
	}
	if err != nil {
		return nil, "", err
	}
	return pageOf(x, l, q.Limit, func(refs []any) ([]T, error) { return n.load(x, refs) })
}

func (n named[T]) listing(x *tx, q people.Listing, of conditions) (listing, error) {
	if q.Search == "" {
		l := n.orders[q.Order]
		l.from, l.ref, l.walk, l.most = n.from, n.ref, of, maxLooked
		return l, nil
	}
	l, err := x.byWord(wordIndex{table: "name_word", item: "item", kinds: "tt", list: n.list}, people.QueryWords(q.Search))
	if len(of.terms) > 0 {
		l.filter.add("EXISTS (SELECT 1 FROM "+n.from+" WHERE "+n.ref+" = w.item AND "+strings.Join(of.terms, " AND ")+")", of.args...)
	}
	return l, err
}

// load reads the rows that a listing found, in its order.
func (n named[T]) load(x *tx, refs []any) ([]T, error) {
	order := make(map[string]int)
	for i, ref := range refs {
		order[refText(ref)] = i
		if text, isText := ref.(string); isText && n.inHex {
			refs[i], _ = hex.DecodeString(text) // as putName wrote it
		}
	}
	marks := strings.Repeat(", ?", len(refs))[2:]
	rows, err := list(x, "SELECT "+n.columns+" FROM "+n.from+" WHERE "+n.ref+" IN ("+marks+")", refs, n.read)
	slices.SortFunc(rows, func(a, b T) int { return order[n.refOf(a)] - order[n.refOf(b)] })
	return rows, err
}

func refText(ref any) string {
	if b, isBytes := ref.([]byte); isBytes {
		return hex.EncodeToString(b)
	}
	text, _ := ref.(string)
	return text
}

// putName writes the words by which a search finds an item of a list, in place of those of
// its former name.
func (x *tx) putName(list, item, name string) error {
	if err := x.dropName(list, item); err != nil {
		return err
	}
	for _, word := range people.NameWords(name) {
		if _, err := x.exec(`INSERT INTO name_word (list, word, item) VALUES (?, ?, ?)`, list, word, item); err != nil {
			return err
		}
	}
	return nil
}

func (x *tx) dropName(list, item string) error {
	_, err := x.exec(`DELETE FROM name_word WHERE list = ? AND item = ?`, list, item)
	return err
}
