package sim

import "errors"

// The frame of OSDP (SIA OSDP 2.2, section 5.9): a start byte, the address (the top
// bit set in answers), the length of all of it, the control byte, an optional
// security block, the code, its data, an optional MAC of four bytes, and a CRC of
// two bytes or a checksum of one.
const (
	osdpSOM       = 0x53
	osdpMark      = 0xFF
	osdpAnswer    = 0x80 // in the address
	osdpEverybody = 0x7F // the address of whoever is on the line

	osdpSeq  = 0x03 // in the control byte
	osdpCRC  = 0x04
	osdpSCB  = 0x08
	osdpHead = 5
	osdpMAC  = 4

	// osdpMost is the longest frame: what a reader must take (section 5.6, 1440 in
	// profiles that carry certificates).
	osdpMost = 1440
)

// osdpFrame is a frame taken apart.
type osdpFrame struct {
	raw     []byte // all of it, from the start byte on
	address byte
	seq     byte
	crc     bool   // else checksum
	block   []byte // security block without its length: type and data; nil: none
	code    byte
	data    []byte // without MAC
	signed  []byte // what the MAC is over; nil: there is none
	mac     []byte
}

var (
	errOSDPCheck  = errors.New("check bytes are wrong")
	errOSDPLength = errors.New("length is wrong")
)

// cutOSDP takes the first frame off p. It gives nil while there is none to its end;
// bytes outside frames are dropped.
func cutOSDP(p []byte) (frame, rest []byte) {
	for len(p) > 0 {
		if p[0] != osdpSOM {
			p = p[1:]
			continue
		}
		if len(p) < osdpHead {
			return nil, p
		}
		n := int(p[2]) | int(p[3])<<8
		if n < osdpHead+2 || n > osdpMost {
			p = p[1:]
			continue
		}
		if len(p) < n {
			return nil, p
		}
		return p[:n], p[n:]
	}
	return nil, nil
}

// parseOSDP takes a frame apart. What it gives aliases raw. Errors leave the head
// (address, seq, crc) filled.
func parseOSDP(raw []byte) (f osdpFrame, err error) {
	f = osdpFrame{raw: raw, address: raw[1], seq: raw[4] & osdpSeq, crc: raw[4]&osdpCRC != 0}
	body, ok := osdpChecked(raw, f.crc)
	if !ok {
		return f, errOSDPCheck
	}
	at := osdpHead
	if raw[4]&osdpSCB != 0 {
		n := int(body[at])
		if n < 2 || at+n >= len(body) {
			return f, errOSDPLength
		}
		f.block = body[at+1 : at+n]
		at += n
	}
	if at >= len(body) {
		return f, errOSDPLength
	}
	if f.block != nil && f.block[0] >= scsCommandMAC {
		if at+1+osdpMAC > len(body) {
			return f, errOSDPLength
		}
		f.signed, f.mac = body[:len(body)-osdpMAC], body[len(body)-osdpMAC:]
		body = f.signed
	}
	f.code, f.data = body[at], body[at+1:]
	return f, nil
}

// osdpChecked gives a frame without its check bytes, if they are right.
func osdpChecked(raw []byte, crc bool) (body []byte, ok bool) {
	if !crc {
		var sum byte
		for _, b := range raw {
			sum += b
		}
		return raw[:len(raw)-1], sum == 0
	}
	body = raw[:len(raw)-2]
	sum := osdpCRC16(body)
	return body, raw[len(raw)-2] == byte(sum) && raw[len(raw)-1] == byte(sum>>8)
}

// osdpCRC16 is CRC-16 with the polynomial 1021, first bit first, from 1D0F on (section
// 5.9, annex C).
func osdpCRC16(p []byte) uint16 {
	crc := uint16(0x1D0F)
	for _, b := range p {
		for bit := 7; bit >= 0; bit-- {
			top := crc>>15 ^ uint16(b>>bit)&1
			crc <<= 1
			if top != 0 {
				crc ^= 0x1021
			}
		}
	}
	return crc
}

// buildOSDP writes the head, the security block, the code and the data of an answer,
// with the length that it has with tail more bytes of MAC and with its check bytes.
func buildOSDP(f osdpFrame, tail int) []byte {
	control := f.seq
	check := 1
	if f.crc {
		control |= osdpCRC
		check = 2
	}
	p := []byte{osdpSOM, f.address, 0, 0, control}
	if f.block != nil {
		p[4] |= osdpSCB
		p = append(append(p, byte(len(f.block)+1)), f.block...)
	}
	p = append(append(p, f.code), f.data...)
	n := len(p) + tail + check
	p[2], p[3] = byte(n), byte(n>>8)
	return p
}

// closeOSDP puts the check bytes behind a frame.
func closeOSDP(p []byte, crc bool) []byte {
	if crc {
		sum := osdpCRC16(p)
		return append(p, byte(sum), byte(sum>>8))
	}
	var sum byte
	for _, b := range p {
		sum += b
	}
	return append(p, -sum)
}
