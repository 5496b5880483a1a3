// Package sim is virtual devices for tests, the workbench and the bench: readers and
// a keypad that speak real protocols over pseudo-terminals, and the pins of a door
// over a unix socket. It shares no encoding with package reader, so that a mistake
// there is not mirrored here.
package sim
