package plan

import (
	"errors"
	"fmt"
	"path/filepath"

	"badged/internal/ownfile"
)

// CheckTrust reports all of the agent's files and folders that somebody else could have
// made or changed: whoever can write the configuration, the state or the folder of the
// socket decides who may enter. Keys and the database are checked when they are read.
func (p *Plan) CheckTrust() error {
	cfg := p.Config
	var problems []error
	told := map[string]bool{} // two folders can have the same one above them
	for _, err := range []error{
		ownfile.CheckPath(cfg.File, ownfile.Shared),
		ownfile.CheckFolder(filepath.Dir(cfg.File)),
		ownfile.CheckFolder(cfg.StateDir),
		ownfile.CheckFolder(filepath.Dir(cfg.Control)),
	} {
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
