package mqttlink

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"testing/iotest"
)

// packet is an MQTT packet of n bytes behind its header.
func packet(n int) []byte {
	b := []byte{0x30}
	for rest := n; ; {
		if rest < 128 {
			b = append(b, byte(rest))
			break
		}
		b = append(b, byte(rest)|0x80)
		rest >>= 7
	}
	return append(b, make([]byte, n)...)
}

// stream is a connection that gives what r gives.
type stream struct {
	net.Conn
	r io.Reader
}

func (s stream) Read(p []byte) (int, error) { return s.r.Read(p) }

func TestPacketsWithinBoundsPassInAnySplit(t *testing.T) {
	var in []byte
	for _, n := range []int{0, 1, 127, 128, 16383, 16384, maxPacket, 2} {
		in = append(in, packet(n)...)
	}
	for name, r := range map[string]io.Reader{"whole": bytes.NewReader(in), "bytes": iotest.OneByteReader(bytes.NewReader(in)), "halves": iotest.HalfReader(bytes.NewReader(in))} {
		out, err := io.ReadAll(&guard{Conn: stream{r: r}})
		if err != nil || !bytes.Equal(in, out) {
			t.Errorf("%s: %d of %d bytes, %v", name, len(out), len(in), err)
		}
	}
}

func TestAHugePacketEndsTheConnection(t *testing.T) {
	for name, in := range map[string][]byte{
		"too large": packet(maxPacket + 1),
		"largest":   {0x30, 0xff, 0xff, 0xff, 0x7f},
		"endless":   {0x30, 0xff, 0xff, 0xff, 0xff, 0x7f},
		"second":    append(packet(5), 0x30, 0xff, 0xff, 0xff, 0x7f),
	} {
		g := &guard{Conn: stream{r: iotest.OneByteReader(bytes.NewReader(in))}}
		if _, err := io.ReadAll(g); !errors.Is(err, errPacket) {
			t.Errorf("%s: %v", name, err)
		}
		if err, spoke := g.lastRead(); !errors.Is(err, errPacket) || !spoke {
			t.Errorf("%s: remembered %v", name, err)
		}
	}
}
