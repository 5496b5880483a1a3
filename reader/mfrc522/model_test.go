package mfrc522

import (
	"bytes"
	"errors"
	"sync"

	"periph.io/x/conn/v3"
	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
)

// model is the chip as its data sheet describes it, as far as it matters here, with
// cards in its field. It implements spi.PortCloser and spi.Conn.
type model struct {
	mu    sync.Mutex // guards what follows
	regs  [64]byte
	fifo  []byte
	cards []*picc
	err   error             // of the bus
	dead  bool              // no chip: the bus reads as this
	reads byte              // what a dead bus reads
	spoil func([]byte) byte // changes what a card answers, and gives what regError says
	hangs bool              // no command ends
	resets,
	closed int
}

func newModel(uids ...[]byte) *model {
	m := &model{}
	for _, uid := range uids {
		m.cards = append(m.cards, &picc{uid: uid})
	}
	return m
}

func (m *model) with(fn func()) {
	m.mu.Lock()
	defer m.mu.Unlock()
	fn()
}

func (m *model) put(uids ...[]byte) { m.with(func() { m.cards = newModel(uids...).cards }) }

func (m *model) Connect(physic.Frequency, spi.Mode, int) (spi.Conn, error) { return m, nil }
func (m *model) LimitSpeed(physic.Frequency) error                         { return nil }
func (m *model) Close() error                                              { m.with(func() { m.closed++ }); return nil }
func (m *model) String() string                                            { return "MFRC522" }
func (m *model) Duplex() conn.Duplex                                       { return conn.Full }
func (m *model) TxPackets([]spi.Packet) error                              { return errors.New("not used") }

// Tx is section 8.1.2: the first byte is the address, and whether it is read.
func (m *model) Tx(w, r []byte) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.err != nil {
		return m.err
	}
	reg := w[0] >> 1 & 0x3F
	switch {
	case w[0]&0x80 == 0:
		for _, v := range w[1:] {
			m.set(reg, v)
		}
	case m.dead:
		r[1] = m.reads
	default:
		r[1] = m.get(reg)
	}
	return nil
}

func (m *model) get(reg byte) byte {
	switch reg {
	case regFIFOData:
		if len(m.fifo) == 0 {
			return 0
		}
		v := m.fifo[0]
		m.fifo = m.fifo[1:]
		return v
	case regFIFOLevel:
		return byte(len(m.fifo))
	case regCommand:
		v := m.regs[reg]
		m.regs[reg] &^= powerDown // it has started
		return v
	}
	return m.regs[reg]
}

func (m *model) set(reg, v byte) {
	switch {
	case reg == regCommand && v == cmdSoftReset:
		m.resets++
		m.fifo, m.regs = nil, [64]byte{regCommand: 0x20 | powerDown, regTxControl: 0x80, regVersion: 0x92}
	case reg == regFIFOData:
		m.fifo = append(m.fifo, v)
	case reg == regFIFOLevel && v&flush != 0:
		m.fifo = nil
	case reg == regComIrq: // Set1 is 0: the marked bits are cleared
		m.regs[reg] &^= v
	case reg == regBitFraming && v&startSend != 0 && m.regs[regCommand] == cmdTransceive:
		m.send(v & 7)
	default:
		m.regs[reg] = v
	}
}

// send is Transceive: what is in the FIFO goes out, what comes back is there then.
func (m *model) send(bits byte) {
	out := m.fifo
	m.fifo, m.regs[regError] = nil, 0
	if m.hangs {
		return
	}
	if m.regs[regTxControl]&antenna == antenna && m.regs[regTxASK] == 0x40 {
		m.fifo, m.regs[regError] = m.field(bits, out)
	}
	if len(m.fifo) == 0 {
		m.regs[regComIrq] |= irqTimer
		return
	}
	if m.spoil != nil {
		m.regs[regError] |= m.spoil(m.fifo)
	}
	m.regs[regComIrq] |= irqDone
}

// field is what all cards answer together.
func (m *model) field(bits byte, out []byte) (in []byte, wrong byte) {
	for _, c := range m.cards {
		a := c.respond(bits, out)
		if in != nil && a != nil && !bytes.Equal(in, a) {
			wrong = errColl
		}
		if a != nil {
			in = a
		}
	}
	return in, wrong
}

// picc is a card of type A: ISO/IEC 14443-3, figure 7. It takes part from WUPA on, and
// each SELECT of a part of its UID takes it a level further.
type picc struct {
	uid   []byte
	level int  // 0: idle or halted
	lies  bool // it says that its UID goes on, or ends, when that is not so
}

func (c *picc) respond(bits byte, out []byte) []byte {
	parts := split(c.uid)
	at := c.level - 1
	switch {
	case bits == 7 && len(out) == 1 && out[0] == wupa && c.level == 0:
		c.level = 1
		return []byte{0x44, 0}
	case at < 0 || bits != 0:
	case at < len(parts) && len(out) == 2 && out[0] == 0x93+2*byte(at) && out[1] == noUID:
		return parts[at]
	case at < len(parts) && bytes.Equal(out, reference(append([]byte{0x93 + 2*byte(at), wholeUID}, parts[at]...))):
		c.level++
		sak := byte(0x08)
		if (at < len(parts)-1) != c.lies {
			sak = goesOn
		}
		return reference([]byte{sak})
	}
	c.level = 0 // HLTA, or something unknown
	return nil
}

// split gives the parts of a UID, each with its BCC.
func split(uid []byte) (parts [][]byte) {
	for len(uid) > 4 {
		parts = append(parts, append([]byte{cascade}, uid[:3]...))
		uid = uid[3:]
	}
	parts = append(parts, bytes.Clone(uid))
	for i, p := range parts {
		parts[i] = append(p, p[0]^p[1]^p[2]^p[3])
	}
	return parts
}

// reference appends CRC_A as annex B of ISO/IEC 14443-3 computes it, byte by byte.
func reference(p []byte) []byte {
	crc := uint16(0x6363)
	for _, b := range p {
		b ^= byte(crc)
		b ^= b << 4
		crc = crc>>8 ^ uint16(b)<<8 ^ uint16(b)<<3 ^ uint16(b)>>4
	}
	return append(bytes.Clone(p), byte(crc), byte(crc>>8))
}
