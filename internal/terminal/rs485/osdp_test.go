package rs485

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/keyfile"
	"badged/internal/rig/sim"
	"badged/internal/secret"
	"badged/reader"
	"badged/reader/osdp"
	"badged/reader/protocols"
)

// osdpBox is a terminal of which only the OSDP readers run.
type osdpBox struct {
	Lines
	t   *testing.T
	log bytes.Buffer
}

// patience is how long a condition may take to come true.
const patience = 2 * time.Minute

// newOSDPBox makes one whose reader "hall" has the address 3 and these options.
func newOSDPBox(t *testing.T, dir string, options ...string) *osdpBox {
	t.Helper()
	b := &osdpBox{t: t}
	b.Lines = Lines{
		All:  []*Line{newLine(t, filepath.Join(dir, "line"), "hall", append(options, "address", "3")...)},
		Keys: keyfile.New(filepath.Join(dir, "osdp")), Health: &health.Register{}, Log: slog.New(slog.NewTextHandler(&b.log, nil)),
	}
	return b
}

// newLine makes a line with one reader. Options are names and values.
func newLine(t *testing.T, path, name string, options ...string) *Line {
	t.Helper()
	set := map[string]string{}
	for i := 0; i < len(options); i += 2 {
		set[options[i]] = options[i+1]
	}
	unit, keyFile, err := protocols.OSDPUnit(set)
	if err != nil {
		t.Fatal(err)
	}
	l := &Line{Path: path, Baud: 9600}
	if err := l.Add(Reader{Name: name, Unit: unit, KeyFile: keyFile}); err != nil {
		t.Fatal(err)
	}
	l.Sources()
	return l
}

// run opens the line; stop is the end of the terminal.
func (b *osdpBox) run() (stop func()) {
	b.LoadKeys()
	ctx, cancel := context.WithCancel(b.t.Context())
	var wg sync.WaitGroup
	quiet := slog.New(slog.NewTextHandler(io.Discard, nil))
	src := b.findReader("hall").line
	wg.Go(func() { reader.Supervise(ctx, src.port, func(reader.Event) {}, func(error) {}, quiet) })
	wg.Go(func() { _ = b.ConfirmKeys(ctx) })
	stop = sync.OnceFunc(func() { cancel(); wg.Wait() })
	b.t.Cleanup(stop)
	return stop
}

// commission asks for a key, and gives the last step.
func (b *osdpBox) commission(d time.Duration) (last ctl.CommissionStep, err error) {
	err = b.Commission(b.t.Context(), "hall", d, false, func(s ctl.CommissionStep) { last = s }, func() {})
	return last, err
}

// commissionUntilItSays asks for a key within a time that ends, and gives the last step. On a
// busy machine the time may end before the reader was heard: it is longer the next time.
func (b *osdpBox) commissionUntilItSays(text string) (last ctl.CommissionStep, err error) {
	for d := 1500 * time.Millisecond; d < patience; d *= 2 {
		last, err = b.commission(d)
		if strings.Contains(last.Text, text) || !strings.Contains(last.Text, "did not answer") {
			break
		}
	}
	return last, err
}

// onDisk is the number of keys of the reader that are on disk, and whether some wait.
func (b *osdpBox) onDisk() (n int, waits bool) {
	keys, err := b.Keys.Load("hall")
	if err != nil {
		b.t.Fatal(err)
	}
	return len(keys), b.Keys.Waits("hall")
}

func plugReader(t *testing.T, dir string, cfg sim.OSDPConfig) *sim.OSDPReader {
	t.Helper()
	cfg.Address = 3
	r, err := sim.NewOSDPReader(cfg)
	if err != nil {
		t.Fatal(err)
	}
	bus, err := sim.NewOSDPBus(filepath.Join(dir, "line"), r)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = bus.Close() })
	return r
}

// foreignKey is one that the terminal does not know.
var foreignKey = []byte("\x9c\x1f\x02\xe8\x55\xb7\x40\x3d\xd6\x11\x8a\xfe\x27\x63\x90\xcb")

// What can go wrong is said, with what to do, when the time is over; and a key that the
// reader was never sent does not stay on disk.
func TestCommissionFails(t *testing.T) {
	tests := []struct {
		name     string
		cfg      sim.OSDPConfig
		fault    func(*sim.OSDPReader)
		text, do string
	}{
		{"not in install mode", sim.OSDPConfig{Key: foreignKey}, nil, "is not in install mode", "clear its key"},
		{"no answer", sim.OSDPConfig{}, func(r *sim.OSDPReader) { r.Fail(sim.OSDPDeaf, -1) }, "did not answer", "options.address"},
		{"no secure channel", sim.OSDPConfig{}, func(r *sim.OSDPReader) { r.Fail(sim.OSDPDowngrade, -1) }, "does not offer the secure channel", "firmware"},
		{"none, though it claims one", sim.OSDPConfig{}, func(r *sim.OSDPReader) { r.Fail(sim.OSDPNoChannel, -1) }, "does not offer the secure channel", "firmware"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			r := plugReader(t, dir, tt.cfg)
			if tt.fault != nil {
				tt.fault(r)
			}
			b := newOSDPBox(t, dir)
			b.run()
			last, err := b.commissionUntilItSays(tt.text)
			if err != nil || last.Step != ctl.StepFailed || !strings.Contains(last.Text, tt.text) || !strings.Contains(last.Do, tt.do) {
				t.Errorf("got %+v, %v", last, err)
			}
			if n, _ := b.onDisk(); n != 0 || r.Count().KeySets != 0 {
				t.Errorf("%d keys are on disk, the reader took %d", n, r.Count().KeySets)
			}
		})
	}
}

func TestCommissionIsRefused(t *testing.T) {
	dir := t.TempDir()
	keyFile := filepath.Join(dir, "key")
	if err := os.WriteFile(keyFile, fmt.Appendf(nil, "%x\n", foreignKey), 0o600); err != nil {
		t.Fatal(err)
	}
	b := newOSDPBox(t, dir, "key_file", keyFile)
	for name, want := range map[string]string{"hall": "comes from " + keyFile, "desk": "only osdp has keys"} {
		err := b.Commission(t.Context(), name, time.Minute, false, nil, nil)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// A power cut after the reader took its key, and before the terminal knew, loses
// nothing: at the next start the reader shows which key it has.
func TestPowerCutWhileAKeyIsSet(t *testing.T) {
	dir := t.TempDir()
	r := plugReader(t, dir, sim.OSDPConfig{Key: foreignKey})
	b := newOSDPBox(t, dir)
	keys := b.Keys
	for _, text := range []string{fmt.Sprintf("%x", foreignKey), "0f3b6e8d44a1c2975be07719d3f8a62c"} {
		if err := keys.Stage("hall", secret.New(text)); err != nil {
			t.Fatal(err)
		}
	}
	b.run()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	if err := b.ConfirmKeys(ctx); err != nil || ctx.Err() != nil {
		t.Fatalf("the key was not settled: %v", err)
	}
	if n, waits := b.onDisk(); n != 1 || waits || !r.Secure() {
		t.Errorf("%d keys on disk, some wait: %v", n, waits)
	}
}

// A key file that cannot be read keeps its reader offline, and health says why.
func TestBadKeyFile(t *testing.T) {
	for name, text := range map[string]string{"no key": "xyz", "weak": "000102030405060708090a0b0c0d0e0f", "empty": ""} {
		dir := t.TempDir()
		b := newOSDPBox(t, dir)
		path := filepath.Join(dir, "osdp", "hall.key")
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b.LoadKeys()
		items := b.Health.Snapshot()
		if len(items) != 1 || items[0].State != health.Fail || (text != "" && strings.Contains(items[0].Text, text)) {
			t.Errorf("%s: %+v", name, items)
		}
	}
}

// A reader that speaks in the clear is the operator's choice, and seen to be.
func TestClearTextShowsInHealth(t *testing.T) {
	b := newOSDPBox(t, t.TempDir(), "secure", "off")
	b.LoadKeys()
	items := b.Health.Snapshot()
	if len(items) != 1 || items[0].State != health.Warn || !strings.Contains(items[0].Do, "osdp commission hall") {
		t.Errorf("%+v", items)
	}
}

// A reader that has a key was commissioned: nobody speaks to it in the clear, and health
// says what to take out, the option or the key.
func TestClearTextBesideAKey(t *testing.T) {
	for name, text := range map[string]string{"a key": fmt.Sprintf("%x\n", foreignKey), "an unreadable one": "xyz"} {
		dir := t.TempDir()
		r := plugReader(t, dir, sim.OSDPConfig{})
		b := newOSDPBox(t, dir, "secure", "off")
		if err := os.Mkdir(filepath.Join(dir, "osdp"), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, "osdp", "hall.key"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b.LoadKeys()
		items := b.Health.Snapshot()
		if len(items) != 1 || items[0].State != health.Fail || !strings.Contains(items[0].Do, "take the option out") || !strings.Contains(items[0].Do, filepath.Join(dir, "osdp")) {
			t.Errorf("%s: %+v", name, items)
		}
		host := b.findReader("hall").line.host
		host.Open(time.Now())
		if s, _ := host.Status(3); s.ClearText || host.Send(time.Now()) != nil || r.Count().Commands > 0 {
			t.Errorf("%s: it is spoken to: %+v", name, s)
		}
	}
}

// Two readers with one key could answer for each other, on whatever lines they are.
func TestOneKeyForTwoReaders(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "key")
	if err := os.WriteFile(path, fmt.Appendf(nil, "%x\n", foreignKey), 0o600); err != nil {
		t.Fatal(err)
	}
	ls := Lines{
		All:  []*Line{newLine(t, "/dev/a", "a", "key_file", path), newLine(t, "/dev/b", "b", "key_file", path)},
		Keys: keyfile.New(filepath.Join(dir, "osdp")), Health: &health.Register{},
	}
	ls.LoadKeys()
	items := ls.Health.Snapshot()
	if len(items) != 1 || items[0].State != health.Fail || !strings.Contains(items[0].Text, "readers a and b have the same key") {
		t.Errorf("%+v", items)
	}
	host := ls.findReader("b").line.host
	host.Open(time.Now())
	if host.Send(time.Now()) != nil || host.Silence() != 0 {
		t.Error("the second one is spoken to")
	}
}

// A disturbed line is a warning in status with what to do, and no more; a good one is
// none (issue 7, 2.12 c).
func TestADisturbedLineIsTold(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	r, err := sim.NewOSDPReader(sim.OSDPConfig{Address: 3, Key: foreignKey})
	if err != nil {
		t.Fatal(err)
	}
	bus, err := sim.NewOSDPBus(filepath.Join(dir, "line"), r)
	if err != nil {
		t.Fatal(err)
	}
	defer bus.Close()
	b := newOSDPBox(t, dir)
	if err := b.Keys.Stage("hall", secret.New(fmt.Sprintf("%x", foreignKey))); err != nil {
		t.Fatal(err)
	}
	b.run()
	ctx, cancel := context.WithCancel(t.Context())
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { b.WatchNoise(ctx, 3*time.Second) })
	await := func(state health.State, text string) {
		t.Helper()
		late := time.After(patience)
		for {
			changed := b.Health.Changed()
			for _, it := range b.Health.Snapshot() {
				if it.Name == "noise at reader hall" && it.State == state && strings.Contains(it.Text, text) {
					return
				}
			}
			select {
			case <-changed:
			case <-late:
				t.Fatalf("health: %+v", b.Health.Snapshot())
			}
		}
	}
	await(health.OK, "")
	bus.Lose(0.005, 1)
	await(health.Warn, "commands had to be sent again")
	bus.Lose(0, 1)
	await(health.OK, "")
}

func TestALineIsDisturbedFromThreePercentOn(t *testing.T) {
	before := osdp.Line{Sent: 1000, Repeated: 500}
	for after, want := range map[osdp.Line]health.State{
		{Sent: 1000, Repeated: 500}: health.OK, {Sent: 2000, Repeated: 530}: health.OK, {Sent: 2000, Repeated: 531}: health.Warn,
		{Sent: 1019, Repeated: 519}: health.OK, // too few to say
	} {
		if it := describeLine("hall", before, after); it.State != want || (it.Do == "") != (want == health.OK) {
			t.Errorf("%+v: %+v", after, it)
		}
	}
}

// A key that a reader was sent before a power cut, and never showed to have, does not keep
// it from its first key: a second attempt works at once (issue 7, 2.12 e).
func TestASecondAttemptAfterAPowerCut(t *testing.T) {
	dir := t.TempDir()
	r := plugReader(t, dir, sim.OSDPConfig{})
	b := newOSDPBox(t, dir)
	if err := b.Keys.Stage("hall", secret.New("0f3b6e8d44a1c2975be07719d3f8a62c")); err != nil {
		t.Fatal(err)
	}
	b.run()
	var last ctl.CommissionStep
	c := commissioning{
		Reader: b.findReader("hall"), keys: b.Keys, log: b.Log, keyed: func() {},
		Commission: osdp.Commission{Until: time.Now().Add(patience)}, tell: func(s ctl.CommissionStep) { last = s },
	}
	if err := c.openTimeBox(t.Context()); err != nil {
		t.Fatal(err)
	}
	if c.followStages(t.Context()); last.Step != ctl.StepSecured || r.Count().KeySets != 1 {
		t.Errorf("got %+v, the reader took %d keys", last, r.Count().KeySets)
	}
}
