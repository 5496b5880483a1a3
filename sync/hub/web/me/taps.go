package me

import (
	"slices"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/web/page"
)

// Whoever presented the card before they came to the page is offered its door: the card first,
// then the phone. To say yes binds nothing. It only asks for a code of that door alone; the
// card is bound by whoever types it there and presents the card once more, as any other.

// readTaps reads which cards wait at doors for a code.
func (d *step) readTaps(r *page.Request, tx fleet.Tx) (err error) {
	if d.Step != access.StepDone {
		d.Taps, err = fleet.WaitingTaps(tx, r.Site.ClaimWindow)
	}
	return err
}

// takeTap takes «Oui, c'est ma carte»: whoever says so holds it.
func (s *steps) takeTap(r *page.Request) (page.Reply, error) {
	var e access.Enrolment
	waits := false
	door := r.Form().Value("door")
	err := r.Write(func(tx fleet.Tx) error {
		taps, err := fleet.WaitingTaps(tx, r.Site.ClaimWindow)
		waits = slices.ContainsFunc(taps, func(t fleet.Tap) bool { return t.Door == door })
		if err != nil || !waits {
			return err
		}
		if e, err = s.begin(r, tx); err == nil {
			e, err = access.ConfirmHeld(tx.Tx.Tx, e.Account, e.ID)
		}
		if err == nil {
			e, err = s.askCode(r, tx, e, door)
		}
		return err
	})
	if err == nil && !waits {
		return page.Go(at(r, s.Base)).Flash("me.step.tap.over"), nil
	}
	return page.Go(s.path(r, e)), err
}
