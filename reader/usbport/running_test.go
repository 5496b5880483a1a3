package usbport

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"badged/reader"
)

// until waits for something to be so.
func until(t *testing.T, what string, so func() bool) {
	t.Helper()
	for deadline := time.Now().Add(2 * time.Minute); !so(); time.Sleep(time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("never: %s", what)
		}
	}
}

// running is a source on its way.
type running struct {
	t      *testing.T
	events chan reader.Event
	ended  chan error
	stop   context.CancelFunc
}

func start(t *testing.T, src reader.Source) *running {
	t.Helper()
	ctx, stop := context.WithCancel(context.Background())
	r := &running{t, make(chan reader.Event, 1000), make(chan error, 1), stop}
	go func() {
		r.ended <- src.Run(ctx, func(e reader.Event) { r.events <- e })
		close(r.ended)
	}()
	t.Cleanup(func() {
		stop()
		<-r.ended
	})
	return r
}

func (r *running) next(want reader.Kind) reader.Event {
	r.t.Helper()
	select {
	case e := <-r.events:
		if e.Kind != want {
			r.t.Fatalf("event %s %s, want %s", e.Kind, e.Why, want)
		}
		return e
	case <-time.After(2 * time.Minute):
		r.t.Fatalf("no event %s", want)
	}
	return reader.Event{}
}

func (r *running) end() error {
	r.t.Helper()
	select {
	case err := <-r.ended:
		return err
	case <-time.After(2 * time.Minute):
		r.t.Fatal("Run did not return")
		return nil
	}
}

// endsWith wants Run to have failed with a text in its error, and an attempt and a hint.
func (r *running) endsWith(texts ...string) {
	r.t.Helper()
	err := r.end()
	var op *reader.OpError
	if !errors.As(err, &op) || op.Device == "" || op.Hint == "" {
		r.t.Fatalf("Run gave %v", err)
	}
	for _, text := range texts {
		if !strings.Contains(err.Error(), text) {
			r.t.Errorf("Run gave %v, want %q", err, text)
		}
	}
}
