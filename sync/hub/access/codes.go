package access

import (
	"crypto/rand"
	"errors"
	"fmt"
	"math/big"
)

// Live codes of a site differ in at least two digits, so that one slip of the finger cannot
// claim for somebody else. At most one in liveShare possible codes is live: with a budget
// of 8 guesses on 100 live codes of 4 digits, less than one site in twelve that is guessed
// at loses a claim before it closes.
const (
	liveShare    = 100
	codeAttempts = 1000
)

var errTooManyCodes = errors.New("too many live codes")

// drawCode draws a code of n digits that is not easy to guess and that good accepts.
func drawCode(n int64, good func(string) (bool, error)) (string, error) {
	for range codeAttempts {
		code, err := randomDigits(n)
		if err != nil {
			return "", err
		}
		if constantStep(code) {
			continue
		}
		if ok, err := good(code); ok || err != nil {
			return code, err
		}
	}
	return "", errTooManyCodes
}

func randomDigits(n int64) (string, error) {
	limit := new(big.Int).Exp(big.NewInt(10), big.NewInt(n), nil)
	v, err := rand.Int(rand.Reader, limit)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("%0*d", int(n), v), nil
}

// constantStep reports whether each digit follows from the one before by the same step,
// also past 9: 1111, 1234, 9876, 2468, 7890.
func constantStep(code string) bool {
	step := (code[1] - code[0] + 10) % 10
	for i := 2; i < len(code); i++ {
		if (code[i]-code[i-1]+10)%10 != step {
			return false
		}
	}
	return true
}

// neighbours are the code itself and all that differ from it in one digit.
func neighbours(code string) []string {
	out := []string{code}
	for i := range len(code) {
		for d := byte('0'); d <= '9'; d++ {
			if d != code[i] {
				out = append(out, code[:i]+string(d)+code[i+1:])
			}
		}
	}
	return out
}
