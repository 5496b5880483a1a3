package main

import (
	"bufio"
	"context"
	"io"
	"net/http"
	"strings"
	"testing"

	"badged/internal/cli"
)

// scrapeAgent runs `badgectl metrics` at an agent's socket and gives one answer.
func scrapeAgent(t *testing.T, socket string) string {
	t.Helper()
	out, in := io.Pipe()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	args := []string{"metrics", "--listen", "127.0.0.1:0", "--socket", socket}
	go func() {
		err := Run(ctx, args, func(string) string { return "" }, cli.Stdio{In: strings.NewReader(""), Out: in, Err: io.Discard})
		in.CloseWithError(err)
		ended <- err
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	url, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	resp, err := http.Get(strings.TrimSpace(url))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		t.Fatalf("%s %v: %s", resp.Status, err, text)
	}
	return string(text)
}

// Issue 11, 5: Prometheus learns from a terminal what status tells.
func TestATerminalHasMetrics(t *testing.T) {
	text := scrapeAgent(t, agent(t, box{}))
	for _, want := range []string{
		"badged_up 1", "badged_outbox_events 4", `badged_reader_up{point="front",reader="front-rfid"} 1`, `badged_health_items{state="fail"} 0`,
		`badged_reader_badges_total{point="front",reader="front-rfid"}`, `badged_info{clock=`, "badged_store_cards",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("there is no %s in\n%s", want, text)
		}
	}
	if strings.Contains(text, "t=abc") {
		t.Error("the token of the panel is told")
	}
}

// An agent that does not answer is a figure too, or nobody would be woken.
func TestMetricsOfAnAgentThatIsNotThere(t *testing.T) {
	text := scrapeAgent(t, t.TempDir()+"/none.sock")
	if !strings.Contains(text, "badged_up 0") || strings.Contains(text, "badged_outbox_events") {
		t.Errorf("got\n%s", text)
	}
}
