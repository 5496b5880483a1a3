// Package readertest is shared by the tests of readers: the contract that every
// decoder passes, and a port that plays a script.
package readertest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/reader"
)

// Contract describes a decoder for Decoder.
type Contract struct {
	New    func() reader.Decoder
	Frames [][]byte       // clean ones, two or more, no badge twice in a row
	Want   []reader.Event // what the frames give together; At does not count
	// Garbage is bytes that are no part of any frame, each piece on its own.
	Garbage [][]byte
	// Checksum says that a frame with one byte dropped, doubled or changed is
	// noticed. Without it the decoder must only not make up cards out of Garbage.
	Checksum bool
	// Reports is the bytes of one report, for a decoder that is fed one whole report at
	// a time: frames and garbage are cut to reports of that size. 0: a stream of bytes,
	// which may be split anywhere.
	Reports int
}

// pause is the time between frames: long enough for every decoder to drop an incomplete
// frame.
const pause = time.Minute

var epoch = time.Date(2025, 1, 1, 0, 0, 0, 0, time.UTC)

// Decoder checks that c.New's decoder keeps the contract of reader.Decoder: any split
// of the bytes gives the same events; garbage before, after and within a frame never
// gives a card that was not sent, and does not keep the second frame after it from
// being read; with a checksum, a damaged frame gives a fault and no card.
func Decoder(t *testing.T, c Contract) {
	t.Helper()
	if len(c.Frames) < 2 || len(c.Garbage) == 0 {
		t.Fatal("the contract needs two frames and some garbage")
	}
	t.Run("frames", c.checkFrames)
	if c.Reports == 0 {
		t.Run("splits", c.checkSplits)
	}
	t.Run("times", c.checkTimes)
	t.Run("idle", c.checkIdle)
	t.Run("garbage", c.checkGarbage)
	t.Run("noise", c.checkNoise)
	t.Run("memory", c.checkMemory)
	if c.Checksum {
		t.Run("damage", c.checkDamage)
	}
}

// session feeds one decoder and records its events.
type session struct {
	dec    reader.Decoder
	size   int // of a report; 0: a stream
	now    time.Time
	events []reader.Event
}

func (c Contract) newSession() *session { return &session{dec: c.New(), size: c.Reports, now: epoch} }

// unitSize is the bytes of the smallest piece: one byte, or one report.
func (c Contract) unitSize() int { return max(c.Reports, 1) }

func (s *session) emit(e reader.Event) { s.events = append(s.events, e) }

// feedAll gives the bytes in one piece, or report by report.
func (s *session) feedAll(p []byte) {
	if s.size == 0 {
		s.feedPiece(p)
		return
	}
	for report := range slices.Chunk(p, s.size) {
		s.feedPiece(report)
	}
}

// feedPiece feeds a copy and then overwrites it, because a decoder must not keep it.
func (s *session) feedPiece(p []byte) {
	own := slices.Clone(p)
	s.dec.Feed(s.now, own, s.emit)
	for i := range own {
		own[i] ^= 0xFF
	}
}

// passTime lets time pass, with a tick at each deadline.
func (s *session) passTime() {
	end := s.now.Add(pause)
	for due := s.dec.Deadline(); !due.IsZero() && due.Before(end); due = s.dec.Deadline() {
		s.now = due
		s.dec.Tick(due, s.emit)
	}
	s.now = end
}

// feedFrame feeds a frame in one piece and rests.
func (s *session) feedFrame(p []byte) {
	s.feedAll(p)
	s.passTime()
}

// ofKinds gives the events of the kinds.
func ofKinds(events []reader.Event, kinds ...reader.Kind) []reader.Event {
	return slices.DeleteFunc(slices.Clone(events), func(e reader.Event) bool { return !slices.Contains(kinds, e.Kind) })
}

// sameEvents compares without times.
func sameEvents(a, b []reader.Event) bool {
	return slices.EqualFunc(a, b, func(x, y reader.Event) bool {
		x.At, y.At = time.Time{}, time.Time{}
		return x == y
	})
}

// describeEvents shows events without what must not be printed.
func describeEvents(events []reader.Event) string {
	s := make([]string, len(events))
	for i, e := range events {
		s[i] = strings.TrimSpace(fmt.Sprintf("%s %s", e.Kind, e.Why))
	}
	return "[" + strings.Join(s, ", ") + "]"
}

func (c Contract) checkFrames(t *testing.T) {
	s := c.newSession()
	for _, f := range c.Frames {
		s.feedFrame(f)
	}
	if !sameEvents(s.events, c.Want) {
		t.Errorf("got %s, want %s", describeEvents(s.events), describeEvents(c.Want))
	}
}

func (c Contract) checkSplits(t *testing.T) {
	stream := slices.Concat(c.Frames...)
	for i, g := range c.Garbage {
		stream = slices.Concat(stream, g, c.Frames[i%len(c.Frames)])
	}
	whole := c.feedChunked(stream, nil)
	for cut := range stream {
		c.checkSame(t, whole, stream, fmt.Sprintf("cut at %d", cut), cut)
	}
	every := make([]int, len(stream))
	for i := range every {
		every[i] = i
	}
	c.checkSame(t, whole, stream, "byte by byte", every...)
	rnd := rand.New(rand.NewPCG(1, 2))
	for n := range 200 {
		cuts := []int{rnd.IntN(len(stream)), rnd.IntN(len(stream)), rnd.IntN(len(stream))}
		slices.Sort(cuts)
		c.checkSame(t, whole, stream, fmt.Sprintf("random split %d", n), cuts...)
	}
}

// feedChunked feeds the stream cut at the places, all at one moment.
func (c Contract) feedChunked(stream []byte, cuts []int) []reader.Event {
	s := c.newSession()
	from := 0
	for _, cut := range cuts {
		s.feedAll(stream[from:cut])
		from = cut
	}
	s.feedFrame(stream[from:])
	return s.events
}

func (c Contract) checkSame(t *testing.T, want []reader.Event, stream []byte, how string, cuts ...int) {
	t.Helper()
	if got := c.feedChunked(stream, cuts); !slices.Equal(got, want) {
		t.Fatalf("%s: got %s, in one piece %s", how, describeEvents(got), describeEvents(want))
	}
}

// checkTimes checks that an event carries the time of the byte that completed it.
func (c Contract) checkTimes(t *testing.T) {
	s := c.newSession()
	for _, f := range c.Frames {
		for p := range slices.Chunk(f, c.unitSize()) {
			s.now = s.now.Add(time.Millisecond)
			before := len(s.events)
			s.feedAll(p)
			for _, e := range s.events[before:] {
				if !e.At.Equal(s.now) {
					t.Errorf("%s is %v off the byte that completed it", e.Kind, s.now.Sub(e.At))
				}
			}
		}
		s.passTime()
	}
	if !sameEvents(s.events, c.Want) {
		t.Errorf("bytes one millisecond apart: got %s, want %s", describeEvents(s.events), describeEvents(c.Want))
	}
}

// checkIdle checks that a decoder with nothing to wait for has no deadline and that a
// tick is harmless.
func (c Contract) checkIdle(t *testing.T) {
	s := c.newSession()
	for _, f := range append([][]byte{nil}, c.Frames...) {
		s.feedFrame(f)
		if !s.dec.Deadline().IsZero() {
			t.Error("a deadline outlives its frame")
		}
		s.dec.Tick(s.now, s.emit)
	}
	if !sameEvents(s.events, c.Want) {
		t.Errorf("got %s, want %s", describeEvents(s.events), describeEvents(c.Want))
	}
}

func (c Contract) checkGarbage(t *testing.T) {
	for i, g := range c.Garbage {
		for j, f := range c.Frames {
			next := c.Frames[(j+1)%len(c.Frames)]
			for at := 0; at <= len(f); at += c.unitSize() {
				s := c.newSession()
				s.feedAll(f[:at])
				s.feedAll(g)
				s.feedAll(f[at:])
				s.feedFrame(c.Frames[j])
				s.feedFrame(next)
				c.checkNothingMadeUp(t, fmt.Sprintf("garbage %d in frame %d at %d", i, j, at), s.events)
				c.checkLastIsRead(t, fmt.Sprintf("garbage %d in frame %d at %d", i, j, at), s.events, next)
			}
		}
	}
}

// checkNoise feeds random bytes. Only a checksum can exclude that noise gives a card.
func (c Contract) checkNoise(t *testing.T) {
	rnd := rand.New(rand.NewPCG(3, 4))
	for n := range 50 {
		p := make([]byte, 4096)
		for i := range p {
			p[i] = byte(rnd.Uint32())
		}
		s := c.newSession()
		s.feedFrame(p)
		s.feedFrame(c.Frames[0])
		s.feedFrame(c.Frames[1])
		c.checkLastIsRead(t, fmt.Sprintf("noise %d", n), s.events, c.Frames[1])
		if c.Checksum {
			c.checkNothingMadeUp(t, fmt.Sprintf("noise %d", n), s.events)
		}
	}
}

func (c Contract) checkDamage(t *testing.T) {
	for j, f := range c.Frames {
		for at, b := range f {
			c.checkDamaged(t, fmt.Sprintf("frame %d without byte %d", j, at), slices.Concat(f[:at], f[at+1:]))
			c.checkDamaged(t, fmt.Sprintf("frame %d with byte %d twice", j, at), slices.Concat(f[:at+1], f[at:]))
			for x := 1; x < 256; x++ {
				bad := slices.Clone(f)
				bad[at] = b ^ byte(x)
				c.checkDamaged(t, fmt.Sprintf("frame %d, byte %d changed by %02x", j, at, x), bad)
			}
		}
	}
}

// checkDamaged feeds a bad frame. A frame that only grew at its ends still holds the good
// one, and may give its card.
func (c Contract) checkDamaged(t *testing.T, what string, bad []byte) {
	t.Helper()
	s := c.newSession()
	s.feedFrame(bad)
	if slices.ContainsFunc(c.Frames, func(f []byte) bool { return strings.Contains(string(bad), string(f)) }) {
		c.checkNothingMadeUp(t, what, s.events)
		return
	}
	if len(ofKinds(s.events, reader.KindCard)) != 0 {
		t.Errorf("%s gives a card", what)
	}
	if len(ofKinds(s.events, reader.KindFault)) == 0 {
		t.Errorf("%s gives no fault", what)
	}
}

// checkNothingMadeUp checks that every card is one of those that the frames hold.
func (c Contract) checkNothingMadeUp(t *testing.T, what string, events []reader.Event) {
	t.Helper()
	for _, e := range ofKinds(events, reader.KindCard) {
		if !slices.ContainsFunc(c.Want, func(w reader.Event) bool { return w.Kind == e.Kind && w.Card == e.Card }) {
			t.Errorf("%s: a card that was not sent: %v", what, e.Card)
		}
	}
}

// checkLastIsRead checks that the events end with what the frame gives.
func (c Contract) checkLastIsRead(t *testing.T, what string, events []reader.Event, frame []byte) {
	t.Helper()
	s := c.newSession()
	s.feedFrame(frame)
	if n := len(events) - len(s.events); n < 0 || !sameEvents(events[n:], s.events) {
		t.Errorf("%s: the last frame was not read: %s", what, describeEvents(events))
	}
}
