// Package gpioport is the GPIO of a terminal: the relay, contact and exit button of a
// door, and the two lines of a Wiegand reader. It is the only importer of periph's gpio
// interfaces, which the pins of doors implement, and of go-gpiocdev.
//
// A configuration names a pin of a door by a spec. One of a chip of the kernel, by the
// chip's name or label and the line's number:
//
//	gpiochip0:17 active-low pull-up
//
// It is requested when the agent runs, a relay released, and given back when the agent
// ends, a relay released. A contact that is closed and a button that is pressed are active;
// active-low says that the line is low then. The bias of a line stays as it is without
// pull-up or pull-down.
//
// A pin of a virtual board that listens on a Unix stream socket is
//
//	virtual:/run/badged/pins.sock#relay
//
// The agent connects, says "relay 1" or "relay 0", one a line, and is told "contact 1"
// (closed) or "contact 0", "exit 1" (pressed) or "exit 0": all inputs on connecting, then
// each change. The board drops its relay when the connection ends.
//
// The lines of a Wiegand reader, D0 and D1, are of one chip: gpiochip0:17,27 pull-up.
//
// Chips need Linux 5.10: the kernel's GPIO interface version 2, which numbers edges.
package gpioport
