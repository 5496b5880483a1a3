package readertest

import (
	"bytes"
	"fmt"
	"slices"
	"testing"
	"time"

	"badged/reader"
)

// PollerContract describes a poller for Poller.
type PollerContract struct {
	New func() reader.Poller
	// Asks reports whether a question asks for a badge.
	Asks func(question []byte) bool
	// Peer answers the questions that do not.
	Peer    func(question []byte) []byte
	Empty   []byte         // the answer to Asks: no badge
	Answers [][]byte       // clean ones to Asks, two or more, no badge twice in a row
	Want    []reader.Event // what the answers give, one event each; At does not count
	// Checksum says that an answer with one byte dropped, doubled or changed is noticed.
	Checksum bool
	// Fills reports whether a damaged answer says the same as the good one, with more of
	// what only fills: it may give the badge. nil: none does.
	Fills func(bad, good []byte) bool
	// Reports says that an answer is one report of a HID device: it comes whole.
	Reports bool
}

// Poller checks that c.New's poller, when a host asks, takes the clean answers and tells
// each badge once while it stays; that a device that does not answer is told as silent;
// that an answer that nobody asked for is a fault, and one that a reopened port lost no
// card; and with a checksum, that a damaged answer gives a fault, no card, nor does what
// follows it, and the badge is read when it is asked for again.
func Poller(t *testing.T, c PollerContract) {
	t.Helper()
	if len(c.Answers) < 2 || len(c.Answers) != len(c.Want) {
		t.Fatal("the contract needs two answers, and what each gives")
	}
	t.Run("answers", c.answers)
	t.Run("stays", c.stays)
	t.Run("unasked", c.unasked)
	t.Run("silent", c.silent)
	if c.Checksum {
		t.Run("damaged answers", c.damage)
	}
}

// host is a port loop with a peer, in its own time.
type host struct {
	c   PollerContract
	dec reader.Poller
	session
}

func (c PollerContract) host(t *testing.T) *host {
	dec := c.New()
	h := &host{c: c, dec: dec, session: session{dec: dec, now: epoch}}
	dec.Open(h.now)
	h.exchange(t)
	return h
}

// said gives the events that are not about the rhythm.
func (h *host) said() []reader.Event {
	return only(h.events, reader.KindCard, reader.KindKey, reader.KindFault)
}

// feedAnswer feeds an answer, in pieces of one byte unless it is a report.
func (h *host) feedAnswer(p []byte) {
	if h.c.Reports {
		h.feed(p)
		return
	}
	for i := range p {
		h.feed(p[i : i+1])
	}
}

// ask lets time pass until the poller asks for a badge; the peer answers the rest.
func (h *host) ask(t *testing.T) {
	t.Helper()
	for range 1000 {
		q := h.dec.Send(h.now)
		switch {
		case q == nil:
			due := h.dec.Deadline()
			if due.IsZero() {
				t.Fatal("an open poller waits for nothing")
			}
			h.now = laterOf(h.now, due)
			h.dec.Tick(h.now, h.emit)
		case h.c.Asks(q):
			return
		default:
			q = bytes.Clone(q)
			h.now = h.now.Add(time.Millisecond)
			h.feedAnswer(h.c.Peer(q))
		}
	}
	t.Fatal("the poller does not ask for a badge")
}

// exchange asks for a badge, and there is none.
func (h *host) exchange(t *testing.T) {
	t.Helper()
	h.ask(t)
	h.now = h.now.Add(time.Millisecond)
	h.feedAnswer(h.c.Empty)
}

// badge asks for a badge, and there is one.
func (h *host) badge(t *testing.T, answer []byte) {
	t.Helper()
	h.ask(t)
	h.now = h.now.Add(time.Millisecond)
	h.feedAnswer(answer)
}

// gone asks until any poller knows that the badge is gone.
func (h *host) gone(t *testing.T) {
	t.Helper()
	for range 10 {
		h.exchange(t)
	}
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (c PollerContract) answers(t *testing.T) {
	h := c.host(t)
	for i, a := range c.Answers {
		h.badge(t, a)
		if !same(h.said(), c.Want[:i+1]) {
			t.Fatalf("after answer %d: got %s, want %s", i, outline(h.said()), outline(c.Want[:i+1]))
		}
		if at := h.events[len(h.events)-1].At; !at.Equal(h.now) {
			t.Errorf("answer %d: %v off the byte that completed it", i, h.now.Sub(at))
		}
	}
}

func (c PollerContract) stays(t *testing.T) {
	h := c.host(t)
	for range 20 {
		h.badge(t, c.Answers[0])
	}
	h.exchange(t)
	h.badge(t, c.Answers[0])
	if !same(h.said(), c.Want[:1]) {
		t.Errorf("a badge that stays, and is missed once: %s", outline(h.said()))
	}
	h.gone(t)
	h.badge(t, c.Answers[0])
	if !same(h.said(), []reader.Event{c.Want[0], c.Want[0]}) {
		t.Errorf("a badge that was away: %s", outline(h.said()))
	}
	if len(only(h.events, reader.KindAlive)) == 0 {
		t.Error("a device that answers is not told to be alive")
	}
}

func (c PollerContract) unasked(t *testing.T) {
	h := c.host(t)
	h.feedAnswer(c.Answers[0])
	if len(only(h.events, reader.KindCard)) != 0 {
		t.Error("an answer that nobody asked for gives a card")
	}
	if len(only(h.events, reader.KindFault)) == 0 {
		t.Error("an answer that nobody asked for gives no fault")
	}
	h.gone(t)
	h.ask(t)
	h.dec.Open(h.now)
	h.feedAnswer(c.Answers[0])
	if len(only(h.events, reader.KindCard)) != 0 {
		t.Error("an answer of before the port was opened again gives a card")
	}
	h.gone(t)
	h.badge(t, c.Answers[0])
	if len(only(h.events, reader.KindCard)) != 1 {
		t.Errorf("after answers that nobody asked for: %s", outline(h.said()))
	}
}

func (c PollerContract) silent(t *testing.T) {
	h := c.host(t)
	asked := 0
	for end := h.now.Add(pause); h.now.Before(end); {
		if h.dec.Send(h.now) != nil {
			asked++
			continue
		}
		h.now = laterOf(h.now.Add(time.Microsecond), h.dec.Deadline())
		h.dec.Tick(h.now, h.emit)
	}
	want := []reader.Event{{Kind: reader.KindFault, Why: reader.Silent}}
	if !same(h.said(), want) || asked < 10 || asked > 1000 {
		t.Errorf("a minute without answer: %s, asked %d times", outline(h.said()), asked)
	}
	h.gone(t)
	h.badge(t, c.Answers[0])
	if got := only(h.events, reader.KindCard); len(got) != 1 {
		t.Errorf("after the silence: %s", outline(h.said()))
	}
}

func (c PollerContract) damage(t *testing.T) {
	for j, f := range c.Answers {
		c.tail(t, f)
		for at := range f {
			c.spoil(t, fmt.Sprintf("answer %d without byte %d", j, at), j, slices.Concat(f[:at], f[at+1:]))
			c.spoil(t, fmt.Sprintf("answer %d with byte %d twice", j, at), j, slices.Concat(f[:at+1], f[at:]))
			for x := 1; x < 256; x++ {
				bad := slices.Clone(f)
				bad[at] ^= byte(x)
				c.spoil(t, fmt.Sprintf("answer %d, byte %d changed by %02x", j, at, x), j, bad)
			}
		}
	}
}

// tail feeds a damaged answer and the good one right behind it, as if it were its rest.
func (c PollerContract) tail(t *testing.T, good []byte) {
	t.Helper()
	h := c.host(t)
	bad := slices.Clone(good)
	bad[len(bad)/2] ^= 1
	h.badge(t, bad)
	h.feedAnswer(good)
	if len(only(h.events, reader.KindCard)) != 0 {
		t.Error("what follows a damaged answer gives a card")
	}
}

// spoil feeds a damaged answer and then the good one.
func (c PollerContract) spoil(t *testing.T, what string, j int, bad []byte) {
	t.Helper()
	h := c.host(t)
	h.badge(t, bad)
	grown := bytes.Contains(bad, c.Answers[j]) || c.Fills != nil && c.Fills(bad, c.Answers[j])
	if cards := only(h.events, reader.KindCard); len(cards) != 0 && !grown {
		t.Errorf("%s gives a card", what)
	}
	h.ask(t)
	if len(only(h.events, reader.KindFault)) == 0 && !grown {
		t.Errorf("%s gives no fault", what)
	}
	h.now = h.now.Add(time.Millisecond)
	h.feedAnswer(c.Answers[j])
	if cards := only(h.events, reader.KindCard); !same(cards, only(c.Want[j:j+1], reader.KindCard)) {
		t.Errorf("after %s: %s", what, outline(h.said()))
	}
}
