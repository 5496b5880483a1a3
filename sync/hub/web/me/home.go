package me

import (
	"errors"
	"fmt"
	"strings"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// door is a door that somebody may use, and when in words.
type door struct {
	Name  string
	Hours []string // none: at any hour
}

// doorsOf gives the doors of an account. rests tells that rights wait for its names.
func doorsOf(r *page.Request, tx fleet.Tx, a people.Account) (doors []door, rests bool, err error) {
	rights, rests, err := access.DoorsOf(tx.Tx.Tx, a)
	for _, d := range rights {
		next := door{Name: d.Door}
		for _, s := range d.Schedules {
			next.Hours = append(next.Hours, hoursOf(r, s))
		}
		doors = append(doors, next)
	}
	return doors, rests, err
}

// hoursOf says in words when a schedule is open: «Bureau (lun mar 08:00–18:00)».
func hoursOf(r *page.Request, s access.Schedule) string {
	names := strings.Fields(r.T("me.days"))
	var windows []string
	for _, w := range s.Windows {
		var days []string
		for i, name := range names {
			if w.Days&(1<<i) != 0 {
				days = append(days, name)
			}
		}
		windows = append(windows, fmt.Sprintf("%s %s–%s", strings.Join(days, " "), clock(w.From), clock(w.To)))
	}
	if len(windows) == 0 {
		return s.Name
	}
	return s.Name + " (" + strings.Join(windows, ", ") + ")"
}

func clock(minutes int) string { return fmt.Sprintf("%02d:%02d", minutes/60, minutes%60) }

// homePage is where a member begins.
type homePage struct {
	Open     *access.Enrolment // a registration that is not done
	Cards    []card
	Doors    []door
	Rests    bool
	Services []string
	HasPIN   bool
	Pending  int  // cards that wait for the owner's word
	Waits    bool // a name that was typed at a terminal waits for it
}

// Working reports whether a card opens doors.
func (h homePage) Working() bool {
	for _, c := range h.Cards {
		if c.State == access.CardActive {
			return true
		}
	}
	return false
}

func showHome(r *page.Request) (page.Reply, error) {
	var h homePage
	err := r.Read(func(tx fleet.Tx) (err error) {
		h = homePage{}
		for _, read := range []func(*page.Request, fleet.Tx) error{h.readCards, h.readRights, h.readOpen, h.readName} {
			if err := read(r, tx); err != nil {
				return err
			}
		}
		return nil
	})
	return page.Show("me/home", r.T("me.home.title", r.Account().DisplayName()), h), err
}

func (h *homePage) readCards(r *page.Request, tx fleet.Tx) (err error) {
	h.Cards, err = cardsOf(r, tx, r.Account().ID)
	for _, c := range h.Cards {
		if c.Confirm {
			h.Pending++
		}
	}
	return err
}

func (h *homePage) readRights(r *page.Request, tx fleet.Tx) (err error) {
	if h.Doors, h.Rests, err = doorsOf(r, tx, r.Account()); err != nil {
		return err
	}
	offers, err := people.OffersFor(tx.Tx.Tx.Tx, r.Account())
	for _, o := range offers {
		h.Services = append(h.Services, people.Words{French: o.French, English: o.English}.In(r.Lang))
	}
	return err
}

func (h *homePage) readName(r *page.Request, tx fleet.Tx) (err error) {
	_, h.Waits, err = people.WaitingName(tx.Tx.Tx.Tx, r.Account().ID)
	return err
}

func (h *homePage) readOpen(r *page.Request, tx fleet.Tx) error {
	_, err := tx.PINOf(r.Account().ID)
	if h.HasPIN = err == nil; err != nil && !errors.Is(err, people.ErrNotFound) {
		return err
	}
	e, err := tx.OpenEnrolment(r.Account().ID)
	if errors.Is(err, people.ErrNotFound) {
		return nil
	}
	h.Open = &e
	return err
}
