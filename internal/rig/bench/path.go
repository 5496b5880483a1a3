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
	budgetP50  = 1.3
	budgetP99  = 1.5
	budgetLine = 1.5 // at p50

	rounds = 3
	warmUp = 50                   // swipes before each round, not counted
	doors  = 16                   // swiped in turn, so that each has locked again
	rest   = 5 * time.Millisecond // before each swipe: people do not come faster
)

// Path says how large a measurement of the way of a badge is.
type Path struct {
	Badged string   // the agent's program
	Echo   []string // the command that runs Echo, before its arguments
	Cards  int      // in the store; at least doors
	Swipes int      // a round
}

// Measure takes the time from the write of the last byte of a frame on a pseudo-terminal to
// the arrival of the relay's line at the socket of the pins. The frame comes in one write,
// and then byte by byte, as on a line of 9600 baud.
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
	r := race{Path: p, terminal: t, echo: e}
	rows, err := r.rows(ctx)
	if err := errors.Join(err, t.stop()); err != nil {
		return nil, err
	}
	return rows, durable(ctx, dir, r.swipes)
}

// race is the two sides, and how many swipes there were.
type race struct {
	Path
	terminal *terminal
	echo     *echo
	swipes   int
}

// rows runs the rounds, first with frames that come in one piece.
func (r *race) rows(ctx context.Context) ([]Row, error) {
	var p50, p99, line []Row
	for range rounds {
		ours, bare, err := r.round(ctx, inOne)
		if err != nil {
			return nil, err
		}
		p50 = append(p50, ratioAt(0.5, "path_p50", ours, bare, budgetP50))
		p99 = append(p99, ratioAt(0.99, "path_p99", ours, bare, budgetP99))
	}
	for range rounds {
		ours, bare, err := r.round(ctx, onLine)
		if err != nil {
			return nil, err
		}
		line = append(line, ratioAt(0.5, "path_line_p50", ours, bare, budgetLine))
	}
	const what = "from the last byte on a pty to the relay write, against a bare echo: the median of the rounds"
	return []Row{
		median(p50).of(what), median(p99).of(what),
		median(line).of("the same, with a byte each millisecond as on a line of 9600 baud"),
	}, nil
}

func ratioAt(q float64, name string, ours, bare []time.Duration, budget float64) Row {
	return against(name, "µs", micros(quantile(ours, q)), micros(quantile(bare, q)), budget)
}

// round gives the times of both sides.
func (r *race) round(ctx context.Context, present pace) (ours, bare []time.Duration, err error) {
	for n := range warmUp + r.Swipes {
		at := r.swipes
		r.swipes++
		t := turn{r.terminal.doors[at%doors], r.echo.rigs[at%doors], cardNumber(cardAt(at, r.Cards)), present}
		mine, its, err := t.takeTimes(ctx, at%2 == 1)
		if err != nil {
			return nil, nil, fmt.Errorf("swipe %d: %w", at+1, err)
		}
		if n >= warmUp {
			ours, bare = append(ours, mine), append(bare, its)
		}
	}
	return ours, bare, nil
}

// cardAt is another card for each swipe, from all over the index, with a grant for the
// door that is next.
func cardAt(at, cards int) int {
	const stride = 7919
	return at*stride%(cards/doors)*doors + at%doors
}

// turn is one swipe at each side.
type turn struct {
	door, echo rig
	card       string
	present    pace
}

// takeTimes gives the times of both; who is first finds a colder machine.
func (t turn) takeTimes(ctx context.Context, echoFirst bool) (ours, bare time.Duration, err error) {
	ctx, cancel := context.WithTimeout(ctx, startBound)
	defer cancel()
	if err := t.door.fallen(ctx); err != nil {
		return 0, 0, err
	}
	first, second := t.door, t.echo
	if echoFirst {
		first, second = t.echo, t.door
	}
	pause()
	if ours, err = first.swipe(ctx, t.card, t.present); err != nil {
		return 0, 0, err
	}
	pause()
	if bare, err = second.swipe(ctx, t.card, t.present); err != nil {
		return 0, 0, err
	}
	if echoFirst {
		ours, bare = bare, ours
	}
	return ours, bare, nil
}

// pause gives the commit of the last swipe time to end, for a time that does not keep
// step with the pulses of the doors.
func pause() { spin(rest/2 + rand.N(rest)) }

// spin waits and keeps its processor awake: how long a sleeping machine takes to wake is not
// what is measured.
func spin(d time.Duration) {
	for end := time.Now().Add(d); time.Now().Before(end); {
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
		b, err := s.Pending(ctx, wire.StreamEvents, after, 1000, 1<<20)
		if err != nil {
			return err
		}
		if len(b.Events) == 0 {
			break
		}
		after = b.First + uint64(len(b.Events)) - 1
		n, err := countGranted(b.Events)
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
