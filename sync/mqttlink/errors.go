package mqttlink

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io"
	"net"
	"syscall"

	"github.com/eclipse/paho.mqtt.golang/packets"
)

// Why there is no link, each with what to do about it.
var (
	ErrAddress     = errors.New("the broker's address is wrong (host:port, and the host's name must be known to the network's DNS)")
	ErrUnreachable = errors.New("the broker cannot be reached (is the hub running, is the address right, does a firewall stand between?)")
	ErrNotTLS      = errors.New("what answers there is no MQTT broker with TLS (is it the hub's MQTT port, usually 8883?)")
	ErrWrongCA     = errors.New("the broker is not the one of this site (another server answers at its address, or the hub was set up anew: join again)")
	ErrRefused     = errors.New("the broker refuses this certificate (was the terminal removed at the hub, or has its certificate ended? join again; also check the hub's clock)")
)

// explainDial wraps an error of opening a connection in the error of this package that fits.
func explainDial(err error) error {
	var dns *net.DNSError
	var addr *net.AddrError
	var header tls.RecordHeaderError
	var op *net.OpError
	switch {
	case errors.As(err, &dns), errors.As(err, &addr):
		return fmt.Errorf("%w: %w", ErrAddress, err)
	case errors.As(err, &header):
		return ErrNotTLS
	case errors.As(err, &op) && op.Op == "remote error": // a TLS alert of the broker's
		return fmt.Errorf("%w: %w", ErrRefused, err)
	case errors.As(err, &op), errors.Is(err, io.EOF):
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	default:
		return fmt.Errorf("%w: %w", ErrWrongCA, err)
	}
}

// explainConnect wraps the error of a failed MQTT handshake over conn in the error of this
// package that fits. With TLS 1.3 a broker refuses a certificate only now, and its alert
// may be lost with the connection: a broker that hangs up before it has sent anything
// counts as one that refuses.
func explainConnect(err error, conn *guard) error {
	for _, refusal := range []error{
		packets.ErrorRefusedNotAuthorised, packets.ErrorRefusedBadUsernameOrPassword, packets.ErrorRefusedIDRejected,
	} {
		if errors.Is(err, refusal) {
			return fmt.Errorf("%w: %w", ErrRefused, err)
		}
	}
	last, spoke := conn.lastRead()
	if last != nil {
		err = last
	}
	if !spoke && hungUp(err) {
		return fmt.Errorf("%w: %w", ErrRefused, err)
	}
	return fmt.Errorf("%w: %w", ErrUnreachable, err)
}

// hungUp reports whether the error is the other side's end of the connection.
func hungUp(err error) bool {
	var op *net.OpError
	if errors.As(err, &op) && op.Op == "remote error" { // a TLS alert
		return true
	}
	return errors.Is(err, io.EOF) || errors.Is(err, syscall.ECONNRESET) || errors.Is(err, syscall.EPIPE)
}
