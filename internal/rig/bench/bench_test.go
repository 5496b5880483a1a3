package bench

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/enroll/store"
	"badged/reader/protocols"
	"badged/sync/hub/fleet"
	"badged/sync/hub/store/sqlite"
)

// TestMain is the yardstick too, when it is started as one.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == "echo" {
		if err := Echo(context.Background(), os.Args[2:]); err != nil {
			println(err.Error())
			os.Exit(1)
		}
		return
	}
	os.Exit(m.Run())
}

// TestMeasurements runs both measurements, small, with the real agent. What they find
// is not judged here: that is for a machine that does nothing else.
func TestMeasurements(t *testing.T) {
	bin := filepath.Join(t.TempDir(), "badged")
	cmd := exec.Command("go", "build", "-o", bin, "badged/cmd/badged")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build the agent: %v\n%s", err, out)
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	rows, err := Path{Badged: bin, Echo: []string{self, "echo"}, Cards: 500, Swipes: 20}.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	more, err := Size{Badged: bin, Cards: 500, Swipes: 1000}.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	rows = append(rows, more...)
	names := []string{"path_p50", "path_p99", "path_line_p50", "start_500", "start_reads_500", "rss_500", "rss_peak_500", "rss_used_500"}
	for i, name := range names {
		r := rows[i]
		if r.Name != name || r.What == "" || r.Value <= 0 || r.Budget <= 0 || r.Yardstick != 0 && r.Ratio != r.Value/r.Yardstick {
			t.Errorf("row %d is %+v", i, r)
		}
	}
}

// What the hub is given arrives: each event is in its store, once.
func TestIngestIsDurable(t *testing.T) {
	dir := t.TempDir()
	s, err := startIngest(t.Context(), dir, 3)
	if err != nil {
		t.Fatal(err)
	}
	for _, x := range s.senders {
		if err := x.prepare(7); err != nil {
			t.Fatal(err)
		}
	}
	if err := errors.Join(s.play(t.Context(), s.senders[1:]), s.one(t.Context(), s.senders[0]), s.stop()); err != nil {
		t.Fatal(err)
	}
	db, err := sqlite.Open(t.Context(), filepath.Join(dir, "hub.db"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close()
	err = db.Read(t.Context(), func(tx fleet.Tx) error {
		page, err := fleet.EventsAfter(tx, 0, 1000)
		if len(page) != (2*7+1)*frameEvents {
			t.Errorf("the hub has %d events", len(page))
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func TestIngestRows(t *testing.T) {
	rows, err := Ingest{Events: 640}.Measure(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, r := range rows {
		names = append(names, r.Name)
		if r.What == "" || r.Value <= 0 || r.Budget <= 0 || r.Yardstick != 0 && r.Ratio != r.Value/r.Yardstick {
			t.Errorf("row %+v", r)
		}
	}
	if want := []string{"ingest_1", "ingest_32", "ingest_200", "ingest_1_rows", "ingest_32_rows", "ingest_200_rows", "ingest_ack"}; !slices.Equal(names, want) {
		t.Errorf("the rows are %v", names)
	}
}

// TestWho runs the measurement of who may use a door, small: what it finds is judged by make
// bench.
func TestWho(t *testing.T) {
	c, err := openCrowd(t.Context(), t.TempDir(), "hub.db")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.importN(t.Context(), 120); err != nil {
		t.Fatal(err)
	}
	if err := c.openDoor(t.Context(), "Members", 5); err != nil {
		t.Fatal(err)
	}
	rows, err := c.whoRows(t.Context(), 6)
	if err != nil || len(rows) != 2 {
		t.Fatalf("%d rows, %v", len(rows), err)
	}
	for i, name := range []string{"who_page", "who_try"} {
		if r := rows[i]; r.Name != name || r.What == "" || r.Value <= 0 || r.Budget <= 0 {
			t.Errorf("row %d is %+v", i, r)
		}
	}
}

func TestQuantile(t *testing.T) {
	var hundred []time.Duration
	for i := range 100 {
		hundred = append(hundred, time.Duration(100-i))
	}
	for _, tt := range []struct {
		times []time.Duration
		q     float64
		want  time.Duration
	}{{hundred, 0.5, 50}, {hundred, 0.99, 99}, {hundred, 1, 100}, {[]time.Duration{7}, 0.5, 7}, {[]time.Duration{1, 9}, 0.99, 9}} {
		if got := quantile(tt.times, tt.q); got != tt.want {
			t.Errorf("the %v quantile of %d times is %d, want %d", tt.q, len(tt.times), got, tt.want)
		}
	}
}

func TestMedianIsByRatio(t *testing.T) {
	rows := []Row{against("a", "µs", 30, 10, 1.2), against("b", "µs", 10, 10, 1.2), against("c", "µs", 15, 10, 1.2)}
	if got := median(rows); got.Name != "c" || got.Met || got.Yardstick != 10 {
		t.Errorf("the median is %+v", got)
	}
	if !against("x", "µs", 12, 10, 1.2).Met {
		t.Error("a ratio equal to the budget meets it")
	}
}

// The ends of frames are exact: they are judged here too. Every protocol whose bytes the
// agent decodes is measured.
func TestFrame(t *testing.T) {
	rows, err := Frame()
	if err != nil {
		t.Fatal(err)
	}
	seen := map[string]bool{}
	for _, r := range rows {
		if !r.Met || r.Value <= 0 || r.Unit == "" || r.What == "" || seen[r.Name] {
			t.Errorf("row %+v", r)
		}
		seen[r.Name] = true
	}
	for _, p := range protocols.All() {
		if _, err := protocols.New(p.Name, nil); errors.Is(err, protocols.ErrNoBytes) {
			continue // there is nothing to wait for
		}
		if !slices.ContainsFunc(rows, func(r Row) bool { return strings.HasPrefix(r.Name, "frame_"+p.Name) }) {
			t.Errorf("protocol %s is not measured: add it to families", p.Name)
		}
	}
	again, err := Frame()
	if err != nil || !slices.Equal(rows, again) {
		t.Errorf("another time the figures are others: %v", err)
	}
}

// What a disk counts is only true of the swipes if their events are written.
func TestTheSwipesOfFlashAreWritten(t *testing.T) {
	for _, how := range swipes {
		s, err := store.Open(t.Context(), store.Options{Path: filepath.Join(t.TempDir(), "badged.db")})
		if err != nil {
			t.Fatal(err)
		}
		if err := how.write(t.Context(), s, 3); err != nil {
			t.Errorf("%s: %v", how.name, err)
		}
		want := store.Stats{Outbox: uint64(3 * how.atOnce)}
		if how.acked {
			want = store.Stats{Acked: want.Outbox}
		}
		if got := s.Stats(); got.Outbox != want.Outbox || got.Acked != want.Acked {
			t.Errorf("%s: %d events wait and the hub has %d, want %+v", how.name, got.Outbox, got.Acked, want)
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
}

func TestSectorsWritten(t *testing.T) {
	const stat = "     195        0     3442       11      402      388     6120      291        0      260      302        0        0        0        0\n"
	if got, err := sectorsWritten(stat); err != nil || got != 6120*512 {
		t.Errorf("got %d, %v", got, err)
	}
	for _, stat := range []string{"", "1 2 3 4 5 6", "1 2 3 4 5 6 x"} {
		if got, err := sectorsWritten(stat); err == nil {
			t.Errorf("%q gives %d", stat, got)
		}
	}
}

// A frame that gives no card, or two, is no measurement.
func TestFrameThatGivesNoCard(t *testing.T) {
	for _, text := range []string{"\x0262E3086CED09\x03", "\x0262E3086CED08\x03\x026F007B39725F\x03"} {
		if r, err := onWire("x", "rdm6300", nil, 9600, text).row(); err == nil {
			t.Errorf("row %+v", r)
		}
	}
}
