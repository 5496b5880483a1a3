package reader

// HexDigit returns the value of an upper-case hex digit. It refuses lower-case digits:
// readers do not send them, and one flipped bit turns an upper-case digit into one.
func HexDigit(b byte) (value byte, ok bool) {
	switch {
	case '0' <= b && b <= '9':
		return b - '0', true
	case 'A' <= b && b <= 'F':
		return b - 'A' + 10, true
	}
	return 0, false
}
