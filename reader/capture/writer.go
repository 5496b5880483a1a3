package capture

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"
)

// Writer writes a capture. Its Tap fits serialport.Config. It is safe for
// concurrent use.
type Writer struct {
	mu    sync.Mutex // guards what follows
	w     io.Writer
	start time.Time
	last  time.Duration
	n     int
	err   error
}

// NewWriter writes the header and begins a capture at the time start.
func NewWriter(w io.Writer, h Header, start time.Time) (*Writer, error) {
	var text strings.Builder
	for _, f := range h.fields() {
		if strings.ContainsAny(*f.value, "\r\n") || len(*f.value) > maxValue {
			return nil, fmt.Errorf("write capture: %s must be one line of at most %d characters", f.key, maxValue)
		}
		fmt.Fprintf(&text, "# %s: %s\n", f.key, *f.value)
	}
	if _, err := io.WriteString(w, text.String()); err != nil {
		return nil, fmt.Errorf("write capture: %w", err)
	}
	return &Writer{w: w, start: start}, nil
}

// Tap writes bytes that arrived at the time at. After an error, which Err returns, it does
// nothing.
func (w *Writer) Tap(p []byte, at time.Time) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.last = max(at.Sub(w.start), w.last)
	for len(p) > 0 && w.err == nil {
		n := min(len(p), MaxChunk)
		w.err = w.writeChunk(p[:n])
		p = p[n:]
	}
}

func (w *Writer) writeChunk(p []byte) error {
	if w.last > MaxTime {
		return fmt.Errorf("write capture: it has reached %v, the longest that one may be", MaxTime)
	}
	if _, err := fmt.Fprintf(w.w, "@%s %X\n", formatTime(w.last), p); err != nil {
		return fmt.Errorf("write capture: %w", err)
	}
	w.n++
	return nil
}

// Chunks is the number of chunks written.
func (w *Writer) Chunks() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.n
}

// Err is the first error of writing, or nil.
func (w *Writer) Err() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.err
}
