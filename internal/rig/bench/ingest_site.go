package bench

import (
	"context"
	"crypto/ed25519"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"badged/internal/secret"
	"badged/internal/sitekey"
	"badged/sync/hub/fleet"
	"badged/sync/hub/store"
	"badged/sync/hub/store/sqlite"
	"badged/sync/wire"
)

const (
	ingestName  = "bench"
	frameEvents = 16
)

// ingestSite is a hub with a real store, whose link the bench holds the other end of.
type ingestSite struct {
	store   *store.Store
	link    *ingestLink
	senders []*sender
	byName  map[string]*sender
	hubKey  ed25519.PublicKey
	end     func() error
}

// ingestLink carries messages without a broker, with queues as long as those of a real one.
type ingestLink struct {
	up   chan fleet.Message
	acks chan fleet.Message
	done chan struct{}
}

// Publish keeps acknowledgements; nobody reads the rest.
func (l *ingestLink) Publish(_ context.Context, terminal, kind string, payload []byte) error {
	if kind == wire.MsgAck {
		l.acks <- fleet.Message{Terminal: terminal, Kind: kind, Payload: payload}
	}
	return nil
}

func (l *ingestLink) Receive() <-chan fleet.Message { return l.up }
func (l *ingestLink) Done() <-chan struct{}         { return l.done }
func (l *ingestLink) Close()                        {}

// startIngest starts a hub with terminals that have said hello.
func startIngest(ctx context.Context, dir string, terminals int) (_ *ingestSite, err error) {
	s := &ingestSite{
		link:   &ingestLink{up: make(chan fleet.Message, 1024), acks: make(chan fleet.Message, 4096), done: make(chan struct{})},
		byName: make(map[string]*sender),
	}
	if s.store, err = sqlite.Open(ctx, filepath.Join(dir, "hub.db")); err != nil {
		return nil, err
	}
	key := ed25519.NewKeyFromSeed(append(benchKey, benchKey...))
	s.hubKey = key.Public().(ed25519.PublicKey)
	hub, err := fleet.New(ctx, fleet.Options{
		Store: s.store, Site: ingestName, Name: ingestName, Key: key, SiteKey: sitekey.New(1, [32]byte{1}),
		Log:         slog.New(slog.DiscardHandler),
		RowsChanged: func() <-chan struct{} { return s.store.Changed(store.RowsChanged) },
	})
	if err != nil {
		return nil, errors.Join(err, s.store.Close())
	}
	s.serve(ctx, hub)
	for n := range terminals {
		if err := s.join(ctx, hub, n); err != nil {
			return nil, errors.Join(err, s.stop())
		}
	}
	return s, nil
}

func (s *ingestSite) serve(ctx context.Context, hub *fleet.Hub) {
	ctx, cancel := context.WithCancel(ctx)
	served := make(chan error, 1)
	go func() { served <- hub.Serve(ctx, s.link) }()
	s.end = func() error {
		cancel()
		if err := <-served; !errors.Is(err, context.Canceled) {
			return err
		}
		return nil
	}
}

func (s *ingestSite) stop() error { return errors.Join(s.end(), s.store.Close()) }

// join makes the nth terminal, which says hello.
func (s *ingestSite) join(ctx context.Context, hub *fleet.Hub, n int) error {
	seed := derive('k', n)
	t := &sender{name: fmt.Sprintf("t%d", n), key: ed25519.NewKeyFromSeed(append(seed[:], seed[:]...)), nonce: derive('n', n), next: 1}
	text := secret.New("secret of " + t.name)
	err := s.store.Write(ctx, benchOperator, func(tx fleet.Tx) error { return fleet.AddTerminal(tx, t.name, text, false) })
	if err != nil {
		return err
	}
	joined, err := hub.Join(ctx, text, t.key.Public().(ed25519.PublicKey), func(string) ([]byte, error) { return []byte("none"), nil })
	if err != nil {
		return err
	}
	t.incarnation = joined.Incarnation
	s.senders, s.byName[t.name] = append(s.senders, t), t
	hello, err := t.seal(wire.MsgHello, wire.Hello{
		MinVersion: 1, MaxVersion: 1, Nonce: t.nonce, Incarnation: t.incarnation, Vector: []wire.CollectionState{},
		Next: map[wire.Stream]uint64{wire.StreamEvents: 1, wire.StreamSecurity: 1}, Agent: ingestName,
	})
	if err != nil {
		return err
	}
	s.link.up <- hello
	_, err = s.acked(ctx)
	return err
}

// play sends what the terminals have ready, each with a window of frames on the way, until
// all is acknowledged.
func (s *ingestSite) play(ctx context.Context, senders []*sender) error {
	for _, t := range senders {
		t.fill(s.link.up)
	}
	for left := len(senders); left > 0; {
		t, err := s.acked(ctx)
		if err != nil {
			return err
		}
		t.fill(s.link.up)
		if t.upto == t.next-1 {
			left--
		}
	}
	return nil
}

// one sends one frame of one terminal, and waits until it is acknowledged.
func (s *ingestSite) one(ctx context.Context, t *sender) error {
	s.link.up <- t.ready[0]
	t.ready, t.sent = t.ready[1:], t.sent+frameEvents
	for t.upto != t.sent {
		if _, err := s.acked(ctx); err != nil {
			return err
		}
	}
	return nil
}

// acked waits for the next acknowledgement, and gives whose it is.
func (s *ingestSite) acked(ctx context.Context) (*sender, error) {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	select {
	case <-ctx.Done():
		return nil, fmt.Errorf("wait for an acknowledgement: %w", ctx.Err())
	case m := <-s.link.acks:
		t := s.byName[m.Terminal]
		var a wire.Ack
		if err := wire.Open(s.hubKey, t.context(wire.Down, m.Kind), m.Payload, &a); err != nil {
			return nil, err
		}
		if a.Problem != "" {
			return nil, fmt.Errorf("the hub takes nothing of %s: %s", m.Terminal, a.Problem)
		}
		t.upto = max(t.upto, a.Upto[wire.StreamEvents])
		return t, nil
	}
}

// sender plays a terminal.
type sender struct {
	name               string
	key                ed25519.PrivateKey
	nonce, incarnation [16]byte
	next, sent, upto   uint64 // seq of the next event to be made; the last that was sent; that is acknowledged
	chain              wire.Chain
	ready              []fleet.Message
}

func (t *sender) context(dir, kind string) wire.Context {
	return wire.Context{Site: ingestName, Terminal: t.name, Dir: dir, Kind: kind}
}

func (t *sender) seal(kind string, v any) (fleet.Message, error) {
	b, err := wire.Seal(t.key, t.context(wire.Up, kind), v)
	return fleet.Message{Terminal: t.name, Kind: kind, Payload: b}, err
}

// prepare makes frames.
func (t *sender) prepare(frames int) error {
	for range frames {
		b := wire.Batch{First: t.next, After: t.chain}
		for range frameEvents {
			body, err := wire.Marshal(t.swipe())
			if err != nil {
				return err
			}
			b.Events, t.chain = append(b.Events, body), t.chain.Next(body)
			t.next++
		}
		f, err := wire.PackFrame(t.incarnation, wire.StreamEvents, b)
		if err != nil {
			return err
		}
		m, err := t.seal(wire.MsgEvents, f)
		if err != nil {
			return err
		}
		t.ready = append(t.ready, m)
	}
	return nil
}

// swipe is the event of a badge that opened a door.
func (t *sender) swipe() wire.Event {
	person := int(t.next) * 7919 % 5000
	account, card := derive('a', person), derive('c', person)
	return wire.Event{
		Order: t.next, Kind: wire.EventPresentation, Outcome: wire.OutcomeGranted, Reason: wire.ReasonKnownCard, Point: "front",
		Account: account[:], Card: card[:], At: time.Now().UnixMilli(), Clock: wire.ClockTrusted, Boot: t.nonce[:8], Mono: int64(t.next) * 1500,
	}
}

// fill sends as many frames as may be on the way.
func (t *sender) fill(up chan<- fleet.Message) {
	for len(t.ready) > 0 && t.sent < t.upto+wire.Window*frameEvents {
		up <- t.ready[0]
		t.ready, t.sent = t.ready[1:], t.sent+frameEvents
	}
}
