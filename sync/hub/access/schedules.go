package access

import (
	"errors"
	"slices"
	"strconv"
	"time"

	"badged/internal/profile"
	"badged/sync/hub/audit"
	"badged/sync/hub/people"
	"badged/sync/hub/refusal"
)

// The bounds of schedules.
const (
	longestLabel = 100 // bytes of the name of a schedule or a holiday
	manyWindows  = 50
	lastMinute   = 24 * 60
	manyHolidays = 1000 // all of them are one row of a terminal's
)

// FindSchedule finds a schedule by its name or number.
func FindSchedule(tx Tx, ref string) (Schedule, error) {
	ref = profile.CleanName(ref)
	if !profile.IsText(ref) {
		return Schedule{}, refuse(refusal.Missing, CodeScheduleNotFound, refusal.Fields{"schedule": clip(ref)})
	}
	s, err := tx.ScheduleByName(ref)
	if n, bad := strconv.ParseUint(ref, 10, 63); bad == nil && errors.Is(err, people.ErrNotFound) {
		s, err = tx.Schedule(n)
	}
	return s, orMissing(err, CodeScheduleNotFound, "schedule", ref)
}

// ListSchedules gives a page of schedules by name or the newest first, and the cursor of the
// next one.
func ListSchedules(tx Tx, q people.Listing) ([]Schedule, string, error) {
	return people.ListBy(q, tx.ListSchedules, people.ByName, people.ByCreated)
}

// AllSchedules gives all schedules, by name.
func AllSchedules(tx Tx) (all []Schedule, err error) {
	err = tx.EachSchedule(func(s Schedule) error {
		all = append(all, s)
		return nil
	})
	return all, err
}

// checkSchedule gives a schedule's name its form and refuses what no terminal could follow.
func checkSchedule(s Schedule) (Schedule, error) {
	s.Name = profile.CleanName(s.Name)
	if err := checkLabel(s.Name, CodeScheduleName, longestLabel); err != nil {
		return s, err
	}
	if _, err := strconv.ParseUint(s.Name, 10, 64); err == nil { // would read as a number
		return s, refuse(refusal.Invalid, CodeScheduleName, refusal.Fields{"most": longestLabel})
	}
	if len(s.Windows) > manyWindows {
		return s, refuse(refusal.Invalid, CodeTooMany, refusal.Fields{"most": manyWindows})
	}
	for i, w := range s.Windows {
		if w.Days == 0 || w.From < 0 || w.From >= lastMinute || w.To < 0 || w.To > lastMinute || w.From == w.To {
			return s, refuse(refusal.Invalid, CodeScheduleWindow, refusal.Fields{"window": i + 1})
		}
	}
	return s, nil
}

// AddSchedule makes a schedule; without windows it is never open.
func AddSchedule(tx Tx, s Schedule) (Schedule, error) {
	s, err := checkSchedule(s)
	if err != nil {
		return s, err
	}
	if s, err = tx.AddSchedule(s); err != nil {
		return s, orTaken(err, s.Name)
	}
	return s, recordSchedule(tx, "schedule.add", nil, &s)
}

// ChangeSchedule changes a schedule as change says. All grants that name it follow.
func ChangeSchedule(tx Tx, ref string, change func(*Schedule)) (Schedule, error) {
	was, err := FindSchedule(tx, ref)
	if err != nil {
		return was, err
	}
	s := was
	change(&s)
	s.ID = was.ID
	if s, err = checkSchedule(s); err != nil {
		return was, err
	}
	if err := tx.PutSchedule(s); err != nil {
		return was, orTaken(err, s.Name)
	}
	return s, recordSchedule(tx, "schedule.change", &was, &s)
}

// RemoveSchedule removes a schedule that no grant names: without it they would let in at
// any hour, or never.
func RemoveSchedule(tx Tx, ref string) error {
	s, err := FindSchedule(tx, ref)
	if err != nil {
		return err
	}
	used, _, err := tx.ListGrants(GrantQuery{Schedule: s.ID, Limit: 1})
	if err != nil {
		return err
	}
	if len(used) > 0 {
		return refuse(refusal.Conflict, CodeScheduleUsed, refusal.Fields{"schedule": s.Name, "grant": people.HexID(used[0].ID)})
	}
	if err := tx.DropSchedule(s.ID); err != nil {
		return err
	}
	return recordSchedule(tx, "schedule.remove", &s, nil)
}

func orTaken(err error, name string) error {
	if errors.Is(err, people.ErrTaken) {
		return refuse(refusal.Conflict, CodeScheduleTaken, refusal.Fields{"schedule": name})
	}
	return err
}

func recordSchedule(tx Tx, action string, before, after *Schedule) error {
	line := audit.Change{Action: action}
	if before != nil {
		line.Object, line.Before = strconv.FormatUint(before.ID, 10), before
	}
	if after != nil {
		line.Object, line.After = strconv.FormatUint(after.ID, 10), after
	}
	return tx.Record(line)
}

// SetHoliday makes a day a holiday, or gives it another name.
func SetHoliday(tx Tx, day, name string) (Holiday, error) {
	h, err := checkHoliday(day, name)
	if err != nil {
		return h, err
	}
	all, err := AllHolidays(tx)
	if err != nil {
		return h, err
	}
	if len(all) >= manyHolidays && !slices.ContainsFunc(all, func(o Holiday) bool { return o.Day == h.Day }) {
		return h, refuse(refusal.Invalid, CodeTooMany, refusal.Fields{"most": manyHolidays})
	}
	if err := tx.SetHoliday(h, true); err != nil {
		return h, err
	}
	return h, tx.Record(audit.Change{Action: "holiday.set", Object: h.Day, After: h})
}

func checkHoliday(day, name string) (Holiday, error) {
	t, err := time.Parse(time.DateOnly, day)
	if err != nil || t.Year() < 1 {
		return Holiday{}, refuse(refusal.Invalid, CodeDay, refusal.Fields{"text": clip(day)})
	}
	h := Holiday{Day: t.Format(time.DateOnly), Name: profile.CleanName(name)}
	return h, checkLabel(h.Name, CodeHolidayName, longestLabel)
}

// RemoveHoliday makes a day an ordinary one again.
func RemoveHoliday(tx Tx, day string) error {
	all, err := AllHolidays(tx)
	if err != nil {
		return err
	}
	for _, h := range all {
		if h.Day == day {
			if err := tx.SetHoliday(h, false); err != nil {
				return err
			}
			return tx.Record(audit.Change{Action: "holiday.remove", Object: h.Day, Before: h})
		}
	}
	return refuse(refusal.Missing, CodeHolidayNotFound, refusal.Fields{"day": clip(day)})
}

// ListHolidays gives a page of holidays by day, the first or the latest day first, and the
// cursor of the next one.
func ListHolidays(tx Tx, q HolidayQuery) ([]Holiday, string, error) {
	return people.ListBy(q.Listing, func(l people.Listing) ([]Holiday, string, error) {
		q.Listing = l
		return tx.ListHolidays(q)
	}, people.ByDay, people.ByLatest)
}

// AllHolidays gives all holidays, by day.
func AllHolidays(tx Tx) (all []Holiday, err error) {
	err = tx.EachHoliday(func(h Holiday) error {
		all = append(all, h)
		return nil
	})
	return all, err
}
