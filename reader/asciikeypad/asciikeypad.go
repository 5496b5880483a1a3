// Package asciikeypad decodes serial keypads that send one ASCII character for each key:
// 0 to 9, * and #. Keypads with an enter key send CR for it, which counts as #; an
// LF right after CR belongs to it.
package asciikeypad

import (
	"time"

	"badged/keypad"
	"badged/reader"
)

// Decoder implements reader.Decoder. It emits each key at once, and one fault for all bytes
// that are no key until the next key.
type Decoder struct {
	prev byte
	junk bool
}

// New makes a decoder.
func New() *Decoder { return &Decoder{} }

// Feed implements reader.Decoder.
func (d *Decoder) Feed(at time.Time, p []byte, emit func(reader.Event)) {
	for _, b := range p {
		d.decodeByte(at, b, emit)
		d.prev = b
	}
}

// Deadline implements reader.Decoder: there is none.
func (d *Decoder) Deadline() time.Time { return time.Time{} }

// Tick implements reader.Decoder.
func (d *Decoder) Tick(time.Time, func(reader.Event)) {}

func (d *Decoder) decodeByte(at time.Time, b byte, emit func(reader.Event)) {
	if b == '\n' && d.prev == '\r' {
		return
	}
	key, ok := keypad.KeyOf(b)
	if b == '\r' {
		key, ok = keypad.Hash, true
	}
	switch {
	case ok:
		d.junk = false
		emit(reader.Event{Kind: reader.KindKey, At: at, Key: key})
	case !d.junk:
		d.junk = true
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: reader.BadDigit})
	}
}
