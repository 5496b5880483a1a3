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

// exchangeBound bounds the wait for an answer of the daemon, which may power a card first.
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

// exchangeNumbers sends a message of numbers and returns the answer, which has the same length and rv as
// its last number.
func (w wire) exchangeNumbers(command uint32, numbers ...uint32) ([]uint32, error) {
	body := make([]byte, 0, 4*len(numbers))
	for _, n := range numbers {
		body = binary.NativeEndian.AppendUint32(body, n)
	}
	if err := w.sendMessage(command, body); err != nil {
		return nil, err
	}
	return w.readNumbers(len(numbers))
}

func (w wire) sendMessage(command uint32, body []byte) error {
	p := binary.NativeEndian.AppendUint32(nil, uint32(len(body)))
	p = append(binary.NativeEndian.AppendUint32(p, command), body...)
	return w.writeBytes(p)
}

func (w wire) writeBytes(p []byte) error {
	if err := w.SetDeadline(time.Now().Add(exchangeBound)); err != nil {
		return err
	}
	_, err := w.Write(p)
	return err
}

// readNumbers reads an answer of n numbers. It fails if the last one, rv, is not 0.
func (w wire) readNumbers(n int) ([]uint32, error) {
	p, err := w.readBytes(4 * n)
	if err != nil {
		return nil, err
	}
	list := make([]uint32, n)
	for i := range list {
		list[i] = binary.NativeEndian.Uint32(p[4*i:])
	}
	return list, checkValue(list[n-1])
}

func (w wire) readBytes(n int) ([]byte, error) {
	p := make([]byte, n)
	_, err := io.ReadFull(w, p)
	return p, err
}

func checkValue(rv uint32) error {
	if rv != 0 {
		return rvError(rv)
	}
	return nil
}

// startSession agrees on the protocol version and returns a context.
func (w wire) startSession() (context uint32, err error) {
	v, err := w.exchangeNumbers(cmdVersion, major, minor, 0)
	if err != nil {
		return 0, err
	}
	if v[0] != major || v[1] < minor {
		return 0, fmt.Errorf("it speaks version %d:%d, and %d:%d is needed", v[0], v[1], major, minor)
	}
	c, err := w.exchangeNumbers(cmdEstablish, scopeSystem, 0, 0)
	if err != nil {
		return 0, err
	}
	return c[1], nil
}

// state is the daemon's state of one reader.
type state struct {
	name    string
	changes uint32 // how often a card came or went
	present bool
	atr     []byte
}

// readStates returns the states of all readers. After it the daemon sends one notice, when a reader
// changes or when stop asks for it.
func (w wire) readStates() ([]state, error) {
	if err := w.sendMessage(cmdWait, nil); err != nil {
		return nil, err
	}
	p, err := w.readBytes(maxReaders * stateLen)
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

// awaitNotice waits for the daemon's notice, at most for d.
func (w wire) awaitNotice(d time.Duration) error {
	if err := w.SetReadDeadline(time.Now().Add(d)); err != nil {
		return err
	}
	_, err := w.readNumbers(2)
	return err
}

// stopWaiting asks the daemon for its notice now, and reads it.
func (w wire) stopWaiting() error {
	if err := w.sendMessage(cmdStop, nil); err != nil {
		return err
	}
	_, err := w.readNumbers(2)
	return err
}

// card is a connected card.
type card struct {
	w        wire
	handle   uint32
	protocol uint32
}

// connectCard shares the card in a reader with other programs.
func (w wire) connectCard(context uint32, reader string) (card, error) {
	body := binary.NativeEndian.AppendUint32(nil, context)
	body = append(body, reader...)
	body = append(body, make([]byte, nameLen-len(reader))...)
	for _, n := range []uint32{shareShared, protocolsAny, 0, 0, 0} {
		body = binary.NativeEndian.AppendUint32(body, n)
	}
	if err := w.sendMessage(cmdConnect, body); err != nil {
		return card{}, err
	}
	if _, err := w.readBytes(4 + nameLen); err != nil {
		return card{}, err
	}
	n, err := w.readNumbers(5)
	if err != nil {
		return card{}, err
	}
	return card{w, n[2], n[3]}, nil
}

// transmitAPDU exchanges an APDU.
func (c card) transmitAPDU(apdu []byte) ([]byte, error) {
	var body []byte
	for _, n := range []uint32{c.handle, c.protocol, ioRequest, uint32(len(apdu)), c.protocol, ioRequest, maxAnswer, 0} {
		body = binary.NativeEndian.AppendUint32(body, n)
	}
	if err := c.w.sendMessage(cmdTransmit, body); err != nil {
		return nil, err
	}
	if err := c.w.writeBytes(apdu); err != nil {
		return nil, err
	}
	n, err := c.w.readNumbers(8)
	if err != nil {
		return nil, err
	}
	if n[6] > maxAnswer {
		return nil, errProtocol
	}
	return c.w.readBytes(int(n[6]))
}

// leaveReader ends the connection and leaves the card as it is, for other programs.
func (c card) leaveReader() error {
	_, err := c.w.exchangeNumbers(cmdDisconnect, c.handle, leaveCard, 0)
	return err
}
