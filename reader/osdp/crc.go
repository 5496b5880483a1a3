package osdp

// crc16 is the check of a frame: polynomial 1021, start 1D0F, first bit first; it is
// sent low byte first (SIA OSDP 2.2, annex C).
func crc16(p []byte) uint16 {
	crc := uint16(0x1D0F)
	for _, b := range p {
		crc = crc>>8 | crc<<8
		crc ^= uint16(b)
		crc ^= crc & 0xFF >> 4
		crc ^= crc << 12
		crc ^= crc & 0xFF << 5
	}
	return crc
}

// checksum is the older check: with it, the bytes of a frame add up to 0 (section 5.9).
func checksum(p []byte) byte {
	var sum byte
	for _, b := range p {
		sum += b
	}
	return -sum
}
