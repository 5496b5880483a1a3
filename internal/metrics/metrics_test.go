package metrics_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"badged/internal/metrics"
)

func get(t *testing.T, o metrics.Options) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	metrics.Handler(o).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/metrics", nil))
	return w.Code, w.Body.String()
}

// Each request sees the figures as they are then; whatever a label holds stays in its label.
func TestFiguresAreReadForEachRequest(t *testing.T) {
	n := 0
	o := metrics.Options{Read: func(context.Context) ([]metrics.Figure, error) {
		n++
		f := metrics.Figure{Name: "seen_total", Help: "Help.", Labels: []string{"where"}}
		f.Add(float64(n), "a\"} 9\nother 1\n")
		return []metrics.Figure{f, metrics.One("up", "Help.", metrics.Bool(true))}, nil
	}}
	for range 2 {
		code, text := get(t, o)
		if code != http.StatusOK || strings.Contains(text, "\nother 1") {
			t.Errorf("%d: %s", code, text)
		}
	}
	_, text := get(t, o)
	for _, want := range []string{`seen_total{where="a\"} 9\nother 1\n"} 3`, "# TYPE seen_total counter", "# TYPE up gauge", "up 1"} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in %s", want, text)
		}
	}
}

// What cannot be read is an error, and no figure of before.
func TestFiguresThatCannotBeRead(t *testing.T) {
	code, text := get(t, metrics.Options{Read: func(context.Context) ([]metrics.Figure, error) { return nil, errors.New("the disk is gone") }})
	if code != http.StatusInternalServerError || !strings.Contains(text, "the disk is gone") {
		t.Errorf("%d: %s", code, text)
	}
}

// Only loopback is open without a token.
func TestAnAddressOfOthersNeedsAToken(t *testing.T) {
	for _, address := range []string{":0", "0.0.0.0:0", "[::]:0", "192.0.2.1:0", "localhost:0", ""} {
		if ln, err := metrics.Listen(address, ""); !errors.Is(err, metrics.ErrOpen) {
			t.Errorf("%q: %v %v", address, ln, err)
		}
	}
	for address, token := range map[string]string{"127.0.0.1:0": "", "0.0.0.0:0": "0123456789abcdef"} {
		ln, err := metrics.Listen(address, token)
		if err != nil {
			t.Fatalf("%s: %v", address, err)
		}
		ln.Close()
	}
}

// A token that others can read is none.
func TestATokenThatOthersCanReadIsRefused(t *testing.T) {
	path := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(path, []byte("0123456789abcdef\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if token, err := metrics.ReadToken(path); err != nil || token != "0123456789abcdef" {
		t.Errorf("%q %v", token, err)
	}
	if err := os.Chmod(path, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := metrics.ReadToken(path); err == nil || strings.Contains(err.Error(), "0123456789abcdef") {
		t.Errorf("read: %v", err)
	}
}
