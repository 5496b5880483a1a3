package netlink

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
)

// Up switches a link on.
func Up(name string) error {
	return do(name, "switch it on", func(i int) message { return linkUp(i) })
}

// AddVLAN makes the link of a VLAN on another link; one that is there is fine.
func AddVLAN(parent, name string, id int) error {
	err := do(parent, fmt.Sprintf("add VLAN %d", id), func(i int) message { return addVLAN(i, name, uint16(id)) })
	if errors.Is(err, syscall.EEXIST) {
		return nil
	}
	return err
}

// AddAddress gives a link an address with its network.
func AddAddress(name string, p netip.Prefix) error {
	return do(name, "give it the address "+p.String(), func(i int) message {
		return address(syscall.RTM_NEWADDR, syscall.NLM_F_CREATE|syscall.NLM_F_REPLACE, i, p)
	})
}

// RemoveAddress takes an address away; one that is gone is fine.
func RemoveAddress(name string, p netip.Prefix) error {
	err := do(name, "take the address "+p.String(), func(i int) message { return address(syscall.RTM_DELADDR, 0, i, p) })
	if errors.Is(err, syscall.EADDRNOTAVAIL) {
		return nil
	}
	return err
}

// DefaultRoute sends what has no nearer way to a gateway.
func DefaultRoute(name string, gateway netip.Addr) error {
	return do(name, "set the gateway "+gateway.String(), func(i int) message { return defaultRoute(i, gateway) })
}

// do asks the kernel for one change, and waits until it is made.
func do(name, what string, make func(index int) message) error {
	ifc, err := net.InterfaceByName(name)
	if err == nil {
		err = sendRequest(make(ifc.Index))
	}
	if err != nil {
		return fmt.Errorf("network %s: %s: %w", name, what, err)
	}
	return nil
}

// sendRequest sends a request to the kernel and returns the error that the kernel answers.
func sendRequest(m message) error {
	fd, err := syscall.Socket(syscall.AF_NETLINK, syscall.SOCK_RAW|syscall.SOCK_CLOEXEC, syscall.NETLINK_ROUTE)
	if err != nil {
		return os.NewSyscallError("socket", err)
	}
	defer syscall.Close(fd)
	if err := syscall.Sendto(fd, m.bytes(), 0, &syscall.SockaddrNetlink{Family: syscall.AF_NETLINK}); err != nil {
		return os.NewSyscallError("sendto", err)
	}
	answer := make([]byte, 8192)
	n, _, err := syscall.Recvfrom(fd, answer, 0)
	if err != nil {
		return os.NewSyscallError("recvfrom", err)
	}
	return result(answer[:n])
}

// bytes is the message with its header, struct nlmsghdr.
func (m message) bytes() []byte {
	b := native.AppendUint32(nil, uint32(syscall.NLMSG_HDRLEN+len(m.body)))
	b = native.AppendUint16(b, m.kind)
	b = native.AppendUint16(b, m.flags|syscall.NLM_F_REQUEST|syscall.NLM_F_ACK)
	b = append(b, 1, 0, 0, 0, 0, 0, 0, 0)
	return append(b, m.body...)
}

// result reads the kernel's answer: the number of an error, 0 for none.
func result(answer []byte) error {
	if len(answer) < syscall.NLMSG_HDRLEN+4 || native.Uint16(answer[4:]) != syscall.NLMSG_ERROR {
		return errors.New("the kernel answers something else")
	}
	if e := int32(native.Uint32(answer[syscall.NLMSG_HDRLEN:])); e != 0 {
		return syscall.Errno(-e)
	}
	return nil
}
