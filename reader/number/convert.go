package number

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/big"
	"math/bits"
	"strings"
)

// bases are the digits of each base and its name in errors.
var bases = map[int]struct{ digits, name string }{
	2:  {"01", "binary digits, 0 and 1"},
	10: {"0123456789", "digits, 0 to 9"},
	16: {"0123456789ABCDEFabcdef", "hex digits, 0 to 9 and A to F"},
}

// rebase writes a number in another base. Zeros in front go.
func rebase(from, to int) conversion {
	digits := bases[from]
	return func(s string) (string, error) {
		if s == "" || strings.Trim(s, digits.digits) != "" {
			return "", fmt.Errorf("the text must be %s", digits.name)
		}
		n, ok := new(big.Int).SetString(s, from)
		if !ok {
			return "", fmt.Errorf("the text must be %s", digits.name)
		}
		return strings.ToUpper(n.Text(to)), nil
	}
}

// decodeHex reads whole bytes of hex.
func decodeHex(s string) ([]byte, error) {
	raw, err := hex.DecodeString(s)
	if err != nil {
		return nil, errors.New("the text must be pairs of hex digits, 0 to 9 and A to F")
	}
	return raw, nil
}

func reverseBytes(s string) (string, error) {
	if _, err := decodeHex(s); err != nil {
		return "", err
	}
	out := make([]byte, 0, len(s))
	for i := len(s); i > 0; i -= 2 {
		out = append(out, s[i-2:i]...)
	}
	return string(out), nil
}

func reverseBits(s string) (string, error) {
	raw, err := decodeHex(s)
	if err != nil {
		return "", err
	}
	for i, b := range raw {
		raw[i] = bits.Reverse8(b)
	}
	return fmt.Sprintf("%X", raw), nil
}

// reversedDigits has each digit of bases[16] with its four bits turned over.
const reversedDigits = "084C2A6E195D3B7F5D3B7F"

// reverseNibbles takes any number of digits: each is turned over by itself.
func reverseNibbles(s string) (string, error) {
	out := []byte(s)
	for i, c := range out {
		v := strings.IndexByte(bases[16].digits, c)
		if v < 0 {
			return "", fmt.Errorf("the text must be %s", bases[16].name)
		}
		out[i] = reversedDigits[v]
	}
	return string(out), nil
}

// hexToASCII accepts only what makes printable ASCII.
func hexToASCII(s string) (string, error) {
	raw, err := decodeHex(s)
	if err != nil {
		return "", err
	}
	for _, b := range raw {
		if b < ' ' || b > '~' {
			return "", errors.New("the bytes must be printable ASCII, 20 to 7E")
		}
	}
	return string(raw), nil
}
