package slot_test

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	"badged/firmware/board"
	"badged/firmware/slot"
)

// A terminal in a model: what its card holds for good, what the card was told and may forget
// when the power fails, and a boot loader.
type sim struct {
	boot    board.Boot
	records [2][slot.SectorSize]byte
	choice  [slot.SectorSize]byte
	slots   map[slot.Slot]*[blocks]slot.ID // each block says which release it is of
	oneShot slot.Slot                      // what the boot loader was asked for once

	pending []write // not durable yet
	step    int
	cuts    []cut

	fate   fate // of the release that is installed
	trials int
	seen   []slot.Verdict
}

const blocks = 3

// write is one that the card may do in part, or not at all, when the power fails.
type write struct {
	size  int
	apply func(n int) // its first n bytes
}

// cut is when the power fails: after so many steps. subset says which writes of the epoch reached
// the card, and torn how much of the last of them.
type cut struct{ step, subset, torn int }

// fate is how a release does.
type fate string

const (
	good fate = "good"
	sick fate = "sick" // starts, and its health gate fails
	dead fate = "dead" // does not start; the watchdog resets the machine
)

var (
	errCut    = errors.New("the power failed")
	errReboot = errors.New("the machine starts anew")

	before = slot.Release{ID: slot.ID{1}, Sequence: 1, Floor: 1}
	after  = slot.Release{ID: slot.ID{2}, Sequence: 2, Floor: 2}
)

func newSim(boot board.Boot, committed slot.Slot, f fate, cuts ...cut) *sim {
	s := &sim{boot: boot, fate: f, cuts: cuts, slots: map[slot.Slot]*[blocks]slot.ID{}}
	for _, place := range []slot.Slot{slot.A, slot.B} {
		s.slots[place] = &[blocks]slot.ID{before.ID, before.ID, before.ID}
	}
	s.records[1] = slot.Record{Counter: 1, Installed: before}.Sector()
	s.choice = slot.Choice(boot, committed)
	return s
}

// put hands a write to the card.
func (s *sim) put(w write) error {
	s.pending = append(s.pending, w)
	return s.passStep()
}

// passStep is one step: the power may fail behind it.
func (s *sim) passStep() error {
	s.step++
	if len(s.cuts) == 0 || s.step != s.cuts[0].step {
		return nil
	}
	c := s.cuts[0]
	s.cuts = s.cuts[1:]
	for i, w := range s.pending {
		switch last := i == len(s.pending)-1; {
		case c.subset>>i&1 == 0:
		case last:
			w.apply(min(c.torn, w.size))
		default:
			w.apply(w.size)
		}
	}
	s.pending = nil
	return errCut
}

func (s *sim) flush() {
	for _, w := range s.pending {
		w.apply(w.size)
	}
	s.pending = nil
}

func (s *sim) sector(to *[slot.SectorSize]byte, from [slot.SectorSize]byte) error {
	err := s.put(write{slot.SectorSize, func(n int) { copy(to[:n], from[:n]) }})
	if err == nil {
		s.flush()
	}
	return err
}

func (s *sim) do(effects []slot.Effect) (err error) {
	for _, e := range effects {
		switch e := e.(type) {
		case slot.WriteRecord:
			err = s.sector(&s.records[e.Copy], e.Sector)
		case slot.Commit:
			err = s.sector(&s.choice, slot.Choice(s.boot, e.Slot))
		case slot.Arm:
			s.oneShot = e.Slot
			err = s.passStep()
		case slot.Reboot:
			err = errReboot
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (s *sim) writeSlot(to slot.Slot, id slot.ID) error {
	for i := range blocks {
		torn := slot.ID{99} // neither
		err := s.put(write{2, func(n int) { s.slots[to][i] = [3]slot.ID{s.slots[to][i], torn, id}[n] }})
		if err != nil {
			return err
		}
	}
	s.flush()
	return nil
}

// load is the boot loader: it gives the slot that starts. Nothing but a whole release may.
func (s *sim) load() (booted, committed slot.Slot, err error) {
	committed, ok := slot.Committed(s.boot, s.choice[:])
	if !ok {
		return 0, 0, fmt.Errorf("the boot loader chooses nothing: %q", s.choice[:70])
	}
	booted = committed
	if s.oneShot != 0 {
		booted, s.oneShot = s.oneShot, 0
	}
	if got := s.slots[booted]; got[0] != got[1] || got[1] != got[2] || got[0] == (slot.ID{99}) {
		return 0, 0, fmt.Errorf("slot %v starts with half a release", booted)
	}
	return booted, committed, nil
}

// live is the time from one start to the next. It reports true when there is nothing left to do.
func (s *sim) live() (done bool, err error) {
	booted, committed, err := s.load()
	if err != nil {
		return false, err
	}
	runs := s.slots[booted][0]
	if runs == after.ID && booted != committed {
		s.trials++
	}
	if runs == after.ID && s.fate == dead {
		return false, errReboot
	}
	state, verdict, effects := slot.Boot([2][]byte{s.records[0][:], s.records[1][:]}, booted, committed)
	s.seen = append(s.seen, verdict)
	if err := s.do(effects); err != nil {
		return false, err
	}
	if verdict == slot.OnTrial {
		if s.fate == sick {
			return false, s.do(state.Unhealthy())
		}
		return false, s.do(state.Healthy())
	}
	return s.update(state)
}

// update is what a terminal does that was told of a release.
func (s *sim) update(state slot.State) (done bool, err error) {
	if state.Record.Installed.ID == after.ID || slices.Contains(state.Record.Quarantined, after.ID) {
		return true, nil
	}
	effects, err := state.Begin(after)
	if err != nil {
		return false, err
	}
	if err := s.do(effects); err != nil {
		return false, err
	}
	if err := s.writeSlot(state.Record.Target, after.ID); err != nil {
		return false, err
	}
	if err := s.do(state.Written()); err != nil {
		return false, err
	}
	return false, s.do(state.Try())
}

// run lives until nothing is left to do, and checks how it ended.
func (s *sim) run() error {
	for range 20 {
		done, err := s.live()
		s.pending = nil
		if err != nil && !errors.Is(err, errCut) && !errors.Is(err, errReboot) {
			return err
		}
		if done {
			return s.check()
		}
	}
	return fmt.Errorf("it starts anew for ever: %v", s.seen)
}

func (s *sim) check() error {
	r, committed := s.newest(), s.slots[mustCommitted(s)][0]
	quarantined := slices.Contains(r.Quarantined, after.ID)
	switch {
	case r.Phase != slot.Idle:
		return fmt.Errorf("the record ends in phase %v", r.Phase)
	case s.trials > 1:
		return fmt.Errorf("%d trials", s.trials)
	case s.fate != good && (committed != before.ID || !quarantined || r.Installed != before):
		return fmt.Errorf("a release that is %s ends committed to %v, quarantined %v", s.fate, committed, quarantined)
	case s.fate == good && !quarantined && (committed != after.ID || r.Installed != after):
		return fmt.Errorf("a good release ends committed to %v with the record %v", committed, r.Installed)
	case s.fate == good && quarantined && (committed != before.ID || !slices.Contains(s.seen, slot.RolledBack)):
		return fmt.Errorf("a release is committed and quarantined: %v", s.seen)
	}
	return nil
}

func (s *sim) newest() (r slot.Record) {
	for _, sector := range s.records {
		if other, ok := slot.ParseRecord(sector[:]); ok && other.Counter > r.Counter {
			r = other
		}
	}
	return r
}

func mustCommitted(s *sim) slot.Slot { c, _ := slot.Committed(s.boot, s.choice[:]); return c }

// tears are how much of a sector reached the card: around the characters that choose, and the
// ends of each part of a record.
var tears = []int{0, 1, 13, 14, 35, 36, 37, 64, 65, 66, 256, 479, 480, 511, 512}

// eachCut calls f with every cut of an update that nothing disturbs: behind each step, with each
// subset of the writes that are not durable, and each tear of the last.
func eachCut(f func(boot board.Boot, committed slot.Slot, fate fate, c cut)) {
	for _, boot := range []board.Boot{board.UEFI, board.Pi} {
		for _, committed := range []slot.Slot{slot.A, slot.B} {
			for _, fate := range []fate{good, sick, dead} {
				whole := newSim(boot, committed, fate)
				_ = whole.run()
				for step := 1; step <= whole.step; step++ {
					for subset := range 1 << blocks {
						for _, torn := range tears {
							f(boot, committed, fate, cut{step, subset, torn})
						}
					}
				}
			}
		}
	}
}

// T8: issue 12, 2: the power fails once, at every boundary of a write in an update, with every
// subset of what the card had not written yet: what starts is whole, at most one trial is made,
// and the update ends.
func TestPowerCutAtEveryWrite(t *testing.T) {
	n := 0
	eachCut(func(boot board.Boot, committed slot.Slot, fate fate, c cut) {
		n++
		if err := newSim(boot, committed, fate, c).run(); err != nil {
			t.Fatalf("%s, committed %v, %s release, %+v: %v", boot, committed, fate, c, err)
		}
	})
	if n < 8000 {
		t.Errorf("%d cuts only", n)
	}
}

// The power fails again while the terminal recovers, up to four times in all.
func TestPowerCutsWhileRecovering(t *testing.T) { cutWhileRecovering(t, 20_000, 2) }

func cutWhileRecovering(t *testing.T, updates int, seed uint64) {
	t.Helper()
	r := rand.New(rand.NewPCG(12, seed))
	for n := range updates {
		boot, committed, f := []board.Boot{board.UEFI, board.Pi}[n%2], []slot.Slot{slot.A, slot.B}[n/2%2], []fate{good, sick, dead}[n%3]
		var cuts []cut
		for step := 1 + r.IntN(10); len(cuts) < 4; step += 1 + r.IntN(8) {
			cuts = append(cuts, cut{step, r.IntN(1 << blocks), tears[r.IntN(len(tears))]})
		}
		if err := newSim(boot, committed, f, cuts...).run(); err != nil {
			t.Fatalf("%s, committed %v, %s release, %+v: %v", boot, committed, f, cuts, err)
		}
	}
}

// RAUC issue 490: quick power cycles of a slot that is committed must change nothing.
func TestPowerCyclesOfACommittedSlotChangeNothing(t *testing.T) {
	s := newSim(board.UEFI, slot.B, good)
	records, choice := s.records, s.choice
	for range 1000 {
		booted, committed, err := s.load()
		if err != nil {
			t.Fatal(err)
		}
		_, verdict, effects := slot.Boot([2][]byte{s.records[0][:], s.records[1][:]}, booted, committed)
		if booted != slot.B || verdict != slot.Normal || len(effects) != 0 {
			t.Fatalf("%v started, %v, %v", booted, verdict, effects)
		}
	}
	if s.records != records || s.choice != choice {
		t.Error("the card changed")
	}
}
