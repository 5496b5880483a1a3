package broker_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"badged/internal/logbound"
	"badged/sync/hub/broker"
	"badged/sync/hub/fleet"
	"badged/sync/hub/pki"
	"badged/sync/mqttlink"
	"badged/sync/uplink"
	"badged/sync/wire"
)

const site = "site-test"

// patience bounds how long a test waits for what must happen.
const patience = 2 * time.Minute

// bench is a broker with its authority.
type bench struct {
	t      *testing.T
	keys   *pki.Keys
	broker *broker.Broker
	log    *slog.Logger
	known  map[string]ed25519.PublicKey
}

func start(t *testing.T) *bench {
	t.Helper()
	return startWith(t, slog.New(slog.DiscardHandler))
}

func startWith(t *testing.T, log *slog.Logger) *bench {
	t.Helper()
	keys, err := pki.Load(t.TempDir(), site)
	if err != nil {
		t.Fatal(err)
	}
	b := &bench{t: t, keys: keys, log: log, known: map[string]ed25519.PublicKey{}}
	for _, name := range []string{"hall", "front"} {
		b.known[name] = key(name).Public().(ed25519.PublicKey)
	}
	b.broker, err = broker.Start(b.options("127.0.0.1:0"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(b.broker.Close)
	return b
}

func (b *bench) options(listen string) broker.Options {
	return broker.Options{
		Listen: listen, Dir: filepath.Join(b.t.TempDir(), "broker"), Site: site, Log: b.log,
		TLS:   b.keys.Mutual([]string{"localhost", "127.0.0.1"}),
		Knows: func(name string, k ed25519.PublicKey) bool { return b.known[name].Equal(k) },
	}
}

func key(name string) ed25519.PrivateKey {
	return ed25519.NewKeyFromSeed([]byte((name + strings.Repeat(".", ed25519.SeedSize))[:ed25519.SeedSize]))
}

// tls is how a client with this certificate connects.
func (b *bench) tls(name, role string) *tls.Config {
	b.t.Helper()
	c, err := b.keys.Loopback("localhost", role)
	if err != nil {
		b.t.Fatal(err)
	}
	cert, err := b.keys.Client(name, role, key(name).Public())
	if err != nil {
		b.t.Fatal(err)
	}
	c.Certificates = []tls.Certificate{{Certificate: [][]byte{cert.Raw}, PrivateKey: key(name)}}
	return c
}

// dial connects as the terminal, with the given certificate.
func (b *bench) dial(terminal string, c *tls.Config) (uplink.Link, error) {
	config := mqttlink.Config{Address: b.broker.Loopback(), Site: site, Terminal: terminal, TLS: c, Log: b.log}
	l, err := config.Dial(b.t.Context(), []byte("will of "+terminal))
	if err == nil {
		b.t.Cleanup(l.Close)
	}
	return l, err
}

func (b *bench) hub() *mqttlink.Hub[fleet.Message] {
	b.t.Helper()
	l, err := mqttlink.DialHub[fleet.Message](b.t.Context(), mqttlink.HubConfig{
		Address: b.broker.Loopback(), Site: site, TLS: b.tls("hub", broker.RoleHub), Log: b.log,
	})
	if err != nil {
		b.t.Fatal(err)
	}
	b.t.Cleanup(l.Close)
	return l
}

func (b *bench) next(h *mqttlink.Hub[fleet.Message]) fleet.Message {
	b.t.Helper()
	select {
	case m := <-h.Receive():
		return m
	case <-time.After(patience):
		b.t.Fatal("nothing came")
		return fleet.Message{}
	}
}

func TestMessagesGoBothWays(t *testing.T) {
	b := start(t)
	h := b.hub()
	hall, err := b.dial("hall", b.tls("hall", broker.RoleTerminal))
	if err != nil {
		t.Fatal(err)
	}
	large := make([]byte, wire.MaxSignedBytes)
	if err := hall.Publish(t.Context(), wire.MsgEvents, large); err != nil {
		t.Fatal(err)
	}
	if m := b.next(h); m.Terminal != "hall" || m.Kind != wire.MsgEvents || len(m.Payload) != len(large) {
		t.Errorf("%s %s, %d bytes", m.Terminal, m.Kind, len(m.Payload))
	}
	if err := h.Publish(t.Context(), "hall", wire.MsgPage, large); err != nil {
		t.Fatal(err)
	}
	select {
	case m := <-hall.Receive():
		if m.Kind != wire.MsgPage || len(m.Payload) != len(large) {
			t.Errorf("%s, %d bytes", m.Kind, len(m.Payload))
		}
	case <-time.After(patience):
		t.Fatal("nothing came down")
	}
}

// The certificate decides: one terminal can neither speak nor hear as another.
func TestATerminalIsNoOther(t *testing.T) {
	b := start(t)
	h := b.hub()
	if _, err := b.dial("front", b.tls("hall", broker.RoleTerminal)); !errors.Is(err, mqttlink.ErrRefused) {
		t.Errorf("hall listens as front: %v", err)
	}
	hall := b.raw(b.tls("hall", broker.RoleTerminal), "")
	up, down := mqttlink.Permissions(site, "front")
	for _, filter := range []string{
		down, "#", "badged/#", "badged/1/" + site + "/#", "badged/1/" + site + "/+/down/+/ack", "badged/1/" + site + "/+/up/#", "$SYS/#", "$MQTT/#", "$JS/#",
	} {
		if answer := hall.subscribe(filter); answer != 0x80 {
			t.Errorf("hall subscribes to %s", filter)
		}
	}
	_, own := mqttlink.Permissions(site, "hall")
	if answer := hall.subscribe(own); answer != 0 {
		t.Errorf("hall cannot subscribe to %s: %x", own, answer)
	}
	hall.publish(up[0], "I am front")
	hall.publish(strings.Replace(own, "+", wire.MsgAck, 1), "I am the hub")
	hall.publish("$SYS/REQ/SERVER/PING", "who is there?")
	ownUp, _ := mqttlink.Permissions(site, "hall")
	hall.publish(ownUp[0], "I am hall")
	if m := b.next(h); m.Terminal != "hall" || string(m.Payload) != "I am hall" {
		t.Errorf("the hub heard %s say %q", m.Terminal, m.Payload)
	}
	if err := h.Publish(t.Context(), "front", wire.MsgAck, []byte("for front")); err != nil {
		t.Fatal(err)
	}
	if err := h.Publish(t.Context(), "hall", wire.MsgAck, []byte("for hall")); err != nil {
		t.Fatal(err)
	}
	if _, body := hall.receive(); !strings.HasSuffix(string(body), "for hall") {
		t.Errorf("hall heard %q", body)
	}
}

func TestWhoIsNotKnownStaysOutside(t *testing.T) {
	b := start(t)
	other, err := pki.Load(t.TempDir(), site)
	if err != nil {
		t.Fatal(err)
	}
	stranger, err := other.Loopback("localhost", broker.RoleTerminal)
	if err != nil {
		t.Fatal(err)
	}
	stranger.RootCAs = b.tls("hall", broker.RoleTerminal).RootCAs
	nobody := b.tls("hall", broker.RoleTerminal)
	nobody.Certificates = nil
	old := b.tls("hall", broker.RoleTerminal)
	old.MaxVersion, old.MinVersion = tls.VersionTLS12, tls.VersionTLS12
	for what, c := range map[string]*tls.Config{
		"another authority": stranger,
		"no certificate":    nobody,
		"TLS 1.2":           old,
		"another role":      b.tls("hall", "visitor"),
		"no such terminal":  b.tls("cellar", broker.RoleTerminal),
	} {
		if _, err := b.dial("hall", c); err == nil {
			t.Errorf("%s: let in", what)
		}
	}
	b.known["hall"] = nil // replaced by another box
	if _, err := b.dial("hall", b.tls("hall", broker.RoleTerminal)); !errors.Is(err, mqttlink.ErrRefused) {
		t.Errorf("a replaced terminal: %v", err)
	}
}

func TestTheWillTellsOfALostTerminal(t *testing.T) {
	b := start(t)
	h := b.hub()
	up, _ := mqttlink.Permissions(site, "hall")
	own := strings.Replace(up[0], wire.MsgHello, wire.MsgStatus, 1)
	foreign := strings.Replace(own, "/hall/", "/front/", 1)
	for _, topic := range []string{foreign, own} {
		if err := b.raw(b.tls("hall", broker.RoleTerminal), topic).NetConn().Close(); err != nil {
			t.Fatal(err)
		}
	}
	if m := b.next(h); m.Terminal != "hall" || m.Kind != wire.MsgStatus || string(m.Payload) != "will" {
		t.Errorf("%+v", m)
	}
}

func TestATakenPortIsSaidSo(t *testing.T) {
	b := start(t)
	_, err := broker.Start(b.options(b.broker.Addr()))
	if err == nil || !strings.Contains(err.Error(), b.broker.Addr()) || !strings.Contains(err.Error(), "another program") {
		t.Errorf("%v", err)
	}
	if _, err := broker.Start(b.options("nonsense")); err == nil {
		t.Error("nonsense is listened on")
	}
}

// Nothing but MQTT over TLS is answered.
func TestPlainClientsGetNothing(t *testing.T) {
	b := start(t)
	c, err := net.Dial("tcp", b.broker.Addr())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Write([]byte("CONNECT {}\r\nPING\r\n")); err != nil {
		t.Fatal(err)
	}
	if err := c.SetReadDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	buf := make([]byte, 64)
	if n, _ := c.Read(buf); n > 0 && buf[0] != 0x15 { // 0x15: a TLS alert
		t.Errorf("the broker answers %q", buf[:n])
	}
}

// The broker does not start in a way that would let anybody in.
func TestTheBrokerStartsForClientsWithCertificatesOnly(t *testing.T) {
	b := start(t)
	for name, spoil := range map[string]func(*tls.Config){
		"certificates are not demanded": func(c *tls.Config) { c.ClientAuth = tls.NoClientCert },
		"certificates are not verified": func(c *tls.Config) { c.ClientAuth = tls.RequireAnyClientCert },
		"TLS 1.2":                       func(c *tls.Config) { c.MinVersion = tls.VersionTLS12 },
	} {
		o := b.options("127.0.0.1:0")
		spoil(o.TLS)
		if broker, err := broker.Start(o); err == nil {
			broker.Close()
			t.Errorf("%s: it starts", name)
		}
	}
}

// A terminal that is removed is cut off, and only that one.
func TestARemovedTerminalIsCutOff(t *testing.T) {
	b := start(t)
	links := map[string]uplink.Link{}
	for _, name := range []string{"hall", "front"} {
		l, err := b.dial(name, b.tls(name, broker.RoleTerminal))
		if err != nil {
			t.Fatal(err)
		}
		links[name] = l
	}
	h := b.hub()
	if err := b.broker.Disconnect("hall"); err != nil {
		t.Fatal(err)
	}
	select {
	case <-links["hall"].Done():
	case <-time.After(patience):
		t.Fatal("hall is still connected")
	}
	if err := links["front"].Publish(t.Context(), wire.MsgHello, []byte("I am here")); err != nil {
		t.Errorf("front is cut off too: %v", err)
	}
	m := b.next(h)
	if m.Terminal == "hall" && m.Kind == wire.MsgStatus { // its will
		m = b.next(h)
	}
	if m.Terminal != "front" || m.Kind != wire.MsgHello {
		t.Errorf("the hub hears %s say %s", m.Terminal, m.Kind)
	}
}

// lockedBuffer takes what several goroutines log.
type lockedBuffer struct {
	mu   sync.Mutex // guards text
	text bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.text.Write(p)
}

// lines are those that hold word.
func (b *lockedBuffer) lines(word string) (out []string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.text.String()) {
		if strings.Contains(line, word) {
			out = append(out, line)
		}
	}
	return out
}

// Issue 7, 2.13: 5,000 publishes that are refused, over several connections, are a few
// lines in the hub's log and a sum.
func TestRefusedPublishesAreBoundedAndCounted(t *testing.T) {
	log := new(lockedBuffer)
	bound := logbound.New(slog.NewTextHandler(log, nil), "terminal", "remote")
	b := startWith(t, slog.New(bound))
	h := b.hub()
	foreign, _ := mqttlink.Permissions(site, "front")
	ownUp, _ := mqttlink.Permissions(site, "hall")
	const connections, each = 5, 1000
	for range connections {
		hall := b.raw(b.tls("hall", broker.RoleTerminal), "")
		for i := range each {
			hall.publish(foreign[0], fmt.Sprint(i))
		}
		hall.publish(ownUp[0], "the last one")
		if m := b.next(h); string(m.Payload) != "the last one" {
			t.Fatalf("the hub heard %q", m.Payload)
		}
		hall.send(0xE0, nil) // DISCONNECT
		if _, err := hall.Read(make([]byte, 1)); err == nil {
			t.Fatal("the broker answers a goodbye")
		}
	}
	if n := len(log.lines("Publish Violation")); n != 10 {
		t.Errorf("%d lines of %d:\n%s", n, connections*each, log.lines("Publish Violation")[0])
	}
	bound.Flush(t.Context(), time.Now().Add(time.Minute))
	if sums := log.lines("more="); len(sums) != 1 || !strings.Contains(sums[0], fmt.Sprintf("more=%d", connections*each-10)) || !strings.Contains(sums[0], "remote=127.0.0.1") {
		t.Errorf("the sums are %q", sums)
	}
}

// A topic of a client's is quoted in part only.
func TestAQuotedTopicIsBounded(t *testing.T) {
	log := new(lockedBuffer)
	b := startWith(t, slog.New(slog.NewTextHandler(log, nil)))
	h := b.hub()
	hall := b.raw(b.tls("hall", broker.RoleTerminal), "")
	hall.publish("a/"+strings.Repeat("long", 4000), "x")
	ownUp, _ := mqttlink.Permissions(site, "hall")
	hall.publish(ownUp[0], "the last one")
	b.next(h)
	if lines := log.lines("Publish Violation"); len(lines) != 1 || len(lines[0]) > 1000 {
		t.Errorf("%d lines, the first of %d bytes", len(lines), len(strings.Join(lines, "")))
	}
}

// Issue 14, 1.6: what one certificate asks the broker to keep, on however many topics of its
// own, stops nobody else. (Before: 1,300 messages filled it, and no terminal could connect.)
func TestOneCertificateCannotFillTheBroker(t *testing.T) {
	b := start(t)
	h := b.hub()
	up, _ := mqttlink.Permissions(site, "hall")
	hall := b.raw(b.tls("hall", broker.RoleTerminal), "")
	large := strings.Repeat("x", 60<<10)
	for i := range 1300 {
		hall.retain(strings.Replace(up[0], wire.MsgHello, fmt.Sprint("own", i), 1), large)
	}
	hall.publish(up[0], "the last one")
	if m := b.next(h); string(m.Payload) != "the last one" {
		t.Fatalf("the hub heard %d bytes", len(m.Payload))
	}
	front, err := b.dial("front", b.tls("front", broker.RoleTerminal))
	if err != nil {
		t.Fatalf("front cannot connect: %v", err)
	}
	if err := front.Publish(t.Context(), wire.MsgHello, []byte("I am front")); err != nil {
		t.Fatal(err)
	}
	if m := b.next(h); m.Terminal != "front" {
		t.Errorf("the hub heard %s", m.Terminal)
	}
}
