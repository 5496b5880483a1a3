package serialport_test

import (
	"context"
	"crypto/rand"
	"fmt"
	"log/slog"
	"path/filepath"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/osdp"
	"badged/reader/pacs"
	"badged/reader/serialport"
)

// rs485 is a line with OSDP readers at addresses 0 and up, each with a key, and the
// supervised sources of them.
type rs485 struct {
	line    *sim.OSDPBus
	readers []*sim.OSDPReader
	sources []reader.Source
	runs    []*running
}

func newRS485(t *testing.T, n int) *rs485 {
	t.Helper()
	l := &rs485{}
	raw, err := pacs.Select("raw")
	if err != nil {
		t.Fatal(err)
	}
	cfg := osdp.BusConfig{Baud: 115200, Random: rand.Reader}
	var parts []reader.Part
	for unit := range n {
		secret := make([]byte, 16)
		if _, err := rand.Read(secret); err != nil {
			t.Fatal(err)
		}
		key, err := osdp.ParseKey(fmt.Sprintf("%X", secret))
		if err != nil {
			t.Fatal(err)
		}
		dev, err := sim.NewOSDPReader(sim.OSDPConfig{Address: byte(unit), Key: secret})
		if err != nil {
			t.Fatal(err)
		}
		l.readers = append(l.readers, dev)
		cfg.Units = append(cfg.Units, osdp.Unit{Address: unit, Keys: []osdp.Key{key}, Formats: raw})
		parts = append(parts, reader.Part{Name: fmt.Sprintf("door%d", unit), Unit: unit})
	}
	path := filepath.Join(t.TempDir(), "rs485")
	if l.line, err = sim.NewOSDPBus(path, l.readers...); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.line.Close() })
	bus, err := osdp.NewBus(cfg)
	if err != nil {
		t.Fatal(err)
	}
	port := serialport.NewBus(serialport.Config{Name: "line", Path: path, Baud: cfg.Baud, RS485: true}, bus)
	l.sources = reader.Split(port, parts...)
	for _, src := range l.sources {
		l.runs = append(l.runs, start(t, func(ctx context.Context, emit func(reader.Event)) error {
			reader.Supervise(ctx, src, emit, func(error) {}, slog.New(slog.DiscardHandler))
			return nil
		}))
	}
	for _, r := range l.runs {
		r.next(t, reader.KindUp)
	}
	return l
}

// badge presents a badge at a reader, which must be told by its source, and nothing else.
func (l *rs485) badge(t *testing.T, unit int, bits byte) {
	t.Helper()
	if err := l.readers[unit].Present(32, []byte{0xA4, 0xDC, 0xCC, bits}); err != nil {
		t.Fatal(err)
	}
	if e := l.runs[unit].next(t, reader.KindCard); e.Unit != unit || e.Card.Raw()[3] != bits {
		t.Errorf("reader %d told another badge", unit)
	}
}

func TestReadersOfOneLine(t *testing.T) {
	l := newRS485(t, 3)
	for round := range byte(5) {
		for unit := range l.readers {
			l.badge(t, unit, round<<4|byte(unit))
		}
	}
	if err := l.sources[1].(reader.Feedback).Signal(t.Context(), reader.CueGranted); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(2 * time.Minute); l.readers[1].Shown().LEDs == 0; {
		if time.Now().After(end) {
			t.Fatal("the cue is not shown")
		}
		l.badge(t, 1, byte(l.readers[1].Count().Polls)) // the line goes on
	}
	if l.readers[0].Shown().LEDs != 0 || l.readers[2].Shown().LEDs != 0 {
		t.Error("the cue is shown by others")
	}
}

func TestReaderThatIsCutOffItsLine(t *testing.T) {
	l := newRS485(t, 2)
	opened := l.readers[0].Count().Opened
	l.line.Swap(l.readers[0])
	if e := l.runs[1].next(t, reader.KindDown); e.Why != reader.Silent {
		t.Errorf("down: %s", e.Why)
	}
	for n := range byte(20) {
		l.badge(t, 0, n)
	}
	l.line.Swap(l.readers...)
	l.runs[1].next(t, reader.KindUp)
	l.badge(t, 1, 7)
	l.badge(t, 0, 7)
	if again := l.readers[0].Count().Opened; again != opened {
		t.Errorf("its neighbour's channel was opened again %d times", again-opened)
	}
}

func TestLineThatIsUnplugged(t *testing.T) {
	l := newRS485(t, 2)
	if err := l.line.Unplug(); err != nil {
		t.Fatal(err)
	}
	for _, r := range l.runs {
		r.next(t, reader.KindDown)
	}
	if err := l.line.Replug(); err != nil {
		t.Fatal(err)
	}
	for unit, r := range l.runs {
		r.next(t, reader.KindUp)
		l.badge(t, unit, 9)
	}
}
