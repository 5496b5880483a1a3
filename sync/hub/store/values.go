package store

import (
	"errors"
	"strings"
	"time"
	"unicode/utf8"
)

// Times are kept in milliseconds; 0 is no time.
func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMilli()
}

func moment(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

// blob is NULL for no bytes at all, which is not the same as empty.
func blob(b []byte) any {
	if b == nil {
		return nil
	}
	return b
}

// errText is the error for a text that PostgreSQL cannot keep. SQLite could, but then the
// site could never move.
var errText = errors.New("a text has a NUL or is not UTF-8")

func checkTexts(args []any) error {
	for _, a := range args {
		if s, ok := a.(string); ok && (!utf8.ValidString(s) || strings.Contains(s, "\x00")) {
			return errText
		}
	}
	return nil
}

// flag is how a boolean is kept: both databases have integers.
func flag(b bool) int64 {
	if b {
		return 1
	}
	return 0
}

// flagInto scans a boolean.
type flagInto struct{ b *bool }

// Scan implements sql.Scanner.
func (s flagInto) Scan(v any) error {
	n, ok := v.(int64)
	*s.b = n != 0
	return wrongType(ok, "a flag that is not a number")
}

// orderInto scans an order, which any terminal may have made up to 64 bits long.
type orderInto struct{ order *uint64 }

// Scan implements sql.Scanner.
func (s orderInto) Scan(v any) error {
	n, ok := v.(int64)
	*s.order = uint64(n)
	return wrongType(ok, "an order that is not a number")
}

// idInto scans 16 bytes.
type idInto struct{ id *[16]byte }

// Scan implements sql.Scanner.
func (s idInto) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(s.id) {
		return errors.New("an id of another length than 16 bytes")
	}
	copy(s.id[:], b)
	return nil
}

// hashInto scans 32 bytes.
type hashInto struct{ h *[32]byte }

// Scan implements sql.Scanner.
func (s hashInto) Scan(v any) error {
	b, ok := v.([]byte)
	if !ok || len(b) != len(s.h) {
		return errors.New("a hash of another length than 32 bytes")
	}
	copy(s.h[:], b)
	return nil
}

// timeInto scans milliseconds.
type timeInto struct{ t *time.Time }

// Scan implements sql.Scanner.
func (s timeInto) Scan(v any) error {
	ms, ok := v.(int64)
	*s.t = moment(ms)
	return wrongType(ok, "a time that is not a number")
}

func wrongType(ok bool, what string) error {
	if ok {
		return nil
	}
	return errors.New(what)
}

// text is NULL for no text, which a unique index passes over.
func text(s string) any {
	if s == "" {
		return nil
	}
	return s
}
