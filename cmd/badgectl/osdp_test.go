package main

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"badged/internal/cli"
	"badged/internal/ctl"
)

// Commission is scripted by the reader's name.
func (box) Commission(ctx context.Context, reader string, d time.Duration, cleared bool, tell func(ctl.CommissionStep)) error {
	step := ctl.CommissionStep{Reader: reader, Step: ctl.StepWaiting, Until: time.Now().Add(d)}
	switch reader {
	case "cleared":
		step.Step, step.Text = ctl.StepFailed, fmt.Sprintf("cleared: %t", cleared)
		tell(step)
	case "front-rfid":
		return &ctl.Refusal{Status: http.StatusConflict, Text: `reader "front-rfid" speaks rdm6300, and only osdp has keys`}
	case "waits":
		tell(step)
		<-ctx.Done()
		return nil
	case "hall":
		for _, step.Step = range []string{ctl.StepWaiting, ctl.StepSent, ctl.StepKeySet, ctl.StepSecured} {
			tell(step)
		}
	default:
		tell(step)
		step.Step, step.Text, step.Do = ctl.StepFailed, "the time is over", "put it into install mode"
		tell(step)
	}
	return nil
}

func TestCommission(t *testing.T) {
	socket := agent(t, box{})
	tests := []struct {
		args []string
		says []string
		code int
	}{
		{[]string{"hall"}, []string{"hall: waiting for the reader in install mode ... (until ", "hall: key set\nhall: channel opened with the new key"}, 0},
		{[]string{"hall", "--json"}, []string{`"step":"waiting"`, `"step":"secured"`}, 0},
		{[]string{"cleared"}, []string{"cleared: false"}, 1},
		{[]string{"cleared", "--cleared"}, []string{"cleared: true"}, 1},
		{[]string{"deaf"}, []string{"deaf: failed: the time is over\n  what to do: put it into install mode\n"}, 1},
		{[]string{"front-rfid"}, []string{"only osdp has keys"}, 1},
		{[]string{"hall", "--minutes", "0"}, []string{"--minutes 0: must be 1 to 60"}, 64},
		{[]string{"hall", "--minutes", "61"}, []string{"--minutes 61: must be 1 to 60"}, 64},
		{nil, []string{"`badgectl osdp commission READER` takes 1 argument"}, 64},
	}
	for _, tt := range tests {
		got := run(t, "", append([]string{"osdp", "commission", "--socket", socket}, tt.args...)...)
		for _, want := range tt.says {
			if all := got.out + got.stderr; got.code != tt.code || !strings.Contains(all, want) {
				t.Errorf("%q: code %d, want %d and %q:\n%s", tt.args, got.code, tt.code, want, all)
			}
		}
	}
	got := run(t, "", "osdp", "commission", "hall", "--socket", filepath.Join(t.TempDir(), "nobody"))
	if got.code != 1 || !strings.Contains(got.stderr, "what to do: start it") {
		t.Errorf("without an agent: code %d: %s", got.code, got.stderr)
	}
}

// Ctrl-C ends the commissioning and says what that means.
func TestCommissionIsEnded(t *testing.T) {
	socket := agent(t, box{})
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan result)
	out := writer(func(p []byte) { cancel() }) // once it says that it waits
	go func() {
		var stderr strings.Builder
		err := Run(ctx, []string{"osdp", "commission", "waits", "--socket", socket}, func(string) string { return "" }, cli.Stdio{In: strings.NewReader(""), Out: out, Err: &stderr})
		ended <- result{program.Exit(err, &stderr), "", stderr.String()}
	}()
	if got := <-ended; got.code != 1 || !strings.Contains(got.stderr, "ended before it was done") {
		t.Errorf("code %d: %s", got.code, got.stderr)
	}
}

// writer tells of each write.
type writer func(p []byte)

func (w writer) Write(p []byte) (int, error) { w(p); return len(p), nil }
