package keypad

import (
	"time"

	"badged/internal/secret"
)

// The bounds of what people type.
const (
	MinCode, MaxCode = 4, 8
	MinPIN, MaxPIN   = 4, 16
	DefaultTimeout   = 5 * time.Second
)

// Config configures the entries of a point's keypad.
type Config struct {
	CodeDigits int           // of a claim code, 4 to 8; anything else: the nearer of them
	PINLen     int           // 0: a PIN is ended by #; 4 to 16: by its last digit
	Timeout    time.Duration // the longest pause inside an entry; 0: DefaultTimeout
}

func (c Config) withBounds() Config {
	c.CodeDigits = min(max(c.CodeDigits, MinCode), MaxCode)
	if c.PINLen != 0 {
		c.PINLen = min(max(c.PINLen, MinPIN), MaxPIN)
	}
	if c.Timeout <= 0 {
		c.Timeout = DefaultTimeout
	}
	return c
}

// ResultKind is what a key or a pause led to.
type ResultKind uint8

// The results. Every key sounds and lights alike, whatever its result.
const (
	Pending   ResultKind = iota // the entry goes on, or there is none
	CodeDone                    // Result.Code is whole
	PINDone                     // Result.PIN is whole
	Reset                       // the entry was dropped: a pause, or a # where none belongs
	Swallowed                   // the key began nothing and ended nothing
)

// Result is what a key or a pause led to.
type Result struct {
	Kind ResultKind
	Code Code // CodeDone
	PIN  PIN  // PINDone
}

// Wipe overwrites the digits, in all copies of the result.
func (r Result) Wipe() {
	r.Code.Wipe()
	r.PIN.Wipe()
}

// Collector assembles the keys of one keypad to claim codes and PINs. It is
// pure: times and keys go in, results come out.
//
//   - last digit: CodeDone
//     (idle) ------> (code) ----------------------------------> (idle)
//     | ^ #:         | ^ *: again
//     | Swallowed    | #: Reset, (idle)
//     |              |
//     | digit     *  | (from pin and overrun, too: a star always starts a code)
//     v              |
//     (pin) -----------+  #, 4 digits or more: PINDone, (idle)
//     |                 #, fewer: Reset, (idle)
//     |                 last digit of a fixed length: PINDone, (idle)
//     | 17th digit
//     v
//     (overrun)           digits: Pending; #: Reset, (idle)
//
//     A pause of Timeout in code, pin or overrun: Reset, (idle).
//
// The # that many people type after a claim code or a PIN of fixed length meets
// idle, which swallows it.
type Collector struct {
	cfg    Config
	state  state
	want   int // digits of the code that is being typed
	digits [MaxPIN]byte
	n      int
	last   time.Time // of the last key of the entry
}

type state uint8

const (
	idle state = iota
	code
	pin
	overrun
)

// New makes a collector.
func New(cfg Config) *Collector { return &Collector{cfg: cfg.withBounds()} }

// Configure changes the configuration from the next entry on.
func (c *Collector) Configure(cfg Config) { c.cfg = cfg.withBounds() }

// Press handles a key that was pressed at the time at. It first drops an entry whose time was
// over before.
func (c *Collector) Press(at time.Time, k Key) Result {
	c.Tick(at)
	if _, ok := KeyOf(byte(k)); !ok {
		return Result{Kind: Swallowed}
	}
	c.last = at
	switch {
	case k == Star:
		c.startEntry(code)
		return Result{}
	case k == Hash:
		return c.pressHash()
	default:
		return c.pressDigit(byte(k))
	}
}

// Clear drops the entry, because somebody else is there now.
func (c *Collector) Clear() { c.dropEntry() }

// Deadline is when Tick is to be called next; zero: never.
func (c *Collector) Deadline() time.Time {
	if c.state == idle {
		return time.Time{}
	}
	return c.last.Add(c.cfg.Timeout)
}

// Typed is how many digits the entry has so far.
func (c *Collector) Typed() int { return c.n }

// Tick drops an entry whose time is over. It returns Reset if it did, and Pending otherwise.
func (c *Collector) Tick(now time.Time) Result {
	if due := c.Deadline(); due.IsZero() || now.Before(due) {
		return Result{}
	}
	return c.dropEntry()
}

func (c *Collector) startEntry(s state) {
	c.wipeDigits()
	c.state, c.want = s, c.cfg.CodeDigits
}

func (c *Collector) pressHash() Result {
	switch {
	case c.state == idle:
		return Result{Kind: Swallowed}
	case c.state == pin && c.n >= MinPIN && c.cfg.PINLen == 0:
		return c.pinDone()
	default:
		return c.dropEntry()
	}
}

func (c *Collector) pressDigit(d byte) Result {
	if c.state == idle {
		c.startEntry(pin)
	}
	if c.state == overrun || c.n == MaxPIN {
		c.startEntry(overrun)
		return Result{}
	}
	c.digits[c.n] = d
	c.n++
	switch {
	case c.state == code && c.n == c.want:
		r := Result{Kind: CodeDone, Code: Code{c.entryText()}}
		c.dropEntry()
		return r
	case c.state == pin && c.n == c.cfg.PINLen:
		return c.pinDone()
	}
	return Result{}
}

func (c *Collector) pinDone() Result {
	r := Result{Kind: PINDone, PIN: PIN{c.entryText()}}
	c.dropEntry()
	return r
}

func (c *Collector) entryText() secret.Text { return secret.New(string(c.digits[:c.n])) }

func (c *Collector) dropEntry() Result {
	c.wipeDigits()
	c.state = idle
	return Result{Kind: Reset}
}

// wipeDigits forgets the digits.
func (c *Collector) wipeDigits() {
	c.digits = [MaxPIN]byte{}
	c.n = 0
}
