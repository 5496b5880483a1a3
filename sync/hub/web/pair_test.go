package web_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"log/slog"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"testing"
	"time"

	"badged/sync/hub/web"
	"badged/sync/hub/web/webtest"
	"badged/sync/identity"
)

// writePair writes a certificate of a foreign authority, which is its own, and its key.
func writePair(t *testing.T, dir, name string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	c := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, IsCA: true, BasicConstraintsValid: true,
	}
	der, err := x509.CreateCertificate(rand.Reader, c, c, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	keyDER, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, b := range map[string]*pem.Block{"web.crt": {Type: "CERTIFICATE", Bytes: der}, "web.key": {Type: "PRIVATE KEY", Bytes: keyDER}} {
		if err := os.WriteFile(filepath.Join(dir, file), pem.EncodeToMemory(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// shownTo is the name in the certificate that a browser is shown.
func shownTo(t *testing.T, s *webtest.Stand) string {
	t.Helper()
	conn, err := tls.Dial("tcp", s.Addr, &tls.Config{InsecureSkipVerify: true, NextProtos: []string{"h2"}})
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	return conn.ConnectionState().PeerCertificates[0].Subject.CommonName
}

// Browsers are shown a certificate of another authority, also a renewed one, while terminals
// go on to join by the hub's own.
func TestACertificateOfAnotherAuthority(t *testing.T) {
	dir := t.TempDir()
	writePair(t, dir, "first")
	pair, err := web.LoadPair(filepath.Join(dir, "web.crt"), filepath.Join(dir, "web.key"), slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	s := stand{webtest.NewWith(t, func(o *web.Options) { o.Pair = pair })}
	if got := shownTo(t, s.Stand); got != "first" {
		t.Errorf("a browser is shown %s", got)
	}
	if _, err := identity.Join(t.Context(), s.token(t, "hall"), t.TempDir()); err != nil {
		t.Errorf("a terminal does not join: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, "web.key"), []byte("half of a k"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := shownTo(t, s.Stand); got != "first" {
		t.Errorf("while the files are replaced a browser is shown %s", got)
	}
	writePair(t, dir, "second")
	if got := shownTo(t, s.Stand); got != "second" {
		t.Errorf("after the renewal a browser is shown %s", got)
	}
}

func TestACertificateThatIsNone(t *testing.T) {
	dir := t.TempDir()
	if _, err := web.LoadPair(filepath.Join(dir, "web.crt"), filepath.Join(dir, "web.key"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("files that are not there are taken")
	}
	writePair(t, dir, "first")
	if _, err := web.LoadPair(filepath.Join(dir, "web.key"), filepath.Join(dir, "web.crt"), slog.New(slog.DiscardHandler)); err == nil {
		t.Error("a key is taken for a certificate")
	}
}
