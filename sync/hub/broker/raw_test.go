package broker_test

import (
	"bytes"
	"crypto/tls"
	"encoding/binary"
	"io"
	"testing"
	"time"
)

// raw is an MQTT client that keeps to no rule.
type raw struct {
	t *testing.T
	*tls.Conn
}

// raw connects with a certificate, and with a will if topic is not empty.
func (b *bench) raw(c *tls.Config, topic string) raw {
	b.t.Helper()
	conn, err := tls.Dial("tcp", b.broker.Loopback(), c)
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(func() { conn.Close() })
	r := raw{b.t, conn}
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		b.t.Fatal(err)
	}
	flags, rest := byte(2), text("raw") // clean session
	if topic != "" {
		flags |= 4
		rest = append(append(rest, text(topic)...), text("will")...)
	}
	r.send(0x10, append([]byte{0, 4, 'M', 'Q', 'T', 'T', 4, flags, 0, 60}, rest...))
	if kind, body := r.receive(); kind != 0x20 || body[1] != 0 {
		b.t.Fatalf("CONNACK: %x %x", kind, body)
	}
	return r
}

func text(s string) []byte {
	return append(binary.BigEndian.AppendUint16(nil, uint16(len(s))), s...)
}

func (r raw) send(kind byte, body []byte) {
	r.t.Helper()
	packet := binary.AppendUvarint([]byte{kind}, uint64(len(body)))
	if _, err := r.Write(append(packet, body...)); err != nil {
		r.t.Fatal(err)
	}
}

func (r raw) receive() (kind byte, body []byte) {
	r.t.Helper()
	head := make([]byte, 2)
	if _, err := io.ReadFull(r, head); err != nil {
		r.t.Fatal(err)
	}
	body = make([]byte, head[1])
	if _, err := io.ReadFull(r, body); err != nil {
		r.t.Fatal(err)
	}
	return head[0], body
}

func (r raw) publish(topic, payload string) {
	r.t.Helper()
	r.send(0x30, append(text(topic), payload...))
}

// subscribe gives the broker's answer: 0x80 is a refusal.
func (r raw) subscribe(filter string) byte {
	r.t.Helper()
	r.send(0x82, append(append([]byte{0, 1}, text(filter)...), 0))
	kind, body := r.receive()
	if kind != 0x90 || !bytes.Equal(body[:2], []byte{0, 1}) {
		r.t.Fatalf("SUBACK: %x %x", kind, body)
	}
	return body[2]
}

// retain publishes a message that the broker is to keep for whoever subscribes later.
func (r raw) retain(topic, payload string) {
	r.t.Helper()
	r.send(0x31, append(text(topic), payload...))
}
