// Package uplink carries a terminal's events to the hub and the hub's collections
// to the terminal, over a link that loses, repeats and reorders. It does not trust the
// link: the terminal forgets an event only after the hub has signed that it is durable
// there, and changes a collection only when a change is complete and leads to the hash
// that the hub signed.
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

// Store is the part of the terminal's store that the uplink uses.
type Store interface {
	// Position is the store's present position.
	Position(ctx context.Context) (wire.Position, error)
	// Pending returns encoded wire.Event values of the stream with a seq above after, in
	// order and without a gap: at most maxEvents, together at most maxBytes; an empty batch
	// if there are none. It includes acknowledged events that the store still has, so that
	// a hub that was put back to an older state gets them again.
	Pending(ctx context.Context, stream wire.Stream, after uint64, maxEvents, maxBytes int) (wire.Batch, error)
	// Acked records what is durable of a stream at the hub. wire.ErrFork: the hub has other
	// events in these places than this database.
	Acked(ctx context.Context, d wire.Durable) error
	// Apply stores one complete delta or snapshot, the pages in the order of their
	// parts, in one transaction. A delta starts at or below the stored revision. A
	// snapshot applies whatever its revision is. wire.ErrHash: the result would not
	// have the hash of the pages, and nothing was applied.
	Apply(ctx context.Context, pages []wire.Page) error
	// Reincarnate gives the database a new identity: it numbers all events that are still
	// here from 1 again, and drops its leases.
	Reincarnate(ctx context.Context, incarnation [16]byte) error
	// Wake receives a value after an event was appended.
	Wake() <-chan struct{}
}

// Link is one connection to the hub. It may lose, repeat and reorder.
type Link interface {
	// Publish sends a signed message. An error ends the link.
	Publish(ctx context.Context, kind string, payload []byte) error
	// Receive delivers what the hub published for this terminal.
	Receive() <-chan Message
	// Done is closed when the link is over; Err then says why.
	Done() <-chan struct{}
	Err() error
	// Close ends the link and returns after its goroutines have ended.
	Close()
}

// Message is one signed message from the hub.
type Message struct {
	Kind    string // wire.MsgAck...
	Payload []byte
}

// Clock takes the hub's time. settled is false while another answer soon would help to decide
// whether to believe it.
type Clock interface {
	HubTime(t time.Time) (settled bool)
}

// Updates fetches releases, on a machine that is updated that way. Nothing of it waits.
type Updates interface {
	// State is what a hello says; nil: nothing.
	State() *wire.Update
	// Offered takes what the hub says about a release in the present connection.
	Offered(r wire.Release)
	// Arrived takes a piece that the hub signed.
	Arrived(p wire.Piece)
	// Wants gives what to ask the hub for.
	Wants() <-chan wire.Want
	// Changed has something in it when State says something else.
	Changed() <-chan struct{}
}

// Options configures an Uplink.
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
	Updates  Updates // nil: there are none
	Log      *slog.Logger
	OnState  func(State) // called from Run, must not block; nil: nobody listens
}

// noUpdates are those of a machine that is updated in another way.
type noUpdates struct{}

func (noUpdates) State() *wire.Update      { return nil }
func (noUpdates) Offered(wire.Release)     {}
func (noUpdates) Arrived(wire.Piece)       {}
func (noUpdates) Wants() <-chan wire.Want  { return nil }
func (noUpdates) Changed() <-chan struct{} { return nil }

// State is the state of the uplink.
type State struct {
	Connected bool      // the hub has answered and accepts events
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
// good-bye to the hub and returns nil. It reports failures in State.
func (u *Uplink) Run(ctx context.Context) error {
	var wait backoff
	for ctx.Err() == nil {
		err := u.runConnection(ctx, wait.reset)
		if ctx.Err() != nil {
			break
		}
		pause := wait.next()
		u.opts.Log.Warn("hub not connected", "err", err, "retry_in", pause.Round(time.Second))
		u.setState(State{Since: u.state.Since, LastAck: u.state.LastAck, Problem: err.Error()})
		sleep(ctx, pause)
	}
	u.setState(State{Since: u.state.Since, LastAck: u.state.LastAck})
	return nil
}

// setState passes a changed state to OnState.
func (u *Uplink) setState(s State) {
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
