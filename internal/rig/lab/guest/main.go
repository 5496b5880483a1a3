// Command guest is the init of the lab's virtual machines. It brings the machine up,
// and runs the steps that the host asks for. Everything in the machine is its own: it
// plugs USB gadgets in, starts badged, and looks at what both sides say.
package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"

	"badged/internal/rig/lab"
)

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "guest:", err) // the machine's console
	}
	_ = unix.Reboot(unix.LINUX_REBOOT_CMD_POWER_OFF) // fails only when this is not init
}

// run brings the machine up and runs steps until the host ends it.
func run() error {
	if err := bootUp(); err != nil {
		return err
	}
	port, err := openPort()
	if err != nil {
		return err
	}
	defer port.Close()
	if err := setBounds(); err != nil {
		return err
	}
	g := &guest{link: lab.NewLink(port)}
	if g.console, err = openConsole(); err != nil {
		return err
	}
	defer g.console.close()
	steps := stepsOfThis()
	names := make([]string, len(steps))
	for i, s := range steps {
		names[i] = s.name
	}
	if err := g.link.Send(lab.Message{Steps: names}); err != nil {
		return err
	}
	for {
		m, err := g.link.Receive()
		if err != nil {
			return err
		}
		i := slices.Index(names, m.Run)
		if i < 0 {
			return fmt.Errorf("run step %q: there is none", m.Run)
		}
		if err := g.link.Send(lab.Message{Done: g.run(steps[i])}); err != nil {
			return err
		}
	}
}

// bootUp does what an init does.
func bootUp() error {
	mounts := []struct{ kind, at string }{
		{"proc", "/proc"}, {"sysfs", "/sys"}, {"devtmpfs", "/dev"}, {"devpts", "/dev/pts"}, {"tmpfs", "/run"}, {"tmpfs", "/tmp"},
	}
	for _, m := range mounts {
		if err := mount(m.kind, m.at); err != nil {
			return err
		}
	}
	if err := errors.Join(loadModules("/modules"), loopback()); err != nil {
		return err
	}
	if _, err := os.Stat("/sys/kernel/config"); err != nil {
		return nil // nothing of this machine is made out of folders
	}
	return mount("configfs", "/sys/kernel/config")
}

// loopback brings up the network of the machine with itself: the hub of its terminal is
// nobody at localhost.
func loopback() error {
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("bring up the loopback: %w", err)
	}
	defer unix.Close(fd)
	ifr, err := unix.NewIfreq("lo")
	if err != nil {
		return fmt.Errorf("bring up the loopback: %w", err)
	}
	ifr.SetUint16(unix.IFF_UP)
	if err := unix.IoctlIfreq(fd, unix.SIOCSIFFLAGS, ifr); err != nil {
		return fmt.Errorf("bring up the loopback: %w", err)
	}
	return nil
}

func mount(kind, at string) error {
	if err := os.MkdirAll(at, 0o755); err != nil {
		return fmt.Errorf("mount %s: %w", at, err)
	}
	if err := unix.Mount(kind, at, kind, 0, ""); err != nil {
		return fmt.Errorf("mount %s: %w", at, err)
	}
	if at == "/run" { // a fresh tmpfs is everybody's, and badged trusts no such folder
		return os.Chmod(at, 0o755)
	}
	return nil
}

// loadModules loads the modules of the host's list: a file a line, and parameters.
func loadModules(dir string) error {
	list, err := os.ReadFile(filepath.Join(dir, "list"))
	if err != nil {
		return fmt.Errorf("load the kernel's modules: %w", err)
	}
	for line := range strings.Lines(string(list)) {
		name, params, _ := strings.Cut(strings.TrimSpace(line), " ")
		f, err := os.Open(filepath.Join(dir, name))
		if err != nil {
			return fmt.Errorf("load a module: %w", err)
		}
		err = unix.FinitModule(int(f.Fd()), params, 0)
		_ = f.Close()
		if err != nil && !errors.Is(err, unix.EEXIST) {
			return fmt.Errorf("load module %s: %w", name, err)
		}
	}
	return nil
}

// openPort opens the port to the host, which comes a moment after its module.
func openPort() (*os.File, error) {
	var node string
	err := until(bootWait, "the port to the host", func() bool {
		names, _ := filepath.Glob("/sys/class/virtio-ports/*/name") // the pattern is fine
		for _, n := range names {
			if b, err := os.ReadFile(n); err == nil && strings.TrimSpace(string(b)) == lab.Port {
				node = "/dev/" + filepath.Base(filepath.Dir(n))
			}
		}
		return node != ""
	})
	if err != nil {
		return nil, err
	}
	return os.OpenFile(node, os.O_RDWR, 0)
}

// until polls a condition of the machine, up to a deadline.
func until(most time.Duration, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), most)
	defer cancel()
	beat := time.NewTicker(2 * time.Millisecond)
	defer beat.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("wait for %s: not within %v", what, most)
		case <-beat.C:
		}
	}
	return nil
}
