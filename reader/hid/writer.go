package hid

// maxCode is the digits of the longest code of a character: 0255.
const maxCode = 4

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

// write tells put the symbols that the strokes type.
func (w *writer) write(s strokes, put func(symbol)) {
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
		put(w.character())
	}
	w.alt = alt
	for _, key := range s.pressed {
		put(w.codeKey(key))
	}
}

// character ends the code.
func (w *writer) character() symbol {
	code, n := w.code, w.n
	w.code, w.n = 0, 0
	switch {
	case n > maxCode:
		return bad
	case code == '\r' || code == '\n':
		return enter
	case code == '\t':
		return tab
	case code < ' ' || code > '~':
		return bad
	}
	return symbol(code)
}

func (w *writer) codeKey(key byte) symbol {
	switch {
	case key == keyCapsLock, key == keyScroll, key == keyNumLock:
		return none
	case !w.alt && (key == keyEnter || key == padEnter):
		return enter
	case !w.alt && key == keyTab:
		return tab
	case !w.alt || key < padOne || key > padZero:
		return bad
	}
	w.code, w.n = 10*w.code+int(key-padOne+1)%10, w.n+1
	return part
}

// reset forgets a code that was begun.
func (w *writer) reset() { w.code, w.n = 0, 0 }
