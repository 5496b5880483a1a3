package ctl

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/user"
	"path/filepath"
	"strconv"
	"time"

	"badged/internal/connlimit"
	"badged/internal/httpserve"
	"badged/internal/unixsock"
)

// Group may use the socket, if the system has it.
const Group = "badged"

// DefaultSocket is where the agent's socket is, unless its configuration says otherwise.
const DefaultSocket = "/run/badged/badged.sock"

// Listen makes the socket at path, for its owner and Group. A socket that a dead
// agent left is replaced; one that answers is not, and no other file.
func Listen(path string) (net.Listener, error) {
	if err := MakeFolder(path); err != nil {
		return nil, err
	}
	ln, err := unixsock.Listen(path)
	if errors.Is(err, unixsock.ErrAnswers) {
		return nil, fmt.Errorf("listen on control socket %s: another agent answers there (stop it, or give this one its own control and state_dir)", path)
	}
	if err != nil {
		return nil, fmt.Errorf("listen on control socket %s: %w", path, err)
	}
	if err := share(path); err != nil {
		_ = ln.Close()
		return nil, err
	}
	return ln, nil
}

// MakeFolder makes the folder of the control socket at path, if it is not there. The
// error says what root has to do when the agent may not.
func MakeFolder(path string) error {
	dir := filepath.Dir(path)
	err := os.MkdirAll(dir, 0o750)
	if errors.Is(err, fs.ErrPermission) {
		return fmt.Errorf("make the folder of control socket %s: %w (systemd makes it for the unit; without systemd: sudo install -d -o %s -g %s -m 0750 %s)",
			path, err, Group, Group, dir)
	}
	if err != nil {
		return fmt.Errorf("make the folder of control socket %s: %w", path, err)
	}
	return nil
}

func share(path string) error {
	if g, err := user.LookupGroup(Group); err == nil {
		gid, err := strconv.Atoi(g.Gid)
		if err == nil {
			_ = os.Chown(path, -1, gid) // only root or a member can: then the owner's group has it
		}
	}
	if err := os.Chmod(path, 0o660); err != nil {
		return fmt.Errorf("share control socket %s: %w", path, err)
	}
	return nil
}

// The bounds of one request for events.
const (
	defaultEvents = 20
	maxEvents     = 1000
)

// followEvery is how often a follower is given what is new.
const followEvery = 100 * time.Millisecond

// maxFollowers is how many may follow at once, maxConns how many connections of others
// are held.
const (
	maxFollowers = 16
	maxConns     = 64
)

// Serve answers on ln until ctx ends. It closes ln.
func Serve(ctx context.Context, ln net.Listener, a Agent, log *slog.Logger) error {
	return httpserve.Run(ctx, ln, httpserve.Server{
		Name: "control socket", Handler: Handler(a), Log: log, Strangers: maxConns, Known: maxFollowers,
	})
}

// Handler answers the requests.
func Handler(a Agent) http.Handler {
	followers := make(chan struct{}, maxFollowers)
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/status", func(w http.ResponseWriter, r *http.Request) {
		s, err := a.Status(r.Context())
		writeAnswer(w, s, err)
	})
	mux.HandleFunc("GET /v1/readers", func(w http.ResponseWriter, r *http.Request) {
		s, err := a.Status(r.Context())
		writeAnswer(w, s.Readers, err)
	})
	mux.HandleFunc("GET /v1/outbox", func(w http.ResponseWriter, r *http.Request) {
		o, err := a.Outbox(r.Context())
		writeAnswer(w, o, err)
	})
	mux.HandleFunc("POST /v1/readers/{name}/commission", func(w http.ResponseWriter, r *http.Request) { commission(w, r, a) })
	mux.HandleFunc("GET /v1/events", func(w http.ResponseWriter, r *http.Request) { events(w, r, a, followers) })
	return mux
}

// problem is the body of every answer that is not 200.
type problem struct {
	Error string `json:"error"`
}

func writeAnswer(w http.ResponseWriter, v any, err error) {
	if err != nil {
		refuse(w, http.StatusInternalServerError, err)
		return
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(v) // whoever asked is gone
}

func refuse(w http.ResponseWriter, status int, err error) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(problem{err.Error()}) // whoever asked is gone
}

// errFollowers is the answer to a follower too many.
var errFollowers = fmt.Errorf("%d already follow the events: end one of them", maxFollowers)

func events(w http.ResponseWriter, r *http.Request, a Agent, followers chan struct{}) {
	n, after, follow, err := eventsQuery(r)
	if err != nil {
		refuse(w, http.StatusBadRequest, err)
		return
	}
	if follow {
		select {
		case followers <- struct{}{}:
			defer func() { <-followers }()
			connlimit.Know(r.Context())
		default:
			refuse(w, http.StatusServiceUnavailable, errFollowers)
			return
		}
	}
	seen := a.Recorded()
	list, err := a.Events(r.Context(), after, max(n, 1)) // with n=0, where to go on from
	if err != nil {
		writeAnswer(w, nil, err)
		return
	}
	w.Header().Set("Content-Type", "application/x-ndjson")
	out := &lines{w: w, enc: json.NewEncoder(w), last: after}
	if len(list) > 0 {
		out.last = list[len(list)-1].Order
	}
	out.write(list[:min(n, len(list))])
	if follow {
		out.follow(r.Context(), a, seen)
	}
}

func eventsQuery(r *http.Request) (n int, after uint64, follow bool, err error) {
	q := r.URL.Query()
	n = defaultEvents
	if s := q.Get("n"); s != "" {
		if n, err = strconv.Atoi(s); err != nil || n < 0 || n > maxEvents {
			return 0, 0, false, fmt.Errorf("n=%.20s: want a number from 0 to %d", s, maxEvents)
		}
	}
	if s := q.Get("after"); s != "" {
		if after, err = strconv.ParseUint(s, 10, 64); err != nil {
			return 0, 0, false, fmt.Errorf("after=%.20s: want the order of an event", s)
		}
	}
	return n, after, q.Get("follow") == "1", nil
}

// lines writes events and remembers the last.
type lines struct {
	w    http.ResponseWriter
	enc  *json.Encoder
	last uint64
	err  error
}

func (l *lines) write(list []Event) {
	for _, ev := range list {
		if l.err == nil {
			l.err = l.enc.Encode(ev)
		}
		l.last = max(l.last, ev.Order)
	}
	if f, ok := l.w.(http.Flusher); ok {
		f.Flush()
	}
}

// follow writes what comes after the agent had recorded so many, until the reader is
// gone.
func (l *lines) follow(ctx context.Context, a Agent, seen uint64) {
	tick := time.NewTicker(followEvery)
	defer tick.Stop()
	for l.err == nil {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		now := a.Recorded()
		if now == seen {
			continue
		}
		seen = now
		list, err := a.Events(ctx, l.last, maxEvents)
		if err != nil {
			return
		}
		if len(list) > 0 {
			l.write(list)
		}
	}
}
