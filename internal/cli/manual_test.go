//go:build manual

package cli_test

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"
)

// Issue 12, 1: every command has a manual page, made from what its --help says, and every
// shell a completion; those of the same day are the same files.
func TestTheManualHasEveryCommand(t *testing.T) {
	t.Setenv("SOURCE_DATE_EPOCH", "1700000000")
	dir := t.TempDir()
	if code, _, stderr := run(t, tool(func(*cobra.Command) error { return nil }), "manual", dir); code != 0 {
		t.Fatalf("ended with %d: %s", code, stderr)
	}
	for name, want := range map[string]string{
		"man/man1/tool.1":                     "tool-copy(1)",
		"man/man1/tool-copy.1":                "tool copy FROM [TO]",
		"man/man1/tool-status.1":              `"Nov 2023"`,
		"man/man1/tool-show.1":                "tool-show",
		"bash-completion/completions/tool":    "complete -o default -F __start_tool tool",
		"zsh/vendor-completions/_tool":        "#compdef tool",
		"fish/vendor_completions.d/tool.fish": "complete -c tool",
	} {
		text, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(name)))
		if err != nil || !strings.Contains(string(text), want) {
			t.Errorf("%s (%v) does not have %q", name, err, want)
		}
	}
	entries, err := os.ReadDir(filepath.Join(dir, "man", "man1"))
	var pages []string
	for _, e := range entries {
		pages = append(pages, e.Name())
	}
	want := []string{"tool-copy.1", "tool-open.1", "tool-pack.1", "tool-show.1", "tool-status.1", "tool.1"}
	if err != nil || !slices.Equal(pages, want) {
		t.Errorf("pages %q (%v), want %q", pages, err, want)
	}
}
