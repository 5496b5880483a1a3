package kiosk

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"badged/enroll"
)

const (
	maxClients   = 16 // of one point, that listen at the same time
	heartbeat    = 15 * time.Second
	writeTimeout = 10 * time.Second
)

// point is what the site itself remembers of a print point: no data of people.
type point struct {
	name string

	mu        sync.Mutex // guards all below
	listeners int
}

// listen takes one of the point's places; false: all are taken.
func (p *point) listen() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.listeners >= maxClients {
		return false
	}
	p.listeners++
	return true
}

func (p *point) leave() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.listeners--
}

// news is what a page is told: whether it is still right, and how long the session
// still has. It carries nothing of the account.
type news struct {
	Version string `json:"v"`
	Left    int64  `json:"left"` // milliseconds; negative: no end
}

func (k *Kiosk) newsOf(p *point) news {
	s, _ := k.panel.Screen(p.name)
	return news{k.version(s, k.held(p, s.Session).Rev), left(s)}
}

// version differs whenever a page would look different, and for every refusal, so
// that the second of two equal ones is said too. It stays while only the end of the
// session moves: nothing is exchanged under a finger that is pressing a button.
func (k *Kiosk) version(s enroll.Screen, held uint64) string {
	if s.Session != "" || s.Notice == enroll.ReasonNone {
		s.Rev = 0
	}
	s.Ends = time.Time{}
	sum := sha256.Sum256(fmt.Appendf(nil, "%s %d %+v", k.boot, held, s))
	return hex.EncodeToString(sum[:8])
}

// touch tells the panel that somebody is there, and waits for the session's new end.
func (k *Kiosk) touch(ctx context.Context, p *point, session string) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	changed, stop := k.panel.Watch(p.name)
	defer stop()
	before, _ := k.panel.Screen(p.name)
	k.panel.Touch(p.name, session)
	for {
		s, _ := k.panel.Screen(p.name)
		if s.Session != session || !s.Ends.Equal(before.Ends) {
			return
		}
		select {
		case <-ctx.Done():
			return
		case <-changed:
		}
	}
}

func left(s enroll.Screen) int64 {
	if s.Session == "" || s.Ends.IsZero() {
		return -1
	}
	return max(0, time.Until(s.Ends).Milliseconds())
}

// events is the stream that a page listens to. It ends with the request, with the
// server, or when the browser stops reading.
func (k *Kiosk) events(w http.ResponseWriter, r *http.Request) {
	p := k.points[r.PathValue("point")]
	if p == nil || r.Method != http.MethodGet {
		k.fail(w, http.StatusNotFound)
		return
	}
	if !p.listen() {
		w.Header().Set("Retry-After", "5")
		http.Error(w, "too many pages of this panel are open", http.StatusServiceUnavailable)
		return
	}
	defer p.leave()
	changed, stop := k.panel.Watch(p.name)
	defer stop()
	printed, stopPrinted := k.printing.Watch(p.name)
	defer stopPrinted()
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	st := stream{w, http.NewResponseController(w)}
	if st.send("retry: 1000\n\n") == nil {
		k.follow(r.Context(), p, st, changed, printed)
	}
}

func (k *Kiosk) follow(ctx context.Context, p *point, st stream, changed, printed <-chan struct{}) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	for {
		b, _ := json.Marshal(k.newsOf(p)) // cannot fail: a string and a number
		if st.send("event: screen\ndata: "+string(b)+"\n\n") != nil {
			return
		}
		if !st.wait(ctx, beat.C, changed, printed) {
			return
		}
	}
}

// wait returns true when there may be news, false when the stream is over.
func (s stream) wait(ctx context.Context, beat <-chan time.Time, changed, printed <-chan struct{}) bool {
	for {
		select {
		case <-ctx.Done():
			return false
		case _, ok := <-changed:
			return ok
		case _, ok := <-printed:
			return ok
		case <-beat:
			if s.send(": still here\n\n") != nil {
				return false
			}
		}
	}
}

// stream writes and flushes, with a deadline for each write.
type stream struct {
	w  http.ResponseWriter
	rc *http.ResponseController
}

func (s stream) send(text string) error {
	_ = s.rc.SetWriteDeadline(time.Now().Add(writeTimeout)) // a writer without deadlines has none to extend
	if _, err := s.w.Write([]byte(text)); err != nil {
		return err
	}
	return s.rc.Flush()
}
