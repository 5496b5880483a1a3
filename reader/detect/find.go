package detect

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"slices"
	"time"

	"badged/reader"
	"badged/reader/osdp"
	"badged/reader/protocols"
	"badged/reader/serialport"
)

// Speeds are those that serial readers have, the likelier ones first.
var Speeds = []int{9600, 115200, 19200, 2400, 57600, 38400, 4800, 1200}

// The times of a search.
const (
	DefaultWait = 8 * time.Second
	swipeEnds   = time.Second     // the pause that ends a swipe
	swipeMost   = 4 * time.Second // the longest swipe, of a reader that repeats a badge
	askTime     = 3 * time.Second // for an answer
	rounds      = 8               // of waiting for a swipe and polling
)

// Config configures a search.
type Config struct {
	Path string
	// Wait is how long Find listens before it polls for readers that send only when asked.
	// 0: DefaultWait.
	Wait time.Duration
	// Tell is called with each step. A swipe counts from StepListen on.
	Tell func(Step)
}

// Step is a step of a search.
type Step struct {
	Kind     StepKind
	Baud     int
	Protocol string // of StepAsk
}

// StepKind is a kind of step.
type StepKind uint8

// The steps.
const (
	StepListen  StepKind = iota // a badge may be held to the reader
	StepStrange                 // no protocol reads what arrived at this speed
	StepAsk                     // Find polls for readers of a protocol
)

// Found is a reader.
type Found struct {
	Baud       int
	Candidates []Candidate
}

// The errors of Find.
var (
	ErrSilent  = errors.New("nothing came: check the power of the reader, that its TX goes to RX of the adapter, and that ground goes to ground")
	ErrStrange = errors.New("something came at each of the usual speeds, and no protocol reads it: `badgectl capture` records it; " +
		"a reader with even parity, or RS-232 on a TTL adapter, looks like that")
)

// Find searches for the reader until it is found, ctx ends, or nothing is left to try: then
// the error is ErrSilent or ErrStrange.
//
//	          something that a protocol reads: found
//	(listen) --------------------------------------------> end
//	  ^  |  something that none reads: the next speed
//	  +--+
//	  |  |  nothing                    an answer: found
//	  |  +-----------> (ask) ----------------------------> end
//	  +------ none -----+
func Find(ctx context.Context, cfg Config) (Found, error) {
	cfg.Wait = cmp.Or(cfg.Wait, DefaultWait)
	speed, strange := 0, 0
	for range rounds + len(Speeds) {
		baud := Speeds[speed%len(Speeds)]
		swipe, err := cfg.recordSwipe(ctx, baud)
		if err != nil {
			return Found{}, err
		}
		if len(swipe) == 0 {
			if c, ok, err := cfg.askReaders(ctx); ok || err != nil {
				return c, err
			}
			continue
		}
		if list := Explain(swipe); len(list) > 0 {
			return Found{baud, list}, nil
		}
		cfg.Tell(Step{Kind: StepStrange, Baud: baud})
		if strange++; strange == len(Speeds) {
			return Found{}, ErrStrange
		}
		speed++
	}
	if strange > 0 {
		return Found{}, ErrStrange
	}
	return Found{}, ErrSilent
}

// recordSwipe records one swipe; nil if nothing arrives within Wait.
func (cfg Config) recordSwipe(ctx context.Context, baud int) ([]Chunk, error) {
	run, stop := context.WithCancel(ctx)
	defer stop()
	r := recorder{wait: cfg.Wait, stop: stop}
	err := serialport.New(serialport.Config{Name: "learn", Path: cfg.Path, Baud: baud}, &r).Run(run, func(e reader.Event) {
		if e.Kind == reader.KindUp {
			r.quiet = e.At.Add(cfg.Wait)
			cfg.Tell(Step{Kind: StepListen, Baud: baud})
		}
	})
	if err == nil && !r.done {
		err = cmp.Or(ctx.Err(), errors.New("stopped before a badge was read"))
	}
	return r.swipe, err
}

// recorder is a decoder that records chunks until a pause follows them, or until nothing
// arrived within wait.
type recorder struct {
	swipe []Chunk
	wait  time.Duration
	stop  func()
	quiet time.Time
	done  bool
}

// Feed implements reader.Decoder.
func (r *recorder) Feed(at time.Time, p []byte, _ func(reader.Event)) {
	const most = 4096 // chunks; a swipe has some dozens
	if len(r.swipe) < most {
		r.swipe = append(r.swipe, Chunk{at, slices.Clone(p)})
	}
	r.quiet = at.Add(swipeEnds)
	if at.Sub(r.swipe[0].At) >= swipeMost {
		r.endRecording()
	}
}

// Deadline implements reader.Decoder.
func (r *recorder) Deadline() time.Time { return r.quiet }

// Tick implements reader.Decoder.
func (r *recorder) Tick(now time.Time, _ func(reader.Event)) {
	if !now.Before(r.quiet) {
		r.endRecording()
	}
}

func (r *recorder) endRecording() {
	r.done = true
	r.stop()
}

// asked are the protocols of readers that send only when asked, with their speeds.
var asked = []struct {
	protocol string
	bauds    []int
}{
	{"twn4", []int{9600}},
	{"pn532", []int{115200}},
	{"osdp", []int{9600, 115200, 38400, 19200, 57600}},
}

// askReaders polls for each kind of reader. ok is false if none answers.
func (cfg Config) askReaders(ctx context.Context) (f Found, ok bool, err error) {
	for _, a := range asked {
		for _, baud := range a.bauds {
			cfg.Tell(Step{StepAsk, baud, a.protocol})
			answered, err := cfg.findsAnswer(ctx, a.protocol, baud)
			if err != nil {
				return f, false, err
			}
			if answered {
				return Found{baud, []Candidate{{Protocol: a.protocol}}}, true, nil
			}
		}
	}
	return f, false, nil
}

// findsAnswer reports whether a reader answers.
func (cfg Config) findsAnswer(ctx context.Context, protocol string, baud int) (answered bool, err error) {
	dec, err := newPoller(protocol, baud)
	if err != nil {
		return false, err
	}
	run, stop := context.WithTimeout(ctx, askTime)
	defer stop()
	err = serialport.New(serialport.Config{Name: "learn", Path: cfg.Path, Baud: baud}, dec).Run(run, func(e reader.Event) {
		if provesReader(e) {
			answered = true
			stop()
		}
	})
	if err == nil {
		err = ctx.Err()
	}
	return answered, err
}

// newPoller makes the decoder that polls. It polls an OSDP reader in the clear, at the default
// address: a reader answers that even if it then insists on the secure channel.
func newPoller(protocol string, baud int) (reader.Decoder, error) {
	if protocol == "osdp" {
		return osdp.NewBus(osdp.BusConfig{Units: []osdp.Unit{{ClearText: true}}, Baud: baud, Random: rand.Reader})
	}
	return protocols.New(protocol, nil)
}

// provesReader reports whether only an answer can cause an event.
func provesReader(e reader.Event) bool {
	switch e.Kind {
	case reader.KindUp:
		return e.Unit != reader.Line
	case reader.KindAlive, reader.KindCard, reader.KindKey, reader.KindAlarm:
		return true
	case reader.KindDown, reader.KindFault:
		return e.Why == reader.Refused || e.Why == reader.SecureOnly
	}
	return false
}
