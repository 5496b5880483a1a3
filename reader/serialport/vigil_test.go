package serialport

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"
	"testing/synctest"
	"time"

	"badged/internal/rig/sim"
	"badged/reader"
	"badged/reader/rdm6300"
)

// watched is an open port behind a link, and another port.
type watched struct {
	link, node, other string
	tty               *os.File
	dev               *sim.Reader
}

func newWatched(t *testing.T) *watched {
	t.Helper()
	w := &watched{link: filepath.Join(t.TempDir(), "rfid")}
	var err error
	if w.dev, err = sim.NewReader(w.link); err != nil {
		t.Fatal(err)
	}
	second, err := sim.NewReader(filepath.Join(t.TempDir(), "second"))
	if err != nil {
		t.Fatal(err)
	}
	if w.node, err = filepath.EvalSymlinks(w.link); err != nil {
		t.Fatal(err)
	}
	if w.other, err = filepath.EvalSymlinks(second.Path()); err != nil {
		t.Fatal(err)
	}
	if w.tty, err = openLocked(w.link); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_, _, _ = w.tty.Close(), w.dev.Close(), second.Close()
	})
	return w
}

// point makes the link lead to target; empty: nowhere.
func (w *watched) point(t *testing.T, target string) {
	t.Helper()
	if err := os.Remove(w.link); err != nil {
		t.Fatal(err)
	}
	if target == "" {
		target = filepath.Join(filepath.Dir(w.link), "nothing")
	}
	if err := os.Symlink(target, w.link); err != nil {
		t.Fatal(err)
	}
}

func TestVigilFindsADeadPortIn5Seconds(t *testing.T) {
	for _, tt := range []struct {
		name string
		die  func(t *testing.T, w *watched)
		want error
	}{
		{"another device", func(t *testing.T, w *watched) { w.point(t, w.other) }, errReplaced},
		{"no device", func(t *testing.T, w *watched) { w.point(t, "") }, os.ErrNotExist},
		{"hung up", func(t *testing.T, w *watched) {
			if err := w.dev.Unplug(); err != nil {
				t.Fatal(err)
			}
		}, errHungUp},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := newWatched(t)
			synctest.Test(t, func(t *testing.T) {
				died := make(chan time.Time, 1)
				time.AfterFunc(time.Hour, func() { tt.die(t, w); died <- time.Now() })
				err := watchIdle(t.Context(), w.link, w.tty)
				if d := time.Since(<-died); !errors.Is(err, tt.want) || d > 5*time.Second {
					t.Errorf("%v after %v", err, d)
				}
			})
		})
	}
}

func TestVigilForgivesALinkThatIsMadeAgain(t *testing.T) {
	w := newWatched(t)
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		for n := range 5 {
			at := time.Duration(n)*10*time.Second + vigilPeriod/2
			time.AfterFunc(at, func() { w.point(t, "") })
			time.AfterFunc(at+vigilPeriod, func() { w.point(t, w.node) })
		}
		if err := watchIdle(ctx, w.link, w.tty); err != nil {
			t.Error(err)
		}
	})
}

func TestPortThatWasExchangedFails(t *testing.T) {
	t.Parallel() // it takes its time
	w := newWatched(t)
	if err := w.tty.Close(); err != nil {
		t.Fatal(err)
	}
	p := New(Config{Name: "hall", Path: w.link}, rdm6300.New(rdm6300.Options{}))
	var kinds []reader.Kind
	err := p.Run(t.Context(), func(e reader.Event) {
		kinds = append(kinds, e.Kind)
		if e.Kind == reader.KindUp {
			w.point(t, w.other)
		}
	})
	var op *reader.OpError
	if !errors.As(err, &op) || !errors.Is(err, errReplaced) || op.Hint == "" || len(kinds) != 2 || kinds[1] != reader.KindDown {
		t.Errorf("%v, %v", kinds, err)
	}
}

// A pseudo-terminal has no modem lines: there is nothing to reset, which is no error.
func TestReset(t *testing.T) {
	w := newWatched(t)
	p := New(Config{Name: "hall", Path: w.link}, nil)
	if err := p.Reset(t.Context()); !errors.Is(err, errBusy) {
		t.Errorf("a port in use: %v", err)
	}
	if err := w.tty.Close(); err != nil {
		t.Fatal(err)
	}
	if err := p.Reset(t.Context()); err != nil {
		t.Error(err)
	}
}
