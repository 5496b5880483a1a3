package wire_test

import (
	"os"
	"strings"
	"testing"

	"badged/sync/wire"
)

// Issue 8, 4: docs/reasons.md says each reason in a sentence, and what to do.
func TestEveryReasonIsExplained(t *testing.T) {
	page, err := os.ReadFile("../../docs/reasons.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range wire.Names[wire.Reason]() {
		if name != "none" && strings.Count(string(page), "\n| `"+name+"` | ") != 1 {
			t.Errorf("%s has not one line of docs/reasons.md", name)
		}
	}
	for _, line := range strings.Split(string(page), "\n") {
		if name, found := strings.CutPrefix(line, "| `"); found {
			name, _, _ = strings.Cut(name, "`")
			if _, known := wire.Parse[wire.Reason](name); !known {
				t.Errorf("%s is no reason", name)
			}
		}
	}
}
