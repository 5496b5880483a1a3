//go:build peers

package mqttlink

import (
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"testing"
	"time"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// These tests run against a broker that is not ours: mosquitto, of Debian's package of
// that name, with TLS 1.3, certificates on both sides and an access list like the hub's.

type hubMessage struct {
	Terminal, Kind string
	Payload        []byte
}

// peer is a running mosquitto.
type peer struct {
	ca      *authority
	revoked tls.Certificate // in the broker's list of revoked ones
	address string
	cmd     *exec.Cmd
}

func startMosquitto(t *testing.T) *peer {
	t.Helper()
	program, err := findMosquitto()
	if err != nil {
		t.Fatalf("mosquitto is needed for this test: %v (apt-get install mosquitto)", err)
	}
	p := &peer{ca: newAuthority(t), address: freeAddress(t)}
	p.revoked = p.ca.issue("hall")
	config := p.configure(t)
	p.cmd = exec.Command(program, "-c", config)
	p.cmd.Stderr = os.Stderr
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.kill)
	p.await(t)
	return p
}

func findMosquitto() (string, error) {
	if path, err := exec.LookPath("mosquitto"); err == nil {
		return path, nil
	}
	return exec.LookPath("/usr/sbin/mosquitto") // not in everybody's PATH
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().String()
}

// configure writes mosquitto's files and gives the path of its configuration.
func (p *peer) configure(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	server := p.ca.issue("broker")
	key, err := x509.MarshalPKCS8PrivateKey(server.PrivateKey)
	if err != nil {
		t.Fatal(err)
	}
	me, err := user.Current() // mosquitto must not change its user, or it could not read its files
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ := net.SplitHostPort(p.address)
	write := func(name string, body []byte) string {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, body, 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	acl := "user hub\ntopic write badged/1/lyon/+/down/#\ntopic read badged/1/lyon/+/up/#\n\n" +
		"pattern write badged/1/lyon/+/up/%u/+\npattern read badged/1/lyon/+/down/%u/+\n"
	return write("mosquitto.conf", fmt.Appendf(nil, "listener %s 127.0.0.1\nallow_anonymous false\nrequire_certificate true\n"+
		"use_identity_as_username true\ntls_version tlsv1.3\ncafile %s\ncertfile %s\nkeyfile %s\ncrlfile %s\nacl_file %s\nuser %s\nlog_type error\nlog_dest stderr\n",
		port, write("ca.crt", pemCert(p.ca.cert)), write("server.crt", pemCert(server.Leaf)),
		write("server.key", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: key})), write("revoked.crl", p.ca.revoke(t, p.revoked.Leaf)),
		write("acl", []byte(acl)), me.Username))
}

func (a *authority) revoke(t *testing.T, c *x509.Certificate) []byte {
	t.Helper()
	der, err := x509.CreateRevocationList(rand.Reader, &x509.RevocationList{
		Number: big.NewInt(1), ThisUpdate: time.Now().Add(-time.Minute), NextUpdate: time.Now().Add(time.Hour),
		RevokedCertificateEntries: []x509.RevocationListEntry{{SerialNumber: c.SerialNumber, RevocationTime: time.Now()}},
	}, a.cert, a.key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "X509 CRL", Bytes: der})
}

func pemCert(c *x509.Certificate) []byte {
	return pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})
}

// await polls until the broker takes connections.
func (p *peer) await(t *testing.T) {
	t.Helper()
	for end := time.Now().Add(2 * time.Minute); ; {
		c, err := net.Dial("tcp", p.address)
		if err == nil {
			c.Close()
			return
		}
		if time.Now().After(end) {
			t.Fatalf("mosquitto does not listen: %v", err)
		}
		time.Sleep(20 * time.Millisecond)
	}
}

func (p *peer) kill() {
	_ = p.cmd.Process.Kill()
	_ = p.cmd.Wait()
}

func (p *peer) hub(t *testing.T) *Hub[hubMessage] {
	t.Helper()
	h, err := DialHub[hubMessage](t.Context(), HubConfig{Address: p.address, Site: "lyon", TLS: p.ca.client("hub", p.ca), Log: silent})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(h.Close)
	return h
}

func (p *peer) config(terminal string) Config {
	return Config{Address: p.address, Site: "lyon", Terminal: terminal, TLS: p.ca.client(terminal, p.ca), Log: silent}
}

func (p *peer) dial(t *testing.T, terminal string) uplink.Link {
	t.Helper()
	l, err := p.config(terminal).Dial(t.Context(), []byte("will of "+terminal))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(l.Close)
	return l
}

// next waits for one message.
func next[M any](t *testing.T, ch <-chan M) M {
	t.Helper()
	select {
	case m := <-ch:
		return m
	case <-time.After(2 * time.Minute):
		t.Fatal("nothing came")
		panic("unreachable")
	}
}

func TestPeerCarriesBothWays(t *testing.T) {
	p := startMosquitto(t)
	hub, hall, gate := p.hub(t), p.dial(t, "hall"), p.dial(t, "gate")
	big := make([]byte, wire.MaxSignedBytes)
	if err := hall.Publish(t.Context(), wire.MsgEvents, big); err != nil {
		t.Fatal(err)
	}
	if m := next(t, hub.Receive()); m.Terminal != "hall" || m.Kind != wire.MsgEvents || len(m.Payload) != len(big) {
		t.Errorf("the hub got %s of %s with %d bytes", m.Kind, m.Terminal, len(m.Payload))
	}
	for _, terminal := range []string{"gate", "hall"} {
		if err := hub.Publish(t.Context(), terminal, wire.MsgAck, []byte("for "+terminal)); err != nil {
			t.Fatal(err)
		}
	}
	for want, l := range map[string]uplink.Link{"for hall": hall, "for gate": gate} {
		if m := next(t, l.Receive()); m.Kind != wire.MsgAck || string(m.Payload) != want {
			t.Errorf("got %s %q, want %q", m.Kind, m.Payload, want)
		}
	}
}

func TestPeerPublishesTheWillOfALostTerminalOnly(t *testing.T) {
	p := startMosquitto(t)
	hub, hall, gate := p.hub(t), p.dial(t, "hall"), p.dial(t, "gate")
	gate.Close()
	hall.(*Link).conn.Conn.Close() // the network goes, without a word of MQTT
	if m := next(t, hub.Receive()); m.Terminal != "hall" || m.Kind != wire.MsgStatus || string(m.Payload) != "will of hall" {
		t.Errorf("got %s %q of %s", m.Kind, m.Payload, m.Terminal)
	}
	next(t, hall.Done())
	if hall.Err() == nil || !errors.Is(gate.Err(), net.ErrClosed) {
		t.Errorf("lost: %v; closed: %v", hall.Err(), gate.Err())
	}
	if err := hall.Publish(t.Context(), wire.MsgEvents, nil); err == nil {
		t.Error("published over a lost link")
	}
	if err := p.dial(t, "gate").Publish(t.Context(), wire.MsgHello, []byte("again")); err != nil {
		t.Fatal(err)
	}
	if m := next(t, hub.Receive()); m.Kind != wire.MsgHello {
		t.Errorf("got %s %q of %s", m.Kind, m.Payload, m.Terminal)
	}
}

func TestPeerEndIsNoticed(t *testing.T) {
	p := startMosquitto(t)
	hub, hall := p.hub(t), p.dial(t, "hall")
	p.kill()
	next(t, hub.Done())
	next(t, hall.Done())
	if hub.Err() == nil || hall.Err() == nil {
		t.Error("a lost link has no reason")
	}
}

// A terminal can neither publish as another nor receive another's messages, whatever topics
// its program asks for.
func TestPeerKeepsTerminalsApart(t *testing.T) {
	p := startMosquitto(t)
	hub, hall := p.hub(t), p.dial(t, "hall")
	evil := p.config("hall")
	evil.TLS = p.ca.client("gate", p.ca)
	l, err := evil.Dial(t.Context(), nil) // mosquitto takes any subscription and delivers nothing
	if err == nil {
		t.Cleanup(l.Close)
		_ = l.Publish(t.Context(), wire.MsgHello, []byte("I am hall"))
	}
	if err := hub.Publish(t.Context(), "hall", wire.MsgAck, []byte("secret")); err != nil {
		t.Fatal(err)
	}
	next(t, hall.Receive())
	if err := hall.Publish(t.Context(), wire.MsgHello, []byte("I am")); err != nil {
		t.Fatal(err)
	}
	if m := next(t, hub.Receive()); string(m.Payload) != "I am" {
		t.Errorf("the hub heard %q", m.Payload)
	}
	if l != nil && len(l.Receive()) > 0 {
		t.Error("a terminal heard what another was told")
	}
}

func TestPeerRefusals(t *testing.T) {
	p := startMosquitto(t)
	other := newAuthority(t)
	revoked := p.ca.client("hall", p.ca)
	revoked.Certificates[0] = p.revoked
	for name, c := range map[string]struct {
		tls  *tls.Config
		want error
	}{
		"certificate of another CA": {other.client("hall", p.ca), ErrRefused},
		"revoked certificate":       {revoked, ErrRefused},
		"broker of another CA":      {p.ca.client("hall", other), ErrWrongCA},
		"no certificate":            {&tls.Config{RootCAs: p.ca.client("hall", p.ca).RootCAs}, ErrRefused},
	} {
		config := p.config("hall")
		config.TLS = c.tls
		if _, err := config.Dial(t.Context(), nil); !errors.Is(err, c.want) {
			t.Errorf("%s: got %v, want %v", name, err, c.want)
		}
	}
}
