package protocols

import (
	"fmt"
	"strconv"
	"time"

	"badged/reader"
	"badged/reader/ccid"
)

// maxSlot is the highest number that a CCID message has room for.
const maxSlot = 255

var cardRows = []Protocol{
	{
		Name: "ccid", Doc: "USB smart card reader, contactless, asked for the UID (needs a build with libusb; not beside pcscd)", Port: Bulk,
		Options: []Option{
			{"interval", "time between an answer and the next question, 1ms to 1m", "250ms"},
			{"slot", "of a reader with several, 0 to 255", "0"},
		},
		make: newCCID,
	},
	{Name: "mfrc522", Doc: "RC522 module (NXP MFRC522) on an SPI bus of the board", Port: SPI},
	{Name: "pcscd", Doc: "smart card reader at the PC/SC daemon, contactless, asked for the UID (not beside ccid)", Port: Daemon},
}

func newCCID(v values) (reader.Decoder, error) {
	var o ccid.Options
	var err error
	if s, ok := v["slot"]; ok {
		o.Slot, err = strconv.Atoi(s)
		if err != nil || o.Slot < 0 || o.Slot > maxSlot {
			return nil, fmt.Errorf("slot %q: must be a number, 0 to %d", s, maxSlot)
		}
	}
	err = v.readDurations(map[string]*time.Duration{"interval": &o.Interval})
	return ccid.New(o), err
}
