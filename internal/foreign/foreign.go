// Package foreign makes text of somebody else's fit for a person's terminal: of a badge
// holder's name, a device, an event, an error, nothing but visible characters remains.
// Control characters could move the cursor, change what stands there or what a key types,
// and characters of direction could turn the text around.
package foreign

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"reflect"
	"strings"
	"unicode"
	"unicode/utf16"
	"unicode/utf8"
)

// Line gives s as one line: what cannot be seen is written as \n, \x1b or \u202e.
func Line(s string) string { return escape(s, "") }

// Text is Line for a text of several lines, such as an error: its line feeds stay.
func Text(s string) string { return escape(s, "\n") }

func escape(s, keep string) string {
	if strings.IndexFunc(s, func(r rune) bool { return hidden(r) || r == utf8.RuneError }) < 0 {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, n := utf8.DecodeRuneInString(s[i:])
		switch {
		case r == utf8.RuneError && n == 1:
			fmt.Fprintf(&b, `\x%02x`, s[i])
		case strings.ContainsRune(keep, r) || !hidden(r):
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r < 0x80:
			fmt.Fprintf(&b, `\x%02x`, r)
		case r < 0x10000:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			fmt.Fprintf(&b, `\U%08x`, r)
		}
		i += n
	}
	return b.String()
}

// hidden reports whether nobody sees the character: controls, formats, directions, line
// and paragraph separators, and what Unicode has not assigned.
func hidden(r rune) bool { return !unicode.IsGraphic(r) }

// Clean makes a Line of every string in what v points to: in fields, slices and maps.
func Clean(v any) { clean(reflect.ValueOf(v).Elem()) }

func clean(v reflect.Value) {
	switch v.Kind() {
	case reflect.String:
		if v.CanSet() {
			v.SetString(Line(v.String()))
		}
	case reflect.Pointer:
		if !v.IsNil() {
			clean(v.Elem())
		}
	case reflect.Slice, reflect.Array:
		for i := range v.Len() {
			clean(v.Index(i))
		}
	case reflect.Struct:
		for i := range v.NumField() {
			if v.Type().Field(i).IsExported() {
				clean(v.Field(i))
			}
		}
	case reflect.Map:
		cleanMap(v)
	}
}

func cleanMap(m reflect.Value) {
	for _, key := range m.MapKeys() {
		k, e := reflect.New(key.Type()).Elem(), reflect.New(m.Type().Elem()).Elem()
		k.Set(key)
		e.Set(m.MapIndex(key))
		clean(k)
		clean(e)
		m.SetMapIndex(key, reflect.Value{})
		m.SetMapIndex(k, e)
	}
}

// JSON writes v as one line of JSON in which the strings mean what they mean, and a
// terminal that shows it gets visible characters only.
func JSON(w io.Writer, v any) error {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // a person reads it: & is &
	if err := e.Encode(v); err != nil {
		return err
	}
	_, err := JSONLines(w).Write(b.Bytes())
	return err
}

// JSONLines gives a writer of whole lines of JSON that does so with what another encoder
// made: a log, say.
func JSONLines(w io.Writer) io.Writer { return jsonLines{w} }

type jsonLines struct{ w io.Writer }

// Write implements io.Writer. What is hidden stands in strings only, but for line feeds.
func (j jsonLines) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p))
	for _, r := range string(p) {
		switch {
		case r == '\n' || !hidden(r):
			out = utf8.AppendRune(out, r)
		case r < 0x10000:
			out = fmt.Appendf(out, `\u%04x`, r)
		default:
			hi, lo := utf16.EncodeRune(r)
			out = fmt.Appendf(out, `\u%04x\u%04x`, hi, lo)
		}
	}
	if _, err := j.w.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
