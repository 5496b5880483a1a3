package osdp

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"badged/reader"
	"badged/reader/pacs"
)

// The languages of a reader's display.
const (
	English = "en"
	French  = "fr"
)

// Unit is one reader on the line.
type Unit struct {
	Address int // 0 to 126
	// Keys open the secure channel: the bus tries them in turn. A power cut during a
	// commissioning leaves two; Bus.Opened returns the one that the reader has. Without keys,
	// the bus sends nothing to the reader until Bus.Commission.
	Keys []Key
	// ClearText makes the bus talk to the reader without the secure channel, on the operator's
	// own responsibility: anybody on the wire can read and forge badges. It excludes Keys.
	ClearText bool
	Formats   pacs.Selection // of the badges that come as bits
	FMT       bool           // FMT is a badge too; else it is a fault
	Text      string         // English or French on the display; "": nothing
	// Reply is how long the reader may take until its reply has begun; 0: DefaultReply. The
	// adapter's time counts.
	Reply time.Duration
	// Unproven says that Keys come from elsewhere: whether the reader ever had a secure
	// channel is not known.
	Unproven bool
}

// BusConfig configures a line and its readers.
type BusConfig struct {
	Units  []Unit
	Baud   int       // 0: DefaultBaud
	Random io.Reader // makes challenges: crypto/rand.Reader
}

// DefaultBaud is the default of BusConfig.Baud.
const DefaultBaud = 9600

// The times of a line (section 5.7), and how often something is tried.
const (
	charGap = 50 * time.Millisecond // in a reply: 20 ms, and what adapters make of it
	turn    = 2                     // characters of silence between a reply and a command

	fewest     = 3                       // times that a command is sent, and
	repeatTime = 1750 * time.Millisecond // for how long it is sent again; with aliveEvery less than silence
	setbacks   = 3                       // channels in a row that break before the reader is taken for lost
	busyPause  = 50 * time.Millisecond
	busyMost   = 5 * time.Second
	probeFirst = 500 * time.Millisecond // a lost reader is asked for again after this,
	probeLast  = 4 * time.Second        // then later and later, up to this
	deniedLast = 2 * time.Second        // and one that must be looked at after this, so that its word is known
	aliveEvery = time.Second
	forgedFor  = 10 * time.Minute // without another one end the alarm of a forged message
	keySetMost = 3                // refusals of KEYSET in the clear, which may be anybody's, end a commissioning
)

// The time until a reply has begun. The standard gives a reader 200 ms (section 5.7);
// DefaultReply leaves 50 ms for what is between the host and the wire: a USB adapter keeps
// what it receives for up to 16 ms (the latency timer of FTDI's), and sends as late.
const (
	DefaultReply  = 250 * time.Millisecond
	ShortestReply = 200 * time.Millisecond
	LongestReply  = time.Second
)

// Bus is the host of one line. It implements reader.Poller and reader.Cuer; the Unit of
// events is an address. It is not safe for concurrent use, but for Silence.
//
// It polls its readers in turn. It polls a lost reader rarely, since each attempt costs the
// others 200 ms. The next command follows a reply after two characters of silence, but never
// earlier than a line of the configured speed could have carried both.
//
//	        Send: command                 reply, or none in time
//	(free) ---------------> (waiting) ---------------------------> (quiet) --> (free)
type Bus struct {
	units   []*unit
	random  io.Reader
	char    time.Duration // one character on the wire
	last    int           // the unit that was asked last
	silence time.Duration // the longest that a reader may take for a word

	asked *unit // whose reply is awaited; nil: none
	sent  time.Time
	due   time.Time // when the reply is overdue
	end   time.Time // and when it is however slowly it comes
	free  time.Time // when the line may be used again
	scan  scanner
	mute  atomic.Bool // none of the readers may speak
}

var (
	errSameKey = errors.New("another reader has the same key: commission one of them anew")
	errNoUnit  = errors.New("there is no OSDP reader with this address")
	errNoRand  = errors.New("an OSDP line needs random numbers")
	errNoUnits = errors.New("an OSDP line needs a reader")
)

// NewBus makes the host of a line. Its error says which unit is configured wrongly.
func NewBus(cfg BusConfig) (*Bus, error) {
	switch {
	case len(cfg.Units) == 0:
		return nil, errNoUnits
	case cfg.Random == nil:
		return nil, errNoRand
	case cfg.Baud <= 0:
		cfg.Baud = DefaultBaud
	}
	const bits = 10
	b := &Bus{random: cfg.Random, char: bits * time.Second / time.Duration(cfg.Baud), scan: scanner{most: maxReply}, silence: reader.AnswerTime}
	for _, c := range cfg.Units {
		u := newUnit(c)
		if err := b.checkUnit(u); err != nil {
			return nil, fmt.Errorf("OSDP reader %d: %w", c.Address, err)
		}
		b.units = append(b.units, u)
		b.silence = max(b.silence, time.Duration(u.maxTries())*u.cfg.Reply+aliveEvery)
	}
	b.updateSilence()
	return b, nil
}

// checkUnit fails if the reader cannot be on this line.
func (b *Bus) checkUnit(u *unit) error {
	if err := u.cfg.checkConfig(); err != nil {
		return err
	}
	for _, o := range b.units {
		if o != u && o.cfg.Address == u.cfg.Address {
			return errors.New("another one has the same address")
		}
	}
	if slices.ContainsFunc(u.cfg.Keys, func(k Key) bool { return b.keyIsShared(u, k) }) {
		return errSameKey
	}
	return nil
}

// keyIsShared reports whether another reader than u has this key. With a key in common, each
// of them can answer in the place of the other.
func (b *Bus) keyIsShared(u *unit, k Key) bool {
	return slices.ContainsFunc(b.units, func(o *unit) bool { return o != u && slices.Contains(o.cfg.Keys, k) })
}

func (c Unit) checkConfig() error {
	switch {
	case c.Address < 0 || c.Address >= everybody:
		return errors.New("the address must be 0 to 126")
	case c.ClearText && len(c.Keys) > 0:
		return errors.New("it has a key, and still is to speak in the clear")
	case slices.ContainsFunc(c.Keys, Key.Weak):
		return errWeakKey
	case c.Reply != 0 && (c.Reply < ShortestReply || c.Reply > LongestReply):
		return fmt.Errorf("the time for a reply must be %v to %v", ShortestReply, LongestReply)
	case c.Text != "" && c.Text != English && c.Text != French:
		return errors.New("the display speaks en or fr")
	}
	return nil
}

// SetKeys sets a reader's Unit.Keys. It must be called before Open. After an error the bus
// sends nothing to the reader, not even in the clear: a reader with a key must not fall back
// to that.
func (b *Bus) SetKeys(address int, keys ...Key) error {
	u := b.findUnit(address)
	if u == nil {
		return errNoUnit
	}
	old := u.cfg
	u.cfg.Keys = keys
	err := b.checkUnit(u)
	if err != nil {
		u.cfg = old
		b.Bar(address)
		return fmt.Errorf("OSDP reader %d: %w", address, err)
	}
	*u = *newUnit(u.cfg)
	b.updateSilence()
	return nil
}

// Doubt marks the keys of a reader as unconfirmed: they were sent to it before a power cut, and
// it has not used any yet. It must be called before Open.
func (b *Bus) Doubt(address int) {
	if u := b.findUnit(address); u != nil {
		u.unsure = slices.Clone(u.cfg.Keys)
	}
}

// Bar forbids clear text to a reader whatever its Unit says: there is a key for it, even if the
// key cannot be read. It must be called before Open.
func (b *Bus) Bar(address int) {
	if u := b.findUnit(address); u != nil {
		u.barred = true
		b.updateSilence()
	}
}

// findUnit finds a reader; nil: none has this address.
func (b *Bus) findUnit(address int) *unit {
	for _, u := range b.units {
		if u.cfg.Address == address {
			return u
		}
	}
	return nil
}

// Open implements reader.Poller: every channel is opened again.
func (b *Bus) Open(now time.Time) {
	b.asked, b.free = nil, now
	for _, u := range b.units {
		u.startPort(now)
	}
}

// Send implements reader.Poller.
func (b *Bus) Send(now time.Time) []byte {
	b.expireCommissions(now)
	if b.asked != nil || now.Before(b.free) {
		return nil
	}
	for i := range b.units {
		n := (b.last + 1 + i) % len(b.units)
		if p := b.units[n].nextFrame(now, b.random); p != nil {
			b.last = n
			b.awaitReply(now, b.units[n], len(p))
			return p
		}
	}
	return nil
}

// awaitReply sets the times for the reply to a command of n bytes.
func (b *Bus) awaitReply(now time.Time, u *unit, n int) {
	b.scan.reset()
	b.asked, b.sent = u, now
	b.due = now.Add(b.wireTime(n) + u.cfg.Reply)
	b.end = b.due.Add(b.wireTime(maxReply) + charGap)
	b.free = now.Add(b.wireTime(n))
}

// wireTime is how long n bytes take on the wire.
func (b *Bus) wireTime(n int) time.Duration { return time.Duration(n) * b.char }

// Deadline implements reader.Decoder.
func (b *Bus) Deadline() time.Time {
	if b.asked != nil {
		return b.due
	}
	var first time.Time
	for _, u := range b.units {
		if t := u.nextTime(); !t.IsZero() && (first.IsZero() || t.Before(first)) {
			first = t
		}
	}
	if !first.IsZero() && first.Before(b.free) {
		return b.free
	}
	return first
}

// Silence implements reader.Expecter: a line may be silent while none of its readers
// may speak, because they have no key, wait for one, or must be looked at. It is safe
// for concurrent use.
func (b *Bus) Silence() time.Duration {
	if b.mute.Load() {
		return 0
	}
	return b.silence
}

// updateSilence updates the result of Silence.
func (b *Bus) updateSilence() {
	b.mute.Store(!slices.ContainsFunc(b.units, (*unit).mustAnswer))
}

// Feed implements reader.Decoder. It ignores bytes while no reply is due.
func (b *Bus) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	b.expireCommissions(at)
	if b.asked == nil {
		return
	}
	b.scan.feedBytes(p, &ear{b, at, emit})
	b.updateSilence()
	if b.asked != nil && b.scan.isPartial() {
		b.due = earlier(later(b.due, at.Add(charGap)), b.end)
	}
}

// Tick implements reader.Decoder.
func (b *Bus) Tick(now time.Time, emit func(reader.Event)) {
	defer b.updateSilence()
	b.expireCommissions(now)
	for _, u := range b.units {
		u.denyKeyless(now, emit)
	}
	if b.asked == nil || now.Before(b.due) {
		return
	}
	b.scan.giveUp(&ear{b, now, emit})
	if u := b.asked; u != nil {
		b.asked, b.free = nil, later(b.free, now)
		u.handleSilence(now, emit)
	}
}

// ear handles what the scanner finds in bytes that arrived at one moment.
type ear struct {
	*Bus
	at   time.Time
	emit func(reader.Event)
}

// hearFrame implements hearer. It ignores an echo of the command, and replies of other readers or
// to earlier commands.
func (e *ear) hearFrame(raw []byte) {
	f, ok := parseFrame(raw)
	u := e.asked
	if !ok || u == nil || !f.reply || int(f.addr) != u.cfg.Address {
		return
	}
	if u.handleReply(e.at, &f, e.emit) {
		e.asked = nil
		e.free = later(e.at, e.free.Add(e.wireTime(len(raw)))).Add(e.wireTime(turn))
	}
}

// hearFault implements hearer. It emits no fault: noise between frames is usual on a line whose
// sender changes, and after a damaged reply the bus sends the command again. A reader that
// sends nothing else goes down.
func (e *ear) hearFault(why reader.Why) {
	u := e.asked
	if u == nil {
		return
	}
	u.garbled = true
	if why == reader.BadFrame {
		return
	}
	u.line.Damaged++
	e.due = earlier(e.due, e.at.Add(charGap))
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
