package timetable

import (
	"fmt"
	"slices"
	"time"
)

// Day is a day of the calendar, as days since 1970-01-01.
type Day int32

const (
	secondsOfDay = 24 * 60 * 60
	minutesOfDay = 24 * 60
	dayFormat    = "2006-01-02"
)

// ParseDay reads a day that is written like "2026-12-25".
func ParseDay(s string) (Day, error) {
	t, err := time.Parse(dayFormat, s)
	if err != nil {
		return 0, fmt.Errorf("read the day %q: want one like 2026-12-25", s[:min(len(s), 32)])
	}
	return dayOf(t.Unix()), nil
}

// String writes a day as ParseDay reads it.
func (d Day) String() string { return time.Unix(int64(d)*secondsOfDay, 0).UTC().Format(dayFormat) }

// dayOf gives the day of what clocks show.
func dayOf(wall int64) Day {
	if wall < 0 {
		wall -= secondsOfDay - 1
	}
	return Day(wall / secondsOfDay)
}

// weekday is the bit of Window.Days for a day of the week. 1970-01-01 was a Thursday.
func (d Day) weekday() Days { return 1 << (((int(d)+3)%7 + 7) % 7) }

// Days is a set of days of the week and of holidays.
type Days uint8

// The days.
const (
	Monday Days = 1 << iota
	Tuesday
	Wednesday
	Thursday
	Friday
	Saturday
	Sunday
	Holiday // whatever its day of the week
)

// Window is a part of some days. To itself is outside; a To before From is of the next day,
// and From equal to To is no time at all.
type Window struct {
	Days     Days
	From, To uint16 // minutes of the clock since midnight, 0 to 1440
}

// Valid reports whether a window's times are within a day.
func (w Window) Valid() bool { return w.From <= minutesOfDay && w.To <= minutesOfDay }

// Calendar is what all schedules of a site share.
type Calendar struct {
	Zone     Zone
	Holidays []Day // ascending
}

// Open reports whether one of the windows is open at t. The zone must be valid.
func (c Calendar) Open(windows []Window, t time.Time) bool {
	wall := c.Zone.wall(t)
	today := dayOf(wall)
	minute := uint16((wall - int64(today)*secondsOfDay) / 60)
	for _, w := range windows {
		if w.opens(c.days(today), minute) || w.goesOn(minute) && w.Days&c.days(c.before(today)) != 0 {
			return true
		}
	}
	return false
}

// opens reports whether the window has begun on a day of these, and has not ended.
func (w Window) opens(today Days, minute uint16) bool {
	return w.Days&today != 0 && minute >= w.From && (minute < w.To || w.To < w.From)
}

// goesOn reports whether the window, if it began on the day before, has not ended.
func (w Window) goesOn(minute uint16) bool { return w.To < w.From && minute < w.To }

// days are the days that a day counts as: its day of the week, or a holiday.
func (c Calendar) days(d Day) Days {
	if _, found := slices.BinarySearch(c.Holidays, d); found {
		return Holiday
	}
	return d.weekday()
}

// before gives the day before another.
func (c Calendar) before(d Day) Day {
	if d--; !c.Zone.has(d) && c.Zone.has(d-1) {
		d--
	}
	return d
}
