package workbench

import (
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"badged/internal/rig/sim"
)

const (
	openFor = 5 * time.Second       // how long a grant opens the door
	repeat  = 50 * time.Millisecond // how long a badge is away before it counts again
)

// devices is what hangs on the terminals.
type devices struct {
	hallReader, frontReader *sim.Reader
	frontKeys               *sim.Keypad
	pins                    *sim.Pins
}

// plug makes all devices below dir.
func (d *devices) plug(dir string) (err error) {
	at := func(name string) string { return filepath.Join(dir, name) }
	if d.hallReader, err = sim.NewReader(at("hall-rfid")); err != nil {
		return err
	}
	if d.frontReader, err = sim.NewReader(at("front-rfid")); err != nil {
		return err
	}
	if d.frontKeys, err = sim.NewKeypad(at("front-keys")); err != nil {
		return err
	}
	d.pins, err = sim.NewPins(at("pins.sock"))
	return err
}

// unplug takes away those that were made.
func (d *devices) unplug() error {
	var errs []error
	if d.hallReader != nil {
		errs = append(errs, d.hallReader.Close())
	}
	if d.frontReader != nil {
		errs = append(errs, d.frontReader.Close())
	}
	if d.frontKeys != nil {
		errs = append(errs, d.frontKeys.Close())
	}
	if d.pins != nil {
		errs = append(errs, d.pins.Close())
	}
	return errors.Join(errs...)
}

// printerConfig is the configuration of the print terminal.
func (w *Workbench) printerConfig() string {
	frame := ""
	if w.opt.Frame != "" {
		frame = fmt.Sprintf("frame_ancestors = [%q]\n", w.opt.Frame)
	}
	return "[kiosk]\nlisten = \"127.0.0.1:0\"\n" + frame + `
[[point]]
name = "hall"
kind = "print"
` + rdm6300Config("hall-rfid", "hall", w.devices.hallReader.Path())
}

// doorConfig is the configuration of the door terminal.
func (w *Workbench) doorConfig() string {
	pins := "virtual:" + w.devices.pins.Path()
	return fmt.Sprintf(`
[[point]]
name = "front"
kind = "door"
door = "front"
relay = %q
contact = %q
exit = %q
open_for = %q
held_after = "30s"
`, pins+"#relay", pins+"#contact", pins+"#exit", openFor.String()) +
		rdm6300Config("front-rfid", "front", w.devices.frontReader.Path()) +
		readerConfig("front-keys", "front", "asciikeypad", w.devices.frontKeys.Path())
}

// rdm6300Config is a reader whose badges are on it for one frame only.
func rdm6300Config(name, point, port string) string {
	return readerConfig(name, point, "rdm6300", port) + fmt.Sprintf("options = { repeat = %q }\n", repeat.String())
}

func readerConfig(name, point, protocol, port string) string {
	return fmt.Sprintf(`
[[reader]]
name = %q
point = %q
protocol = %q
port = %q
`, name, point, protocol, port)
}
