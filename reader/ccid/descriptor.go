package ccid

import (
	"encoding/binary"
	"errors"
	"fmt"

	"badged/reader/pcsc"
)

// traits are the parts of a reader's class descriptor that matter here: section 5.1.
type traits struct {
	slots int
	tpdu  bool // it takes what T=0 sends, not APDUs
	power byte // bPowerSelect
}

const (
	descriptorLen  = 0x36
	functional     = 0x21 // CCID 1.1
	functionalOld  = 0xFF // CCID 1.0
	autoVoltage    = 0x00000008
	autoParameters = 0x00000040 // negotiated by the reader
	autoPPS        = 0x00000080
	levelTPDU      = 0x00010000
	levelAPDU      = 0x00060000 // short, or short and extended
)

// usual are the traits of a reader that nobody has described.
var usual = traits{slots: 1}

// readTraits reads a class descriptor. It fails on readers that leave work to the host that
// this driver does not do.
func readTraits(p []byte) (traits, error) {
	if len(p) < descriptorLen || p[0] < descriptorLen || p[1] != functional && p[1] != functionalOld {
		return traits{}, errors.New("this is no smart card reader: it has no CCID descriptor")
	}
	t := traits{slots: int(p[4]) + 1}
	features := binary.LittleEndian.Uint32(p[40:])
	if features&autoVoltage == 0 {
		t.power = highestVoltage(p[5])
	}
	switch {
	case features&levelAPDU != 0:
	case features&levelTPDU == 0:
		return traits{}, fmt.Errorf("the reader exchanges single characters (dwFeatures %08X): only readers that take APDUs, or T=0, are supported; use protocol pcscd", features)
	case features&(autoParameters|autoPPS) == 0:
		return traits{}, fmt.Errorf("the reader leaves the parameters of a card to the host (dwFeatures %08X): use protocol pcscd", features)
	default:
		t.tpdu = true
	}
	return t, nil
}

// highestVoltage is the highest that the reader has: bVoltageSupport to bPowerSelect.
func highestVoltage(supports byte) byte {
	for i := range 3 {
		if supports>>i&1 != 0 {
			return byte(i + 1)
		}
	}
	return 0
}

// canAsk reports whether this reader can ask the card. A TPDU reader that
// negotiates by itself uses the protocol that the card offers first.
func (t traits) canAsk(atr []byte) bool {
	first, ok := pcsc.FirstProtocol(atr)
	return !t.tpdu || !ok || first == 0
}

func errSlot(slot, slots int) error {
	return fmt.Errorf("the reader has %d slots: slot must be 0 to %d, not %d", slots, slots-1, slot)
}
