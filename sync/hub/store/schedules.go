package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"badged/sync/hub/access"
	"badged/sync/hub/people"
)

const scheduleColumns = `SELECT id, name, windows FROM schedule `

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
	return s, err
}

// PutSchedule implements access.Schedules.
func (x *tx) PutSchedule(s access.Schedule) error {
	windows, err := json.Marshal(s.Windows)
	if err != nil {
		return fmt.Errorf("write schedule %s: %w", s.Name, err)
	}
	key := scheduleKey(s.Name)
	n, err := x.exec(`UPDATE schedule SET name = ?, name_key = ?, windows = ? WHERE id = ?
		AND NOT EXISTS (SELECT 1 FROM schedule o WHERE o.name_key = ? AND o.id <> ?)`, s.Name, key, string(windows), s.ID, key, s.ID)
	if err == nil && n == 0 {
		return people.ErrTaken
	}
	x.changes.Schedules[s.ID] = &s
	return err
}

// DropSchedule implements access.Schedules.
func (x *tx) DropSchedule(id uint64) error {
	_, err := x.exec(`DELETE FROM schedule WHERE id = ?`, id)
	x.changes.Schedules[id] = nil
	return err
}

// EachSchedule implements access.Schedules.
func (x *tx) EachSchedule(fn func(access.Schedule) error) error {
	return collect(x, scheduleColumns+`ORDER BY name_key`, nil, readSchedule, fn)
}

// SetHoliday implements access.Schedules.
func (x *tx) SetHoliday(h access.Holiday, on bool) error {
	x.changes.Holidays = true
	if !on {
		_, err := x.exec(`DELETE FROM holiday WHERE day = ?`, h.Day)
		return err
	}
	_, err := x.exec(`INSERT INTO holiday (day, name) VALUES (?, ?) ON CONFLICT (day) DO UPDATE SET name = excluded.name`, h.Day, h.Name)
	return err
}

// EachHoliday implements access.Schedules.
func (x *tx) EachHoliday(fn func(access.Holiday) error) error {
	read := func(scan scan) (h access.Holiday, err error) { return h, scan(&h.Day, &h.Name) }
	return collect(x, `SELECT day, name FROM holiday ORDER BY day`, nil, read, fn)
}
