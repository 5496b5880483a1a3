package pn532

import (
	"time"

	"badged/reader"
)

const (
	toChip   = 0xD4 // TFI of a frame from the host
	fromChip = 0xD5 // of a frame from the chip
	maxData  = 264  // bytes from TFI on: more than any answer here, and the most that the chip sends

	bytePause = 100 * time.Millisecond // the longest inside a frame
)

// kind is what a frame is.
type kind uint8

const (
	nothing kind = iota // yet
	ack
	nack
	fault // of the chip: it does not know the command, or its parameters
	data
	host // what the host says
)

// receiver decodes frames.
//
//	00 00 FF  00 FF                 00   ACK
//	00 00 FF  FF 00                 00   NACK
//	00 00 FF  01 FF  7F 81          00   error
//	00 00 FF  n  -n  TFI data  sum  00   n bytes from TFI on; sum makes them zero
//	00 00 FF  FF FF  N n -(N+n)  TFI data  sum  00   the same with 256 N + n bytes
//
// It compares each byte with what must stand there, fill bytes too: a missing or extra byte in
// front of a frame is a fault like one within. Further zeros are allowed only after a pause and
// while the chip works on an answer.
type receiver struct {
	buf  [8 + maxData + 2]byte
	n    int
	idle bool // whatever number of zeros may stand in front
	last time.Time
}

func (r *receiver) reset() {
	r.n, r.idle = 0, true
	r.wipeFrame()
}

// wipeFrame forgets the last frame.
func (r *receiver) wipeFrame() { clear(r.buf[:]) }

func (r *receiver) deadline() time.Time {
	if r.n == 0 {
		return time.Time{}
	}
	return r.last.Add(bytePause)
}

// addByte adds a byte and returns the kind and the data, from TFI on, of the frame that it ends,
// or what is wrong. The data is valid until the next call.
func (r *receiver) addByte(at time.Time, b byte) (kind, []byte, reader.Why) {
	r.last = at
	if r.idle && r.n == 2 && b == 0 {
		return nothing, nil, ""
	}
	r.buf[r.n] = b
	r.n++
	k, from, end, why := r.findFrame()
	if why != "" || r.n < end {
		return nothing, nil, why
	}
	r.n, r.idle = 0, false
	if k != data {
		return k, nil, ""
	}
	return data, r.buf[from : end-2], ""
}

// findFrame returns the kind of the frame and the start and the end of its data. While the end
// is not known, it is beyond the bytes so far.
func (r *receiver) findFrame() (k kind, from, end int, why reader.Why) {
	p := r.buf[:r.n]
	more := r.n + 1
	switch {
	case r.n <= 3:
		if p[r.n-1] != "\x00\x00\xFF"[r.n-1] {
			return nothing, 0, 0, reader.BadFrame
		}
		return nothing, 0, more, ""
	case r.n == 4:
		return nothing, 0, more, ""
	}
	switch length := int(p[3]); {
	case p[3] == 0x00 && p[4] == 0xFF:
		k, end = ack, 6
	case p[3] == 0xFF && p[4] == 0x00:
		k, end = nack, 6
	case p[3] == 0xFF && p[4] == 0xFF:
		if r.n < 8 {
			return nothing, 0, more, ""
		}
		length = int(p[5])<<8 | int(p[6])
		if p[5]+p[6]+p[7] != 0 {
			return nothing, 0, 0, reader.BadChecksum
		}
		k, from, end = data, 8, 8+length+2
	case p[3]+p[4] != 0:
		return nothing, 0, 0, reader.BadChecksum
	default:
		k, from, end = data, 5, 5+length+2
	}
	if end > len(r.buf) || k == data && end <= from+2 {
		return nothing, 0, 0, reader.BadLength
	}
	if r.n < end {
		return k, from, end, ""
	}
	return r.checkFrame(k, from, end)
}

// checkFrame checks the sum and the last byte.
func (r *receiver) checkFrame(k kind, from, end int) (kind, int, int, reader.Why) {
	if r.buf[end-1] != 0 {
		return nothing, 0, 0, reader.BadFrame
	}
	if k != data {
		return k, from, end, ""
	}
	var sum byte
	for _, b := range r.buf[from : end-1] {
		sum += b
	}
	switch {
	case sum != 0:
		return nothing, 0, 0, reader.BadChecksum
	case end-from == 3 && r.buf[from] == 0x7F:
		return fault, from, end, ""
	case end-from == 3: // no command
		return nothing, 0, 0, reader.BadLength
	case r.buf[from] == fromChip:
		return data, from, end, ""
	case r.buf[from] == toChip:
		return host, from, end, ""
	}
	return nothing, 0, 0, reader.BadFrame
}

// packCommand appends the frame of a command to dst.
func packCommand(dst []byte, command ...byte) []byte {
	n := byte(len(command) + 1)
	dst = append(dst, 0x00, 0x00, 0xFF, n, -n, toChip)
	dst = append(dst, command...)
	sum := byte(toChip)
	for _, b := range command {
		sum += b
	}
	return append(dst, -sum, 0x00)
}
