package box

import (
	"errors"
	"net"
	"os"
	"time"

	"golang.org/x/sys/unix"
)

// packetLink sends datagrams to everybody on a link, and receives them, without an address. It
// implements dhcp.Link.
type packetLink struct {
	fd    int
	index int
	buf   []byte
}

// ipv4 is ETH_P_IP as the socket wants it: in network order.
const ipv4 = uint16(unix.ETH_P_IP>>8 | unix.ETH_P_IP<<8&0xff00)

func openPacketLink(ifc *net.Interface) (*packetLink, error) {
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_DGRAM|unix.SOCK_CLOEXEC, int(ipv4))
	if err != nil {
		return nil, os.NewSyscallError("socket", err)
	}
	l := &packetLink{fd, ifc.Index, make([]byte, 2048)}
	if err := unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: ipv4, Ifindex: ifc.Index}); err != nil {
		return nil, errors.Join(os.NewSyscallError("bind", err), l.Close())
	}
	return l, nil
}

// Close ends it.
func (l *packetLink) Close() error { return unix.Close(l.fd) }

// Send implements dhcp.Link.
func (l *packetLink) Send(datagram []byte) error {
	to := &unix.SockaddrLinklayer{Protocol: ipv4, Ifindex: l.index, Halen: 6, Addr: [8]byte{255, 255, 255, 255, 255, 255}}
	return os.NewSyscallError("sendto", unix.Sendto(l.fd, datagram, 0, to))
}

// Receive implements dhcp.Link.
func (l *packetLink) Receive(until time.Time) ([]byte, error) {
	left := max(time.Until(until), time.Millisecond)
	tv := unix.NsecToTimeval(left.Nanoseconds())
	if err := unix.SetsockoptTimeval(l.fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &tv); err != nil {
		return nil, os.NewSyscallError("setsockopt", err)
	}
	n, _, err := unix.Recvfrom(l.fd, l.buf, 0)
	if err != nil {
		return nil, os.NewSyscallError("recvfrom", err)
	}
	return l.buf[:n], nil
}
