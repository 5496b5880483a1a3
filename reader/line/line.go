// Package line decodes readers that type a badge as one line of text ended by CR,
// LF or both, or by a byte of their own, such as ETX.
package line

import (
	"fmt"
	"strings"
	"time"

	"badged/internal/spelling"
	"badged/reader"
	"badged/reader/chars"
)

// DefaultTimeout is the longest pause inside a line that was not told another.
const DefaultTimeout = time.Second

// Options describe the line. The zero value takes 1 to 64 characters of printable
// ASCII, ended by CR, LF or both.
type Options struct {
	chars.Shape
	// Terminator is the one byte that ends a line; "": CR and LF do. CR and LF between
	// two lines are nothing in any case.
	Terminator string
	// Timeout is the longest pause inside a line. 0: DefaultTimeout.
	Timeout time.Duration
}

// Decoder implements reader.Decoder.
//
//	            a byte               terminator: card or fault
//	(idle) ---------------> (line) -----------------------------> (idle)
//	  ^ CR, LF: nothing       | too long, or a pause: one fault
//	  |                       v
//	  +---- terminator ---- (skip)
type Decoder struct {
	opts Options
	buf  []byte
	skip bool
	last time.Time
}

// New makes a decoder, or says which option cannot be.
func New(opts Options) (*Decoder, error) {
	opts.Shape = opts.Shape.WithDefaults()
	if opts.Timeout <= 0 {
		opts.Timeout = DefaultTimeout
	}
	if err := opts.check(); err != nil {
		return nil, err
	}
	return &Decoder{opts: opts, buf: make([]byte, 0, opts.Longest())}, nil
}

func (o Options) check() error {
	if err := o.Shape.Check(); err != nil {
		return err
	}
	around := o.Prefix + o.Suffix
	switch {
	case o.Longest() > chars.MaxLength:
		return fmt.Errorf("prefix, max and suffix together are %d characters: must be at most %d", o.Longest(), chars.MaxLength)
	case len(o.Terminator) > 1:
		return fmt.Errorf("terminator%s: must be auto (CR, LF or both) or one byte, such as \\x03", spelling.HintValue(o.Terminator, []string{"auto"}))
	case o.Terminator == "" && strings.ContainsAny(around, "\r\n"):
		return fmt.Errorf("prefix and suffix: must not contain CR or LF, which end the line")
	case o.Terminator != "" && strings.Contains(around, o.Terminator):
		return fmt.Errorf("prefix and suffix: must not contain the terminator, which ends the line")
	}
	return nil
}

// ends reports whether the byte ends a line.
func (o Options) ends(b byte) bool {
	if o.Terminator == "" {
		return newline(b)
	}
	return b == o.Terminator[0]
}

func newline(b byte) bool { return b == '\r' || b == '\n' }

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
	case d.opts.ends(b):
		d.finish(at, emit)
	case d.skip, len(d.buf) == 0 && newline(b):
	case len(d.buf) == d.opts.Longest():
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
	badge, why := d.opts.Inside(d.buf)
	if why == "" {
		why = d.opts.Wrong(badge)
	}
	if why != "" {
		d.fault(at, why, emit)
		return
	}
	card := reader.TextCard(string(badge))
	d.forget()
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: card})
}

func (d *Decoder) fault(at time.Time, why reader.Why, emit func(reader.Event)) {
	d.forget()
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// forget drops what came, and wipes it.
func (d *Decoder) forget() {
	clear(d.buf)
	d.buf = d.buf[:0]
}
