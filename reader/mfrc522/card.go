package mfrc522

import "badged/reader"

// The commands to a card of type A, and their parts.
const (
	wupa     = 0x52 // in 7 bits: wakes also a card that was halted
	hlta     = 0x50
	wholeUID = 0x70 // NVB of SELECT
	noUID    = 0x20 // NVB of the anticollision
	levels   = 3
	cascade  = 0x88 // in place of a UID's byte: the UID continues at the next level
	goesOn   = 0x04 // of SAK: the same
)

// readCard reads one card in the field. Without any, all its results are zero.
//
//	WUPA --> ATQA, then for each of up to three levels:
//	  93|95|97 20            --> four bytes and their XOR
//	  93|95|97 70 those, CRC --> SAK, CRC; the UID goes on, or not
//	HLTA
//
// Two cards answer at the same time, which is a collision: why is then Ambiguous.
func (c *chip) readCard() (card reader.Card, why reader.Why, err error) {
	atqa, why, err := c.exchange(7, wupa)
	switch {
	case err != nil, len(atqa) == 0 && why == "":
		return card, "", err
	case why != "" && why != reader.Ambiguous: // two kinds of cards may differ already here
		return card, why, nil
	}
	var uid []byte
	for level := range levels {
		part, last, why, err := c.readLevel(0x93 + 2*byte(level))
		if why != "" || err != nil {
			return card, why, err
		}
		if last == (part[0] == cascade && level < levels-1) { // SAK and the UID contradict each other
			return card, reader.BadFormat, nil
		}
		if last {
			uid = append(uid, part...)
			break
		}
		uid = append(uid, part[1:]...)
	}
	if n := len(uid); n != 4 && n != 7 && n != 10 {
		return card, reader.BadFormat, nil
	}
	if _, _, err := c.exchange(0, withCRC(hlta, 0)...); err != nil { // a card does not answer to that
		return card, "", err
	}
	return reader.NewCard(reader.ISO14443A, "UID", 8*len(uid), uid), "", nil
}

// readLevel reads four bytes of the UID, and selects the card to prove that they are its own.
func (c *chip) readLevel(sel byte) (part []byte, last bool, why reader.Why, err error) {
	p, why, err := c.exchange(0, sel, noUID)
	switch {
	case why != "" || err != nil:
		return nil, false, why, err
	case len(p) == 0:
		return nil, false, reader.Timeout, nil
	case len(p) != 5:
		return nil, false, reader.BadLength, nil
	case p[0]^p[1]^p[2]^p[3] != p[4]:
		return nil, false, reader.BadChecksum, nil
	}
	sak, why, err := c.exchange(0, withCRC(append([]byte{sel, wholeUID}, p...)...)...)
	switch {
	case why != "" || err != nil:
		return nil, false, why, err
	case len(sak) == 0:
		return nil, false, reader.Timeout, nil
	case len(sak) != 3:
		return nil, false, reader.BadLength, nil
	case string(withCRC(sak[0])) != string(sak):
		return nil, false, reader.BadChecksum, nil
	}
	return p[:4], sak[0]&goesOn == 0, "", nil
}

// withCRC appends CRC_A: polynomial 8408, start 6363, low byte first.
func withCRC(p ...byte) []byte {
	crc := uint16(0x6363)
	for _, b := range p {
		crc ^= uint16(b)
		for range 8 {
			lsb := crc & 1
			crc >>= 1
			if lsb != 0 {
				crc ^= 0x8408
			}
		}
	}
	return append(p, byte(crc), byte(crc>>8))
}
