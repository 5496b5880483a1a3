package hid

import "badged/reader"

// set is a set of keys.
type set [4]uint64

func (s *set) add(key byte)     { s[key/64] |= 1 << (key % 64) }
func (s set) has(key byte) bool { return s[key/64]>>(key%64)&1 == 1 }
func (s set) modifiers() byte   { return byte(s[leftControl/64] >> (leftControl % 64)) }

// withoutModifiers is the set without modifiers.
func (s set) withoutModifiers() set {
	s[leftControl/64] &^= 0xFF << (leftControl % 64)
	return s
}

func (s set) intersects(t set) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

func isModifier(key byte) bool { return key >= leftControl && key <= rightGUI }

// strokes is the change that a report shows: the keys that went down, in their order, and the
// modifiers that are down now.
type strokes struct {
	pressed []byte
	mods    byte
	changed bool // something was pressed or released
	again   bool // a key is down that was down before
	why     reader.Why
}

// board tracks which keys are down, from the reports.
type board struct {
	reports reports
	codes   bool         // characters are typed as codes, with Alt down
	down    map[byte]set // by report id
	pressed []byte       // room for strokes
}

func newBoard(rs reports, l Layout) board {
	return board{reports: rs, codes: l == Alt, down: make(map[byte]set, len(rs.list)+1)}
}

// releaseKeys forgets which keys are down.
func (b *board) releaseKeys() { clear(b.down) }

// readReport decodes a report. It returns false for one without keys. An unreadable report does not
// change which keys count as down.
func (b *board) readReport(p []byte) (strokes, bool) {
	if len(p) == 0 {
		return strokes{}, false
	}
	r, p, why := b.reports.findReport(p)
	switch {
	case why != "":
		return strokes{why: why}, true
	case r == nil:
		return strokes{}, false
	case !r.hasLength(p):
		return strokes{why: reader.BadLength}, true
	}
	return b.compareKeys(r, p), true
}

// compareKeys finds what changed since the last report with the same id. The order of an array is
// the order of its new keys; new keys of a bitmap have no order, so there may only be one.
//
// A key twice in an array, an invalid value, and the error usages mean that keys were lost.
// Only within an Alt code does a key twice in an array mean two presses.
func (b *board) compareKeys(r *report, p []byte) strokes {
	was := b.down[r.id]
	var now set
	clear(b.pressed[:cap(b.pressed)]) // the keys of the last report may be part of a badge
	s := strokes{pressed: b.pressed[:0]}
	unordered, doubled := false, false
	for n := range r.fields {
		f := &r.fields[n]
		var said set
		for i := range f.count {
			key, ok := f.keyAt(p, i)
			switch {
			case key == 0 && ok:
				continue
			case key <= lastError:
				return strokes{why: reader.BadFrame}
			case f.array && said.has(key):
				doubled = true
				s.pressed = append(s.pressed, key)
			case !isModifier(key) && !was.has(key) && !now.has(key):
				s.pressed = append(s.pressed, key)
				unordered = unordered || !f.array
			}
			said.add(key)
			now.add(key)
		}
	}
	if doubled && !(b.codes && now.modifiers()&(modLeftAlt|modAltGr) != 0) {
		return strokes{why: reader.BadFrame}
	}
	b.down[r.id], b.pressed = now, s.pressed
	s.changed, s.again = now != was, now.withoutModifiers().intersects(was.withoutModifiers())
	s.mods = b.modifiers()
	if unordered && len(s.pressed) > 1 {
		s.why = reader.BadFrame
	}
	return s
}

// modifiers are those that are down in any report.
func (b *board) modifiers() byte {
	var mods byte
	for _, keys := range b.down {
		mods |= keys.modifiers()
	}
	return mods
}
