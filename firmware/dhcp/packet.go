// Package dhcp gets an address for a link (RFC 2131). What is asked and what an answer means is
// pure; Client asks on a link.
package dhcp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"time"
)

// The kinds of messages, option 53.
const (
	discover = 1
	offer    = 2
	request  = 3
	ack      = 5
	nak      = 6
)

// The options that we read and write (RFC 2132).
const (
	optMask     = 1
	optRouter   = 3
	optDNS      = 6
	optHostName = 12
	optNTP      = 42
	optAddress  = 50
	optLease    = 51
	optKind     = 53
	optServer   = 54
	optParams   = 55
	optRenewal  = 58
	optClient   = 61
	optEnd      = 255
	optPad      = 0
)

// What stands before the options, and how long a lease is taken to be.
const (
	headLen      = 236
	cookie       = "\x63\x82\x53\x63"
	leastLease   = time.Minute
	longestLease = 30 * 24 * time.Hour
)

// Lease is what a server gave.
type Lease struct {
	Address netip.Prefix
	Gateway netip.Addr // not valid: none
	DNS     []netip.Addr
	NTP     []netip.Addr
	Server  netip.Addr
	For     time.Duration
}

// query is what we ask.
type query struct {
	kind   byte
	id     uint32
	mac    net.HardwareAddr
	host   string
	want   netip.Addr // that was offered, or that we had
	server netip.Addr // that offered it
}

// bytes is the message.
func (q query) bytes() []byte {
	b := make([]byte, headLen, 300)
	b[0], b[1], b[2] = 1, 1, 6 // a request, by Ethernet, with its addresses
	binary.BigEndian.PutUint32(b[4:], q.id)
	b[10] = 0x80 // the answer goes to everybody: we may have no address yet
	copy(b[28:], q.mac)
	b = append(b, cookie...)
	b = append(b, optKind, 1, q.kind)
	b = append(append(b, optClient, byte(1+len(q.mac)), 1), q.mac...)
	if q.want.IsValid() {
		b = append(append(b, optAddress, 4), q.want.AsSlice()...)
	}
	if q.server.IsValid() {
		b = append(append(b, optServer, 4), q.server.AsSlice()...)
	}
	if q.host != "" && len(q.host) < 64 {
		b = append(append(b, optHostName, byte(len(q.host))), q.host...)
	}
	b = append(b, optParams, 6, optMask, optRouter, optDNS, optNTP, optLease, optRenewal, optEnd)
	return append(b, make([]byte, max(0, 300-len(b)))...) // some relays drop shorter ones
}

// answer is what a server says.
type answer struct {
	kind  byte
	lease Lease
}

var errNotOurs = errors.New("no answer to our question")

// parse reads an answer to a question of ours.
func parse(b []byte, id uint32, mac net.HardwareAddr) (a answer, err error) {
	if len(b) < headLen+4 || b[0] != 2 || binary.BigEndian.Uint32(b[4:]) != id || !bytes.Equal(b[28:28+len(mac)], mac) || string(b[headLen:headLen+4]) != cookie {
		return a, errNotOurs
	}
	a.lease.For = time.Hour
	bits := 24
	for rest := b[headLen+4:]; len(rest) > 0 && rest[0] != optEnd; {
		if rest[0] == optPad {
			rest = rest[1:]
			continue
		}
		if len(rest) < 2 || len(rest) < 2+int(rest[1]) {
			return a, errNotOurs
		}
		a.option(rest[0], rest[2:2+int(rest[1])], &bits)
		rest = rest[2+int(rest[1]):]
	}
	a.lease.Address = netip.PrefixFrom(netip.AddrFrom4([4]byte(b[16:20])), bits)
	if a.kind != nak && (!a.lease.Address.Addr().IsPrivate() && !a.lease.Address.Addr().IsGlobalUnicast()) {
		return a, errNotOurs
	}
	return a, nil
}

func (a *answer) option(kind byte, value []byte, bits *int) {
	switch kind {
	case optKind:
		if len(value) == 1 {
			a.kind = value[0]
		}
	case optMask:
		if len(value) == 4 {
			if ones, size := net.IPMask(value).Size(); size == 32 {
				*bits = ones
			}
		}
	case optRouter:
		a.lease.Gateway = first(addresses(value))
	case optDNS:
		a.lease.DNS = addresses(value)
	case optNTP:
		a.lease.NTP = addresses(value)
	case optServer:
		a.lease.Server = first(addresses(value))
	case optLease:
		if len(value) == 4 {
			a.lease.For = min(max(time.Duration(binary.BigEndian.Uint32(value))*time.Second, leastLease), longestLease)
		}
	}
}

func first(list []netip.Addr) netip.Addr {
	if len(list) == 0 {
		return netip.Addr{}
	}
	return list[0]
}

// addresses reads a list, of which four are enough.
func addresses(b []byte) (list []netip.Addr) {
	for ; len(b) >= 4 && len(list) < 4; b = b[4:] {
		list = append(list, netip.AddrFrom4([4]byte(b[:4])))
	}
	return list
}
