package hid

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Terminator is how the end of a number is told.
type Terminator string

// The terminators.
const (
	Auto  Terminator = "auto"  // Enter or Tab
	Enter Terminator = "enter" // of the main keys or of the keypad
	Tab   Terminator = "tab"
	None  Terminator = "none" // the suffix if there is one, else a pause
)

// Charset is the characters that a number may have.
type Charset string

// The charsets.
const (
	Digits Charset = "digits" // 0-9
	Hex    Charset = "hex"    // 0-9 A-F a-f
	Text   Charset = "text"   // printable ASCII
)

// Checksum is what becomes of = and what follows it.
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
	MaxLength         = 256 // no number is longer, whatever the options say
	DefaultMax        = 64
	DefaultKeyTimeout = 150 * time.Millisecond
	DefaultTimeout    = 2 * time.Second

	maxCheck = 40 // characters from = on: as many as track 2 has
)

// Options describe what a reader types. The zero value takes 1 to 64 characters of a us
// keyboard, ended by Enter or Tab.
type Options struct {
	Layout     Layout     // "": US
	Terminator Terminator // "": Auto
	Prefix     string     // must start each number, and is no part of it: ";"
	Suffix     string     // must end each number, and is no part of it: "?"
	Checksum   Checksum   // "": Keep
	Charset    Charset    // "": Text
	Min        int        // characters without prefix, suffix and what is stripped; 0: 1
	Max        int        // the same; 0: DefaultMax
	// KeyTimeout is the longest time inside a number in which no key goes down or up.
	// 0: DefaultKeyTimeout.
	KeyTimeout time.Duration
	// Timeout is the longest time from the first key of a number to its end.
	// 0: DefaultTimeout.
	Timeout time.Duration
	// Repeat is how long a number must not have been typed for it to be a new
	// presentation. 0: each time is one, since readers type a badge once.
	Repeat time.Duration
	// Keypad says that a person types: each key is told at once, and Enter as #.
	// What describes numbers does not count.
	Keypad bool
}

func (o Options) withDefaults() Options {
	orElse(&o.Layout, US)
	orElse(&o.Terminator, Auto)
	orElse(&o.Checksum, Keep)
	orElse(&o.Charset, Text)
	orElse(&o.Min, 1)
	orElse(&o.Max, max(DefaultMax, o.Min))
	orElse(&o.KeyTimeout, DefaultKeyTimeout)
	orElse(&o.Timeout, max(DefaultTimeout, o.KeyTimeout))
	return o
}

func orElse[T comparable](v *T, other T) {
	var zero T
	if *v == zero {
		*v = other
	}
}

// longest is the characters of the longest frame.
func (o Options) longest() int {
	n := len(o.Prefix) + o.Max + len(o.Suffix)
	if o.Checksum == Strip {
		n += maxCheck
	}
	return n
}

func (o Options) check() error {
	switch {
	case !slices.Contains(Layouts, o.Layout):
		return fmt.Errorf("layout %q: must be us, fr, de, numpad or alt", o.Layout)
	case !slices.Contains([]Terminator{Auto, Enter, Tab, None}, o.Terminator):
		return fmt.Errorf("terminator %q: must be auto, enter, tab or none", o.Terminator)
	case o.Checksum != Keep && o.Checksum != Strip:
		return fmt.Errorf("checksum %q: must be keep or strip", o.Checksum)
	case o.Charset != Digits && o.Charset != Hex && o.Charset != Text:
		return fmt.Errorf("charset %q: must be digits, hex or text", o.Charset)
	case o.Min < 1 || o.Min > MaxLength:
		return fmt.Errorf("min %d: must be 1 to %d", o.Min, MaxLength)
	case o.Max < o.Min || o.Max > MaxLength:
		return fmt.Errorf("max %d: must be min (%d) to %d", o.Max, o.Min, MaxLength)
	case len(o.Prefix)+len(o.Suffix) > MaxLength || strings.ContainsFunc(o.Prefix+o.Suffix, untypable):
		return errors.New("prefix and suffix: must be printable ASCII, at most 256 characters")
	case o.KeyTimeout < 0 || o.Timeout < o.KeyTimeout:
		return fmt.Errorf("timeout %v: must be key_timeout (%v) or longer", o.Timeout, o.KeyTimeout)
	}
	return nil
}

func untypable(r rune) bool { return r < ' ' || r > '~' }

func (c Charset) has(b byte) bool {
	digit := '0' <= b && b <= '9'
	switch c {
	case Digits:
		return digit
	case Hex:
		return digit || 'A' <= b && b <= 'F' || 'a' <= b && b <= 'f'
	default:
		return ' ' <= b && b <= '~'
	}
}

// ends reports whether the key ends a number.
func (t Terminator) ends(s symbol) bool {
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
