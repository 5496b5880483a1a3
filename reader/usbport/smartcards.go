package usbport

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"badged/reader"
)

// SmartCardReader is an interface of the USB class for smart card readers. It is seen in
// every build; NewBulk takes one with libusb.
type SmartCardReader struct {
	Spec Spec   // the shortest that means this one and no other that is there
	Name string // maker and product, printable

	full Spec
}

// Is reports whether a spec means this interface, and maybe others.
func (r SmartCardReader) Is(s Spec) bool {
	return s.Vendor == r.full.Vendor && s.Product == r.full.Product &&
		(s.Path == "" || s.Path == r.full.Path) &&
		(s.Serial == "" || s.Serial == r.full.Serial) &&
		(s.Interface == AnyInterface || s.Interface == r.full.Interface)
}

// classSmartCard is bInterfaceClass of USB's Defined Class Codes.
const classSmartCard = 0x0b

// SmartCardReaders gives those that are plugged in. Its error is a *reader.OpError.
func SmartCardReaders() ([]SmartCardReader, error) {
	list, err := host.smartCardReaders()
	if err != nil {
		return nil, &reader.OpError{Op: "list", Device: "USB smart card readers", Err: err}
	}
	return list, nil
}

func (m *machine) smartCardReaders() (list []SmartCardReader, err error) {
	folder := filepath.Join(m.root, "sys/bus/usb/devices")
	entries, err := os.ReadDir(folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	for _, e := range entries {
		dir, err := filepath.EvalSymlinks(filepath.Join(folder, e.Name()))
		if err != nil || hexAttribute(dir, "bInterfaceClass") != classSmartCard {
			continue // not one, or unplugged just now
		}
		if u, n, ok := m.usbOf(dir); ok {
			spec := Spec{Vendor: u.Vendor, Product: u.Product, Path: u.Path, Interface: n}
			r := SmartCardReader{Spec: spec, Name: u.name(), full: spec}
			r.full.Serial = u.serial()
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b SmartCardReader) int { return strings.Compare(a.Spec.String(), b.Spec.String()) })
	shortenSpecs(list)
	return list, nil
}

// shortenSpecs leaves out what does not tell readers apart: the port, the interface.
func shortenSpecs(list []SmartCardReader) {
	for i, r := range list {
		onePort, oneFace := true, true
		for _, o := range list {
			if o.full.Vendor == r.full.Vendor && o.full.Product == r.full.Product {
				onePort = onePort && o.full.Path == r.full.Path
				oneFace = oneFace && (o.full.Path != r.full.Path || o.full == r.full)
			}
		}
		if onePort {
			list[i].Spec.Path = ""
		}
		if oneFace {
			list[i].Spec.Interface = AnyInterface
		}
	}
}
