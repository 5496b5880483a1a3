// Package migration reads the numbered steps of a database's schema.
package migration

import (
	"crypto/sha256"
	"fmt"
	"io/fs"
	"path"
	"strconv"
	"strings"
)

// Step is one step of the schema: the file NNNN_name.sql. Once released it never changes;
// a database keeps what was applied with its checksum.
type Step struct {
	Version int
	Name    string
	Script  string
	Sum     [sha256.Size]byte
}

// String is the file's name without its end.
func (s Step) String() string { return fmt.Sprintf("%04d_%s", s.Version, s.Name) }

// Read reads the steps in order and refuses a gap or a strange name.
func Read(fsys fs.FS) ([]Step, error) {
	names, err := fs.Glob(fsys, "*.sql") // sorted
	if err != nil {
		return nil, err
	}
	if len(names) == 0 {
		return nil, fmt.Errorf("no migrations")
	}
	steps := make([]Step, len(names))
	for i, name := range names {
		number, rest, ok := strings.Cut(strings.TrimSuffix(path.Base(name), ".sql"), "_")
		if v, err := strconv.Atoi(number); !ok || rest == "" || len(number) != 4 || err != nil || v != i+1 {
			return nil, fmt.Errorf("migration %s: want %04d_name.sql here", name, i+1)
		}
		script, err := fs.ReadFile(fsys, name)
		if err != nil {
			return nil, err
		}
		steps[i] = Step{i + 1, rest, string(script), sha256.Sum256(script)}
	}
	return steps, nil
}
