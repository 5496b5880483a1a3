// Package keypad turns key presses into claim codes and PINs. Collector is a pure
// state machine; the tables of how keypads say their keys on a wire stand beside it.
package keypad

import (
	"fmt"

	"badged/internal/secret"
)

// Key is one key of a keypad: '0' to '9', '*' or '#'. A Key does not print, since
// keys in a row are a PIN.
type Key byte

// The two keys that are not digits.
const (
	Star Key = '*'
	Hash Key = '#'
)

// KeyOf gives the key that the ASCII character c stands for.
func KeyOf(c byte) (Key, bool) {
	k := Key(c)
	return k, k.IsDigit() || k == Star || k == Hash
}

// IsDigit reports whether the key is one of 0 to 9.
func (k Key) IsDigit() bool { return '0' <= k && k <= '9' }

// Reveal is the key's character. It never goes to a log.
func (k Key) Reveal() string { return string(rune(k)) }

// Format implements fmt.Formatter, so that no verb reaches the key.
func (k Key) Format(f fmt.State, _ rune) { fmt.Fprint(f, "[key]") }

// Code is the digits of a claim code, without its star. It cannot be printed.
type Code struct{ secret.Text }

// PIN is the digits of a PIN. It cannot be printed.
type PIN struct{ secret.Text }
