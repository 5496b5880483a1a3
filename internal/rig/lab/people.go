package lab

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"badged/enroll"
)

// Members is how many people the lab's terminal knows, each with a card of a number
// that a keyboard or a serial reader says. There are more with the Extra cards.
const Members = 10_000

// Extra are the cards of readers that say other numbers: the bits of Wiegand's H10301
// without parity, and the serial number of a smart card.
var Extra = []string{"166A37", "000001", "FFFFFE", "A5C35A", "5A3CA5", "04A1B2C3D4E5F6", "DE4C3B2A"}

// Wiegand and UID are the first of the ones and of the others.
const (
	Wiegand = Members
	UID     = Members + 5
)

// Claims are codes, each of which may be used once.
var Claims = []string{"4821", "7305", "2694", "9158"}

// ClaimOf is the account that the nth code binds a card to.
func ClaimOf(n int) enroll.AccountID { return Account(1000 + n) }

// Door is the one door, whose point has all readers.
const Door = "front"

// Number is the number of the nth card. A member's has ten digits and differs from all
// others in at least two, so that a digit that is lost, doubled or wrong never makes
// one member another. Those of Extra follow.
func Number(n int) string {
	if n >= Members {
		return Extra[n-Members]
	}
	s := fmt.Sprintf("%09d", (uint64(n)*7_919_317+3)%1_000_000_000)
	sum := 0
	for i := range len(s) {
		sum += int(s[i]-'0') * (1 + 2*(i%2))
	}
	return s + string(rune('0'+(10-sum%10)%10))
}

// Account is whom the nth card belongs to.
func Account(n int) enroll.AccountID {
	sum := sha256.Sum256(binary.BigEndian.AppendUint64([]byte("member of the lab"), uint64(n)))
	return enroll.AccountID(sum[:16])
}
