package hid

import "badged/reader"

// set is a set of keys.
type set [4]uint64

func (s *set) add(key byte)     { s[key/64] |= 1 << (key % 64) }
func (s set) has(key byte) bool { return s[key/64]>>(key%64)&1 == 1 }
func (s set) modifiers() byte   { return byte(s[leftControl/64] >> (leftControl % 64)) }

// keys is the set without modifiers.
func (s set) keys() set {
	s[leftControl/64] &^= 0xFF << (leftControl % 64)
	return s
}

func (s set) meets(t set) bool {
	for i := range s {
		if s[i]&t[i] != 0 {
			return true
		}
	}
	return false
}

func modifier(key byte) bool { return key >= leftControl && key <= rightGUI }

// strokes is what a report says of the keyboard: which keys it found down that were up, in
// their order, and which modifiers are down now.
type strokes struct {
	pressed []byte
	mods    byte
	changed bool // something was pressed or released
	again   bool // a key is down that was down before
	why     reader.Why
}

// board is the keyboard as its reports tell it.
type board struct {
	reports reports
	codes   bool         // characters are typed as codes, with Alt down
	down    map[byte]set // by report id
	pressed []byte       // room for strokes
}

func newBoard(rs reports, l Layout) board {
	return board{reports: rs, codes: l == Alt, down: make(map[byte]set, len(rs.list)+1)}
}

// release forgets which keys are down.
func (b *board) release() { clear(b.down) }

// read takes a report. It tells false for one that is not of a keyboard. A report that
// cannot be read changes nothing of what is known to be down.
func (b *board) read(p []byte) (strokes, bool) {
	if len(p) == 0 {
		return strokes{}, false
	}
	r, p, why := b.reports.find(p)
	switch {
	case why != "":
		return strokes{why: why}, true
	case r == nil:
		return strokes{}, false
	case !r.fits(p):
		return strokes{why: reader.BadLength}, true
	}
	return b.compare(r, p), true
}

// compare finds what changed since the last report with the same id. The keys of an array
// are new in its order; new keys of a bitmap have none, so there may only be one.
//
// A key that an array says twice, a value that stands for none, and the error usages mean that
// keys were lost. Only within a code is a key that is said twice pressed twice.
func (b *board) compare(r *report, p []byte) strokes {
	was := b.down[r.id]
	var now set
	clear(b.pressed[:cap(b.pressed)]) // keys of the report before, which are part of a badge
	s := strokes{pressed: b.pressed[:0]}
	unordered, doubled := false, false
	for n := range r.fields {
		f := &r.fields[n]
		var said set
		for i := range f.count {
			key, ok := f.key(p, i)
			switch {
			case key == 0 && ok:
				continue
			case key <= lastError:
				return strokes{why: reader.BadFrame}
			case f.array && said.has(key):
				doubled = true
				s.pressed = append(s.pressed, key)
			case !modifier(key) && !was.has(key) && !now.has(key):
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
	s.changed, s.again = now != was, now.keys().meets(was.keys())
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
