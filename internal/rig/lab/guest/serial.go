package main

import (
	"encoding/hex"
	"errors"
	"fmt"

	"badged/internal/rig/lab"
	"badged/internal/rig/sim"
)

// usbSerial reads RDM6300 frames from QEMU's FTDI adapter.
func usbSerial(g *guest) (_ string, err error) {
	a, err := startAgent(setup{devices: []device{{name: "adapter", protocol: "rdm6300", port: "/dev/ttyUSB0"}}})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	for n := range fewBadges {
		send := func() error { return g.link.Ask("serial", hex.EncodeToString(rdm6300(lab.Number(n)))) }
		if _, err := a.presentCard("adapter", n, send); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d badges through an FTDI adapter", fewBadges), nil
}

// rdm6300 is the frame of ten hex digits.
func rdm6300(number string) []byte {
	raw, _ := hex.DecodeString(number) // it has
	var sum byte
	for _, b := range raw {
		sum ^= b
	}
	return fmt.Appendf(nil, "\x02%s%02X\x03", number, sum)
}

// manySerial sends all members' badges through a pseudo-terminal.
func manySerial(*guest) (_ string, err error) {
	r, err := sim.NewReader("/run/pty")
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, r.Close()) }()
	a, err := startAgent(setup{devices: []device{{name: "pty", protocol: "rdm6300", port: r.Path()}}})
	if err != nil {
		return "", err
	}
	figure, err := a.wantAll([]hand{{"pty", r.Tap, 500}})
	return figure, errors.Join(err, a.stop())
}
