package main

import (
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"time"

	"badged/internal/ctl"
	"badged/internal/lab"
)

// presented is how long a badge may take from the hand to the event.
const presented = 10 * time.Second

// wantCard waits for the event of the nth member at a reader, and wants no other
// before it.
func (a *agent) wantCard(reader string, n int) error {
	ev, err := a.next(presented, "a card at "+reader, func(ev ctl.Event) bool { return ev.Kind == "presentation" })
	if err != nil {
		return err
	}
	if ev.Point != reader || ev.Outcome != "granted" || ev.Account != lab.Account(n).String() {
		return fmt.Errorf("present card %d at %s: got %s", n, reader, tell(ev))
	}
	return nil
}

// usbSerial reads RDM6300 frames from QEMU's FTDI adapter.
func usbSerial(g *guest) (_ string, err error) {
	a, err := startAgent("/bin/badged", device{name: "serial", protocol: "rdm6300", port: "/dev/ttyUSB0"})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, a.stop()) }()
	const badges = 20
	for n := range badges {
		if err := g.link.Ask("serial", hex.EncodeToString(rdm6300(lab.Number(n)))); err != nil {
			return "", err
		}
		if err := a.wantCard("serial", n); err != nil {
			return "", err
		}
	}
	return fmt.Sprintf("%d badges through an FTDI adapter", badges), nil
}

// rdm6300 is the frame of ten hex digits.
func rdm6300(number string) []byte {
	raw, _ := hex.DecodeString(number)
	var sum byte
	for _, b := range raw {
		sum ^= b
	}
	return fmt.Appendf(nil, "\x02%s%02X\x03", number, sum)
}

func gpiochip(*guest) (string, error) {
	b, err := os.ReadFile("/sys/bus/gpio/devices/gpiochip0/of_node/compatible")
	return string(b), err
}
