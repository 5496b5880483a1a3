// Package capture reads and writes what a reader sent, so that it can be looked at
// and played back elsewhere. A capture is a text file:
//
//	# device: RDM6300
//	# firmware: unknown
//	# date: 2025-11-21
//	# how: badgectl capture on the bench, one badge held for a second
//	@0 0236324533303836434544303803
//	@65 0236324533303836434544303803
//
// The lines "# key: value" in front say where it comes from; other lines that start
// with # and empty ones are nothing. Each chunk is one read of the port: @ and
// milliseconds since the capture began, with up to three decimals, then the bytes in
// hex. Times do not fall.
package capture

import (
	"encoding/hex"
	"fmt"
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
	At    time.Duration // since the capture began
	Bytes []byte
}

// ParseChunk reads a line: hex bytes, with an optional "@ms " in front, which timed
// reports. The error does not show the bytes.
func ParseChunk(line string) (c Chunk, timed bool, err error) {
	text := strings.TrimSpace(line)
	if after, ok := strings.CutPrefix(text, "@"); ok {
		ms, rest, _ := strings.Cut(after, " ")
		if c.At, err = parseTime(ms); err != nil {
			return Chunk{}, false, err
		}
		text, timed = strings.TrimSpace(rest), true
	}
	if len(text) > 2*MaxChunk {
		return Chunk{}, false, fmt.Errorf("%d characters: a chunk has at most %d bytes", len(text), MaxChunk)
	}
	if c.Bytes, err = hex.DecodeString(text); err != nil {
		return Chunk{}, false, fmt.Errorf("not hex: a chunk is pairs of the digits 0 to 9 and A to F")
	}
	return c, timed, nil
}

// parseTime reads milliseconds with up to three decimals.
func parseTime(s string) (time.Duration, error) {
	whole, frac, _ := strings.Cut(s, ".")
	us, err := strconv.ParseUint(whole+(frac + "000")[:3], 10, 63)
	at := time.Duration(us) * time.Microsecond
	if err != nil || len(frac) > 3 || us > uint64(MaxTime/time.Microsecond) {
		return 0, fmt.Errorf("a time is @ and milliseconds, 0 to %d, with up to three decimals", MaxTime.Milliseconds())
	}
	return at, nil
}

// formatTime is the counterpart of parseTime; what is below a microsecond is cut.
func formatTime(d time.Duration) string {
	ms, us := d.Microseconds()/1000, d.Microseconds()%1000
	if us == 0 {
		return strconv.FormatInt(ms, 10)
	}
	return strings.TrimRight(fmt.Sprintf("%d.%03d", ms, us), "0")
}
