package plan

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

	"badged/internal/ownfile"
)

// CheckFile reports a configuration that somebody else could have made or changed.
func (p *Plan) CheckFile() error {
	return joinFindings(
		checkMode(p.Config.File),
		ownfile.CheckPath(p.Config.File, ownfile.Shared),
		ownfile.CheckFolder(filepath.Dir(p.Config.File)),
	)
}

// checkMode reports a file that others can write. It is separate because CheckPath stops at
// the first folder on the way that others can write, and a person wants to see both at once.
func checkMode(file string) error {
	info, err := os.Stat(file)
	if err != nil {
		return nil // CheckPath tells, if it matters
	}
	return ownfile.CheckFile(file, info, ownfile.Shared)
}

// CheckTrust reports all of the agent's files and folders that somebody else could have
// made or changed: whoever can write the configuration, the state or the folder of the
// socket decides who may enter. Keys and the database are checked when they are read.
func (p *Plan) CheckTrust() error {
	return joinFindings(
		checkMode(p.Config.File),
		ownfile.CheckPath(p.Config.File, ownfile.Shared),
		ownfile.CheckFolder(filepath.Dir(p.Config.File)),
		ownfile.CheckFolder(p.Config.StateDir),
		ownfile.CheckFolder(filepath.Dir(p.Config.Control)),
	)
}

// joinFindings joins findings into one error, each once: two folders can have the same one above
// them.
func joinFindings(findings ...error) error {
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
