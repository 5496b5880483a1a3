package identity

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"fmt"
	"math/big"
	"time"

	"badged/internal/sitekey"
)

// SelfMade makes an identity for a terminal without a hub: everything in it is invented,
// and the key of its CA is not kept. It is for measurements and trials.
func SelfMade(site, terminal string) (Identity, error) {
	id := Identity{Site: site, Terminal: terminal, MQTT: "localhost:1"}
	var site32 [sitekey.Size]byte
	_, _ = rand.Read(site32[:]) // never fails since Go 1.24
	_, _ = rand.Read(id.Incarnation[:])
	id.SiteKey = sitekey.New(1, site32)
	hub, hubKey, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Identity{}, fmt.Errorf("make an identity: %w", err)
	}
	id.HubKey = hub
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return Identity{}, fmt.Errorf("make an identity: %w", err)
	}
	id.Key = key
	now := time.Now()
	ca := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: site}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign,
	}
	if id.CA, err = signCertificate(ca, ca, hub, hubKey); err != nil {
		return Identity{}, err
	}
	leaf := &x509.Certificate{
		SerialNumber: big.NewInt(2), Subject: pkix.Name{CommonName: terminal}, NotBefore: now, NotAfter: now.AddDate(1, 0, 0),
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}
	if id.Certificate, err = signCertificate(leaf, id.CA, pub, hubKey); err != nil {
		return Identity{}, err
	}
	return id, id.check()
}

func signCertificate(c, by *x509.Certificate, pub ed25519.PublicKey, key ed25519.PrivateKey) (*x509.Certificate, error) {
	der, err := x509.CreateCertificate(rand.Reader, c, by, pub, key)
	if err != nil {
		return nil, fmt.Errorf("make a certificate: %w", err)
	}
	return x509.ParseCertificate(der)
}
