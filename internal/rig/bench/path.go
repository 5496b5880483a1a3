package bench

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"badged/enroll"
	"badged/internal/rig/proc"
	"badged/sync/wire"
)

// The budgets of the path, as ratios to the bare echo.
const (
	budgetP50 = 1.2
	budgetP99 = 2.0
	rounds    = 3
	warmUp    = 50                   // swipes before each round, not counted
	doors     = 16                   // swiped in turn, so that each has locked again
	rest      = 5 * time.Millisecond // before each swipe: people do not come faster
)

// Path says how large a measurement of the way of a badge is.
type Path struct {
	Badged string   // the agent's program
	Echo   []string // the command that runs Echo, before its arguments
	Cards  int      // in the store; at least doors
	Swipes int      // a round
}

// Measure takes the time from the write of a frame on a pseudo-terminal to the arrival
// of the relay's line at the socket of the pins.
//
// One side is the real agent, with the store on a real file: serialport, the rdm6300
// decoder, the number rule, the engine over the index, the queue of the group commit,
// the door's machine and the relay's driver on a virtual pin. Each swipe is of another
// known card with a grant, at a door that is locked. The other side is a bare echo: the
// same library reads the same kind of port, and the same line goes to the same kind of
// socket. Each side is a process of its own, as it would be on a terminal, with its
// collector on; a third one holds the devices and the watch. They take turns swipe by
// swipe, each after the same rest, so that whatever else the machine does meets both
// and neither meets the other.
//
// Each round gives a ratio; a row is of the round whose ratio is in the middle. At the
// end the store is opened again and must hold every swipe's event.
func (p Path) Measure(ctx context.Context) (_ []Row, err error) {
	dir, err := os.MkdirTemp("", "badged-bench-")
	if err != nil {
		return nil, fmt.Errorf("make a folder for the bench: %w", err)
	}
	defer func() { err = errors.Join(err, os.RemoveAll(dir)) }()
	if err := newSite(ctx, dir, p.Cards); err != nil {
		return nil, err
	}
	e, err := startEcho(ctx, p.Echo, dir)
	if err != nil {
		return nil, err
	}
	defer e.stop()
	t, err := startTerminal(ctx, p.Badged, dir, doors, p.Cards)
	if err != nil {
		return nil, err
	}
	rows, err := p.race(ctx, t, e)
	if err := errors.Join(err, t.stop()); err != nil {
		return nil, err
	}
	return rows, durable(ctx, dir, rounds*(warmUp+p.Swipes))
}

// race runs the rounds.
func (p Path) race(ctx context.Context, t *terminal, e *echo) ([]Row, error) {
	var p50, p99 []Row
	for round := range rounds {
		agents := make([]time.Duration, 0, p.Swipes)
		echoes := make([]time.Duration, 0, p.Swipes)
		for n := range warmUp + p.Swipes {
			at := round*(warmUp+p.Swipes) + n
			ours, bare, err := turn(ctx, t.doors[at%doors], e.rigs[at%doors], cardNumber(cardAt(at, p.Cards)), at%2 == 1)
			if err != nil {
				return nil, fmt.Errorf("swipe %d: %w", at+1, err)
			}
			if n >= warmUp {
				agents, echoes = append(agents, ours), append(echoes, bare)
			}
		}
		p50 = append(p50, against("path_p50", "µs", micros(quantile(agents, 0.5)), micros(quantile(echoes, 0.5)), budgetP50))
		p99 = append(p99, against("path_p99", "µs", micros(quantile(agents, 0.99)), micros(quantile(echoes, 0.99)), budgetP99))
	}
	const what = "from the last byte on a pty to the relay write, against a bare echo: the median of the rounds"
	return []Row{median(p50).of(what), median(p99).of(what)}, nil
}

// cardAt is another card for each swipe, from all over the index, with a grant for the
// door that is next.
func cardAt(at, cards int) int {
	const stride = 7919
	return at*stride%(cards/doors)*doors + at%doors
}

// turn is one swipe at each side; who is first finds a colder machine.
func turn(ctx context.Context, door, echo rig, card string, echoFirst bool) (ours, bare time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	if err := door.fallen(ctx); err != nil {
		return 0, 0, err
	}
	first, second := door, echo
	if echoFirst {
		first, second = echo, door
	}
	pause()
	if ours, err = first.swipe(ctx, card); err != nil {
		return 0, 0, err
	}
	pause()
	if bare, err = second.swipe(ctx, card); err != nil {
		return 0, 0, err
	}
	if echoFirst {
		ours, bare = bare, ours
	}
	return ours, bare, nil
}

// pause gives the commit of the last swipe time to end, for a time that does not keep
// step with the pulses of the doors. It keeps its processor awake: how long a sleeping
// machine takes to wake is not what is measured.
func pause() {
	for end := time.Now().Add(rest/2 + rand.N(rest)); time.Now().Before(end); {
	}
}

// echo is the yardstick's process and its rigs, as many as the agent has doors: what a
// lone swipe meets cold counts for both.
type echo struct {
	rigs []rig
	proc *proc.Child
}

func startEcho(ctx context.Context, command []string, dir string) (_ *echo, err error) {
	e := &echo{}
	defer func() {
		if err != nil {
			err = errors.Join(err, e.stop())
		}
	}()
	args := slices.Clone(command[1:])
	for n := range doors {
		r, err := newRig(dir, fmt.Sprintf("echo%d", n))
		e.rigs = append(e.rigs, r)
		if err != nil {
			return e, err
		}
		args = append(args, r.reader.Path(), r.pins.Path())
	}
	e.proc, err = proc.Start(proc.Command{Name: "the yardstick", Bin: command[0], Args: args, Log: dir + "/echo.log"})
	if err != nil {
		return e, err
	}
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	return e, e.proc.Until(ctx, e.attended)
}

func (e *echo) attended(ctx context.Context) error {
	for _, r := range e.rigs {
		if err := r.attended(ctx); err != nil {
			return err
		}
	}
	return nil
}

func (e *echo) stop() error {
	err := e.proc.Stop()
	for _, r := range e.rigs {
		r.close()
	}
	return err
}

// durable opens the store again and counts what was granted.
func durable(ctx context.Context, dir string, swipes int) error {
	s, err := openStore(ctx, dir)
	if err != nil {
		return err
	}
	defer s.Close()
	granted := 0
	for after := uint64(0); ; {
		first, events, err := s.Pending(ctx, wire.StreamEvents, after, 1000, 1<<20)
		if err != nil {
			return err
		}
		if len(events) == 0 {
			break
		}
		after = first + uint64(len(events)) - 1
		n, err := countGranted(events)
		if err != nil {
			return err
		}
		granted += n
	}
	if granted != swipes {
		return fmt.Errorf("look for the events of the swipes: %d of %d are on disk", granted, swipes)
	}
	return nil
}

func countGranted(events [][]byte) (n int, err error) {
	for _, body := range events {
		var ev wire.Event
		if err := wire.Unmarshal(body, &ev); err != nil {
			return n, fmt.Errorf("read an event of a swipe: %w", err)
		}
		if enroll.Reason(ev.Reason) == enroll.KnownCard && enroll.Outcome(ev.Outcome) == enroll.Granted {
			n++
		}
	}
	return n, nil
}
