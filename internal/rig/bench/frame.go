package bench

import (
	"fmt"
	"strings"
	"time"

	"badged/keypad"
	"badged/reader"
	"badged/reader/protocols"
)

// The budgets of the end of a frame.
const (
	budgetTerminated = 1   // of the frame's own time on the wire: no wait at all
	budgetQuiet      = 4   // bit intervals of quiet end a frame without an end mark
	budgetCycle      = 1.5 // of the wire time of POLL and ACK
)

// What a row of Frame is about.
const (
	overFrame    = "from the first byte or key until the badge or code is told, with any wait, against until the last one: 1.00 is no wait"
	overPause    = "wait after the last key where nothing ends a badge"
	overInterval = "wait after the last bit, against the time from bit to bit"
	overCycle    = "from poll to poll, against the bytes of a poll and its answer alone: 1.00 is no wait"
)

// Frame measures how long each family of readers is waited for after the last byte,
// report, edge or key. Nothing runs: decoders are pure, so that bytes are given to them
// at the times at which a wire would bring them, and what they wait for is what their
// deadlines say. The figures are exact and the same on every machine.
func Frame() ([]Row, error) {
	var rows []Row
	for _, f := range families {
		r, err := f.row()
		if err != nil {
			return nil, fmt.Errorf("measure the end of a frame of %s: %w", f.name, err)
		}
		r.Name = "frame_" + f.name
		rows = append(rows, r)
	}
	return rows, nil
}

// family is a line of the table of families.
type family struct {
	name string
	row  func() (Row, error)
}

// piece is bytes, a report or an edge that arrives.
type piece struct {
	at time.Duration // when its last bit does
	p  []byte
}

// began is when everything does.
var began = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// told feeds pieces to a decoder and gives when the one card or key in them was told.
func told(protocol string, opts map[string]string, pieces []piece) (time.Duration, error) {
	dec, err := protocols.New(protocol, opts)
	if err != nil {
		return 0, err
	}
	var when []time.Time
	now := began
	emit := func(e reader.Event) {
		if e.Kind == reader.KindCard || e.Kind == reader.KindKey {
			when = append(when, now)
		}
	}
	tick := func(until time.Time) {
		for due := dec.Deadline(); !due.IsZero() && due.Before(until); due = dec.Deadline() {
			now = due
			dec.Tick(now, emit)
		}
	}
	for _, c := range pieces {
		tick(began.Add(c.at))
		now = began.Add(c.at)
		dec.Feed(now, c.p, emit)
	}
	tick(now.Add(time.Minute))
	if len(when) != 1 {
		return 0, fmt.Errorf("%d cards instead of one", len(when))
	}
	return when[0].Sub(began), nil
}

// terminated is a frame with an end mark: the card is there with its last piece.
func terminated(name, protocol string, opts map[string]string, pieces []piece) family {
	return family{name, func() (Row, error) {
		at, err := told(protocol, opts, pieces)
		last := pieces[len(pieces)-1].at
		return against("", "ms", millis(at), millis(last), budgetTerminated).of(overFrame), err
	}}
}

// onWire is a terminated frame on a serial line.
func onWire(name, protocol string, opts map[string]string, baud int, frame string) family {
	pieces := make([]piece, len(frame))
	for i := range frame {
		pieces[i] = piece{wireTime(i+1, baud), []byte{frame[i]}}
	}
	return terminated(name, protocol, opts, pieces)
}

// wireTime is how long n bytes take, with start and stop bit.
func wireTime(n, baud int) time.Duration {
	const frame = 10
	return time.Duration(n) * frame * time.Second / time.Duration(baud)
}

// typed is reports of a keyboard that types a badge of digits, each key pressed and
// released; end is what follows it.
func typed(badge string, end ...byte) []piece {
	const interval = 8 * time.Millisecond // bInterval of a full-speed keyboard
	var keys []byte
	for _, c := range []byte(badge) {
		keys = append(keys, 0x1E+(c-'1'+10)%10) // HUT 1.12, section 10: 1 to 9, then 0
	}
	var pieces []piece
	for _, k := range append(keys, end...) {
		for _, pressed := range []byte{k, 0} {
			pieces = append(pieces, piece{time.Duration(len(pieces)+1) * interval, []byte{0, 0, pressed, 0, 0, 0, 0, 0}})
		}
	}
	return pieces[:len(pieces)-1] // the badge is there when the last key is pressed
}

// paused is a frame that only a pause ends. The pause is what is configured, and is
// told as it is.
func paused(name, protocol string, opts map[string]string, pause time.Duration, pieces []piece) family {
	return family{name, func() (Row, error) {
		at, err := told(protocol, opts, pieces)
		wait := millis(at - pieces[len(pieces)-1].at)
		return Row{Unit: "ms", Value: wait, Budget: millis(pause), Met: wait <= millis(pause)}.of(overPause), err
	}}
}

// quiet is a frame of bits on two lines: its yardstick is the time from bit to bit.
func quiet(name string, opts map[string]string, bits string, interval time.Duration) family {
	var pieces []piece
	for i := range bits {
		pieces = append(pieces, piece{time.Duration(i) * interval, []byte{bits[i]}})
	}
	return family{name, func() (Row, error) {
		at, err := told("wiegand", opts, pieces)
		return against("", "ms", millis(at-pieces[len(bits)-1].at), millis(interval), budgetQuiet).of(overInterval), err
	}}
}

// bits gives so many of them: how a frame ends does not depend on what it says.
func bits(n int) string { return strings.Repeat("01101", n)[:n] }

// code is a claim code: it is complete with its last digit, without #.
func code() (Row, error) {
	const pause = 200 * time.Millisecond
	c := keypad.New(keypad.Config{CodeDigits: 4})
	keys := []keypad.Key{keypad.Star, '7', '3', '6', '5'}
	for i, k := range keys {
		at := time.Duration(i) * pause
		if c.Press(began.Add(at), k).Kind == keypad.CodeDone {
			last := time.Duration(len(keys)-1) * pause
			return against("", "ms", millis(at), millis(last), budgetTerminated).of(overFrame), nil
		}
	}
	return Row{}, fmt.Errorf("the last digit does not end it")
}

func millis(d time.Duration) float64 { return float64(d.Nanoseconds()) / 1e6 }
