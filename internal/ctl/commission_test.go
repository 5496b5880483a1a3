package ctl_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/internal/ctl"
)

// Commission is scripted by the reader's name.
func (a *agent) Commission(ctx context.Context, reader string, d time.Duration, cleared bool, tell func(ctl.CommissionStep)) error {
	step := ctl.CommissionStep{Reader: reader, Step: ctl.StepWaiting, Until: time.Unix(int64(d/time.Minute), 0)}
	switch reader {
	case "hall":
		tell(step)
		step.Step = ctl.StepSecured
	case "deaf":
		tell(step)
		step.Step, step.Text, step.Do = ctl.StepFailed, "it never answered", "look at the cable"
	case "dies":
		tell(step)
		return nil
	case "waits":
		tell(step)
		<-ctx.Done()
		close(a.left)
		return nil
	case "full":
		return errors.New("the disk is full")
	default:
		return &ctl.Refusal{Status: http.StatusNotFound, Text: "there is no such reader"}
	}
	tell(step)
	return nil
}

func TestCommission(t *testing.T) {
	c, path := serve(t, &agent{})
	for _, tt := range []struct {
		reader string
		steps  []string
		err    string
	}{
		{"hall", []string{ctl.StepWaiting, ctl.StepSecured}, ""},
		{"deaf", []string{ctl.StepWaiting, ctl.StepFailed}, ""},
		{"dies", []string{ctl.StepWaiting}, "went away"},
		{"full", nil, "the disk is full"},
		{"no/where", nil, "no such reader"},
	} {
		var steps []string
		err := c.Commission(t.Context(), tt.reader, ctl.CommissionRequest{Minutes: 7}, func(s ctl.CommissionStep) error {
			steps = append(steps, s.Step)
			if s.Until.Unix() != 7 || s.Reader != tt.reader {
				t.Errorf("%s: step %+v", tt.reader, s)
			}
			return nil
		})
		if !slices.Equal(steps, tt.steps) || (err == nil) != (tt.err == "") {
			t.Errorf("%s: steps %v, error %v", tt.reader, steps, err)
		}
		if err != nil && (!strings.Contains(err.Error(), tt.err) || !strings.Contains(err.Error(), path)) {
			t.Errorf("%s: error %v", tt.reader, err)
		}
	}
}

// A technician who goes away ends the commissioning.
func TestCommissionEndsWithItsTechnician(t *testing.T) {
	a := &agent{left: make(chan struct{})}
	c, _ := serve(t, a)
	ctx, cancel := context.WithCancel(t.Context())
	err := c.Commission(ctx, "waits", ctl.CommissionRequest{Minutes: 1}, func(ctl.CommissionStep) error { cancel(); return nil })
	if err == nil {
		t.Error("it ended well")
	}
	<-a.left
}

func TestCommissionRequest(t *testing.T) {
	h := ctl.Handler(&agent{})
	for body, want := range map[string]int{
		"": 200, "{}": 200, `{"minutes":60}`: 200,
		`{"minutes":61}`: 400, `{"minutes":-1}`: 400, `{"minutes":9223372036854775807}`: 400, "x": 400,
	} {
		w := httptest.NewRecorder()
		h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "POST", "/v1/readers/hall/commission", strings.NewReader(body)))
		if w.Code != want {
			t.Errorf("%q: %d %s", body, w.Code, w.Body)
		}
	}
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/v1/readers/hall/commission", nil))
	if w.Code != http.StatusMethodNotAllowed {
		t.Errorf("GET: %d", w.Code)
	}
}
