package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

const (
	scheduleColumns = `SELECT ` + ofSchedule + ` FROM schedule s `
	ofSchedule      = `s.id, s.name, s.windows`
)

var scheduleList = named[access.Schedule]{
	list: "schedule", from: "schedule s", columns: ofSchedule, ref: "s.name_key", read: readSchedule,
	refOf: func(s access.Schedule) string { return scheduleKey(s.Name) },
	orders: map[people.Order]listing{
		people.ByName:    {by: []string{"s.name_key"}, kinds: "t"},
		people.ByCreated: {by: []string{"s.id"}, kinds: "n", desc: true},
	},
}

// ListSchedules implements access.Lists.
func (x *tx) ListSchedules(q people.Listing) ([]access.Schedule, string, error) {
	return scheduleList.page(x, q, conditions{})
}

func readSchedule(scan scan) (s access.Schedule, err error) {
	var windows string
	if err = scan(&s.ID, &s.Name, &windows); err != nil {
		return s, err
	}
	return s, json.Unmarshal([]byte(windows), &s.Windows)
}

// scheduleKey is by what names of schedules are told apart.
func scheduleKey(name string) string { return strings.ToLower(name) }

// Schedule implements access.Schedules.
func (x *tx) Schedule(id uint64) (access.Schedule, error) {
	return first(x, scheduleColumns+`WHERE id = ?`, []any{id}, readSchedule)
}

// ScheduleByName implements access.Schedules.
func (x *tx) ScheduleByName(name string) (access.Schedule, error) {
	return first(x, scheduleColumns+`WHERE name_key = ?`, []any{scheduleKey(name)}, readSchedule)
}

// AddSchedule implements access.Schedules.
func (x *tx) AddSchedule(s access.Schedule) (access.Schedule, error) {
	windows, err := json.Marshal(s.Windows)
	if err != nil {
		return s, fmt.Errorf("write schedule %s: %w", s.Name, err)
	}
	err = x.one(`INSERT INTO schedule (name, name_key, windows) VALUES (?, ?, ?) ON CONFLICT (name_key) DO NOTHING RETURNING id`,
		[]any{s.Name, scheduleKey(s.Name), string(windows)}, &s.ID)
	if errors.Is(err, people.ErrNotFound) {
		return s, people.ErrTaken
	}
	x.changes.Schedules[s.ID] = &s
	return s, errors.Join(err, x.putName(scheduleList.list, scheduleKey(s.Name), s.Name))
}

// PutSchedule implements access.Schedules.
func (x *tx) PutSchedule(s access.Schedule) error {
	windows, err := json.Marshal(s.Windows)
	if err != nil {
		return fmt.Errorf("write schedule %s: %w", s.Name, err)
	}
	if err := x.dropScheduleName(s.ID); err != nil {
		return err
	}
	key := scheduleKey(s.Name)
	n, err := x.exec(`UPDATE schedule SET name = ?, name_key = ?, windows = ? WHERE id = ?
		AND NOT EXISTS (SELECT 1 FROM schedule o WHERE o.name_key = ? AND o.id <> ?)`, s.Name, key, string(windows), s.ID, key, s.ID)
	if err == nil && n == 0 {
		return people.ErrTaken
	}
	x.changes.Schedules[s.ID] = &s
	return errors.Join(err, x.putName(scheduleList.list, key, s.Name))
}

func (x *tx) dropScheduleName(id uint64) error {
	s, err := x.Schedule(id)
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	return errors.Join(err, x.dropName(scheduleList.list, scheduleKey(s.Name)))
}

// DropSchedule implements access.Schedules.
func (x *tx) DropSchedule(id uint64) error {
	if err := x.dropScheduleName(id); err != nil {
		return err
	}
	_, err := x.exec(`DELETE FROM schedule WHERE id = ?`, id)
	x.changes.Schedules[id] = nil
	return err
}

// EachSchedule implements access.Schedules.
func (x *tx) EachSchedule(fn func(access.Schedule) error) error {
	return collect(x, scheduleColumns+`ORDER BY name_key`, nil, readSchedule, fn)
}

const ofHoliday = `h.day, h.name`

func readHoliday(scan scan) (h access.Holiday, err error) { return h, scan(&h.Day, &h.Name) }

var holidayList = named[access.Holiday]{
	list: "holiday", from: "holiday h", columns: ofHoliday, ref: "h.day", read: readHoliday,
	refOf: func(h access.Holiday) string { return h.Day },
	orders: map[people.Order]listing{
		people.ByDay:    {by: []string{"h.day"}, kinds: "t"},
		people.ByLatest: {by: []string{"h.day"}, kinds: "t", desc: true},
	},
}

// ListHolidays implements access.Lists.
func (x *tx) ListHolidays(q access.HolidayQuery) ([]access.Holiday, string, error) {
	var of conditions
	if q.From != "" {
		of.add("h.day >= ?", q.From)
	}
	return holidayList.page(x, q.Listing, of)
}

// SetHoliday implements access.Schedules.
func (x *tx) SetHoliday(h access.Holiday, on bool) error {
	x.changes.Holidays = true
	if !on {
		_, err := x.exec(`DELETE FROM holiday WHERE day = ?`, h.Day)
		return errors.Join(err, x.dropName(holidayList.list, h.Day))
	}
	_, err := x.exec(`INSERT INTO holiday (day, name) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET name = excluded.name`, h.Day, h.Name)
	return errors.Join(err, x.putName(holidayList.list, h.Day, h.Name))
}

// EachHoliday implements access.Schedules.
func (x *tx) EachHoliday(fn func(access.Holiday) error) error {
	return collect(x, `SELECT `+ofHoliday+` FROM holiday h ORDER BY h.day`, nil, readHoliday, fn)
}
