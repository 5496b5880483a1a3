// Package slot decides which of a card's two systems starts, and how an update moves from one
// to the other. It is pure: what is on the card and what happened go in, effects come out, and
// whoever runs the effects does so in order and stops at the first that fails.
//
//	         Begin              Written             Try
//	Idle ───────────► Writing ─────────► Ready ───────────► Trying ──reboot──► the new slot, on trial
//	 ▲ ▲                 │                 │                  │                   │ Healthy: Commit
//	 │ └──── power cut ──┴──── power cut ──┘                  │                   ▼
//	 │                                                        │                 Idle, the new slot is committed
//	 └── the old slot started: the trial failed, quarantine ──┘
//
// What starts after a power cut is always the committed slot, which an update never touches
// before Commit. A trial is one start that the boot loader was asked for once; no counter ever
// runs on a committed slot, so that switching the power on and off changes nothing. Commit is
// one sector in which old and new differ so little that half of it is one of them.
package slot

import (
	"errors"
	"fmt"
	"slices"
)

// Slot is one of the two places for a system.
type Slot byte

// The slots.
const (
	A Slot = 'a'
	B Slot = 'b'
)

// Other is the other slot.
func (s Slot) Other() Slot {
	if s == A {
		return B
	}
	return A
}

// String is "a" or "b".
func (s Slot) String() string { return string(rune(s)) }

// ID names a release: the hash of its list.
type ID [32]byte

// Phase is how far an update is.
type Phase byte

// The phases.
const (
	Idle    Phase = iota
	Writing       // the slot that is not committed has some of the release
	Ready         // it has all of it, read back
	Trying        // the boot loader may have been asked to start it once
)

// maxQuarantined is how many releases a record remembers as bad.
const maxQuarantined = 8

// Release is what is known of one that a slot has.
type Release struct {
	ID       ID
	Sequence uint64
	Floor    uint64
}

// Record is what the card remembers beside the choice of the boot loader.
type Record struct {
	Counter     uint64 // one more with each record that is written
	Phase       Phase
	Target      Slot    // that the phase is about; 0 when idle
	Update      Release // that the phase is about
	Installed   Release // in the committed slot; Floor is the highest of all that were
	Other       Release // in the other slot; zero: nothing that could be started
	Quarantined []ID    // releases whose trial failed, newest last
}

// State is a system that runs, and what its card says.
type State struct {
	Record    Record
	Booted    Slot // that runs
	Committed Slot // that the boot loader starts by itself
}

// Verdict is what a start means.
type Verdict string

// The verdicts.
const (
	Normal      Verdict = "normal"
	OnTrial     Verdict = "on trial"    // Healthy or Unhealthy must follow
	RolledBack  Verdict = "rolled back" // the trial failed, or the power did during it
	Finished    Verdict = "finished"    // the power failed behind Commit
	Interrupted Verdict = "interrupted" // the power failed while a slot was written: begin again
	ByHand      Verdict = "by hand"     // somebody chose the other slot in the boot loader
)

// Effect is one thing to do. Each must be durable before the next one begins.
type Effect interface{ effect() }

type (
	// WriteRecord writes a sector in the place of one of the two copies of the record.
	WriteRecord struct {
		Copy   int
		Sector [SectorSize]byte
	}
	// Arm asks the boot loader to start a slot once.
	Arm struct{ Slot Slot }
	// Commit makes the boot loader start a slot from now on: one sector.
	Commit struct{ Slot Slot }
	// Reboot restarts the machine.
	Reboot struct{}
)

func (WriteRecord) effect() {}
func (Arm) effect()         {}
func (Commit) effect()      {}
func (Reboot) effect()      {}

// Boot tells what a start means, from the two copies of the record as they are on the card, the
// slot that runs and the one that the boot loader starts by itself.
func Boot(copies [2][]byte, booted, committed Slot) (State, Verdict, []Effect) {
	s := State{newest(copies), booted, committed}
	trying := s.Record.Phase == Trying
	switch {
	case trying && committed == s.Record.Target:
		s.Record.install()
		return s, Finished, s.enter(Idle)
	case trying && booted == s.Record.Target:
		return s, OnTrial, nil
	case trying:
		s.Record.quarantine()
		return s, RolledBack, s.enter(Idle)
	case s.Record.Phase != Idle:
		return s, Interrupted, s.enter(Idle)
	case booted != committed:
		return s, ByHand, nil
	}
	return s, Normal, nil
}

// Why an update does not begin.
var (
	ErrQuarantined = errors.New("the release failed its trial on this terminal before (assign it again by hand to try once more)")
	ErrBusy        = errors.New("an update is under way")
	ErrNoOther     = errors.New("the other slot has no release that could be started (an update was broken off, or failed)")
	ErrBelowFloor  = errors.New("the release in the other slot is below the floor: the one that runs forbids it")
	ErrByHand      = errors.New("the slot that an update would write is the one that runs (restart the terminal first)")
)

// Begin starts an update. The caller then writes Record.Target, and reads it back.
func (s *State) Begin(r Release) ([]Effect, error) {
	switch {
	case s.Record.Phase != Idle:
		return nil, fmt.Errorf("begin an update: %w", ErrBusy)
	case s.Booted != s.Committed:
		return nil, fmt.Errorf("begin an update: %w", ErrByHand)
	case slices.Contains(s.Record.Quarantined, r.ID):
		return nil, fmt.Errorf("begin an update: %w", ErrQuarantined)
	}
	s.Record.Target, s.Record.Update, s.Record.Other = s.Committed.Other(), r, Release{}
	return s.enter(Writing), nil
}

// Return begins a trial of what the other slot holds: the release of before the last update. Try
// follows.
func (s *State) Return() ([]Effect, error) {
	other := s.Record.Other
	switch {
	case s.Record.Phase != Idle:
		return nil, fmt.Errorf("roll back: %w", ErrBusy)
	case s.Booted != s.Committed:
		return nil, fmt.Errorf("roll back: %w", ErrByHand)
	case other == Release{}:
		return nil, fmt.Errorf("roll back: %w", ErrNoOther)
	case other.Sequence < s.Record.Installed.Floor:
		return nil, fmt.Errorf("roll back: %w", ErrBelowFloor)
	}
	s.Record.Target, s.Record.Update = s.Committed.Other(), other
	return s.enter(Ready), nil
}

// Forgive takes a release out of quarantine, because a person said so.
func (s *State) Forgive(id ID) []Effect {
	s.Record.Quarantined = slices.DeleteFunc(s.Record.Quarantined, func(q ID) bool { return q == id })
	return s.enter(s.Record.Phase)
}

// Written says that the target has the whole release, and that it was read back.
func (s *State) Written() []Effect { return s.enter(Ready) }

// Abandon ends an update before its trial.
func (s *State) Abandon() []Effect { return s.enter(Idle) }

// Try starts the target once.
func (s *State) Try() []Effect {
	return append(s.enter(Trying), Arm{s.Record.Target}, Reboot{})
}

// Healthy ends a trial: from now on the target starts.
func (s *State) Healthy() []Effect {
	s.Committed = s.Record.Target
	commit := Commit{s.Committed}
	s.Record.install()
	return append([]Effect{commit}, s.enter(Idle)...)
}

// Unhealthy ends a trial: the committed slot starts again, and quarantines the release.
func (s *State) Unhealthy() []Effect { return []Effect{Reboot{}} }

func (s *State) enter(p Phase) []Effect {
	r := &s.Record
	r.Counter++
	r.Phase = p
	if p == Idle {
		r.Target, r.Update = 0, Release{}
	}
	return []Effect{WriteRecord{int(r.Counter % 2), r.Sector()}}
}

func (r *Record) install() {
	floor := max(r.Installed.Floor, r.Update.Floor)
	r.Installed, r.Other = r.Update, r.Installed
	r.Installed.Floor = floor
}

func (r *Record) quarantine() {
	r.Other = Release{}
	r.Quarantined = append(slices.Clone(r.Quarantined), r.Update.ID)
	if n := len(r.Quarantined) - maxQuarantined; n > 0 {
		r.Quarantined = r.Quarantined[n:]
	}
}
