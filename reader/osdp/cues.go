package osdp

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"badged/reader"
)

// order is a command beside those that the unit's own state asks for.
type order struct {
	code byte
	data []byte
}

// look is how a cue looks and sounds. Times are tenths of a second.
type look struct {
	colour, on, off    byte   // LED, blinking if off is not 0
	whole              uint16 // for how long
	beep, pause, beeps byte   // buzzer; no beeps: silent
	english, french    string // display, up to 16 characters; "": as it is
}

// The colours of LEDs (SIA OSDP 2.2, section 6.10).
const (
	red   = 1
	green = 2
	amber = 3
)

// lookOf is the same for every key, and for every refusal whatever its reason.
func lookOf(c reader.Cue) look {
	switch c {
	case reader.CueGranted:
		return look{green, 10, 0, 30, 4, 0, 1, "WELCOME", "BIENVENUE"}
	case reader.CueRefused:
		return look{red, 2, 2, 20, 1, 1, 3, "REFUSED", "REFUSE"}
	case reader.CueWait:
		return look{amber, 5, 5, 300, 0, 0, 0, "BADGE OR CODE", "BADGE OU CODE"}
	case reader.CueAgain:
		return look{amber, 2, 2, 300, 1, 1, 2, "BADGE ONCE MORE", "ENCORE LE BADGE"}
	case reader.CueReset:
		return look{red, 5, 0, 5, 1, 1, 2, "START AGAIN", "RECOMMENCEZ"}
	default: // reader.CueKey
		return look{amber, 2, 0, 2, 1, 0, 1, "", ""}
	}
}

// Cue implements reader.Cuer. It drops the unsent commands of an earlier cue, because the last
// decision counts. A reader that is offline shows nothing.
func (b *Bus) Cue(_ time.Time, unit int, c reader.Cue) {
	if u := b.findUnit(unit); u != nil && u.state == online {
		u.order = append(u.order[:0], u.ordersFor(lookOf(c))...)
	}
}

// ordersFor gives the commands for what the reader can show of a look.
func (u *unit) ordersFor(l look) (orders []order) {
	if u.caps.led && !u.refuses.led {
		const set, keep = 2, 0 // the temporary state, and the permanent one
		d := []byte{0, 0, set, l.on, l.off, l.colour, 0, byte(l.whole), byte(l.whole >> 8), keep, 0, 0, 0, 0}
		orders = append(orders, order{cmdLED, d})
	}
	if u.caps.buz && !u.refuses.buz && l.beeps > 0 {
		const tone = 2
		orders = append(orders, order{cmdBuz, []byte{0, tone, l.beep, l.pause, l.beeps}})
	}
	words := l.english
	if u.cfg.Text == French {
		words = l.french
	}
	if u.caps.text && !u.refuses.text && u.cfg.Text != "" && words != "" {
		const temporary, row, column, width = 3, 1, 1, 16
		d := []byte{0, temporary, byte(max(1, l.whole/10)), row, column, width}
		orders = append(orders, order{cmdText, fmt.Appendf(d, "%-*s", width, words)})
	}
	return orders
}

// ComSet changes the address and the speed of a reader that is online (section 6.13). Nothing
// else does. After the reader has agreed, Status of the new address has the speed; the caller
// must then open the port with it.
func (b *Bus) ComSet(address, newAddress, baud int) error {
	u := b.findUnit(address)
	switch {
	case u == nil:
		return errNoUnit
	case u.state != online:
		return fmt.Errorf("change the address of OSDP reader %d: it is offline", address)
	case newAddress < 0 || newAddress >= everybody || !slices.Contains(Speeds(), baud):
		return fmt.Errorf("change the address of OSDP reader %d: the new address must be 0 to 126, and the speed one of %d", address, Speeds())
	case newAddress != address && b.findUnit(newAddress) != nil:
		return fmt.Errorf("change the address of OSDP reader %d: another one has address %d", address, newAddress)
	}
	d := binary.LittleEndian.AppendUint32([]byte{byte(newAddress)}, uint32(baud))
	u.order = append(u.order[:0], order{cmdComSet, d})
	return nil
}

// Speeds gives the speeds of OSDP (section 5.1).
func Speeds() []int { return []int{9600, 19200, 38400, 57600, 115200, 230400} }

// applyComSet applies the address and speed that a reader has agreed to (COM, section 7.14), if they
// are those that it was sent. If not, Status still has no speed.
func (u *unit) applyComSet(data []byte) {
	if !bytes.Equal(data, u.data) {
		return
	}
	u.cfg.Address = int(data[0])
	u.dev.addr = u.cfg.Address
	u.baud = int(binary.LittleEndian.Uint32(data[1:]))
}
