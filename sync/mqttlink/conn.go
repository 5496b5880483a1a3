package mqttlink

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"

	"badged/sync/wire"
)

// maxPacket bounds one MQTT packet from the broker: a signed message, its topic and
// the header. The client library itself would believe any length.
const maxPacket = wire.MaxSignedBytes + 512

var errPacket = errors.New("the broker sent a larger packet than the protocol has")

// dialTimeout bounds the TCP and TLS handshakes together.
const dialTimeout = 15 * time.Second

// dialBroker makes the TLS connection to a broker at host:port. Errors are those of this package.
func dialBroker(ctx context.Context, address string, config *tls.Config) (*guard, error) {
	if _, _, err := net.SplitHostPort(address); err != nil {
		return nil, fmt.Errorf("%w: %w", ErrAddress, err)
	}
	ctx, cancel := context.WithTimeout(ctx, dialTimeout)
	defer cancel()
	d := tls.Dialer{NetDialer: &net.Dialer{}, Config: config}
	c, err := d.DialContext(ctx, "tcp", address)
	if err != nil && ctx.Err() != nil {
		return nil, fmt.Errorf("%w: %w", ErrUnreachable, ctx.Err())
	}
	if err != nil {
		return nil, explainDial(err)
	}
	return &guard{Conn: c}, nil
}

// guard is a connection that ends when the broker announces a packet beyond maxPacket,
// and that records the result of its last read. It follows the packets of the stream
// (MQTT 3.1.1 §2.2):
//
//	type --1 byte--> length --last byte: below 128--> body --no byte left--> type
//	                 length --byte from 128: more----> length, at most 4 bytes
type guard struct {
	net.Conn
	lost     func(error) // called when a read fails; may be nil
	inLength bool
	length   int // of the packet, as far as it is known
	shift    int // bits of length that are known
	body     int // bytes of the packet that are still to come

	mu    sync.Mutex // guards what follows
	spoke bool       // the broker said something
	last  error
}

// Read implements net.Conn.
func (g *guard) Read(p []byte) (int, error) {
	n, err := g.Conn.Read(p)
	if n > 0 && !g.followPackets(p[:n]) {
		n, err = 0, errPacket
	}
	g.noteResult(n, err)
	if err != nil && g.lost != nil {
		g.lost(err)
	}
	return n, err
}

func (g *guard) noteResult(n int, err error) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.spoke = g.spoke || n > 0
	g.last = err
}

// lastRead returns the error of the last read, and whether the broker ever sent anything.
func (g *guard) lastRead() (err error, spoke bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.last, g.spoke
}

// followPackets reads b as the next bytes of the stream. It reports false if a packet is too large.
func (g *guard) followPackets(b []byte) bool {
	for len(b) > 0 {
		switch {
		case g.body > 0:
			n := min(g.body, len(b))
			g.body -= n
			b = b[n:]
		case !g.inLength:
			g.inLength, g.length, g.shift = true, 0, 0
			b = b[1:]
		default:
			if !g.lengthByte(b[0]) {
				return false
			}
			b = b[1:]
		}
	}
	return true
}

func (g *guard) lengthByte(b byte) bool {
	g.length |= int(b&0x7f) << g.shift
	g.shift += 7
	if b < 0x80 {
		g.inLength, g.body = false, g.length
		return g.length <= maxPacket
	}
	return g.shift < 28
}
