// Package line decodes readers that type a badge as one line of text ended by CR,
// LF or both.
package line

import (
	"bytes"
	"fmt"
	"strings"
	"time"

	"badged/reader"
)

// Charset is the characters that a badge's text may have.
type Charset string

// The charsets.
const (
	Digits Charset = "digits" // 0-9
	Hex    Charset = "hex"    // 0-9 A-F a-f
	Text   Charset = "text"   // printable ASCII
)

// The bounds and defaults of Options.
const (
	MaxLength      = 256 // no line is longer, whatever the options say
	DefaultMax     = 64
	DefaultTimeout = time.Second
)

// Options describe the line. The zero value takes 1 to 64 characters of printable
// ASCII.
type Options struct {
	Prefix  string // must start each line; not part of the badge's text
	Suffix  string // must end each line; not part of the badge's text
	Charset Charset
	Min     int // characters without prefix and suffix; 0: 1
	Max     int // the same; 0: DefaultMax
	// Timeout is the longest pause inside a line. 0: DefaultTimeout.
	Timeout time.Duration
}

// Decoder implements reader.Decoder.
//
//	            a byte               CR or LF: card or fault
//	(idle) ---------------> (line) ---------------------------> (idle)
//	  ^ CR, LF: nothing       | too long, or a pause: one fault
//	  |                       v
//	  +---- CR or LF ------ (skip)
type Decoder struct {
	opts Options
	buf  []byte
	skip bool
	last time.Time
}

// New makes a decoder, or says which option cannot be.
func New(opts Options) (*Decoder, error) {
	if opts.Charset == "" {
		opts.Charset = Text
	}
	if opts.Min == 0 {
		opts.Min = 1
	}
	if opts.Max == 0 {
		opts.Max = max(DefaultMax, opts.Min)
	}
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	return &Decoder{opts: opts, buf: make([]byte, 0, opts.longest())}, nil
}

func (o Options) longest() int { return len(o.Prefix) + o.Max + len(o.Suffix) }

func (o Options) check() error {
	switch {
	case o.Charset != Digits && o.Charset != Hex && o.Charset != Text:
		return fmt.Errorf("charset %q: must be digits, hex or text", o.Charset)
	case o.Min < 1 || o.Min > MaxLength:
		return fmt.Errorf("min %d: must be 1 to %d", o.Min, MaxLength)
	case o.Max < o.Min || o.Max > MaxLength:
		return fmt.Errorf("max %d: must be min (%d) to %d", o.Max, o.Min, MaxLength)
	case o.longest() > MaxLength:
		return fmt.Errorf("prefix, max and suffix together are %d characters: must be at most %d", o.longest(), MaxLength)
	case strings.ContainsAny(o.Prefix+o.Suffix, "\r\n"):
		return fmt.Errorf("prefix and suffix: must not contain CR or LF, which end the line")
	}
	return nil
}

// Feed implements reader.Decoder. The card is told with the first byte of the
// line's end.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	for _, b := range p {
		d.byte(at, b, emit)
	}
}

// Deadline implements reader.Decoder.
func (d *Decoder) Deadline() time.Time {
	if len(d.buf) == 0 {
		return time.Time{}
	}
	return d.last.Add(d.opts.Timeout)
}

// Tick implements reader.Decoder.
func (d *Decoder) Tick(now time.Time, emit func(reader.Event)) {
	if due := d.Deadline(); !due.IsZero() && !now.Before(due) {
		d.fault(due, reader.Timeout, emit)
		d.skip = true // what comes late is the rest of the same line
	}
}

func (d *Decoder) byte(at time.Time, b byte, emit func(reader.Event)) {
	d.last = at
	switch {
	case b == '\r' || b == '\n':
		d.finish(at, emit)
	case d.skip:
	case len(d.buf) == d.opts.longest():
		d.fault(at, reader.Overflow, emit)
		d.skip = true
	default:
		d.buf = append(d.buf, b)
	}
}

func (d *Decoder) finish(at time.Time, emit func(reader.Event)) {
	if d.skip || len(d.buf) == 0 {
		d.skip = false
		return
	}
	body, why := d.body()
	if why != "" {
		d.fault(at, why, emit)
		return
	}
	card := reader.TextCard(string(body))
	d.buf = d.buf[:0]
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: card})
}

// body gives the badge's text of the line, or what is wrong with it.
func (d *Decoder) body() ([]byte, reader.Why) {
	body, ok := bytes.CutPrefix(d.buf, []byte(d.opts.Prefix))
	if !ok {
		return nil, reader.BadFrame
	}
	if body, ok = bytes.CutSuffix(body, []byte(d.opts.Suffix)); !ok {
		return nil, reader.BadFrame
	}
	for _, b := range body {
		if !d.opts.Charset.has(b) {
			return nil, reader.BadDigit
		}
	}
	if len(body) < d.opts.Min || len(body) > d.opts.Max {
		return nil, reader.BadLength
	}
	return body, ""
}

func (d *Decoder) fault(at time.Time, why reader.Why, emit func(reader.Event)) {
	d.buf = d.buf[:0]
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

func (c Charset) has(b byte) bool {
	digit := '0' <= b && b <= '9'
	switch c {
	case Digits:
		return digit
	case Hex:
		return digit || 'A' <= b && b <= 'F' || 'a' <= b && b <= 'f'
	default:
		return ' ' <= b && b <= '~'
	}
}
