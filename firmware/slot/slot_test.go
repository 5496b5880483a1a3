package slot_test

import (
	"bytes"
	"errors"
	"strings"
	"testing"

	"badged/firmware/board"
	"badged/firmware/slot"
)

// sectors makes the two copies of a card whose record is r.
func sectors(r slot.Record) [2][]byte {
	s := r.Sector()
	return [2][]byte{make([]byte, slot.SectorSize), s[:]}
}

func TestWhatAStartMeans(t *testing.T) {
	for _, tt := range []struct {
		name              string
		record            slot.Record
		booted, committed slot.Slot
		want              slot.Verdict
		effects           int
	}{
		{"nothing is under way", slot.Record{Counter: 1}, slot.A, slot.A, slot.Normal, 0},
		{"a slot was half written", slot.Record{Counter: 1, Phase: slot.Writing, Target: slot.B}, slot.A, slot.A, slot.Interrupted, 1},
		{"a slot was written and not tried", slot.Record{Counter: 1, Phase: slot.Ready, Target: slot.B}, slot.A, slot.A, slot.Interrupted, 1},
		{"the new slot starts", slot.Record{Counter: 1, Phase: slot.Trying, Target: slot.B}, slot.B, slot.A, slot.OnTrial, 0},
		{"the old slot starts after a trial", slot.Record{Counter: 1, Phase: slot.Trying, Target: slot.B}, slot.A, slot.A, slot.RolledBack, 1},
		{"the new slot was committed", slot.Record{Counter: 1, Phase: slot.Trying, Target: slot.B}, slot.B, slot.B, slot.Finished, 1},
		{"a person chose in the boot loader", slot.Record{Counter: 1}, slot.B, slot.A, slot.ByHand, 0},
	} {
		_, got, effects := slot.Boot(sectors(tt.record), tt.booted, tt.committed)
		if got != tt.want || len(effects) != tt.effects {
			t.Errorf("%s: %v with %d effects, want %v with %d", tt.name, got, len(effects), tt.want, tt.effects)
		}
	}
	empty := [2][]byte{nil, bytes.Repeat([]byte{0xff}, slot.SectorSize)}
	if _, got, _ := slot.Boot(empty, slot.A, slot.A); got != slot.Normal {
		t.Errorf("a card without a record: %v", got)
	}
}

// A release whose trial failed is not tried again until a person says so.
func TestQuarantine(t *testing.T) {
	s, _, _ := slot.Boot(sectors(slot.Record{Counter: 1, Phase: slot.Trying, Target: slot.B, Update: after}), slot.A, slot.A)
	if _, err := s.Begin(after); !errors.Is(err, slot.ErrQuarantined) {
		t.Errorf("the release that failed: %v", err)
	}
	if _, err := s.Begin(slot.Release{ID: slot.ID{3}, Sequence: 3}); err != nil {
		t.Errorf("the one after it: %v", err)
	}
	s.Abandon()
	s.Forgive(after.ID)
	if _, err := s.Begin(after); err != nil {
		t.Errorf("the release that was forgiven: %v", err)
	}
	for i := range 20 {
		s = slot.State{Record: slot.Record{Counter: 1, Phase: slot.Trying, Target: slot.B, Update: slot.Release{ID: slot.ID{byte(i), 7}}, Quarantined: s.Record.Quarantined}}
		s, _, _ = slot.Boot(sectors(s.Record), slot.A, slot.A)
	}
	if n := len(s.Record.Quarantined); n != 8 || s.Record.Quarantined[7] != (slot.ID{19, 7}) {
		t.Errorf("%d releases are remembered as bad", n)
	}
}

// An update never writes the slot that runs or the one that is committed.
func TestWhenNoUpdateBegins(t *testing.T) {
	s, _, _ := slot.Boot(sectors(slot.Record{Counter: 1}), slot.B, slot.A)
	if _, err := s.Begin(after); !errors.Is(err, slot.ErrByHand) {
		t.Errorf("while the other slot runs: %v", err)
	}
	s, _, _ = slot.Boot(sectors(slot.Record{Counter: 1, Phase: slot.Trying, Target: slot.B}), slot.B, slot.A)
	if _, err := s.Begin(after); !errors.Is(err, slot.ErrBusy) {
		t.Errorf("on trial: %v", err)
	}
	for _, committed := range []slot.Slot{slot.A, slot.B} {
		s, _, _ = slot.Boot(sectors(slot.Record{Counter: 1}), committed, committed)
		if _, err := s.Begin(after); err != nil || s.Record.Target != committed.Other() {
			t.Errorf("committed %v: target %v, %v", committed, s.Record.Target, err)
		}
	}
}

// A floor never falls.
func TestTheFloorOnlyRises(t *testing.T) {
	r := slot.Record{Counter: 1, Phase: slot.Trying, Target: slot.B, Update: slot.Release{ID: slot.ID{2}, Sequence: 9, Floor: 3}, Installed: slot.Release{Sequence: 8, Floor: 7}}
	s, _, _ := slot.Boot(sectors(r), slot.B, slot.A)
	s.Healthy()
	if got := s.Record.Installed; got.Sequence != 9 || got.Floor != 7 {
		t.Errorf("%+v", got)
	}
}

// A record that is torn anywhere is none, and what was written is read again.
func TestARecordIsWholeOrNone(t *testing.T) {
	r := slot.Record{Counter: 5, Phase: slot.Ready, Target: slot.B, Update: after, Installed: before, Other: slot.Release{ID: slot.ID{6}, Sequence: 7, Floor: 5}, Quarantined: []slot.ID{{4}, {5}}}
	sector := r.Sector()
	if got, ok := slot.ParseRecord(sector[:]); !ok || got.Sector() != sector || got.Update != after || got.Installed != before || got.Other != r.Other {
		t.Errorf("%v %+v", ok, got)
	}
	for at := range sector {
		torn := sector
		torn[at] ^= 0x20
		if _, ok := slot.ParseRecord(torn[:]); ok {
			t.Errorf("byte %d was turned, and it is a record", at)
		}
		if _, ok := slot.ParseRecord(sector[:at]); ok {
			t.Errorf("%d bytes are a record", at)
		}
	}
}

// The file of the boot loader is one sector, says one thing, and says one of two things when it
// was half written: there is no moment at which nothing would start.
func TestHalfAChoiceIsAChoice(t *testing.T) {
	for _, boot := range []board.Boot{board.UEFI, board.Pi} {
		for _, from := range []slot.Slot{slot.A, slot.B} {
			old, next := slot.Choice(boot, from), slot.Choice(boot, from.Other())
			for n := range slot.SectorSize + 1 {
				torn := old
				copy(torn[:n], next[:n])
				if _, ok := slot.Committed(boot, torn[:]); !ok {
					t.Fatalf("%s: %d bytes of the other choice choose nothing", boot, n)
				}
			}
			if got, ok := slot.Committed(boot, old[:]); !ok || got != from {
				t.Errorf("%s: %v is read as %v", boot, from, got)
			}
		}
		if _, ok := slot.Committed(boot, make([]byte, slot.SectorSize)); ok {
			t.Errorf("%s: zeros choose something", boot)
		}
	}
	uefi, pi := slot.Choice(board.UEFI, slot.B), slot.Choice(board.Pi, slot.B)
	if !strings.HasPrefix(string(uefi[:]), "default slot-b.conf\n") || !strings.HasPrefix(string(pi[:]), "[all]\ntryboot_a_b=1\nboot_partition=3\n[tryboot]\nboot_partition=2\n") {
		t.Errorf("%q %q", uefi[:40], pi[:80])
	}
}

// Issue 12, 4: a person can go back to the release of before, once an update is committed, and
// forth again; never to one that was half written, that failed, or that the floor forbids.
func TestRollingBack(t *testing.T) {
	before, after := slot.Release{ID: slot.ID{1}, Sequence: 1}, slot.Release{ID: slot.ID{2}, Sequence: 2, Floor: 1}
	s, _, _ := slot.Boot(sectors(slot.Record{Counter: 1, Installed: before, Other: before}), slot.A, slot.A)
	commit := func() {
		s.Booted = s.Record.Target
		s.Healthy()
	}
	if _, err := s.Begin(after); err != nil {
		t.Fatal(err)
	}
	s.Abandon()
	if _, err := s.Return(); !errors.Is(err, slot.ErrNoOther) {
		t.Errorf("to a slot that was half written: %v", err)
	}
	_, _ = s.Begin(after)
	if _, err := s.Return(); !errors.Is(err, slot.ErrBusy) {
		t.Errorf("during an update: %v", err)
	}
	commit()
	for _, want := range []slot.Release{before, after} {
		effects, err := s.Return()
		if err != nil || len(effects) != 1 || s.Record.Phase != slot.Ready || s.Record.Update != want || s.Record.Target != s.Committed.Other() {
			t.Fatalf("%v %+v, want %+v", err, s.Record, want)
		}
		commit()
		if s.Record.Installed.ID != want.ID {
			t.Errorf("installed is %+v", s.Record.Installed)
		}
	}
	_, _ = s.Return()
	s.Try()
	s, _, _ = slot.Boot(sectors(s.Record), s.Committed, s.Committed)
	if _, err := s.Return(); !errors.Is(err, slot.ErrNoOther) {
		t.Errorf("to a release that failed: %v", err)
	}
	low := slot.Record{Counter: 1, Installed: slot.Release{ID: slot.ID{9}, Sequence: 9, Floor: 9}, Other: before}
	s, _, _ = slot.Boot(sectors(low), slot.A, slot.A)
	if _, err := s.Return(); !errors.Is(err, slot.ErrBelowFloor) {
		t.Errorf("below the floor: %v", err)
	}
	s, _, _ = slot.Boot(sectors(slot.Record{Counter: 1, Other: before}), slot.B, slot.A)
	if _, err := s.Return(); !errors.Is(err, slot.ErrByHand) {
		t.Errorf("while the other slot runs: %v", err)
	}
}
