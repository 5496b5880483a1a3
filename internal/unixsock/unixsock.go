// Package unixsock makes the sockets by which a program is controlled on its own
// machine. It replaces a socket that a killed program left, and nothing else: what is
// no socket is somebody's file, and a socket that answers is somebody's program. Sockets
// lie, and are used, where nobody but root and their program can put another one.
package unixsock

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"

	"badged/internal/ownfile"
)

// The reasons why Listen leaves what is at its path alone.
var (
	ErrAnswers   = errors.New("another program answers there")
	ErrNotSocket = errors.New("a file that is no socket is there (move it away, or name another path)")
)

// Listen makes a socket at path, which nobody but its owner can use from the first
// moment. Who else may use it is the caller's to say.
func Listen(path string) (net.Listener, error) {
	if err := ownfile.CheckFolder(filepath.Dir(path)); err != nil {
		return nil, fmt.Errorf("check who can change the folder of the socket: %w", err)
	}
	if err := clear(path); err != nil {
		return nil, err
	}
	l, err := listenPrivate(path)
	if errors.Is(err, syscall.EINVAL) {
		return nil, fmt.Errorf("%w (a path of more than about 100 characters is too long for a socket)", err)
	}
	return l, err
}

// Dial connects to the socket at path, if it is of root, of the user who calls, or of the
// owner of home, the folder that the program keeps for itself.
func Dial(ctx context.Context, path, home string) (net.Conn, error) {
	if err := ownfile.CheckSocket(path, home); err != nil {
		return nil, fmt.Errorf("check whose socket it is: %w", err)
	}
	var d net.Dialer
	return d.DialContext(ctx, "unix", path)
}

// clear removes a socket on which nobody answers.
func clear(path string) error {
	info, err := os.Lstat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if info.Mode().Type() != fs.ModeSocket {
		return ErrNotSocket
	}
	if answers(path) {
		return ErrAnswers
	}
	if err := os.Remove(path); err != nil {
		return fmt.Errorf("replace the old socket: %w", err)
	}
	return nil
}

// answers reports whether a program holds the socket. Only a refused connection proves
// that none does: one that is full, or another's, does not take ours either.
func answers(path string) bool {
	c, err := net.Dial("unix", path)
	if err == nil {
		_ = c.Close() // it was only a question
	}
	return !errors.Is(err, syscall.ECONNREFUSED)
}

// listenPrivate sets the mask of the whole process for a moment: a file that is made
// meanwhile is private too.
func listenPrivate(path string) (net.Listener, error) {
	defer syscall.Umask(syscall.Umask(0o177))
	return net.Listen("unix", path)
}
