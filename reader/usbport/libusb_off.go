//go:build !libusb

package usbport

import (
	"errors"

	"badged/reader"
)

// NewBulk makes a reader.Source on the bulk endpoints of a device that the kernel has
// no driver for. That takes libusb, which this build does not have: its error says so.
func NewBulk(Config, reader.Poller) (reader.Source, error) {
	return nil, errors.New("this build has no libusb: build with -tags libusb")
}
