package plan

import (
	"errors"
	"fmt"
	"path/filepath"

	"badged/internal/config"
	"badged/reader/gpioport"
)

// ErrUnreadable marks a configuration that cannot be read at all.
var ErrUnreadable = errors.New("no configuration")

// Load reads a configuration and builds what it names. Its error is config.Problems, with
// all that is wrong, or ErrUnreadable.
func Load(file string, guard gpioport.Guard) (*Plan, error) {
	if !filepath.IsAbs(file) {
		if abs, err := filepath.Abs(file); err == nil {
			file = abs
		}
	}
	cfg, err := config.Load(file)
	if err == nil {
		return New(cfg, guard)
	}
	var problems config.Problems
	if !errors.As(err, &problems) {
		return nil, fmt.Errorf("%w: %w (name the file with --config)", ErrUnreadable, err)
	}
	if cfg == nil {
		return nil, problems
	}
	return nil, problems.Merge(furtherProblems(cfg, guard))
}

// furtherProblems are those that show only when what a configuration names is built.
func furtherProblems(cfg *config.Config, guard gpioport.Guard) (further config.Problems) {
	_, err := New(cfg, guard)
	errors.As(err, &further)
	return further
}
