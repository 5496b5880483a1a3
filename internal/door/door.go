// Package door decides what a door's relay does and what the terminal reports about the
// door. Machine is pure: times and inputs go in, effects come out.
package door

import "time"

// Cap is the longest time that a relay stays energised without a break. The driver of the
// relay enforces the same bound by itself.
const Cap = 30 * time.Second

// Config is the settings of one door.
type Config struct {
	OpenFor      time.Duration // how long a grant energises the relay, at most Cap
	HeldAfter    time.Duration // how long a door may be open before it is Held; 0: for ever
	RelockOnOpen bool          // the relay drops as soon as the door opens
}

// State is the state of the door.
type State uint8

// The states; the drawing is at Machine.
const (
	Locked State = iota
	Granted
	Open
	Held
	Forced
)

// String is the state's name in status and logs.
func (s State) String() string {
	return [...]string{"locked", "granted", "open", "held", "forced"}[s]
}

// Input is something that happens to a door.
type Input uint8

// The inputs.
const (
	Grant         Input = iota // somebody may pass
	Exit                       // the exit button was pressed
	ContactOpen                // the contact says open, at start or as a change
	ContactClosed              // the contact says closed
	LockdownOn                 // grants do nothing from now on; the exit button still works
	LockdownOff
	ReleaseOn // an emergency system has freed the door: nothing about it is forced or held
	ReleaseOff
)

// Relay is an action on the relay.
type Relay uint8

// The actions.
const (
	Keep Relay = iota
	Energise
	Drop
	Renew // drop and energise at once: its time had ended when the next grant came
)

// Report is what to report about the door.
type Report uint8

// The reports.
const (
	Nothing Report = iota
	WasOpened
	WasClosed
	WasForced
	IsHeld
	ExitUsed
)

// Effect is what an input leads to. The caller moves the relay first.
type Effect struct {
	Relay  Relay
	Report Report
}

// Machine is one door.
//
//	         Grant, Exit                contact opens
//	Locked -------------> Granted ---------------------> Open
//	  ^  ^                   |                           |  |  ^
//	  |  +--- OpenFor over --+                           |  |  | Grant, Exit
//	  |                                                  |  |  |
//	  +<--- contact closes, from Open, Held or Forced ---+  +--> Held after HeldAfter
//	  |
//	  +--- contact opens --> Forced -- Grant, Exit --> Open
//
// Only Grant and Exit energise the relay. It drops when OpenFor is over, when the contact
// closes, and with RelockOnOpen also when the contact opens. A Grant while it is energised
// prolongs it, but never beyond Cap since it was energised.
//
// Time never goes back: an input whose time is before that of the last one, because it had
// to wait for a decision, counts as if it came at the same time.
//
// Lockdown: Grant does nothing, Exit works. Release: a contact that opens is no
// alarm and Open is never Held. A door whose contact says open at start is Open, not
// Forced: nobody saw how it was opened.
type Machine struct {
	cfg      Config
	state    State
	seen     bool // the contact has reported
	lockdown bool
	release  bool

	last     time.Time // the latest time of an input
	on       bool      // the relay is energised
	since    time.Time // on: when it was energised
	until    time.Time // on: when it drops
	heldFrom time.Time // Open: when it becomes Held; zero: never
}

// New makes a machine of a locked door. It energises nothing.
func New(cfg Config) *Machine {
	return &Machine{cfg: cfg}
}

// State is the present state of the door.
func (m *Machine) State() State { return m.state }

// Until is when the relay drops; zero: it is off.
func (m *Machine) Until() time.Time {
	if !m.on {
		return time.Time{}
	}
	return m.until
}

// HandleInput applies an input and returns its effect. now must carry a monotonic reading.
func (m *Machine) HandleInput(now time.Time, in Input) Effect {
	now, e := m.advanceTime(now)
	switch in {
	case Grant:
		if !m.lockdown {
			return m.grantPassage(now, e.Relay, Nothing)
		}
	case Exit:
		return m.grantPassage(now, e.Relay, ExitUsed)
	case ContactOpen:
		return m.handleOpened(now, e)
	case ContactClosed:
		return m.handleClosed(e)
	case LockdownOn, LockdownOff:
		m.lockdown = in == LockdownOn
	case ReleaseOn, ReleaseOff:
		m.release = in == ReleaseOn
		m.watchHeld(now)
	}
	return e
}

// Deadline is when Tick is to be called next; zero: never.
func (m *Machine) Deadline() time.Time {
	switch {
	case m.on && (m.heldFrom.IsZero() || m.until.Before(m.heldFrom)):
		return m.until
	default:
		return m.heldFrom
	}
}

// Tick applies the time that has passed and returns its effect.
func (m *Machine) Tick(now time.Time) Effect {
	now, e := m.advanceTime(now)
	if m.state == Open && !m.heldFrom.IsZero() && !now.Before(m.heldFrom) {
		m.state, m.heldFrom = Held, time.Time{}
		e.Report = IsHeld
	}
	return e
}

// advanceTime returns the time that counts for an input, and drops the relay if its time is over.
func (m *Machine) advanceTime(now time.Time) (time.Time, Effect) {
	var e Effect
	if now.After(m.last) {
		m.last = now
	}
	if m.on && !m.last.Before(m.until) {
		e.Relay = m.dropRelay()
	}
	return m.last, e
}

func (m *Machine) dropRelay() Relay {
	if m.state == Granted {
		m.state = Locked
	}
	if !m.on {
		return Keep
	}
	m.on = false
	return Drop
}

// grantPassage lets somebody pass. had is what advanceTime has just done with the relay.
func (m *Machine) grantPassage(now time.Time, had Relay, r Report) Effect {
	if m.state == Locked {
		m.state = Granted
	} else if m.state != Granted {
		m.state = Open
		m.watchHeld(now)
	}
	if !m.on {
		m.on, m.since, m.until = true, now, now
	}
	if until := now.Add(m.cfg.OpenFor); until.After(m.until) {
		m.until = until
	}
	if limit := m.since.Add(Cap); m.until.After(limit) {
		m.until = limit
	}
	if had == Drop {
		return Effect{Relay: Renew, Report: r}
	}
	return Effect{Relay: Energise, Report: r}
}

func (m *Machine) handleOpened(now time.Time, e Effect) Effect {
	first := !m.seen
	m.seen = true
	if m.state != Locked && m.state != Granted {
		return e // open already
	}
	if m.state == Locked && !first && !m.release {
		m.state = Forced
		e.Report = WasForced
		return e
	}
	m.state = Open
	m.watchHeld(now)
	e.Report = WasOpened
	if m.on && m.cfg.RelockOnOpen {
		e.Relay = m.dropRelay()
	}
	return e
}

func (m *Machine) handleClosed(e Effect) Effect {
	m.seen = true
	if m.state == Locked || m.state == Granted {
		return e // closed already
	}
	m.state, m.heldFrom = Locked, time.Time{}
	if r := m.dropRelay(); r != Keep {
		e.Relay = r
	}
	e.Report = WasClosed
	return e
}

// watchHeld starts the time after which an open door is held open.
func (m *Machine) watchHeld(now time.Time) {
	m.heldFrom = time.Time{}
	if m.state == Open && !m.release && m.cfg.HeldAfter > 0 {
		m.heldFrom = now.Add(m.cfg.HeldAfter)
	}
}
