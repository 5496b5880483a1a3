package box

import (
	"bytes"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/sys/unix"

	"badged/firmware/kmod"
)

// moduleDir has the modules of the image, and the table of them.
const moduleDir = "/lib/modules"

// always are modules that no device asks for.
var always = []string{
	"crc32c_generic", "ext4", "efivarfs", "evdev", "hid_generic", "usbhid", "sd_mod", "8021q", "af_packet", "softdog", "i6300esb", "iTCO_wdt",
}

// modules loads what devices need.
type modules struct {
	table  *kmod.Table
	loaded map[string]bool
	log    *slog.Logger
}

func newModules(log *slog.Logger) (*modules, error) {
	text, err := os.ReadFile(filepath.Join(moduleDir, "table"))
	if err != nil {
		return nil, fmt.Errorf("read the table of modules: %w", err)
	}
	table, err := kmod.Parse(text)
	return &modules{table, map[string]bool{}, log}, err
}

// load loads a module and what it needs.
func (m *modules) load(name string) {
	for _, n := range m.table.Order(name) {
		if m.loaded[n] {
			continue
		}
		m.loaded[n] = true
		if err := insert(filepath.Join(moduleDir, n+".ko")); err != nil {
			m.log.Debug("a module was not loaded", "module", n, "err", err)
		}
	}
}

func insert(file string) error {
	f, err := os.Open(file)
	if err != nil {
		return err
	}
	defer f.Close()
	return unix.FinitModule(int(f.Fd()), "", 0)
}

// loadPresent loads what the devices that are there ask for, until no new device comes of it.
func (m *modules) loadPresent() {
	for before := -1; before != len(m.loaded); {
		before = len(m.loaded)
		_ = filepath.WalkDir("/sys/devices", func(path string, d fs.DirEntry, err error) error {
			if err == nil && d.Name() == "modalias" {
				if b, err := os.ReadFile(path); err == nil {
					m.loadFor(strings.TrimSpace(string(b)))
				}
			}
			return nil // a device that went away is no reason to stop
		})
	}
}

func (m *modules) loadFor(alias string) {
	for _, name := range m.table.Match(alias) {
		m.load(name)
	}
}

// uevent is what the kernel tells of a device.
type uevent map[string]string

// parseUevent reads a message of the kernel's: a line, then KEY=VALUE, each ended by a zero byte.
func parseUevent(b []byte) uevent {
	e := uevent{}
	for field := range bytes.SplitSeq(b, []byte{0}) {
		if key, value, ok := strings.Cut(string(field), "="); ok {
			e[key] = value
		}
	}
	return e
}

// listenDevices opens the socket on which the kernel tells of devices.
func listenDevices() (int, error) {
	fd, err := unix.Socket(unix.AF_NETLINK, unix.SOCK_RAW|unix.SOCK_CLOEXEC, unix.NETLINK_KOBJECT_UEVENT)
	if err != nil {
		return 0, os.NewSyscallError("socket", err)
	}
	_ = unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, 1<<20) // a smaller one works as long as little happens
	return fd, os.NewSyscallError("bind", unix.Bind(fd, &unix.SockaddrNetlink{Family: unix.AF_NETLINK, Groups: 1}))
}

// followDevices loads modules for devices that come, and gives their nodes to who may use them. It
// ends with the process.
func (m *modules) followDevices(fd int) {
	buf := make([]byte, 16<<10)
	for {
		n, from, err := unix.Recvfrom(fd, buf, 0)
		if err != nil {
			continue // a full buffer: what was lost is seen when the device comes again
		}
		if peer, ok := from.(*unix.SockaddrNetlink); !ok || peer.Pid != 0 {
			continue // not the kernel
		}
		e := parseUevent(buf[:n])
		if e["ACTION"] != "add" {
			continue
		}
		if alias := e["MODALIAS"]; alias != "" {
			m.loadFor(alias)
		}
		if name := e["DEVNAME"]; name != "" {
			giveNode(name)
		}
	}
}
