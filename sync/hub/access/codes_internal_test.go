package access

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// S2.10, S1.24: a new code is one that is accepted, and has no constant step.
func TestNewCodesAreNotEasyToGuess(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		digits := rapid.Int64Range(4, 16).Draw(rt, "digits")
		seen := map[string]bool{}
		for range rapid.IntRange(0, 100).Draw(rt, "codes") {
			code, err := drawCode(digits, func(c string) (bool, error) { return !seen[c], nil })
			if err != nil || len(code) != int(digits) || constantStep(code) || seen[code] {
				rt.Fatalf("a bad code of %d digits: %v", len(code), err)
			}
			seen[code] = true
		}
	})
}

func TestConstantStepsAreSeen(t *testing.T) {
	for _, code := range []string{"1111", "1234", "9876", "2468", "7890", "0000", "00000000", "1357", "5050"} {
		if !constantStep(code) {
			t.Errorf("%s: constant step not seen", code)
		}
	}
	for _, code := range []string{"7365", "1123", "1211", "12345670"} {
		if constantStep(code) {
			t.Errorf("%s has no constant step", code)
		}
	}
}

func TestNeighboursDifferInOneDigit(t *testing.T) {
	n := neighbours("7365")
	if len(n) != 37 || n[0] != "7365" || len(slices.Compact(slices.Sorted(slices.Values(n)))) != 37 {
		t.Errorf("%d neighbours, want 37 different ones", len(n))
	}
}

func TestNoCodeWhenAllAreTaken(t *testing.T) {
	if _, err := drawCode(4, func(string) (bool, error) { return false, nil }); !errors.Is(err, errTooManyCodes) {
		t.Errorf("%v", err)
	}
	broken := errors.New("broken")
	if _, err := drawCode(4, func(string) (bool, error) { return true, broken }); !errors.Is(err, broken) {
		t.Errorf("%v", err)
	}
}
