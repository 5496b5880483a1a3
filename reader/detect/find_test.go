package detect_test

import (
	"context"
	"errors"
	"io"
	"path/filepath"
	"testing"
	"time"

	"badged/internal/rig/sim"
	"badged/reader/detect"
	"badged/reader/readertest"
)

// patience is for a machine that is busy.
const patience = 2 * time.Minute

// find looks for the reader at path. Each time it listens, swipe presents a badge; it is told
// the speed.
func find(t *testing.T, path string, wait time.Duration, swipe func(baud int)) (detect.Found, []detect.Step, error) {
	t.Helper()
	ctx, stop := context.WithTimeout(t.Context(), patience)
	defer stop()
	var steps []detect.Step
	f, err := detect.Find(ctx, detect.Config{Path: path, Wait: wait, Tell: func(s detect.Step) {
		steps = append(steps, s)
		if s.Kind == detect.StepListen && swipe != nil {
			swipe(s.Baud)
		}
	}})
	return f, steps, err
}

// port is a virtual port and what plugs it out.
func port[D io.Closer](t *testing.T, plug func(path string) (D, error)) (D, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "port")
	d, err := plug(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close() })
	return d, path
}

// TestFindReadersThatSpeak (issue 7, 2.11): each serial protocol whose reader speaks by itself.
func TestFindReadersThatSpeak(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, swipe, want string }{
		{"rdm6300", "\x0262E3086CED08\x03", "rdm6300: 62E3086CED"},
		{"id12", "\x0262E3086CED08\r\n\x03", "id12: 62E3086CED"},
		{"parallax", "\n62E3086CED\r", "parallax: 62E3086CED"},
		{"stxlen", string(readertest.Serial(t, "newegg-stx-len")[0].Bytes), "stxlen: 06008E6D5D"},
		{"yhy52x", string(readertest.Serial(t, "yhy52x-autoblock")[0].Bytes), "yhy52x: 5EC0E07A"},
		{"twn3", ":112233445501\r\n", "twn3 mode=inditag: 1122334455"},
		{"line", "0008844356\r\n", "line charset=digits: 0008844356"},
		{"asciikeypad", "*4711#", "asciikeypad"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			d, path := port(t, sim.NewLineReader)
			f, _, err := find(t, path, patience, func(int) {
				if err := d.Send([]byte(tt.swipe)); err != nil {
					t.Error(err)
				}
			})
			if got := outline(f.Candidates); err != nil || got != tt.want || f.Baud != 9600 {
				t.Errorf("got %q at %d baud, %v", got, f.Baud, err)
			}
		})
	}
}

// TestFindTheSpeed (issue 7, 2.11): at each wrong speed the swipe is noise, and the next is tried.
func TestFindTheSpeed(t *testing.T) {
	t.Parallel()
	const speed = 2400
	d, path := port(t, sim.NewLineReader)
	f, steps, err := find(t, path, patience, func(baud int) {
		host, err := d.HostBaud()
		if err != nil || host != baud {
			t.Errorf("the port has %d baud, told %d, %v", host, baud, err)
		}
		swipe := []byte("\n62E3086CED\r")
		if host != speed {
			swipe = []byte{0xF8, 0x00, 0x87, 0xFE}
		}
		if err := d.Send(swipe); err != nil {
			t.Error(err)
		}
	})
	if got := outline(f.Candidates); err != nil || got != "parallax: 62E3086CED" || f.Baud != speed {
		t.Errorf("got %q at %d baud, %v", got, f.Baud, err)
	}
	strange := 0
	for _, s := range steps {
		if s.Kind == detect.StepStrange {
			strange++
		}
	}
	if strange != 3 {
		t.Errorf("%d speeds were wrong", strange)
	}
}

// TestFindReadersThatAreAsked (issue 7, 2.11): a reader that is silent until it is asked.
func TestFindReadersThatAreAsked(t *testing.T) {
	t.Parallel()
	t.Run("twn4", func(t *testing.T) {
		t.Parallel()
		_, path := port(t, func(path string) (*sim.TWN4, error) { return sim.NewTWN4(path, true) })
		wantAnswer(t, path, "twn4", 9600)
	})
	t.Run("pn532", func(t *testing.T) {
		t.Parallel()
		_, path := port(t, sim.NewPN532)
		wantAnswer(t, path, "pn532", 115200)
	})
	for _, strict := range []bool{false, true} {
		t.Run("osdp", func(t *testing.T) {
			t.Parallel()
			r, err := sim.NewOSDPReader(sim.OSDPConfig{Strict: strict, Key: make([]byte, 16)})
			if err != nil {
				t.Fatal(err)
			}
			_, path := port(t, func(path string) (*sim.OSDPBus, error) { return sim.NewOSDPBus(path, r) })
			wantAnswer(t, path, "osdp", 0)
		})
	}
}

// wantAnswer finds a reader that must be asked. baud 0 is any: a pseudo-terminal answers at each, and
// which it is depends on how busy the machine is.
func wantAnswer(t *testing.T, path, protocol string, baud int) {
	t.Helper()
	f, _, err := find(t, path, time.Millisecond, nil)
	if got := outline(f.Candidates); err != nil || got != protocol || baud != 0 && f.Baud != baud {
		t.Errorf("got %q at %d baud, %v", got, f.Baud, err)
	}
}

// TestFindNothing: noise at every speed ends the search, with what to do.
func TestFindNothing(t *testing.T) {
	t.Parallel()
	d, path := port(t, sim.NewLineReader)
	_, steps, err := find(t, path, patience, func(int) {
		if err := d.Send([]byte{0xFF, 0x00}); err != nil {
			t.Error(err)
		}
	})
	if !errors.Is(err, detect.ErrStrange) || len(steps) != 2*len(detect.Speeds) {
		t.Errorf("%d steps, %v", len(steps), err)
	}
}

// TestFindEndsWithItsContext: Ctrl-C ends it, and a port that is not there does.
func TestFindEndsWithItsContext(t *testing.T) {
	t.Parallel()
	_, path := port(t, sim.NewLineReader)
	ctx, stop := context.WithCancel(t.Context())
	_, err := detect.Find(ctx, detect.Config{Path: path, Tell: func(detect.Step) { stop() }})
	if !errors.Is(err, context.Canceled) {
		t.Errorf("got %v", err)
	}
	if _, err := detect.Find(t.Context(), detect.Config{Path: path + "-none", Tell: func(detect.Step) {}}); err == nil {
		t.Error("a port that is not there was found")
	}
}
