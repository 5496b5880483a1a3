package httpserve_test

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"badged/internal/httpserve"
)

// serve runs a server on loopback. Its end gives what Run returned.
func serve(t *testing.T, s httpserve.Server) (url string, cancel func(), ended <-chan error) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	s.Name, s.Log = "test page", slog.New(slog.DiscardHandler)
	done := make(chan error, 1)
	go func() { done <- httpserve.Run(ctx, ln, s) }()
	return "http://" + ln.Addr().String(), stop, done
}

// slow is a handler whose request is under way until a test lets it go on, or its context
// ends.
type slow struct{ came, goOn chan struct{} }

func newSlow() slow { return slow{make(chan struct{}), make(chan struct{})} }

func (s slow) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	close(s.came)
	select {
	case <-s.goOn:
		_, _ = io.WriteString(w, "done")
	case <-r.Context().Done():
		_, _ = io.WriteString(w, "cut")
	}
}

// fetch gets a page, and gives its text when it is there.
func fetch(url string) <-chan string {
	got := make(chan string, 1)
	go func() {
		res, err := http.Get(url)
		if err != nil {
			got <- err.Error()
			return
		}
		defer res.Body.Close()
		text, err := io.ReadAll(res.Body)
		if err != nil {
			text = []byte(err.Error())
		}
		got <- string(text)
	}()
	return got
}

// A request that never ends by itself does not hold up the end: it sees it, and may answer.
func TestTheEndReachesRequests(t *testing.T) {
	page := newSlow()
	url, cancel, ended := serve(t, httpserve.Server{Handler: page, Grace: time.Minute})
	got := fetch(url)
	<-page.came
	cancel()
	if text := <-got; text != "cut" {
		t.Errorf("got %q", text)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if _, err := http.Get(url); err == nil {
		t.Error("it is still served")
	}
}

// With Finish, what has begun is done within the grace.
func TestWhatHasBegunIsFinished(t *testing.T) {
	page := newSlow()
	url, cancel, ended := serve(t, httpserve.Server{Handler: page, Grace: time.Minute, Finish: true})
	got := fetch(url)
	<-page.came
	cancel()
	close(page.goOn)
	if text := <-got; text != "done" {
		t.Errorf("got %q", text)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Whoever takes longer than the grace is cut off, and the end is no failure.
func TestTheGraceIsBounded(t *testing.T) {
	page := newSlow()
	defer close(page.goOn)
	url, cancel, ended := serve(t, httpserve.Server{Handler: page, Grace: time.Millisecond, Finish: true})
	got := fetch(url)
	<-page.came
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if text := <-got; !strings.Contains(text, "EOF") && !strings.Contains(text, "reset") {
		t.Errorf("got %q", text)
	}
}

// A stranger too many takes the place of the one that has waited longest.
func TestStrangersAreBounded(t *testing.T) {
	url, cancel, ended := serve(t, httpserve.Server{Handler: http.NotFoundHandler(), Strangers: 1, Known: 1, HeaderTime: time.Hour})
	address := strings.TrimPrefix(url, "http://")
	var conns []net.Conn
	for range 2 {
		c, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		conns = append(conns, c)
	}
	_ = conns[0].SetReadDeadline(time.Now().Add(2 * time.Minute))
	if _, err := conns[0].Read(make([]byte, 1)); err == nil || errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("the first is still there: %v", err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A header that is larger than anybody needs is refused, whoever serves.
func TestHeadersAreBounded(t *testing.T) {
	url, cancel, ended := serve(t, httpserve.Server{Handler: http.NotFoundHandler()})
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Long", strings.Repeat("x", 64<<10))
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	_ = res.Body.Close()
	if res.StatusCode != http.StatusRequestHeaderFieldsTooLarge {
		t.Errorf("status %d", res.StatusCode)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// A listener that fails is an error that says what was served where.
func TestAFailedListenerIsTold(t *testing.T) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_ = ln.Close()
	err = httpserve.Run(t.Context(), ln, httpserve.Server{Name: "test page", Handler: http.NotFoundHandler(), Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.HasPrefix(err.Error(), "serve test page on "+ln.Addr().String()+": ") {
		t.Errorf("got %v", err)
	}
}
