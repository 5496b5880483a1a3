package enroll

import (
	"time"

	"badged/internal/clock"
	"badged/internal/timetable"
)

// hours are the schedules of a site and what they share. The time zone is in its settings.
type hours struct {
	schedules map[uint64]Schedule
	holidays  Holidays
}

func newHours() hours { return hours{schedules: make(map[uint64]Schedule)} }

// GoneSchedule is a schedule that is no more, GoneHolidays that the site has no holidays.
type (
	GoneSchedule uint64
	GoneHolidays struct{}
)

func (s Schedule) apply(ix *Index)     { ix.hours.schedules[s.ID] = s }
func (g GoneSchedule) apply(ix *Index) { delete(ix.hours.schedules, uint64(g)) }
func (h Holidays) apply(ix *Index)     { ix.hours.holidays = h }
func (GoneHolidays) apply(ix *Index)   { ix.hours.holidays = Holidays{} }

// Schedule looks a schedule up.
func (ix *Index) Schedule(id uint64) (Schedule, bool) {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	s, ok := ix.hours.schedules[id]
	return s, ok
}

// Holidays gives the holidays.
func (ix *Index) Holidays() Holidays {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return ix.hours.holidays
}

// NoClocks reports whether there are schedules that cannot be read, because the hub has not
// told what the clocks of the site show.
func (ix *Index) NoClocks() bool {
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	return len(ix.hours.schedules) > 0 && len(ix.site.Zone) == 0
}

// readable reports whether schedules can be read.
func (ix *Index) readable() bool { return len(ix.site.Zone) > 0 && !ix.hours.holidays.NotUnderstood }

// opening is what a schedule says of a moment.
type opening uint8

const (
	open       opening = iota
	shut               // outside of its windows
	missing            // there is no such schedule, or it is not understood
	unreadable         // nobody knows what the clocks of the site show
)

// opening asks a schedule about a moment; 0 is at any hour.
func (ix *Index) opening(schedule uint64, at time.Time) opening {
	if schedule == 0 {
		return open
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	s, ok := ix.hours.schedules[schedule]
	calendar := timetable.Calendar{Zone: ix.site.Zone, Holidays: ix.hours.holidays.Days}
	switch {
	case !ok || s.NotUnderstood:
		return missing
	case !ix.readable():
		return unreadable
	case calendar.Open(s.Windows, at):
		return open
	default:
		return shut
	}
}

// force is whether a grant is in force.
type force uint8

const (
	never      force = iota // not now, or as if it were not there
	outOfHours              // its schedule says no
	uncertain               // nobody can tell without knowing the time
	inForce
)

// force tells whether a grant is in force. A schedule that is missing lets nobody in, and
// keeps out at any hour.
func (e *Engine) force(g Grant, at clock.Stamp) force {
	opening := e.index.opening(g.Schedule, at.Wall)
	known := at.State != clock.Unknown
	switch {
	case known && !g.within(at.Wall):
		return never
	case opening == missing && !g.Deny:
		return never
	case opening == missing:
		return inForce
	case !known && !g.always(), opening == unreadable:
		return uncertain
	case opening == shut:
		return outOfHours
	default:
		return inForce
	}
}

// dated reports whether a grant has a beginning or an end.
func (g Grant) dated() bool { return !g.From.IsZero() || !g.To.IsZero() }

// always reports whether a grant is in force at any time.
func (g Grant) always() bool { return !g.dated() && g.Schedule == 0 }

// within reports whether a time is between a grant's beginning and its end.
func (g Grant) within(t time.Time) bool {
	return !t.Before(g.From) && (g.To.IsZero() || t.Before(g.To))
}
