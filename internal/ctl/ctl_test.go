package ctl_test

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
	"badged/internal/ownfile"
)

// agent is a scripted agent.
type agent struct {
	mu     sync.Mutex // guards events and reads
	events []ctl.Event
	reads  int
	err    error
	left   chan struct{} // closed when whoever commissions is gone
}

func (a *agent) Status(context.Context) (ctl.Status, error) {
	return ctl.Status{
		Terminal: "t1", Health: []health.Item{{Name: "store", State: health.Fail, Text: "full", Do: "make room"}},
		Readers: []ctl.Reader{{Name: "hall", State: health.Warn}},
	}, a.err
}

func (a *agent) Outbox(context.Context) (ctl.Outbox, error) { return ctl.Outbox{Pending: 3}, a.err }

func (a *agent) Recorded() uint64 {
	a.mu.Lock()
	defer a.mu.Unlock()
	return uint64(len(a.events))
}

func (a *agent) Events(_ context.Context, after uint64, n int) (list []ctl.Event, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.reads++
	for _, ev := range a.events {
		if ev.Order > after {
			list = append(list, ev)
		}
	}
	return list[max(0, len(list)-n):], a.err
}

func (a *agent) add(order uint64) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.events = append(a.events, ctl.Event{Order: order, Kind: "presentation", Outcome: "granted"})
}

func serve(t *testing.T, a *agent) (*ctl.Client, string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "run", "c.sock")
	ln, err := ctl.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- ctl.Serve(ctx, ln, a, slog.New(slog.DiscardHandler)) }()
	t.Cleanup(func() {
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return ctl.NewClient(path), path
}

func TestStatus(t *testing.T) {
	c, path := serve(t, &agent{})
	s, err := c.Status(t.Context())
	if err != nil || s.Terminal != "t1" || s.Worst() != health.Fail || s.Health[0].Do != "make room" {
		t.Errorf("got %+v, %v", s, err)
	}
	if r, err := c.Readers(t.Context()); err != nil || len(r) != 1 || r[0].State != health.Warn {
		t.Errorf("got %+v, %v", r, err)
	}
	if o, err := c.Outbox(t.Context()); err != nil || o.Pending != 3 {
		t.Errorf("got %+v, %v", o, err)
	}
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("got %v, %v", info.Mode(), err)
	}
}

func TestFailure(t *testing.T) {
	c, path := serve(t, &agent{err: errors.New("the store is shut")})
	if _, err := c.Status(t.Context()); err == nil || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "the store is shut") {
		t.Errorf("got %v", err)
	}
	err := c.Events(t.Context(), -1, false, func(ctl.Event) error { return nil })
	if err == nil || !strings.Contains(err.Error(), "want a number from 0 to 1000") {
		t.Errorf("got %v", err)
	}
}

func TestTail(t *testing.T) {
	a := &agent{}
	for i := range uint64(5) {
		a.add(i + 1)
	}
	c, _ := serve(t, a)
	var got []uint64
	keep := func(ev ctl.Event) error { got = append(got, ev.Order); return nil }
	if err := c.Events(t.Context(), 2, false, keep); err != nil || len(got) != 2 || got[1] != 5 {
		t.Errorf("got %v, %v", got, err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	got = nil
	err := c.Events(ctx, 1, true, func(ev ctl.Event) error {
		got = append(got, ev.Order)
		if ev.Order < 8 {
			a.add(ev.Order + 1)
			return nil
		}
		cancel()
		return nil
	})
	if err != nil || len(got) != 4 || got[0] != 5 || got[3] != 8 {
		t.Errorf("got %v, %v", got, err)
	}
}

// Followers of an idle agent cost next to nothing, and there are not too many.
func TestFollowersAreCheap(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		a := &agent{}
		a.add(1)
		h := ctl.Handler(a)
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		follow := func() *httptest.ResponseRecorder {
			w := httptest.NewRecorder()
			h.ServeHTTP(w, httptest.NewRequestWithContext(ctx, "GET", "/v1/events?follow=1", nil))
			return w
		}
		answers := make(chan *httptest.ResponseRecorder, 16)
		for range cap(answers) {
			go func() { answers <- follow() }()
		}
		synctest.Wait()
		if w := follow(); w.Code != http.StatusServiceUnavailable || !strings.Contains(w.Body.String(), "16 already follow") {
			t.Errorf("one too many: %d %s", w.Code, w.Body)
		}
		time.Sleep(time.Minute)
		if a.reads != 16 {
			t.Errorf("the events were read %d times", a.reads)
		}
		a.add(2)
		time.Sleep(time.Second)
		cancel()
		for range cap(answers) {
			if got := (<-answers).Body.String(); strings.Count(got, "\n") != 2 {
				t.Errorf("a follower got %s", got)
			}
		}
		synctest.Wait()
		if w := follow(); w.Code != http.StatusOK {
			t.Errorf("after the others left: %d", w.Code)
		}
	})
}

func TestNobodyAnswers(t *testing.T) {
	_, err := ctl.NewClient(filepath.Join(t.TempDir(), "none")).Status(t.Context())
	if err == nil || !strings.Contains(err.Error(), "is badged running") {
		t.Errorf("got %v", err)
	}
}

func TestListenReplacesOnlyADeadSocket(t *testing.T) {
	_, path := serve(t, &agent{})
	if _, err := ctl.Listen(path); err == nil || !strings.Contains(err.Error(), "another agent answers") {
		t.Errorf("got %v", err)
	}
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, []byte("x"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := ctl.Listen(file); err == nil || !strings.Contains(err.Error(), "no socket") {
		t.Errorf("got %v", err)
	}
}

// Issue 7, 1.3: an agent that may not make the folder of its socket says what root has to do.
func TestAFolderThatTheAgentMayNotMake(t *testing.T) {
	above := t.TempDir()
	if err := os.Chmod(above, 0o500); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(above, "badged", "c.sock")
	ended := make(chan error)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this, and has no rights of root
		if os.Geteuid() == 0 {
			_ = syscall.Setfsuid(65534)
		}
		ended <- ctl.MakeFolder(path)
	}()
	want := "sudo install -d -o badged -g badged -m 0750 " + filepath.Dir(path)
	if err := <-ended; !errors.Is(err, fs.ErrPermission) || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want %s", err, want)
	}
}

// A flood of connections costs the agent a fixed amount, and cuts nobody off who follows.
func TestConnectionsAreBounded(t *testing.T) {
	a := &agent{}
	a.add(1)
	c, path := serve(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	got := make(chan uint64)
	ended := make(chan error, 1)
	go func() {
		ended <- c.Events(ctx, 1, true, func(ev ctl.Event) error { got <- ev.Order; return nil })
	}()
	<-got
	var first net.Conn
	for range 65 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if first == nil {
			first = conn
		}
	}
	if _, err := c.Outbox(ctx); err != nil { // behind them: all were accepted
		t.Fatal(err)
	}
	_ = first.SetReadDeadline(time.Now().Add(2 * time.Second)) // it is closed already; without the bound it is held for 5 s
	if _, err := first.Read(make([]byte, 1)); !errors.Is(err, io.EOF) {
		t.Errorf("the oldest of 65 silent connections is still held: %v", err)
	}
	a.add(2)
	select {
	case order := <-got:
		if order != 2 {
			t.Errorf("the follower gets event %d", order)
		}
	case err := <-ended:
		t.Errorf("the follower was cut off: %v", err)
	}
}

// Issue 7, 6: what a socket says counts only if nobody but the trusted could have put it there.
func TestClientAsksNoAgentThatMayBeSomebodyElses(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "c.sock")
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	_, err = ctl.NewClient(path).Status(t.Context())
	if !errors.Is(err, ownfile.ErrUnsafe) || !strings.Contains(err.Error(), "sudo -u") {
		t.Errorf("got %v", err)
	}
}
