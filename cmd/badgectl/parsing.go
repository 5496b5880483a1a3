package main

import (
	"bytes"
	"errors"
	"fmt"
	"time"

	"badged/reader"
	"badged/reader/capture"
	"badged/reader/dump"
	"badged/reader/osdp"
)

// frameEvery is the time from one frame of edges to the next, if the lines do not say.
const frameEvery = time.Second

// parsing is how a line becomes a chunk, and the times of those that have none.
type parsing struct {
	line func(text string) (c capture.Chunk, timed bool, err error)
	moments
}

// parser is how the lines for a decoder are read.
func (o *decoding) parser(dec reader.Decoder) parsing {
	lines := byteLines{new(dump.Reader)}
	p := parsing{line: lines.parse, moments: moments{last: time.Unix(0, 0)}}
	if o.edges() {
		p.line, p.later = o.parseEdges, frameEvery
	} else if _, ok := dec.(*osdp.Monitor); ok {
		p.line, p.times.Most = lines.parseOSDP, maxTrace
	}
	return p
}

// byteLines are the lines of an input of bytes.
type byteLines struct{ *dump.Reader }

// parse reads a line of bytes, with an optional time. The error does not show them.
func (l byteLines) parse(text string) (c capture.Chunk, timed bool, err error) {
	at, timed, text, err := capture.CutTime(text)
	if err != nil {
		return c, false, err
	}
	b, err := l.Bytes(text)
	if err == nil && len(b) > capture.MaxChunk {
		err = fmt.Errorf("%d bytes: a chunk has at most %d", len(b), capture.MaxChunk)
	}
	return capture.Chunk{At: at, Bytes: b}, timed, err
}

// parseEdges reads a line of 0, 1 and x, or of a frame in hex, with an optional time; or of a
// capture, whose hex stands for these characters. The error does not show them.
func (o *decoding) parseEdges(text string) (c capture.Chunk, timed bool, err error) {
	at, timed, text, err := capture.CutTime(text)
	if err != nil {
		return c, false, err
	}
	edges, err := dump.Edges(text, o.bits)
	if written, errHex := dump.Bytes(text); err != nil && errHex == nil && len(bytes.Trim(written, "01x")) == 0 {
		edges, err = written, nil
	}
	if err == nil && len(edges) > capture.MaxChunk {
		err = fmt.Errorf("%d edges: a chunk has at most %d", len(edges), capture.MaxChunk)
	}
	return capture.Chunk{At: at, Bytes: edges}, timed, err
}

// moments gives each line of what is decoded its time. A line of bytes without one belongs
// to the moment of the line above, one of edges comes later.
type moments struct {
	times capture.Times
	later time.Duration
	start time.Time // of the first line that has a time
	last  time.Time
}

func (m *moments) next(c capture.Chunk, timed bool) (time.Time, error) {
	if !timed {
		m.last = m.last.Add(m.later)
		return m.last, nil
	}
	since, err := m.times.Since(c.At)
	if err != nil {
		return m.last, err
	}
	if m.start.IsZero() {
		m.start = m.last
	}
	at := m.start.Add(since)
	if at.Before(m.last) {
		return m.last, errors.New("its time is before that of the line above, which came a second after the one before")
	}
	m.last = at
	return at, nil
}

// maxTrace is the longest trace of OSDP: a line may be listened to for months.
const maxTrace = 100 * 365 * 24 * time.Hour
