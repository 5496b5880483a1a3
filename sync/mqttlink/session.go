package mqttlink

import (
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"math/bits"
	"net"
	"net/url"
	"sync"
	"sync/atomic"
	"time"

	mqtt "github.com/eclipse/paho.mqtt.golang"

	"badged/sync/wire"
)

// The times of a connection.
const (
	connectTimeout = 15 * time.Second // for CONNACK and SUBACK
	writeTimeout   = 5 * time.Second
	keepAlive      = 30 * time.Second
	pingTimeout    = 10 * time.Second
	closeTimeout   = time.Second
)

// errLost is why an open link ended.
var errLost = errors.New("the connection to the broker ended")

// session is one MQTT connection: one client, used once. All messages go with QoS 0,
// because the protocol above does not rely on acknowledgements of brokers.
type session struct {
	client  mqtt.Client
	conn    *guard
	log     *slog.Logger
	handle  func(c wire.Context, payload []byte) (taken bool)
	dropped atomic.Uint64

	once sync.Once
	done chan struct{}
	err  error // why it is over; read after done is closed
}

// plan configures a session.
type plan struct {
	address string
	name    string // begins the client id
	tls     *tls.Config
	log     *slog.Logger
	filter  string   // what to subscribe to
	will    *message // nil: none
	handle  func(c wire.Context, payload []byte) (taken bool)
}

type message struct {
	topic   string
	payload []byte
}

// startSession connects and subscribes.
func startSession(ctx context.Context, p plan) (*session, error) {
	conn, err := dialBroker(ctx, p.address, p.tls)
	if err != nil {
		return nil, fmt.Errorf("connect to broker %s: %w", p.address, err)
	}
	s := &session{conn: conn, log: p.log, handle: p.handle, done: make(chan struct{})}
	conn.lost = s.endSession // the client itself keeps some ends to itself
	s.client = mqtt.NewClient(s.options(p))
	ctx, cancel := context.WithTimeout(ctx, connectTimeout)
	defer cancel()
	if err := awaitToken(ctx, s.client.Connect()); err != nil {
		conn.Close()
		return nil, fmt.Errorf("connect to broker %s: %w", p.address, explainConnect(err, conn))
	}
	if err := s.subscribe(ctx, p.filter); err != nil {
		s.Close()
		return nil, fmt.Errorf("subscribe at broker %s: %w", p.address, err)
	}
	return s, nil
}

// options makes the client a plain pipe: no session at the broker, no retries, no
// queue. The connection is the one that is already open.
func (s *session) options(p plan) *mqtt.ClientOptions {
	o := mqtt.NewClientOptions().
		SetClientID(clientID(p.name)).
		SetProtocolVersion(4). // 3.1.1
		SetCleanSession(true).
		SetAutoReconnect(false).
		SetConnectRetry(false).
		SetConnectTimeout(connectTimeout).
		SetWriteTimeout(writeTimeout).
		SetKeepAlive(keepAlive).
		SetPingTimeout(pingTimeout).
		SetDefaultPublishHandler(s.receive).
		SetConnectionLostHandler(func(_ mqtt.Client, err error) { s.endSession(err) }).
		SetCustomOpenConnectionFn(func(*url.URL, mqtt.ClientOptions) (net.Conn, error) { return s.conn, nil })
	o.Servers = []*url.URL{{Scheme: "tls", Host: p.address}}
	if p.will != nil {
		o.SetBinaryWill(p.will.topic, p.will.payload, 0, false)
	}
	return o
}

// clientID returns a new id for each connection, so that a broker that has not noticed the
// end of the last one does not end this one.
func clientID(name string) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails since Go 1.24
	return name + "-" + hex.EncodeToString(b[:])
}

func (s *session) subscribe(ctx context.Context, filter string) error {
	token := s.client.Subscribe(filter, 0, nil)
	if err := awaitToken(ctx, token); err != nil {
		return fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if t, ok := token.(*mqtt.SubscribeToken); ok && t.Result()[filter] == 0x80 {
		return ErrRefused
	}
	return nil
}

// awaitToken waits for a token, or for ctx.
func awaitToken(ctx context.Context, t mqtt.Token) error {
	select {
	case <-t.Done():
		return t.Error()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// receive passes a message to the receiver's queue, and drops and logs it if the queue is
// full. The client calls it for one message after the other, so it must not block.
func (s *session) receive(_ mqtt.Client, m mqtt.Message) {
	c, ok := parseTopic(m.Topic())
	if ok && !m.Retained() && s.handle(c, m.Payload()) {
		return
	}
	if n := s.dropped.Add(1); bits.OnesCount64(n) == 1 { // 1, 2, 4, 8...
		s.log.Warn("messages dropped", "count", n, "known_topic", ok, "kind", c.Kind, "retained", m.Retained())
	}
}

// publish writes a message to the broker's connection, for at most writeTimeout.
func (s *session) publish(ctx context.Context, topic string, payload []byte) error {
	ctx, cancel := context.WithTimeout(ctx, writeTimeout)
	defer cancel()
	t := s.client.Publish(topic, 0, false, payload)
	select {
	case <-s.done:
		return s.err
	case <-t.Done():
	case <-ctx.Done():
		return fmt.Errorf("publish: %w", ctx.Err())
	}
	if err := t.Error(); err != nil {
		return fmt.Errorf("publish: %w", err)
	}
	return nil
}

func (s *session) endSession(err error) {
	s.once.Do(func() {
		s.err = fmt.Errorf("%w: %w", errLost, err)
		close(s.done)
	})
}

// Done is closed when the link is over; Err then says why.
func (s *session) Done() <-chan struct{} { return s.done }

// Err is why the link ended; nil while it is open.
func (s *session) Err() error {
	select {
	case <-s.done:
		return s.err
	default:
		return nil
	}
}

// Close says good-bye to the broker, so that it does not publish the will, and ends
// the link, within about a second.
func (s *session) Close() {
	s.endSession(net.ErrClosed)
	s.client.Disconnect(uint(closeTimeout.Milliseconds()))
	s.conn.Close()
}
