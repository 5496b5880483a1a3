package wire

import (
	"fmt"
	"strconv"
)

// SiteKey is the key of the one row of Config, HolidaysKey that of the row of Schedules
// that is no schedule, and NoticeKey that of the row of Services that is no service.
const (
	SiteKey     = "site"
	HolidaysKey = "holidays"
	NoticeKey   = "notice"
)

// NumberKey is the key of the row of a schedule or a service: its number in decimal.
func NumberKey(n uint64) []byte { return strconv.AppendUint(nil, n, 10) }

// NumberOf gives the number that a key of Schedules or Services stands for. It takes only
// what NumberKey gives, and no number 0.
func NumberOf(c Collection, key []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(key[:min(len(key), 24)]), 10, 64)
	if err != nil || n == 0 || string(NumberKey(n)) != string(key) {
		return 0, fmt.Errorf("row of %s: its key is no number", c)
	}
	return n, nil
}

// CheckName fails unless s can name a site or a terminal: 1 to 63 lower-case letters,
// digits and inner dashes, so that it can stand in a topic, a certificate, a client id
// and a file name without escaping. what says in the error what s is: "terminal".
func CheckName(what, s string) error {
	if len(s) < 1 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return fmt.Errorf("%s name %q: want 1 to 63 lower-case letters, digits and inner dashes", what, clip(s))
	}
	for _, r := range s {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return fmt.Errorf("%s name %q: %q is not a lower-case letter, a digit or a dash", what, clip(s), r)
		}
	}
	return nil
}

// clip keeps an error about a hostile name short.
func clip(s string) string { return s[:min(len(s), 64)] }
