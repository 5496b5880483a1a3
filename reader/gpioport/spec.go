package gpioport

import (
	"errors"
	"fmt"
	"path/filepath"
	"strconv"
	"strings"

	"periph.io/x/conn/v3/gpio"
)

// Spec locates a pin of a door: on a virtual board, or on a chip.
type Spec struct {
	Board string // path of a virtual board's socket; "": a chip's pin
	Pin   string // what it is for: "relay", "contact", "exit"; "" in the spec of a chip's pin

	Chip      string // "gpiochip0", its label, or its path
	Line      int
	ActiveLow bool
	Pull      gpio.Pull
}

// ParseSpec reads the spec of a pin. Its error says what is allowed.
func ParseSpec(s string) (Spec, error) {
	if rest, ok := strings.CutPrefix(s, "virtual:"); ok {
		board, pin, named := strings.Cut(rest, "#")
		if !named || !filepath.IsAbs(board) || len(board) > 100 || !isPin(pin) {
			return Spec{}, noPin(s)
		}
		return Spec{Board: board, Pin: pin}, nil
	}
	chip, lines, flags, err := parseLines(s, 1)
	if err != nil || flags.activeHigh {
		return Spec{}, noPin(s)
	}
	return Spec{Chip: chip, Line: lines[0], ActiveLow: flags.activeLow, Pull: flags.pull}, nil
}

func noPin(s string) error {
	return fmt.Errorf("%.120q is no pin: write CHIP:LINE, as in gpiochip0:17, with active-low, pull-up or pull-down behind it, "+
		"or virtual:/PATH/OF/SOCKET#PIN, where PIN is relay, contact or exit", s)
}

func isPin(s string) bool { return s == "relay" || isInput(s) }

func isInput(s string) bool { return s == "contact" || s == "exit" }

// String is the spec as it was written.
func (s Spec) String() string {
	if s.Board != "" {
		return "virtual:" + s.Board + "#" + s.Pin
	}
	text := s.Chip + ":" + strconv.Itoa(s.Line)
	if s.ActiveLow {
		text += " active-low"
	}
	return text + pullWord(s.Pull)
}

// LinesSpec locates the two lines of a Wiegand reader.
type LinesSpec struct {
	Chip       string
	D0, D1     int
	ActiveHigh bool // a pulse is high, as behind some optocouplers
	Pull       gpio.Pull
}

// ParseLinesSpec reads CHIP:D0,D1. Its error says what is allowed.
func ParseLinesSpec(s string) (LinesSpec, error) {
	chip, lines, flags, err := parseLines(s, 2)
	if err != nil || flags.activeLow || lines[0] == lines[1] {
		return LinesSpec{}, fmt.Errorf("%.120q is no pair of lines: write CHIP:D0,D1, as in gpiochip0:17,27, with pull-up, pull-down or active-high behind it", s)
	}
	return LinesSpec{Chip: chip, D0: lines[0], D1: lines[1], ActiveHigh: flags.activeHigh, Pull: flags.pull}, nil
}

// String is the spec as it was written.
func (s LinesSpec) String() string {
	text := s.Chip + ":" + strconv.Itoa(s.D0) + "," + strconv.Itoa(s.D1)
	if s.ActiveHigh {
		text += " active-high"
	}
	return text + pullWord(s.Pull)
}

func pullWord(p gpio.Pull) string {
	switch p {
	case gpio.PullUp:
		return " pull-up"
	case gpio.PullDown:
		return " pull-down"
	default:
		return ""
	}
}

// flags are the words behind a line.
type flags struct {
	activeLow, activeHigh bool
	pull                  gpio.Pull
}

// maxLineNumber bounds the number in a spec; the kernel checks how many lines a chip has.
const maxLineNumber = 4095

var errSpec = errors.New("not a spec")

// parseLines reads CHIP:LINE,... WORDS with n lines.
func parseLines(s string, n int) (chip string, lines []int, f flags, err error) {
	words := strings.Split(s, " ")
	i := strings.LastIndexByte(words[0], ':')
	if i < 1 || i > 100 {
		return "", nil, f, errSpec
	}
	for _, number := range strings.SplitN(words[0][i+1:], ",", n+1) {
		v, err := strconv.ParseUint(number, 10, 16)
		if err != nil || v > maxLineNumber || len(lines) == n {
			return "", nil, f, errSpec
		}
		lines = append(lines, int(v))
	}
	if len(lines) < n {
		return "", nil, f, errSpec
	}
	chip = words[0][:i]
	if strings.Contains(chip, "/") && !filepath.IsAbs(chip) {
		return "", nil, f, errSpec
	}
	err = f.parseFlags(words[1:])
	return chip, lines, f, err
}

// parseFlags parses the words. It fails on an unknown or repeated one.
func (f *flags) parseFlags(words []string) error {
	for _, w := range words {
		switch {
		case w == "active-low" && !f.activeLow:
			f.activeLow = true
		case w == "active-high" && !f.activeHigh:
			f.activeHigh = true
		case w == "pull-up" && f.pull == gpio.PullNoChange:
			f.pull = gpio.PullUp
		case w == "pull-down" && f.pull == gpio.PullNoChange:
			f.pull = gpio.PullDown
		default:
			return errSpec
		}
	}
	return nil
}
