package bench

import (
	"fmt"
	"math/rand/v2"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
	"badged/reader/pacs"
)

// benchKey is the key of a reader that is only measured.
var benchKey = []byte("\x8F\x1E\x6A\x0C\x5D\x2B\x93\x47\x7A\x60\xE1\xF4\xB8\xC2\xD9\x35")

// cycles is how many polls are measured; the first ones open the channel.
const cycles = 1000

// cycle measures the time from poll to poll with one reader, against that of its bytes
// alone. The reader answers at once: what it thinks is not ours. Without a key it is
// spoken to in the clear.
func cycle(baud int, key []byte) func() (Row, error) {
	return func() (Row, error) {
		l, err := newLine(baud, key)
		if err != nil {
			return Row{}, err
		}
		return l.measure()
	}
}

// osdpLine is a host and a reader on a wire that takes its time.
type osdpLine struct {
	bus  *osdp.Bus
	dev  *sim.OSDPReader
	baud int
	now  time.Time
	up   bool
}

func newLine(baud int, key []byte) (*osdpLine, error) {
	random := rand.NewChaCha8([32]byte{1})
	dev, err := sim.NewOSDPReader(sim.OSDPConfig{Key: key, Random: random})
	if err != nil {
		return nil, err
	}
	unit := osdp.Unit{ClearText: key == nil}
	if unit.Formats, err = pacs.Select("raw"); err != nil {
		return nil, err
	}
	if key != nil {
		k, err := osdp.ParseKey(fmt.Sprintf("%X", key))
		if err != nil {
			return nil, err
		}
		unit.Keys = []osdp.Key{k}
	}
	bus, err := osdp.NewBus(osdp.BusConfig{Units: []osdp.Unit{unit}, Baud: baud, Random: random})
	return &osdpLine{bus: bus, dev: dev, baud: baud, now: began}, err
}

// measure gives the mean cycle once the reader is online.
func (l *osdpLine) measure() (Row, error) {
	var spent, bare time.Duration
	l.bus.Open(l.now)
	for n := 0; n < cycles; {
		before, was := l.now, l.up
		bytes, err := l.exchange()
		if err != nil {
			return Row{}, err
		}
		if was {
			spent, bare, n = spent+l.now.Sub(before), bare+wireTime(bytes, l.baud), n+1
		}
	}
	return against("", "ms", millis(spent)/cycles, millis(bare)/cycles, budgetCycle).of(overCycle), nil
}

// exchange is one command, its reply, and the time until the next command; it gives the
// bytes of both.
func (l *osdpLine) exchange() (bytes int, err error) {
	command := l.bus.Send(l.now)
	if command == nil {
		return 0, fmt.Errorf("the host has nothing to say")
	}
	bytes = len(command)
	for _, reply := range l.dev.Receive(command) {
		bytes += len(reply)
		l.bus.Feed(l.now.Add(wireTime(bytes, l.baud)), reply, l.event)
	}
	l.now = l.now.Add(wireTime(bytes, l.baud))
	for due := l.bus.Deadline(); due.After(l.now); due = l.bus.Deadline() {
		l.now = due
		l.bus.Tick(l.now, l.event)
	}
	return bytes, nil
}

func (l *osdpLine) event(e reader.Event) {
	if e.Kind == reader.KindUp || e.Kind == reader.KindDown {
		l.up = e.Kind == reader.KindUp
	}
}
