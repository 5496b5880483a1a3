package main

import (
	"testing"

	"badged/internal/health"
)

// badgectl readers says what badgectl status says of a reader: an alarm or a suspicion too, though
// its device works.
func TestReaderHealth(t *testing.T) {
	items := []health.Item{
		{Name: "reader front-2", State: health.Fail, Text: "another"},
		{Name: "reader front tamper", State: health.Warn, Text: "opened", Do: "look at it"},
		{Name: "reader hall", State: health.Warn, Text: "no answer"},
		{Name: "reader hall keypad", State: health.Warn, Text: "facility 0"},
		{Name: "reader front"},
		{Name: "reader desk"},
		{Name: "reader desk tamper"},
	}
	for _, tt := range []struct {
		reader string
		state  health.State
		text   string
	}{
		{"front", health.Warn, "opened; look at it"},
		{"hall", health.Warn, "no answer"}, // the first thing to mend
		{"desk", health.OK, ""},
		{"new", health.Warn, "not opened yet"},
	} {
		if state, text := readerHealth(tt.reader, items); state != tt.state || text != tt.text {
			t.Errorf("%s: got %s %q", tt.reader, state, text)
		}
	}
}
