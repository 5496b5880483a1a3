package wire

import (
	"bytes"
	"compress/flate"
	"errors"
	"fmt"
	"io"
	"math"
	"sync"
)

// PackFrame makes a frame of a batch of 1 to MaxFrameEvents events, together at most
// MaxFrameBytes.
func PackFrame(incarnation [16]byte, stream Stream, b Batch) (Frame, error) {
	body := bytes.Join(b.Events, nil)
	f := Frame{Incarnation: incarnation, Stream: stream, First: b.First, Count: uint64(len(b.Events)), Events: body, After: b.After}
	if err := f.checkBounds(len(body)); err != nil {
		return Frame{}, err
	}
	if len(b.Events) < PackFrom {
		return f, nil
	}
	packed, err := deflate(body)
	if err != nil {
		return Frame{}, fmt.Errorf("pack a frame: %w", err)
	}
	f.Packed, f.Events = true, packed
	return f, nil
}

// Unpack returns the encoded events of the frame. It fails if they are more, larger or fewer
// than the frame says.
func (f Frame) Unpack() ([][]byte, error) {
	body := f.Events
	if f.Packed {
		var err error
		if body, err = inflate(f.Events); err != nil {
			return nil, fmt.Errorf("unpack a frame: %w", err)
		}
	}
	if err := f.checkBounds(len(body)); err != nil {
		return nil, err
	}
	events := make([][]byte, 0, f.Count)
	for len(body) > 0 {
		n, err := itemLen(body)
		if err != nil {
			return nil, fmt.Errorf("unpack a frame: event %d: %w", len(events), err)
		}
		if n > MaxEventBytes || uint64(len(events)) == f.Count {
			return nil, fmt.Errorf("unpack a frame: event %d: %w", len(events), errMany)
		}
		events = append(events, body[:n:n])
		body = body[n:]
	}
	if uint64(len(events)) != f.Count {
		return nil, fmt.Errorf("unpack a frame: %d events, it says %d", len(events), f.Count)
	}
	return events, nil
}

// checkBounds checks the fields of the frame, whose unpacked events have size bytes.
func (f Frame) checkBounds(size int) error {
	switch {
	case f.Stream != StreamEvents && f.Stream != StreamSecurity:
		return fmt.Errorf("frame: there is no stream %d", f.Stream)
	case f.Count == 0 || f.Count > MaxFrameEvents:
		return fmt.Errorf("frame: %d events, 1 to %d go in", f.Count, MaxFrameEvents)
	case f.First == 0 || f.First > math.MaxInt64-MaxFrameEvents:
		return errors.New("frame: its first number is out of range")
	case size > MaxFrameBytes:
		return fmt.Errorf("frame: %d bytes of events, at most %d go in", size, MaxFrameBytes)
	}
	return nil
}

// packers keeps compressors for reuse, because a new one allocates nearly a megabyte.
var packers = sync.Pool{New: func() any {
	w, _ := flate.NewWriter(io.Discard, flate.DefaultCompression) // a level that there is
	return w
}}

func deflate(b []byte) ([]byte, error) {
	var out bytes.Buffer
	z := packers.Get().(*flate.Writer)
	defer packers.Put(z)
	z.Reset(&out)
	if _, err := z.Write(b); err != nil {
		return nil, err
	}
	err := z.Close()
	return out.Bytes(), err
}

// unpacker reads what deflate wrote. It can be used again, as compress/flate says.
type unpacker interface {
	io.Reader
	flate.Resetter
}

// unpackers are kept because each takes 40 KiB to make.
var unpackers = sync.Pool{New: func() any { return flate.NewReader(nil) }}

// inflate unpacks b. It stops one byte after the most that a frame may hold.
func inflate(b []byte) ([]byte, error) {
	z := unpackers.Get().(unpacker)
	defer unpackers.Put(z)
	in := bytes.NewReader(b)
	if err := z.Reset(in, nil); err != nil {
		return nil, err
	}
	body := bytes.NewBuffer(make([]byte, 0, 4*len(b)))
	_, err := body.ReadFrom(io.LimitReader(z, MaxFrameBytes+1))
	if err == nil && in.Len() > 0 && body.Len() <= MaxFrameBytes {
		err = errors.New("bytes behind its end")
	}
	return body.Bytes(), err
}
