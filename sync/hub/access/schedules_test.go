package access_test

import (
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/wire"
)

var week = access.Window{Days: 0b0001_1111, From: 6 * 60, To: 22 * 60}

func (s site) schedule(name string, windows ...access.Window) access.Schedule {
	s.t.Helper()
	return get(s, func(tx access.Tx) (access.Schedule, error) {
		return access.AddSchedule(tx, access.Schedule{Name: name, Windows: windows})
	})
}

func change(ref string, fn func(*access.Schedule)) func(access.Tx) error {
	return func(tx access.Tx) error {
		_, err := access.ChangeSchedule(tx, ref, fn)
		return err
	}
}

// DESIGN §7: grants follow a schedule, which has a name and keeps its number.
func TestSchedules(t *testing.T) {
	s := newSite(t)
	s.door("front")
	s.person("Ada Byron")
	sch := s.schedule("  Office   hours ", week)
	equal(t, "schedule", sch, access.Schedule{ID: 1, Name: "Office hours", Windows: []access.Window{week}})
	g := s.grant(access.NewGrant{Account: "Ada Byron", Door: "front", Schedule: "OFFICE hours"})
	equal(t, "grant's schedule", g.Schedule, sch.ID)
	s.do(func(tx access.Tx) error {
		_, made, err := access.AddGrant(tx, access.NewGrant{Account: "Ada Byron", Door: "front", Schedule: "1"})
		equal(t, "made again, by its number", made, false)
		return err
	})
	s.do(change("office hours", func(s *access.Schedule) { s.ID, s.Name, s.Windows = 9, "Opening", nil }))
	all := get(s, access.AllSchedules)
	equal(t, "schedules", all, []access.Schedule{{ID: 1, Name: "Opening"}})
	equal(t, "grant", s.refused(access.CodeScheduleUsed, func(tx access.Tx) error { return access.RemoveSchedule(tx, "Opening") })["schedule"], any("Opening"))
	s.do(func(tx access.Tx) error {
		if _, err := access.RemoveGrant(tx, g.ID); err != nil {
			return err
		}
		return access.RemoveSchedule(tx, "opening")
	})
	s.refused(access.CodeScheduleNotFound, change("opening", func(*access.Schedule) {}))
	equal(t, "the next number", s.schedule("Opening").ID, 2)
	equal(t, "audit", s.actions("1"), []string{"schedule.add", "schedule.change", "schedule.remove"})
}

func TestSchedulesThatCannotBe(t *testing.T) {
	s := newSite(t)
	s.schedule("Office")
	s.schedule("Night")
	add := func(sch access.Schedule) func(access.Tx) error {
		return func(tx access.Tx) error {
			_, err := access.AddSchedule(tx, sch)
			return err
		}
	}
	for name, code := range map[string]string{
		"OFFICE": access.CodeScheduleTaken, "": access.CodeScheduleName, " ": access.CodeScheduleName, "12": access.CodeScheduleName,
		"a\x00b": access.CodeScheduleName, "a\xffb": access.CodeScheduleName, "a\u202eb": access.CodeScheduleName, strings.Repeat("x", 101): access.CodeScheduleName,
	} {
		s.refused(code, add(access.Schedule{Name: name}))
		s.refused(code, change("Night", func(sch *access.Schedule) { sch.Name = name }))
	}
	for _, w := range []access.Window{
		{Days: 0, From: 0, To: 60}, {Days: 1, From: -1, To: 60}, {Days: 1, From: 0, To: 1441}, {Days: 1, From: 1440, To: 60}, {Days: 1, From: 60, To: 60}, {Days: 1, From: 60, To: -1},
	} {
		s.refused(access.CodeScheduleWindow, add(access.Schedule{Name: "Bad", Windows: []access.Window{week, w}}))
	}
	s.refused(access.CodeTooMany, add(access.Schedule{Name: "Bad", Windows: make([]access.Window, 51)}))
	s.schedule("Nights", access.Window{Days: 0xff, From: 22 * 60, To: 6 * 60}, access.Window{Days: 1, From: 0, To: 1440})
}

// What the hub takes as a schedule, a terminal takes as a row.
func TestSchedulesAreThoseOfTheWire(t *testing.T) {
	s := newSite(t)
	windows := make([]access.Window, 50)
	for i := range windows {
		windows[i] = access.Window{Days: 0xff, From: i, To: 1440 - i}
	}
	sch := s.schedule("Many", windows...)
	row := wire.Schedule{}
	for _, w := range sch.Windows {
		row.Windows = append(row.Windows, wire.Hours{Days: uint64(w.Days), From: uint64(w.From), To: uint64(w.To)})
	}
	body, err := wire.Marshal(row)
	if err != nil {
		t.Fatal(err)
	}
	var back wire.Schedule
	if err := wire.Unmarshal(body, &back); err != nil {
		t.Error(err)
	}
	equal(t, "row", back, row)
}

func TestHolidays(t *testing.T) {
	s := newSite(t)
	set := func(day, name string) func(access.Tx) error {
		return func(tx access.Tx) error {
			_, err := access.SetHoliday(tx, day, name)
			return err
		}
	}
	s.do(set("2026-12-25", "Noël"))
	s.do(set("2026-05-01", "Fête du  travail"))
	s.do(set("2026-12-25", "Christmas"))
	equal(t, "holidays", get(s, access.AllHolidays), []access.Holiday{
		{Day: "2026-05-01", Name: "Fête du travail"}, {Day: "2026-12-25", Name: "Christmas"},
	})
	for _, day := range []string{"", "2026-2-1", "2026-02-30", "25.12.2026", "2026-12-25 ", "0000-01-01", "20260-12-25"} {
		s.refused(access.CodeDay, set(day, "x"))
	}
	for _, name := range []string{"", "a\x00", "a\u200b", strings.Repeat("x", 101)} {
		s.refused(access.CodeHolidayName, set("2026-01-01", name))
	}
	remove := func(tx access.Tx) error { return access.RemoveHoliday(tx, "2026-05-01") }
	s.do(remove)
	s.refused(access.CodeHolidayNotFound, remove)
	equal(t, "holidays", len(get(s, access.AllHolidays)), 1)
	s.do(func(tx access.Tx) error {
		for i := range 999 {
			day := time.Date(2030, 1, 1+i, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
			if err := tx.SetHoliday(access.Holiday{Day: day, Name: "x"}, true); err != nil {
				return err
			}
		}
		return nil
	})
	s.refused(access.CodeTooMany, set("2027-01-01", "one too many"))
	s.do(set("2026-12-25", "one of them"))
	equal(t, "audit", s.actions("2026-05-01"), []string{"holiday.set", "holiday.remove"})
}
