package main

import (
	"runtime"

	"badged/internal/rig/lab"
)

// step is one thing that the lab shows. It gives what was seen, with its numbers.
type step struct {
	name string
	run  func(*guest) (figure string, err error)
}

// stepsOfThis are the steps of this kind of machine, in their order.
func stepsOfThis() []step {
	if runtime.GOARCH == "arm64" {
		return pinSteps
	}
	return usbSteps
}

// guest is the machine while steps run.
type guest struct {
	link    *lab.Link
	console *console
}

// run runs a step to its end.
func (g *guest) run(s step) *lab.Done {
	figure, err := s.run(g)
	done := &lab.Done{Figure: figure}
	if err != nil {
		done.Problem = err.Error()
	}
	return done
}

var usbSteps = []step{
	{"console-open", consoleOpen},
	{"usb-serial", usbSerial},
	{"hid-boot", oneWedge("boot")},
	{"hid-report-id", oneWedge("report-id")},
	{"hid-mouse", oneWedge("mouse")},
	{"hid-combo", oneWedge("combo")},
	{"hid-nkro", oneWedge("nkro")},
	{"hid-azerty", oneWedge("azerty")},
	{"hid-twins", twins},
	{"usb-kbd", qemuKeyboard},
	{"usb-ccid", smartCard},
	{"foreign-keyboard", foreign},
	{"unplug-200", unplugged},
	{"hostile-50", hostile},
	{"10000-hid", manyWedges},
	{"10000-serial", manySerial},
}

var pinSteps = []step{
	{"wiegand-frames", frames},
	{"wiegand-keys", keys},
	{"relay", relay},
	{"relay-guard", relayGuard},
}
