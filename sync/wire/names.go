package wire

import (
	"fmt"
	"strconv"
)

// The keys of single rows: SiteKey of the one row of Config, HolidaysKey of the holidays in
// Schedules, and NoticeKey of the privacy notice in Services.
const (
	SiteKey     = "site"
	HolidaysKey = "holidays"
	NoticeKey   = "notice"
)

// NumberKey is the key of the row of a schedule or a service: its number in decimal.
func NumberKey(n uint64) []byte { return strconv.AppendUint(nil, n, 10) }

// NumberOf returns the number that a key of Schedules or Services stands for. It fails on a
// key that NumberKey does not make, and on the number 0.
func NumberOf(c Collection, key []byte) (uint64, error) {
	n, err := strconv.ParseUint(string(key[:min(len(key), 24)]), 10, 64)
	if err != nil || n == 0 || string(NumberKey(n)) != string(key) {
		return 0, fmt.Errorf("row of %s: its key is no number", c)
	}
	return n, nil
}

// CheckName fails unless s can name a site or a terminal: 1 to 63 lower-case letters,
// digits and inner dashes, so that it needs no escaping in a topic, a certificate, a client
// id or a file name. what is the word for s in the error: "terminal".
func CheckName(what, s string) error {
	if len(s) < 1 || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return fmt.Errorf("%s name %q: want 1 to 63 lower-case letters, digits and inner dashes", what, clipName(s))
	}
	for _, r := range s {
		if r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') {
			return fmt.Errorf("%s name %q: %q is not a lower-case letter, a digit or a dash", what, clipName(s), r)
		}
	}
	return nil
}

// clipName cuts a hostile name to 64 bytes for an error.
func clipName(s string) string { return s[:min(len(s), 64)] }
