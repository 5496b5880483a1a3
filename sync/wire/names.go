package wire

import "fmt"

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
