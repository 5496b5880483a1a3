package main

import (
	"os"
	"strings"
	"testing"
)

// Issue 12, 2: the pins of a hat come ready to paste, with a warning where a relay could be
// energised before the agent starts. docs/boards.md shows the very output.
func TestBoardPins(t *testing.T) {
	doc, err := os.ReadFile("../../docs/boards.md")
	if err != nil {
		t.Fatal(err)
	}
	_, example, _ := strings.Cut(string(doc), "$ badgectl board pins rpi-4 waveshare-relay-3\n")
	example, _, _ = strings.Cut(example, "```")
	if got := run(t, "", "board", "pins", "rpi-4", "waveshare-relay-3"); got.code != 0 || got.out != example {
		t.Errorf("it printed %d %s%s, docs/boards.md shows\n%s", got.code, got.out, got.stderr, example)
	}
	if got := run(t, "", "board", "pins", "rpi-4", "header"); got.code != 0 || strings.Contains(got.out, "energised") {
		t.Errorf("a relay that nothing pulls to the energised side is warned of: %s", got.out)
	}
	for _, args := range [][]string{{"rpi4", "header"}, {"rpi-4", "heder"}, {"uefi-amd64", "header"}} {
		if got := run(t, "", "board", "pins", args[0], args[1]); got.code != 64 || got.out != "" {
			t.Errorf("%v: %d %s", args, got.code, got.out)
		}
	}
	if got := run(t, "", "board", "list"); got.code != 0 || !strings.Contains(got.out, "rpi-zero-2-w") || !strings.Contains(got.out, "automation-phat") {
		t.Errorf("board list: %d %s", got.code, got.out)
	}
	if got := run(t, "", "board", "list", "--json"); strings.Count(got.out, `"source":`) != 7 {
		t.Errorf("board list --json: %s", got.out)
	}
}
