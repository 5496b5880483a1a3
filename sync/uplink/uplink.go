// Package uplink carries a terminal's events to the hub and the hub's collections
// to the terminal, over a link that loses, repeats and reorders. Nothing that the
// link says counts: an event is forgotten only when the hub, with its signature,
// says that it is durable there, and a collection changes only when all of a change
// is there and adds up to what the hub signed.
//
// Machine holds the rules, without I/O and without a clock. Uplink runs it.
package uplink

import (
	"context"
	"crypto/ed25519"
	"log/slog"
	"time"

	"badged/sync/wire"
)

// Store is what the uplink needs of the terminal's store.
type Store interface {
	// Position is where the store stands now.
	Position(ctx context.Context) (wire.Position, error)
	// Pending gives encoded wire.Event values of the stream with a seq above after,
	// in order and without a gap: at most maxEvents of together at most maxBytes, none
	// if there is none. It gives what the store still has, also what was acknowledged
	// before, so that a hub that was put back to an older state can be helped.
	Pending(ctx context.Context, stream wire.Stream, after uint64, maxEvents, maxBytes int) (wire.Batch, error)
	// Acked tells what the hub has durably of a stream. wire.ErrFork: it has other
	// events there than this database.
	Acked(ctx context.Context, d wire.Durable) error
	// Apply takes one complete delta or snapshot, the pages in the order of their
	// parts, in one transaction. A delta starts at or below the stored revision. A
	// snapshot counts whatever its revision. wire.ErrHash: the result would not
	// have the hash of the pages, and nothing was applied.
	Apply(ctx context.Context, pages []wire.Page) error
	// Reincarnate gives the database a new identity: all events that are still here are
	// numbered from 1 under it, and leases are dropped.
	Reincarnate(ctx context.Context, incarnation [16]byte) error
	// Wake has something in it when an event was appended.
	Wake() <-chan struct{}
}

// Link is one connection to the hub. It may lose, repeat and reorder.
type Link interface {
	// Publish hands a signed message over. An error is the end of the link.
	Publish(ctx context.Context, kind string, payload []byte) error
	// Receive gives what the hub published for this terminal.
	Receive() <-chan Message
	// Done is closed when the link is over; Err then says why.
	Done() <-chan struct{}
	Err() error
	// Close ends the link and returns when nothing of it runs any more.
	Close()
}

// Message is one signed message of the hub's.
type Message struct {
	Kind    string // wire.MsgAck...
	Payload []byte
}

// Clock takes the hub's time.
type Clock interface{ HubTime(t time.Time) }

// Options is what an uplink is made of.
type Options struct {
	Store Store
	// Dial opens a link. The broker publishes will as the terminal's wire.MsgStatus
	// when the link ends without a good-bye.
	Dial     func(ctx context.Context, will []byte) (Link, error)
	Site     string
	Terminal string
	Agent    string             // version of the program
	Doors    []string           // that the terminal serves
	NoLease  bool               // no point here makes accounts: the hub need lend no numbers
	Key      ed25519.PrivateKey // of the terminal
	HubKey   ed25519.PublicKey
	Clock    Clock
	Log      *slog.Logger
	OnState  func(State) // called from Run, must not block; nil: nobody listens
}

// State is how the uplink is.
type State struct {
	Connected bool      // the hub has answered and takes events
	Since     time.Time // when Connected changed
	LastAck   time.Time // zero: never since start
	Problem   string    // what is wrong and what to do; empty: nothing
}

// Uplink keeps a terminal in touch with its hub.
type Uplink struct {
	opts  Options
	state State
}

// New makes an uplink. It does nothing before Run.
func New(opts Options) *Uplink {
	return &Uplink{opts: opts, state: State{Since: time.Now()}}
}

// Run connects, and connects again with back-off, until ctx ends; it then says
// good-bye to the hub and returns nil. What goes wrong on the way is in the State.
func (u *Uplink) Run(ctx context.Context) error {
	var wait backoff
	for ctx.Err() == nil {
		err := u.connect(ctx, wait.reset)
		if ctx.Err() != nil {
			break
		}
		pause := wait.next()
		u.opts.Log.Warn("hub not connected", "err", err, "retry_in", pause.Round(time.Second))
		u.report(State{Since: u.state.Since, LastAck: u.state.LastAck, Problem: err.Error()})
		sleep(ctx, pause)
	}
	u.report(State{Since: u.state.Since, LastAck: u.state.LastAck})
	return nil
}

// report tells a changed state.
func (u *Uplink) report(s State) {
	if s.Connected != u.state.Connected {
		s.Since = time.Now()
	}
	if s == u.state {
		return
	}
	u.state = s
	if u.opts.OnState != nil {
		u.opts.OnState(s)
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
	}
}
