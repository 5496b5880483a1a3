package workbench

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"badged/internal/ctl"
	"badged/internal/rig/sim"
)

// The badges of the story.
const (
	badgeA = "62E3086CED" // becomes anonym1
	badgeB = "6F007B3972" // becomes anonym2
	badgeC = "0A00112233" // a stranger's
	badgeD = "100086F444" // the member's new card
	badgeF = "0B00445566" // becomes anonym3 or anonym4, around a power cut
)

// tapped presents a badge and gives the event that answers it.
func (s *story) tapped(ctx context.Context, t *terminal, r *sim.Reader, badge string) (ctl.Event, error) {
	mark := t.events.len()
	if err := r.Tap(badge); err != nil {
		return ctl.Event{}, err
	}
	return s.awaitEvent(ctx, t, mark, "an answer to the badge", presented)
}

// typed types at the door and gives the event that answers the code.
func (s *story) typed(ctx context.Context, keys string) (ctl.Event, error) {
	mark := s.door.events.len()
	if err := s.devices.frontKeys.Type(keys); err != nil {
		return ctl.Event{}, err
	}
	return s.awaitEvent(ctx, s.door, mark, "an answer to the code", presented)
}

// awaitEvent waits for an event of a terminal.
func (s *story) awaitEvent(ctx context.Context, t *terminal, mark int, what string, match func(ctl.Event) bool) (ctl.Event, error) {
	ev, err := t.wait(ctx, mark, match)
	if err == nil {
		return ev, nil
	}
	got := "nothing"
	if came, _ := t.events.from(mark); len(came) > 0 {
		got = brief(came...)
	}
	return ev, errors.Join(mismatch{what + " at " + t.name, "an event", got}, err)
}

// brief is events as a line.
func brief(events ...ctl.Event) string {
	parts := make([]string, len(events))
	for i, ev := range events {
		parts[i] = strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %s", ev.Kind, ev.Outcome, ev.Reason, ev.Account)), " ")
	}
	return strings.Join(parts, "; ")
}

// is compares what an event says, without its time and place in the order.
func is(ev ctl.Event, wanted string) error { return want("the event", brief(ev), wanted) }

func (s *story) firstBadge(ctx context.Context) error {
	ev, err := s.tapped(ctx, s.printer, s.devices.hallReader, badgeA)
	if err != nil {
		return err
	}
	if err := is(ev, "enrolment granted new_account anonym1"); err != nil {
		return err
	}
	p, err := s.panel(ctx)
	if err != nil {
		return err
	}
	return p.shows(ctx, "Bienvenue anonym1")
}

// panel opens the panel of the printer as it is now.
func (s *story) panel(ctx context.Context) (*panel, error) {
	st, err := s.printer.await(ctx, "has a panel", func(st ctl.Status) bool { return panelURL(st) != "" })
	if err != nil {
		return nil, err
	}
	return openPanel(ctx, panelURL(st))
}

func (s *story) sameBadge(ctx context.Context) error {
	if err := away(ctx); err != nil {
		return err
	}
	ev, err := s.tapped(ctx, s.printer, s.devices.hallReader, badgeA)
	if err != nil {
		return err
	}
	return is(ev, "presentation granted known_card anonym1")
}

// away is the time for which a badge must be off the reader to count again.
func away(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return context.Cause(ctx)
	case <-time.After(repeat):
		return nil
	}
}

func (s *story) secondBadge(ctx context.Context) error {
	ev, err := s.tapped(ctx, s.printer, s.devices.hallReader, badgeB)
	if err != nil {
		return err
	}
	if err := is(ev, "enrolment granted new_account anonym2"); err != nil {
		return err
	}
	p, err := s.panel(ctx)
	if err != nil {
		return err
	}
	return p.shows(ctx, "Bienvenue anonym2")
}

// edit gives anonym2 a name on the panel, and waits for the hub to have it.
func (s *story) edit(ctx context.Context) error {
	const name, email = "Claire Dubois", "claire@example.org"
	p, err := s.panel(ctx)
	if err != nil {
		return err
	}
	page, err := p.submit(ctx, "/edit", map[string]string{"name": name, "email": email, "lang": "en"})
	if err != nil {
		return err
	}
	if !strings.Contains(page, name) {
		return mismatch{"the panel after saving", name, heading(page)}
	}
	return s.hub.knows(ctx, name, email)
}

func (s *story) strangerAtDoor(ctx context.Context) error {
	pulses := s.devices.pins.State().Pulses
	ev, err := s.tapped(ctx, s.door, s.devices.frontReader, badgeC)
	if err != nil {
		return err
	}
	if err := is(ev, "presentation refused unknown_card"); err != nil {
		return err
	}
	// Somebody known, without a grant.
	if ev, err = s.tapped(ctx, s.door, s.devices.frontReader, badgeA); err != nil {
		return err
	}
	return errors.Join(
		is(ev, "presentation refused no_grant anonym1"),
		want("openings of the door", s.devices.pins.State().Pulses, pulses))
}

// enrolMember makes a member with a grant and a claim, and somebody else whose claim
// stays live, so that wrong codes are compared with something. Then the hub stops.
func (s *story) enrolMember(ctx context.Context) error {
	var err error
	if s.member, err = s.hub.addMember(ctx, "Jeanne Martin"); err != nil {
		return err
	}
	if err := s.hub.grant(ctx, s.member); err != nil {
		return err
	}
	other, err := s.hub.addMember(ctx, "Paul Tremblay")
	if err != nil {
		return err
	}
	// A delta with the second claim is made after the one with the first has arrived, and
	// so after the grant.
	if s.decoy, err = s.claimed(ctx, other, 1); err != nil {
		return err
	}
	if s.code, err = s.claimed(ctx, s.member, 2); err != nil {
		return err
	}
	if err := s.hub.stop(); err != nil {
		return err
	}
	for _, t := range []*terminal{s.printer, s.door} {
		if _, err := t.await(ctx, "sees that the hub is away", func(st ctl.Status) bool { return !st.Uplink.Connected }); err != nil {
			return err
		}
	}
	return nil
}

// claimed issues a claim and waits until the door has that many.
func (s *story) claimed(ctx context.Context, account string, claims int) (code string, err error) {
	if code, err = s.hub.issueClaim(ctx, account); err != nil {
		return "", err
	}
	_, err = s.door.await(ctx, "has the claim", func(st ctl.Status) bool { return st.Store.Claims == claims })
	return code, err
}

func (s *story) bindOffline(ctx context.Context) error {
	pulses := s.devices.pins.State().Pulses
	// The visitor's card that was shown last might still await a code: this ends it.
	if _, err := s.refusedCode(ctx, wrong(s.code, s.decoy)); err != nil {
		return err
	}
	ev, err := s.typed(ctx, "*"+s.code)
	if err != nil {
		return err
	}
	if err := want("the answer to the code", ev.Outcome+" "+ev.Reason, "waiting await_card"); err != nil {
		return err
	}
	if ev, err = s.tapped(ctx, s.door, s.devices.frontReader, badgeD); err != nil {
		return err
	}
	if err := want("the answer to the card", ev.Outcome+" "+ev.Reason, "granted claim_bound"); err != nil {
		return err
	}
	_, err = s.devices.pins.Await(ctx, func(p sim.PinsState) bool { return p.Relay && p.Pulses == pulses+1 })
	return err
}

func (s *story) usedClaim(ctx context.Context) (err error) {
	s.refused, err = s.refusedCode(ctx, s.code)
	return err
}

func (s *story) wrongCode(ctx context.Context) error {
	said, err := s.refusedCode(ctx, wrong(s.code, s.decoy))
	if err != nil {
		return err
	}
	return want("the words for a wrong code, held against those for a used one", said, s.refused)
}

// refusedCode types a code that must be refused and gives all that the event says of
// it, but for time and order.
func (s *story) refusedCode(ctx context.Context, code string) (string, error) {
	pulses := s.devices.pins.State().Pulses
	ev, err := s.typed(ctx, "*"+code)
	if err != nil {
		return "", err
	}
	said := strings.Join([]string{ev.Kind, ev.Outcome, ev.Reason, ev.Stream, ev.Point, ev.Device, ev.Account, ev.Why}, " ")
	return said, errors.Join(
		want("the answer to the code", ev.Outcome, "refused"),
		want("openings of the door", s.devices.pins.State().Pulses, pulses))
}

// wrong is a code that differs from both in every digit.
func wrong(a, b string) string {
	code := make([]byte, len(a))
	for i := range code {
		for code[i] = '0'; code[i] == a[i] || i < len(b) && code[i] == b[i]; {
			code[i]++
		}
	}
	return string(code)
}
