package osdp

import (
	"cmp"
	"encoding/binary"

	"badged/reader"
)

// The parts of a frame (SIA OSDP 2.2, section 5.9):
//
//	FF...  53   address       length  control  [block]  code  [data]  [MAC]  check
//	mark   SOM  | 80: reply   2, low first                             4     CRC: 2, or checksum: 1
//
// length counts from SOM to the check. A block starts with its own length.
const (
	mark = 0xFF
	som  = 0x53

	fromReader = 0x80
	everybody  = 0x7F

	ctrlSeq   = 0x03
	ctrlCRC   = 0x04
	ctrlBlock = 0x08

	headLen  = 5
	macLen   = 4
	minFrame = headLen + 2 // code and checksum
	maxFrame = 1440        // section 5.6
	maxReply = 290         // of what a Bus asks for: 255 keys or digits, in the channel
	shown    = 4           // bytes of a head that hold its length
)

// frame is one message.
type frame struct {
	raw   []byte // as it came, from SOM on, with its check
	addr  byte
	reply bool
	seq   byte
	sum   bool   // checked by the old checksum
	block []byte // the security block from its type on; nil: none
	code  byte
	data  []byte // encrypted, if the block says so, until session.open has decrypted it
	whole bool   // session.open has decrypted data: it is as secret as a badge must be
	mac   []byte // nil: none
}

// hasMAC reports whether the frame has a MAC.
func (f *frame) hasMAC() bool { return f.kind() >= scsCommand }

// kind is the type of the security block; 0: there is none.
func (f *frame) kind() byte {
	if f.block == nil {
		return 0
	}
	return f.block[0]
}

// signedPart is what the MAC covers.
func (f *frame) signedPart() []byte { return f.raw[:len(f.raw)-f.checkLen()-macLen] }

func (f *frame) checkLen() int {
	if f.sum {
		return 1
	}
	return 2
}

// parseFrame decodes a frame whose length and check are right. The frame shares raw's bytes.
func parseFrame(raw []byte) (f frame, ok bool) {
	ctrl := raw[4]
	f = frame{
		raw: raw, addr: raw[1] &^ fromReader, reply: raw[1]&fromReader != 0,
		seq: ctrl & ctrlSeq, sum: ctrl&ctrlCRC == 0,
	}
	body := raw[headLen : len(raw)-f.checkLen()]
	if ctrl&ctrlBlock != 0 {
		if f.block, body, ok = cutBlock(body); !ok {
			return f, false
		}
	}
	if f.hasMAC() {
		if len(body) < macLen {
			return f, false
		}
		body, f.mac = body[:len(body)-macLen], body[len(body)-macLen:]
	}
	if len(body) == 0 {
		return f, false
	}
	f.code, f.data = body[0], body[1:]
	return f, true
}

// cutBlock splits the security block from a body.
func cutBlock(body []byte) (block, rest []byte, ok bool) {
	if len(body) == 0 || body[0] < 2 || int(body[0]) > len(body) {
		return nil, nil, false
	}
	return body[1:body[0]], body[body[0]:], true
}

// appendHead appends a mark byte and the frame up to its data to dst, which must be empty;
// extra is what follows, without the check.
func (f *frame) appendHead(dst []byte, extra int) []byte {
	addr, ctrl, n := f.addr, f.seq|ctrlCRC, headLen+1+len(f.data)+extra+f.checkLen()
	if f.reply {
		addr |= fromReader
	}
	if f.sum {
		ctrl &^= ctrlCRC
	}
	if f.block != nil {
		ctrl |= ctrlBlock
		n += 1 + len(f.block)
	}
	dst = append(dst, mark, som, addr, byte(n), byte(n>>8), ctrl)
	if f.block != nil {
		dst = append(dst, byte(1+len(f.block)))
		dst = append(dst, f.block...)
	}
	return append(append(dst, f.code), f.data...)
}

// appendCheck appends the check to a frame behind its mark byte.
func (f *frame) appendCheck(p []byte) []byte {
	if f.sum {
		return append(p, checksum(p[1:]))
	}
	return binary.LittleEndian.AppendUint16(p, crc16(p[1:]))
}

// encodeClear gives the frame as it is sent outside the secure channel.
func (f *frame) encodeClear(dst []byte) []byte { return f.appendCheck(f.appendHead(dst, 0)) }

// scanner finds frames in a stream of bytes, however it is split.
//
//	        SOM            length fits           check right: a frame
//	(gap) ------> (head) -------------> (body) --------------------------> (gap)
//	  ^ mark: skipped  | length is none   | check wrong, or pause: a fault
//	  | other: junk    v                  v
//	  +------------ look for SOM again, from the byte after the last one on
//
// It reports a run of junk once, and no further fault within a faulty frame.
type scanner struct {
	most  int // longer frames are none; 0: maxFrame
	buf   [maxFrame]byte
	n     int
	junk  bool // the bytes before are no frame, and that was reported
	doubt int  // bytes from buf[0] on that belong to a reported fault
}

// hearer handles what a scanner finds. raw is valid until the call returns.
type hearer interface {
	hearFrame(raw []byte)
	hearFault(why reader.Why)
}

// reset drops an incomplete frame.
func (s *scanner) reset() { s.n, s.junk, s.doubt = 0, false, 0 }

// isPartial reports whether there is an incomplete frame.
func (s *scanner) isPartial() bool { return s.n > 0 }

func (s *scanner) feedBytes(p []byte, h hearer) {
	for len(p) > 0 {
		n := copy(s.buf[s.n:], p)
		s.n += n
		p = p[n:]
		s.scanFrames(h)
	}
}

// giveUp ends an incomplete frame as a fault. It still finds a frame within its bytes.
func (s *scanner) giveUp(h hearer) {
	for s.n > 0 {
		if s.doubt == 0 {
			h.hearFault(reader.Timeout)
		}
		s.junk, s.doubt = true, s.n
		s.dropBytes(1)
		s.scanFrames(h)
	}
}

// scanFrames reports and removes the frames and faults that are complete in the buffer.
func (s *scanner) scanFrames(h hearer) {
	for s.seekStart(h) && s.n >= shown {
		want := int(binary.LittleEndian.Uint16(s.buf[2:]))
		switch {
		case want < minFrame || want > cmp.Or(s.most, maxFrame):
			s.reportNoise(h)
			s.dropBytes(1)
		case s.n < want:
			return
		case !checkIsRight(s.buf[:want]):
			s.reportDamaged(want, h)
		default:
			s.junk, s.doubt = false, 0
			h.hearFrame(s.buf[:want])
			s.dropBytes(want)
		}
	}
}

// seekStart drops the bytes before SOM. It reports whether there is one.
func (s *scanner) seekStart(h hearer) bool {
	i := 0
	for i < s.n && s.buf[i] != som {
		if s.buf[i] != mark {
			s.reportNoise(h)
		}
		i++
	}
	s.dropBytes(i)
	return s.n > 0
}

func (s *scanner) reportNoise(h hearer) {
	if !s.junk && s.doubt == 0 {
		h.hearFault(reader.BadFrame)
	}
	s.junk = true
}

// reportDamaged reports a frame with a wrong check, and drops one byte to search within it.
func (s *scanner) reportDamaged(want int, h hearer) {
	if s.doubt == 0 {
		h.hearFault(reader.BadChecksum)
	}
	s.junk, s.doubt = true, max(s.doubt, want)
	s.dropBytes(1)
}

func (s *scanner) dropBytes(n int) {
	copy(s.buf[:], s.buf[n:s.n])
	clear(s.buf[s.n-n : s.n]) // a badge or a key may have been there
	s.n -= n
	s.doubt = max(0, s.doubt-n)
}

// checkIsRight reports whether the check of a frame is right.
func checkIsRight(raw []byte) bool {
	if raw[4]&ctrlCRC == 0 {
		return checksum(raw) == 0
	}
	n := len(raw) - 2
	return n > headLen && crc16(raw[:n]) == binary.LittleEndian.Uint16(raw[n:])
}
