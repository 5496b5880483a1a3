package dump

import (
	"bytes"
	"errors"
	"regexp"
	"strconv"
	"strings"
)

// Reader reads the lines of one dump: the rows of a hex viewer, in which * stands for rows like
// the one above, and whose last line is only an offset.
type Reader struct {
	base  int    // of the offsets of the viewer above; 0: there is none
	next  uint64 // the offset behind the row above
	row   []byte
	again bool // * stood above
}

// maxRow is the longest row, maxAgain the most bytes that one * stands for.
const (
	maxRow   = 256
	maxAgain = 4096
)

// The rows of viewers. A row of an unmarked kind needs the offset that follows the row above, or
// 0.
var rows = []struct {
	re       *regexp.Regexp
	base     int
	unmarked bool
	text     bool // stands behind the bytes
}{
	{re: regexp.MustCompile(`^([0-9A-Fa-f]{6,8})\s\s(.*)\|.*\|$`), base: 16},                                          // hexdump -C
	{re: regexp.MustCompile(`^([0-9A-Fa-f]{6,8}):\s+(.*)$`), base: 16, text: true},                                    // xxd
	{re: regexp.MustCompile(`^([0-9A-Fa-f]{6,8})\s+((?:[0-9A-Fa-f]{2}\s+)+)>.*<$`), base: 16},                         // od -A x -t x1z
	{re: regexp.MustCompile(`^([0-7]{7})\s+((?:[0-9A-Fa-f]{2}\s+)+)>.*<$`), base: 8},                                  // od -t x1z
	{re: regexp.MustCompile(`^([0-7]{7})((?:\s+[0-9A-Fa-f]{2})+)$`), base: 8},                                         // od -t x1
	{re: regexp.MustCompile(`^([0-9A-Fa-f]{6}|[0-9A-Fa-f]{8}\s)((?:\s+[0-9A-Fa-f]{2})+)$`), base: 16, unmarked: true}, // od -A x -t x1
}

var (
	column = regexp.MustCompile(`\s\s.{1,16}$`)                                        // the text that xxd adds
	words  = regexp.MustCompile(`^[0-9A-Fa-f]{7}(?:\s+(?:[0-9A-Fa-f]{4}|[0-7]{6}))+$`) // hexdump and od without options
	end    = regexp.MustCompile(`^[0-9A-Fa-f]{6,8}$`)
)

var (
	errWords = errors.New("hexdump and od without options exchange bytes: use hexdump -C, xxd or od -tx1")
	errAgain = errors.New("* stands for rows like the one above, and here it does not say how many: write the bytes")
)

// Bytes reads the next line.
func (r *Reader) Bytes(line string) ([]byte, error) {
	text := withoutLog(strings.TrimSpace(line))
	if text == "*" {
		return nil, r.startAgain()
	}
	if r.isEnd(text) {
		b, err := r.repeatRows(r.parseOffset(text))
		*r = Reader{}
		return b, err
	}
	if words.MatchString(text) {
		return nil, errWords
	}
	at, base, row := r.cutRow(text)
	if base == 0 && r.again {
		return nil, errAgain
	}
	before, err := r.repeatRows(at)
	if err != nil {
		return nil, err
	}
	b, err := parseBytes(row)
	if err != nil || base == 0 {
		*r = Reader{}
		return b, err
	}
	*r = Reader{base: base, next: at + uint64(len(b)), row: b}
	return append(before, b...), nil
}

// startAgain records a *. It fails without a row above.
func (r *Reader) startAgain() error {
	if r.base == 0 || len(r.row) == 0 || len(r.row) > maxRow {
		return errAgain
	}
	r.again = true
	return nil
}

// isEnd reports whether a line is the end of a dump: the offset alone that follows its rows.
func (r *Reader) isEnd(text string) bool {
	return r.base != 0 && end.MatchString(text) && (r.again || r.parseOffset(text) == r.next)
}

// parseOffset reads an offset as the viewer above writes it.
func (r *Reader) parseOffset(text string) uint64 {
	at, _ := strconv.ParseUint(text, r.base, 64) // not a number: 0, which no row follows
	return at
}

// repeatRows returns the bytes of the rows that a * stands for, up to an offset.
func (r *Reader) repeatRows(to uint64) ([]byte, error) {
	if !r.again {
		return nil, nil
	}
	length := uint64(len(r.row))
	if to < r.next || to-r.next > maxAgain || (to-r.next)%length != 0 {
		return nil, errAgain
	}
	return bytes.Repeat(r.row, int((to-r.next)/length)), nil
}

// cutRow removes the offset and the text from a row of a viewer. base is 0 if the line is no row.
func (r *Reader) cutRow(text string) (at uint64, base int, row string) {
	for _, viewer := range rows {
		m := viewer.re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		at, err := strconv.ParseUint(strings.TrimSpace(m[1]), viewer.base, 64)
		follows := r.base == viewer.base && (at == r.next || r.again)
		if err != nil || viewer.unmarked && at != 0 && !follows {
			continue
		}
		if viewer.text {
			m[2] = column.ReplaceAllString(m[2], "")
		}
		return at, viewer.base, m[2]
	}
	return 0, 0, text
}
