// Package reader declares what badge readers and keypads say, and the parts that
// a driver is made of: a Decoder turns bytes into events and is pure, a Source
// delivers events from a device, Feedback shows a decision at the device.
//
// Protocols live in packages below this one, one each; serialport, usbport and
// gpioport bring the bytes. reader/readertest holds the contract that every
// decoder passes.
package reader

import (
	"context"
	"fmt"
	"time"

	"badged/keypad"
)

// Decoder turns the bytes of one reader into events. It does no I/O and has no
// clock. Any split of the same bytes gives the same events. A frame that is not
// clean (parity, checksum, length) gives a Fault and never a Card.
type Decoder interface {
	// Feed takes bytes that arrived at the time at. It must not keep p.
	Feed(at time.Time, p []byte, emit func(Event))
	// Deadline is when Tick wants to be called; zero: never.
	Deadline() time.Time
	// Tick tells that the deadline passed without more bytes.
	Tick(now time.Time, emit func(Event))
}

// Source is a device that says events. Run blocks until ctx ends, which gives
// nil, or until the device fails; whoever started it runs it again with back-off.
type Source interface {
	Name() string
	Run(ctx context.Context, emit func(Event)) error
}

// Feedback is a reader that can show a decision.
type Feedback interface {
	Signal(ctx context.Context, c Cue) error
}

// Kind is what an Event is about.
type Kind string

// The kinds of events.
const (
	KindCard   Kind = "card"   // a badge was presented
	KindKey    Kind = "key"    // a key was pressed
	KindFault  Kind = "fault"  // something arrived that cannot be decoded cleanly
	KindTamper Kind = "tamper" // the device says that it was opened or moved
	KindUp     Kind = "up"     // the device works (again)
	KindDown   Kind = "down"   // the device is gone or silent
)

// Event is what a reader says. At is when its last byte arrived.
type Event struct {
	Kind Kind
	At   time.Time
	Card Card       // KindCard
	Key  keypad.Key // KindKey
	Why  Why        // KindFault, KindDown
}

// Why names what was wrong, from a closed list, so that it can be logged without
// carrying a byte of what the reader said.
type Why string

// The faults.
const (
	BadChecksum Why = "checksum"
	BadLength   Why = "length"
	BadDigit    Why = "digit"    // a character that the protocol does not have
	BadFrame    Why = "framing"  // start or end is missing
	Overflow    Why = "overflow" // more than the longest frame without an end
	Timeout     Why = "timeout"  // a frame stopped in the middle
	Lost        Why = "lost"     // the device went away
	BadNumber   Why = "number"   // the card does not fit the reader's number rule
	Tampered    Why = "tamper"   // the device says that it was opened or moved
)

// Cue is what a reader shows or sounds.
type Cue string

// The cues. A wrong code, an ended one and a refused one are all CueRefused, so
// that they look and sound alike.
const (
	CueKey     Cue = "key"     // one key was taken
	CueReset   Cue = "reset"   // an entry was dropped: time ran out
	CueGranted Cue = "granted" // logged in, opened, bound
	CueRefused Cue = "refused"
	CueWait    Cue = "wait" // the other half is awaited: the card, or the code
)

// OpError is the error of a device: what was attempted, on which device.
type OpError struct {
	Op     string // "open", "read", "write"
	Device string // the path or address, as configured
	Hint   string // what a technician can do about it; may be empty
	Err    error
}

// Error gives one line: attempt, device, cause, hint.
func (e *OpError) Error() string {
	s := fmt.Sprintf("%s %s: %v", e.Op, e.Device, e.Err)
	if e.Hint != "" {
		s += " (" + e.Hint + ")"
	}
	return s
}

// Unwrap gives the cause.
func (e *OpError) Unwrap() error { return e.Err }
