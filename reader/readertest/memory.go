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

// checkMemory checks that a decoder wipes a badge that it has emitted: none of its buffers holds
// the bytes of the frame or the content of the card after the frame.
func (c Contract) checkMemory(t *testing.T) {
	s := c.newSession()
	for i, frame := range c.Frames {
		told := len(s.events)
		s.feedFrame(frame)
		for _, e := range s.events[told:] {
			if e.Kind != reader.KindCard {
				continue
			}
			if where := findRemembered(s.dec, secretPieces(frame, e.Card)); where != "" {
				t.Errorf("after frame %d the decoder still has its badge in %s", i, where)
			}
		}
	}
}

// secretPieces returns the pieces of the frame and of the card's content.
func secretPieces(frame []byte, c reader.Card) (pieces [][]byte) {
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

// findRemembered names the buffer that contains one of the pieces; empty: none.
func findRemembered(dec any, pieces [][]byte) string {
	w := walker{pieces: pieces, seen: map[unsafe.Pointer]bool{}}
	w.searchValue(reflect.ValueOf(dec), "the decoder")
	return w.found
}

// walker looks through everything that a value holds, also what is not exported.
type walker struct {
	pieces [][]byte
	seen   map[unsafe.Pointer]bool
	found  string
}

func (w *walker) searchValue(v reflect.Value, name string) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() && !w.seen[v.UnsafePointer()] {
			w.seen[v.UnsafePointer()] = true
			w.searchValue(v.Elem(), name)
		}
	case reflect.Interface:
		if !v.IsNil() {
			w.searchValue(v.Elem(), name)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			w.searchValue(v.Field(i), name+"."+v.Type().Field(i).Name)
		}
	case reflect.Slice:
		if v.Cap() > 0 {
			w.searchList(v.Slice(0, v.Cap()), name) // what was cut off is still there
		}
	case reflect.Array:
		w.searchList(v, name)
	}
}

func (w *walker) searchList(v reflect.Value, name string) {
	if v.Type().Elem().Kind() != reflect.Uint8 {
		for i := range v.Len() {
			w.searchValue(v.Index(i), name)
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
