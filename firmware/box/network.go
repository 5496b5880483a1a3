package box

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"time"

	"badged/firmware/dhcp"
	"badged/firmware/netlink"
	"badged/firmware/site"
)

// network brings a link up and keeps its address.
//
//	link up ──► carrier ──► fixed address ─────────────► until the carrier goes
//	               ▲    └─► DHCP ──► keep at half time ─┘       │
//	               └────────────────────────────────────────────┘
type network struct {
	site.Network
	host string
	log  *slog.Logger

	mu    sync.Mutex // guards what follows
	state string     // for people
	ntp   []string   // servers that DHCP named
}

func (n *network) setState(format string, args ...any) {
	state := fmt.Sprintf(format, args...)
	n.mu.Lock()
	changed := n.state != state
	n.state = state
	n.mu.Unlock()
	if changed {
		n.log.Info("network", "state", state)
	}
}

// State returns the state of the network in words for people.
func (n *network) State() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.state
}

// timeServers returns the servers that DHCP named.
func (n *network) timeServers() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.ntp
}

// keepUp keeps the network up until ctx ends.
func (n *network) keepUp(ctx context.Context) {
	if err := netlink.Up("lo"); err != nil {
		n.log.Warn("there is no loopback: the panel is not served", "err", err)
	}
	for ctx.Err() == nil {
		name, err := n.awaitCarrier(ctx)
		if err == nil {
			err = n.useLink(ctx, name)
		}
		if err != nil && ctx.Err() == nil {
			n.setState("%v", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}

// awaitCarrier switches all wired links on and waits for one that is plugged in.
func (n *network) awaitCarrier(ctx context.Context) (string, error) {
	for {
		names, _ := filepath.Glob("/sys/class/net/*/device")
		for _, path := range names {
			name := filepath.Base(filepath.Dir(path))
			if err := netlink.Up(name); err != nil {
				n.log.Debug("a link stays down", "err", err)
			}
			if hasCarrier(name) {
				return name, nil
			}
		}
		n.setState("no cable is plugged in (%d links)", len(names))
		select {
		case <-ctx.Done():
			return "", ctx.Err()
		case <-time.After(poll):
		}
	}
}

func hasCarrier(name string) bool {
	b, err := os.ReadFile(filepath.Join("/sys/class/net", name, "carrier"))
	return err == nil && strings.TrimSpace(string(b)) == "1"
}

// useLink sets a link's address, and keeps it until the carrier is lost.
func (n *network) useLink(ctx context.Context, name string) error {
	ctx, cancel := context.WithCancel(ctx)
	var watch sync.WaitGroup
	watch.Go(func() { awaitNoCarrier(ctx, name); cancel() })
	defer watch.Wait()
	defer cancel()
	link := name
	if n.VLAN != 0 {
		link = fmt.Sprintf("vlan%d", n.VLAN)
		if err := errors.Join(netlink.AddVLAN(name, link, n.VLAN), netlink.Up(link)); err != nil {
			return err
		}
	}
	if n.Address == "" {
		return n.keepLeased(ctx, link)
	}
	if err := n.useFixedAddress(link); err != nil {
		return err
	}
	<-ctx.Done()
	return nil
}

func awaitNoCarrier(ctx context.Context, name string) {
	for hasCarrier(name) {
		select {
		case <-ctx.Done():
			return
		case <-time.After(poll):
		}
	}
}

// useFixedAddress sets the address that the card contains.
func (n *network) useFixedAddress(link string) error {
	p, err := netip.ParsePrefix(n.Address)
	if err != nil {
		return err
	}
	l := dhcp.Lease{Address: p}
	if n.Gateway != "" {
		if l.Gateway, err = netip.ParseAddr(n.Gateway); err != nil {
			return err
		}
	}
	for _, s := range n.DNS {
		a, err := netip.ParseAddr(s)
		if err != nil {
			return err
		}
		l.DNS = append(l.DNS, a)
	}
	return n.applyLease(link, l)
}

func (n *network) applyLease(link string, l dhcp.Lease) error {
	if err := netlink.AddAddress(link, l.Address); err != nil {
		return err
	}
	if l.Gateway.IsValid() {
		if err := netlink.DefaultRoute(link, l.Gateway); err != nil {
			return err
		}
	}
	n.mu.Lock()
	n.ntp = nil
	for _, a := range l.NTP {
		n.ntp = append(n.ntp, a.String())
	}
	n.mu.Unlock()
	n.setState("%s has %v", link, l.Address)
	return writeNames(l.DNS)
}

// keepLeased gets an address and keeps it, until ctx ends or a server gives another one.
func (n *network) keepLeased(ctx context.Context, name string) error {
	ifc, err := net.InterfaceByName(name)
	if err != nil {
		return err
	}
	link, err := openPacketLink(ifc)
	if err != nil {
		return err
	}
	defer link.Close()
	client := dhcp.Client{Link: link, MAC: ifc.HardwareAddr, Host: n.host}
	n.setState("%s asks for an address", name)
	l, err := client.Get(ctx, netip.Addr{})
	for err == nil {
		if err = n.applyLease(name, l); err != nil {
			return err
		}
		l, err = keepLease(ctx, client, l, func() { _ = netlink.RemoveAddress(name, l.Address) })
	}
	return err
}

// keepLease asks for more time from half of it on, again and again until it is over. It gives the
// lease that follows, which may be another one.
func keepLease(ctx context.Context, c dhcp.Client, l dhcp.Lease, lost func()) (dhcp.Lease, error) {
	over := time.Now().Add(l.For)
	for wait := l.For / 2; wait > time.Second; wait = time.Until(over) / 2 {
		select {
		case <-ctx.Done():
			return l, ctx.Err()
		case <-time.After(wait):
		}
		if again, err := c.Keep(ctx, l); err == nil {
			if again.Address != l.Address {
				lost()
			}
			return again, nil
		}
	}
	lost()
	return c.Get(ctx, l.Address.Addr())
}
