package uplink_test

import (
	"testing"
	"time"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// times are the times of the hub among effects.
func times(effects []uplink.Effect) (list []time.Time) {
	for _, e := range effects {
		if s, ok := e.(uplink.SetTime); ok {
			list = append(list, s.At)
		}
	}
	return list
}

// Issue 14, 1.3: the hub's time is taken from an answer to the last hello that comes soon:
// whoever holds answers back, or repeats former ones, sets no clock back.
func TestOnlyAFreshAnswerTellsTheTime(t *testing.T) {
	const told = 1767225600456
	for name, c := range map[string]struct {
		hello uint64
		after time.Duration
		want  int
	}{
		"at once":                        {2, 0, 1},
		"soon":                           {2, 9 * time.Second, 1},
		"late":                           {2, 10 * time.Second, 0},
		"to a former hello":              {1, 0, 0},
		"of events, or of an older hub":  {0, 0, 0},
		"to a hello that was never said": {3, 0, 0},
	} {
		m, effects := greeted(t, 1, wire.Ack{Hello: 1, Time: told})
		if got := times(effects); len(got) != 1 || !got[0].Equal(time.UnixMilli(told)) {
			t.Errorf("the first hello tells %v", got)
		}
		m.Located(m.now, m.pos)
		m.now = m.now.Add(c.after)
		if got := times(m.ack(wire.Ack{Hello: c.hello, Time: told})); len(got) != c.want {
			t.Errorf("%s: it tells %v", name, got)
		}
	}
}

// While the hub's time is in doubt, hello comes sooner.
func TestADoubtAsksAgainSoon(t *testing.T) {
	m, _ := greeted(t, 1, wire.Ack{Hello: 1})
	if d := m.Deadline().Sub(m.now); d != time.Minute {
		t.Fatalf("the next hello comes after %v", d)
	}
	m.Unsettled(m.now)
	if d := m.Deadline().Sub(m.now); d != 10*time.Second {
		t.Errorf("in doubt, the next hello comes after %v", d)
	}
}
