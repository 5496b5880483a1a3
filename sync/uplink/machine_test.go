package uplink_test

import (
	"fmt"
	"testing"
	"time"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// table drives a Machine by hand, without a link: what the hub says goes in, effects
// come out.
type table struct {
	*uplink.Machine
	t     *testing.T
	now   time.Time
	nonce [16]byte
	pos   wire.Position
}

// greeted is a machine whose first hello was answered. Next is the number that each
// stream gives next.
func greeted(t *testing.T, next uint64, a wire.Ack) (*table, []uplink.Effect) {
	t.Helper()
	m := &table{t: t, now: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC), nonce: [16]byte{9}}
	m.Machine = uplink.NewMachine(m.nonce, "test")
	m.pos = wire.Position{Incarnation: [16]byte{1}, Next: map[wire.Stream]uint64{wire.StreamEvents: next, wire.StreamSecurity: next}}
	m.Start(m.now)
	m.Located(m.now, m.pos)
	return m, m.ack(a)
}

// ack is an answer of the hub's in this connection; what a leaves out is as usual.
func (m *table) ack(a wire.Ack) []uplink.Effect {
	a.Nonce, a.Incarnation = m.nonce, m.pos.Incarnation
	if a.Credit == 0 {
		a.Credit = wire.Window
	}
	if a.Upto == nil {
		a.Upto = map[wire.Stream]uint64{}
	}
	return m.Ack(m.now, a)
}

// has counts the effects of one type.
func has[T uplink.Effect](effects []uplink.Effect) (n int) {
	for _, e := range effects {
		if _, ok := e.(T); ok {
			n++
		}
	}
	return n
}

// A hub that has a number which this database is yet to give has heard of another copy
// of it.
func TestAHubThatIsOneNumberAheadIsNoticed(t *testing.T) {
	for upto, renews := range map[uint64]int{3: 0, 4: 0, 5: 1, 6: 1} {
		for _, stream := range []wire.Stream{wire.StreamEvents, wire.StreamSecurity} {
			_, effects := greeted(t, 5, wire.Ack{Upto: map[wire.Stream]uint64{stream: upto}})
			if n := has[uplink.Renew](effects); n != renews {
				t.Errorf("the next number is 5, the hub has %d of stream %d: %d times renewed", upto, stream, n)
			}
		}
	}
}

// However much credit a hub gives, no more frames than the window are on the way of a
// stream; and the security stream is asked for first.
func TestAHubCannotWidenTheWindow(t *testing.T) {
	event, err := wire.Marshal(wire.Event{Order: 1, Kind: 1, Boot: make([]byte, 8)})
	if err != nil {
		t.Fatal(err)
	}
	for credit, frames := range map[uint64]int{1: 1, wire.Window: wire.Window, 1000: wire.Window} {
		m, effects := greeted(t, 100, wire.Ack{Credit: credit})
		if first := firstFetch(effects); first.Stream != wire.StreamSecurity {
			t.Errorf("stream %d is asked for first", first.Stream)
		}
		sent := map[wire.Stream]int{}
		for len(effects) > 0 {
			e := effects[0]
			effects = effects[1:]
			switch e := e.(type) {
			case uplink.Fetch:
				effects = append(effects, m.Events(m.now, e.Stream, wire.Batch{First: e.After + 1, Events: [][]byte{event}})...)
			case uplink.Send:
				sent[e.Frame.Stream]++
			}
		}
		for stream, n := range sent {
			if n != frames {
				t.Errorf("credit %d: %d frames of stream %d are on the way, want %d", credit, n, stream, frames)
			}
		}
	}
}

func firstFetch(effects []uplink.Effect) uplink.Fetch {
	for _, e := range effects {
		if f, ok := e.(uplink.Fetch); ok {
			return f
		}
	}
	return uplink.Fetch{}
}

// A hub may ask for a pause, but not for one of days: after 5 minutes the terminal asks
// again.
func TestAPauseIsBounded(t *testing.T) {
	for millis, want := range map[int64]time.Duration{
		1: time.Second, 0: 30 * time.Second, -5: 30 * time.Second, 60_000: time.Minute, 10 * 24 * 3600 * 1000: 5 * time.Minute, 1<<63 - 1: 5 * time.Minute,
	} {
		m, _ := greeted(t, 1, wire.Ack{Problem: "later", RetryAfter: millis})
		if got := m.Deadline().Sub(m.now); got != want {
			t.Errorf("retry after %d ms: in %v, want %v", millis, got, want)
		}
	}
}

// A hub that takes the connection and never says a word is given up after three hellos.
func TestASilentHubIsGivenUp(t *testing.T) {
	m := uplink.NewMachine([16]byte{9}, "test")
	now := time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)
	effects := m.Start(now)
	hellos := 0
	for range 10 {
		if has[uplink.Drop](effects) > 0 {
			break
		}
		if has[uplink.Locate](effects) > 0 {
			effects = m.Located(now, wire.Position{})
			hellos += has[uplink.Say](effects)
		}
		now = m.Deadline()
		effects = m.Tick(now)
	}
	if has[uplink.Drop](effects) != 1 || hellos != 3 {
		t.Errorf("after %d hellos: %+v", hellos, effects)
	}
}

// page is one page of a delta of the accounts, or of a snapshot.
func (m *table) page(from, to, part, parts uint64, snapshot bool) []uplink.Effect {
	return m.Page(m.now, wire.Page{
		Nonce: m.nonce, Collection: wire.Accounts, From: from, To: to, Part: part, Parts: parts, Snapshot: snapshot,
		Hash: [16]byte{byte(to), byte(to >> 8)},
	})
}

// What is applied is a whole set of pages that leads further, and nothing else.
func TestOnlyWholeSetsThatLeadFurtherAreApplied(t *testing.T) {
	for name, c := range map[string]struct {
		play func(*table) []uplink.Effect
		want int // sets applied by the last page
	}{
		"a whole delta": {func(m *table) []uplink.Effect { m.page(0, 5, 0, 2, false); return m.page(0, 5, 1, 2, false) }, 1},
		"a part twice":  {func(m *table) []uplink.Effect { m.page(0, 5, 0, 2, false); return m.page(0, 5, 0, 2, false) }, 0},
		"a part beyond the last": {func(m *table) []uplink.Effect {
			m.page(0, 5, 0, 2, false)
			return m.page(0, 5, 7, 2, false)
		}, 0},
		"one part more than a set may have": {func(m *table) (effects []uplink.Effect) {
			for part := range uint64(wire.MaxPageParts + 1) {
				effects = m.page(0, 5, part, wire.MaxPageParts+1, false)
			}
			return effects
		}, 0},
		"a delta on what is not there": {func(m *table) []uplink.Effect { return m.page(3, 5, 0, 1, false) }, 0},
		"a delta that leads back": {func(m *table) []uplink.Effect {
			m.apply(m.page(0, 5, 0, 1, false), nil)
			return m.page(2, 4, 0, 1, false)
		}, 0},
		"a delta to where it is": {func(m *table) []uplink.Effect {
			m.apply(m.page(0, 5, 0, 1, false), nil)
			return m.page(2, 5, 0, 1, false)
		}, 0},
		"a delta after one that did not add up": {func(m *table) []uplink.Effect {
			m.apply(m.page(0, 5, 0, 1, false), wire.ErrHash)
			return m.page(0, 6, 0, 1, false)
		}, 0},
		"a snapshot after one that did not add up": {func(m *table) []uplink.Effect {
			m.apply(m.page(0, 5, 0, 1, false), wire.ErrHash)
			return m.page(0, 6, 0, 1, true)
		}, 1},
		"a set that 15 others were begun after": {func(m *table) []uplink.Effect { return m.crowd(15) }, 1},
		"a set that 16 others were begun after": {func(m *table) []uplink.Effect { return m.crowd(16) }, 0},
	} {
		m, _ := greeted(t, 1, wire.Ack{})
		if got := has[uplink.Apply](c.play(m)); got != c.want {
			t.Errorf("%s: %d sets are applied, want %d", name, got, c.want)
		}
	}
}

// apply does what the machine wants applied, with a result.
func (m *table) apply(effects []uplink.Effect, err error) {
	m.t.Helper()
	if has[uplink.Apply](effects) != 1 {
		m.t.Fatalf("nothing to apply: %v", fmt.Sprint(effects))
	}
	for _, e := range effects {
		if a, ok := e.(uplink.Apply); ok {
			m.Applied(m.now, a.Pages, err)
		}
	}
}

// crowd begins a set, then n others, then brings the rest of the first.
func (m *table) crowd(n int) []uplink.Effect {
	m.page(0, 5, 0, 2, false)
	for i := range uint64(n) {
		m.now = m.now.Add(time.Millisecond)
		m.page(0, 100+i, 0, 2, false)
	}
	return m.page(0, 5, 1, 2, false)
}

// Issue 14, 1.2: a hub that has started again within a connection may be on an older state:
// the terminal connects again and starts from what it says then.
func TestAHubThatStartedAgainEndsTheConnection(t *testing.T) {
	m, effects := greeted(t, 5, wire.Ack{Run: 7})
	if has[uplink.Drop](effects) != 0 || has[uplink.Drop](m.ack(wire.Ack{Run: 7})) != 0 {
		t.Fatal("the same run of the hub ends the connection")
	}
	if has[uplink.Drop](m.ack(wire.Ack{Run: 8})) != 1 {
		t.Error("another run of the hub is taken for the same")
	}
}

// Issue 14, 1.1: before a terminal takes the name that the hub gives, its store learns what
// the hub has of the former one: what neither has any more is told of.
func TestANewNameSaysWhatTheHubHasOfTheFormer(t *testing.T) {
	m := &table{t: t, now: time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC), nonce: [16]byte{9}}
	m.Machine = uplink.NewMachine(m.nonce, "test")
	m.Start(m.now)
	m.Located(m.now, wire.Position{Incarnation: [16]byte{1}, Next: map[wire.Stream]uint64{wire.StreamEvents: 5, wire.StreamSecurity: 5}})
	effects := m.Ack(m.now, wire.Ack{
		Nonce: m.nonce, Incarnation: [16]byte{2}, Credit: 1, Upto: map[wire.Stream]uint64{wire.StreamEvents: 2, wire.StreamSecurity: 7},
	})
	var lacks bool
	for _, e := range effects {
		if f, ok := e.(uplink.Forget); ok {
			lacks = lacks || f.Stream == wire.StreamEvents && f.All && f.Upto == 2 && f.Incarnation == [16]byte{1}
			if f.Stream == wire.StreamSecurity {
				t.Error("the store is told of events that it never gave")
			}
		}
	}
	if !lacks || has[uplink.Renew](effects) != 1 {
		t.Errorf("the effects are %+v", effects)
	}
}
