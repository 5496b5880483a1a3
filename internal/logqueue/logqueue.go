// Package logqueue is the log of a program that never waits for who reads it.
package logqueue

import (
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"badged/internal/foreign"
)

const (
	maxLines  = 1024            // lines that wait for who reads the log
	flushTime = 2 * time.Second // how long the end waits for them
)

// queue is a writer that never waits: one goroutine writes its lines to a stream that
// may be stopped, and what does not fit is left out and counted. It is safe for
// concurrent use. Make one with newQueue, end it with flush.
type queue struct {
	lines chan []byte // nil: the end
	lost  atomic.Uint64
	ended chan struct{} // closed when all is written
}

// newQueue begins to write to w. lostLine makes the line that tells how many were
// left out.
func newQueue(w io.Writer, lostLine func(w io.Writer, n uint64)) *queue {
	q := &queue{lines: make(chan []byte, maxLines), ended: make(chan struct{})}
	go func() {
		defer close(q.ended)
		for line := range q.lines {
			if line != nil {
				_, _ = w.Write(line) // there is nowhere else to tell
			}
			if n := q.lost.Load(); n > 0 && len(q.lines) == 0 {
				q.lost.Add(-n)
				lostLine(w, n)
			}
			if line == nil {
				return
			}
		}
	}()
	return q
}

// Write implements io.Writer for whole lines. It never fails.
func (q *queue) Write(line []byte) (int, error) {
	select {
	case q.lines <- append([]byte{}, line...):
	default:
		q.lost.Add(1)
	}
	return len(line), nil
}

// flush waits until all is written, but not for a stream that is stopped. What is
// written afterwards is lost.
func (q *queue) flush() {
	late := time.NewTimer(flushTime)
	defer late.Stop()
	select {
	case q.lines <- nil:
	case <-late.C:
		return
	}
	select {
	case <-q.ended:
	case <-late.C:
	}
}

// New makes a log in the format "text" or "json". Flush ends it.
func New(format string, w io.Writer) (log *slog.Logger, flush func()) {
	q := newQueue(w, func(w io.Writer, n uint64) {
		slog.New(handler(format, w)).Warn("lines of the log were left out: nobody read them in time", "lines", n)
	})
	return slog.New(handler(format, q)), q.flush
}

func handler(format string, w io.Writer) slog.Handler {
	if format == "json" {
		return slog.NewJSONHandler(foreign.JSONLines(w), nil)
	}
	return slog.NewTextHandler(w, nil)
}
