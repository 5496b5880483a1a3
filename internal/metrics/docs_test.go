package metrics_test

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
)

var figureRE = regexp.MustCompile(`\b(badged|badgehub)_[a-z_]+`)

// figuresIn lists the figures that files name.
func figuresIn(t *testing.T, paths ...string) (names []string) {
	t.Helper()
	for _, path := range paths {
		text, err := os.ReadFile("../../" + path)
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, figureRE.FindAllString(string(text), -1)...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// The manual names every figure that there is, and the dashboard no other.
func TestTheManualNamesEveryFigure(t *testing.T) {
	are := figuresIn(t, "cmd/badgectl/metrics.go", "cmd/badgehub/metrics.go")
	if len(are) < 20 {
		t.Fatalf("found only %q", are)
	}
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range are {
		if !strings.Contains(string(text), "| `"+name+"` |") {
			t.Errorf("docs/operations.md does not name %s", name)
		}
	}
	for _, name := range figuresIn(t, "docs/grafana.json") {
		if !slices.Contains(are, name) {
			t.Errorf("docs/grafana.json asks for %s, which is not there", name)
		}
	}
}
