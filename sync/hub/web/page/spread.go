package page

import (
	"strings"

	"badged/sync/hub/fleet"
)

// Spread is how far a change has come, for people.
type Spread struct {
	Text  string
	Whole bool
}

// Spread says how far a change has come: keys begins the texts of how many doors or terminals
// have it ("doors.many", "terminals.one"), and what is what was done, and when.
func (r *Request) Spread(keys, what string, s fleet.Spread) Spread {
	have, of, unit := s.Terminals, s.OfTerminals, "terminals"
	if s.OfDoors > 0 && r.site.has(keys+"doors.one") {
		have, of, unit = s.Doors, s.OfDoors, "doors"
	}
	text := r.T(keys+unit+plural(r.Lang, have), what, Number(r.Lang, have), Number(r.Lang, of))
	switch {
	case !s.IsWhole():
		text = r.T("page.spread.missing", text, strings.Join(s.Missing, ", "))
	case !s.At.IsZero():
		text = r.T("page.spread.at", text, r.ToTheSecond(s.At))
	}
	return Spread{text, s.IsWhole()}
}
