package ccid

import (
	"encoding/binary"

	"badged/reader"
)

// The messages: section 6. bMessageType, then dwLength, bSlot and bSeq, then three bytes
// of which the first two of an answer are bStatus and bError, then the data.
const (
	iccPowerOn    = 0x62
	iccPowerOff   = 0x63
	getSlotStatus = 0x65
	xfrBlock      = 0x6F

	dataBlock  = 0x80
	slotStatus = 0x81

	notifySlotChange = 0x50
	hardwareError    = 0x51

	headLen = 10
	maxData = 261 + headLen // of an accepted answer: that of a short APDU, with some room
)

// bError of a slot that still works on something: table 6.2-2.
const slotBusy = 0xE0

// icc is bmICCStatus: what is in the slot.
type icc uint8

const (
	iccActive icc = iota
	iccInactive
	iccNone
)

// outcome is bmCommandStatus.
type outcome uint8

const (
	succeeded outcome = iota
	failed
	extended // more time is needed
)

// answer is a message of the bulk-IN pipe.
type answer struct {
	kind, slot, seq byte
	icc             icc
	outcome         outcome
	err             byte
	data            []byte
}

// parseAnswer reads a transfer of the bulk-IN pipe.
func parseAnswer(p []byte) (a answer, why reader.Why) {
	switch {
	case len(p) < headLen, binary.LittleEndian.Uint32(p[1:]) != uint32(len(p)-headLen), len(p) > headLen+maxData:
		return a, reader.BadLength
	case p[7]&3 > 2, p[7]>>6 > 2:
		return a, reader.BadFormat
	}
	return answer{kind: p[0], slot: p[5], seq: p[6], icc: icc(p[7] & 3), outcome: outcome(p[7] >> 6), err: p[8], data: p[headLen:]}, ""
}

// packCommand writes a command. b7 is the byte behind bSeq.
func packCommand(dst []byte, kind, slot, seq, b7 byte, data []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(append(dst, kind), uint32(len(data)))
	return append(append(dst, slot, seq, b7, 0, 0), data...)
}

// parseNotice reads a NotifySlotChange: two bits a slot, from the lowest of the second byte.
func parseNotice(p []byte, slot int) (present, changed, ok bool) {
	at := 1 + slot/4
	if at >= len(p) {
		return false, false, false
	}
	bits := p[at] >> (slot % 4 * 2)
	return bits&1 != 0, bits&2 != 0, true
}
