package wire

import (
	"fmt"
	"reflect"
	"slices"
	"sort"
	"strconv"
	"strings"
	"sync"
)

// form is the form that a CBOR item has.
type form uint8

const (
	anything form = iota
	unsigned
	integer
	text
	octets
	boolean
	list
	table  // a map with values of one shape
	record // a map with a fixed meaning for each key
)

// shape is what the schema allows for one Go type. check compares messages with it, and a
// test compares the CDDL with it.
type shape struct {
	form   form
	filled bool    // the zero value is left out
	name   string  // of a record, an enumeration or a kind of octets
	size   int     // octets: exact length, 0: any
	key    *shape  // table
	elem   *shape  // list, table
	fields []field // record, by rank
}

// field is one key of a record. Fields are sorted by rank, which follows the bytes of
// their keys: 0, 1, 2 ... and then -1, -2 ...
type field struct {
	rank     uint64
	name     string
	optional bool
	shape    *shape
}

// negative is added to the ranks of negative keys.
const negative = 1 << 63

func rankOf(key int64) uint64 {
	if key < 0 {
		return negative | uint64(-1-key)
	}
	return uint64(key)
}

func (f field) key() int64 {
	if f.rank >= negative {
		return -1 - int64(f.rank-negative)
	}
	return int64(f.rank)
}

var free = &shape{form: anything}

var shapes sync.Map // reflect.Type → *shape

// shapeOf returns the shape of a message type. It panics on a type that the protocol has no
// form for, which is a mistake in this package.
func shapeOf(t reflect.Type) *shape {
	if s, ok := shapes.Load(t); ok {
		return s.(*shape)
	}
	s := newShape(t)
	shapes.Store(t, s)
	return s
}

func newShape(t reflect.Type) *shape {
	switch t.Kind() {
	case reflect.Pointer:
		return shapeOf(t.Elem())
	case reflect.Bool:
		return &shape{form: boolean}
	case reflect.Uint64:
		return newUnsigned(t)
	case reflect.Int64:
		return &shape{form: integer}
	case reflect.String:
		return &shape{form: text}
	case reflect.Array:
		return &shape{form: octets, name: t.Name(), size: t.Len()}
	case reflect.Slice:
		if t.Elem().Kind() == reflect.Uint8 {
			return &shape{form: octets}
		}
		return &shape{form: list, elem: shapeOf(t.Elem())}
	case reflect.Map:
		return &shape{form: table, key: shapeOf(t.Key()), elem: shapeOf(t.Elem())}
	case reflect.Struct:
		return newRecord(t)
	default:
		panic(fmt.Sprintf("wire: no form for %s", t))
	}
}

// newUnsigned is a number, or an enumeration if its type has a name.
func newUnsigned(t reflect.Type) *shape {
	s := &shape{form: unsigned}
	if t != reflect.TypeFor[uint64]() {
		s.name = t.Name()
	}
	return s
}

func newRecord(t reflect.Type) *shape {
	s := &shape{form: record, name: t.Name()}
	for i := range t.NumField() {
		s.fields = append(s.fields, newField(t.Field(i)))
	}
	sort.Slice(s.fields, func(i, j int) bool { return s.fields[i].rank < s.fields[j].rank })
	return s
}

// newField reads the tags of a field: cbor:"KEY,keyasint[,omitempty]" and, where a
// slice has a fixed length, size:"BYTES".
func newField(f reflect.StructField) field {
	parts := strings.Split(f.Tag.Get("cbor"), ",")
	key, err := strconv.ParseInt(parts[0], 10, 8)
	if err != nil || !slices.Contains(parts, "keyasint") {
		panic(fmt.Sprintf("wire: field %s has no integer key", f.Name))
	}
	s := *shapeOf(f.Type)
	s.filled = slices.Contains(parts, "omitempty")
	if n, err := strconv.Atoi(f.Tag.Get("size")); err == nil {
		s.size = n
	}
	return field{rankOf(key), f.Name, s.filled, &s}
}
