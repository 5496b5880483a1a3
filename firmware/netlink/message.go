// Package netlink sets addresses, routes and links by the kernel's rtnetlink (rtnetlink(7)): what a
// terminal without a system of others needs of it, and no more.
package netlink

import (
	"encoding/binary"
	"net/netip"
	"syscall"
)

// message is a request in the making: a header that the kernel wants, then attributes.
type message struct {
	kind, flags uint16
	body        []byte
}

var native = binary.NativeEndian

// attr appends an attribute, padded to four bytes.
func attr(b []byte, kind uint16, value []byte) []byte {
	b = native.AppendUint16(b, uint16(4+len(value)))
	b = native.AppendUint16(b, kind)
	b = append(b, value...)
	for len(b)%4 != 0 {
		b = append(b, 0)
	}
	return b
}

func number(n uint32) []byte { return native.AppendUint32(nil, n) }

func family(a netip.Addr) byte {
	if a.Is4() {
		return syscall.AF_INET
	}
	return syscall.AF_INET6
}

// link is struct ifinfomsg.
func link(index int, flags, change uint32) []byte {
	b := []byte{syscall.AF_UNSPEC, 0, 0, 0}
	b = native.AppendUint32(b, uint32(index))
	b = native.AppendUint32(b, flags)
	return native.AppendUint32(b, change)
}

func linkUp(index int) message {
	return message{syscall.RTM_NEWLINK, 0, link(index, syscall.IFF_UP, syscall.IFF_UP)}
}

// What linux/if_link.h has, and syscall has not.
const (
	iflaInfoKind = 1
	iflaInfoData = 2
	iflaVLANID   = 1
)

func addVLAN(parent int, name string, id uint16) message {
	info := attr(nil, iflaInfoKind, []byte("vlan"))
	info = attr(info, iflaInfoData, attr(nil, iflaVLANID, native.AppendUint16(nil, id)))
	b := attr(link(0, 0, 0), syscall.IFLA_LINK, number(uint32(parent)))
	b = attr(b, syscall.IFLA_IFNAME, []byte(name+"\x00"))
	return message{syscall.RTM_NEWLINK, syscall.NLM_F_CREATE | syscall.NLM_F_EXCL, attr(b, syscall.IFLA_LINKINFO, info)}
}

func address(kind, flags uint16, index int, p netip.Prefix) message {
	a := p.Addr().AsSlice()
	b := []byte{family(p.Addr()), byte(p.Bits()), 0, syscall.RT_SCOPE_UNIVERSE} // struct ifaddrmsg
	b = native.AppendUint32(b, uint32(index))
	b = attr(b, syscall.IFA_ADDRESS, a)
	return message{kind, flags, attr(b, syscall.IFA_LOCAL, a)}
}

func defaultRoute(index int, gateway netip.Addr) message {
	b := []byte{family(gateway), 0, 0, 0, syscall.RT_TABLE_MAIN, syscall.RTPROT_STATIC, syscall.RT_SCOPE_UNIVERSE, syscall.RTN_UNICAST} // struct rtmsg
	b = append(b, 0, 0, 0, 0)
	b = attr(b, syscall.RTA_GATEWAY, gateway.AsSlice())
	return message{syscall.RTM_NEWROUTE, syscall.NLM_F_CREATE | syscall.NLM_F_REPLACE, attr(b, syscall.RTA_OIF, number(uint32(index)))}
}
