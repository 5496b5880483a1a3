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

// DefaultTimeout is the default of Options.Timeout.
const DefaultTimeout = time.Second

// Options describe the line. The zero value reads 1 to 64 characters of printable
// ASCII, ended by CR, LF or both.
type Options struct {
	chars.Shape
	// Terminator is the one byte that ends a line; "": CR and LF do. The decoder always
	// ignores CR and LF between two lines.
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

// New makes a decoder. An error names the option that is wrong.
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

// isEnd reports whether the byte ends a line.
func (o Options) isEnd(b byte) bool {
	if o.Terminator == "" {
		return isNewline(b)
	}
	return b == o.Terminator[0]
}

func isNewline(b byte) bool { return b == '\r' || b == '\n' }

// Feed implements reader.Decoder. It emits the card with the first byte of the line's end.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	d.Tick(at, emit)
	for _, b := range p {
		d.decodeByte(at, b, emit)
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
		d.emitFault(due, reader.Timeout, emit)
		d.skip = true // later bytes are the rest of the same line
	}
}

func (d *Decoder) decodeByte(at time.Time, b byte, emit func(reader.Event)) {
	d.last = at
	switch {
	case d.opts.isEnd(b):
		d.finishLine(at, emit)
	case d.skip, len(d.buf) == 0 && isNewline(b):
	case len(d.buf) == d.opts.Longest():
		d.emitFault(at, reader.Overflow, emit)
		d.skip = true
	default:
		d.buf = append(d.buf, b)
	}
}

func (d *Decoder) finishLine(at time.Time, emit func(reader.Event)) {
	if d.skip || len(d.buf) == 0 {
		d.skip = false
		return
	}
	badge, why := d.opts.Inside(d.buf)
	if why == "" {
		why = d.opts.Wrong(badge)
	}
	if why != "" {
		d.emitFault(at, why, emit)
		return
	}
	card := reader.TextCard(string(badge))
	d.wipeLine()
	emit(reader.Event{Kind: reader.KindCard, At: at, Card: card})
}

func (d *Decoder) emitFault(at time.Time, why reader.Why, emit func(reader.Event)) {
	d.wipeLine()
	emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
}

// wipeLine wipes and drops the bytes of a line.
func (d *Decoder) wipeLine() {
	clear(d.buf)
	d.buf = d.buf[:0]
}
