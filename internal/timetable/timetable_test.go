package timetable_test

import (
	"slices"
	"testing"
	"time"
	_ "time/tzdata" // the same zones on every machine
	"unicode/utf8"

	"pgregory.net/rapid"

	"badged/internal/timetable"
)

const weekdays = timetable.Monday | timetable.Tuesday | timetable.Wednesday | timetable.Thursday | timetable.Friday

func location(t testing.TB, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	if err != nil {
		t.Fatal(err)
	}
	return loc
}

// zone gives the clocks of a place over the years of these tests.
func zone(loc *time.Location) timetable.Zone {
	return timetable.ZoneOf(loc, time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2040, 1, 1, 0, 0, 0, 0, time.UTC))
}

func day(t testing.TB, s string) timetable.Day {
	t.Helper()
	d, err := timetable.ParseDay(s)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestWindows (O6): a schedule is open by the clock on the wall, on the days that it names,
// and on holidays only if it names them.
func TestWindows(t *testing.T) {
	office := timetable.Window{Days: weekdays, From: 6 * 60, To: 22 * 60}
	night := timetable.Window{Days: timetable.Friday, From: 22 * 60, To: 6 * 60}
	whole := timetable.Window{Days: timetable.Sunday, From: 0, To: 1440}
	early := timetable.Window{Days: timetable.Sunday, From: 2 * 60, To: 3 * 60}
	feast := timetable.Window{Days: timetable.Holiday, From: 9 * 60, To: 12 * 60}
	feastNight := timetable.Window{Days: timetable.Holiday, From: 22 * 60, To: 2 * 60}
	paris := location(t, "Europe/Paris")
	calendar := timetable.Calendar{Zone: zone(paris), Holidays: []timetable.Day{day(t, "2026-05-01"), day(t, "2026-12-25")}}
	for _, c := range []struct {
		about  string
		window timetable.Window
		at     string // UTC
		open   bool
	}{
		{"the minute before", office, "2026-06-01T03:59:59Z", false},
		{"the first second, in summer", office, "2026-06-01T04:00:00Z", true},
		{"the first second, in winter", office, "2026-01-05T05:00:00Z", true},
		{"the last second", office, "2026-06-01T19:59:59Z", true},
		{"the end is outside", office, "2026-06-01T20:00:00Z", false},
		{"another day of the week", office, "2026-06-06T10:00:00Z", false},
		{"a holiday on a weekday", office, "2026-05-01T10:00:00Z", false},
		{"a window of holidays", feast, "2026-05-01T08:00:00Z", true},
		{"a window of holidays on another day", feast, "2026-05-04T08:00:00Z", false},
		{"a whole day, its first second", whole, "2026-06-06T22:00:00Z", true},
		{"a whole day, its last second", whole, "2026-06-07T21:59:59Z", true},
		{"the second after a whole day", whole, "2026-06-07T22:00:00Z", false},
		{"a night, before midnight", night, "2026-06-05T21:30:00Z", true},
		{"a night, after midnight", night, "2026-06-06T03:59:59Z", true},
		{"the end of a night is outside", night, "2026-06-06T04:00:00Z", false},
		{"another night, after midnight", night, "2026-06-05T03:00:00Z", false},
		{"a night of a holiday, which is no Friday's", night, "2026-05-01T20:30:00Z", false},
		{"the morning after that", night, "2026-05-02T02:00:00Z", false},
		{"the morning after a holiday belongs to it", feastNight, "2026-12-25T23:30:00Z", true},
		{"the morning of a holiday does not", feastNight, "2026-12-25T00:30:00Z", false},
		{"before the hour that is skipped", early, "2026-03-29T00:59:59Z", false},
		{"after the hour that is skipped", early, "2026-03-29T01:00:00Z", false},
		{"an hour that comes twice, first", early, "2026-10-25T00:30:00Z", true},
		{"an hour that comes twice, again", early, "2026-10-25T01:30:00Z", true},
		{"after the hour that comes twice", early, "2026-10-25T02:00:00Z", false},
		{"no time at all", timetable.Window{Days: 255, From: 600, To: 600}, "2026-06-01T08:00:00Z", false},
	} {
		at, err := time.Parse(time.RFC3339, c.at)
		if err != nil {
			t.Fatal(err)
		}
		if got := calendar.Open([]timetable.Window{{}, c.window}, at); got != c.open {
			t.Errorf("%s: open %v at %s, want %v", c.about, got, at.In(paris), c.open)
		}
	}
	if calendar.Open(nil, time.Now()) {
		t.Error("a schedule without windows is open")
	}
}

// Samoa had no 2011-12-30: the night of Thursday goes on into Saturday.
func TestANightGoesOnAfterADayThatWasSkipped(t *testing.T) {
	apia := location(t, "Pacific/Apia")
	calendar := timetable.Calendar{Zone: zone(apia)}
	at := time.Date(2011, 12, 31, 0, 30, 0, 0, apia)
	for days, open := range map[timetable.Days]bool{timetable.Thursday: true, timetable.Friday: false, timetable.Saturday: false} {
		if got := calendar.Open([]timetable.Window{{Days: days, From: 22 * 60, To: 6 * 60}}, at); got != open {
			t.Errorf("days %08b: open %v at %s", days, got, at)
		}
	}
}

// places are the zones of the properties, each with moments at which its clocks change:
// by an hour, at the date line, and at one minute past midnight, so that a day comes back.
var places = map[string][]string{
	"Europe/Paris":     {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z", "2038-10-31T01:00:00Z"},
	"America/St_Johns": {"2008-03-09T03:31:00Z", "2008-11-02T02:31:00Z", "2026-03-08T05:30:00Z", "2026-11-01T04:30:00Z"},
	"Asia/Kathmandu":   {"2026-03-29T01:00:00Z", "2026-10-25T01:00:00Z"},
	"Pacific/Apia":     {"2011-12-30T10:00:00Z", "2012-03-31T14:00:00Z", "2020-09-26T14:00:00Z", "2021-04-03T14:00:00Z"},
	"UTC":              {"2026-01-01T00:00:00Z"},
}

// TestOpenIsWhatClocksShow: around every change of the clocks, in zones of all kinds, a
// calendar says what the clocks of time.Location say.
func TestOpenIsWhatClocksShow(t *testing.T) {
	for name, changes := range places {
		loc := location(t, name)
		z := zone(loc)
		if !z.Valid() {
			t.Errorf("%s: %v is not valid", name, z)
		}
		rapid.Check(t, func(t *rapid.T) {
			change, err := time.Parse(time.RFC3339, rapid.SampledFrom(changes).Draw(t, "change"))
			if err != nil {
				t.Fatal(err)
			}
			at := change.Add(time.Duration(rapid.IntRange(-50*3600, 50*3600).Draw(t, "seconds")) * time.Second).In(loc)
			var holidays []timetable.Day
			for d := -3; d <= 3; d++ {
				if rapid.Bool().Draw(t, "holiday") {
					h, _ := timetable.ParseDay(change.AddDate(0, 0, d).Format(time.DateOnly))
					holidays = append(holidays, h)
				}
			}
			windows := rapid.SliceOfN(rapid.Custom(drawWindow), 0, 4).Draw(t, "windows")
			c := timetable.Calendar{Zone: z, Holidays: holidays}
			if got, want := c.Open(windows, at.UTC()), openByClock(windows, holidays, at); got != want {
				t.Fatalf("%s at %s: open %v, want %v", name, at, got, want)
			}
		})
	}
}

func drawWindow(t *rapid.T) timetable.Window {
	minute := rapid.OneOf(rapid.Uint16Range(0, 1440), rapid.SampledFrom([]uint16{0, 1, 60, 120, 180, 1380, 1439, 1440}))
	return timetable.Window{Days: timetable.Days(rapid.Byte().Draw(t, "days")), From: minute.Draw(t, "from"), To: minute.Draw(t, "to")}
}

// openByClock says the same with the standard library's calendar.
func openByClock(windows []timetable.Window, holidays []timetable.Day, at time.Time) bool {
	yesterday := at
	for yesterday.Format(time.DateOnly) >= at.Format(time.DateOnly) {
		yesterday = yesterday.Add(-time.Minute)
	}
	minute := uint16(at.Hour()*60 + at.Minute())
	return slices.ContainsFunc(windows, func(w timetable.Window) bool {
		today, before := covers(w, holidays, at), covers(w, holidays, yesterday)
		if w.From <= w.To {
			return today && w.From <= minute && minute < w.To
		}
		return today && w.From <= minute || before && minute < w.To
	})
}

func covers(w timetable.Window, holidays []timetable.Day, at time.Time) bool {
	if d, _ := timetable.ParseDay(at.Format(time.DateOnly)); slices.Contains(holidays, d) {
		return w.Days&timetable.Holiday != 0
	}
	return w.Days>>((at.Weekday()+6)%7)&1 != 0
}

// TestZonesWithoutChanges: half of the zones have one offset for ever, and the first offset
// of a zone holds before its beginning.
func TestZonesWithoutChanges(t *testing.T) {
	for name, want := range map[string]int64{"Asia/Kathmandu": 20700, "UTC": 0} {
		if z := zone(location(t, name)); len(z) != 1 || z[0].East != want {
			t.Errorf("%s: %v", name, z)
		}
	}
	from := time.Date(2026, 1, 5, 12, 0, 0, 0, time.UTC)
	c := timetable.Calendar{Zone: timetable.ZoneOf(location(t, "Asia/Kathmandu"), from, from.AddDate(1, 0, 0))}
	if w := []timetable.Window{{Days: timetable.Monday, From: 345, To: 346}}; !c.Open(w, from.Add(-12*time.Hour)) {
		t.Error("the first offset does not hold before its beginning")
	}
}

// TestAZoneHasAllChanges: every seven hours of sixty years, the clocks of a zone show what
// those of time.Location show.
func TestAZoneHasAllChanges(t *testing.T) {
	from := time.Date(2005, 1, 1, 0, 0, 0, 0, time.UTC)
	for name := range places {
		loc := location(t, name)
		c := timetable.Calendar{Zone: timetable.ZoneOf(loc, from, from.AddDate(60, 0, 0))}
		for at := from.In(loc); at.Year() < 2065; at = at.Add(7*time.Hour + 13*time.Minute) {
			minute := uint16(at.Hour()*60 + at.Minute())
			w := timetable.Window{Days: 1 << ((at.Weekday() + 6) % 7), From: minute, To: minute + 1}
			if !c.Open([]timetable.Window{w}, at) {
				t.Fatalf("%s at %s: the clocks show something else", name, at)
			}
		}
	}
}

// TestZonesOfYearsAreSmall: thirty years of a zone go into the row of a site.
func TestZonesOfYearsAreSmall(t *testing.T) {
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	z := timetable.ZoneOf(location(t, "Europe/Paris"), from, from.AddDate(30, 0, 0))
	if len(z) != 61 || !time.Unix(z[1].Since, 0).Equal(time.Date(2026, 3, 29, 1, 0, 0, 0, time.UTC)) {
		t.Errorf("%d offsets, the second since %s", len(z), time.Unix(z[1].Since, 0).UTC())
	}
}

func TestZonesThatMakeNoSenseAreNotValid(t *testing.T) {
	for about, z := range map[string]timetable.Zone{
		"not known":           nil,
		"out of order":        {{Since: 2}, {Since: 1}},
		"twice":               {{Since: 1}, {Since: 1}},
		"too far east":        {{Since: 1, East: 27 * 3600}},
		"too far in the west": {{Since: 1, East: -27 * 3600}},
	} {
		if z.Valid() {
			t.Errorf("%s: %v is valid", about, z)
		}
	}
	for _, w := range []timetable.Window{{From: 1441}, {To: 1441}} {
		if w.Valid() {
			t.Errorf("%+v is valid", w)
		}
	}
	if w := (timetable.Window{From: 1440, To: 1440}); !w.Valid() {
		t.Errorf("%+v is not valid", w)
	}
}

func TestDays(t *testing.T) {
	for _, s := range []string{"1970-01-01", "1969-12-31", "2026-12-25", "2028-02-29", "9999-12-31"} {
		if got := day(t, s).String(); got != s {
			t.Errorf("%s is written as %s", s, got)
		}
	}
	for _, s := range []string{"", "2026-02-29", "2026-2-1", "25.12.2026", "2026-12-25T00:00:00Z", " 2026-12-25"} {
		if d, err := timetable.ParseDay(s); err == nil || !utf8.ValidString(err.Error()) {
			t.Errorf("%q was read as %s, %v", s, d, err)
		}
	}
}
