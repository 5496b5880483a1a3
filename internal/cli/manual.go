//go:build manual

package cli

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// offerManual adds the command with which scripts/package.sh writes what a package has of
// this program: a manual page for each command, and the completions of shells. Programs
// that people install are built without it.
func offerManual(root *cobra.Command) {
	root.CompletionOptions.HiddenDefaultCmd = true // it needs no pages
	root.AddCommand(&cobra.Command{
		Use: "manual DIR", Hidden: true, Args: Args(1),
		RunE: func(_ *cobra.Command, args []string) error { return writeManual(root, args[0]) },
	})
}

// writeManual writes files below dir where a Debian has them below /usr/share.
// SOURCE_DATE_EPOCH gives the day of the pages.
func writeManual(root *cobra.Command, dir string) error {
	root.DisableAutoGenTag = true
	pages := filepath.Join(dir, "man", "man1")
	if err := os.MkdirAll(pages, 0o755); err != nil {
		return fmt.Errorf("write the manual: %w", err)
	}
	header := &doc.GenManHeader{Section: "1", Source: "badged", Manual: "badged"}
	if err := doc.GenManTree(root, header, pages); err != nil {
		return fmt.Errorf("write the manual: %w", err)
	}
	return errors.Join(
		writeCompletion(dir, "bash-completion/completions/"+root.Name(), func(path string) error { return root.GenBashCompletionFileV2(path, true) }),
		writeCompletion(dir, "zsh/vendor-completions/_"+root.Name(), root.GenZshCompletionFile),
		writeCompletion(dir, "fish/vendor_completions.d/"+root.Name()+".fish", func(path string) error { return root.GenFishCompletionFile(path, true) }),
	)
}

func writeCompletion(dir, name string, write func(path string) error) error {
	path := filepath.Join(dir, filepath.FromSlash(name))
	err := os.MkdirAll(filepath.Dir(path), 0o755)
	if err == nil {
		err = write(path)
	}
	if err != nil {
		return fmt.Errorf("write the completion: %w", err)
	}
	return nil
}
