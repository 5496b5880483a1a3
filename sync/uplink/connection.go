package uplink

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"time"

	"badged/sync/wire"
)

// goodbyeWait bounds what is done after the context has ended.
const goodbyeWait = 2 * time.Second

var errClosed = errors.New("the connection to the hub ended")

// connection runs one Machine over one Link. It belongs to one goroutine.
type connection struct {
	*Uplink
	ctx     context.Context
	link    Link
	machine *Machine
	nonce   [16]byte
	welcome func() // called after a good welcome
}

// connect runs one connection to its end and says why it ended.
func (u *Uplink) connect(ctx context.Context, welcome func()) error {
	c := &connection{Uplink: u, ctx: ctx, welcome: welcome}
	_, _ = rand.Read(c.nonce[:]) // never fails since Go 1.24
	c.machine = NewMachine(c.nonce, u.opts.Agent)
	will, err := c.seal(wire.MsgStatus, wire.Status{Nonce: c.nonce})
	if err != nil {
		return err
	}
	if c.link, err = u.opts.Dial(ctx, will); err != nil {
		return err
	}
	defer c.link.Close()
	if err := c.publish(wire.MsgStatus, wire.Status{Nonce: c.nonce, Online: true}); err != nil {
		return err
	}
	err = c.run()
	c.goodbye(will)
	return err
}

// run feeds the machine until the link or the context ends.
func (c *connection) run() error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	effects := c.machine.Start(time.Now())
	for {
		if err := c.do(effects); err != nil {
			return err
		}
		c.reportState()
		timer.Reset(time.Until(c.machine.Deadline()))
		select {
		case <-c.ctx.Done():
			return c.ctx.Err()
		case <-c.link.Done():
			return c.over()
		case m := <-c.link.Receive():
			effects = c.openMessage(m)
		case <-c.opts.Store.Wake():
			effects = c.machine.Wake(time.Now())
		case <-timer.C:
			effects = c.machine.Tick(time.Now())
		}
	}
}

func (c *connection) over() error {
	if err := c.link.Err(); err != nil {
		return err
	}
	return errClosed
}

// reportState reports what the machine is at. The problem of the last attempt stands until
// the hub has answered.
func (c *connection) reportState() {
	s := c.state
	s.Connected = c.machine.Connected()
	if problem := c.machine.Problem(); s.Connected || problem != "" {
		s.Problem = problem
	}
	if s.Connected {
		c.welcome()
	}
	c.report(s)
}

// openMessage opens a message and gives it to the machine. One that is not the hub's is
// logged and has no effect.
func (c *connection) openMessage(m Message) []Effect {
	var ack wire.Ack
	var page wire.Page
	var err error
	switch m.Kind {
	case wire.MsgAck:
		if err = c.open(m, &ack); err == nil {
			return c.ack(ack)
		}
	case wire.MsgPage:
		if err = c.open(m, &page); err == nil {
			return c.machine.Page(time.Now(), page)
		}
	default:
		err = errors.New("this version does not know its kind")
	}
	c.opts.Log.Warn("message refused", "kind", m.Kind, "bytes", len(m.Payload), "err", err)
	return nil
}

func (c *connection) ack(a wire.Ack) []Effect {
	if a.Nonce == c.nonce {
		s := c.state
		s.LastAck = time.Now()
		c.report(s)
	}
	return c.machine.Ack(time.Now(), a)
}

func (c *connection) open(m Message, v any) error {
	return wire.Open(c.opts.HubKey, c.context().Of(wire.Down, m.Kind), m.Payload, v)
}

func (c *connection) context() wire.Context {
	return wire.Context{Site: c.opts.Site, Terminal: c.opts.Terminal}
}

func (c *connection) seal(kind string, v any) ([]byte, error) {
	return wire.Seal(c.opts.Key, c.context().Of(wire.Up, kind), v)
}

func (c *connection) publish(kind string, v any) error {
	msg, err := c.seal(kind, v)
	if err != nil {
		return err
	}
	return c.link.Publish(c.ctx, kind, msg)
}

// do does effects in order, and those that follow from them.
func (c *connection) do(effects []Effect) error {
	for len(effects) > 0 {
		more, err := c.one(effects[0])
		if err != nil {
			return err
		}
		effects = append(effects[1:], more...)
	}
	return nil
}

func (c *connection) one(e Effect) ([]Effect, error) {
	switch e := e.(type) {
	case Locate:
		return c.locate()
	case Say:
		e.Hello.NoLease, e.Hello.Doors = c.opts.NoLease, c.opts.Doors
		return nil, c.publish(wire.MsgHello, e.Hello)
	case Send:
		return nil, c.publish(e.Frame.Stream.String(), e.Frame)
	case Fetch:
		return c.fetch(e)
	case Forget:
		return c.forget(e)
	case Apply:
		return c.apply(e)
	case Renew:
		return nil, c.renew(e)
	case SetTime:
		c.opts.Clock.HubTime(e.At)
		return nil, nil
	case Drop:
		return nil, e.Why
	default:
		return nil, fmt.Errorf("uplink: effect %T is not known", e)
	}
}

// failed wraps an error of the store's.
func (c *connection) failed(what string, err error) error {
	if err != nil {
		return fmt.Errorf("%s: %w", what, err)
	}
	return nil
}

func (c *connection) locate() ([]Effect, error) {
	pos, err := c.opts.Store.Position(c.ctx)
	if err != nil {
		return nil, c.failed("read the store's position", err)
	}
	return c.machine.Located(time.Now(), pos), nil
}

func (c *connection) fetch(e Fetch) ([]Effect, error) {
	batch, err := c.opts.Store.Pending(c.ctx, e.Stream, e.After, wire.MaxFrameEvents, wire.MaxFrameBytes)
	if err != nil {
		return nil, c.failed("read pending events", err)
	}
	return c.machine.Events(time.Now(), e.Stream, batch), nil
}

func (c *connection) forget(e Forget) ([]Effect, error) {
	err := c.opts.Store.Acked(c.ctx, e.Durable)
	if errors.Is(err, wire.ErrFork) {
		c.opts.Log.Warn("the database was copied, or the hub or it was put back to an older state", "err", err)
		return c.machine.Forked(time.Now()), nil
	}
	return nil, c.failed("take note of acknowledged events", err)
}

func (c *connection) apply(e Apply) ([]Effect, error) {
	err := c.opts.Store.Apply(c.ctx, e.Pages)
	p := e.Pages[0]
	if err != nil && !errors.Is(err, wire.ErrHash) {
		return nil, c.failed("store the hub's "+p.Collection.String(), err)
	}
	if err != nil {
		c.opts.Log.Warn("collection does not add up", "collection", p.Collection.String(), "from", p.From, "to", p.To, "snapshot", p.Snapshot)
	}
	return c.machine.Applied(time.Now(), e.Pages, err), nil
}

// renew goes on under another incarnation; none given means a new random one.
func (c *connection) renew(e Renew) error {
	if e.Incarnation == [16]byte{} {
		_, _ = rand.Read(e.Incarnation[:]) // never fails since Go 1.24
	}
	c.opts.Log.Warn("database begins anew towards the hub", "incarnation", fmt.Sprintf("%x", e.Incarnation[:4]))
	return c.failed("begin a new incarnation", c.opts.Store.Reincarnate(c.ctx, e.Incarnation))
}

// goodbye tells the hub that the terminal goes, if it goes by itself.
func (c *connection) goodbye(will []byte) {
	if c.ctx.Err() == nil {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(c.ctx), goodbyeWait)
	defer cancel()
	if err := c.link.Publish(ctx, wire.MsgStatus, will); err != nil {
		c.opts.Log.Debug("good-bye not sent", "err", err)
	}
}
