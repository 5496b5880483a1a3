package reader

// HexDigit gives the value of an upper-case hex digit. Lower-case ones are none: readers
// do not send them, and one flipped bit makes them of good ones.
func HexDigit(b byte) (value byte, ok bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}
