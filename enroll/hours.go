package enroll

import (
	"time"

	"badged/internal/passage"
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

// hoursAt returns what a schedule says about a moment; schedule 0 means any hour.
func (ix *Index) hoursAt(schedule uint64, at time.Time) passage.Hours {
	if schedule == 0 {
		return passage.AnyHour
	}
	ix.mu.RLock()
	defer ix.mu.RUnlock()
	s, ok := ix.hours.schedules[schedule]
	site := passage.Site{
		Calendar:      timetable.Calendar{Zone: ix.site.Zone, Holidays: ix.hours.holidays.Days},
		NotUnderstood: ix.hours.holidays.NotUnderstood,
	}
	return site.Hours(s.Windows, ok && !s.NotUnderstood, at)
}
