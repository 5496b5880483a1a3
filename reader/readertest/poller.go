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
	// Fills reports whether a damaged answer equals the good one except for more fill bytes: it
	// may give the badge. nil: none does.
	Fills func(bad, good []byte) bool
	// Reports says that an answer is one report of a HID device: it comes whole.
	Reports bool
}

// Poller checks that c.New's poller decodes the clean answers and emits each badge once while
// it stays; that it reports a device that does not answer as silent; that an answer without a
// question is a fault, and a late answer after the port was reopened gives no card; and with a
// checksum, that a damaged answer gives a fault and no card, that what follows it gives no card
// either, and that the next question reads the badge.
func Poller(t *testing.T, c PollerContract) {
	t.Helper()
	if len(c.Answers) < 2 || len(c.Answers) != len(c.Want) {
		t.Fatal("the contract needs two answers, and what each gives")
	}
	t.Run("answers", c.checkAnswers)
	t.Run("stays", c.checkStays)
	t.Run("unasked", c.checkUnasked)
	t.Run("silent", c.checkSilent)
	if c.Checksum {
		t.Run("damaged answers", c.checkDamage)
	}
}

// host is a port loop with a peer, in its own time.
type host struct {
	c   PollerContract
	dec reader.Poller
	session
}

func (c PollerContract) newHost(t *testing.T) *host {
	dec := c.New()
	h := &host{c: c, dec: dec, session: session{dec: dec, now: epoch}}
	dec.Open(h.now)
	h.answerEmpty(t)
	return h
}

// saidEvents gives the events that are not about the rhythm.
func (h *host) saidEvents() []reader.Event {
	return ofKinds(h.events, reader.KindCard, reader.KindKey, reader.KindFault)
}

// feedAnswer feeds an answer, in pieces of one byte unless it is a report.
func (h *host) feedAnswer(p []byte) {
	if h.c.Reports {
		h.feedAll(p)
		return
	}
	for i := range p {
		h.feedAll(p[i : i+1])
	}
}

// awaitQuestion lets time pass until the poller asks for a badge; the peer answers the rest.
func (h *host) awaitQuestion(t *testing.T) {
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

// answerEmpty asks for a badge, and there is none.
func (h *host) answerEmpty(t *testing.T) {
	t.Helper()
	h.awaitQuestion(t)
	h.now = h.now.Add(time.Millisecond)
	h.feedAnswer(h.c.Empty)
}

// answerBadge asks for a badge, and there is one.
func (h *host) answerBadge(t *testing.T, answer []byte) {
	t.Helper()
	h.awaitQuestion(t)
	h.now = h.now.Add(time.Millisecond)
	h.feedAnswer(answer)
}

// removeBadge asks until any poller knows that the badge is gone.
func (h *host) removeBadge(t *testing.T) {
	t.Helper()
	for range 10 {
		h.answerEmpty(t)
	}
}

func laterOf(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

func (c PollerContract) checkAnswers(t *testing.T) {
	h := c.newHost(t)
	for i, a := range c.Answers {
		h.answerBadge(t, a)
		if !sameEvents(h.saidEvents(), c.Want[:i+1]) {
			t.Fatalf("after answer %d: got %s, want %s", i, describeEvents(h.saidEvents()), describeEvents(c.Want[:i+1]))
		}
		if at := h.events[len(h.events)-1].At; !at.Equal(h.now) {
			t.Errorf("answer %d: %v off the byte that completed it", i, h.now.Sub(at))
		}
	}
}

func (c PollerContract) checkStays(t *testing.T) {
	h := c.newHost(t)
	for range 20 {
		h.answerBadge(t, c.Answers[0])
	}
	h.answerEmpty(t)
	h.answerBadge(t, c.Answers[0])
	if !sameEvents(h.saidEvents(), c.Want[:1]) {
		t.Errorf("a badge that stays, and is missed once: %s", describeEvents(h.saidEvents()))
	}
	h.removeBadge(t)
	h.answerBadge(t, c.Answers[0])
	if !sameEvents(h.saidEvents(), []reader.Event{c.Want[0], c.Want[0]}) {
		t.Errorf("a badge that was away: %s", describeEvents(h.saidEvents()))
	}
	if len(ofKinds(h.events, reader.KindAlive)) == 0 {
		t.Error("a device that answers is not told to be alive")
	}
}

func (c PollerContract) checkUnasked(t *testing.T) {
	h := c.newHost(t)
	h.feedAnswer(c.Answers[0])
	if len(ofKinds(h.events, reader.KindCard)) != 0 {
		t.Error("an answer that nobody asked for gives a card")
	}
	if len(ofKinds(h.events, reader.KindFault)) == 0 {
		t.Error("an answer that nobody asked for gives no fault")
	}
	h.removeBadge(t)
	h.awaitQuestion(t)
	h.dec.Open(h.now)
	h.feedAnswer(c.Answers[0])
	if len(ofKinds(h.events, reader.KindCard)) != 0 {
		t.Error("an answer of before the port was opened again gives a card")
	}
	h.removeBadge(t)
	h.answerBadge(t, c.Answers[0])
	if len(ofKinds(h.events, reader.KindCard)) != 1 {
		t.Errorf("after answers that nobody asked for: %s", describeEvents(h.saidEvents()))
	}
}

func (c PollerContract) checkSilent(t *testing.T) {
	h := c.newHost(t)
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
	if !sameEvents(h.saidEvents(), want) || asked < 10 || asked > 1000 {
		t.Errorf("a minute without answer: %s, asked %d times", describeEvents(h.saidEvents()), asked)
	}
	h.removeBadge(t)
	h.answerBadge(t, c.Answers[0])
	if got := ofKinds(h.events, reader.KindCard); len(got) != 1 {
		t.Errorf("after the silence: %s", describeEvents(h.saidEvents()))
	}
}

func (c PollerContract) checkDamage(t *testing.T) {
	for j, f := range c.Answers {
		c.checkTail(t, f)
		for at := range f {
			c.checkSpoiled(t, fmt.Sprintf("answer %d without byte %d", j, at), j, slices.Concat(f[:at], f[at+1:]))
			c.checkSpoiled(t, fmt.Sprintf("answer %d with byte %d twice", j, at), j, slices.Concat(f[:at+1], f[at:]))
			for x := 1; x < 256; x++ {
				bad := slices.Clone(f)
				bad[at] ^= byte(x)
				c.checkSpoiled(t, fmt.Sprintf("answer %d, byte %d changed by %02x", j, at, x), j, bad)
			}
		}
	}
}

// checkTail feeds a damaged answer and the good one right behind it, as if it were its rest.
func (c PollerContract) checkTail(t *testing.T, good []byte) {
	t.Helper()
	h := c.newHost(t)
	bad := slices.Clone(good)
	bad[len(bad)/2] ^= 1
	h.answerBadge(t, bad)
	h.feedAnswer(good)
	if len(ofKinds(h.events, reader.KindCard)) != 0 {
		t.Error("what follows a damaged answer gives a card")
	}
}

// checkSpoiled feeds a damaged answer and then the good one.
func (c PollerContract) checkSpoiled(t *testing.T, what string, j int, bad []byte) {
	t.Helper()
	h := c.newHost(t)
	h.answerBadge(t, bad)
	grown := bytes.Contains(bad, c.Answers[j]) || c.Fills != nil && c.Fills(bad, c.Answers[j])
	if cards := ofKinds(h.events, reader.KindCard); len(cards) != 0 && !grown {
		t.Errorf("%s gives a card", what)
	}
	h.awaitQuestion(t)
	if len(ofKinds(h.events, reader.KindFault)) == 0 && !grown {
		t.Errorf("%s gives no fault", what)
	}
	h.now = h.now.Add(time.Millisecond)
	h.feedAnswer(c.Answers[j])
	if cards := ofKinds(h.events, reader.KindCard); !sameEvents(cards, ofKinds(c.Want[j:j+1], reader.KindCard)) {
		t.Errorf("after %s: %s", what, describeEvents(h.saidEvents()))
	}
}
