// Package timetable tells whether a schedule is open at a moment: windows of a week, in the
// time zone of a site, with its holidays. It is pure: it looks at no clock and at no
// database of time zones.
//
// The clock on the wall decides. A window from 2:00 to 3:00 is open twice in the night in
// which the clocks are put back, and not at all when they are put forward.
package timetable

import (
	"sort"
	"time"
)

// Zone is the clocks of a place: how far they are from UTC, and since when, ascending. The
// first offset holds before its beginning, too. An empty zone is not known.
type Zone []Offset

// Offset is how far clocks are from UTC, until the next offset begins.
type Offset struct {
	Since int64 // Unix seconds
	East  int64 // seconds that are added to UTC; negative in the west
}

// maxOffset is further from UTC than any clock is, in seconds.
const maxOffset = 26 * 60 * 60

// ZoneOf gives the clocks of a location from one moment to another.
func ZoneOf(loc *time.Location, from, to time.Time) (z Zone) {
	t := from.In(loc)
	for t.Before(to) {
		_, east := t.Zone()
		if len(z) == 0 || z[len(z)-1].East != int64(east) {
			z = append(z, Offset{t.Unix(), int64(east)})
		}
		_, until := t.ZoneBounds()
		if until.IsZero() {
			break
		}
		if !until.After(t) { // on the last day of a leap year, the bounds end at t itself
			until = t.Add(24 * time.Hour)
		}
		t = until
	}
	return z
}

// Valid reports whether a zone can be one: known, ascending, and no further from UTC than a
// day.
func (z Zone) Valid() bool {
	for i, o := range z {
		if i > 0 && o.Since <= z[i-1].Since || o.East < -maxOffset || o.East > maxOffset {
			return false
		}
	}
	return len(z) > 0
}

// wall gives what the clocks show, as seconds since the midnight of 1970-01-01 there.
func (z Zone) wall(t time.Time) int64 {
	unix := t.Unix()
	next := sort.Search(len(z), func(i int) bool { return z[i].Since > unix })
	return unix + z[max(next-1, 0)].East
}

// has reports whether clocks ever show noon of a day. A place that moves to the other side
// of the date line skips a day.
func (z Zone) has(d Day) bool {
	noon := int64(d)*secondsOfDay + secondsOfDay/2
	for _, o := range z {
		if z.wall(time.Unix(noon-o.East, 0)) == noon {
			return true
		}
	}
	return false
}
