package clock

import (
	"testing"
	"time"
)

// machine is a wall clock that somebody sets, and the time that passes meanwhile.
type machine struct {
	wall   time.Time
	passed time.Duration
}

func (m *machine) read() (time.Time, time.Duration) { return m.wall, m.passed }

// Whoever sets the machine's clock after the hub has spoken, to whatever time, revives
// nothing that has ended and ends nothing early.
func TestAfterTheHubTheMachinesClockDoesNotCount(t *testing.T) {
	told := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	m := &machine{wall: time.Unix(0, 0).UTC()}
	c := New(told.Add(-time.Hour))
	c.read = m.read
	if s := c.Now(); s.State != Unknown {
		t.Fatalf("in 1970: %+v", s)
	}
	c.HubTime(told)
	for _, set := range []time.Time{told.Add(-48 * time.Hour), time.Unix(0, 0).UTC(), told.Add(56 * 365 * 24 * time.Hour)} {
		m.wall = set
		m.passed += time.Minute
		if s := c.Now(); s.State != Trusted || !s.Wall.Equal(told.Add(m.passed)) {
			t.Errorf("set to %v after %v: %+v", set, m.passed, s)
		}
	}
}
