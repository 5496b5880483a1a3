package logqueue

import (
	"strings"
	"testing"
	"unicode"
)

// A technician reads the log on a terminal: what a device or a hub said stays visible
// characters on one line there.
func TestTheLogEscapesWhatOthersSay(t *testing.T) {
	for _, format := range []string{"text", "json"} {
		var out strings.Builder
		log, flush := New(format, &out)
		log.Warn("reader failed", "reader", "hall", "err", "it calls itself \x1b[2J\nFAILED \u202e\u009b31m\x7f")
		flush()
		if text := strings.TrimSuffix(out.String(), "\n"); strings.ContainsFunc(text, func(r rune) bool { return !unicode.IsGraphic(r) }) || !strings.Contains(text, "FAILED") {
			t.Errorf("%s: %q", format, text)
		}
	}
}
