package hid

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"time"

	"badged/internal/spelling"
	"badged/reader/chars"
)

// Terminator is the key that ends a number.
type Terminator string

// The terminators.
const (
	Auto  Terminator = "auto"  // Enter or Tab
	Enter Terminator = "enter" // of the main keys or of the keypad
	Tab   Terminator = "tab"
	None  Terminator = "none" // the suffix if there is one, else a pause
)

// Checksum is what to do with = and what follows it.
type Checksum string

// What becomes of it. Readers of magnetic stripes type the separator of track 2 (ISO/IEC
// 7813) with what stands behind it, others a check digit of their own making there, so
// that nothing can be computed from it; PaperCut drops it, too.
const (
	Keep  Checksum = "keep"  // it is part of the number
	Strip Checksum = "strip" // it must be there, and is no part of the number
)

// The bounds and defaults of Options.
const (
	DefaultKeyTimeout = 150 * time.Millisecond
	DefaultTimeout    = 2 * time.Second

	maxCheck = 40 // characters from = on: as many as track 2 has
)

// Options describe what a reader types. The zero value reads 1 to 64 characters of a us
// keyboard, ended by Enter or Tab.
type Options struct {
	Layout     Layout     // "": US
	Terminator Terminator // "": Auto
	Checksum   Checksum   // "": Keep; what is stripped does not count as length
	chars.Shape
	// KeyTimeout is the longest time inside a number in which no key goes down or up.
	// 0: DefaultKeyTimeout.
	KeyTimeout time.Duration
	// Timeout is the longest time from the first key of a number to its end.
	// 0: DefaultTimeout.
	Timeout time.Duration
	// Repeat is the time without a number after which the same number is a new presentation.
	// 0: each one is, since readers type a badge once.
	Repeat time.Duration
	// Keypad says that a person types: the decoder emits each key at once, and Enter as #.
	// It ignores the options about numbers.
	Keypad bool
}

func (o Options) withDefaults() Options {
	o.Layout = cmp.Or(o.Layout, US)
	o.Terminator = cmp.Or(o.Terminator, Auto)
	o.Checksum = cmp.Or(o.Checksum, Keep)
	o.Shape = o.Shape.WithDefaults()
	o.KeyTimeout = cmp.Or(o.KeyTimeout, DefaultKeyTimeout)
	o.Timeout = cmp.Or(o.Timeout, max(DefaultTimeout, o.KeyTimeout))
	return o
}

// longest is the characters of the longest frame.
func (o Options) longest() int {
	n := o.Longest()
	if o.Checksum == Strip {
		n += maxCheck
	}
	return n
}

func (o Options) check() error {
	err := cmp.Or(
		spelling.Word("layout", o.Layout, Layouts...),
		spelling.Word("terminator", o.Terminator, Auto, Enter, Tab, None),
		spelling.Word("checksum", o.Checksum, Keep, Strip),
	)
	switch {
	case err != nil:
		return err
	case len(o.Prefix)+len(o.Suffix) > chars.MaxLength || strings.ContainsFunc(o.Prefix+o.Suffix, isUntypable):
		return errors.New("prefix and suffix: must be printable ASCII, at most 256 characters")
	case o.KeyTimeout < 0 || o.Timeout < o.KeyTimeout:
		return fmt.Errorf("timeout %v: must be key_timeout (%v) or longer", o.Timeout, o.KeyTimeout)
	}
	return o.Shape.Check()
}

func isUntypable(r rune) bool { return r < ' ' || r > '~' }

// isEnd reports whether the key ends a number.
func (t Terminator) isEnd(s symbol) bool {
	switch t {
	case Auto:
		return s == enter || s == tab
	case Enter:
		return s == enter
	case Tab:
		return s == tab
	default:
		return false
	}
}
