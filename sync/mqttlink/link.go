// Package mqttlink is the pipe between terminals and the hub: MQTT 3.1.1 over TLS
// 1.3 with certificates on both sides. It guarantees no more than TCP, and drops messages
// when a receiver is slow; sync/uplink and sync/hub recover from that.
package mqttlink

import (
	"context"
	"crypto/tls"
	"log/slog"

	"badged/sync/uplink"
	"badged/sync/wire"
)

// The lengths of the queues between the connection and the receiver.
const (
	linkQueue = 128
	hubQueue  = 1024
)

// Config is how a terminal reaches its hub's broker.
type Config struct {
	Address  string // host:port
	Site     string
	Terminal string
	TLS      *tls.Config
	Log      *slog.Logger
}

// Link is a terminal's connection.
type Link struct {
	*session
	site, terminal string
	in             chan uplink.Message
}

// Dial connects a terminal; will is published as its status when the connection ends
// without Close. Errors are those of this package, with the broker's address. It has the
// form that uplink.Options.Dial wants.
func (c Config) Dial(ctx context.Context, will []byte) (uplink.Link, error) {
	l := &Link{site: c.Site, terminal: c.Terminal, in: make(chan uplink.Message, linkQueue)}
	_, down := Permissions(c.Site, c.Terminal)
	s, err := startSession(ctx, plan{
		address: c.Address, name: c.Terminal, tls: c.TLS, log: c.Log, filter: down, handle: l.queueMessage,
		will: &message{topic(c.Site, c.Terminal, wire.Up, wire.MsgStatus), will},
	})
	if err != nil {
		return nil, err
	}
	l.session = s
	return l, nil
}

func (l *Link) queueMessage(c wire.Context, payload []byte) bool {
	if c.Site != l.site || c.Terminal != l.terminal || c.Dir != wire.Down {
		return false
	}
	select {
	case l.in <- uplink.Message{Kind: c.Kind, Payload: payload}:
		return true
	default:
		return false
	}
}

// Receive delivers what the hub published for this terminal.
func (l *Link) Receive() <-chan uplink.Message { return l.in }

// Publish hands a message to the broker.
func (l *Link) Publish(ctx context.Context, kind string, payload []byte) error {
	return l.publish(ctx, topic(l.site, l.terminal, wire.Up, kind), payload)
}

// HubConfig is how a hub reaches its broker.
type HubConfig struct {
	Address string // host:port
	Site    string
	TLS     *tls.Config
	Log     *slog.Logger
}

// Message is the underlying type of the hub's messages from terminals. Terminal and Kind
// come from the topic: they are true only if the signature covers them too.
type Message interface {
	~struct {
		Terminal, Kind string
		Payload        []byte
	}
}

// Hub is a hub's connection. M is the hub's own type of message.
type Hub[M Message] struct {
	*session
	site string
	in   chan M
}

// DialHub connects a hub to everything that the terminals of its site publish.
func DialHub[M Message](ctx context.Context, c HubConfig) (*Hub[M], error) {
	h := &Hub[M]{site: c.Site, in: make(chan M, hubQueue)}
	s, err := startSession(ctx, plan{address: c.Address, name: "hub", tls: c.TLS, log: c.Log, filter: allUp(c.Site), handle: h.queueMessage})
	if err != nil {
		return nil, err
	}
	h.session = s
	return h, nil
}

func (h *Hub[M]) queueMessage(c wire.Context, payload []byte) bool {
	if c.Site != h.site || c.Dir != wire.Up {
		return false
	}
	select {
	case h.in <- M{Terminal: c.Terminal, Kind: c.Kind, Payload: payload}:
		return true
	default:
		return false
	}
}

// Receive delivers what terminals published.
func (h *Hub[M]) Receive() <-chan M { return h.in }

// Publish hands a message for one terminal to the broker.
func (h *Hub[M]) Publish(ctx context.Context, terminal, kind string, payload []byte) error {
	return h.publish(ctx, topic(h.site, terminal, wire.Down, kind), payload)
}
