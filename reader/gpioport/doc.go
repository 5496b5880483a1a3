// Package gpioport is the pins of doors: relay, contact, exit button. It is the only
// importer of periph's gpio interfaces, which its pins implement.
//
// A configuration names a pin by a spec. Now there is one kind:
//
//	virtual:/run/badged/pins.sock#relay
//
// a pin of a virtual board that listens on a Unix stream socket. The agent connects,
// says "relay 1" or "relay 0", one a line, and is told "contact 1" (closed) or
// "contact 0", "exit 1" (pressed) or "exit 0": all inputs on connecting, then each
// change. The board drops its relay when the connection ends.
package gpioport

import (
	"fmt"
	"path/filepath"
	"strings"
)

// Spec is where a pin is.
type Spec struct {
	Board string // path of the board's socket
	Pin   string // "relay", "contact", "exit"
}

// ParseSpec reads the spec of a pin. Its error says what is allowed.
func ParseSpec(s string) (Spec, error) {
	rest, ok := strings.CutPrefix(s, "virtual:")
	board, pin, named := strings.Cut(rest, "#")
	if !ok || !named || !filepath.IsAbs(board) || len(board) > 100 || !isPin(pin) {
		return Spec{}, fmt.Errorf("%.120q is no pin: write virtual:/PATH/OF/SOCKET#PIN, where PIN is relay, contact or exit", s)
	}
	return Spec{board, pin}, nil
}

func isPin(s string) bool { return s == "relay" || isInput(s) }

func isInput(s string) bool { return s == "contact" || s == "exit" }

// String is the spec as it was written.
func (s Spec) String() string { return "virtual:" + s.Board + "#" + s.Pin }
