package web

import (
	"context"
	"net/http"
	"sync"
	"time"

	"badged/sync/hub/web/page"
)

// The bounds of the streams on which pages hear that there is something new.
const (
	maxListeners = 512 // of all; others ask again from time to time
	perSession   = 6
	newsPause    = time.Second // between two pieces of news on one stream
	heartbeat    = 20 * time.Second
	longestTalk  = 30 * time.Minute // then the browser begins again, if its session still lasts
)

// news counts who listens.
type news struct {
	mu        sync.Mutex // guards what follows
	all       int
	bySession map[[32]byte]int
}

func newNews() *news { return &news{bySession: make(map[[32]byte]int)} }

// join takes a place; false: there is none.
func (n *news) join(session [32]byte) bool {
	n.mu.Lock()
	defer n.mu.Unlock()
	if n.all >= maxListeners || n.bySession[session] >= perSession {
		return false
	}
	n.all++
	n.bySession[session]++
	return true
}

func (n *news) leave(session [32]byte) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.all--
	if n.bySession[session]--; n.bySession[session] == 0 {
		delete(n.bySession, session)
	}
}

// streamNews tells a page, as server-sent events, that something has changed. What it is, the
// page fetches with the rights of its person: the stream carries nothing.
func (s *server) streamNews(w http.ResponseWriter, h *http.Request) {
	a, err := s.asked(h)
	if err != nil || page.Decide(page.SignedIn, a.Person) != page.Allowed {
		http.Error(w, "log in first", http.StatusForbidden)
		return
	}
	session := a.Person.Session.Hash
	if !s.news.join(session) {
		w.Header().Set("Retry-After", "10")
		http.Error(w, "too many pages are open", http.StatusServiceUnavailable)
		return
	}
	defer s.news.leave(session)
	w.Header().Set("Content-Type", "text/event-stream; charset=utf-8")
	ctx, cancel := context.WithTimeout(h.Context(), longestTalk)
	defer cancel()
	st := stream{w, http.NewResponseController(w)}
	_ = st.rc.SetReadDeadline(time.Time{}) // a connection without deadlines has none to lift
	if st.send("retry: 5000\n\n") == nil {
		s.follow(ctx, st)
	}
}

// follow sends a line for each change until the stream is over. It listens for the next
// change before it tells of one, so that none falls between.
func (s *server) follow(ctx context.Context, st stream) {
	beat := time.NewTicker(heartbeat)
	defer beat.Stop()
	changed := s.Changed()
	for {
		select {
		case <-ctx.Done():
			return
		case <-s.ended:
			return
		case <-beat.C:
			if st.send(": still here\n\n") != nil {
				return
			}
		case <-changed:
			changed = s.Changed()
			if st.send("event: news\ndata: \n\n") != nil || !s.rest(ctx) {
				return
			}
		}
	}
}

// rest lets a busy site's changes come together; false: the stream is over.
func (s *server) rest(ctx context.Context) bool {
	t := time.NewTimer(newsPause)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-s.ended:
		return false
	case <-t.C:
		return true
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
