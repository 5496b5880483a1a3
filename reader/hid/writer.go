package hid

// maxCode is the digits of the longest code of a character: 0255.
const maxCode = 4

// del is the control character behind ~.
const del = 0x7F

// writer turns strokes into characters.
//
// For the layout alt it collects a code while an Alt key is down:
//
//	         Alt down                 keypad digit: another digit
//	(direct) ---------------> (code) --------------------------+
//	   ^                       |   ^                           |
//	   +-----------------------+   +---------------------------+
//	     Alt up: the character
//
// 48 and 048 are both the digit 0: code pages differ above 126 only. Sources: Windows'
// «Alt codes»; MagTek, «USB KB SureSwipe & USB KB Swipe Reader», 99875206, «ALT ASCII code».
type writer struct {
	table *table // nil: alt
	alt   bool   // an Alt key is down
	code  int
	n     int // digits of the code
}

func newWriter(l Layout) writer { return writer{table: tables[l]} }

// writeStrokes calls put with each symbol that the strokes type.
func (w *writer) writeStrokes(s strokes, put func(symbol)) {
	if w.table == nil {
		w.writeCodes(s, put)
		return
	}
	for _, key := range s.pressed {
		put(w.table.symbol(key, s.mods))
	}
}

func (w *writer) writeCodes(s strokes, put func(symbol)) {
	alt := s.mods&(modLeftAlt|modAltGr) != 0
	if w.alt && !alt && w.n > 0 {
		put(w.endCode())
	}
	w.alt = alt
	for _, key := range s.pressed {
		put(w.codeKey(key, s.mods))
	}
}

// endCode ends a code and returns its character.
func (w *writer) endCode() symbol {
	code, n := w.code, w.n
	w.code, w.n = 0, 0
	switch {
	case n > maxCode:
		return bad
	case code == '\r' || code == '\n':
		return enter
	case code == '\t':
		return tab
	case code < ' ' || code == del:
		return command
	case code > '~':
		return bad
	}
	return symbol(code)
}

func (w *writer) codeKey(key, mods byte) symbol {
	digit := key >= padOne && key <= padZero
	if !w.alt || !digit {
		return w.classifyKey(key, mods)
	}
	w.code, w.n = 10*w.code+int(key-padOne+1)%10, w.n+1
	return part
}

// classifyKey classifies a key that is no digit of a code: an end, a command, or else bad. Within a
// code, and with Alt down, it is bad because it may stand for a lost digit.
func (w *writer) classifyKey(key, mods byte) symbol {
	s := tables[US].symbol(key, mods)
	switch {
	case s == none:
		return none
	case w.n > 0, w.alt && !isCommandKey(key):
		return bad
	case s == command, s == enter, s == tab:
		return s
	}
	return bad
}

// dropCode drops an unfinished code.
func (w *writer) dropCode() { w.code, w.n = 0, 0 }
