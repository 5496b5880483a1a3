package sim

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"badged/internal/ptyport"
)

// Reader is an RDM6300 module with its antenna.
type Reader struct{ *ptyport.Port }

// NewReader plugs a reader in at path.
func NewReader(path string) (*Reader, error) {
	t, err := ptyport.Open(path, nil)
	if err != nil {
		return nil, err
	}
	return &Reader{t}, nil
}

// Tap presents the badge with the given ten hex digits for the time of one frame.
func (r *Reader) Tap(card string) error {
	frame, err := rdm6300Frame(card)
	if err != nil {
		return err
	}
	return r.Send(frame)
}

// TapByByte presents a badge byte by byte, as a line brings them, and gives when the last one
// was sent. pause is called between two bytes.
func (r *Reader) TapByByte(card string, pause func()) (last time.Time, err error) {
	frame, err := rdm6300Frame(card)
	for i := 0; i < len(frame) && err == nil; i++ {
		if i > 0 {
			pause()
		}
		last = time.Now()
		err = r.Send(frame[i : i+1])
	}
	return last, err
}

// Hold keeps the badge on the reader until ctx ends: a frame each 65 ms, as the
// module does.
func (r *Reader) Hold(ctx context.Context, card string) error {
	const period = 65 * time.Millisecond
	beat := time.NewTicker(period)
	defer beat.Stop()
	for {
		if err := r.Tap(card); err != nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-beat.C:
		}
	}
}

// Garbage puts noise on the wire: bytes outside a frame, a frame with a wrong
// checksum, one that stops and one with a letter that is no digit.
func (r *Reader) Garbage() error {
	return r.Send([]byte("\xff\x00noise\x0262E3086CED09\x03\x0262E308\x0262E3O86CED08\x03"))
}

// rdm6300Frame writes the module's frame for ten hex digits: the digits between
// 02 and 03, with the XOR of their five bytes behind them.
func rdm6300Frame(card string) ([]byte, error) {
	n, err := strconv.ParseUint(card, 16, 40)
	if err != nil || len(card) != 10 {
		return nil, fmt.Errorf("an RDM6300 badge has ten hex digits")
	}
	sum := n ^ n>>8 ^ n>>16 ^ n>>24 ^ n>>32
	return fmt.Appendf(nil, "\x02%s%02X\x03", strings.ToUpper(card), byte(sum)), nil
}

// LineReader is a reader that types a badge as a line ended by CR LF.
type LineReader struct{ *ptyport.Port }

// NewLineReader plugs a reader in at path.
func NewLineReader(path string) (*LineReader, error) {
	t, err := ptyport.Open(path, nil)
	if err != nil {
		return nil, err
	}
	return &LineReader{t}, nil
}

// Tap types the badge's text.
func (r *LineReader) Tap(text string) error { return r.Send([]byte(text + "\r\n")) }

// Keypad is a serial keypad that sends one ASCII character a key.
type Keypad struct{ *ptyport.Port }

// NewKeypad plugs a keypad in at path.
func NewKeypad(path string) (*Keypad, error) {
	t, err := ptyport.Open(path, nil)
	if err != nil {
		return nil, err
	}
	return &Keypad{t}, nil
}

// Type presses the keys one after the other: digits, * and #.
func (k *Keypad) Type(keys string) error {
	if strings.Trim(keys, "0123456789*#") != "" {
		return fmt.Errorf("a keypad has the keys 0 to 9, * and #")
	}
	for i := range len(keys) {
		if err := k.Send([]byte{keys[i]}); err != nil {
			return err
		}
	}
	return nil
}
