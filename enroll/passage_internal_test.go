package enroll

import (
	"testing"
	"time"

	"badged/internal/clock"
	"badged/internal/passage"
	"badged/internal/timetable"
)

// TestDecidingAllocatesNothing: the rule of passage is on the way of every badge.
func TestDecidingAllocatesNothing(t *testing.T) {
	ix := NewIndex()
	ix.Apply(Schedule{ID: 7, Windows: []timetable.Window{{Days: 255, From: 0, To: 1440}}}, Site{Zone: timetable.Zone{{East: 3600}}}, Door{ID: "front"})
	e := &Engine{index: ix, clock: clock.New(clock.From(time.Now().Add(-time.Hour)))}
	k := Known{
		Binding: Binding{State: BindingActive}, Account: Account{Kind: Person, State: Active},
		Grants: []Grant{{Schedule: 7}, {Schedule: 8}, {To: time.Now().Add(-time.Hour), Deny: true}},
	}
	p, now := Point{Kind: DoorP, Door: "front"}, e.clock.Now()
	allocations := testing.AllocsPerRun(100, func() {
		if o, why := e.mayEnter(p, k, now); o != Granted {
			t.Fatalf("refused for reason %d", why)
		}
	})
	if allocations != 0 {
		t.Errorf("%v allocations", allocations)
	}
}

// TestDecisionsKeepTheirNumbers: each reason of the rule has the event's reason of the same
// meaning.
func TestDecisionsKeepTheirNumbers(t *testing.T) {
	seen := map[Reason]bool{ReasonNone: true}
	for why := passage.KnownCard; why <= passage.OutOfHours; why++ {
		if seen[reasons[why]] {
			t.Errorf("%s has no reason of its own: %d", why, reasons[why])
		}
		seen[reasons[why]] = true
	}
}
