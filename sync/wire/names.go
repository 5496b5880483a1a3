package wire

import (
	"fmt"
	"strconv"
)

// SiteKey and HolidaysKey are the keys of the one row of Config, and of the row of
// Schedules that is no schedule.
const (
	SiteKey     = "site"
	HolidaysKey = "holidays"
)

// ScheduleKey is the key of a schedule's row: its number in decimal.
func ScheduleKey(n uint64) []byte { return strconv.AppendUint(nil, n, 10) }

// ScheduleNumber gives the number that a key of Schedules stands for. It takes only what
// ScheduleKey gives, and no number 0.
func ScheduleNumber(key []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(key[:min(len(key), 24)]), 10, 64)
	if err != nil || n == 0 || string(ScheduleKey(n)) != string(key) {
		return 0, fmt.Errorf("row of %s: its key is no number of a schedule and not %q", Schedules, HolidaysKey)
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
