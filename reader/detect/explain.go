// Package detect finds the protocol of a serial reader: it listens at the usual speeds, lets
// every decoder read what the reader sent for a badge, and polls for readers that send only
// when asked.
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
	Options  map[string]string // those that differ from the defaults
	// Number is the text of the first badge, from which a number rule starts; it never goes to a
	// log. It is empty for a keypad, and for a reader that only answered a poll.
	Number string
}

// proof is the strength of the evidence for a protocol that reads a swipe.
type proof uint8

const (
	plain   proof = iota // only the start and end of a frame are checked
	checked              // a frame has a right checksum
)

// trial is a protocol with options that may read a swipe.
type trial struct {
	protocol string
	options  map[string]string
	proof    proof
}

// trials are in the order of preference: of two that read the same numbers the first counts.
var trials = []trial{
	{"rdm6300", nil, checked},
	{"id12", nil, checked},
	{"stxlen", nil, checked},
	{"yhy52x", nil, checked},
	{"twn3", map[string]string{"mode": "inditag"}, checked},
	{"twn3", map[string]string{"mode": "prox"}, plain},
	{"parallax", nil, plain},
}

// minKeys is how many keys distinguish a keypad from noise.
const minKeys = 3

// result is what a trial read.
type result struct {
	trial
	numbers []string
	keys    int
	faults  int
}

// maxCut is how many frames may be cut: the first and the last.
const maxCut = 2

// explainsSwipe reports whether the trial explains the swipe. With a right checksum, up to maxCut
// faults are allowed.
func (r result) explainsSwipe() bool {
	read := len(r.numbers) > 0 || r.keys >= minKeys
	return read && (r.faults == 0 || r.proof == checked && r.faults <= maxCut)
}

// Explain returns the protocols that read a swipe, the likelier ones first. If a checksum is
// right, it returns that protocol only.
func Explain(swipe []Chunk) (list []Candidate) {
	var fit []result
	for _, t := range append(slices.Clip(trials), textTrials(swipe)...) {
		r := t.readSwipe(swipe)
		if !r.explainsSwipe() || slices.ContainsFunc(fit, r.readsSameAs) {
			continue
		}
		if r.proof == checked {
			return []Candidate{r.toCandidate()}
		}
		fit = append(fit, r)
	}
	for _, r := range fit {
		list = append(list, r.toCandidate())
	}
	return list
}

// readsSameAs reports whether another trial read the same numbers and keys.
func (r result) readsSameAs(other result) bool {
	return r.keys == other.keys && slices.Equal(r.numbers, other.numbers)
}

func (r result) toCandidate() Candidate {
	c := Candidate{Protocol: r.protocol, Options: r.options}
	if len(r.numbers) > 0 {
		c.Number = r.numbers[0]
	}
	return c
}

// readSwipe reads the swipe with the trial's decoder.
func (t trial) readSwipe(swipe []Chunk) result {
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
