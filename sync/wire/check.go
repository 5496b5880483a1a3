package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"reflect"
	"unicode/utf8"
)

// The major types of CBOR, RFC 8949 §3.1.
const (
	majorUint   = 0
	majorNegint = 1
	majorBytes  = 2
	majorText   = 3
	majorArray  = 4
	majorMap    = 5
	majorSimple = 7
)

var (
	errShort     = errors.New("cut short")
	errLong      = errors.New("bytes behind the end")
	errHead      = errors.New("not the shortest form, or of indefinite length")
	errOrder     = errors.New("keys out of order or twice")
	errMany      = errors.New("too many items")
	errDeep      = errors.New("nested too deeply")
	errForm      = errors.New("not of the form that the schema asks for")
	errSize      = errors.New("not of the length that the schema asks for")
	errForbidden = errors.New("tags, floats, null and undefined are not part of the protocol")
	errUTF8      = errors.New("text is not UTF-8")
	errZero      = errors.New("a zero that the schema leaves out")
	errMissing   = errors.New("missing")
	errStrange   = errors.New("it has a negative key, which must be understood, and this version does not know it: update the program")
)

// check fails unless b is one whole message in the deterministic encoding and in the shape
// of its type. It allocates nothing unless it fails. understood is false if there is a
// negative key that the type does not have.
func check(b []byte, t reflect.Type) (understood bool, err error) {
	if len(b) > MaxPageBytes {
		return false, fmt.Errorf("%d bytes, at most %d", len(b), MaxPageBytes)
	}
	c := checker{b: b}
	if err := c.checkItem(shapeOf(t), 0); err != nil {
		return false, fmt.Errorf("at byte %d: %w", c.i, err)
	}
	if c.i != len(b) {
		return false, fmt.Errorf("at byte %d: %w", c.i, errLong)
	}
	return !c.strange, nil
}

// itemLen is the length of the first item of b, which must be in the deterministic
// encoding.
func itemLen(b []byte) (int, error) {
	c := checker{b: b}
	err := c.checkItem(free, 0)
	return c.i, err
}

// checker walks over an encoding.
type checker struct {
	b       []byte
	i       int
	strange bool // a negative key was met that the record does not have
}

// readHead reads a major type and its argument, in the shortest form only.
func (c *checker) readHead() (major byte, arg uint64, err error) {
	if c.i >= len(c.b) {
		return 0, 0, errShort
	}
	first := c.b[c.i]
	c.i++
	major, arg = first>>5, uint64(first&31)
	if arg < 24 {
		return major, arg, nil
	}
	if arg > 27 {
		return 0, 0, errHead
	}
	arg, err = c.readArgument(1 << (arg - 24))
	return major, arg, err
}

// readArgument reads an argument of n bytes. It fails if the argument would fit in fewer.
func (c *checker) readArgument(n int) (arg uint64, err error) {
	if len(c.b)-c.i < n {
		return 0, errShort
	}
	var full [8]byte
	copy(full[8-n:], c.b[c.i:c.i+n])
	c.i += n
	arg = binary.BigEndian.Uint64(full[:])
	if n == 1 && arg < 24 || n > 1 && arg>>(4*n) == 0 {
		return 0, errHead
	}
	return arg, nil
}

func (c *checker) checkItem(s *shape, depth int) error {
	major, arg, err := c.readHead()
	if err != nil {
		return err
	}
	if !s.allows(major) {
		return errForm
	}
	if s.filled && isZero(major, arg) {
		return errZero
	}
	switch major {
	case majorUint, majorNegint:
		if s.form == integer && arg > 1<<63-1 {
			return errForm
		}
		return nil
	case majorBytes, majorText:
		return c.checkString(s, major, arg)
	case majorArray:
		return c.checkArray(s, arg, depth+1)
	case majorMap:
		return c.checkPairs(s, arg, depth+1)
	case majorSimple:
		if arg == 20 || arg == 21 {
			return nil
		}
	}
	return errForbidden
}

// allows reports whether an item of that major type can have the shape.
func (s *shape) allows(major byte) bool {
	switch s.form {
	case unsigned:
		return major == majorUint
	case integer:
		return major == majorUint || major == majorNegint
	case text:
		return major == majorText
	case octets:
		return major == majorBytes
	case boolean:
		return major == majorSimple
	case list:
		return major == majorArray
	case table, record:
		return major == majorMap
	default:
		return true
	}
}

// isZero reports whether an item is 0, empty or false.
func isZero(major byte, arg uint64) bool {
	if major == majorSimple {
		return arg == 20
	}
	return arg == 0 && major != majorNegint
}

func (c *checker) checkString(s *shape, major byte, n uint64) error {
	if n > uint64(len(c.b)-c.i) {
		return errShort
	}
	if s.size > 0 && n != uint64(s.size) {
		return errSize
	}
	body := c.b[c.i : c.i+int(n)]
	if major == majorText && !utf8.Valid(body) {
		return errUTF8
	}
	c.i += int(n)
	return nil
}

func (c *checker) checkArray(s *shape, n uint64, depth int) error {
	if err := c.checkRoom(n, depth); err != nil {
		return err
	}
	elem := free
	if s.form == list {
		elem = s.elem
	}
	for range n {
		if err := c.checkItem(elem, depth); err != nil {
			return err
		}
	}
	return nil
}

func (c *checker) checkRoom(n uint64, depth int) error {
	switch {
	case depth > maxNesting:
		return errDeep
	case n > maxItems:
		return errMany
	case n > uint64(len(c.b)-c.i):
		return errShort
	}
	return nil
}

// checkPairs checks a map of n pairs. The bytes of its keys must ascend.
func (c *checker) checkPairs(s *shape, n uint64, depth int) error {
	if err := c.checkRoom(n, depth); err != nil {
		return err
	}
	var last []byte
	fields := s.fields
	for range n {
		start := c.i
		value, err := c.readKey(s, &fields, depth)
		if err != nil {
			return err
		}
		key := c.b[start:c.i]
		if last != nil && bytes.Compare(last, key) >= 0 {
			return errOrder
		}
		last = key
		if err := c.checkItem(value, depth); err != nil {
			return err
		}
	}
	return checkMissing(fields)
}

// readKey reads one key and returns the shape of its value. In a record it advances fields
// to the one after that which the key names.
func (c *checker) readKey(s *shape, fields *[]field, depth int) (*shape, error) {
	switch s.form {
	case record:
		return c.readRecordKey(fields)
	case table:
		return s.elem, c.checkItem(s.key, depth)
	default:
		return free, c.checkItem(free, depth)
	}
}

func (c *checker) readRecordKey(fields *[]field) (*shape, error) {
	major, arg, err := c.readHead()
	if err != nil {
		return nil, err
	}
	if major != majorUint && major != majorNegint || arg > 1<<63-1 {
		return nil, errForm
	}
	rank := arg
	if major == majorNegint {
		rank |= negative
	}
	f := *fields
	for len(f) > 0 && f[0].rank < rank && f[0].optional {
		f = f[1:]
	}
	*fields = f
	if len(f) == 0 || f[0].rank > rank {
		c.strange = c.strange || major == majorNegint
		return free, nil
	}
	if f[0].rank < rank {
		return nil, fmt.Errorf("key %d %w", f[0].key(), errMissing)
	}
	*fields = f[1:]
	return f[0].shape, nil
}

// checkMissing fails if one of the fields that were not read is required.
func checkMissing(fields []field) error {
	for _, f := range fields {
		if !f.optional {
			return fmt.Errorf("key %d %w", f.key(), errMissing)
		}
	}
	return nil
}
