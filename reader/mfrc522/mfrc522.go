package mfrc522

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strconv"
	"strings"
	"time"

	"periph.io/x/conn/v3/physic"
	"periph.io/x/conn/v3/spi"
	"periph.io/x/host/v3/sysfs"

	"badged/reader"
)

const (
	interval   = 50 * time.Millisecond
	checkEvery = time.Second
	gone       = 3 // polls without a card after which it is gone
	away       = 3 * time.Second
	clock      = 4 * physic.MegaHertz // the chip does 10, long wires do not
)

// Spec locates the chip: the SPI bus and the chip select.
type Spec struct{ Bus, Select int }

// String is the spec as ParseSpec reads it.
func (s Spec) String() string { return "spi:" + s.path() }

func (s Spec) path() string { return fmt.Sprintf("/dev/spidev%d.%d", s.Bus, s.Select) }

// ParseSpec reads spi:/dev/spidevB.S.
func ParseSpec(text string) (Spec, error) {
	rest, ok := strings.CutPrefix(text, "spi:/dev/spidev")
	bus, sel, dot := strings.Cut(rest, ".")
	b, err1 := strconv.ParseUint(bus, 10, 8)
	s, err2 := strconv.ParseUint(sel, 10, 8)
	if !ok || !dot || err1 != nil || err2 != nil {
		return Spec{}, fmt.Errorf("%.80q is no SPI bus: write spi:/dev/spidev0.0; the chip's pins RST (tie it to 3.3 V) and IRQ are not used", text)
	}
	return Spec{int(b), int(s)}, nil
}

// Config says which chip.
type Config struct {
	Name string // of the reader, in logs and events
	Spec Spec
}

// Reader is a reader.Source.
//
//	           reset, set up                card: told once while it stays
//	(closed) ----------------> (looking) <--------+
//	               KindUp          |  |   every 50 ms
//	                               |  +-----------+
//	   ^   bus or chip failed: KindDown, Run ends
//	   +---------------------------+
type Reader struct {
	cfg    Config
	open   func(Spec) (spi.PortCloser, error)
	seen   reader.Presence
	wrong  reader.Why // the last reported problem with what is in the field
	misses int        // polls without a card, in a row
}

// New makes a reader. Nothing is opened before Run.
func New(cfg Config) *Reader {
	return &Reader{cfg: cfg, open: openBus}
}

func openBus(s Spec) (spi.PortCloser, error) {
	f, err := os.OpenFile(s.path(), os.O_RDWR, 0) // periph does not say why it cannot
	if err != nil {
		return nil, err
	}
	_ = f.Close()
	return sysfs.NewSPI(s.Bus, s.Select)
}

// Name implements reader.Source.
func (r *Reader) Name() string { return r.cfg.Name }

// Silence implements reader.Expecter.
func (r *Reader) Silence() time.Duration { return reader.AnswerTime }

// Run implements reader.Source. Its error is a *reader.OpError.
func (r *Reader) Run(ctx context.Context, emit func(reader.Event)) error {
	err := r.pollChip(ctx, emit)
	if ctx.Err() != nil {
		return nil
	}
	emit(reader.Event{Kind: reader.KindDown, At: time.Now(), Why: reader.Lost})
	return err
}

func (r *Reader) pollChip(ctx context.Context, emit func(reader.Event)) error {
	port, err := r.open(r.cfg.Spec)
	if err != nil {
		return r.opError("open", err)
	}
	defer port.Close()
	bus, err := port.Connect(clock, spi.Mode0, 8)
	if err != nil {
		return r.opError("set up", err)
	}
	c, err := startChip(bus)
	if err != nil {
		return r.opError("start", err)
	}
	emit(reader.Event{Kind: reader.KindUp, At: time.Now()})
	next := time.NewTicker(interval)
	defer next.Stop()
	for checked := time.Now(); ; {
		if err := r.pollCard(c, emit); err != nil {
			return r.opError("read", cmp.Or(c.checkChip(), err)) // what the chip itself lacks is the cause
		}
		if now := time.Now(); now.Sub(checked) >= checkEvery {
			if err := c.checkChip(); err != nil {
				return r.opError("read", err)
			}
			checked = now
			emit(reader.Event{Kind: reader.KindAlive, At: now})
		}
		select {
		case <-ctx.Done():
			return nil
		case <-next.C:
		}
	}
}

// pollCard polls for a card once, and emits what is new.
func (r *Reader) pollCard(c *chip, emit func(reader.Event)) error {
	card, why, err := c.readCard()
	if err != nil {
		return err
	}
	at := time.Now()
	empty := why == "" && card == reader.Card{}
	switch {
	case empty: // also after each fault: an interrupted card misses the next poll
		r.seen.Missed(gone)
		if r.misses++; r.misses >= gone {
			r.wrong = ""
		}
		return nil
	case why == "":
		r.wrong = ""
		if r.seen.Seen(at, card, away) {
			emit(reader.Event{Kind: reader.KindCard, At: at, Card: card})
		}
	case r.wrong == "":
		r.wrong = why
		emit(reader.Event{Kind: reader.KindFault, At: at, Why: why})
	}
	r.misses = 0
	return nil
}

func (r *Reader) opError(op string, err error) error {
	hint := ""
	switch {
	case errors.Is(err, fs.ErrNotExist):
		hint = "switch the bus on: on a Raspberry Pi, dtparam=spi=on in config.txt"
	case errors.Is(err, fs.ErrPermission):
		hint = "give the agent's user the right to the bus: the group spi"
	case errors.Is(err, errNoChip):
		hint = "check its wires (SDA is chip select, RST goes to 3.3 V) and its power, 3.3 V"
	case errors.Is(err, errReset):
		hint = "its power is too weak or breaks off"
	}
	return &reader.OpError{Op: op, Device: r.cfg.Spec.String(), Hint: hint, Err: err}
}
