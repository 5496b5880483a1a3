package storetest

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store"
)

// lister gives a page of a list as the names of its rows.
type lister func(tx fleet.Tx, q people.Listing) (names []string, next string, err error)

// listerOf names the rows of a list.
func listerOf[T any](list func(fleet.Tx, people.Listing) ([]T, string, error), name func(T) string) lister {
	return func(tx fleet.Tx, q people.Listing) (names []string, next string, err error) {
		page, next, err := list(tx, q)
		for _, row := range page {
			names = append(names, name(row))
		}
		return names, next, err
	}
}

func listGroups(tx fleet.Tx, q people.Listing) ([]people.CountedGroup, string, error) {
	return people.ListGroups(tx.Tx.Tx.Tx, q)
}

func listSchedules(tx fleet.Tx, q people.Listing) ([]access.Schedule, string, error) {
	return access.ListSchedules(tx.Tx.Tx, q)
}

func listImports(tx fleet.Tx, q people.Listing) ([]people.Import, string, error) {
	return people.ListImports(tx.Tx.Tx.Tx, q)
}

func doorsOf(group string) lister {
	return listerOf(func(tx fleet.Tx, q people.Listing) ([]access.Door, string, error) {
		return access.ListDoors(tx.Tx.Tx, access.DoorQuery{Listing: q, Group: group})
	}, func(d access.Door) string { return d.Name })
}

func holidaysFrom(day string) lister {
	return listerOf(func(tx fleet.Tx, q people.Listing) ([]access.Holiday, string, error) {
		return access.ListHolidays(tx.Tx.Tx, access.HolidayQuery{Listing: q, From: day})
	}, func(h access.Holiday) string { return h.Day[5:] + " " + h.Name })
}

var (
	terminalNames = listerOf(func(tx fleet.Tx, q people.Listing) ([]fleet.Terminal, string, error) {
		return people.ListBy(q, tx.ListTerminals, people.ByName, people.ByCreated)
	}, func(t fleet.Terminal) string { return t.Name })
	groupNames    = listerOf(listGroups, func(g people.CountedGroup) string { return fmt.Sprint(g.Name, " ", g.Members) })
	scheduleNames = listerOf(listSchedules, func(s access.Schedule) string { return fmt.Sprint(s.Name, " ", len(s.Windows)) })
	importNames   = listerOf(listImports, func(i people.Import) string { return fmt.Sprint(i.Name, " ", i.ID[0]) })
)

// fillLists gives each list rows, of which one was renamed and one is gone.
func fillLists(tx fleet.Tx) error {
	var errs []error
	group := func(name string) people.Group {
		g, err := tx.AddGroup(name)
		errs = append(errs, err)
		return g
	}
	schedule := func(name string) access.Schedule {
		s, err := tx.AddSchedule(access.Schedule{Name: name, Windows: []access.Window{{Days: 1, To: 60}}})
		errs = append(errs, err)
		return s
	}
	ada := account(1, "Ada Byron")
	errs = append(errs, tx.PutAccount(ada))
	shop, old, gone := group("Atelier bois"), group("Old club"), group("Bois gone")
	group("Équipe de nuit")
	errs = append(errs, tx.PutGroup(people.Group{ID: old.ID, Name: "Boisson & Nuit"}), tx.DropGroup(gone.ID), tx.SetMember(shop.ID, ada.ID, true))
	office, dropped := schedule("Office hours"), schedule("Office gone")
	schedule("Night watch")
	schedule("always")
	errs = append(errs, tx.DropSchedule(dropped.ID), tx.PutSchedule(access.Schedule{ID: office.ID, Name: "Bureau hours"}))
	for _, d := range []access.Door{{Name: "lab-1", Group: "labs"}, {Name: "lab-2", Group: "labs"}, {Name: "front"}, {Name: "lab-3", Group: "attic"}, {Name: "lab-4"}, {Name: "lab-4", Group: "labs"}, {Name: "gone-lab"}} {
		errs = append(errs, tx.PutDoor(d))
	}
	errs = append(errs, tx.DropDoor("gone-lab"))
	for day, name := range map[string]string{"2030-01-01": "Jour de l’an", "2030-05-01": "1er mai", "2030-12-25": "Noël", "2030-12-26": "Jour gone"} {
		errs = append(errs, tx.SetHoliday(access.Holiday{Day: day, Name: name}, true))
	}
	errs = append(errs, tx.SetHoliday(access.Holiday{Day: "2030-12-26"}, false), tx.SetHoliday(access.Holiday{Day: "2030-05-01", Name: "Jour du travail"}, true))
	for i, name := range []string{"people.csv", "people-2.csv", "annuaire.csv", "people.csv"} {
		errs = append(errs, tx.PutImport(people.Import{ID: people.ID{byte(i + 1)}, Name: name, State: people.Active, Started: now.Add(time.Duration(i/2) * time.Hour)}))
	}
	for i, name := range []string{"hall", "b-hall", "annex", "b-north"} {
		errs = append(errs, tx.PutTerminal(fleet.Terminal{Name: name, Added: now.Add(time.Duration(i/2) * time.Hour)}))
	}
	return errors.Join(errs...)
}

// testLists: issue 8, 4: every list has filter, order and pages. Each row comes once, whatever
// the size of a page.
func testLists(t *testing.T, open Open) {
	s := open(t)
	write(t, s, fillLists)
	for _, c := range []struct {
		what string
		list lister
		q    people.Listing
		want string
	}{
		{"groups", groupNames, people.Listing{}, "Atelier bois 1, Boisson & Nuit 0, Équipe de nuit 0"},
		{"groups", groupNames, people.Listing{Order: people.ByCreated}, "Équipe de nuit 0, Boisson & Nuit 0, Atelier bois 1"},
		{"groups", groupNames, people.Listing{Search: "bois"}, "Atelier bois 1, Boisson & Nuit 0"},
		{"groups", groupNames, people.Listing{Search: "NUIT equ"}, "Équipe de nuit 0"},
		{"groups", groupNames, people.Listing{Search: "atelier nuit"}, ""},
		{"groups", groupNames, people.Listing{Search: "old"}, ""},
		{"groups", groupNames, people.Listing{Search: "&"}, ""},
		{"schedules", scheduleNames, people.Listing{}, "always 1, Bureau hours 0, Night watch 1"},
		{"schedules", scheduleNames, people.Listing{Order: people.ByCreated}, "always 1, Night watch 1, Bureau hours 0"},
		{"schedules", scheduleNames, people.Listing{Search: "hours"}, "Bureau hours 0"},
		{"schedules", scheduleNames, people.Listing{Search: "office"}, ""},
		{"doors", doorsOf(""), people.Listing{}, "front, lab-1, lab-2, lab-3, lab-4"},
		{"doors", doorsOf(""), people.Listing{Order: people.ByGroup}, "front, lab-3, lab-1, lab-2, lab-4"},
		{"doors of labs", doorsOf("labs"), people.Listing{}, "lab-1, lab-2, lab-4"},
		{"doors of labs", doorsOf("labs"), people.Listing{Search: "lab"}, "lab-1, lab-2, lab-4"},
		{"doors of labs", doorsOf("labs"), people.Listing{Order: people.ByGroup}, "lab-1, lab-2, lab-4"},
		{"doors", doorsOf(""), people.Listing{Search: "2 lab"}, "lab-2"},
		{"holidays", holidaysFrom(""), people.Listing{}, "01-01 Jour de l’an, 05-01 Jour du travail, 12-25 Noël"},
		{"holidays", holidaysFrom(""), people.Listing{Order: people.ByLatest}, "12-25 Noël, 05-01 Jour du travail, 01-01 Jour de l’an"},
		{"holidays", holidaysFrom(""), people.Listing{Search: "hours"}, ""},
		{"holidays", holidaysFrom(""), people.Listing{Search: "mai"}, ""},
		{"holidays from May", holidaysFrom("2030-05-01"), people.Listing{}, "05-01 Jour du travail, 12-25 Noël"},
		{"holidays from May", holidaysFrom("2030-05-01"), people.Listing{Search: "jour"}, "05-01 Jour du travail"},
		{"terminals", terminalNames, people.Listing{}, "annex, b-hall, b-north, hall"},
		{"terminals", terminalNames, people.Listing{Order: people.ByCreated}, "b-north, annex, hall, b-hall"},
		{"terminals", terminalNames, people.Listing{Search: "hal"}, "b-hall, hall"},
		{"imports", importNames, people.Listing{}, "people.csv 4, annuaire.csv 3, people-2.csv 2, people.csv 1"},
		{"imports", importNames, people.Listing{Order: people.ByName}, "annuaire.csv 3, people-2.csv 2, people.csv 1, people.csv 4"},
		{"imports", importNames, people.Listing{Search: "csv peo"}, "people.csv 1, people-2.csv 2, people.csv 4"},
	} {
		for limit := range 4 {
			c.q.Limit = limit + 1
			if got := strings.Join(walkList(t, s, c.list, c.q), ", "); got != c.want {
				t.Errorf("%s %+v: %s, want %s", c.what, c.q, got, c.want)
			}
		}
	}
	read(t, s, func(tx fleet.Tx) error {
		two, err1 := tx.DoorGroupNames(5)
		one, err2 := tx.DoorGroupNames(1)
		if !slices.Equal(two, []string{"attic", "labs"}) || !slices.Equal(one, []string{"attic"}) {
			t.Errorf("groups of doors %q, %q", two, one)
		}
		return errors.Join(err1, err2)
	})
	testListCursors(t, s)
}

// testListCursors: a list takes its own cursors only.
func testListCursors(t *testing.T, s *store.Store) {
	read(t, s, func(tx fleet.Tx) error {
		_, created, err1 := tx.ListGroups(people.Listing{Order: people.ByCreated, Limit: 1})
		_, named, err2 := tx.ListGroups(people.Listing{Order: people.ByName, Limit: 1})
		for _, bad := range []string{"?", "AAAA", named + "AAAA", created[:len(created)-4], named[:len(named)-4], created} {
			if _, _, err := tx.ListGroups(people.Listing{Order: people.ByName, After: bad, Limit: 1}); !errors.Is(err, people.ErrCursor) {
				t.Errorf("cursor %s: %v", bad, err)
			}
		}
		page, _, err3 := tx.ListGroups(people.Listing{Order: people.ByName, After: named, Limit: 1})
		if len(page) != 1 || !reflect.DeepEqual(page[0].Name, "Boisson & Nuit") {
			t.Errorf("the second page: %+v", page)
		}
		return errors.Join(err1, err2, err3)
	})
}

func walkList(t *testing.T, s *store.Store, list lister, q people.Listing) (all []string) {
	for pages := 0; pages == 0 || q.After != ""; pages++ {
		read(t, s, func(tx fleet.Tx) (err error) {
			var page []string
			page, q.After, err = list(tx, q)
			if len(page) > q.Limit || len(page) < q.Limit && q.After != "" || pages > 100 { // a short list has whole pages
				return fmt.Errorf("page %d of %+v has %d rows", pages, q, len(page))
			}
			all = append(all, page...)
			return err
		})
	}
	return all
}
