package plan

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"badged/internal/config"
	"badged/reader/gpioport"
	"badged/reader/mfrc522"
	"badged/reader/pcscd"
	"badged/reader/protocols"
	"badged/reader/usbport"
)

// port is where a reader is connected, as its configuration names it. One field is set.
type port struct {
	serial string // path
	usb    usbport.Spec
	daemon string // name of a reader at the PC/SC daemon
	spi    mfrc522.Spec
	lines  gpioport.LinesSpec
}

// parsePort reads the port of a reader's configuration. An error is about its spelling.
func parsePort(c config.Reader, kind protocols.Port) (p port, err error) {
	switch kind {
	case protocols.Serial, protocols.Bus:
		p.serial, err = c.Port, serialPath(c)
	case protocols.Reports, protocols.Feature, protocols.Bulk:
		p.usb, err = usbport.ParseSpec(c.Port)
	case protocols.Daemon:
		p.daemon, err = pcscd.ParseSpec(c.Port)
	case protocols.SPI:
		p.spi, err = mfrc522.ParseSpec(c.Port)
	case protocols.Lines:
		p.lines, err = gpioport.ParseLinesSpec(c.Port)
	default:
		err = errors.New("this kind of port is not wired")
	}
	return p, err
}

// isThere reports whether the machine has the port now, as far as that is visible without
// opening it.
func (p port) isThere(kind protocols.Port) bool {
	switch kind {
	case protocols.Serial, protocols.Bus:
		return fileIsThere(p.serial)
	case protocols.Daemon:
		return fileIsThere(pcscd.DefaultSocket)
	case protocols.Reports, protocols.Feature, protocols.Bulk:
		devices, err := usbport.List()
		return err != nil || slices.ContainsFunc(devices, func(d usbport.Device) bool { return d.Is(p.usb) })
	case protocols.SPI:
		return fileIsThere(fmt.Sprintf("/dev/spidev%d.%d", p.spi.Bus, p.spi.Select))
	case protocols.Lines:
		return fileIsThere(chipFile(p.lines.Chip))
	default:
		return true
	}
}

// chipFile is the file of a GPIO chip that is named by path or number; empty for a label.
func chipFile(chip string) string {
	if filepath.IsAbs(chip) {
		return chip
	}
	if ok, _ := filepath.Match("gpiochip[0-9]*", chip); ok {
		return filepath.Join("/dev", chip)
	}
	return ""
}

// describeMissing describes, one line each, what the configuration names and the machine does not
// have now. It opens nothing. The agent starts anyway and waits until the device is there.
func describeMissing(cfg *config.Config) (lines []string) {
	for _, c := range cfg.Readers {
		proto, err := protocols.Find(c.Protocol)
		if err != nil {
			continue
		}
		if at, err := parsePort(c, proto.Port); err == nil && !at.isThere(proto.Port) {
			lines = append(lines, fmt.Sprintf("reader %s: %s", c.Name, describeAbsent(c.Port, proto.Port)))
		}
	}
	for _, c := range cfg.Points {
		for _, spec := range []string{c.Relay, c.Contact, c.Exit} {
			if s, err := gpioport.ParseSpec(spec); spec != "" && err == nil && !fileIsThere(pinFile(s)) {
				lines = append(lines, fmt.Sprintf("point %s: the pin %s is not there now (is the chip right? `badgectl readers` lists them)", c.Name, spec))
			}
		}
	}
	return lines
}

// describeAbsent says what is not there, and what to do.
func describeAbsent(at string, kind protocols.Port) string {
	if kind == protocols.Daemon {
		return fmt.Sprintf("%s needs the PC/SC daemon, and %s is not there now (start it: systemctl enable --now pcscd.socket; Debian has it in the package pcscd)", at, pcscd.DefaultSocket)
	}
	return at + " is not there now (plug the reader in, or choose a port that `badgectl readers` shows)"
}

// pinFile is the chip or the socket behind a pin.
func pinFile(s gpioport.Spec) string {
	if s.Board != "" {
		return s.Board
	}
	return chipFile(s.Chip)
}

// fileIsThere reports false only when the kernel says that there is no such file.
func fileIsThere(path string) bool {
	if path == "" {
		return true
	}
	_, err := os.Stat(path)
	return !errors.Is(err, fs.ErrNotExist)
}
