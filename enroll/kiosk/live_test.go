package kiosk

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"badged/enroll"
)

// recorder is a response that can be read while it is being written.
type recorder struct {
	mu   sync.Mutex // guards buf
	buf  bytes.Buffer
	head http.Header
	code int
}

func newRecorder() *recorder { return &recorder{head: http.Header{}, code: http.StatusOK} }

func (r *recorder) Header() http.Header  { return r.head }
func (r *recorder) WriteHeader(code int) { r.code = code }
func (r *recorder) Flush()               {}

func (r *recorder) Write(p []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.Write(p)
}

func (r *recorder) body() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.buf.String()
}

// take is what was written since the last take.
func (r *recorder) take() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	defer r.buf.Reset()
	return r.buf.String()
}

// listenTo opens the stream of events in a bubble of synctest.
func listenTo(t *testing.T, k *Kiosk) *recorder {
	ctx, cancel := context.WithCancel(context.Background())
	t.Cleanup(cancel)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://127.0.0.1:8631/p/hall/events", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.AddCookie(&http.Cookie{Name: "badged_8631", Value: k.guard.token})
	w := newRecorder()
	go k.Handler().ServeHTTP(w, r)
	synctest.Wait()
	return w
}

func newsIn(t *testing.T, text string) news {
	t.Helper()
	_, data, _ := strings.Cut(text, "event: screen\ndata: ")
	data, _, ok := strings.Cut(data, "\n\n")
	if !ok {
		t.Fatalf("no event in %q", text)
	}
	var n news
	if err := json.Unmarshal([]byte(data), &n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestEventsTellOfEveryChange(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		k := New(Options{Panel: d, Points: []string{"hall"}})
		w := listenTo(t, k)
		first := newsIn(t, w.take())
		if first.Left != -1 {
			t.Errorf("an idle panel ends in %d ms", first.Left)
		}
		d.swipe(enroll.Account{Name: "Ada Lovelace", Number: 1})
		synctest.Wait()
		text := w.take()
		second := newsIn(t, text)
		if second.Version == first.Version || second.Left != 60000 {
			t.Errorf("after a swipe: %+v", second)
		}
		if strings.Contains(text, "Ada") || strings.Contains(text, "session-") {
			t.Error("the stream carries what is the account's")
		}
		time.Sleep(2 * time.Second)
		d.Touch("hall", "session-1")
		synctest.Wait()
		if n := newsIn(t, w.take()); n.Version != second.Version || n.Left != 60000 {
			t.Errorf("after a touch: %+v", n)
		}
		d.leave()
		synctest.Wait()
		if n := newsIn(t, w.take()); n.Version == second.Version || n.Left != -1 {
			t.Errorf("after leaving: %+v", n)
		}
	})
}

func TestEventsBeat(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		w := listenTo(t, New(Options{Panel: newDesk(), Points: []string{"hall"}}))
		w.take()
		time.Sleep(3*heartbeat + time.Second)
		if got := w.take(); got != strings.Repeat(": still here\n\n", 3) {
			t.Errorf("in three beats: %q", got)
		}
	})
}

func TestEventsTellOfAnotherLanguage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		w := listenTo(t, New(Options{Panel: d, Points: []string{"hall"}}))
		french := newsIn(t, w.take()).Version
		for _, lang := range []string{"en", "fr"} {
			d.SetLang("hall", lang)
			synctest.Wait()
			if got := newsIn(t, w.take()).Version; (got == french) != (lang == "fr") {
				t.Errorf("%s: the page is not told of its new language", lang)
			}
		}
	})
}

func TestEventsAreBounded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		k := New(Options{Panel: d, Points: []string{"hall"}})
		for range maxClients {
			listenTo(t, k)
		}
		w := listenTo(t, k)
		if w.code != http.StatusServiceUnavailable || w.head.Get("Retry-After") == "" {
			t.Errorf("page %d: status %d", maxClients+1, w.code)
		}
		if got := d.watching(); got != maxClients {
			t.Errorf("%d streams watch, want %d", got, maxClients)
		}
	})
}

func TestEventsGiveTheirPlaceBack(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	for range 3 * maxClients {
		ctx, cancel := context.WithCancel(t.Context())
		res, err := v.client.Do(v.request(http.MethodGet, "/p/hall/events", nil).WithContext(ctx))
		if err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(res.Body).ReadString('\n')
		if err != nil || res.StatusCode != http.StatusOK || line != "retry: 1000\n" {
			t.Fatalf("status %d, %q, %v", res.StatusCode, line, err)
		}
		cancel()
		res.Body.Close()
		for d.watching() > maxClients/2 && t.Context().Err() == nil {
			time.Sleep(time.Millisecond)
		}
	}
}

func TestEventsEndWithThePanel(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := newDesk()
		k := New(Options{Panel: d, Points: []string{"hall"}})
		listenTo(t, k)
		d.mu.Lock()
		for ch := range d.watchers {
			close(ch)
		}
		d.mu.Unlock()
		synctest.Wait()
		if d.watching() != 0 {
			t.Error("a stream goes on without a panel")
		}
	})
}
