// Package detect finds out which protocol a serial reader speaks: it listens at the usual speeds,
// has every decoder look at what a badge made the reader send, and asks readers that speak only
// when they are asked.
package detect

import (
	"slices"
	"time"

	"badged/reader"
	"badged/reader/capture"
	"badged/reader/protocols"
)

// Chunk is what one read of the port brought.
type Chunk struct {
	At    time.Time
	Bytes []byte
}

// Candidate is a way to read a swipe.
type Candidate struct {
	Protocol string
	Options  map[string]string // those that are not usual
	// Number is what a number rule starts from, of the first badge; never for a log. It is empty
	// of a keypad, and of a reader that was only asked whether it is there.
	Number string
}

// proof is how much speaks for a protocol that reads a swipe.
type proof uint8

const (
	plain   proof = iota // nothing in a frame is redundant but its ends
	checked              // a checksum is right
)

// trial is a protocol with options that may read a swipe.
type trial struct {
	protocol string
	options  map[string]string
	proof    proof
}

// trials are in the order of how much they say: of two that read the same numbers the first counts.
var trials = []trial{
	{"rdm6300", nil, checked},
	{"id12", nil, checked},
	{"stxlen", nil, checked},
	{"yhy52x", nil, checked},
	{"twn3", map[string]string{"mode": "inditag"}, checked},
	{"twn3", map[string]string{"mode": "prox"}, plain},
	{"parallax", nil, plain},
}

// minKeys is how many keys tell a keypad from noise.
const minKeys = 3

// result is what a trial read.
type result struct {
	trial
	numbers []string
	keys    int
	faults  int
}

// maxCut is how many frames may be cut: one in front, and one behind.
const maxCut = 2

// fits reports whether the trial explains the swipe. Where a checksum was right, cut frames do
// not count.
func (r result) fits() bool {
	read := len(r.numbers) > 0 || r.keys >= minKeys
	return read && (r.faults == 0 || r.proof == checked && r.faults <= maxCut)
}

// Explain gives the protocols that read a swipe, the likelier ones first. One whose checksum is
// right leaves no room for others.
func Explain(swipe []Chunk) (list []Candidate) {
	var fit []result
	for _, t := range append(slices.Clip(trials), textTrials(swipe)...) {
		r := t.play(swipe)
		if !r.fits() || slices.ContainsFunc(fit, r.repeats) {
			continue
		}
		if r.proof == checked {
			return []Candidate{r.candidate()}
		}
		fit = append(fit, r)
	}
	for _, r := range fit {
		list = append(list, r.candidate())
	}
	return list
}

// repeats reports whether another trial read the same numbers.
func (r result) repeats(other result) bool {
	return r.keys == other.keys && slices.Equal(r.numbers, other.numbers)
}

func (r result) candidate() Candidate {
	c := Candidate{Protocol: r.protocol, Options: r.options}
	if len(r.numbers) > 0 {
		c.Number = r.numbers[0]
	}
	return c
}

// play has the trial's decoder read the swipe.
func (t trial) play(swipe []Chunk) result {
	r := result{trial: t}
	dec, err := protocols.New(t.protocol, t.options)
	if err != nil {
		return r
	}
	emit := func(e reader.Event) {
		switch e.Kind {
		case reader.KindCard:
			r.numbers = append(r.numbers, e.Card.Reveal())
		case reader.KindKey:
			r.keys++
		case reader.KindFault:
			r.faults++
		}
	}
	for _, c := range swipe {
		capture.Ticks(dec, c.At, emit)
		dec.Feed(c.At, c.Bytes, emit)
		capture.Ticks(dec, c.At, emit)
	}
	if n := len(swipe); n > 0 {
		capture.Ticks(dec, swipe[n-1].At.Add(time.Minute), emit)
	}
	return r
}
