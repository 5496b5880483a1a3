package dhcp

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"net/netip"
	"time"
)

// Link carries datagrams to and from everybody on a link.
type Link interface {
	Send(datagram []byte) error
	// Receive waits for the next datagram, until a deadline.
	Receive(until time.Time) ([]byte, error)
}

// Client asks for an address on a link. It broadcasts always, renewals too: a server that moved, or
// a link that was plugged into another network, is noticed the same way.
type Client struct {
	Link Link
	MAC  net.HardwareAddr
	Host string
}

// The patience of a client: it asks again after first, then twice as long each time.
const (
	firstWait = 2 * time.Second
	mostWait  = 64 * time.Second
)

// errTimeout is a link on which nobody answered.
var errTimeout = errors.New("no server answers")

// Get asks until a server gives an address. had is the one before, which is asked for first: a
// server gives it again, or says no.
func (c Client) Get(ctx context.Context, had netip.Addr) (Lease, error) {
	for wait := firstWait; ; wait = min(2*wait, mostWait) {
		lease, err := c.tryOnce(ctx, had, wait)
		if err == nil || ctx.Err() != nil {
			return lease, errors.Join(err, ctx.Err())
		}
		if !errors.Is(err, errTimeout) {
			if err := pause(ctx, wait); err != nil { // a link that is down fails at once
				return Lease{}, err
			}
		}
		had = netip.Addr{}
	}
}

// Keep asks for more time for a lease that is in use, once.
func (c Client) Keep(ctx context.Context, l Lease) (Lease, error) {
	return c.exchangeOne(ctx, query{kind: request, want: l.Address.Addr(), server: l.Server}, ack, firstWait)
}

// tryOnce asks for the address it had, or discovers a server and requests the address it offers.
func (c Client) tryOnce(ctx context.Context, had netip.Addr, wait time.Duration) (Lease, error) {
	if had.IsValid() {
		return c.exchangeOne(ctx, query{kind: request, want: had}, ack, wait)
	}
	offered, err := c.exchangeOne(ctx, query{kind: discover}, offer, wait)
	if err != nil {
		return Lease{}, err
	}
	return c.exchangeOne(ctx, query{kind: request, want: offered.Address.Addr(), server: offered.Server}, ack, wait)
}

// exchangeOne sends one query and waits for the answer to it.
func (c Client) exchangeOne(ctx context.Context, q query, want byte, wait time.Duration) (Lease, error) {
	q.id, q.mac, q.host = rand.Uint32(), c.MAC, c.Host
	if err := c.Link.Send(wrap(q.bytes())); err != nil {
		return Lease{}, fmt.Errorf("ask for an address: %w", err)
	}
	for until := time.Now().Add(wait); ; {
		b, err := c.Link.Receive(until)
		if ctx.Err() != nil {
			return Lease{}, ctx.Err()
		}
		if err != nil {
			return Lease{}, fmt.Errorf("wait for an address: %w: %w", errTimeout, err)
		}
		a, err := parse(unwrap(b), q.id, q.mac)
		switch {
		case err != nil:
			continue
		case a.kind == nak:
			return Lease{}, fmt.Errorf("ask for an address: the server refuses %v", q.want)
		case a.kind == want:
			return a.lease, nil
		}
	}
}

func pause(ctx context.Context, d time.Duration) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(d):
		return nil
	}
}
