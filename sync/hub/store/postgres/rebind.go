package postgres

import (
	"strconv"
	"strings"
	"sync"
)

// rebound keeps statements as PostgreSQL takes them. Statements are constants of the
// program or made of a few of its parts, so there is an end to them.
type rebound struct {
	known sync.Map // query → query with $1
}

func (r *rebound) query(query string) string {
	if known, ok := r.known.Load(query); ok {
		return known.(string)
	}
	out := rebind(query)
	r.known.Store(query, out)
	return out
}

// rebind numbers the question marks that do not stand in a quoted text.
func rebind(query string) string {
	var b strings.Builder
	quoted, n := false, 0
	for _, c := range query {
		switch {
		case c == '\'':
			quoted = !quoted
		case c == '?' && !quoted:
			n++
			b.WriteString("$" + strconv.Itoa(n))
			continue
		}
		b.WriteRune(c)
	}
	return b.String()
}
