package main

import (
	"errors"
	"fmt"
	"time"

	"badged/internal/rig/lab"
)

// away is how long the reader's field is empty between two cards.
const away = 500 * time.Millisecond

// smartCard lays a card on QEMU's smart card reader, which badged asks through libusb.
func smartCard(g *guest) (_ string, err error) {
	a, err := startAgent(setup{bin: "/bin/badged-libusb", devices: []device{{name: "cards", protocol: "ccid", port: "usb:08e6:4433"}}})
	if err != nil {
		return "", err
	}
	cut := 0
	for i := 0; i < fewBadges/2 && err == nil; i++ {
		n := lab.UID + i%2
		again, layErr := a.presentCard("cards", n, func() error {
			emptied := g.link.Ask("no card")
			time.Sleep(away)
			return errors.Join(emptied, g.link.Ask("card", lab.Number(n)))
		})
		cut, err = cut+again, layErr
	}
	return fmt.Sprintf("%d cards laid on QEMU's reader; %d answers were cut", fewBadges/2, cut), errors.Join(err, a.wantNothing(), a.stop())
}
