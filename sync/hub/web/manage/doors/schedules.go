package doors

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
)

func scheduleRoutes() []page.Route {
	const of = "/g/horaires/{schedule}"
	return []page.Route{
		{Method: "GET", Path: "/g/horaires", Right: page.Doors, Handle: listSchedules},
		{Method: "GET", Path: "/g/horaires/nouveau", Right: page.Doors, Handle: newSchedule},
		{Method: "POST", Path: "/g/horaires/nouveau", Right: page.Doors, Handle: addSchedule},
		{Method: "GET", Path: of, Right: page.Doors, Handle: showSchedule},
		{Method: "POST", Path: of, Right: page.Doors, Handle: changeSchedule},
		{Method: "GET", Path: of + "/supprimer", Right: page.Doors, Handle: confirmScheduleRemoval},
		{Method: "POST", Path: of + "/supprimer", Right: page.Doors, Handle: removeSchedule},
		{Method: "GET", Path: "/g/horaires/feries", Right: page.Doors, Handle: listHolidays},
		{Method: "POST", Path: "/g/horaires/feries", Right: page.Doors, Handle: addHoliday},
		{Method: "POST", Path: "/g/horaires/feries/supprimer", Right: page.Doors, Handle: removeHoliday},
	}
}

func scheduleTabs(r *page.Request, current string) []page.Link {
	return tabs(r, current, "/g/horaires", "doors.schedules.title", "/g/horaires/feries", "doors.holidays.title")
}

// dayKeys are the days of a window by their bits, as texts name them.
var dayKeys = []string{"mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday"}

// scheduleLine is a schedule in the list.
type scheduleLine struct {
	Path, Name string
	Windows    []string
}

// describeWindow says a window in words: «lun–ven, 08:00–18:30».
func describeWindow(r *page.Request, w access.Window) string {
	return strings.Join(describeDays(r, w.Days), ", ") + " · " + clockOf(w.From) + "–" + clockOf(w.To)
}

// describeDays joins days that follow each other.
func describeDays(r *page.Request, days uint8) (parts []string) {
	const week = 7
	for i := 0; i < len(dayKeys); i++ {
		if days&(1<<i) == 0 {
			continue
		}
		last := i
		for last+1 < week && days&(1<<(last+1)) != 0 {
			last++
		}
		name := r.T("doors.day." + dayKeys[i])
		if last > i {
			name += "–" + r.T("doors.day."+dayKeys[last])
		}
		parts, i = append(parts, name), last
	}
	return parts
}

func clockOf(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

type scheduleList struct {
	Tabs  []page.Link
	List  *page.List
	Lines []scheduleLine
}

func listSchedules(r *page.Request) (page.Reply, error) {
	d := scheduleList{Tabs: scheduleTabs(r, "/g/horaires"), List: r.NameList()}
	err := r.Read(func(tx fleet.Tx) error {
		schedules, next, err := access.ListSchedules(tx.Tx.Tx, d.List.Listing())
		d.List.Next, d.Lines = next, nil
		for _, s := range schedules {
			l := scheduleLine{Path: "/g/horaires/" + strconv.FormatUint(s.ID, 10), Name: s.Name}
			for _, w := range s.Windows {
				l.Windows = append(l.Windows, describeWindow(r, w))
			}
			d.Lines = append(d.Lines, l)
		}
		return err
	})
	return page.Show("doors/schedules", r.T("doors.schedules.title"), d), err
}

// schedulePage is a schedule with a row of fields for each window, and some to add.
type schedulePage struct {
	Form *page.Form
	Path string // where it is kept; empty: it is new
	Name string
	Rows []windowRow
}

// windowRow is the fields of one window.
type windowRow struct {
	Number             int
	Days               []page.Option
	DayField, From, To string // names of fields
}

// moreRows is how many empty rows a form has.
const moreRows = 2

// manyRows bounds the rows of a form.
const manyRows = 20

func (d *schedulePage) fill(r *page.Request, n int) {
	for i := range min(n, manyRows) {
		row := windowRow{Number: i + 1, DayField: fmt.Sprint("jours", i), From: fmt.Sprint("de", i), To: fmt.Sprint("a", i)}
		for bit, key := range dayKeys {
			value := strconv.Itoa(bit)
			row.Days = append(row.Days, page.Option{Value: value, Text: r.T("doors.day." + key), Chosen: d.Form.Has(row.DayField, value)})
		}
		d.Rows = append(d.Rows, row)
	}
}

// fillWindows puts windows into the form.
func (d *schedulePage) fillWindows(r *page.Request, s access.Schedule) {
	d.Form.Set("nom", s.Name)
	for i, w := range s.Windows {
		var days []string
		for bit := range dayKeys {
			if w.Days&(1<<bit) != 0 {
				days = append(days, strconv.Itoa(bit))
			}
		}
		d.Form.Set(fmt.Sprint("jours", i), days...)
		d.Form.Set(fmt.Sprint("de", i), clockOf(w.From))
		d.Form.Set(fmt.Sprint("a", i), clockOf(w.To))
	}
	d.fill(r, len(s.Windows)+moreRows)
}

// windows reads the rows that were filled in. One without days, or without hours, is wrong.
func (d *schedulePage) windows(r *page.Request) (out []access.Window) {
	for _, row := range d.Rows {
		days, from, to := d.Form.Values(row.DayField), d.Form.Value(row.From), d.Form.Value(row.To)
		if len(days) == 0 && from == "" && to == "" {
			continue
		}
		w, ok := windowOf(days, from, to)
		if !ok {
			d.Form.Refuse(row.DayField, r.T("doors.schedule.row"))
		}
		out = append(out, w)
	}
	return out
}

func windowOf(days []string, from, to string) (w access.Window, ok bool) {
	for _, d := range days {
		bit, err := strconv.Atoi(d)
		if err != nil || bit < 0 || bit >= len(dayKeys) {
			return w, false
		}
		w.Days |= 1 << bit
	}
	var ok1, ok2 bool
	w.From, ok1 = minutesOf(from)
	w.To, ok2 = minutesOf(to)
	if w.To == 0 { // a browser cannot send 24:00
		w.To = 24 * 60
	}
	return w, ok1 && ok2 && len(days) > 0
}

func minutesOf(text string) (int, bool) {
	if text == "24:00" {
		return 24 * 60, true
	}
	t, err := time.Parse("15:04", text)
	return t.Hour()*60 + t.Minute(), err == nil
}

func (d schedulePage) show(r *page.Request) page.Reply {
	title := r.T("doors.schedule.new")
	if d.Path != "" {
		title = r.T("doors.schedule.title", d.Name)
	}
	return page.Show("doors/schedule", title, d)
}

func newSchedule(r *page.Request) (page.Reply, error) {
	d := schedulePage{Form: r.Fill(nil)}
	d.fill(r, 2+moreRows)
	return d.show(r), nil
}

// scheduleFields are where refusals about a schedule belong.
var scheduleFields = page.Fields{access.CodeScheduleName: "nom", access.CodeScheduleTaken: "nom"}

func addSchedule(r *page.Request) (page.Reply, error) {
	d := schedulePage{Form: r.Form()}
	d.fill(r, 2+moreRows)
	return d.save(r, func(tx fleet.Tx, s access.Schedule) error {
		_, err := access.AddSchedule(tx.Tx.Tx, s)
		return err
	})
}

// save keeps the schedule as the form has it.
func (d schedulePage) save(r *page.Request, keep func(fleet.Tx, access.Schedule) error) (page.Reply, error) {
	s := access.Schedule{Name: d.Form.Value("nom"), Windows: d.windows(r)}
	var err error
	if d.Form.OK() {
		err = d.Form.Explain(r.Write(func(tx fleet.Tx) error { return keep(tx, s) }), scheduleFields)
	}
	switch {
	case err != nil:
		return page.Reply{}, err
	case !d.Form.OK():
		return d.show(r).Refused(), nil
	}
	return page.Go("/g/horaires").Flash("doors.saved"), nil
}

// findSchedule is the schedule that the address names.
func findSchedule(r *page.Request) (s access.Schedule, err error) {
	err = r.Read(func(tx fleet.Tx) error {
		id, err := strconv.ParseUint(r.Path("schedule"), 10, 63)
		if err != nil {
			return page.ErrNotFound
		}
		s, err = tx.Schedule(id)
		return page.OrNotFound(err)
	})
	return s, err
}

func showSchedule(r *page.Request) (page.Reply, error) {
	s, err := findSchedule(r)
	d := schedulePage{Form: r.Fill(nil), Path: "/g/horaires/" + r.Path("schedule"), Name: s.Name}
	d.fillWindows(r, s)
	return d.show(r), err
}

func changeSchedule(r *page.Request) (page.Reply, error) {
	was, err := findSchedule(r)
	if err != nil {
		return page.Reply{}, err
	}
	d := schedulePage{Form: r.Form(), Path: "/g/horaires/" + r.Path("schedule"), Name: was.Name}
	d.fill(r, len(was.Windows)+moreRows)
	return d.save(r, func(tx fleet.Tx, s access.Schedule) error {
		_, err := access.ChangeSchedule(tx.Tx.Tx, r.Path("schedule"), func(to *access.Schedule) { to.Name, to.Windows = s.Name, s.Windows })
		return err
	})
}

func confirmScheduleRemoval(r *page.Request) (page.Reply, error) {
	s, err := findSchedule(r)
	path := "/g/horaires/" + r.Path("schedule")
	return r.Confirm(page.Confirm{
		Title: r.T("doors.schedule.remove.title", s.Name), Text: r.T("doors.schedule.remove.text"),
		Action: path + "/supprimer", Button: r.T("doors.remove"), Cancel: path, Danger: true,
	}), err
}

func removeSchedule(r *page.Request) (page.Reply, error) {
	if _, err := findSchedule(r); err != nil {
		return page.Reply{}, err
	}
	err := r.Write(func(tx fleet.Tx) error { return access.RemoveSchedule(tx.Tx.Tx, r.Path("schedule")) })
	return page.Go("/g/horaires").Flash("doors.schedule.removed"), err
}

// holidayLine is a holiday in the list.
type holidayLine struct {
	Day, Name string
	At        time.Time
	Past      bool
}

type holidayList struct {
	Tabs  []page.Link
	List  *page.List
	Form  *page.Form
	Lines []holidayLine
}

func newHolidayList(r *page.Request, f *page.Form) holidayList {
	return holidayList{
		Tabs: scheduleTabs(r, "/g/horaires/feries"), Form: f,
		List: r.NameList(page.Filter{Name: "du", Label: r.T("doors.holidays.from"), Date: true}),
	}
}

func (d *holidayList) read(r *page.Request, tx fleet.Tx) error {
	holidays, next, err := access.ListHolidays(tx.Tx.Tx, access.HolidayQuery{Listing: d.List.Listing(), From: d.List.Value("du")})
	d.List.Next, d.Lines = next, nil
	today := r.Now.In(r.Zone()).Format(time.DateOnly)
	for _, h := range holidays {
		if err == nil {
			var at time.Time
			at, err = time.ParseInLocation(time.DateOnly, h.Day, r.Zone())
			d.Lines = append(d.Lines, holidayLine{h.Day, h.Name, at, h.Day < today})
		}
	}
	return err
}

func (d holidayList) show(r *page.Request) page.Reply {
	return page.Show("doors/holidays", r.T("doors.holidays.title"), d)
}

func listHolidays(r *page.Request) (page.Reply, error) {
	d := newHolidayList(r, r.Fill(nil))
	err := r.Read(func(tx fleet.Tx) error { return d.read(r, tx) })
	return d.show(r), err
}

func addHoliday(r *page.Request) (page.Reply, error) {
	d := newHolidayList(r, r.Form())
	err := r.Write(func(tx fleet.Tx) error {
		_, err := access.SetHoliday(tx.Tx.Tx, d.Form.Value("jour"), d.Form.Value("nom"))
		return err
	})
	if err = d.Form.Explain(err, page.Fields{access.CodeDay: "jour", access.CodeHolidayName: "nom"}); err != nil {
		return page.Reply{}, err
	}
	if !d.Form.OK() {
		err := r.Read(func(tx fleet.Tx) error { return d.read(r, tx) })
		return d.show(r).Refused(), err
	}
	return page.Go("/g/horaires/feries").Flash("doors.saved"), nil
}

func removeHoliday(r *page.Request) (page.Reply, error) {
	err := r.Write(func(tx fleet.Tx) error { return access.RemoveHoliday(tx.Tx.Tx, r.Form().Value("jour")) })
	return page.Go("/g/horaires/feries").Flash("doors.holiday.removed"), err
}
