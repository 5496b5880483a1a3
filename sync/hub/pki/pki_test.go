package pki_test

import (
	"crypto/ed25519"
	"crypto/x509"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"badged/sync/hub/pki"
)

func load(t *testing.T, dir string) *pki.Keys {
	t.Helper()
	k, err := pki.Load(dir, "site-test")
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeysStayTheSame(t *testing.T) {
	dir := t.TempDir()
	a, b := load(t, dir), load(t, dir)
	if !a.CA.Equal(b.CA) || !a.Hub.Equal(b.Hub) || a.SiteKey.Reveal() != b.SiteKey.Reveal() {
		t.Error("a second start has other keys")
	}
	files, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		if info, err := f.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v, %v", f.Name(), info.Mode(), err)
		}
	}
	if len(files) != 4 {
		t.Errorf("%d files, want 4", len(files))
	}
}

// A power cut during the first start leaves some of the files.
func TestAnInterruptedStartGoesOn(t *testing.T) {
	dir := t.TempDir()
	first := load(t, dir)
	for _, name := range []string{"ca.crt", "site.key", "hub.key"} {
		if err := os.Remove(filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	if second := load(t, dir); second.CA.Equal(first.CA) {
		t.Error("the certificate came back from nowhere")
	}
}

// The key that seals mails is the same after each start, another one for another use and for
// another hub, and not the key that it is made of.
func TestAKeyForOneUse(t *testing.T) {
	dir := t.TempDir()
	hub := load(t, dir)
	derive := func(k *pki.Keys, use string) [32]byte {
		t.Helper()
		key, err := k.Derive(use)
		if err != nil {
			t.Fatal(err)
		}
		return key
	}
	key := derive(hub, "mails")
	if key != derive(load(t, dir), "mails") {
		t.Error("a second start has another key")
	}
	if key == derive(hub, "links") || key == derive(load(t, t.TempDir()), "mails") || key == [32]byte(hub.Hub.Seed()) {
		t.Error("it is the key of something else")
	}
}

func TestDamageIsSaidSo(t *testing.T) {
	for _, name := range []string{"ca.key", "ca.crt", "hub.key", "site.key"} {
		dir := t.TempDir()
		load(t, dir)
		path := filepath.Join(dir, name)
		for _, text := range []string{"", "junk", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"} {
			if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := pki.Load(dir, "site-test"); err == nil || !strings.Contains(err.Error(), path) {
				t.Errorf("%s: %v", name, err)
			}
		}
		if err := os.Chmod(path, 0o644); err != nil {
			t.Fatal(err)
		}
		if _, err := pki.Load(dir, "site-test"); err == nil || !strings.Contains(err.Error(), "chmod 600") {
			t.Errorf("%s for all to read: %v", name, err)
		}
	}
}

// The server shows its authority, so that a joining terminal finds the one it wants.
func TestTheServerShowsItsAuthority(t *testing.T) {
	k := load(t, t.TempDir())
	cert, err := k.Server([]string{"hub.example", "127.0.0.1"}).GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	if len(cert.Certificate) != 2 || string(cert.Certificate[1]) != string(k.CA.Raw) {
		t.Fatal("the authority is not shown")
	}
	roots := x509.NewCertPool()
	roots.AddCert(k.CA)
	for host, good := range map[string]bool{"hub.example": true, "127.0.0.1": true, "other.example": false} {
		if _, err := cert.Leaf.Verify(x509.VerifyOptions{Roots: roots, DNSName: host}); (err == nil) != good {
			t.Errorf("%s: %v", host, err)
		}
	}
	again, err := k.Server(nil).GetCertificate(nil)
	if err != nil || again.Leaf.SerialNumber.Cmp(cert.Leaf.SerialNumber) == 0 {
		t.Errorf("two certificates with one number, %v", err)
	}
}

// A terminal cannot pose as the hub, nor the hub's page as a client, and neither can
// make certificates.
func TestACertificateServesOnePurpose(t *testing.T) {
	k := load(t, t.TempDir())
	_, key, err := ed25519.GenerateKey(nil)
	if err != nil {
		t.Fatal(err)
	}
	client, err := k.Client("hall", "terminal", key.Public())
	if err != nil {
		t.Fatal(err)
	}
	server, err := k.Server([]string{"hub.example"}).GetCertificate(nil)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(k.CA)
	for name, c := range map[string]struct {
		cert  *x509.Certificate
		usage x509.ExtKeyUsage
		good  bool
	}{
		"terminal as client": {client, x509.ExtKeyUsageClientAuth, true}, "terminal as server": {client, x509.ExtKeyUsageServerAuth, false},
		"server as server": {server.Leaf, x509.ExtKeyUsageServerAuth, true}, "server as client": {server.Leaf, x509.ExtKeyUsageClientAuth, false},
	} {
		_, err := c.cert.Verify(x509.VerifyOptions{Roots: roots, KeyUsages: []x509.ExtKeyUsage{c.usage}})
		if (err == nil) != c.good || c.cert.IsCA {
			t.Errorf("%s: %v, an authority: %v", name, err, c.cert.IsCA)
		}
	}
	if !k.CA.MaxPathLenZero || k.CA.MaxPathLen != 0 {
		t.Error("the authority can make further authorities")
	}
}

// A hub runs for years: its certificate is renewed a month before it ends, and not at
// each connection.
func TestTheServersCertificateIsRenewedInTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const day = 24 * time.Hour
		config := load(t, t.TempDir()).Server([]string{"hub.example"})
		serial := func() string {
			cert, err := config.GetCertificate(nil)
			if err != nil {
				t.Fatal(err)
			}
			if left := time.Until(cert.Leaf.NotAfter); left < 30*day {
				t.Errorf("it is shown %v before its end", left)
			}
			return cert.Leaf.SerialNumber.String()
		}
		first := serial()
		time.Sleep(334 * day)
		if serial() != first {
			t.Error("it is renewed a month too early")
		}
		time.Sleep(2 * day)
		if serial() == first {
			t.Error("it is not renewed")
		}
	})
}
