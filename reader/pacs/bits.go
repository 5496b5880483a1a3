package pacs

// bitString is packed bits, the first bit first; positions count from 1.
type bitString []byte

func (b bitString) bit(pos int) int { return int(b[(pos-1)/8]>>(7-(pos-1)%8)) & 1 }

func (b bitString) clear(pos int) { b[(pos-1)/8] &^= 0x80 >> ((pos - 1) % 8) }

// isUniform reports whether the first n bits are all the same.
func (b bitString) isUniform(n int) bool {
	for i := 2; i <= n; i++ {
		if b.bit(i) != b.bit(1) {
			return false
		}
	}
	return true
}

// countOnes counts the bits that are 1.
func (b bitString) countOnes(over []Range) int {
	n := 0
	eachPosition(over, func(pos int) { n += b.bit(pos) })
	return n
}

// readNumber reads a field of up to 64 bits, or of decimal digits.
func (b bitString) readNumber(f Field, bcd bool) (v uint64) {
	n := 0
	eachPosition(f, func(pos int) {
		if v = v<<1 | uint64(b.bit(pos)); bcd {
			n++
		}
	})
	if n == 0 {
		return v
	}
	digits := v
	v = 0
	for n -= 4; n >= 0; n -= 4 {
		v = 10*v + digits>>n&15
	}
	return v
}

// isDecimal reports whether all digits of a field are 0 to 9.
func (b bitString) isDecimal(f Field) bool {
	v, ok := b.readNumber(f, false), true
	for ; v != 0; v >>= 4 {
		ok = ok && v&15 <= 9
	}
	return ok
}

// toHex is the first n bits without those of none, right-aligned.
func (b bitString) toHex(n int, none []Range) string {
	const digits = "0123456789ABCDEF"
	var kept []int
	for pos := 1; pos <= n; pos++ {
		if !isWithin(none, pos) {
			kept = append(kept, b.bit(pos))
		}
	}
	out := make([]byte, 0, (len(kept)+3)/4)
	for v, left := 0, len(kept); left > 0; left-- {
		if v = v<<1 | kept[len(kept)-left]; left%4 == 1 {
			out = append(out, digits[v])
			v = 0
		}
	}
	return string(out)
}

// eachPosition visits the positions of ranges in their order.
func eachPosition(ranges []Range, visit func(pos int)) {
	for _, r := range ranges {
		step := 1
		if r.To < r.From {
			step = -1
		}
		for pos := r.From; pos != r.To+step; pos += step {
			visit(pos)
		}
	}
}

func isWithin(ranges []Range, pos int) bool {
	for _, r := range ranges {
		if min(r.From, r.To) <= pos && pos <= max(r.From, r.To) {
			return true
		}
	}
	return false
}

func countPositions(ranges []Range) int {
	n := 0
	eachPosition(ranges, func(int) { n++ })
	return n
}
