// Package protocols is the table of all protocols that a configuration can
// name. A new reader gets its row here.
package protocols

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"badged/internal/spelling"
	"badged/reader"
)

// Protocol describes a protocol of readers.
type Protocol struct {
	Name        string
	Aliases     []string // other names that New and Find take
	Doc         string   // one line
	Options     []Option
	Port        Port // what brings its bytes
	DefaultBaud int  // of serial readers

	make func(values) (reader.Decoder, error) // nil: ErrNoBytes
}

// ErrNoBytes is the error of New for a protocol whose port itself delivers cards.
var ErrNoBytes = errors.New("there are no bytes to decode")

// Port is the kind of port that a protocol speaks over, and with it how a
// configuration writes the port.
type Port string

// The kinds of port.
const (
	Serial  Port = "serial"  // a path: /dev/serial/by-id/...
	Bus     Port = "bus"     // a path that several readers share, each with its address: RS-485
	Reports Port = "reports" // input reports of a USB HID interface: usb:VID:PID
	Feature Port = "feature" // feature reports of a USB HID interface, asked for: usb:VID:PID
	Bulk    Port = "bulk"    // pipes of a USB device, through libusb: usb:VID:PID
	Lines   Port = "lines"   // two GPIO lines: gpiochip0:17,27
	Daemon  Port = "daemon"  // a reader of the PC/SC daemon: pcsc:NAME; it has no bytes to decode
	SPI     Port = "spi"     // a chip on a bus of the board: spi:/dev/spidev0.0; it has no bytes to decode
)

// Option describes one option of a protocol.
type Option struct {
	Name    string
	Doc     string // one line, with what is allowed
	Default string // as it would be written
}

// All gives every protocol, by name.
func All() []Protocol { return slices.Clone(table) }

// Find gives the named protocol. Its error says which there are.
func Find(name string) (Protocol, error) {
	i := slices.IndexFunc(table, func(p Protocol) bool { return p.Name == name || slices.Contains(p.Aliases, name) })
	if i < 0 {
		all := namesOf(table, func(p Protocol) string { return p.Name })
		return Protocol{}, fmt.Errorf("unknown protocol %q%s: must be one of %s", name, spelling.Hint(name, all), strings.Join(all, ", "))
	}
	return table[i], nil
}

// New makes a decoder of the named protocol. An error says what is allowed
// instead: the names of protocols or options, or the values of an option. If the options
// are right and the protocol has no bytes to decode, it is ErrNoBytes.
func New(name string, opts map[string]string) (reader.Decoder, error) {
	p, err := Find(name)
	if err != nil {
		return nil, err
	}
	if err := p.checkKnown(opts); err != nil {
		return nil, err
	}
	if p.make == nil {
		return nil, fmt.Errorf("protocol %s: %w: its port (%s) says by itself which card there is", p.Name, ErrNoBytes, p.Port)
	}
	dec, err := p.make(opts)
	if err != nil {
		return nil, fmt.Errorf("protocol %s: option %w", p.Name, err)
	}
	return dec, nil
}

// checkKnown fails if the protocol does not have one of the options.
func (p Protocol) checkKnown(opts map[string]string) error {
	unknown := p.unknownOptions(opts)
	if len(unknown) == 0 {
		return nil
	}
	if len(p.Options) == 0 {
		return fmt.Errorf("protocol %s: unknown option %q: it has none", p.Name, unknown[0])
	}
	all := namesOf(p.Options, func(o Option) string { return o.Name })
	return fmt.Errorf("protocol %s: unknown option %q%s: must be one of %s", p.Name, unknown[0], spelling.Hint(unknown[0], all), strings.Join(all, ", "))
}

// unknownOptions gives the options that the protocol does not have, by name.
func (p Protocol) unknownOptions(opts map[string]string) (unknown []string) {
	for name := range opts {
		if !slices.ContainsFunc(p.Options, func(o Option) bool { return o.Name == name }) {
			unknown = append(unknown, name)
		}
	}
	slices.Sort(unknown)
	return unknown
}

func namesOf[T any](list []T, name func(T) string) []string {
	s := make([]string, len(list))
	for i, v := range list {
		s[i] = name(v)
	}
	return s
}
