// Package pgserver runs a PostgreSQL of Debian's package for tests: its own cluster in a
// folder of its own, reachable through a socket there and not through the network.
package pgserver

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"sync/atomic"
	"syscall"
	"time"
)

// stopBound is how long the server may take to end before it is killed.
const stopBound = 2 * time.Minute

// Server is a running PostgreSQL.
type Server struct {
	dir  string // of the cluster and the socket
	bin  string
	who  *syscall.Credential // as whom its programs run; nil: as this process
	cmd  *exec.Cmd
	done chan struct{} // closed once it is reaped
	made atomic.Int64  // databases
}

// NoSync is a setting for tests that do not end the server: what is written survives their
// own end, and a loaded disk does not hold them up.
const NoSync = "fsync=off"

// Start makes a cluster in a new folder and starts a server on it, with settings like
// "fsync=off".
func Start(ctx context.Context, settings ...string) (*Server, error) {
	bin, err := programs()
	if err != nil {
		return nil, err
	}
	s := &Server{bin: bin, done: make(chan struct{})}
	if s.dir, err = os.MkdirTemp("", "badged-pg-"); err != nil {
		return nil, err
	}
	if err := s.start(ctx, settings); err != nil {
		return nil, errors.Join(err, s.Stop())
	}
	return s, nil
}

// programs finds the newest PostgreSQL that Debian has put in place.
func programs() (string, error) {
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres") // the pattern is good
	if len(found) == 0 {
		return "", errors.New("no PostgreSQL in /usr/lib/postgresql: apt-get install postgresql-15")
	}
	return filepath.Dir(slices.Max(found)), nil
}

func (s *Server) start(ctx context.Context, settings []string) error {
	if err := s.ownFolder(); err != nil {
		return err
	}
	init := s.command(ctx, "initdb", "--pgdata", s.data(), "--username", "badged", "--auth", "trust",
		"--encoding", "UTF8", "--locale", "C.UTF-8", "--no-instructions", "--no-sync")
	if out, err := init.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w\n%s", err, out)
	}
	args := []string{"-D", s.data(), "-k", s.dir, "-c", "listen_addresses="}
	for _, setting := range settings {
		args = append(args, "-c", setting)
	}
	s.cmd = s.command(context.WithoutCancel(ctx), "postgres", args...)
	var log bytes.Buffer
	s.cmd.Stdout, s.cmd.Stderr = &log, &log
	if err := s.run(); err != nil {
		s.cmd = nil
		return err
	}
	return s.await(ctx, &log)
}

// run starts the server and reaps it in the end. It ends with this process, also if that is
// killed.
func (s *Server) run() error {
	s.cmd.SysProcAttr.Pdeathsig = syscall.SIGINT
	started := make(chan error)
	go func() {
		// Pdeathsig is about the thread that forked: keep it while the server lives.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		err := s.cmd.Start()
		started <- err
		if err == nil {
			_ = s.cmd.Wait() // Stop needs no answer
			close(s.done)
		}
	}()
	return <-started
}

// ownFolder gives the folder to Debian's user for PostgreSQL, which does not run as root.
func (s *Server) ownFolder() error {
	if os.Geteuid() != 0 {
		return nil
	}
	u, err := user.Lookup("postgres")
	if err != nil {
		return err
	}
	uid, err1 := strconv.Atoi(u.Uid)
	gid, err2 := strconv.Atoi(u.Gid)
	if err := errors.Join(err1, err2); err != nil {
		return err
	}
	s.who = &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}
	return os.Chown(s.dir, uid, gid)
}

func (s *Server) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, filepath.Join(s.bin, name), args...)
	cmd.Dir = s.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: s.who, Setpgid: true}
	return cmd
}

func (s *Server) data() string { return filepath.Join(s.dir, "data") }

// Socket is the path of the server's socket.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// await waits until the server takes connections.
func (s *Server) await(ctx context.Context, log *bytes.Buffer) error {
	for {
		if s.command(ctx, "pg_isready", "--quiet", "--host", s.dir).Run() == nil {
			return nil
		}
		select {
		case <-s.done:
			return fmt.Errorf("postgres ended:\n%s", log)
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
	}
}

// NewDatabase makes an empty database and gives its URL.
func (s *Server) NewDatabase(ctx context.Context) (string, error) {
	name := fmt.Sprintf("site%d", s.made.Add(1))
	cmd := s.command(ctx, "createdb", "--host", s.dir, "--username", "badged", name)
	if out, err := cmd.CombinedOutput(); err != nil {
		return "", fmt.Errorf("createdb: %w\n%s", err, out)
	}
	return URL(s.dir, name), nil
}

// URL is that of a database behind a socket in the folder dir.
func URL(dir, name string) string {
	return (&url.URL{
		Scheme: "postgres", Path: "/" + name,
		RawQuery: url.Values{"host": {dir}, "user": {"badged"}}.Encode(),
	}).String()
}

// Stop ends the server, and its connections with it, and removes its folder.
func (s *Server) Stop() error {
	var err error
	if s.cmd != nil {
		err = s.cmd.Process.Signal(syscall.SIGINT)
		select {
		case <-s.done:
		case <-time.After(stopBound):
			err = errors.Join(errors.New("postgres did not end"), s.cmd.Process.Kill())
		}
	}
	return errors.Join(err, os.RemoveAll(s.dir))
}
