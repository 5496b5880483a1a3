package clock_test

import (
	"testing"
	"testing/synctest"
	"time"

	"badged/internal/clock"
)

func TestStates(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		floor := time.Now().Add(time.Hour)
		c := clock.New(floor)
		if s := c.Now(); s.State != clock.Unknown {
			t.Errorf("below the floor: %v", s.State)
		}
		time.Sleep(time.Hour)
		if s := c.Now(); s.State != clock.Holdover {
			t.Errorf("at the floor: %v", s.State)
		}
		c.HubTime(floor.Add(24 * time.Hour))
		s := c.Now()
		if s.State != clock.Trusted || !s.Wall.Equal(floor.Add(24*time.Hour)) || s.Mono != time.Hour {
			t.Errorf("after hub time: %+v", s)
		}
		time.Sleep(time.Minute)
		if s := c.Now(); !s.Wall.Equal(floor.Add(24*time.Hour + time.Minute)) {
			t.Errorf("a minute later: %v", s.Wall)
		}
	})
}

func TestTheFloorOnlyGrows(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		c := clock.New(now)
		c.HubTime(now.Add(-time.Hour)) // stale or forged
		if c.Now().State != clock.Holdover || !c.Floor().Equal(now) {
			t.Error("a time below the floor was believed")
		}
		c.HubTime(now.Add(time.Hour))
		c.HubTime(now.Add(30 * time.Minute))
		if !c.Floor().Equal(now.Add(time.Hour)) {
			t.Errorf("the floor fell to %v", c.Floor())
		}
	})
}

func TestBootsDiffer(t *testing.T) {
	one, other := clock.New(time.Now()), clock.New(time.Now())
	if one.Now().Boot == other.Now().Boot {
		t.Error("two runs have the same boot id")
	}
}
