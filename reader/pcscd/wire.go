package pcscd

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"time"

	"badged/reader/pcsc"
)

// The commands: enum pcsc_msg_commands of winscard_msg.h.
const (
	cmdEstablish  = 0x01
	cmdConnect    = 0x04
	cmdDisconnect = 0x06
	cmdTransmit   = 0x09
	cmdVersion    = 0x11
	cmdWait       = 0x13
	cmdStop       = 0x14
)

// Values of PCSC/pcsclite.h and winscard.h.
const (
	major, minor = 4, 4
	scopeSystem  = 2
	shareShared  = 2
	protocolsAny = 3 // T=0 or T=1
	leaveCard    = 0
	ioRequest    = 16 // length of an SCARD_IO_REQUEST

	statePresent = 0x04
	maxReaders   = 16
	nameLen      = 128
	stateLen     = nameLen + 12 + 36 + 8 // one reader's state; the ATR is padded to 36
	notYet       = pcsc.MaxATR + 1       // length of the ATR before the daemon has looked
	maxAnswer    = 264                   // MAX_BUFFER_SIZE, of a short APDU
)

// exchangeBound is for an answer of the daemon, in which a card may be powered.
const exchangeBound = 10 * time.Second

// errProtocol says that what listens at the socket does not speak as pcscd does.
var errProtocol = errors.New("it does not answer as pcscd does")

// rvError is the return value of a call that failed.
type rvError uint32

// The return values that matter here: pcsclite.h.
const (
	rvSharing   rvError = 0x8010000B
	rvNoCard    rvError = 0x8010000C
	rvNoService rvError = 0x8010001D
	rvRemoved   rvError = 0x80100069
)

func (e rvError) Error() string { return fmt.Sprintf("PC/SC error %08X", uint32(e)) }

// wire is a connection to the daemon. It is used by one goroutine.
type wire struct{ net.Conn }

// call exchanges a message of numbers for an answer of the same length whose last number
// is rv.
func (w wire) call(command uint32, numbers ...uint32) ([]uint32, error) {
	body := make([]byte, 0, 4*len(numbers))
	for _, n := range numbers {
		body = binary.NativeEndian.AppendUint32(body, n)
	}
	if err := w.send(command, body); err != nil {
		return nil, err
	}
	return w.numbers(len(numbers))
}

func (w wire) send(command uint32, body []byte) error {
	p := binary.NativeEndian.AppendUint32(nil, uint32(len(body)))
	p = append(binary.NativeEndian.AppendUint32(p, command), body...)
	return w.write(p)
}

func (w wire) write(p []byte) error {
	if err := w.SetDeadline(time.Now().Add(exchangeBound)); err != nil {
		return err
	}
	_, err := w.Write(p)
	return err
}

// numbers reads an answer, the last of which is rv.
func (w wire) numbers(n int) ([]uint32, error) {
	p, err := w.read(4 * n)
	if err != nil {
		return nil, err
	}
	list := make([]uint32, n)
	for i := range list {
		list[i] = binary.NativeEndian.Uint32(p[4*i:])
	}
	return list, success(list[n-1])
}

func (w wire) read(n int) ([]byte, error) {
	p := make([]byte, n)
	_, err := io.ReadFull(w, p)
	return p, err
}

func success(rv uint32) error {
	if rv != 0 {
		return rvError(rv)
	}
	return nil
}

// greet agrees on the protocol and gives a context.
func (w wire) greet() (context uint32, err error) {
	v, err := w.call(cmdVersion, major, minor, 0)
	if err != nil {
		return 0, err
	}
	if v[0] != major || v[1] < minor {
		return 0, fmt.Errorf("it speaks version %d:%d, and %d:%d is needed", v[0], v[1], major, minor)
	}
	c, err := w.call(cmdEstablish, scopeSystem, 0, 0)
	if err != nil {
		return 0, err
	}
	return c[1], nil
}

// state is what the daemon says of one reader.
type state struct {
	name    string
	changes uint32 // how often a card came or went
	present bool
	atr     []byte
}

// wait gives the state of all readers. From then on the daemon owes one word, which
// changed reads.
func (w wire) wait() ([]state, error) {
	if err := w.send(cmdWait, nil); err != nil {
		return nil, err
	}
	p, err := w.read(maxReaders * stateLen)
	if err != nil {
		return nil, err
	}
	var list []state
	for ; len(p) > 0; p = p[stateLen:] {
		s, err := parseState(p[:stateLen])
		if err != nil {
			return nil, err
		}
		if s.name != "" {
			list = append(list, s)
		}
	}
	return list, nil
}

// parseState reads name, event counter, state, sharing, ATR, its length, protocol.
func parseState(p []byte) (s state, err error) {
	name, _, ok := bytes.Cut(p[:nameLen], []byte{0})
	n := binary.NativeEndian.Uint32(p[nameLen+48:])
	if !ok || n > notYet {
		return s, errProtocol
	}
	if n == notYet {
		n = 0
	}
	s.name = string(name)
	s.changes = binary.NativeEndian.Uint32(p[nameLen:])
	s.present = binary.NativeEndian.Uint32(p[nameLen+4:])&statePresent != 0
	s.atr = p[nameLen+12:][:n]
	return s, nil
}

// changed waits for the word that the daemon owes, but not longer than d.
func (w wire) changed(d time.Duration) error {
	if err := w.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	_, err := w.numbers(2)
	return err
}

// stop has the word come at once.
func (w wire) stop() error {
	if err := w.send(cmdStop, nil); err != nil {
		return err
	}
	_, err := w.numbers(2)
	return err
}

// card is one that is connected to.
type card struct {
	w        wire
	handle   uint32
	protocol uint32
}

// connect shares the card in a reader with other programs.
func (w wire) connect(context uint32, reader string) (card, error) {
	body := binary.NativeEndian.AppendUint32(nil, context)
	body = append(body, reader...)
	body = append(body, make([]byte, nameLen-len(reader))...)
	for _, n := range []uint32{shareShared, protocolsAny, 0, 0, 0} {
		body = binary.NativeEndian.AppendUint32(body, n)
	}
	if err := w.send(cmdConnect, body); err != nil {
		return card{}, err
	}
	if _, err := w.read(4 + nameLen); err != nil {
		return card{}, err
	}
	n, err := w.numbers(5)
	if err != nil {
		return card{}, err
	}
	return card{w, n[2], n[3]}, nil
}

// transmit exchanges an APDU.
func (c card) transmit(apdu []byte) ([]byte, error) {
	var body []byte
	for _, n := range []uint32{c.handle, c.protocol, ioRequest, uint32(len(apdu)), c.protocol, ioRequest, maxAnswer, 0} {
		body = binary.NativeEndian.AppendUint32(body, n)
	}
	if err := c.w.send(cmdTransmit, body); err != nil {
		return nil, err
	}
	if err := c.w.write(apdu); err != nil {
		return nil, err
	}
	n, err := c.w.numbers(8)
	if err != nil {
		return nil, err
	}
	if n[6] > maxAnswer {
		return nil, errProtocol
	}
	return c.w.read(int(n[6]))
}

// disconnect leaves the card as it is, to whoever else uses it.
func (c card) disconnect() error {
	_, err := c.w.call(cmdDisconnect, c.handle, leaveCard, 0)
	return err
}
