// Package dump reads what people paste: bytes as terminals, hex viewers and logs print them, and
// the bits of Wiegand frames, as 0 and 1 or in hex with their length.
//
//	0236324533   02 36 32 45 33   02:36:32   02-36-32   0x02, 0x36   \x02\x36   {0x02,0x36}
//	"\x0262E3"   b'\x0262E3'                         text with escapes, as C, Go and Python print it
//	00000000: 0236 3245 33        .62E3              xxd
//	00000000  02 36 32 45 33      |.62E3|            hexdump -C
//	0000000 02 36 32 45                              od -tx1, also with -A x
//	uint8_t x[] = {0x02, 0x36};  Received 2 bytes: 02 36   [2]: 02 36
//	\x0262E3\x03   <STX>62E3<ETX>   <0x02>62E3   ^B62E3^C  text with control characters, as terminals print it
//	... [uart_debug:158]: <<< 02:36:32               ESPHome; 12:00:01.123 -> 02 36 32: Arduino
//
//	1000 1011 0011 0101 0001 1011 10                 bits in groups; x: an edge was lost
//	22CD46E, 26 bits   26 bits: 22CD46E   22CD46E:26   26,22CD46E   22CD46E with -o bits=26
//	received 26-bit value: 22cd46e                   ESPHome
//	raw: 0000000000000020062CD46E                   proxmark3, lf hid reader
//
// Errors never show the pasted text: it may be a badge.
package dump

import (
	"encoding/hex"
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// ErrHex is the error of a line of bytes that cannot be read.
var ErrHex = errors.New("not hex: bytes are pairs of the digits 0 to 9 and A to F; blanks, colons, dashes, commas and 0x between them are nothing: write 02 36 32; write a text as \"\\x0262\\x03\"")

// The parts of a line that are not bytes.
var (
	clock    = regexp.MustCompile(`^(?:\[\d\d:\d\d:\d\d(?:[.,]\d+)?\]|\d\d:\d\d:\d\d[.,]\d{3,6})\s+`) // when
	logged   = regexp.MustCompile(`(?i)^.*(?:<<<|->|\b(?:rx|recv|received)\b:?\s)\s*`)                // of a log: when and where
	counted  = regexp.MustCompile(`(?i)^.*(?:\b\d+\s*bytes?\b[^:]*|[\[(]\d+[\])]\s*):\s*`)            // how many bytes
	prefixes = regexp.MustCompile(`(?i)(^|[^0-9a-f])0x|\\x`)                                          // of each byte
	suffixes = regexp.MustCompile(`(?i)([0-9a-f])h\b`)
	between  = regexp.MustCompile("[\\s:,;.|_$%<>{}()\\[\\]\"'`-]+") // bytes
)

// Bytes reads a line of bytes as people paste them.
func Bytes(line string) ([]byte, error) { return new(Reader).Bytes(line) }

// withoutLog removes what a log prints in front of bytes.
func withoutLog(line string) string {
	for _, re := range []*regexp.Regexp{clock, counted, logged} {
		line = strings.TrimSpace(re.ReplaceAllString(line, ""))
	}
	return line
}

// parseBytes reads the part of a line after the offset of a hex viewer, or a line without an offset.
func parseBytes(text string) ([]byte, error) {
	text, err := cutAssignment(text)
	if err != nil {
		return nil, err
	}
	if b, ok, err := parseText(text); ok {
		return b, err
	}
	b, err := hex.DecodeString(joinDigits(text, true))
	if err != nil {
		return nil, ErrHex
	}
	return b, nil
}

// joinDigits joins the hex digits of a text. A single digit becomes a byte if bytes is set, and
// after 0x always.
func joinDigits(text string, bytes bool) string {
	marked := prefixes.MatchString(text)
	text = suffixes.ReplaceAllString(prefixes.ReplaceAllString(text, "$1 "), "$1 ")
	tokens := strings.Fields(between.ReplaceAllString(text, " "))
	for i, token := range tokens {
		if len(token)%2 == 1 && (marked && len(tokens) > 1 || bytes && (marked || len(token) == 1)) {
			tokens[i] = "0" + token
		}
	}
	return strings.Join(tokens, "")
}

// The ways in which people write how many bits a frame has.
var lengths = []*regexp.Regexp{
	regexp.MustCompile(`(?i)\b(\d{1,3})[\s-]*bits?\b`),
	regexp.MustCompile(`(?i)\b(?:n?bits?|len|length)["\s]*[:=]\s*(\d{1,3})\b`),
}

// pairs match a frame and its length without a word that says which is which.
var pairs = []*regexp.Regexp{
	regexp.MustCompile(`^(?:0x)?(?P<frame>[0-9A-Fa-f]+)h?[\s:/,;(]+(?P<bits>\d{1,3})\)?$`),
	regexp.MustCompile(`^\(?(?P<bits>\d{1,3})[\s:/,;)]+(?:0x)?(?P<frame>[0-9A-Fa-f]+)h?$`),
}

var (
	proxmark = regexp.MustCompile(`(?i)^.*\braw:?\s+([0-9a-f]{10,24})$`)
	labelled = regexp.MustCompile(`(?i)\b(?:hex|value|raw|data|code)["\s]*[:=\s]\s*"?([0-9a-fx :_-]+)`)
	decoded  = regexp.MustCompile(`(?i)^[^"]*\b(?:facility|site|user|company|fc)\b[\s_]*(?:code|number|id)?\s*[:=]`)
	groups   = regexp.MustCompile("[\\s:,;_.|()\\[\\]\"'`-]+")
)

// Edges reads a Wiegand frame and returns '0', '1' and, where an edge was lost, 'x'. bits is
// the length of a frame in hex that does not name its own; 0: it must.
func Edges(line string, bits int) ([]byte, error) {
	text := strings.TrimSpace(logged.ReplaceAllString(line, ""))
	if m := proxmark.FindStringSubmatch(text); m != nil {
		return parseProx(m[1])
	}
	if frame, ok := cutPair(text); ok && bits == 0 {
		return frame, nil
	}
	text, said, err := cutLength(text)
	if err != nil {
		return nil, err
	}
	if said > 0 {
		bits = said
	}
	if decoded.MatchString(text) {
		return nil, errDecoded
	}
	if m := labelled.FindStringSubmatch(text); m != nil {
		text = m[1]
	}
	plain := strings.TrimSuffix(strings.TrimPrefix(groups.ReplaceAllString(text, ""), "0b"), "b")
	if strings.Trim(plain, "01x") == "" && (bits == 0 || len(plain) == bits) {
		return []byte(plain), nil
	}
	if bits == 0 {
		return nil, errNoLength
	}
	return unpackBits(joinDigits(text, false), bits)
}

var errNoLength = errors.New("a frame is 0 and 1; in hex it needs its length: write 22CD46E, 26 bits, or add -o bits=26")

var errDecoded = errors.New("a facility and a number are what a frame says, and no frame: paste its bits, or its hex with its length")

// cutLength removes the length from a line and returns it; 0: there is none.
func cutLength(text string) (rest string, bits int, err error) {
	for _, re := range lengths {
		m := re.FindStringSubmatchIndex(text)
		if m == nil {
			continue
		}
		if bits, err = strconv.Atoi(text[m[2]:m[3]]); err != nil || bits < 1 || bits > MaxBits {
			return "", 0, fmt.Errorf("a frame has 1 to %d bits", MaxBits)
		}
		return strings.TrimRight(text[:m[0]], "([,; \t") + " " + strings.TrimLeft(text[m[1]:], ")]:,; \t"), bits, nil
	}
	return text, 0, nil
}

// cutPair reads a frame with its length behind it or in front of it. It refuses a length that
// does not fit the digits: 8B351B:80 is bytes.
func cutPair(text string) (frame []byte, ok bool) {
	for _, re := range pairs {
		m := re.FindStringSubmatch(text)
		if m == nil {
			continue
		}
		written := m[re.SubexpIndex("frame")]
		bits, err := strconv.Atoi(m[re.SubexpIndex("bits")])
		switch {
		case err != nil || bits < 1 || bits > MaxBits:
		case strings.Trim(written, "01") == "": // bits, perhaps in two groups
			return []byte(written), len(written) == bits
		case len(written) >= (bits+3)/4 && len(written) <= (bits+7)/8*2:
			frame, err = unpackBits(written, bits)
			return frame, err == nil
		}
	}
	return nil, false
}

// MaxBits is the length of the longest frame.
const MaxBits = 256

// unpackBits returns the bits of hex digits. They stand at the right, as in a number, or at the
// left with zeros behind them up to the byte, as badgectl prints them.
func unpackBits(digits string, bits int) ([]byte, error) {
	var all strings.Builder
	for i := range len(digits) {
		v, err := strconv.ParseUint(digits[i:i+1], 16, 4)
		if err != nil {
			return nil, errors.New("not hex, and not 0 and 1")
		}
		fmt.Fprintf(&all, "%04b", v)
	}
	s := all.String()
	right, fitsRight := lastBits(s, bits)
	left, fitsLeft := "", len(s) == (bits+7)/8*8
	if fitsLeft {
		left, fitsLeft = s[:bits], strings.Trim(s[bits:], "0") == ""
	}
	switch {
	case fitsRight && fitsLeft && left != right:
		return nil, fmt.Errorf("%d bits may stand at the left or at the right of these digits: write them as 0 and 1", bits)
	case fitsRight:
		return []byte(right), nil
	case fitsLeft:
		return []byte(left), nil
	}
	return nil, fmt.Errorf("these digits are no frame of %d bits", bits)
}

// lastBits returns the last bits of s, with zeros in front if s is shorter. It fails if a bit in
// front of them is 1.
func lastBits(s string, bits int) (string, bool) {
	s = strings.TrimLeft(s, "0")
	if len(s) > bits {
		return "", false
	}
	return strings.Repeat("0", bits-len(s)) + s, true
}

// parseProx returns the frame in the 44 bits of an HID Prox badge. If bit 37 is set, a second set
// bit marks the start of the frame; otherwise the frame has 37 bits.
//
// Source: proxmark3, client/src/cmdlfhid.c and wiegand_formatutils.c.
func parseProx(digits string) ([]byte, error) {
	const whole = 37
	v, err := strconv.ParseUint(strings.TrimLeft(digits, "0"), 16, 64)
	if err != nil || v>>(whole+1) != 0 {
		return nil, errors.New("not the bits of an HID Prox badge with 37 bits or fewer: write its bits as 0 and 1")
	}
	if v>>whole == 0 {
		return fmt.Appendf(nil, "%0*b", whole, v), nil
	}
	s := strconv.FormatUint(v&(1<<whole-1), 2)
	if len(s) < 9 {
		return nil, errors.New("not the bits of an HID Prox badge: they are too few")
	}
	return []byte(s[1:]), nil
}
