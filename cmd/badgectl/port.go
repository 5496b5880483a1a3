package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"badged/internal/ptyport"
)

// vacant reports whether a virtual port may be made at path. What a killed replay
// leaves there, a link to a pseudo-terminal that is gone, does not count.
func vacant(path string) (bool, error) {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return false, cause(err)
	}
	if target, err := os.Readlink(path); err == nil {
		if !strings.HasPrefix(target, "/dev/pts/") {
			return false, fmt.Errorf("it is a link to %s, which is not there", target)
		}
		return true, os.Remove(path)
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return false, fmt.Errorf("make a virtual port: there is no folder %s", filepath.Dir(path))
	}
	return true, nil
}

// virtualPort makes a pseudo-terminal with a link to it at path, where nothing may be:
// unlike that of a simulator, the link never takes the place of anything. remove takes
// both away.
func virtualPort(path string) (port *ptyport.Port, remove func() error, err error) {
	dir, err := os.MkdirTemp("", "badgectl-")
	if err != nil {
		return nil, nil, fmt.Errorf("make a virtual port: %w", err)
	}
	port, err = ptyport.Open(filepath.Join(dir, "port"), nil)
	if err != nil {
		return nil, nil, errors.Join(err, os.RemoveAll(dir))
	}
	tty, err := os.Readlink(port.Path())
	if err == nil {
		err = os.Symlink(tty, path)
	}
	if err != nil {
		return nil, nil, errors.Join(fmt.Errorf("make a virtual port at %s: %w", path, cause(err)), port.Close(), os.RemoveAll(dir))
	}
	return port, func() error { return errors.Join(os.Remove(path), port.Close(), os.RemoveAll(dir)) }, nil
}

// cause leaves out the call and the paths, which are told already.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
