// Package printserver starts Debian's CUPS as a process of its own, in a folder and on
// loopback, with printers that lay their pages into folders. It is for tests and the
// workbench.
package printserver

import (
	"context"
	_ "embed"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

//go:embed policies.conf
var policies string

//go:embed tray.sh
var tray string

// Follow is the queue that people send to.
const Follow = "follow"

// Server is a print server in a folder.
type Server struct {
	Socket  string // unix socket
	Address string // host:port on loopback
	Account string // whom its policies let release jobs: who runs this

	dir string
	cmd *exec.Cmd // nil: it does not run
}

// New starts a server in dir, which must be empty, with these printers.
func New(ctx context.Context, dir string, printers ...string) (*Server, error) {
	me, err := user.Current()
	if err != nil {
		return nil, err
	}
	s := &Server{Socket: filepath.Join(dir, "cups.sock"), Account: me.Username, dir: dir}
	if s.Address, err = freeAddress(); err != nil {
		return nil, err
	}
	if err := s.write(printers); err != nil {
		return nil, fmt.Errorf("prepare a print server: %w", err)
	}
	if err := s.Start(ctx); err != nil {
		return nil, err
	}
	if err := s.addQueues(ctx, printers); err != nil {
		return nil, errors.Join(err, s.Kill())
	}
	return s, nil
}

// freeAddress is one that nobody listens on now.
func freeAddress() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

// write makes the folders, the two configurations and the backend.
func (s *Server) write(printers []string) error {
	for _, d := range append([]string{"spool/tmp", "cache", "run", "log", "bin/backend", "bin/daemon"}, printers...) {
		if err := os.MkdirAll(filepath.Join(s.dir, d), 0o755); err != nil {
			return err
		}
	}
	files := map[string]string{"cups-files.conf": s.filesConf(), "cupsd.conf": s.conf(), "bin/backend/tray": tray}
	for name, text := range files {
		mode := os.FileMode(0o600)
		if strings.HasPrefix(name, "bin/") {
			mode = 0o700 // CUPS runs a backend that others cannot run as itself
		}
		if err := os.WriteFile(filepath.Join(s.dir, name), []byte(text), mode); err != nil {
			return err
		}
	}
	return os.Symlink("/usr/lib/cups/daemon/cups-exec", filepath.Join(s.dir, "bin/daemon/cups-exec"))
}

func (s *Server) filesConf() string {
	return strings.ReplaceAll(`ServerRoot DIR
ServerBin DIR/bin
RequestRoot DIR/spool
TempDir DIR/spool/tmp
CacheDir DIR/cache
StateDir DIR/run
AccessLog DIR/log/access
ErrorLog DIR/log/error
PageLog DIR/log/page
FileDevice Yes
Sandboxing Relaxed
SystemGroup root
`, "DIR", s.dir)
}

func (s *Server) conf() string {
	return `LogLevel warn
MaxLogSize 0
MaxJobs 5000
DirtyCleanInterval 0
PreserveJobHistory Yes
PreserveJobFiles No
Browsing No
WebInterface No
DefaultAuthType Basic
Listen ` + s.Socket + `
Listen ` + s.Address + `
<Location />
  Order allow,deny
  Allow localhost
</Location>
` + strings.ReplaceAll(policies, " badged ", " "+s.Account+" ") + open
}

// open is a policy that lets everybody do everything, as queues of others may have.
const open = `<Policy open>
  <Limit All>
    Order deny,allow
  </Limit>
</Policy>
`

// Start runs the server until it answers.
func (s *Server) Start(ctx context.Context) error {
	cmd := exec.Command("cupsd", "-f", "-c", filepath.Join(s.dir, "cupsd.conf"), "-s", filepath.Join(s.dir, "cups-files.conf"))
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("start cupsd: %w; install the Debian package cups-daemon", err)
	}
	s.cmd = cmd
	again := time.NewTicker(10 * time.Millisecond)
	defer again.Stop()
	for {
		c, err := net.Dial("unix", s.Socket)
		if err == nil {
			return c.Close()
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("start cupsd: %w: %w\n%s%s", err, errors.Join(ctx.Err(), s.Kill()), said.String(), s.Log())
		case <-again.C:
		}
	}
}

// Kill ends the server as a power cut does.
func (s *Server) Kill() error {
	if s.cmd == nil {
		return nil
	}
	err := s.cmd.Process.Kill()
	_ = s.cmd.Wait() // it was killed
	s.cmd = nil
	_ = os.Remove(s.Socket) // so that Start waits for the new one
	return err
}

// Freeze stops the server where it stands, as a machine without memory does; or lets it go on.
func (s *Server) Freeze(on bool) error {
	if on {
		return s.cmd.Process.Signal(syscall.SIGSTOP)
	}
	return s.cmd.Process.Signal(syscall.SIGCONT)
}

// Log is what the server has to say.
func (s *Server) Log() string {
	b, _ := os.ReadFile(filepath.Join(s.dir, "log/error"))
	return string(b)
}

// The options of the queue and of each printer.
var (
	followOptions  = []string{"printer-op-policy=badged-follow", "job-hold-until-default=indefinite", "printer-is-shared=true", "print-color-mode-default=auto"}
	printerOptions = []string{"printer-op-policy=badged-printer", "printer-error-policy=retry-current-job"}
)

func (s *Server) addQueues(ctx context.Context, printers []string) error {
	err := s.add(ctx, Follow, "file:///dev/null", followOptions)
	if err == nil {
		err = s.Run(ctx, "cupsdisable", "-r", "released at the printers", Follow)
	}
	for _, p := range printers {
		if err == nil {
			err = s.add(ctx, p, "tray:"+filepath.Join(s.dir, p), printerOptions)
		}
	}
	return err
}

// add makes a queue that passes documents on as they are.
func (s *Server) add(ctx context.Context, queue, device string, options []string) error {
	args := []string{"-p", queue, "-E", "-v", device, "-m", "raw"}
	for _, o := range options {
		args = append(args, "-o", o)
	}
	return s.Run(ctx, "lpadmin", args...)
}

// Run runs a command of CUPS on this server, as its administrator.
func (s *Server) Run(ctx context.Context, name string, args ...string) error {
	return s.run(ctx, s.Socket, nil, name, args...)
}

// RunRemote runs one over the network, as anybody can.
func (s *Server) RunRemote(ctx context.Context, name string, args ...string) error {
	return s.run(ctx, s.Address, []byte("a document"), name, args...)
}

func (s *Server) run(ctx context.Context, server string, in []byte, name string, args ...string) error {
	cmd := exec.CommandContext(ctx, name, args...)
	cmd.Env = append(os.Environ(), "CUPS_SERVER="+server, "LC_ALL=C.UTF-8")
	if in != nil {
		cmd.Stdin = strings.NewReader(string(in))
	}
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("run %s %s: %w: %s", name, strings.Join(args, " "), err, out)
	}
	return nil
}

// Send sends a document over the network, as this user's computer does.
func (s *Server) Send(ctx context.Context, user, title, document string, options ...string) error {
	return s.run(ctx, s.Address, []byte(document), "lp", append([]string{"-U", user, "-d", Follow, "-t", title}, options...)...)
}

// Printed is the documents that came out of a printer.
func (s *Server) Printed(printer string) (list []string) {
	files, _ := filepath.Glob(filepath.Join(s.dir, printer, "job-*"))
	for _, f := range files {
		if b, err := os.ReadFile(f); err == nil {
			list = append(list, string(b))
		}
	}
	return list
}

// Break puts a printer out of paper ("empty") or out of order ("broken"), or back.
func (s *Server) Break(printer, how string, on bool) error {
	file := filepath.Join(s.dir, printer, how)
	if on {
		return os.WriteFile(file, nil, 0o600)
	}
	return os.Remove(file)
}
