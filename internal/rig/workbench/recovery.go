package workbench

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"badged/internal/ctl"
	"badged/internal/rig/sim"
)

// killDuringSwipe cuts the printer's power in the middle of a frame, and again as an
// unknown badge's last byte is on the wire. Whatever the agent got done, the badge
// has one account in the end, and all that was told before is still there. A number is
// counted on disk before the account is, so the second cut may use one up.
func (s *story) killDuringSwipe(ctx context.Context) error {
	before, err := s.printer.all(ctx)
	if err != nil {
		return err
	}
	if err := s.cutAt(ctx, "\x02"+badgeF[:6]); err != nil {
		return err
	}
	if err := s.devices.hallReader.Send([]byte(badgeF[6:])); err != nil { // the rest means nothing
		return err
	}
	if err := s.devices.hallReader.Tap(badgeF); err != nil {
		return err
	}
	if err := s.cutAt(ctx, ""); err != nil {
		return err
	}
	ev, err := s.tapped(ctx, s.printer, s.devices.hallReader, badgeF)
	if err != nil {
		return err
	}
	if got := ev.Outcome + " " + ev.Account; got != "granted anonym3" && got != "granted anonym4" {
		return mismatch{"the account after two power cuts", "granted anonym3, or anonym4 if the cut used up a number", got}
	}
	after, err := s.printer.all(ctx)
	if err != nil {
		return err
	}
	if err := startsWith(after, before); err != nil {
		return err
	}
	made := slices.DeleteFunc(slices.Clone(after[len(before):]), func(ev ctl.Event) bool { return ev.Reason != "new_account" })
	if err := want("accounts made of the badge", len(made), 1); err != nil {
		return err
	}
	return errors.Join(want("the account made of the badge", made[0].Account, ev.Account), contiguous(after))
}

// cutAt sends bytes to the printer, cuts its power at once and restores it.
func (s *story) cutAt(ctx context.Context, bytes string) error {
	if err := s.devices.hallReader.Send([]byte(bytes)); err != nil {
		return err
	}
	s.printer.kill()
	mark := s.printer.events.len()
	if err := s.printer.start(ctx); err != nil {
		return err
	}
	_, err := s.awaitEvent(ctx, s.printer, mark, "the reader's return", func(ev ctl.Event) bool { return ev.Reason == "device_up" })
	return err
}

// startsWith holds that nothing that was told is gone or changed.
func startsWith(after, before []ctl.Event) error {
	if len(after) < len(before) {
		return want("events kept", len(after), len(before))
	}
	for i := range before {
		if after[i] != before[i] {
			return mismatch{fmt.Sprintf("event %d", before[i].Order), brief(before[i]), brief(after[i])}
		}
	}
	return nil
}

// contiguous holds that no place in the order is empty or taken twice, over the
// terminal and in each of its streams.
func contiguous(events []ctl.Event) error {
	seqs := map[string]uint64{}
	for i, ev := range events {
		seqs[ev.Stream]++
		if err := errors.Join(
			want("the order of events", ev.Order, uint64(i+1)),
			want("the place in stream "+ev.Stream, ev.Seq, seqs[ev.Stream])); err != nil {
			return err
		}
	}
	return nil
}

// hubBack starts the hub and holds what it has against what each terminal has.
func (s *story) hubBack(ctx context.Context) error {
	if err := s.hub.start(ctx); err != nil {
		return err
	}
	for _, t := range []*terminal{s.printer, s.door} {
		if _, err := t.await(ctx, "has told the hub everything", told); err != nil {
			return err
		}
		if err := s.agree(ctx, t); err != nil {
			return err
		}
	}
	return nil
}

// told reports whether nothing waits for the hub.
func told(st ctl.Status) bool { return st.Uplink.Connected && st.Uplink.Pending == 0 }

// agree holds that the hub has a terminal's events, each once, in order, without gap.
func (s *story) agree(ctx context.Context, t *terminal) error {
	own, err := t.all(ctx)
	if err != nil {
		return err
	}
	hub, err := s.hub.of(ctx, t.name)
	if err != nil {
		return err
	}
	if err := want("events of "+t.name+" at the hub", len(hub), len(own)); err != nil {
		return err
	}
	for i, ev := range own {
		if err := want(fmt.Sprintf("event %d of %s at the hub", ev.Order, t.name), hub[i], outline(ev)); err != nil {
			return err
		}
	}
	return contiguous(own)
}

// garbage puts noise on every wire. It makes faults and nothing else, and whoever
// comes next is served.
func (s *story) garbage(ctx context.Context) error {
	hall, front := s.printer.events.len(), s.door.events.len()
	pulses := s.devices.pins.State().Pulses
	accounts, err := s.hub.countAccounts(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(
		s.devices.hallReader.Garbage(),
		s.devices.frontReader.Garbage(),
		s.devices.frontKeys.Send([]byte("\xff\x00k\x80"))); err != nil {
		return err
	}
	for _, from := range []struct {
		t      *terminal
		mark   int
		device string
	}{{s.printer, hall, "hall-rfid"}, {s.door, front, "front-rfid"}, {s.door, front, "front-keys"}} {
		if _, err := s.awaitEvent(ctx, from.t, from.mark, "a fault of "+from.device, func(ev ctl.Event) bool {
			return ev.Outcome == "faulty" && ev.Device == from.device
		}); err != nil {
			return err
		}
	}
	if err := want("openings of the door", s.devices.pins.State().Pulses, pulses); err != nil {
		return err
	}
	if err := errors.Join(
		s.served(ctx, s.printer, hall, badgeA, "anonym1"),
		s.served(ctx, s.door, front, badgeD, "")); err != nil {
		return err
	}
	if _, err := s.devices.pins.Await(ctx, func(p sim.PinsState) bool { return p.Relay }); err != nil {
		return err
	}
	return s.sameAccounts(ctx, accounts)
}

// served presents a known badge after noise, and holds that there was nothing since
// the mark but faults.
func (s *story) served(ctx context.Context, t *terminal, mark int, badge, account string) error {
	r := s.devices.hallReader
	if t == s.door {
		r = s.devices.frontReader
	}
	if err := r.Tap(badge); err != nil {
		return err
	}
	ev, err := s.awaitEvent(ctx, t, mark, "an answer to the badge", func(ev ctl.Event) bool { return ev.Outcome != "faulty" })
	if err != nil {
		return err
	}
	if account != "" {
		if err := want("the account of the next badge", ev.Account, account); err != nil {
			return err
		}
	}
	return want("the answer to the next badge at "+t.name, ev.Outcome+" "+ev.Reason, "granted known_card")
}

func (s *story) sameAccounts(ctx context.Context, before int) error {
	if _, err := s.printer.await(ctx, "has told the hub everything", told); err != nil {
		return err
	}
	now, err := s.hub.countAccounts(ctx)
	if err != nil {
		return err
	}
	return want("accounts at the hub after the noise", now, before)
}

// alive tells of a process that is gone and should not be.
func (s *story) alive() error {
	for _, t := range []*terminal{s.printer, s.door} {
		if !t.running() {
			return t.process().Ended()
		}
	}
	return nil
}
