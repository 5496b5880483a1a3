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

// Load reads a configuration and builds what it names. Its error is config.Problems, which
// lists everything that is wrong, or ErrUnreadable.
func Load(file string, guard gpioport.Guard) (*Plan, error) {
	p, _, err := Check(file, guard)
	return p, err
}

// Check is Load that also returns, one line each, what the configuration names and the machine
// does not have now; with an error too, as far as the configuration could be read.
func Check(file string, guard gpioport.Guard) (p *Plan, absent []string, err error) {
	if !filepath.IsAbs(file) {
		if abs, err := filepath.Abs(file); err == nil {
			file = abs
		}
	}
	cfg, err := config.Load(file)
	var problems config.Problems
	switch {
	case err != nil && !errors.As(err, &problems):
		return nil, nil, fmt.Errorf("%w: %w (name the file with --config)", ErrUnreadable, err)
	case cfg == nil:
		return nil, nil, problems
	}
	p, err = New(cfg, guard)
	var further config.Problems
	errors.As(err, &further)
	if problems = problems.Merge(further); len(problems) > 0 {
		return nil, describeMissing(cfg), problems
	}
	return p, describeMissing(cfg), nil
}
