package logqueue

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/synctest"
)

// Who logs never waits for who reads the log; what was left out is told.
func TestLogDoesNotWait(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		log, flush := New("text", w)
		const n = 2 * maxLines
		for range n {
			log.Info("decided")
		}
		var got bytes.Buffer
		read := make(chan struct{})
		go func() { defer close(read); _, _ = io.Copy(&got, r) }()
		flush()
		w.Close()
		<-read
		lines := strings.Count(got.String(), "msg=decided")
		if lines < maxLines || lines > maxLines+1 || !strings.Contains(got.String(), "lines=102") {
			t.Errorf("%d lines, the end is %.200s", lines, got.String()[max(0, got.Len()-200):])
		}
	})
}

// The end does not wait for a stream that is stopped.
func TestLogEndsWithoutAReader(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		log, flush := New("json", w)
		for range 2 * maxLines {
			log.Info("decided")
		}
		flush()
		r.Close()
		synctest.Wait()
		flush()
	})
}
