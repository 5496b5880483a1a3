//go:build lab

package lab_test

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"sync"
	"testing"
)

// What the other end of QEMU's ccid-card-passthru says and is told: libcacard,
// vscard_common.h. Each message is type, reader and length, 32 bits each, and that
// many bytes.
const (
	vscInit       = 1
	vscReaderAdd  = 3
	vscATR        = 5
	vscCardRemove = 6
	vscAPDU       = 7

	vscMagic   = 0x56534344 // "VSCD"
	vscVersion = 2
)

// field is what lies on a smart card reader: nothing, or a contactless card.
type field struct {
	conn net.Conn

	mu  sync.Mutex // guards what follows, and writes
	uid []byte     // nil: no card
}

// newField lets QEMU's smart card reader look at a field, until the test ends.
func newField(t *testing.T, conn net.Conn) *field {
	t.Helper()
	f := &field{conn: conn}
	init := binary.BigEndian.AppendUint32(nil, vscMagic)
	init = binary.BigEndian.AppendUint32(init, vscVersion)
	init = binary.BigEndian.AppendUint32(init, 0)
	if err := f.send(vscInit, init); err != nil {
		t.Fatal(err)
	}
	if err := f.send(vscReaderAdd, []byte("field")); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	wg.Go(f.playCard)
	t.Cleanup(func() { _ = conn.Close(); wg.Wait() })
	return f
}

func (f *field) send(kind uint32, p []byte) error {
	b := binary.BigEndian.AppendUint32(nil, kind)
	b = binary.BigEndian.AppendUint32(b, 0)
	b = binary.BigEndian.AppendUint32(b, uint32(len(p)))
	_, err := f.conn.Write(append(b, p...))
	return err
}

// playCard answers what the reader asks the card, until the connection ends.
func (f *field) playCard() {
	for {
		var head struct{ Kind, Reader, Length uint32 }
		if binary.Read(f.conn, binary.BigEndian, &head) != nil || head.Length > 1<<16 {
			return
		}
		p := make([]byte, head.Length)
		if _, err := io.ReadFull(f.conn, p); err != nil {
			return
		}
		if head.Kind == vscAPDU {
			f.mu.Lock()
			_ = f.send(vscAPDU, response(f.uid, p)) // the reader is gone: the read ends
			f.mu.Unlock()
		}
	}
}

// response is a card's: PC/SC part 3, section 3.2.2.1.3 asks for its UID.
func response(uid, command []byte) []byte {
	if uid != nil && bytes.Equal(command, []byte{0xFF, 0xCA, 0, 0, 0}) {
		return append(bytes.Clone(uid), 0x90, 0)
	}
	return []byte{0x6A, 0x81}
}

// atr is that of a contactless storage card: PC/SC part 3, section 3.1.3.2.3.
var atr = []byte{0x3B, 0x8F, 0x80, 0x01, 0x80, 0x4F, 0x0C, 0xA0, 0, 0, 0x03, 0x06, 0x03, 0, 0x03, 0, 0, 0, 0, 0x68}

// present lays a card with a UID, given in hex, on the reader.
func (f *field) present(uid string) error {
	p, err := hex.DecodeString(uid)
	if err != nil || len(p) == 0 {
		return fmt.Errorf("present a card: it needs a UID")
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.uid = p
	return f.send(vscATR, atr)
}

// remove takes it away.
func (f *field) remove([]string) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.uid = nil
	return f.send(vscCardRemove, nil)
}
