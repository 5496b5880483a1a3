// Package reader declares the events of badge readers and keypads, and the parts of a
// driver: a Decoder turns bytes into events and is pure, a Source delivers events from a
// device, Feedback shows a decision at the device.
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
// clock. Any split of the same bytes gives the same events. A frame with any error
// (parity, checksum, length) gives a KindFault and never a KindCard.
type Decoder interface {
	// Feed decodes bytes that arrived at the time at. It must not keep p.
	Feed(at time.Time, p []byte, emit func(Event))
	// Deadline is when Tick is to be called next; zero: never.
	Deadline() time.Time
	// Tick is called when the deadline has passed without more bytes.
	Tick(now time.Time, emit func(Event))
}

// Poller is a Decoder of a protocol in which the host asks: OSDP, TWN4 Simple
// Protocol, PN532, CCID. Send returns the bytes to write, and Feed gets the answers. Its
// Deadline is also when Send is to be called next.
type Poller interface {
	Decoder
	// Open is called when the port was opened, for the first time or again. It drops an
	// unfinished exchange.
	Open(now time.Time)
	// Send returns the bytes to write now, one frame; nil: nothing now. It is called
	// after Open, Feed, Tick and Cue until it returns nil. The bytes are valid until the
	// next call.
	Send(now time.Time) []byte
}

// Cuer is a Poller whose device shows decisions. unit is Event.Unit.
type Cuer interface {
	Cue(now time.Time, unit int, c Cue)
}

// Describer is a Decoder of HID reports, which must get their layout before Feed: the report
// descriptor of the interface (HID 1.11, section 6.2.2). An error means that the device
// cannot be read with this protocol.
type Describer interface {
	Describe(descriptor []byte) error
}

// Source is a device that emits events. Run blocks until ctx ends, and then returns nil, or
// until the device fails; Supervise runs it again with back-off.
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
	KindCard  Kind = "card"  // a badge was presented
	KindKey   Kind = "key"   // a key was pressed
	KindFault Kind = "fault" // something arrived that cannot be decoded cleanly
	KindAlarm Kind = "alarm" // somebody must look at the device; Why says what for
	KindOver  Kind = "over"  // the cause of an alarm is gone: that of Why
	KindUp    Kind = "up"    // the device works (again)
	KindDown  Kind = "down"  // the device is gone or silent
	KindAlive Kind = "alive" // it answers, and has nothing to report; Supervise does not pass it on
)

// Event is what a reader reports. At is when its last byte arrived.
type Event struct {
	Kind Kind
	At   time.Time
	Card Card       // KindCard
	Key  keypad.Key // KindKey
	Why  Why        // KindFault, KindAlarm, KindOver, KindDown
	Unit int        // which of several devices on one line: an OSDP address; else 0, or Line
}

// Line is the Unit of an event about a whole line, and so about all its devices: the port of
// a Poller is open (KindUp) or failed (KindDown).
const Line = -1

// Why names what was wrong, from a closed list, so that a log of it holds no byte from the
// reader.
type Why string

// The faults.
const (
	BadChecksum Why = "checksum"
	BadLength   Why = "length"
	BadDigit    Why = "digit"       // a character that the protocol does not have
	BadFrame    Why = "framing"     // start or end is missing
	Overflow    Why = "overflow"    // more than the longest frame without an end
	Timeout     Why = "timeout"     // a frame stopped in the middle
	Lost        Why = "lost"        // the device went away
	BadNumber   Why = "number"      // the card does not fit the reader's number rule
	BadParity   Why = "parity"      // of a Wiegand frame
	BadFormat   Why = "format"      // bits that fit no format, or more than one
	LostEdges   Why = "edges"       // the kernel dropped edges of a line
	Swapped     Why = "swapped"     // D0 and D1 are exchanged
	Ambiguous   Why = "ambiguous"   // more than one card, or more than one device fits
	Refused     Why = "refused"     // the device refuses what it is asked (NAK, error code)
	Forged      Why = "forged"      // a message whose MAC or cryptogram is wrong
	Silent      Why = "silent"      // no answer where there must be one
	Garbage     Why = "garbage"     // nothing but faults for too long
	SecureOnly  Why = "secure_only" // it refuses commands in the clear, which its configuration asks for
)

// The alarms. Somebody must check the device: it may be under attack. Forged is an alarm too
// if the message was no badge.
const (
	Tampered   Why = "tamper"    // the device says that it was opened or moved
	PowerLost  Why = "power"     // the device says that it runs without mains
	Insecure   Why = "insecure"  // it does not offer the secure channel that it must use
	Downgraded Why = "downgrade" // it claims less than it could before
	WeakKey    Why = "weak_key"  // it uses a default or guessable key
	WrongKey   Why = "wrong_key" // it does not have the key that it was given
	Foreign    Why = "foreign"   // a keyboard that is on no list was plugged in
)

// Cue is what a reader shows or sounds.
type Cue string

// The cues. A wrong code, an ended one and a refused one are all CueRefused, so
// that they look and sound alike.
const (
	CueKey     Cue = "key"     // one key was accepted
	CueReset   Cue = "reset"   // an entry was dropped: time ran out
	CueGranted Cue = "granted" // logged in, opened, bound
	CueRefused Cue = "refused"
	CueWait    Cue = "wait"  // the other half is awaited: the card, or the code
	CueAgain   Cue = "again" // the code is good: the same card must be shown once more
)

// OpHear is the Op of a failure that the watchdog found or the device reported: its Hint says
// what to do about the device, not about its port.
const OpHear = "hear from"

// OpError is the error of a device: what was attempted, on which device.
type OpError struct {
	Op     string // "open", "read", "write", OpHear
	Device string // the path or address, as configured
	Hint   string // what a technician can do about it; may be empty
	Err    error
}

// Error gives one line: attempt, device, cause, hint.
func (e *OpError) Error() string {
	if e.Hint == "" {
		return e.Cause()
	}
	return e.Cause() + " (" + e.Hint + ")"
}

// Cause is the error without the hint.
func (e *OpError) Cause() string { return fmt.Sprintf("%s %s: %v", e.Op, e.Device, e.Err) }

// Unwrap gives the cause.
func (e *OpError) Unwrap() error { return e.Err }
