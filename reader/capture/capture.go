// Package capture reads and writes recordings of what a reader sent, so that they can be
// inspected and played back elsewhere. A capture is a text file:
//
//	# device: RDM6300
//	# firmware: unknown
//	# date: 2025-11-21
//	# how: badgectl capture on the bench, one badge held for a second
//	@0 0236324533303836434544303803
//	@65 0236324533303836434544303803
//
// The lines "# key: value" at the start say where it comes from; other lines that start
// with #, and empty lines, are ignored. Each chunk is one read of the port: @ and
// milliseconds, with up to three decimals, a blank, then the bytes in hex. Times never
// decrease. Only their differences count: they may be times since the capture began, or
// times of a clock.
package capture

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// The bounds of a capture.
const (
	MaxChunk = 4096           // bytes in a line
	MaxTime  = 24 * time.Hour // from first to last
	maxValue = 200            // characters of a header's value
	maxLine  = 2*MaxChunk + 64
)

// Mark is the byte order mark that some editors put in front of UTF-8. Readers skip it.
const Mark = "\uFEFF"

// Header says where a capture comes from.
type Header struct {
	Device   string // what sent the bytes
	Firmware string
	Date     string // 2025-11-21
	How      string // how it was taken, in words
}

// fields are the header's keys in the order of the file.
func (h *Header) fields() []field {
	return []field{{"device", &h.Device}, {"firmware", &h.Firmware}, {"date", &h.Date}, {"how", &h.How}}
}

type field struct {
	key   string
	value *string
}

// Chunk is what one read of the port brought.
type Chunk struct {
	At    time.Duration // as written, or, of a Reader, since the first chunk
	Bytes []byte
}

// ParseChunk reads a line: hex bytes, with an optional "@ms " in front; timed reports
// whether it is there. The error does not show the bytes.
func ParseChunk(line string) (c Chunk, timed bool, err error) {
	at, timed, text, err := CutTime(line)
	if err != nil {
		return Chunk{}, false, err
	}
	c.At = at
	if len(text) > 2*MaxChunk {
		return Chunk{}, false, fmt.Errorf("%d characters: a chunk has at most %d bytes", len(text), MaxChunk)
	}
	if c.Bytes, err = hex.DecodeString(text); err != nil {
		return Chunk{}, false, fmt.Errorf("not hex: a chunk is pairs of the digits 0 to 9 and A to F")
	}
	return c, timed, nil
}

// CutTime reads the "@ms " in front of a line; timed reports whether it is there. rest is
// what follows it.
func CutTime(line string) (at time.Duration, timed bool, rest string, err error) {
	text := strings.TrimSpace(line)
	after, timed := strings.CutPrefix(text, "@")
	if !timed {
		return 0, false, text, nil
	}
	ms := after
	if i := strings.IndexAny(after, " \t"); i >= 0 {
		ms, rest = after[:i], strings.TrimSpace(after[i:])
	}
	at, err = parseTime(ms)
	return at, true, rest, err
}

// parseTime reads milliseconds with up to three decimals, as many as a Duration holds.
func parseTime(s string) (time.Duration, error) {
	whole, frac, _ := strings.Cut(s, ".")
	us, err := strconv.ParseUint(whole+(frac + "000")[:3], 10, 63)
	if err != nil || whole == "" || len(frac) > 3 || us > math.MaxInt64/uint64(time.Microsecond) {
		return 0, errors.New("a time is @ and milliseconds with up to three decimals")
	}
	return time.Duration(us) * time.Microsecond, nil
}

// Times checks the times of consecutive lines. The zero value has seen none.
type Times struct {
	Most        time.Duration // from first to last; 0: MaxTime
	first, last time.Duration
	begun       bool
}

// Since returns the time since the first line. It fails if at is before the line above, or
// more than Most after the first.
func (t *Times) Since(at time.Duration) (time.Duration, error) {
	if !t.begun {
		t.first, t.last, t.begun = at, at, true
	}
	most := cmp.Or(t.Most, MaxTime)
	switch {
	case at < t.last:
		return 0, errors.New("its time is before that of the line above")
	case at-t.first > most:
		return 0, fmt.Errorf("its time is more than %v after that of the first line", most)
	}
	t.last = at
	return at - t.first, nil
}

// formatTime is the counterpart of parseTime; it drops fractions of a microsecond.
func formatTime(d time.Duration) string {
	ms, us := d.Microseconds()/1000, d.Microseconds()%1000
	if us == 0 {
		return strconv.FormatInt(ms, 10)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%03d", ms, us), "0")
}
