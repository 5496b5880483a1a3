package store

import (
	"errors"
	"fmt"
	"math"
	"strings"
	"time"

	"badged/sync/hub/people"
)

// conditions are what rows must fulfil, with the arguments for it.
type conditions struct {
	terms []string
	args  []any
}

func (c *conditions) add(term string, args ...any) {
	c.terms = append(c.terms, term)
	c.args = append(c.args, args...)
}

func (c *conditions) where() string {
	if len(c.terms) == 0 {
		return ""
	}
	return "WHERE " + strings.Join(c.terms, " AND ")
}

// firstAt is the id of a table's first row of a time t or later; math.MaxInt64 if there is
// none. Times grow with the ids, so it is found by halving.
func (x *tx) firstAt(table, id, at string, t time.Time) (uint64, error) {
	var low, high uint64
	err := x.one(fmt.Sprintf(`SELECT coalesce((SELECT min(%s) FROM %s), 1), coalesce((SELECT max(%s) FROM %s), 0)`, id, table, id, table), nil, &low, &high)
	if err != nil {
		return 0, err
	}
	query := fmt.Sprintf(`SELECT %s, %s FROM %s WHERE %s >= ? ORDER BY %s LIMIT 1`, id, at, table, id, id)
	found := uint64(math.MaxInt64)
	for low <= high {
		mid := low + (high-low)/2
		var n uint64
		var when time.Time
		err := x.one(query, []any{mid}, &n, timeInto{&when})
		switch {
		case errors.Is(err, people.ErrNotFound), err == nil && !when.Before(t):
			if err == nil {
				found = n
			}
			high = mid - 1
		case err != nil:
			return 0, err
		default:
			low = n + 1
		}
	}
	return found, nil
}
