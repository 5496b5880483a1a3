package hub

import (
	"errors"
	"slices"
	"testing"

	"pgregory.net/rapid"
)

// S2.10: whatever is live, a new code keeps its distance and is not easy to guess.
func TestNewCodesKeepTheirDistance(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		digits := rapid.IntRange(4, 8).Draw(rt, "digits")
		live := map[string]bool{}
		for range rapid.IntRange(0, 300).Draw(rt, "live") {
			code, err := newCode(digits, func(c string) bool { return live[c] })
			if errors.Is(err, errTooManyCodes) {
				return
			}
			if err != nil || len(code) != digits || constantStep(code) {
				rt.Fatalf("a bad code of %d digits: %v", len(code), err)
			}
			for other := range live {
				if distance(code, other) < 2 {
					rt.Fatal("two live codes are too near")
				}
			}
			live[code] = true
		}
	})
}

func distance(a, b string) (n int) {
	for i := range a {
		if a[i] != b[i] {
			n++
		}
	}
	return n
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
	if _, err := newCode(4, func(string) bool { return true }); !errors.Is(err, errTooManyCodes) {
		t.Errorf("%v", err)
	}
}
