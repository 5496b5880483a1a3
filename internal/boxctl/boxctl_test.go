package boxctl_test

import (
	"errors"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/internal/boxctl"
)

// Issue 12, 4: a machine without a card is told apart from a box that says no; the steps of an
// update come one by one, and its last word is the error.
func TestWhatABoxSays(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "box")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "box.sock")
	c := boxctl.NewClient(path)
	if _, err := c.Status(t.Context()); !errors.Is(err, boxctl.ErrNoBox) {
		t.Errorf("no box: %v", err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	mux := http.NewServeMux()
	say := func(pattern string, status int, text string) {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			_, _ = w.Write([]byte(text))
		})
	}
	say("GET /v1/box", 200, `{"version":"1.4.0","slot":"b"}`)
	say("POST /v1/update", 200, `{"what":"fetch","done":1,"total":2}{"what":"install","done":2,"total":2}{"what":"failed","error":"worn out"}`)
	say("POST /v1/rollback", 409, "an update is under way\n")
	srv := &http.Server{Handler: mux}
	done := make(chan error)
	go func() { done <- srv.Serve(ln) }()
	defer func() { _ = srv.Close(); <-done }()
	if s, err := c.Status(t.Context()); err != nil || s.Version != "1.4.0" || s.Slot != "b" {
		t.Errorf("%+v, %v", s, err)
	}
	var steps []string
	fn := func(s boxctl.Step) { steps = append(steps, s.What) }
	if err := c.Update(t.Context(), boxctl.Update{From: "x"}, fn); err == nil || err.Error() != "worn out" || strings.Join(steps, " ") != "fetch install" {
		t.Errorf("%v, %v", steps, err)
	}
	if err := c.Rollback(t.Context(), fn); err == nil || !strings.Contains(err.Error(), "an update is under way") || errors.Is(err, boxctl.ErrNoBox) {
		t.Errorf("%v", err)
	}
}
