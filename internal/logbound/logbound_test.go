package logbound_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/internal/logbound"
)

// bounded is a bounded log and what it has written.
type bounded struct {
	*slog.Logger
	handler *logbound.Handler
	text    *bytes.Buffer
}

func newBounded() bounded {
	text := new(bytes.Buffer)
	h := logbound.New(slog.NewTextHandler(text, &slog.HandlerOptions{Level: slog.LevelDebug}), "terminal", "remote")
	return bounded{slog.New(h), h, text}
}

// lines counts those that hold all of words.
func (b bounded) lines(words ...string) (n int) {
	for line := range strings.Lines(b.text.String()) {
		all := true
		for _, w := range words {
			all = all && strings.Contains(line, w)
		}
		if all {
			n++
		}
	}
	return n
}

// Issue 7, 2.13: one terminal's flood is ten lines and a sum, and hides nobody else's.
func TestAFloodIsListedAFewTimesAndCounted(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBounded()
		for i := range 5000 {
			b.Warn("refused", "terminal", "front", "subject", i)
		}
		b.Warn("refused", "terminal", "hall")
		b.Warn("something else", "terminal", "front")
		if n := b.lines("refused", "terminal=front"); n != 10 {
			t.Errorf("%d lines of 5,000", n)
		}
		if b.lines("refused", "terminal=hall") != 1 || b.lines("something else") != 1 {
			t.Error("the flood hides what others say")
		}
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan struct{})
		go func() { defer close(done); b.handler.Run(ctx) }()
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if n := b.lines("refused", "terminal=front", "more=4990"); n != 1 {
			t.Errorf("%d lines tell of the rest:\n%s", n, b.text)
		}
		if n := b.lines("more="); n != 1 {
			t.Errorf("%d sums", n)
		}
		for range 12 {
			b.Warn("refused", "terminal", "front")
		}
		stop()
		<-done
		if b.lines("refused", "terminal=front") != 10+1+10+1 || b.lines("more=2") != 1 {
			t.Errorf("at the end:\n%s", b.text)
		}
	})
}

// The next line after a window tells what was counted in it, also without Run.
func TestTheNextLineTellsTheSum(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBounded()
		say := b.With("terminal", "front", "port", 1).WithGroup("g")
		for range 15 {
			say.Error("refused")
		}
		time.Sleep(time.Minute)
		say.Error("refused")
		if b.lines("level=ERROR", "refused", "terminal=front", "more=5") != 1 || b.lines("refused", "port=1") != 11 {
			t.Errorf("got\n%s", b.text)
		}
	})
}

// What is no trouble is not bounded.
func TestOrdinaryLinesAllCome(t *testing.T) {
	b := newBounded()
	for range 100 {
		b.Info("a terminal joined", "terminal", "front")
	}
	if n := b.lines("joined"); n != 100 {
		t.Errorf("%d of 100 lines", n)
	}
}

// Somebody who comes under ever new names gets no more lines, and no more memory.
func TestNamesWithoutEndAreBoundedToo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b := newBounded()
		for i := range 5000 {
			b.Warn("refused", "remote", fmt.Sprint(i, strings.Repeat("x", 5000)))
		}
		if n := b.lines("refused"); n != 1010 {
			t.Errorf("%d lines", n)
		}
		b.handler.Flush(t.Context(), time.Now().Add(time.Minute))
		if n := b.lines("more=3990"); n != 1 {
			t.Errorf("the sum is not told:\n%.2000s", b.text)
		}
		b.Warn("refused", "remote", "afterwards")
		if n := b.lines("afterwards"); n != 1 {
			t.Error("the names are never forgotten")
		}
	})
}
