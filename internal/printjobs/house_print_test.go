//go:build print

package printjobs

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"badged/enroll"
	"badged/internal/cups"
	"badged/internal/health"
	"badged/internal/rig/printserver"
)

// long is how long a busy machine may take for anything.
const long = 2 * time.Minute

// house is a real print server, and two print points with a printer each.
type house struct {
	t        *testing.T
	server   *printserver.Server
	cups     *cups.Client
	service  *Service
	stop     func()
	health   health.Register
	editable bool
	keepFor  time.Duration

	mu       sync.Mutex // guards what follows
	sessions int
	screens  map[string]enroll.Screen
	watchers map[chan struct{}]string
}

var (
	alice = enroll.Account{ID: enroll.AccountID{1}, Kind: enroll.Person, Name: "Alice"}
	bob   = enroll.Account{ID: enroll.AccountID{2}, Kind: enroll.Person, Name: "Bob"}
)

func newHouse(t *testing.T) *house {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), long)
	defer cancel()
	server, err := printserver.New(ctx, t.TempDir(), "hall-mfp", "cellar-mfp")
	if err != nil {
		t.Fatal(err)
	}
	h := &house{
		t: t, server: server, cups: cups.New(server.Socket, server.Account),
		screens: map[string]enroll.Screen{}, watchers: map[chan struct{}]string{},
	}
	t.Cleanup(func() { _ = server.Kill() })
	h.start()
	t.Cleanup(func() { h.stop() })
	return h
}

// startOrder runs the service, as a new agent does.
func (h *house) start() {
	h.service = New(Options{
		Server: h.cups, Socket: h.server.Socket, Queues: []string{printserver.Follow},
		Printers: map[string]string{"hall": "hall-mfp", "cellar": "cellar-mfp"},
		Rules:    OwnerRules{Domains: []string{"CORP", "example.com"}}, Panel: h, Editable: func() bool { return h.editable }, KeepFor: h.keepFor,
		Health: &h.health, Log: slog.New(slog.DiscardHandler),
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func(s *Service) { defer close(ended); s.Run(ctx) }(h.service)
	h.stop = func() { cancel(); <-ended }
}

// Screen implements Panel.
func (h *house) Screen(point string) (enroll.Screen, bool) {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.screens[point], true
}

// Watch implements Panel.
func (h *house) Watch(point string) (<-chan struct{}, func()) {
	h.mu.Lock()
	defer h.mu.Unlock()
	ch := make(chan struct{}, 1)
	h.watchers[ch] = point
	return ch, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		delete(h.watchers, ch)
	}
}

func (h *house) set(point string, s enroll.Screen) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.screens[point] = s
	for ch, at := range h.watchers {
		if at == point {
			select {
			case ch <- struct{}{}:
			default:
			}
		}
	}
}

// login shows a badge at a point.
func (h *house) login(point string, a enroll.Account) (session string) {
	h.mu.Lock()
	h.sessions++
	session = fmt.Sprint("session-", h.sessions)
	h.mu.Unlock()
	h.set(point, enroll.Screen{Session: session, Account: a})
	return session
}

func (h *house) logout(point string) { h.set(point, enroll.Screen{}) }

// send sends a document from a computer.
func (h *house) send(user, title, document string, options ...string) {
	h.t.Helper()
	if err := h.server.Send(h.t.Context(), user, title, document, options...); err != nil {
		h.t.Fatal(err)
	}
}

// until waits for something to be on a panel.
func (h *house) until(point, what string, ok func(Held) bool) Held {
	h.t.Helper()
	changed, stop := h.service.Watch(point)
	defer stop()
	late := time.After(long)
	for {
		held := h.service.Held(point)
		if ok(held) {
			return held
		}
		select {
		case <-changed:
		case <-late:
			h.t.Fatalf("%s: never %s: %+v\n%s", point, what, held, h.server.Log())
		}
	}
}

// sees waits until exactly these documents can be released at a panel.
func (h *house) sees(point string, titles ...string) Held {
	h.t.Helper()
	slices.Sort(titles)
	return h.until(point, strings.Join(titles, ", "), func(held Held) bool {
		var got []string
		for _, j := range held.Jobs {
			if j.CanRelease() {
				got = append(got, j.Title)
			}
		}
		slices.Sort(got)
		return held.State == Listed && slices.Equal(got, titles)
	})
}

// phase waits until a document is that far.
func (h *house) phase(point, title string, p Phase) Held {
	h.t.Helper()
	return h.until(point, fmt.Sprint(title, " in phase ", p), func(held Held) bool {
		return slices.ContainsFunc(held.Jobs, func(j Job) bool { return j.Title == title && j.Phase == p })
	})
}

// printed waits until exactly these documents have come out of a printer.
func (h *house) printed(printer string, documents ...string) {
	h.t.Helper()
	slices.Sort(documents)
	var got []string
	eventually(h.t, func() bool {
		got = h.server.Printed(printer)
		slices.Sort(got)
		return slices.Equal(got, documents)
	}, func() string { return fmt.Sprintf("%s printed %q, want %q", printer, got, documents) })
}

// says waits until health says this of an item; empty: nothing.
func (h *house) says(item, text string) {
	h.t.Helper()
	var seen health.Item
	eventually(h.t, func() bool {
		for _, it := range h.health.Snapshot() {
			if it.Name == item {
				seen = it
				return (text == "") == (it.State == health.OK) && strings.Contains(it.Text, text) && (it.Do != "") == (text != "")
			}
		}
		return false
	}, func() string { return fmt.Sprintf("health says %+v, want %q", seen, text) })
}

func eventually(t *testing.T, ok func() bool, what func() string) {
	t.Helper()
	late := time.After(long)
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for !ok() {
		select {
		case <-again.C:
		case <-late:
			t.Fatal(what())
		}
	}
}

// idOf is the job with a title.
func idOf(t *testing.T, held Held, title string) int {
	t.Helper()
	for _, j := range held.Jobs {
		if j.Title == title {
			return j.ID
		}
	}
	t.Fatalf("no %q in %+v", title, held)
	return 0
}
