package fleet

import (
	"context"
	"crypto/ed25519"
	"errors"
	"time"

	"badged/sync/wire"
)

// Message is one signed message of a terminal, as its topic says.
type Message struct {
	Terminal, Kind string
	Payload        []byte
}

// Link is the hub's connection to the broker. It may lose, repeat and reorder.
type Link interface {
	Publish(ctx context.Context, terminal, kind string, payload []byte) error
	Receive() <-chan Message
	Done() <-chan struct{} // closed when the link is lost
	Close()
}

// retryAfter is how long terminals should wait when the hub cannot write.
const retryAfter = 5 * time.Second

var errLinkLost = errors.New("the link to the broker is lost")

// Run serves terminals until ctx ends, over one link after the other: dial makes
// them. Its error is ctx's.
func (h *Hub) Run(ctx context.Context, dial func(context.Context) (Link, error)) error {
	for wait := time.Second; ; wait = min(2*wait, time.Minute) {
		began := time.Now()
		link, err := dial(ctx)
		if err == nil {
			err = h.Serve(ctx, link)
			link.Close()
		}
		if ctx.Err() != nil {
			return ctx.Err()
		}
		if time.Since(began) > time.Minute {
			wait = time.Second
		}
		h.log.Error("no link to the broker", "error", err, "retry_after", wait)
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(wait):
		}
	}
}

// Serve serves terminals over one link until ctx ends or the link is lost.
func (h *Hub) Serve(ctx context.Context, link Link) error {
	ctx, cancel := context.WithCancel(ctx)
	defer h.endSessions()
	defer cancel()
	go h.wakeSessions(ctx)
	for {
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-link.Done():
			return errLinkLost
		case m, ok := <-link.Receive():
			if !ok {
				return errLinkLost
			}
			batch, left := gatherBatch(m, link.Receive())
			for terminal, n := range left {
				h.log.Error("a terminal has more on the way than anybody may: the rest is not read", "terminal", terminal, "messages", n)
			}
			h.applyBatch(ctx, link, batch)
		}
	}
}

// opened is a message whose signature is good; one of the four is set.
type opened struct {
	terminal string
	key      ed25519.PublicKey // that verified it
	ended    int               // keys of the terminal that had ended then
	hello    *wire.Hello
	frame    *frame
	status   *wire.Status
	want     *wire.Want
}

// reply is what one transaction leads to, once it is on disk.
type reply struct {
	now       time.Time
	welcomes  []greeted
	sources   map[string]Source   // by scope: whose watermark to acknowledge
	terminals map[string]Terminal // as they were when the transaction began
	moved     map[string]*advance // by scope: what frames found since the last hello
}

type greeted struct {
	terminal string
	ended    int // as in opened
	welcome
}

// applyBatch handles a batch of messages in one transaction, and replies once it is on disk.
func (h *Hub) applyBatch(ctx context.Context, link Link, batch []Message) {
	var good []opened
	for _, m := range batch {
		o, err := h.verifyMessage(ctx, m)
		if err != nil {
			h.log.Warn("a message is refused", "terminal", m.Terminal, "kind", m.Kind, "error", err)
			continue
		}
		if o.status != nil {
			h.applyStatus(o.terminal, *o.status)
			continue
		}
		if o.want != nil {
			h.queueWant(o.terminal, *o.want)
			continue
		}
		if o.frame != nil && !h.allowance.spend(o.terminal, len(o.frame.events), time.Now()) {
			h.log.Error("a terminal sends more events than anybody could cause: they wait", "terminal", o.terminal)
			h.answerWait(ctx, link, o, "more events than this terminal may send: they wait")
			continue
		}
		good = append(good, o)
	}
	h.applyInOrder(ctx, link, good)
}

// verifyMessage verifies who sent a message, and decodes it.
func (h *Hub) verifyMessage(ctx context.Context, m Message) (opened, error) {
	o := opened{terminal: m.Terminal}
	var err error
	if o.key, o.ended, err = h.publicKey(ctx, m.Terminal); err != nil {
		return o, err
	}
	payload, err := wire.Verify(o.key, h.context(m.Terminal, wire.Up, m.Kind), m.Payload)
	if err != nil {
		return o, err
	}
	switch m.Kind {
	case wire.MsgHello:
		o.hello = new(wire.Hello)
		return o, wire.Unmarshal(payload, o.hello)
	case wire.MsgEvents, wire.MsgSecurity:
		f, err := openFrame(m.Kind, payload)
		o.frame = &f
		return o, err
	case wire.MsgStatus:
		o.status = new(wire.Status)
		return o, wire.Unmarshal(payload, o.status)
	case wire.MsgWant:
		o.want = new(wire.Want)
		return o, wire.Unmarshal(payload, o.want)
	default:
		return o, errors.New("not a kind of message that terminals send")
	}
}

func (h *Hub) context(terminal, dir, kind string) wire.Context {
	return wire.Context{Site: h.site, Terminal: terminal, Dir: dir, Kind: kind}
}

// terminal is the terminal of that name.
func (r *reply) terminal(tx Tx, name string) (t Terminal, err error) {
	t, seen := r.terminals[name]
	if seen {
		return t, nil
	}
	if t, err = tx.Terminal(name); err == nil {
		r.terminals[name] = t
	}
	return t, err
}

// applyMessage handles one message in the transaction, unless its terminal was removed or
// replaced since it was verified. Its error is the store's.
func (h *Hub) applyMessage(tx Tx, o opened, r *reply) error {
	t, err := r.terminal(tx, o.terminal)
	if err != nil {
		return err
	}
	if !o.key.Equal(t.Public) {
		h.log.Warn("a message of a terminal that was just removed or replaced is refused", "terminal", o.terminal)
		return nil
	}
	if o.frame != nil {
		return h.applyFrame(tx, t, *o.frame, r)
	}
	if err := r.writeSources(tx); err != nil {
		return err
	}
	w, err := h.applyHello(tx, t, *o.hello)
	r.welcomes = append(r.welcomes, greeted{o.terminal, o.ended, w})
	return err
}

// sendReplies sends acknowledgements, and starts the sessions of terminals that said hello.
func (h *Hub) sendReplies(ctx context.Context, link Link, r reply) {
	for _, g := range r.welcomes {
		h.sendAck(ctx, link, g.terminal, g.ack)
		if g.rival != nil {
			h.sendAck(ctx, link, g.terminal, *g.rival)
		}
		if g.taken {
			h.startSession(ctx, link, g)
		}
	}
	for scope, src := range r.sources {
		nonce, ok := h.nonce(scope)
		if !ok {
			continue // it will say hello
		}
		a := wire.Ack{Nonce: nonce, Incarnation: src.Incarnation, Credit: wire.Window, Time: r.now.UnixMilli()}
		describeSource(&a, src)
		h.sendAck(ctx, link, src.Terminal, a)
	}
}

// sendFailure tells who sent a frame that nothing was taken, and why.
func (h *Hub) sendFailure(ctx context.Context, link Link, o opened) {
	if o.frame != nil {
		h.answerWait(ctx, link, o, "the hub cannot store this: look at its log")
	}
}

// answerWait tells a connected terminal that its frame was not taken, and to send it later.
func (h *Hub) answerWait(ctx context.Context, link Link, o opened, problem string) {
	nonce, ok := h.nonce(scope(o.terminal, o.frame.Incarnation))
	if !ok {
		return
	}
	h.sendAck(ctx, link, o.terminal, wire.Ack{
		Nonce: nonce, Incarnation: o.frame.Incarnation, Upto: map[wire.Stream]uint64{},
		Credit: wire.Window, Time: time.Now().UnixMilli(), RetryAfter: retryAfter.Milliseconds(), Problem: problem,
	})
}

func (h *Hub) sendAck(ctx context.Context, link Link, terminal string, a wire.Ack) {
	if err := h.send(ctx, link, terminal, wire.MsgAck, a); err != nil && ctx.Err() == nil {
		h.log.Warn("an acknowledgement is not sent", "terminal", terminal, "error", err)
	}
}

func (h *Hub) send(ctx context.Context, link Link, terminal, kind string, v any) error {
	msg, err := h.sealMessage(terminal, kind, v)
	if err != nil {
		return err
	}
	return link.Publish(ctx, terminal, kind, msg)
}

func (h *Hub) sealMessage(terminal, kind string, v any) ([]byte, error) {
	return wire.Seal(h.key, h.context(terminal, wire.Down, kind), v)
}
