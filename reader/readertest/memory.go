package readertest

import (
	"bytes"
	"reflect"
	"strings"
	"testing"
	"unsafe"

	"badged/reader"
)

// needle is how long a piece of a badge's number must be to count as remembered.
const needle = 4

// memory checks that a decoder forgets a badge that it has told: no buffer of it holds
// the bytes that came, or what the card says, once the frame is over.
func (c Contract) memory(t *testing.T) {
	s := c.session()
	for i, frame := range c.Frames {
		told := len(s.events)
		s.frame(frame)
		for _, e := range s.events[told:] {
			if e.Kind != reader.KindCard {
				continue
			}
			if where := remembers(s.dec, secrets(frame, e.Card)); where != "" {
				t.Errorf("after frame %d the decoder still has its badge in %s", i, where)
			}
		}
	}
}

// secrets are the pieces of what came and of what the card says.
func secrets(frame []byte, c reader.Card) (pieces [][]byte) {
	nibbles := make([]byte, 0, 2*len(frame))
	for _, b := range c.Raw() {
		nibbles = append(nibbles, b>>4, b&15)
	}
	for _, whole := range [][]byte{frame, c.Raw(), []byte(c.Reveal()), []byte(strings.ToLower(c.Reveal())), nibbles} {
		for i := 0; i+needle <= len(whole); i++ {
			if piece := whole[i : i+needle]; len(bytes.Trim(piece, string(piece[:1]))) > 0 { // not of one byte only
				pieces = append(pieces, piece)
			}
		}
	}
	return pieces
}

// remembers names the buffer in which one of the pieces is; empty: none.
func remembers(dec any, pieces [][]byte) string {
	w := walker{pieces: pieces, seen: map[unsafe.Pointer]bool{}}
	w.walk(reflect.ValueOf(dec), "the decoder")
	return w.found
}

// walker looks through everything that a value holds, also what is not exported.
type walker struct {
	pieces [][]byte
	seen   map[unsafe.Pointer]bool
	found  string
}

func (w *walker) walk(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !w.seen[v.UnsafePointer()] {
			w.seen[v.UnsafePointer()] = true
			w.walk(v.Elem(), name)
		}
	case reflect.Interface:
		if !v.IsNil() {
			w.walk(v.Elem(), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.walk(v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		if v.Cap() > 0 {
			w.list(v.Slice(0, v.Cap()), name) // what was cut off is still there
		}
	case reflect.Array:
		w.list(v, name)
	}
}

func (w *walker) list(v reflect.Value, name string) {
	if v.Type().Elem().Kind() != reflect.Uint8 {
		for i := range v.Len() {
			w.walk(v.Index(i), name)
		}
		return
	}
	if v.Len() == 0 || v.Kind() == reflect.Array && !v.CanAddr() {
		return
	}
	held := unsafe.Slice((*byte)(v.Index(0).Addr().UnsafePointer()), v.Len())
	for _, p := range w.pieces {
		if bytes.Contains(held, p) {
			w.found = name
		}
	}
}
