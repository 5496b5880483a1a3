package plan

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"badged/internal/config"
)

var (
	snippetRE = regexp.MustCompile("(?s)```toml\n(.*?)```")
	pointRE   = regexp.MustCompile(`(?m)^point = "(.*?)"`)
)

// TestDocumentedConfiguration: what people copy from a document is accepted by
// `badged check`: a whole configuration as it stands, a reader with points around it.
func TestDocumentedConfiguration(t *testing.T) {
	paths := append(glob(t, "../../../docs/*.md"), glob(t, "../../../firmware/*.md")...)
	checked := map[string]int{}
	for _, path := range paths {
		text, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		name := filepath.Base(path)
		for i, m := range snippetRE.FindAllStringSubmatch(string(text), -1) {
			if !strings.Contains(m[1], "[[") {
				continue // a line to explain an option
			}
			checked[name]++
			t.Run(fmt.Sprintf("%s %d", name, i+1), func(t *testing.T) { accepted(t, name, m[1]) })
		}
	}
	if checked["readers.md"] < 13 || checked["configuration.md"] < 1 {
		t.Errorf("checked %v: where are the others?", checked)
	}
	for _, example := range glob(t, "../../../firmware/examples/*.toml") {
		if _, err := Load(example, nil); err != nil {
			t.Error(err)
		}
	}
}

func glob(t *testing.T, pattern string) []string {
	t.Helper()
	paths, err := filepath.Glob(pattern)
	if err != nil || len(paths) == 0 {
		t.Fatalf("%s: %v", pattern, err)
	}
	return paths
}

// filled is what a configuration with names in braces becomes for one terminal.
var filled = strings.NewReplacer("{name}", "hall", "{door}", "hall", "{reader}", "/dev/ttyUSB0", "{relay1}", "gpiochip0:17")

// accepted checks a snippet, a reader's with the points that it names.
func accepted(t *testing.T, name, text string) {
	t.Helper()
	if !strings.Contains(text, "[[point]]") {
		var named []string
		for _, m := range pointRE.FindAllStringSubmatch(text, -1) {
			if !slices.Contains(named, m[1]) {
				named = append(named, m[1])
				text += fmt.Sprintf("\n[[point]]\nname = %q\nkind = \"print\"\n", m[1])
			}
		}
	}
	cfg, err := config.Parse(name, []byte(filled.Replace(text)))
	if err == nil {
		_, err = New(cfg, nil)
	}
	if err != nil {
		t.Errorf("%v\nin\n%s", err, text)
	}
}
