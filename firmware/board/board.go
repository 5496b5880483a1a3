// Package board knows the boards that terminals are built from, and the hats that carry
// their relays and readers: which chip has the header's lines, and which line is which.
//
// A hat gives names to lines ("relay1", "input2", "wiegand1"). Pins turns them into what the
// agent's configuration takes for the board under the hat:
//
//	rpi-4 + waveshare-relay-3   relay1 → pinctrl-bcm2711:26 active-low
package board

import (
	"fmt"
	"maps"
	"slices"

	"badged/internal/spelling"
)

// Boot is how a board starts what stands on a card.
type Boot string

// The ways of booting.
const (
	UEFI Boot = "uefi" // GPT, a boot loader in the EFI system partition
	Pi   Boot = "pi"   // MBR, the loader of the Raspberry Pi
)

// Board is one kind of board.
type Board struct {
	Name   string
	Title  string
	Boot   Boot
	Arch   string // as GOARCH
	Chip   string // label of the GPIO chip of its header; empty: it has no header
	Tested string // how it was tested
}

// ErrUnknown is a board or hat that the tables do not have.
type ErrUnknown struct {
	What, Name string
	Known      []string
}

// Error names the ones that there are.
func (e *ErrUnknown) Error() string {
	return fmt.Sprintf("there is no %s %.40q%s; there are %v", e.What, e.Name, spelling.Hint(e.Name, e.Known), e.Known)
}

// Find gives the board of a name. Its error is ErrUnknown.
func Find(name string) (Board, error) {
	for _, b := range Boards() {
		if b.Name == name {
			return b, nil
		}
	}
	return Board{}, &ErrUnknown{"board", name, Names()}
}

// Names lists the names of all boards.
func Names() (names []string) {
	for _, b := range Boards() {
		names = append(names, b.Name)
	}
	return names
}

// FindHat gives the hat of a name. Its error is ErrUnknown.
func FindHat(name string) (Hat, error) {
	var known []string
	for _, h := range Hats() {
		if h.Name == name {
			return h, nil
		}
		known = append(known, h.Name)
	}
	return Hat{}, &ErrUnknown{"hat", name, known}
}

// Pins gives what the names of a hat's pins stand for on this board, as the agent's
// configuration writes it: "relay1" may be "pinctrl-bcm2711:26 active-low".
func (b Board) Pins(h Hat) (map[string]string, error) {
	if b.Chip == "" {
		return nil, fmt.Errorf("board %s has no header for the hat %s (leave the hat out)", b.Name, h.Name)
	}
	pins := map[string]string{}
	for i, l := range h.Relays {
		pins[fmt.Sprintf("relay%d", i+1)] = b.Chip + l.String()
	}
	for i, l := range h.Inputs {
		pins[fmt.Sprintf("input%d", i+1)] = b.Chip + l.String()
	}
	for i, w := range h.Wiegand {
		pins[fmt.Sprintf("wiegand%d", i+1)] = fmt.Sprintf("%s:%d,%d pull-up", b.Chip, w[0], w[1])
	}
	if h.SPI != "" {
		pins["spi1"] = "spi:" + h.SPI
	}
	return pins, nil
}

// PinNames gives the names of a hat's pins in order.
func PinNames(pins map[string]string) []string { return slices.Sorted(maps.Keys(pins)) }

// Line is one line of the header.
type Line struct {
	Number    int // as Broadcom numbers them (BCM)
	ActiveLow bool
	Pull      Pull
}

// Pull is a resistor inside the chip.
type Pull string

// The resistors that the agent can switch on.
const (
	Up   Pull = "pull-up"
	Down Pull = "pull-down"
)

// String is the line behind the name of its chip: ":26 active-low".
func (l Line) String() string {
	s := fmt.Sprintf(":%d", l.Number)
	if l.ActiveLow {
		s += " active-low"
	}
	if l.Pull != "" {
		s += " " + string(l.Pull)
	}
	return s
}

// PulledActive reports whether the chip's own resistor, from power-on until the agent takes
// the line, pulls to the side on which a relay is energised. The resistors of GPIO 0 to 8
// pull up and those of the other lines down (BCM2835 ARM Peripherals, table 6-31; the chips
// after it, and RP1, keep it so).
func (l Line) PulledActive() bool { return (l.Number <= 8) != l.ActiveLow }
