// Package pki is the hub's certificate authority and its other keys, as files that
// only their owner may read. The authority is made at the first start and lasts as
// long as the site; terminals know it by its fingerprint.
package pki

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"sync"
	"time"

	"badged/internal/ownfile"
	"badged/internal/sitekey"
)

// The lives of certificates. Terminals last for years in cupboards; the server's own
// certificate is renewed while it runs.
const (
	caLife       = 50 * 365 * 24 * time.Hour
	terminalLife = 20 * 365 * 24 * time.Hour
	serverLife   = 365 * 24 * time.Hour
	renewBefore  = 30 * 24 * time.Hour
	backdate     = 24 * time.Hour // for clocks that are a little behind
)

// Keys are all secrets of a hub.
type Keys struct {
	CA      *x509.Certificate
	caKey   *ecdsa.PrivateKey
	Hub     ed25519.PrivateKey // signs messages
	SiteKey sitekey.Key
}

// ErrOtherSite means that the keys in a folder are not those of the site.
var ErrOtherSite = errors.New("the keys are those of another site")

// Files is how many files hold the keys.
const Files = 4

// Missing names the files of dir that Load would make.
func Missing(dir string) (names []string, err error) {
	for _, name := range [Files]string{"ca.key", "ca.crt", "hub.key", "site.key"} {
		switch _, err := os.Lstat(filepath.Join(dir, name)); {
		case errors.Is(err, fs.ErrNotExist):
			names = append(names, name)
		case err != nil:
			return nil, fmt.Errorf("look for the hub's keys: %w (the hub's folder must belong to the account that runs badgehub)", err)
		}
	}
	return names, nil
}

// Load reads the keys in dir, and makes those that are not there.
func Load(dir, site string) (*Keys, error) {
	k := &Keys{}
	if err := k.loadCA(dir, site); err != nil {
		return nil, err
	}
	seed, err := loadOrMake(filepath.Join(dir, "hub.key"), "BADGED HUB KEY", randomBytes(ed25519.SeedSize))
	if err != nil {
		return nil, err
	}
	if len(seed) != ed25519.SeedSize {
		return nil, damaged(filepath.Join(dir, "hub.key"))
	}
	k.Hub = ed25519.NewKeyFromSeed(seed)
	raw, err := loadOrMake(filepath.Join(dir, "site.key"), "BADGED SITE KEY 1", randomBytes(sitekey.Size))
	if err != nil {
		return nil, err
	}
	if len(raw) != sitekey.Size {
		return nil, damaged(filepath.Join(dir, "site.key"))
	}
	k.SiteKey = sitekey.New(1, [sitekey.Size]byte(raw))
	return k, nil
}

// Derive gives a key for one use (HKDF, RFC 5869, of the key that signs messages). It is as
// secret as that one, is the same after each start, and needs no file of its own.
func (k *Keys) Derive(use string) ([32]byte, error) {
	key, err := hkdf.Key(sha256.New, k.Hub.Seed(), nil, "badged "+use, 32)
	if err != nil {
		return [32]byte{}, fmt.Errorf("make the key for %s: %w", use, err)
	}
	return [32]byte(key), nil
}

// loadCA reads or makes the authority. Its certificate is made anew from the key if
// the power went between the two files.
func (k *Keys) loadCA(dir, site string) error {
	path := filepath.Join(dir, "ca.key")
	der, err := loadOrMake(path, "PRIVATE KEY", func() ([]byte, error) {
		key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
		if err != nil {
			return nil, err
		}
		return x509.MarshalPKCS8PrivateKey(key)
	})
	if err != nil {
		return err
	}
	parsed, err := x509.ParsePKCS8PrivateKey(der)
	key, ok := parsed.(*ecdsa.PrivateKey)
	if err != nil || !ok {
		return damaged(path)
	}
	k.caKey = key
	path = filepath.Join(dir, "ca.crt")
	if der, err = loadOrMake(path, "CERTIFICATE", func() ([]byte, error) { return makeCA(key, site) }); err != nil {
		return err
	}
	if k.CA, err = x509.ParseCertificate(der); err != nil || !key.PublicKey.Equal(k.CA.PublicKey) {
		return damaged(path)
	}
	if k.CA.Subject.CommonName != caName(site) {
		return fmt.Errorf("%w: %s is of a %s, and the database of %s", ErrOtherSite, path, k.CA.Subject.CommonName, site)
	}
	return nil
}

func caName(site string) string { return "badged hub of site " + site }

func damaged(path string) error {
	return fmt.Errorf("%s is damaged: restore it from a backup of the hub; without it every terminal must join again", path)
}

func randomBytes(n int) func() ([]byte, error) {
	return func() ([]byte, error) {
		b := make([]byte, n)
		_, err := rand.Read(b)
		return b, err
	}
}

// maxFile bounds what is read of a file.
const maxFile = 64 << 10

// loadOrMake reads the one PEM block of a file that only its owner may read, or makes
// the file.
func loadOrMake(path, kind string, fresh func() ([]byte, error)) ([]byte, error) {
	text, err := ownfile.Read(path, ownfile.Secret, maxFile)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return makeFile(path, kind, fresh)
	case errors.Is(err, fs.ErrPermission):
		return nil, fmt.Errorf("%w (the hub's folder must belong to the account that runs badgehub)", err)
	case err != nil:
		return nil, err
	}
	block, _ := pem.Decode(text)
	if block == nil || block.Type != kind {
		return nil, damaged(path)
	}
	return block.Bytes, nil
}

// makeFile returns once the new file and its name are on disk.
func makeFile(path, kind string, fresh func() ([]byte, error)) ([]byte, error) {
	der, err := fresh()
	if err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*") // mode 0600
	if err != nil {
		return nil, fmt.Errorf("%w (the hub's folder must belong to the account that runs badgehub)", err)
	}
	defer os.Remove(tmp.Name())
	defer tmp.Close()
	if err := pem.Encode(tmp, &pem.Block{Type: kind, Bytes: der}); err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	if err := tmp.Sync(); err != nil {
		return nil, fmt.Errorf("make %s: %w", path, err)
	}
	if err := os.Rename(tmp.Name(), path); err != nil {
		return nil, err
	}
	d, err := os.Open(filepath.Dir(path))
	if err != nil {
		return nil, err
	}
	defer d.Close()
	return der, d.Sync()
}

func makeCA(key *ecdsa.PrivateKey, site string) ([]byte, error) {
	t := &x509.Certificate{
		Subject:               pkix.Name{CommonName: caName(site)},
		IsCA:                  true,
		BasicConstraintsValid: true,
		MaxPathLenZero:        true,
		KeyUsage:              x509.KeyUsageCertSign,
	}
	return issue(t, t, key.Public(), key, caLife)
}

func issue(t, by *x509.Certificate, pub any, key *ecdsa.PrivateKey, life time.Duration) ([]byte, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 120))
	if err != nil {
		return nil, err
	}
	t.SerialNumber = serial
	t.NotBefore = time.Now().Add(-backdate)
	t.NotAfter = time.Now().Add(life)
	return x509.CreateCertificate(rand.Reader, t, by, pub, key)
}

// Client issues a certificate for a client of the broker: a terminal, or the hub
// itself, with its role in the organizational unit.
func (k *Keys) Client(name, role string, pub any) (*x509.Certificate, error) {
	der, err := issue(&x509.Certificate{
		Subject:     pkix.Name{CommonName: name, OrganizationalUnit: []string{role}},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth},
	}, k.CA, pub, k.caKey, terminalLife)
	if err != nil {
		return nil, fmt.Errorf("issue a certificate for %s: %w", name, err)
	}
	return x509.ParseCertificate(der)
}

// Server is how the hub's listeners show themselves, under the given names and
// addresses. Certificates are made in memory and renewed before they end.
func (k *Keys) Server(hosts []string) *tls.Config {
	s := &serverCert{keys: k, hosts: hosts}
	return &tls.Config{
		MinVersion:     tls.VersionTLS13,
		GetCertificate: func(*tls.ClientHelloInfo) (*tls.Certificate, error) { return s.get() },
	}
}

// Mutual is Server, for clients with a certificate of this authority only.
func (k *Keys) Mutual(hosts []string) *tls.Config {
	c := k.Server(hosts)
	c.ClientAuth = tls.RequireAndVerifyClientCert
	c.ClientCAs = k.pool()
	return c
}

func (k *Keys) pool() *x509.CertPool {
	p := x509.NewCertPool()
	p.AddCert(k.CA)
	return p
}

// Loopback is how the hub itself reaches its broker, with the given role.
func (k *Keys) Loopback(host, role string) (*tls.Config, error) {
	pub, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		return nil, fmt.Errorf("make a key: %w", err)
	}
	cert, err := k.Client("hub", role, pub)
	if err != nil {
		return nil, err
	}
	return &tls.Config{
		MinVersion:   tls.VersionTLS13,
		ServerName:   host,
		RootCAs:      k.pool(),
		Certificates: []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key, Leaf: cert}},
	}, nil
}

// serverCert is the server's certificate of the day.
type serverCert struct {
	keys  *Keys
	hosts []string

	mu  sync.Mutex // guards now
	now *tls.Certificate
}

func (s *serverCert) get() (*tls.Certificate, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.now != nil && time.Until(s.now.Leaf.NotAfter) > renewBefore {
		return s.now, nil
	}
	cert, err := s.make()
	if err == nil {
		s.now = cert
	}
	return cert, err
}

func (s *serverCert) make() (*tls.Certificate, error) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, err
	}
	t := &x509.Certificate{
		Subject:     pkix.Name{CommonName: "badgehub"},
		KeyUsage:    x509.KeyUsageDigitalSignature,
		ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	for _, h := range s.hosts {
		if ip := net.ParseIP(h); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, h)
		}
	}
	der, err := issue(t, s.keys.CA, key.Public(), s.keys.caKey, serverLife)
	if err != nil {
		return nil, fmt.Errorf("make the server's certificate: %w", err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		return nil, err
	}
	return &tls.Certificate{Certificate: [][]byte{der, s.keys.CA.Raw}, PrivateKey: key, Leaf: leaf}, nil
}
