package hid

import (
	"slices"

	"badged/reader"
)

// The usages of the keyboard page that are no plain key (HUT, table 12).
const (
	lastError    = 0x03 // ErrorRollOver (01), POSTFail (02), ErrorUndefined (03)
	firstKey     = 0x04
	leftControl  = 0xE0 // the first of eight modifiers
	rightGUI     = 0xE7 // the last
	bootKeyboard = 8    // bytes of its report (HID 1.11, appendix B.1)
)

// reports is the layout of the input reports of an interface. The zero value is a
// boot keyboard, with or without a report id in front.
type reports struct {
	numbered bool // each report starts with its id
	list     []report
}

// report is one input report. Those without fields of keys belong to something else, such
// as a mouse.
type report struct {
	id     byte
	bits   int
	fields []field
}

// field is a run of slots of a report. Slots of an array hold the index of a key that
// is down; of a bitmap (variables) each stands for one key.
type field struct {
	offset, size, count int // of bits, bits, slots
	array               bool
	first, last         int64 // of the values that are an index
	keys                []byte
}

// boot is the report of a boot keyboard: a bit for each modifier, a byte for the maker, six
// keys.
var boot = report{bits: 8 * bootKeyboard, fields: []field{
	{offset: 0, size: 1, count: 8, keys: usages(leftControl, rightGUI)},
	{offset: 16, size: 8, count: 6, array: true, last: 0xFF, keys: usages(0, 0xFF)},
}}

func usages(first, last int) []byte {
	keys := make([]byte, last-first+1)
	for i := range keys {
		keys[i] = byte(first + i)
	}
	return keys
}

// hasKeys reports whether the report has keys that are no modifiers.
func (r report) hasKeys() bool {
	return slices.ContainsFunc(r.fields, func(f field) bool {
		return slices.ContainsFunc(f.keys, func(key byte) bool { return key >= firstKey && !isModifier(key) })
	})
}

// findReport returns the layout of the report p and its bytes without the id. The layout is nil for
// a report without keys.
func (rs reports) findReport(p []byte) (*report, []byte, reader.Why) {
	if rs.list == nil {
		if len(p) == 1+bootKeyboard {
			p = p[1:]
		}
		return &boot, p, ""
	}
	if !rs.numbered {
		return &rs.list[0], p, ""
	}
	i := slices.IndexFunc(rs.list, func(r report) bool { return r.id == p[0] })
	if i < 0 {
		return nil, nil, reader.BadFrame
	}
	if len(rs.list[i].fields) == 0 {
		return nil, nil, ""
	}
	return &rs.list[i], p[1:], ""
}

// hasLength reports whether p is as long as the report. Further bytes must be zero: some devices
// fill the packet.
func (r report) hasLength(p []byte) bool {
	n := (r.bits + 7) / 8
	return len(p) >= n && !slices.ContainsFunc(p[n:], func(b byte) bool { return b != 0 })
}

// readSlot gives the value of the i-th slot.
func (f *field) readSlot(p []byte, i int) int64 {
	var v uint64
	at := f.offset + i*f.size
	for bit := range f.size {
		n := at + bit
		v |= uint64(p[n/8]>>(n%8)&1) << bit
	}
	if f.first < 0 { // a signed field
		shift := 64 - f.size
		return int64(v<<shift) >> shift
	}
	return int64(v)
}

// keyAt returns the key that is down in the i-th slot; 0: none. It returns false for an invalid
// value, which may mean a lost character of a number.
func (f *field) keyAt(p []byte, i int) (byte, bool) {
	v := f.readSlot(p, i)
	switch {
	case f.array:
		key := f.keyOfIndex(v)
		return key, key != 0 || v == 0 || f.keyOfIndex(0) != 0
	case v == 0 || i >= len(f.keys):
		return 0, true
	}
	return f.keys[i], true
}

// keyOfIndex returns the key of an array's value. Values out of range, mostly 0, mean no key (HID
// 1.11, 6.2.2.4).
func (f *field) keyOfIndex(v int64) byte {
	if v < f.first || v > f.last || v-f.first >= int64(len(f.keys)) {
		return 0
	}
	return f.keys[v-f.first]
}
