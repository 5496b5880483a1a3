package dhcp

import "encoding/binary"

// The ports of client and server.
const (
	clientPort = 68
	serverPort = 67
)

// wrap puts a message into a datagram from nowhere to everybody, as who has no address sends it.
func wrap(payload []byte) []byte {
	b := make([]byte, 28, 28+len(payload))
	b[0] = 0x45
	binary.BigEndian.PutUint16(b[2:], uint16(28+len(payload)))
	b[8], b[9] = 64, 17 // lives so many hops; UDP
	copy(b[16:], []byte{255, 255, 255, 255})
	binary.BigEndian.PutUint16(b[10:], sum(b[:20]))
	binary.BigEndian.PutUint16(b[20:], clientPort)
	binary.BigEndian.PutUint16(b[22:], serverPort)
	binary.BigEndian.PutUint16(b[24:], uint16(8+len(payload))) // its checksum may be left out (RFC 768)
	return append(b, payload...)
}

// sum is the checksum of a header (RFC 1071).
func sum(b []byte) uint16 {
	var n uint32
	for ; len(b) >= 2; b = b[2:] {
		n += uint32(binary.BigEndian.Uint16(b))
	}
	for n > 0xffff {
		n = n>>16 + n&0xffff
	}
	return ^uint16(n)
}

// unwrap gives what a datagram from a server to a client carries; nil for every other one.
func unwrap(b []byte) []byte {
	if len(b) < 28 || b[0]>>4 != 4 || b[9] != 17 {
		return nil
	}
	head := int(b[0]&15) * 4
	if head < 20 || len(b) < head+8 || binary.BigEndian.Uint16(b[head+2:]) != clientPort || binary.BigEndian.Uint16(b[6:])&0x3fff != 0 {
		return nil
	}
	length := int(binary.BigEndian.Uint16(b[head+4:]))
	if length < 8 || len(b) < head+length {
		return nil
	}
	return b[head+8 : head+length]
}
