package uplink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"badged/sync/wire"
)

// goodbyeWait bounds the time that sayGoodbye takes after the context has ended.
const goodbyeWait = 2 * time.Second

var errClosed = errors.New("the connection to the hub ended")

// connection runs one Machine over one Link. It belongs to one goroutine.
type connection struct {
	*Uplink
	ctx     context.Context
	link    Link
	machine *Machine
	updates Updates
	nonce   [16]byte
	welcome func() // called after a good welcome
}

// runConnection runs one connection to its end and returns why it ended.
func (u *Uplink) runConnection(ctx context.Context, welcome func()) error {
	c := &connection{Uplink: u, ctx: ctx, welcome: welcome, updates: u.opts.Updates}
	if c.updates == nil {
		c.updates = noUpdates{}
	}
	_, _ = rand.Read(c.nonce[:]) // never fails since Go 1.24
	c.machine = NewMachine(c.nonce, u.opts.Agent)
	will, err := c.sealMessage(wire.MsgStatus, wire.Status{Nonce: c.nonce})
	if err != nil {
		return err
	}
	if c.link, err = u.opts.Dial(ctx, will); err != nil {
		return err
	}
	defer c.link.Close()
	if err := c.publishMessage(wire.MsgStatus, wire.Status{Nonce: c.nonce, Online: true}); err != nil {
		return err
	}
	err = c.runMachine()
	c.sayGoodbye(will)
	return err
}

// runMachine feeds the machine until the link or the context ends.
func (c *connection) runMachine() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	effects := c.machine.Start(time.Now())
	for {
		if err := c.runEffects(effects); err != nil {
			return err
		}
		c.reportState()
		timer.Reset(time.Until(c.machine.Deadline()))
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-c.link.Done():
			return c.linkError()
		case m := <-c.link.Receive():
			effects = c.handleMessage(m)
		case <-c.opts.Store.Wake():
			effects = c.machine.Wake(time.Now())
		case <-c.updates.Changed():
			effects = c.machine.Report(time.Now())
		case w := <-c.updates.Wants():
			effects = nil
			if err := c.publishMessage(wire.MsgWant, w); err != nil {
				return err
			}
		case <-timer.C:
			effects = c.machine.Tick(time.Now())
		}
	}
}

func (c *connection) linkError() error {
	if err := c.link.Err(); err != nil {
		return err
	}
	return errClosed
}

// reportState reports the machine's state. The problem of the last attempt stays in it
// until the hub has answered.
func (c *connection) reportState() {
	s := c.state
	s.Connected = c.machine.Connected()
	if problem := c.machine.Problem(); s.Connected || problem != "" {
		s.Problem = problem
	}
	if s.Connected {
		c.welcome()
	}
	c.setState(s)
}

// handleMessage verifies a message and passes it to the machine. It logs a message that the
// hub did not sign, which has no effect.
func (c *connection) handleMessage(m Message) []Effect {
	var ack wire.Ack
	var page wire.Page
	var release wire.Release
	var piece wire.Piece
	var err error
	switch m.Kind {
	case wire.MsgAck:
		if err = c.openPayload(m, &ack); err == nil {
			return c.handleAck(ack)
		}
	case wire.MsgPage:
		if err = c.openPayload(m, &page); err == nil {
			return c.machine.Page(time.Now(), page)
		}
	case wire.MsgRelease:
		if err = c.openPayload(m, &release); err == nil {
			c.handOffer(release)
			return nil
		}
	case wire.MsgPiece:
		if err = c.openPayload(m, &piece); err == nil {
			c.updates.Arrived(piece)
			return nil
		}
	default:
		err = errors.New("this version does not know its kind")
	}
	c.opts.Log.Warn("message refused", "kind", m.Kind, "bytes", len(m.Payload), "err", err)
	return nil
}

func (c *connection) handleAck(a wire.Ack) []Effect {
	if a.Nonce == c.nonce {
		s := c.state
		s.LastAck = time.Now()
		c.setState(s)
	}
	return c.machine.Ack(time.Now(), a)
}

// handOffer hands over what the hub says about a release, unless it was said in another connection.
func (c *connection) handOffer(r wire.Release) {
	if r.Nonce == c.nonce {
		c.updates.Offered(r)
	}
}

func (c *connection) openPayload(m Message, v any) error {
	return wire.Open(c.opts.HubKey, c.wireContext().Of(wire.Down, m.Kind), m.Payload, v)
}

func (c *connection) wireContext() wire.Context {
	return wire.Context{Site: c.opts.Site, Terminal: c.opts.Terminal}
}

func (c *connection) sealMessage(kind string, v any) ([]byte, error) {
	return wire.Seal(c.opts.Key, c.wireContext().Of(wire.Up, kind), v)
}

func (c *connection) publishMessage(kind string, v any) error {
	msg, err := c.sealMessage(kind, v)
	if err != nil {
		return err
	}
	return c.link.Publish(c.ctx, kind, msg)
}

// runEffects carries out effects in order, then the effects that their results lead to.
func (c *connection) runEffects(effects []Effect) error {
	for len(effects) > 0 {
		more, err := c.runEffect(effects[0])
		if err != nil {
			return err
		}
		effects = append(effects[1:], more...)
	}
	return nil
}

func (c *connection) runEffect(e Effect) ([]Effect, error) {
	switch e := e.(type) {
	case Locate:
		return c.readPosition()
	case Say:
		e.Hello.NoLease, e.Hello.Doors, e.Hello.Update = c.opts.NoLease, c.opts.Doors, c.updates.State()
		return nil, c.publishMessage(wire.MsgHello, e.Hello)
	case Send:
		return nil, c.publishMessage(e.Frame.Stream.String(), e.Frame)
	case Fetch:
		return c.readPending(e)
	case Forget:
		return c.forgetAcked(e)
	case Apply:
		return c.applyPages(e)
	case Renew:
		return nil, c.renewIncarnation(e)
	case SetTime:
		if !c.opts.Clock.HubTime(e.At) {
			c.machine.Unsettled(time.Now())
		}
		return nil, nil
	case Drop:
		return nil, e.Why
	default:
		return nil, fmt.Errorf("uplink: effect %T is not known", e)
	}
}

// wrapStoreError says in an error from the store what was attempted.
func (c *connection) wrapStoreError(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (c *connection) readPosition() ([]Effect, error) {
	pos, err := c.opts.Store.Position(c.ctx)
	if err != nil {
		return nil, c.wrapStoreError("read the store's position", err)
	}
	return c.machine.Located(time.Now(), pos), nil
}

func (c *connection) readPending(e Fetch) ([]Effect, error) {
	batch, err := c.opts.Store.Pending(c.ctx, e.Stream, e.After, wire.MaxFrameEvents, wire.MaxFrameBytes)
	if err != nil {
		return nil, c.wrapStoreError("read pending events", err)
	}
	return c.machine.Events(time.Now(), e.Stream, batch), nil
}

func (c *connection) forgetAcked(e Forget) ([]Effect, error) {
	err := c.opts.Store.Acked(c.ctx, e.Durable)
	if errors.Is(err, wire.ErrFork) {
		c.opts.Log.Warn("the database was copied, or the hub or it was put back to an older state", "err", err)
		return c.machine.Forked(time.Now()), nil
	}
	return nil, c.wrapStoreError("take note of acknowledged events", err)
}

func (c *connection) applyPages(e Apply) ([]Effect, error) {
	err := c.opts.Store.Apply(c.ctx, e.Pages)
	p := e.Pages[0]
	if err != nil && !errors.Is(err, wire.ErrHash) {
		return nil, c.wrapStoreError("store the hub's "+p.Collection.String(), err)
	}
	if err != nil {
		c.opts.Log.Warn("collection does not add up", "collection", p.Collection.String(), "from", p.From, "to", p.To, "snapshot", p.Snapshot)
	}
	return c.machine.Applied(time.Now(), e.Pages, err), nil
}

// renewIncarnation gives the database another incarnation; a zero one in e means a new random one.
func (c *connection) renewIncarnation(e Renew) error {
	if e.Incarnation == [16]byte{} {
		_, _ = rand.Read(e.Incarnation[:]) // never fails since Go 1.24
	}
	c.opts.Log.Warn("database continues under a new incarnation", "incarnation", fmt.Sprintf("%x", e.Incarnation[:4]))
	return c.wrapStoreError("begin a new incarnation", c.opts.Store.Reincarnate(c.ctx, e.Incarnation))
}

// sayGoodbye tells the hub that the terminal disconnects, if its own context ended the connection.
func (c *connection) sayGoodbye(will []byte) {
	if c.ctx.Err() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), goodbyeWait)
	defer cancel()
	if err := c.link.Publish(ctx, wire.MsgStatus, will); err != nil {
		c.opts.Log.Debug("good-bye not sent", "err", err)
	}
}
