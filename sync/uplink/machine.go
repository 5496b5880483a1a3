package uplink

import (
	"errors"
	"fmt"
	"time"

	"badged/sync/wire"
)

// The times of the protocol.
const (
	helloWait   = 10 * time.Second // for the answer to a hello
	helloTries  = 3                // unanswered, then the link is given up
	helloEvery  = time.Minute      // a hello that finds what got lost in silence
	helloShares = 3                // hellos within the time that a door trusts its copy
	helloMin    = time.Second      // between two of them
	helloSoon   = 10 * time.Second // until the next one while the hub's time is in doubt
	ackWait     = 10 * time.Second // for the acknowledgement of a frame
	stallsMax   = 3                // acknowledgements that did not come, then the link is given up
	pageWait    = 10 * time.Second // for the rest of a set of pages
	reportAfter = time.Second      // of quiet after pages: then a hello reports the new vector
	pauseMin    = time.Second
	pauseUsual  = 30 * time.Second // if the hub names none
	pauseMax    = 5 * time.Minute
	hashRetry   = time.Minute // after a whole collection did not add up
)

// phase is where a connection is.
type phase uint8

// The phases of a connection. A Machine lives for one connection.
//
//	Start
//	  | locate, hello
//	  v
//	greeting --- no ack in 10 s: hello again; after 3: drop ---> (over)
//	  |  ^  ^
//	  |  |  +-- frame not acknowledged in 10 s: locate, hello; after 3: drop ---+
//	  |  |                                                                      |
//	  |  +-- ack of another incarnation, or a gap: renew, locate, hello ---+    |
//	  |                                                                    |    |
//	  | ack: send from the watermark                                       |    |
//	  v                                                                    |    |
//	flowing -- wake, ack: fetch, frame, forget; page: stage, apply --------+----+
//	  |
//	  | ack with a problem or without credit
//	  v
//	paused --- retry_after passed: locate, hello ---> greeting
//
// In every phase, acks of another nonce, or of another incarnation once that is
// settled, are ignored, and pages are staged and applied.
const (
	greeting phase = iota
	flowing
	paused
)

// Effect is an action that a Machine requests. The caller carries out effects in order, and
// passes the results of Locate, Fetch and Apply to Located, Events and Applied.
type Effect interface{ effect() }

// The effects.
type (
	Locate struct{}                   // read the store's position; then Located
	Say    struct{ Hello wire.Hello } // publish
	Send   struct{ Frame wire.Frame } // publish
	Fetch  struct {
		Stream wire.Stream
		After  uint64
	} // read pending events, a frame at most; then Events
	Forget  struct{ wire.Durable }         // they are durable at the hub; then Forked if they are others
	Apply   struct{ Pages []wire.Page }    // a complete set; then Applied
	Renew   struct{ Incarnation [16]byte } // reincarnate; zero: under a new random one
	SetTime struct{ At time.Time }         // the hub's time now, at most helloWait ago; then Unsettled if it matters
	Drop    struct{ Why error }            // end the connection
)

func (Locate) effect()  {}
func (Say) effect()     {}
func (Send) effect()    {}
func (Fetch) effect()   {}
func (Forget) effect()  {}
func (Apply) effect()   {}
func (Renew) effect()   {}
func (SetTime) effect() {}
func (Drop) effect()    {}

var (
	errNoAnswer  = errors.New("the hub does not answer (is badgehub running behind the broker?)")
	errRestarted = errors.New("the hub has started again") // perhaps on an older state
	errStalled   = errors.New("the hub answers but takes no events (see its log)")
)

// Machine is the terminal's side of one connection: inputs with their time in,
// effects out. It does no I/O, has no clock and is not safe for concurrent use.
type Machine struct {
	nonce [16]byte
	agent string

	phase    phase
	pos      wire.Position // as of the last hello; the vector as of the last Apply
	settled  bool          // the incarnation stands for this connection
	renewed  bool          // it is not the one that the connection began with
	moving   bool          // it is about to change
	echo     uint64        // the hub's last challenge
	run      uint64        // the hub's; 0: not told
	flows    []*flow       // security first
	credit   uint64
	hello    time.Time // of a hello that was not answered; zero: none
	hellos   uint64    // of this connection
	said     time.Time // when the last one was
	tries    int
	stalls   int
	greetAt  time.Time // when to say hello next
	reportAt time.Time // when to report the new vector; zero: nothing to report
	welcome  bool      // the hub has accepted events in this connection
	problem  string    // the hub's
	stages   staging
	out      []Effect
}

// NewMachine makes the machine of one connection. The caller chooses a fresh random nonce.
func NewMachine(nonce [16]byte, agent string) *Machine {
	return &Machine{
		nonce: nonce, agent: agent, stages: newStaging(),
		flows: []*flow{{stream: wire.StreamSecurity}, {stream: wire.StreamEvents}},
	}
}

// Connected reports whether the hub has answered, accepts events, and has not become silent
// since.
func (m *Machine) Connected() bool {
	return m.phase == flowing || m.phase == greeting && m.welcome && m.tries == 0
}

// Problem describes what is wrong with the connection, in the hub's words or in the
// machine's; empty: nothing.
func (m *Machine) Problem() string {
	if m.problem != "" {
		return m.problem
	}
	return m.stages.problem()
}

// Start begins the connection with a hello.
func (m *Machine) Start(now time.Time) []Effect {
	m.greetHub(now)
	return m.takeEffects()
}

// greetHub starts a new greeting: a hello with the store's present position.
func (m *Machine) greetHub(now time.Time) {
	m.phase = greeting
	m.requestPosition(now)
}

func (m *Machine) requestPosition(now time.Time) {
	m.reportAt = time.Time{}
	m.out = append(m.out, Locate{})
}

// Located is the input after Locate: the position of the store. The hello follows.
func (m *Machine) Located(now time.Time, pos wire.Position) []Effect {
	m.pos, m.moving = pos, false
	m.stages.setVector(pos.Vector)
	if m.hello.IsZero() {
		m.tries = 0
	}
	m.hello, m.said = now, now
	m.hellos++
	m.greetAt = now.Add(helloPause(pos.Fresh))
	m.out = append(m.out, Say{wire.Hello{
		MinVersion: wire.Version, MaxVersion: wire.Version, Agent: m.agent, Nonce: m.nonce,
		Incarnation: pos.Incarnation, Next: pos.Next, Vector: m.stages.vector(), Lease: pos.Lease,
		Chain: pos.Chain, Acked: pos.Acked, Former: pos.Former, Highest: pos.Highest, Echo: m.echo, Count: m.hellos,
	}})
	return m.takeEffects()
}

// Ack is the input for the hub's acknowledgement of events or of a hello.
//
// The machine accepts another incarnation from the hub only before the first other answer in
// this connection: until then no frame can have moved the hub's watermark, so the hub decided
// right whichever hello it answered. A later one answers a hello that frames have overtaken,
// and is ignored. The exception is a database that the hub found in two boxes (Copied): then
// the hub's incarnation counts later too, once.
func (m *Machine) Ack(now time.Time, a wire.Ack) []Effect {
	if a.Nonce != m.nonce {
		return nil
	}
	if a.Run != 0 && m.run != 0 && a.Run != m.run {
		m.out = append(m.out, Drop{errRestarted})
		return m.takeEffects()
	}
	m.run = max(m.run, a.Run)
	if a.Challenge != 0 {
		m.echo = a.Challenge
	}
	if a.Incarnation != m.pos.Incarnation {
		if !m.settled || a.Copied && !m.renewed {
			m.reportMissing(a)
			m.changeIncarnation(now, a.Incarnation)
		}
		return m.takeEffects()
	}
	m.settled = true
	m.hello = time.Time{}
	m.readTime(now, a)
	for _, f := range m.flows {
		if !m.advanceFlow(f, a) {
			m.changeIncarnation(now, [16]byte{})
			return m.takeEffects()
		}
	}
	m.followAck(now, a)
	return m.takeEffects()
}

// readTime takes the hub's time from an answer to the last hello, if it came soon: whoever
// holds messages back, or repeats them, cannot set a clock back by more.
func (m *Machine) readTime(now time.Time, a wire.Ack) {
	answers := a.Hello == m.hellos || a.Hello == 0 && m.hellos == 1 // an older hub does not count hellos
	if answers && now.Sub(m.said) < helloWait {
		m.out = append(m.out, SetTime{time.UnixMilli(a.Time)})
	}
}

// Unsettled tells that another answer would help to decide whether to believe the hub's time.
func (m *Machine) Unsettled(now time.Time) {
	if m.phase != paused {
		m.greetAt = soonest(m.greetAt, now.Add(helloSoon))
	}
}

// reportMissing tells the store what the hub has of the incarnation that it is about to
// leave. The store reports the events that neither has any more under the next one.
func (m *Machine) reportMissing(a wire.Ack) {
	for _, f := range m.flows {
		if upto, named := a.Upto[f.stream]; named && upto < max(m.pos.Next[f.stream], f.sent+1) {
			f.acked = upto
			m.forgetDurable(f, a, true)
		}
	}
}

// followAck sends events if the hub gives credit, and pauses if it gives none or has a problem.
func (m *Machine) followAck(now time.Time, a wire.Ack) {
	m.credit = min(a.Credit, wire.Window)
	m.problem = a.Problem
	if a.Problem == "" && a.Credit > 0 {
		m.phase, m.welcome = flowing, true
		m.fetchEvents()
		return
	}
	m.phase, m.welcome = paused, false
	m.greetAt = now.Add(pauseFor(a.RetryAfter))
}

// helloPause is the time between two hellos. fresh is how long a door trusts its copy: the
// pause is short enough that no door refuses anybody while the hub answers.
func helloPause(fresh time.Duration) time.Duration {
	if fresh <= 0 {
		return helloEvery
	}
	return min(helloEvery, max(fresh/helloShares, helloMin))
}

func pauseFor(millis int64) time.Duration {
	if millis <= 0 {
		return pauseUsual
	}
	millis = min(millis, pauseMax.Milliseconds())
	return max(time.Duration(millis)*time.Millisecond, pauseMin)
}

// changeIncarnation changes to another incarnation. What the hub says about the former one no longer
// counts.
func (m *Machine) changeIncarnation(now time.Time, incarnation [16]byte) {
	m.settled, m.renewed, m.moving = true, true, true
	for _, f := range m.flows {
		*f = flow{stream: f.stream}
	}
	m.out = append(m.out, Renew{incarnation})
	m.greetHub(now)
}

// Wake is the input after an event was appended to the store.
func (m *Machine) Wake(time.Time) []Effect {
	for _, f := range m.flows {
		f.more = true
	}
	m.fetchEvents()
	return m.takeEffects()
}

// Report is the input when the next hello has something to say: it is due now.
func (m *Machine) Report(now time.Time) []Effect {
	m.reportAt = now
	return nil
}

// Tick is the input when Deadline has passed.
func (m *Machine) Tick(now time.Time) []Effect {
	switch {
	case m.retryHello(now):
	case m.restartStalled(now):
	case m.stages.dropExpired(now), due(m.greetAt, now), due(m.reportAt, now):
		if m.phase == paused && !due(m.greetAt, now) {
			return nil
		}
		if m.phase == paused {
			m.phase = greeting
		}
		m.requestPosition(now)
	}
	return m.takeEffects()
}

// retryHello sends another hello when the last one had no answer in time, and drops the link
// after helloTries. It reports whether it did either.
func (m *Machine) retryHello(now time.Time) bool {
	if m.hello.IsZero() || !due(m.hello.Add(helloWait), now) {
		return false
	}
	if m.tries++; m.tries >= helloTries {
		m.out = append(m.out, Drop{errNoAnswer})
		return true
	}
	m.greetHub(now)
	return true
}

// restartStalled restarts from the hub's watermark when a frame was not acknowledged in time, and
// drops the link after stallsMax. It reports whether it did either.
func (m *Machine) restartStalled(now time.Time) bool {
	if m.phase != flowing || !due(m.oldestFlight(), now) {
		return false
	}
	if m.stalls++; m.stalls >= stallsMax {
		m.out = append(m.out, Drop{errStalled})
		return true
	}
	m.greetHub(now)
	return true
}

// Deadline is when Tick is to be called next.
func (m *Machine) Deadline() time.Time {
	d := soonest(m.greetAt, m.reportAt)
	if !m.hello.IsZero() {
		d = soonest(d, m.hello.Add(helloWait))
	}
	if m.phase == flowing {
		d = soonest(d, m.oldestFlight())
	}
	if m.phase == paused {
		return m.greetAt
	}
	return soonest(d, m.stages.deadline())
}

// takeEffects returns the collected effects and clears them.
func (m *Machine) takeEffects() []Effect {
	out := m.out
	m.out = nil
	return out
}

func (m *Machine) dropLink(format string, args ...any) {
	m.out = append(m.out, Drop{fmt.Errorf(format, args...)})
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// soonest returns the earlier of two times; zero means never.
func soonest(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
