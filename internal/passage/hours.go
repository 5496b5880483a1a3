package passage

import (
	"time"

	"badged/internal/timetable"
)

// Hours is what the schedule of a grant says of a moment.
type Hours uint8

// What a schedule says.
const (
	AnyHour    Hours = iota // the grant has no schedule
	InHours                 // one of its windows is open
	Shut                    // none is
	Missing                 // there is no such schedule, or it is not understood
	Unreadable              // nobody knows what the clocks of the site show, or its holidays
)

// Site is what the schedules of a site share.
type Site struct {
	timetable.Calendar
	NotUnderstood bool // its holidays are not understood
}

// Readable reports whether schedules can be read.
func (s Site) Readable() bool { return len(s.Zone) > 0 && !s.NotUnderstood }

// Hours asks the windows of a schedule about a moment. found is false for a schedule that is
// not there, or that is not understood.
func (s Site) Hours(windows []timetable.Window, found bool, at time.Time) Hours {
	switch {
	case !found:
		return Missing
	case !s.Readable():
		return Unreadable
	case s.Open(windows, at):
		return InHours
	default:
		return Shut
	}
}
