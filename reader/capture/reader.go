package capture

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"badged/reader"
)

// Reader reads a capture chunk by chunk.
type Reader struct {
	lines  *bufio.Scanner
	header Header
	n      int    // of the line in hand
	held   string // the line that ended the header
	times  Times
	last   time.Duration // since the first chunk
}

// NewReader reads the header.
func NewReader(r io.Reader) (*Reader, error) {
	c := &Reader{lines: bufio.NewScanner(r)}
	c.lines.Buffer(nil, maxLine)
	for c.nextLine() {
		if !strings.HasPrefix(c.held, "#") {
			return c, nil
		}
		if err := c.readHeaderLine(c.held); err != nil {
			return nil, err
		}
	}
	c.held = ""
	return c, c.lineError(c.lines.Err())
}

// Header says where the capture comes from.
func (r *Reader) Header() Header { return r.header }

// Next returns the next chunk, and io.EOF after the last. Its time counts from the first
// one. An error names the line.
func (r *Reader) Next() (Chunk, error) {
	for r.held == "" || strings.HasPrefix(r.held, "#") {
		if !r.nextLine() {
			if err := r.lines.Err(); err != nil {
				return Chunk{}, r.lineError(err)
			}
			return Chunk{}, io.EOF
		}
	}
	c, timed, err := ParseChunk(r.held)
	r.held = ""
	switch {
	case err != nil:
		return Chunk{}, r.lineError(err)
	case !timed:
		return Chunk{}, r.lineError(errors.New("the time is missing: a chunk starts with @ and milliseconds"))
	}
	if c.At, err = r.times.Since(c.At); err != nil {
		return Chunk{}, r.lineError(err)
	}
	r.last = c.At
	return c, nil
}

// nextLine reads the next line that is not empty into held.
func (r *Reader) nextLine() bool {
	for r.lines.Scan() {
		r.n++
		if r.held = strings.TrimSpace(strings.TrimPrefix(r.lines.Text(), Mark)); r.held != "" {
			return true
		}
	}
	return false
}

// readHeaderLine reads a line of the header; it ignores unknown keys.
func (r *Reader) readHeaderLine(line string) error {
	key, value, _ := strings.Cut(strings.TrimPrefix(line, "#"), ":")
	value = strings.TrimSpace(value)
	for _, f := range r.header.fields() {
		if f.key != strings.TrimSpace(key) {
			continue
		}
		if len(value) > maxValue {
			return r.lineError(fmt.Errorf("%s has more than %d characters", f.key, maxValue))
		}
		*f.value = value
	}
	return nil
}

func (r *Reader) lineError(err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, bufio.ErrTooLong) {
		return fmt.Errorf("read capture, line %d: longer than %d characters", r.n+1, maxLine)
	}
	return fmt.Errorf("read capture, line %d: %w", r.n, err)
}

// Decode plays the rest of a capture to a decoder as if its first chunk had arrived at the
// time start. It does not wait; it calls Tick at each deadline of the decoder, also after the
// last chunk.
func (r *Reader) Decode(dec reader.Decoder, start time.Time, emit func(reader.Event)) error {
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		at := start.Add(c.At)
		Ticks(dec, at, emit)
		dec.Feed(at, c.Bytes, emit)
	}
	Ticks(dec, start.Add(r.last+time.Hour), emit)
	return nil
}

// Ticks calls Tick for each deadline of dec up to the time until.
func Ticks(dec reader.Decoder, until time.Time, emit func(reader.Event)) {
	for due := dec.Deadline(); !due.IsZero() && !due.After(until); due = dec.Deadline() {
		dec.Tick(due, emit)
	}
}

// Replay passes the rest of a capture to send, the first chunk at once and the others at their
// recorded times, speed times as fast. When ctx ends it returns early, without an error.
func (r *Reader) Replay(ctx context.Context, speed float64, send func([]byte) error) error {
	if !(speed > 0) {
		return fmt.Errorf("replay capture: the speed must be above 0")
	}
	begin := time.Now()
	for {
		c, err := r.Next()
		if errors.Is(err, io.EOF) {
			return nil
		}
		if err != nil {
			return err
		}
		if !sleep(ctx, time.Until(begin.Add(time.Duration(float64(c.At)/speed)))) {
			return nil
		}
		if err := send(c.Bytes); err != nil {
			return fmt.Errorf("replay capture, line %d: %w", r.n, err)
		}
	}
}

// sleep waits for d. It reports false if ctx ended first.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
