package mfrc522

import (
	"errors"
	"fmt"
	"time"

	"periph.io/x/conn/v3/spi"

	"badged/reader"
)

// The registers that are used: section 9.2, table 20.
const (
	regCommand    = 0x01
	regComIrq     = 0x04
	regError      = 0x06
	regFIFOData   = 0x09
	regFIFOLevel  = 0x0A
	regControl    = 0x0C
	regBitFraming = 0x0D
	regColl       = 0x0E
	regMode       = 0x11
	regTxControl  = 0x14
	regTxASK      = 0x15
	regTMode      = 0x2A
	regTPrescaler = 0x2B
	regTReloadHi  = 0x2C
	regTReloadLo  = 0x2D
	regVersion    = 0x37
)

// Commands and bits: section 10.3 and those of the registers.
const (
	cmdIdle       = 0x00
	cmdTransceive = 0x0C
	cmdSoftReset  = 0x0F

	powerDown  = 0x10 // of regCommand: the chip starts
	irqDone    = 0x30 // of regComIrq: RxIRq, IdleIRq
	irqTimer   = 0x01
	irqAll     = 0x7F
	flush      = 0x80 // of regFIFOLevel
	startSend  = 0x80 // of regBitFraming
	antenna    = 0x03 // of regTxControl: Tx1, Tx2
	errOverrun = 0x10 // of regError
	errColl    = 0x08
	errParity  = 0x02
	errFrame   = 0x01
	errNever   = 0x20 // reserved: nobody drives the bus
)

const (
	startBound  = 50 * time.Millisecond
	answerBound = 25 * time.Millisecond // the chip's own timer ends after 5 ms
	maxAnswer   = 5                     // bytes of the longest answer
)

var (
	errNoChip = errors.New("no MFRC522 answers")
	errReset  = errors.New("the chip started anew by itself")
	errHangs  = errors.New("the chip does not end a command")
)

// chip is an initialised MFRC522.
type chip struct {
	bus     spi.Conn
	version byte
}

func (c *chip) writeRegister(reg byte, values ...byte) error {
	return c.bus.Tx(append([]byte{reg << 1}, values...), nil)
}

func (c *chip) readRegister(reg byte) (byte, error) {
	var in [2]byte
	err := c.bus.Tx([]byte{0x80 | reg<<1, 0}, in[:])
	return in[1], err
}

// setup is the initial values of registers: a timer that starts at the end of a transmission,
// with steps of 25 µs, up to 5 ms; full modulation; the CRC's start value 6363; the field on.
var setup = [][2]byte{
	{regTMode, 0x80}, {regTPrescaler, 0xA9}, {regTReloadHi, 0}, {regTReloadLo, 200},
	{regTxASK, 0x40}, {regMode, 0x3D}, {regColl, 0x80}, {regTxControl, 0x80 | antenna},
}

// startChip resets the chip and initialises it.
func startChip(bus spi.Conn) (*chip, error) {
	c := &chip{bus: bus}
	if err := c.writeRegister(regCommand, cmdSoftReset); err != nil {
		return nil, err
	}
	up := func() (bool, error) {
		v, err := c.readRegister(regCommand)
		return v&powerDown == 0 && v != 0xFF, err
	}
	if ok, err := awaitTrue(startBound, up); !ok {
		return nil, errors.Join(errNoChip, err)
	}
	for _, s := range setup {
		if err := c.writeRegister(s[0], s[1]); err != nil {
			return nil, err
		}
	}
	var err error
	if c.version, err = c.readRegister(regVersion); err != nil {
		return nil, err
	}
	if c.version == 0 || c.version == 0xFF {
		return nil, errNoChip
	}
	return c, c.checkChip()
}

// checkChip fails if the chip is gone or has lost its initial state.
func (c *chip) checkChip() error {
	v, err := c.readRegister(regVersion)
	if err != nil {
		return err
	}
	field, err := c.readRegister(regTxControl)
	switch {
	case err != nil:
		return err
	case v != c.version:
		return fmt.Errorf("%w any more", errNoChip)
	case field&antenna != antenna:
		return errReset
	}
	return nil
}

// awaitTrue calls ask until it returns true. It returns false when the time bound is over.
func awaitTrue(bound time.Duration, ask func() (bool, error)) (bool, error) {
	for end := time.Now().Add(bound); ; time.Sleep(200 * time.Microsecond) {
		ok, err := ask()
		if ok || err != nil || time.Now().After(end) {
			return ok, err
		}
	}
}

// exchange sends bytes, the last one with lastBits bits (0: all 8), and returns the answer of
// a card; empty if none answers. why says what is wrong with the answer.
func (c *chip) exchange(lastBits byte, out ...byte) (in []byte, why reader.Why, err error) {
	for _, s := range [][2]byte{{regCommand, cmdIdle}, {regComIrq, irqAll}, {regFIFOLevel, flush}} {
		if err := c.writeRegister(s[0], s[1]); err != nil {
			return nil, "", err
		}
	}
	if err := errors.Join(c.writeRegister(regFIFOData, out...), c.writeRegister(regCommand, cmdTransceive), c.writeRegister(regBitFraming, startSend|lastBits)); err != nil {
		return nil, "", err
	}
	var irq byte
	ended, err := awaitTrue(answerBound, func() (bool, error) {
		var err error
		irq, err = c.readRegister(regComIrq)
		return irq&(irqDone|irqTimer) != 0, err
	})
	switch {
	case err != nil:
		return nil, "", err
	case !ended:
		return nil, "", errHangs
	case irq&irqDone == 0:
		return nil, "", c.writeRegister(regBitFraming, 0)
	}
	if err := c.writeRegister(regBitFraming, 0); err != nil {
		return nil, "", err
	}
	return c.readAnswer()
}

// readAnswer reads the answer of a card.
func (c *chip) readAnswer() (in []byte, why reader.Why, err error) {
	wrong, err := c.readRegister(regError)
	if err != nil {
		return nil, "", err
	}
	switch {
	case wrong&errNever != 0:
		return nil, "", errNoChip
	case wrong&errColl != 0:
		return nil, reader.Ambiguous, nil
	case wrong&(errOverrun|errParity|errFrame) != 0:
		return nil, reader.BadFrame, nil
	}
	n, err := c.readRegister(regFIFOLevel)
	if err != nil {
		return nil, "", err
	}
	bits, err := c.readRegister(regControl)
	if err != nil {
		return nil, "", err
	}
	if n == 0 || n > maxAnswer || bits&7 != 0 {
		return nil, reader.BadLength, nil
	}
	for range n {
		b, err := c.readRegister(regFIFOData)
		if err != nil {
			return nil, "", err
		}
		in = append(in, b)
	}
	return in, "", nil
}
