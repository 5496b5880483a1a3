package terminal

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"badged/internal/config"
	"badged/internal/health"
	"badged/internal/terminal/plan"
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

// Only a reader that is configured, and speaks OSDP, can be given a key.
func TestCommissionIsRefused(t *testing.T) {
	cfg, err := config.Parse("badged.toml", []byte(`[[point]]
name = "hall"
kind = "print"
[[reader]]
name = "desk"
point = "hall"
protocol = "line"
port = "/dev/null"
`))
	if err != nil {
		t.Fatal(err)
	}
	p, err := plan.New(cfg, nil)
	if err != nil {
		t.Fatal(err)
	}
	s := &status{terminal: newTerminal(p, "devel", slog.New(slog.DiscardHandler))}
	for name, want := range map[string]string{"desk": "only osdp has keys", "nobody": "there is no reader"} {
		err := s.Commission(t.Context(), name, time.Minute, false, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
