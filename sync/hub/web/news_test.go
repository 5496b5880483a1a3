package web_test

import (
	"bufio"
	"fmt"
	"net/http"
	"testing"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

// listen opens the stream of news, and gives its lines.
func listen(t *testing.T, s *webtest.Stand, b *webtest.Browser) (status int, lines *bufio.Scanner) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/nouvelles", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Accept", "text/event-stream")
	resp, err := b.Client.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { resp.Body.Close() })
	return resp.StatusCode, bufio.NewScanner(resp.Body)
}

// waitFor reads lines until one is there.
func waitFor(t *testing.T, lines *bufio.Scanner, want string) {
	t.Helper()
	for lines.Scan() {
		if lines.Text() == want {
			return
		}
	}
	t.Fatalf("the stream ended before %q: %v", want, lines.Err())
}

// A page hears that something changed, whatever it is, and nothing of what it is.
func TestAPageHearsOfChanges(t *testing.T) {
	s := webtest.New(t)
	status, lines := listen(t, s, s.AsAdmin())
	if status != 200 {
		t.Fatalf("the stream answers %d", status)
	}
	waitFor(t, lines, "retry: 5000")
	for _, name := range []string{"front", "back"} {
		s.Write(func(tx fleet.Tx) error {
			_, err := access.SetDoor(tx.Tx.Tx, name, func(*access.Door) {})
			return err
		})
		waitFor(t, lines, "event: news")
		waitFor(t, lines, "data: ")
	}
}

// Streams have a bound, for each session and for all, and nobody gets one without a log-in.
// The hub ends with a thousand of them open.
func TestStreamsAreBounded(t *testing.T) {
	s := webtest.New(t)
	if status, _ := listen(t, s, s.Browser()); status != http.StatusForbidden {
		t.Errorf("a stranger's stream answers %d", status)
	}
	open, refused := 0, 0
	for i := range 100 {
		b := s.As(s.AddPerson(people.New{First: "Zoe", Last: fmt.Sprintf("Nr%d", i), State: people.Active}))
		mine := 0
		for range 10 {
			switch status, _ := listen(t, s, b); status {
			case 200:
				mine++
			case http.StatusServiceUnavailable:
				refused++
			}
		}
		if open += mine; mine > 6 {
			t.Errorf("a session has %d streams", mine)
		}
	}
	if open != 512 || refused != 488 {
		t.Errorf("of 1000 streams %d are open and %d refused, want 512 and 488", open, refused)
	}
	s.AsAdmin().Open("/aide/certificat").Is(200)
}

// A stream that was closed gives its place back.
func TestAClosedStreamGivesItsPlaceBack(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	for range 20 {
		req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/nouvelles", nil)
		if err != nil {
			t.Fatal(err)
		}
		for status := 0; status != 200; {
			resp, err := b.Client.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			status = resp.StatusCode
			resp.Body.Close()
		}
	}
}
