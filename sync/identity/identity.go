// Package identity stores what proves that a terminal belongs to its site: its own key and
// certificate, the hub's CA and public key, and the site key. A new terminal gets
// them by joining with a one-time token.
package identity

import (
	"crypto/ed25519"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"

	"badged/internal/sitekey"
	"badged/sync/wire"
)

// Identity identifies a terminal. Printing it shows site and terminal only.
type Identity struct {
	Site        string
	Terminal    string
	MQTT        string             // host:port of the hub's broker
	Key         ed25519.PrivateKey // of the terminal, for TLS and for signing messages
	Certificate *x509.Certificate  // of the terminal, by CA
	CA          *x509.Certificate  // of the hub
	HubKey      ed25519.PublicKey  // that the hub signs messages with
	SiteKey     sitekey.Key
	Incarnation [16]byte // that the hub gave at join
}

// String gives "site/terminal".
func (id Identity) String() string { return id.Site + "/" + id.Terminal }

// Format implements fmt.Formatter, so that no verb reaches a key.
func (id Identity) Format(f fmt.State, _ rune) { fmt.Fprint(f, id.String()) }

// LogValue implements slog.LogValuer.
func (id Identity) LogValue() slog.Value { return slog.StringValue(id.String()) }

// TLSConfig configures the terminal's connection to the hub's broker: TLS 1.3, with its own
// certificate, trusting the hub's CA and nothing else.
func (id Identity) TLSConfig() *tls.Config {
	host, _, _ := net.SplitHostPort(id.MQTT)
	c := clientConfig(host, func([]*x509.Certificate) (*x509.Certificate, error) { return id.CA, nil })
	c.Certificates = []tls.Certificate{{Certificate: [][]byte{id.Certificate.Raw}, PrivateKey: id.Key, Leaf: id.Certificate}}
	return c
}

// check fails unless all parts are there and belong together.
func (id Identity) check() error {
	if err := wire.CheckName("site", id.Site); err != nil {
		return err
	}
	if err := wire.CheckName("terminal", id.Terminal); err != nil {
		return err
	}
	if err := checkAddress(id.MQTT); err != nil {
		return err
	}
	if len(id.Key) != ed25519.PrivateKeySize || len(id.HubKey) != ed25519.PublicKeySize {
		return errors.New("a key has a wrong length")
	}
	return id.checkCertificate()
}

func (id Identity) checkCertificate() error {
	if id.Certificate == nil || id.CA == nil {
		return errors.New("a certificate is missing")
	}
	if pub, ok := id.Certificate.PublicKey.(ed25519.PublicKey); !ok || !pub.Equal(id.Key.Public()) {
		return errors.New("the terminal's certificate is not for its key")
	}
	if id.Certificate.Subject.CommonName != id.Terminal {
		return errors.New("the terminal's certificate is not for its name")
	}
	if err := id.Certificate.CheckSignatureFrom(id.CA); err != nil {
		return fmt.Errorf("the terminal's certificate is not by the hub's CA: %w", err)
	}
	return nil
}

func checkAddress(a string) error {
	host, port, err := net.SplitHostPort(a)
	if err != nil || host == "" || port == "" || len(a) > 300 {
		return fmt.Errorf("address %.64q: want host:port", a)
	}
	return nil
}
