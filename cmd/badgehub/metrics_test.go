package main

import (
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// scrape gives the status and what the hub says of itself to who has the token.
func scrape(t *testing.T, url, token string) (int, string) {
	t.Helper()
	r, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		r.Header.Set("Authorization", "Bearer "+token)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

// Issue 11, 5: Prometheus learns from the hub which terminals are there, what waits and what
// is wrong, and nobody's name, address or card.
func TestTheHubHasMetrics(t *testing.T) {
	p := serveIn(t, t.TempDir(), "127.0.0.1:0", "127.0.0.1:0", "--listen-metrics", "127.0.0.1:0")
	defer p.stop(syscall.SIGTERM)
	front := p.join("front")
	connectAndSend(t, front)
	for _, args := range [][]string{{"account", "add", "Ada Byron", "--email", "ada@example.com", "--active"}, {"terminal", "add", "hall"}} {
		if out, err := p.run(args...); err != nil {
			t.Fatalf("%v: %v %s", args, err, out)
		}
	}
	code, text := scrape(t, p.Metrics, "")
	if code != http.StatusOK {
		t.Fatalf("%d: %s", code, text)
	}
	for _, want := range []string{
		`badgehub_terminal_connected{terminal="front"} 1`, `badgehub_terminal_connected{terminal="hall"} 0`, `badgehub_terminal_last_seen_time_seconds{terminal="hall"} 0`,
		`badgehub_terminal_events_total{stream="ev",terminal="front"} 16`, "badgehub_claims_closed 0", `badgehub_alarms{kind="hub_restored"} 0`, `badgehub_mails{state="failed"} 0`,
		"process_resident_memory_bytes", "go_goroutines",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	for _, secret := range []string{"Ada", "Byron", "example.com"} {
		if strings.Contains(text, secret) {
			t.Errorf("%s is told", secret)
		}
	}
}

// Elsewhere than on loopback, and wherever a token is named, nothing is told without it.
func TestMetricsAreNotForEverybody(t *testing.T) {
	dir := t.TempDir()
	serve := []string{"serve", "--dir", dir, "--listen-mqtt", "127.0.0.1:0", "--listen-web", "127.0.0.1:0", "--listen-metrics"}
	refuses(t, "it can be reached from other machines", append(serve, ":0")...)
	file := filepath.Join(dir, "token")
	const token = "0123456789abcdef0123"
	if err := os.WriteFile(file, []byte(token[:8]), 0o600); err != nil {
		t.Fatal(err)
	}
	refuses(t, "at least 16 characters", append(serve, "127.0.0.1:0", "--metrics-token-file", file)...)
	if err := os.WriteFile(file, []byte(token+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	p := serveIn(t, dir, "127.0.0.1:0", "127.0.0.1:0", "--listen-metrics", "127.0.0.1:0", "--metrics-token-file", file)
	defer p.stop(syscall.SIGTERM)
	for _, wrong := range []string{"", token[1:], token + "0"} {
		if code, text := scrape(t, p.Metrics, wrong); code != http.StatusUnauthorized || strings.Contains(text, "badgehub_") {
			t.Errorf("with %q: %d %s", wrong, code, text)
		}
	}
	if code, text := scrape(t, p.Metrics, token); code != http.StatusOK || !strings.Contains(text, "badgehub_info") {
		t.Errorf("with the token: %d %s", code, text)
	}
}
