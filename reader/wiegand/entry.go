package wiegand

import (
	"fmt"
	"strconv"

	"badged/keypad"
	"badged/reader"
	"badged/reader/pacs"
)

// NoFacility is the facility of an Entry whose number has all the bits of the frame's data.
const NoFacility = -1

// Entry describes a keypad that keeps its keys back and sends the whole number as one frame of
// 26 or 34 bits, as a badge would: with a facility that is set at the keypad and the number in
// the last 16 bits, or with the number in all 24 or 32 bits, as it is or as decimal digits of four
// bits each.
//
// Such keypads clear the number at * and send it at # or with its last digit, lose zeros in front,
// and send the highest number for one that they do not take.
//
// Sources: HID, «Wiegand PINPad, 26-bit», 7393800 rev. D, page 3: numbers 1 to 65,534, and sixteen
// ones for an error; Rosslare AY-Q54 and AYC-Fx4, «4 Keys Binary + Facility Code, 26-Bit
// Wiegand» and «6 Keys BCD and Parity Bits, Wiegand 26-Bit».
type Entry struct {
	Facility int  // of its frames, or NoFacility
	BCD      bool // of NoFacility: the number is decimal digits
	Code     bool // a number is a claim code, not a PIN: a star is put in front
	Digits   int  // of the shortest number: zeros in front are put back
}

// frames are those that such keypads send.
var frames = must(pacs.Select("H10301,H10306"))

func must(s pacs.Selection, err error) pacs.Selection {
	if err != nil {
		panic("reader/wiegand: " + err.Error())
	}
	return s
}

const (
	facilityShift = 16
	longest16     = 1<<facilityShift - 1
)

// decodeKeys gives the keys that were typed. ours is false for a frame that is not the keypad's: one
// of another length, parity or facility.
func (e Entry) decodeKeys(bits int, packed []byte) (keys []keypad.Key, why reader.Why, ours bool) {
	number, facility, ok := readNumber(bits, packed)
	highest := uint64(longest16)
	switch {
	case !ok:
		return nil, "", false
	case e.Facility == NoFacility:
		number |= facility << facilityShift
		highest = 1<<(bits-2) - 1
		if e.BCD && number != highest {
			if number, ok = decimalDigits(number); !ok {
				return nil, "", false
			}
		}
	case facility != uint64(e.Facility):
		return nil, "", false
	}
	if number == highest {
		return nil, reader.Overflow, true
	}
	if e.Code {
		keys = append(keys, keypad.Star)
	}
	for _, digit := range fmt.Appendf(nil, "%0*d", e.Digits, number) {
		keys = append(keys, keypad.Key(digit))
	}
	return append(keys, keypad.Hash), "", true
}

// decimalDigits reads digits of four bits each; false if one is above 9.
func decimalDigits(bcd uint64) (number uint64, ok bool) {
	n, err := strconv.ParseUint(strconv.FormatUint(bcd, 16), 10, 64)
	return n, err == nil
}

// readNumber reads a frame of 26 or 34 bits whose parity is right.
func readNumber(bits int, packed []byte) (number, facility uint64, ok bool) {
	card, why := frames.Card(reader.PACS, bits, packed)
	if why != "" {
		return 0, 0, false
	}
	f, ok := pacs.FieldsOf(card)
	return f.Card, f.Facility, ok
}

// MayBeTyped reports whether a badge looks like what a keypad of facility 0 sends for a number.
func MayBeTyped(c reader.Card) bool {
	_, facility, ok := readNumber(c.Bits(), c.Raw())
	return ok && facility == 0
}
