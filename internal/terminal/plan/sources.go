package plan

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"strconv"

	"badged/internal/config"
	"badged/reader"
	"badged/reader/gpioport"
	"badged/reader/mfrc522"
	"badged/reader/pcscd"
	"badged/reader/protocols"
	"badged/reader/serialport"
	"badged/reader/usbport"
)

// errClaimed ends the error about a line, a pin or a port that is in use already.
var errClaimed = errors.New("already")

// unclaimed is what is allowed instead of it.
const unclaimed = "one that nothing else uses"

// claimThing records that who uses a thing. It fails if something else uses it, and names that.
func (p *Plan) claimThing(thing, who string) error {
	if first, ok := p.claims[thing]; ok {
		return fmt.Errorf("%s is %s %w", thing, first, errClaimed)
	}
	p.claims[thing] = who
	return nil
}

// chipLine names a line of a chip, however the chip is written.
func chipLine(chip string, line int) string {
	return "line " + filepath.Base(chip) + ":" + strconv.Itoa(line)
}

// addPort claims the port of a reader. It ignores a port that cannot be read, which parsePort
// reports.
func (p *Plan) addPort(c config.Reader, kind protocols.Port) (problems config.Problems) {
	note := func(prefix string, err error) {
		if err != nil {
			problems = append(problems, c.Problem("port", prefix+err.Error(), unclaimed))
		}
	}
	if spec, err := gpioport.ParseLinesSpec(c.Port); kind == protocols.Lines && err == nil {
		note("", p.claimThing(chipLine(spec.Chip, spec.D0), "D0 of reader "+c.Name))
		note("", p.claimThing(chipLine(spec.Chip, spec.D1), "D1 of reader "+c.Name))
		return problems
	}
	note("two readers use this port: ", p.claimThing(portOf(c, kind), "that of reader "+c.Name))
	return problems
}

// portOf names a port in one form, however it is spelled.
func portOf(c config.Reader, kind protocols.Port) string {
	name := c.Port
	switch kind {
	case protocols.Serial, protocols.Bus:
		name = filepath.Clean(c.Port)
	case protocols.Reports, protocols.Feature, protocols.Bulk:
		if spec, err := usbport.ParseSpec(c.Port); err == nil {
			name = spec.String()
		}
	case protocols.SPI:
		if spec, err := mfrc522.ParseSpec(c.Port); err == nil {
			name = spec.String()
		}
	}
	return "port " + name
}

// errBulk says why this build cannot drive a smart card reader by itself; nil if it can. An
// empty spec causes no other error.
var _, errBulk = usbport.NewBulk(usbport.Config{}, nil)

// newSource makes the source that feeds a reader's bytes to dec. It opens nothing. An error
// is about the port.
func (p *Plan) newSource(c config.Reader, proto protocols.Protocol, at port, dec reader.Decoder) (reader.Source, error) {
	switch proto.Port {
	case protocols.Serial:
		return serialSource(c, proto, dec), nil
	case protocols.Reports, protocols.Feature:
		p.usb = append(p.usb, at.usb)
		return usbport.New(usbport.Config{Name: c.Name, Spec: at.usb}, dec), nil
	case protocols.Bulk:
		return p.bulkSource(c, at, dec)
	case protocols.Daemon:
		return pcscd.New(pcscd.Config{Name: c.Name, Reader: at.daemon}), nil
	case protocols.SPI:
		return mfrc522.New(mfrc522.Config{Name: c.Name, Spec: at.spi}), nil
	default:
		return gpioport.NewLines(gpioport.LinesConfig{Name: c.Name, Spec: at.lines}, dec), nil
	}
}

// bulkSource needs a build with libusb.
func (p *Plan) bulkSource(c config.Reader, at port, dec reader.Decoder) (reader.Source, error) {
	poller, ok := dec.(reader.Poller)
	if !ok {
		return nil, errors.New("this kind of port is for protocols that ask")
	}
	p.usb = append(p.usb, at.usb)
	return usbport.NewBulk(usbport.Config{Name: c.Name, Spec: at.usb}, poller)
}

// serialSource makes the source of a serial port. It shows decisions if the reader can.
func serialSource(c config.Reader, p protocols.Protocol, dec reader.Decoder) reader.Source {
	cfg := serialConfig(c, p)
	if talk, ok := dec.(serialport.Dialogue); ok {
		return serialport.NewBus(cfg, talk)
	}
	return serialport.New(cfg, dec)
}

// serialPath fails if the port of a reader on a serial line is not an absolute path.
func serialPath(c config.Reader) error {
	if filepath.IsAbs(c.Port) {
		return nil
	}
	return fmt.Errorf("%s is a serial protocol, and %.120q is no serial port: must be an absolute path, best one of /dev/serial/by-id", c.Protocol, c.Port)
}

// serialConfig takes the usual speed of the protocol if the configuration names none.
func serialConfig(c config.Reader, p protocols.Protocol) serialport.Config {
	return serialport.Config{Name: c.Name, Path: c.Port, Baud: cmp.Or(c.Baud, p.DefaultBaud)}
}
