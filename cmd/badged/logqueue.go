package main

import (
	"io"
	"log/slog"
	"sync/atomic"
	"time"

	"badged/internal/foreign"
)

const (
	logQueueLines = 1024            // lines that wait for who reads the log
	logFlushTime  = 2 * time.Second // how long the end waits for them
)

// logQueue is a writer that never waits: one goroutine writes its lines to a stream that
// may be stopped, and what does not fit is left out and counted. It is safe for
// concurrent use. Make one with newLogQueue, end it with flush.
type logQueue struct {
	lines chan []byte // nil: the end
	lost  atomic.Uint64
	ended chan struct{} // closed when all is written
}

// newLogQueue begins to write to w. lostLine makes the line that tells how many were
// left out.
func newLogQueue(w io.Writer, lostLine func(w io.Writer, n uint64)) *logQueue {
	q := &logQueue{lines: make(chan []byte, logQueueLines), ended: make(chan struct{})}
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
func (q *logQueue) Write(line []byte) (int, error) {
	select {
	case q.lines <- append([]byte{}, line...):
	default:
		q.lost.Add(1)
	}
	return len(line), nil
}

// flush waits until all is written, but not for a stream that is stopped. What is
// written afterwards is lost.
func (q *logQueue) flush() {
	late := time.NewTimer(logFlushTime)
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

// newLog makes the log of a running agent. flush ends it.
func newLog(format string, w io.Writer) (log *slog.Logger, flush func()) {
	q := newLogQueue(w, func(w io.Writer, n uint64) {
		slog.New(logHandler(format, w)).Warn("lines of the log were left out: nobody read them in time", "lines", n)
	})
	return slog.New(logHandler(format, q)), q.flush
}

func logHandler(format string, w io.Writer) slog.Handler {
	if format == "json" {
		return slog.NewJSONHandler(foreign.JSONLines(w), nil)
	}
	return slog.NewTextHandler(w, nil)
}
