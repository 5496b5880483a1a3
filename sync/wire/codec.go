package wire

import (
	"errors"
	"fmt"
	"reflect"

	"github.com/fxamacker/cbor/v2"
)

// The bounds of what is decoded. They hold before anything is allocated.
const (
	MaxEventBytes  = 4 << 10 // one encoded Event
	MaxPageChanges = maxItems
	maxItems       = 4096 // of one array or map
	maxNesting     = 8
)

var (
	encoder = must(encoding().EncMode())
	decoder = must(cbor.DecOptions{
		DupMapKey:        cbor.DupMapKeyEnforcedAPF,
		IndefLength:      cbor.IndefLengthForbidden,
		TagsMd:           cbor.TagsForbidden,
		MaxNestedLevels:  maxNesting,
		MaxArrayElements: maxItems,
		MaxMapPairs:      maxItems,
	}.DecMode())
)

// encoding is the core deterministic encoding of RFC 8949 §4.2.1; a nil slice or
// map is an empty one, so that null never travels.
func encoding() cbor.EncOptions {
	o := cbor.CoreDetEncOptions()
	o.NilContainers = cbor.NilContainerAsEmpty
	o.TagsMd = cbor.TagsForbidden
	return o
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

// Marshal returns the one encoding of v. Unmarshal accepts everything that Marshal returns:
// Marshal fails on a value that the schema does not allow.
func Marshal(v any) ([]byte, error) {
	b, err := encoder.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	if _, err := check(b, reflect.TypeOf(v)); err != nil {
		return nil, fmt.Errorf("encode %T: %w", v, err)
	}
	return b, nil
}

// Unmarshal decodes b into the message that v points to. It accepts only bytes that Marshal
// could have returned, with one exception: it skips keys from 0 on that this version does
// not know. It fails on a negative key that this version does not know, because that one
// must be understood, and on anything else (another length of an integer, keys out of order
// or twice, a tag, a float, null, a missing key, an optional key with zero, a wrong length
// of an id, bytes behind the end, more than MaxPageBytes), before it changes v.
func Unmarshal(b []byte, v any) error {
	_, err := decodeMessage(b, v, false)
	return err
}

// UnmarshalRow is Unmarshal for a row of a collection, which a receiver keeps even if it does
// not understand it. understood is false if the row has a negative key that this version does
// not know: then it gives no right, whatever its other keys say.
func UnmarshalRow(b []byte, v any) (understood bool, err error) {
	return decodeMessage(b, v, true)
}

func decodeMessage(b []byte, v any, row bool) (understood bool, err error) {
	t := reflect.TypeOf(v)
	if t == nil || t.Kind() != reflect.Pointer {
		return false, errors.New("decode: the target is not a pointer")
	}
	understood, err = check(b, t.Elem())
	if err == nil && !understood && !row {
		err = errStrange
	}
	if err == nil && !decodeFrequent(b, v) {
		err = decoder.Unmarshal(b, v)
	}
	if err != nil {
		return false, fmt.Errorf("decode %s: %w", t.Elem().Name(), err)
	}
	return understood, nil
}
