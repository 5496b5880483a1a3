// Package gpioport drives the GPIO of a terminal: the relay, contact and exit button of a
// door, and the two lines of a Wiegand reader. It is the only importer of periph's gpio
// interfaces, which the pins of doors implement, and of go-gpiocdev.
//
// A configuration names a pin of a door by a spec. The spec of a line of a kernel chip is the
// chip's name or label and the line's number:
//
//	gpiochip0:17 active-low pull-up
//
// The agent requests the line when it starts and returns it when it ends; a relay is released
// at both times. A closed contact and a pressed button are active; active-low says that the
// line is low then. Without pull-up or pull-down the bias of the line stays as it is.
//
// A pin of a virtual board that listens on a Unix stream socket is
//
//	virtual:/run/badged/pins.sock#relay
//
// The agent connects and writes "relay 1" or "relay 0", each on a line. The board writes
// "contact 1" (closed) or "contact 0", "exit 1" (pressed) or "exit 0": all inputs on
// connecting, then each change. The board drops its relay when the connection ends.
//
// The lines of a Wiegand reader, D0 and D1, are of one chip: gpiochip0:17,27 pull-up.
//
// Chips need Linux 5.10: the kernel's GPIO interface version 2, which numbers edges.
package gpioport
