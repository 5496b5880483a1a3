// Package broker is the MQTT broker inside the hub: nats-server, reachable by MQTT
// over TLS 1.3 with certificates of the hub's CA and by nothing else. A terminal may
// publish below its own "up" topic and subscribe below its own "down" topic; the
// certificate says which terminal it is.
//
// The broker is a pipe: nothing that must survive is entrusted to it.
package broker

import (
	"context"
	"crypto/ed25519"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/nats-io/nats-server/v2/server"

	"badged/sync/mqttlink"
	"badged/sync/wire"
)

// The roles that a certificate's organizational unit gives.
const (
	RoleHub      = "hub"      // reads all that terminals send, and sends to all
	RoleTerminal = "terminal" // its common name is the terminal's name
)

// The bounds of the broker.
const (
	maxPayload   = wire.MaxSignedBytes + 4<<10 // and its topic
	maxStore     = 64 << 20                    // bytes of sessions, which nobody relies on
	maxConns     = 16 << 10
	readyWait    = 30 * time.Second
	connectWait  = 10.0 // seconds for TLS, and again for CONNECT
	writeTimeout = 10 * time.Second
)

// Options is what a broker needs.
type Options struct {
	Listen string      // host:port; port 0: any free one
	Dir    string      // of the broker alone; emptied at the start, for nothing in it counts
	Site   string      // id of the site, in topics
	TLS    *tls.Config // of the server; must demand and verify client certificates
	// Knows reports whether a terminal with this name and key has joined, and was
	// neither removed nor replaced since. When that changes, call Disconnect.
	Knows func(terminal string, key ed25519.PublicKey) bool
	Log   *slog.Logger
}

// Broker is a running broker.
type Broker struct {
	server *server.Server
	opts   *server.Options
	gate   *gate
}

// Start starts a broker. Its error says what is wrong with the address.
func Start(o Options) (*Broker, error) {
	host, port, err := splitAddress(o.Listen)
	if err != nil {
		return nil, fmt.Errorf("listen for MQTT on %s: %w", o.Listen, err)
	}
	if o.TLS.MinVersion != tls.VersionTLS13 || o.TLS.ClientAuth != tls.RequireAndVerifyClientCert {
		return nil, errors.New("start the broker: it serves TLS 1.3 with client certificates only")
	}
	if err := os.RemoveAll(o.Dir); err != nil {
		return nil, fmt.Errorf("clear the broker's folder: %w", err)
	}
	log := &logger{log: o.Log}
	b := &Broker{gate: &gate{o: o}}
	b.opts = serverOptions(o, b.gate, host, port)
	if b.server, err = server.NewServer(b.opts); err != nil {
		return nil, fmt.Errorf("start the broker: %w", err)
	}
	b.server.SetLoggerV2(log, false, false, false)
	b.server.Start()
	if err := log.fatal(); err != nil || !b.server.ReadyForConnections(readyWait) {
		b.Close()
		if err == nil {
			err = fmt.Errorf("it is not ready after %s", readyWait)
		}
		return nil, fmt.Errorf("listen for MQTT on %s: %w (is another program using the port?)", o.Listen, err)
	}
	return b, nil
}

func serverOptions(o Options, g *gate, host string, port int) *server.Options {
	return &server.Options{
		ServerName:                 "badgehub",
		DontListen:                 true, // no NATS clients
		NoSigs:                     true,
		NoLog:                      true,
		DisableShortFirstPing:      true,
		MaxPayload:                 maxPayload,
		MaxConn:                    maxConns,
		MaxSubs:                    8,
		WriteDeadline:              writeTimeout,
		JetStream:                  true,
		StoreDir:                   o.Dir,
		JetStreamMaxMemory:         maxStore,
		JetStreamMaxStore:          maxStore,
		CustomClientAuthentication: g,
		MQTT: server.MQTTOpts{
			Host: host, Port: port, TLSConfig: o.TLS, TLSTimeout: connectWait, AuthTimeout: connectWait,
		},
	}
}

// splitAddress reads host:port as the server wants it, -1 for any free port.
func splitAddress(listen string) (host string, port int, err error) {
	host, text, err := net.SplitHostPort(listen)
	if err != nil {
		return "", 0, err
	}
	if port, err = strconv.Atoi(text); err != nil || port < 0 || port > 65535 {
		return "", 0, fmt.Errorf("%q is not a port", text)
	}
	if port == 0 {
		port = -1
	}
	return host, port, nil
}

// Addr is the address that the broker listens on.
func (b *Broker) Addr() string {
	return net.JoinHostPort(b.opts.MQTT.Host, strconv.Itoa(b.opts.MQTT.Port))
}

// Loopback is an address at which the hub itself reaches the broker. It is no name: not
// every machine knows localhost.
func (b *Broker) Loopback() string {
	host := b.opts.MQTT.Host
	switch ip, err := netip.ParseAddr(host); {
	case host == "", err == nil && ip.IsUnspecified() && ip.Is4():
		host = "127.0.0.1"
	case err == nil && ip.IsUnspecified():
		host = "::1"
	}
	return net.JoinHostPort(host, strconv.Itoa(b.opts.MQTT.Port))
}

// Close ends all connections and returns when nothing of the broker runs any more.
func (b *Broker) Close() {
	b.server.Shutdown()
	b.server.WaitForShutdown()
}

// Disconnect ends the connections of a terminal. Call it after Knows began to say no
// of it: then none of those that Knows let in before is left.
func (b *Broker) Disconnect(terminal string) error {
	open, err := b.clients()
	if err != nil {
		return fmt.Errorf("disconnect terminal %s: %w", terminal, err)
	}
	for _, c := range open.Conns {
		if c.AuthorizedUser == userOf(RoleTerminal, terminal) {
			_ = b.server.DisconnectClientByID(c.Cid) // fails if it went by itself
		}
	}
	return nil
}

// clients are those that are connected; none of them is still at the gate.
func (b *Broker) clients() (*server.Connz, error) {
	b.gate.mu.Lock()
	defer b.gate.mu.Unlock()
	return b.server.Connz(&server.ConnzOptions{Username: true, Limit: maxConns})
}

// userOf is how the server calls a client.
func userOf(role, name string) string { return role + "/" + name }

// gate lets clients in by their certificates.
type gate struct {
	o  Options
	mu sync.RWMutex // held for reading while a client is let in
}

// Check implements server.Authentication.
func (g *gate) Check(c server.ClientAuthentication) bool {
	g.mu.RLock()
	defer g.mu.RUnlock()
	state := c.GetTLSConnectionState()
	if state == nil || len(state.VerifiedChains) == 0 || len(state.PeerCertificates) == 0 {
		return false
	}
	cert := state.PeerCertificates[0]
	name := cert.Subject.CommonName
	if len(cert.Subject.OrganizationalUnit) != 1 {
		return false
	}
	switch role := cert.Subject.OrganizationalUnit[0]; role {
	case RoleHub:
		root := "badged/1/" + g.o.Site + "/+/"
		c.RegisterUser(&server.User{Username: userOf(RoleHub, name), Permissions: permissions([]string{root + wire.Down + "/#"}, root+wire.Up+"/#")})
		return true
	case RoleTerminal:
		key, ok := cert.PublicKey.(ed25519.PublicKey)
		if !ok || wire.CheckName("terminal", name) != nil || !g.o.Knows(name, key) {
			g.o.Log.Warn("a certificate of no present terminal is refused", "terminal", name, "remote", hostOf(c.RemoteAddress().String()))
			return false
		}
		publish, subscribe := mqttlink.Permissions(g.o.Site, name)
		c.RegisterUser(&server.User{Username: userOf(RoleTerminal, name), Permissions: permissions(publish, subscribe)})
		return true
	default:
		return false
	}
}

// permissions are the MQTT topic filters that a client may publish to and subscribe
// to, as subjects of NATS, which the server turns topics into.
func permissions(publish []string, subscribe string) *server.Permissions {
	var allowed []string
	for _, filter := range publish {
		allowed = append(allowed, subjects(filter)...)
	}
	return &server.Permissions{
		Publish:   &server.SubjectPermission{Allow: allowed},
		Subscribe: &server.SubjectPermission{Allow: subjects(subscribe)},
	}
}

// subjects are those of a filter; "a/#" is a and all below it, as MQTT has it.
func subjects(filter string) []string {
	s := strings.NewReplacer("/", ".", "+", "*", "#", ">").Replace(filter)
	if parent, ok := strings.CutSuffix(s, ".>"); ok {
		return []string{parent, s}
	}
	return []string{s}
}

// logger passes on what the server says; its errors are often a client's doing and so
// only warnings here.
type logger struct {
	log *slog.Logger

	mu   sync.Mutex // guards last
	last error      // what made the server give up
}

func (l *logger) fatal() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.last
}

// maxSaid bounds a line of the server's in bytes: it quotes what clients send.
const maxSaid = 512

func (l *logger) say(level slog.Level, format string, args []any) {
	text := fmt.Sprintf(format, args...)
	client, _, _ := strings.Cut(text, " - ") // of a line about a client, its address
	l.log.Log(context.Background(), level, "broker", "remote", hostOf(client), "says", text[:min(len(text), maxSaid)])
}

// hostOf is the host of an address with a port: whoever connects anew has another port.
// It is empty for anything else.
func hostOf(address string) string {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return ""
	}
	return host
}

// Noticef implements server.Logger; notices are for who debugs the broker.
func (l *logger) Noticef(format string, args ...any) { l.say(slog.LevelDebug, format, args) }

// Warnf implements server.Logger.
func (l *logger) Warnf(format string, args ...any) { l.say(slog.LevelDebug, format, args) }

// Errorf implements server.Logger.
func (l *logger) Errorf(format string, args ...any) { l.say(slog.LevelWarn, format, args) }

// Fatalf implements server.Logger: the server cannot go on.
func (l *logger) Fatalf(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = fmt.Errorf(format, args...)
}

// Debugf implements server.Logger.
func (l *logger) Debugf(string, ...any) {}

// Tracef implements server.Logger.
func (l *logger) Tracef(string, ...any) {}
