package plan

import (
	"errors"
	"fmt"
	"path/filepath"

	"badged/internal/ownfile"
)

// CheckFile reports a configuration that somebody else could have made or changed.
func (p *Plan) CheckFile() error {
	return trust(
		ownfile.CheckPath(p.Config.File, ownfile.Shared),
		ownfile.CheckFolder(filepath.Dir(p.Config.File)),
	)
}

// CheckTrust reports all of the agent's files and folders that somebody else could have
// made or changed: whoever can write the configuration, the state or the folder of the
// socket decides who may enter. Keys and the database are checked when they are read.
func (p *Plan) CheckTrust() error {
	return trust(
		ownfile.CheckPath(p.Config.File, ownfile.Shared),
		ownfile.CheckFolder(filepath.Dir(p.Config.File)),
		ownfile.CheckFolder(p.Config.StateDir),
		ownfile.CheckFolder(filepath.Dir(p.Config.Control)),
	)
}

// trust puts findings together, each once: two folders can have the same one above them.
func trust(findings ...error) error {
	var problems []error
	told := map[string]bool{}
	for _, err := range findings {
		if err != nil && !told[err.Error()] {
			told[err.Error()] = true
			problems = append(problems, err)
		}
	}
	if len(problems) > 0 {
		return fmt.Errorf("check who can change the files of badged: %w", errors.Join(problems...))
	}
	return nil
}
