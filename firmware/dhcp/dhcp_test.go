package dhcp

import (
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"testing"
	"testing/synctest"
	"time"
)

var mac = net.HardwareAddr{0x52, 0x54, 0, 1, 2, 3}

// server is a DHCP server on a link, which loses the first packets and sends what others ask for
// between its answers.
type server struct {
	lose   int
	refuse netip.Addr
	out    [][]byte
	asked  []byte // kinds of what it was asked
}

func (s *server) Send(b []byte) error {
	if binary.BigEndian.Uint16(b[22:]) != serverPort || sum(b[:20]) != 0 {
		return errors.New("no datagram to a server")
	}
	if s.lose--; s.lose >= 0 {
		return nil
	}
	q := b[28:]
	kind := q[headLen+6]
	s.asked = append(s.asked, kind)
	reply := map[byte]byte{discover: offer, request: ack}[kind]
	if want := option(q, optAddress); s.refuse.IsValid() && want != nil && netip.AddrFrom4([4]byte(want)) == s.refuse {
		reply = nak
	}
	other := reply1(q, reply)
	other[4] ^= 1 // the number of somebody else's question
	s.out = append(s.out, toClient(other), []byte{0x45}, toClient(reply1(q, reply)))
	return nil
}

func option(q []byte, kind byte) []byte {
	for rest := q[headLen+4:]; len(rest) > 1 && rest[0] != optEnd; rest = rest[2+int(rest[1]):] {
		if rest[0] == kind {
			return rest[2 : 2+int(rest[1])]
		}
	}
	return nil
}

func reply1(q []byte, kind byte) []byte {
	b := append([]byte(nil), q[:headLen]...)
	b[0] = 2
	copy(b[16:], []byte{10, 0, 3, 21})
	b = append(b, cookie...)
	b = append(b, optPad, optKind, 1, kind, optMask, 4, 255, 255, 0, 0, optRouter, 4, 10, 0, 0, 1, optDNS, 8, 10, 0, 0, 53, 10, 0, 0, 54)
	return append(b, optServer, 4, 10, 0, 0, 2, optLease, 4, 0, 0, 0x0e, 0x10, optEnd)
}

func toClient(payload []byte) []byte {
	b := wrap(payload)
	binary.BigEndian.PutUint16(b[20:], serverPort)
	binary.BigEndian.PutUint16(b[22:], clientPort)
	return b
}

func (s *server) Receive(until time.Time) ([]byte, error) {
	if len(s.out) == 0 {
		time.Sleep(time.Until(until)) // in a bubble
		return nil, errors.New("nothing came")
	}
	b := s.out[0]
	s.out = s.out[1:]
	return b, nil
}

// An address comes with all that a terminal needs, though packets are lost, others' answers come
// between, and the address of before is no longer given.
func TestAServerGivesAnAddress(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := netip.MustParseAddr("10.0.9.9")
		s := &server{lose: 2, refuse: old}
		c := Client{Link: s, MAC: mac, Host: "front"}
		for _, had := range []netip.Addr{{}, old, netip.MustParseAddr("10.0.3.21")} {
			l, err := c.Get(t.Context(), had)
			if err != nil || l.Address.String() != "10.0.3.21/16" || l.Gateway.String() != "10.0.0.1" || len(l.DNS) != 2 || l.For != time.Hour || l.Server.String() != "10.0.0.2" {
				t.Errorf("%+v, %v", l, err)
			}
			if _, err := c.Keep(t.Context(), l); err != nil {
				t.Errorf("keep: %v", err)
			}
		}
		if want := "\x01\x03\x03" + "\x03\x01\x03\x03" + "\x03\x03"; string(s.asked) != want {
			t.Errorf("asked %x", s.asked)
		}
	})
}

// Answers are hostile: what is cut, or says what cannot be, is no answer.
func TestNoAnswerCrashesTheClient(t *testing.T) {
	good := reply1(query{kind: discover, id: 7, mac: mac}.bytes(), offer)
	if _, err := parse(good, 7, mac); err != nil {
		t.Fatal(err)
	}
	for n := range len(good) {
		if a, err := parse(good[:n], 7, mac); err == nil && n < headLen+4 {
			t.Errorf("%d bytes are an answer: %+v", n, a)
		}
		if unwrap(toClient(good)[:n]) != nil {
			t.Errorf("%d bytes are a datagram", n)
		}
	}
	nowhere := append([]byte(nil), good...)
	copy(nowhere[16:], []byte{255, 255, 255, 255})
	if _, err := parse(nowhere, 7, mac); err == nil {
		t.Error("everybody's address was taken")
	}
	if _, err := parse(good, 8, mac); err == nil {
		t.Error("an answer to another question was taken")
	}
	if _, err := parse(good, 7, net.HardwareAddr{1, 2, 3, 4, 5, 6}); err == nil {
		t.Error("an answer to somebody else was taken")
	}
}
