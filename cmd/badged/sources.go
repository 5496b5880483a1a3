package main

import (
	"cmp"
	"errors"
	"path/filepath"

	"badged/internal/config"
	"badged/reader"
	"badged/reader/gpioport"
	"badged/reader/mfrc522"
	"badged/reader/pcscd"
	"badged/reader/protocols"
	"badged/reader/serialport"
	"badged/reader/usbport"
)

// newSource makes what brings a reader's bytes to dec. Nothing is opened. An error is
// about the port.
func (p *plan) newSource(c config.Reader, proto protocols.Protocol, dec reader.Decoder) (reader.Source, error) {
	switch proto.Port {
	case protocols.Serial:
		return serialSource(c, proto, dec)
	case protocols.Reports, protocols.Feature:
		spec, err := usbport.ParseSpec(c.Port)
		if err != nil {
			return nil, err
		}
		p.usb = append(p.usb, spec)
		return usbport.New(usbport.Config{Name: c.Name, Spec: spec}, dec), nil
	case protocols.Bulk:
		return p.bulkSource(c, dec)
	case protocols.Daemon:
		name, err := pcscd.ParseSpec(c.Port)
		if err != nil {
			return nil, err
		}
		return pcscd.New(pcscd.Config{Name: c.Name, Reader: name}), nil
	case protocols.SPI:
		spec, err := mfrc522.ParseSpec(c.Port)
		if err != nil {
			return nil, err
		}
		return mfrc522.New(mfrc522.Config{Name: c.Name, Spec: spec}), nil
	case protocols.Lines:
		spec, err := gpioport.ParseLinesSpec(c.Port)
		if err != nil {
			return nil, err
		}
		return gpioport.NewLines(gpioport.LinesConfig{Name: c.Name, Spec: spec}, dec), nil
	default:
		return nil, errors.New("this kind of port is not wired")
	}
}

// bulkSource needs a build with libusb.
func (p *plan) bulkSource(c config.Reader, dec reader.Decoder) (reader.Source, error) {
	spec, err := usbport.ParseSpec(c.Port)
	if err != nil {
		return nil, err
	}
	poller, ok := dec.(reader.Poller)
	if !ok {
		return nil, errors.New("this kind of port is for protocols that ask")
	}
	p.usb = append(p.usb, spec)
	return usbport.NewBulk(usbport.Config{Name: c.Name, Spec: spec}, poller)
}

// serialSource also shows decisions at a reader that can.
func serialSource(c config.Reader, p protocols.Protocol, dec reader.Decoder) (reader.Source, error) {
	if !filepath.IsAbs(c.Port) {
		return nil, errors.New("must be an absolute path, best one of /dev/serial/by-id")
	}
	cfg := serialConfig(c, p)
	if talk, ok := dec.(serialport.Dialogue); ok {
		return serialport.NewBus(cfg, talk), nil
	}
	return serialport.New(cfg, dec), nil
}

// serialConfig takes the usual speed of the protocol if the configuration names none.
func serialConfig(c config.Reader, p protocols.Protocol) serialport.Config {
	return serialport.Config{Name: c.Name, Path: c.Port, Baud: cmp.Or(c.Baud, p.DefaultBaud)}
}
