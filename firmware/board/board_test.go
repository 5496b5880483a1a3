package board_test

import (
	"os"
	"regexp"
	"strings"
	"testing"

	"badged/firmware/board"
	"badged/reader/gpioport"
)

var nameRE = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,31}$`)

// Issue 12, 2: what a profile hands out is what the agent reads, for every hat on every board
// that has a header.
func TestTheAgentReadsThePinsOfEveryHat(t *testing.T) {
	for _, b := range board.Boards() {
		for _, h := range board.Hats() {
			pins, err := b.Pins(h)
			if b.Chip == "" {
				if err == nil {
					t.Errorf("%s has no header and takes the hat %s", b.Name, h.Name)
				}
				continue
			}
			if err != nil || len(pins) == 0 {
				t.Errorf("%s with %s: %v, %v", b.Name, h.Name, pins, err)
			}
			for name, pin := range pins {
				checkPin(t, b, h, name, pin)
			}
		}
	}
}

func checkPin(t *testing.T, b board.Board, h board.Hat, name, pin string) {
	t.Helper()
	var err error
	chip := b.Chip
	switch {
	case strings.HasPrefix(name, "wiegand"):
		var s gpioport.LinesSpec
		s, err = gpioport.ParseLinesSpec(pin)
		chip = s.Chip
	case strings.HasPrefix(name, "spi"):
		if !strings.HasPrefix(pin, "spi:/dev/") {
			t.Errorf("%s with %s: %s is %q", b.Name, h.Name, name, pin)
		}
	default:
		var s gpioport.Spec
		s, err = gpioport.ParseSpec(pin)
		chip = s.Chip
	}
	if err != nil || chip != b.Chip {
		t.Errorf("%s with %s: %s is %q: chip %q, %v", b.Name, h.Name, name, pin, chip, err)
	}
}

// A line serves one purpose, exists on a header of 40 pins (BCM 2 to 27), and is not one of
// those that a hat's EEPROM has.
func TestNoHatUsesALineTwice(t *testing.T) {
	for _, h := range board.Hats() {
		used := map[int]bool{}
		take := func(n int) {
			if n < 2 || n > 27 || used[n] {
				t.Errorf("%s: line %d is used twice or is not on the header", h.Name, n)
			}
			used[n] = true
		}
		for _, l := range append(h.Relays, h.Inputs...) {
			take(l.Number)
		}
		for _, w := range h.Wiegand {
			take(w[0])
			take(w[1])
		}
		if h.SPI != "" {
			for n := 7; n <= 11; n++ {
				take(n)
			}
		}
		if h.Source == "" || !nameRE.MatchString(h.Name) {
			t.Errorf("%s: source %q", h.Name, h.Source)
		}
	}
}

// The pins of two hats as their makers write them.
func TestPinsAreThoseOfTheMakers(t *testing.T) {
	for _, tt := range []struct{ board, hat, pin, want string }{
		{"rpi-4", "waveshare-relay-3", "relay1", "pinctrl-bcm2711:26 active-low"},
		{"rpi-3", "waveshare-relay-8", "relay8", "pinctrl-bcm2835:26 active-low"},
		{"rpi-5", "automation-hat", "relay2", "pinctrl-rp1:19"},
		{"rpi-5", "automation-hat", "input3", "pinctrl-rp1:21"},
		{"rpi-zero-2-w", "keyestudio-relay-4", "relay1", "pinctrl-bcm2835:4"},
		{"rpi-4", "header", "wiegand1", "pinctrl-bcm2711:23,24 pull-up"},
		{"rpi-4", "header", "input1", "pinctrl-bcm2711:22 active-low pull-up"},
	} {
		b, errB := board.Find(tt.board)
		h, errH := board.FindHat(tt.hat)
		pins, err := b.Pins(h)
		if errB != nil || errH != nil || err != nil || pins[tt.pin] != tt.want {
			t.Errorf("%s, %s, %s: %q %v %v %v", tt.board, tt.hat, tt.pin, pins[tt.pin], errB, errH, err)
		}
	}
}

// From power-on until the agent takes a line, a resistor in the chip pulls it: up for lines
// 0 to 8, down for the others. A relay that this energises could open a door.
func TestWhereTheResistorPullsAtPowerOn(t *testing.T) {
	for _, tt := range []struct {
		line board.Line
		want bool
	}{
		{board.Line{Number: 4}, true}, {board.Line{Number: 8}, true}, {board.Line{Number: 9}, false}, {board.Line{Number: 26}, false},
		{board.Line{Number: 4, ActiveLow: true}, false}, {board.Line{Number: 26, ActiveLow: true}, true},
	} {
		if got := tt.line.PulledActive(); got != tt.want {
			t.Errorf("%+v: %v", tt.line, got)
		}
	}
	header, err := board.FindHat("header")
	if err != nil || header.Relays[0].PulledActive() {
		t.Errorf("the relay that we propose is pulled to the energised side: %v", err)
	}
}

func TestASlipInANameIsAnswered(t *testing.T) {
	if _, err := board.Find("rpi4"); err == nil || !strings.Contains(err.Error(), `did you mean "rpi-4"?`) {
		t.Errorf("%v", err)
	}
	if _, err := board.FindHat("automation_hat"); err == nil || !strings.Contains(err.Error(), `did you mean "automation-hat"?`) {
		t.Errorf("%v", err)
	}
}

// docs/boards.md has a row for each board and each hat, and says of each how it was tested.
func TestEveryBoardAndHatIsDocumented(t *testing.T) {
	text, err := os.ReadFile("../../docs/boards.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, b := range board.Boards() {
		if !strings.Contains(string(text), "| `"+b.Name+"` | "+b.Title+" |") {
			t.Errorf("docs/boards.md has no row for %s", b.Name)
		}
	}
	for _, h := range board.Hats() {
		if !strings.Contains(string(text), "| `"+h.Name+"` | "+h.Title+" |") {
			t.Errorf("docs/boards.md has no row for %s", h.Name)
		}
	}
}
