package store

import (
	"math"
	"slices"
)

// maxProbed bounds the rows of which each is looked up in the other words of what it is of,
// which are all over the database.
const maxProbed = 300

// wordIndex is the words by which things are found.
type wordIndex struct {
	table string
	item  string // the column of what a word is of
	kinds string // of a word and an item, as in a listing
	list  string // the things of this list only; empty: the table has one list
}

var accountWords = wordIndex{table: "word", item: "account", kinds: "tb"}

// ofItem reads the words o of the item that w is a word of.
func (i wordIndex) ofItem() string {
	same := "o." + i.item + " = w." + i.item
	if i.list != "" {
		same = "o.list = w.list AND " + same
	}
	return "SELECT 1 FROM " + i.table + " o WHERE " + same
}

// upTo chooses the words of the list that are not behind those that begin as one.
func (i wordIndex) upTo(word string) (c conditions) {
	if i.list != "" {
		c.add("w.list = ?", i.list)
	}
	c.add("w.word < ?", wordEnd(word))
	return c
}

// byWord walks the words that begin as the rarest word of a search; each item counts at its
// first such word, and must have the other words too.
func (x *tx) byWord(index wordIndex, words []string) (l listing, err error) {
	l = listing{from: index.table + " w", by: []string{"w.word", "w." + index.item}, kinds: index.kinds, ref: "w." + index.item, most: maxLooked}
	if len(words) == 0 {
		l.walk = index.upTo("")
		l.walk.add("w.word < ''") // no word is
		return l, nil
	}
	rarest, err := x.rarest(index, words)
	if err != nil {
		return l, err
	}
	if len(words) > 1 {
		l.most = maxProbed
	}
	for i, word := range words {
		if i != rarest {
			l.filter.add("EXISTS ("+index.ofItem()+" AND o.word >= ? AND o.word < ?)", word, wordEnd(word))
		}
	}
	l.start = words[rarest]
	l.filter.add("NOT EXISTS ("+index.ofItem()+" AND o.word >= ? AND o.word < w.word)", l.start)
	l.walk = index.upTo(l.start)
	return l, nil
}

// rarest tells which word the fewest items have, as far as a bounded count tells.
func (x *tx) rarest(index wordIndex, words []string) (best int, err error) {
	fewest := math.MaxInt
	for i, word := range words {
		if len(words) == 1 {
			return 0, nil
		}
		c := index.upTo(word)
		c.add("w.word >= ?", word)
		var n int
		err := x.one(`SELECT count(*) FROM (SELECT 1 FROM `+index.table+` w `+c.where()+` LIMIT ?) counted`,
			slices.Concat(c.args, []any{maxLooked}), &n)
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
