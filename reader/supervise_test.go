package reader

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"testing/synctest"
	"time"
)

// flaky is a source whose runs are written down: what each run emits, and its
// error. After the last it waits for the end.
type flaky struct {
	runs  []run
	began []time.Time
}

type run struct {
	emits []Kind
	err   error
}

func (*flaky) Name() string { return "hall" }

func (f *flaky) Run(ctx context.Context, emit func(Event)) error {
	n := len(f.began)
	f.began = append(f.began, time.Now())
	if n >= len(f.runs) {
		<-ctx.Done()
		return nil
	}
	for _, k := range f.runs[n].emits {
		emit(Event{Kind: k, Why: Lost})
	}
	return f.runs[n].err
}

// supervise runs src for d of virtual time and gives its events and log.
func supervise(t *testing.T, src Source, d time.Duration) (events []Kind, log string) {
	t.Helper()
	var out bytes.Buffer
	ctx, stop := context.WithTimeout(t.Context(), d)
	defer stop()
	Supervise(ctx, src, func(e Event) { events = append(events, e.Kind) }, func(error) {}, slog.New(slog.NewTextHandler(&out, nil)))
	return events, out.String()
}

func TestSuperviseWaitsLongerAndLonger(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &flaky{}
		for range 40 {
			src.runs = append(src.runs, run{[]Kind{KindDown}, errors.New("gone")})
		}
		supervise(t, src, 5*time.Minute)
		if len(src.began) != 41 {
			t.Fatalf("%d runs", len(src.began))
		}
		limit := backOffMin
		for i := 1; i < len(src.began); i++ {
			if d := src.began[i].Sub(src.began[i-1]); d < limit/2 || d > limit {
				t.Errorf("pause %d is %v, want %v to %v", i, d, limit/2, limit)
			}
			limit = min(2*limit, backOffMax)
		}
	})
}

func TestSuperviseBeginsAgainAfterSuccess(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		src := &flaky{}
		for range 10 {
			src.runs = append(src.runs, run{nil, gone})
		}
		src.runs = append(src.runs, run{[]Kind{KindUp}, gone})
		supervise(t, src, time.Minute)
		if d := src.began[11].Sub(src.began[10]); d > backOffMin {
			t.Errorf("pause after a run that worked: %v", d)
		}
	})
}

func TestSuperviseTellsChangesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone, busy := errors.New("gone"), errors.New("busy")
		src := &flaky{runs: []run{
			{[]Kind{KindUp, KindCard, KindDown}, gone},
			{[]Kind{KindDown}, gone},
			{[]Kind{KindDown}, busy},
			{[]Kind{KindUp, KindCard, KindDown}, gone},
		}}
		events, log := supervise(t, src, time.Minute)
		want := []Kind{KindUp, KindCard, KindDown, KindUp, KindCard, KindDown}
		if got := join(events); got != join(want) {
			t.Errorf("events %s, want %s", got, join(want))
		}
		if n := strings.Count(log, "err=gone"); n != 2 {
			t.Errorf("the first failure was logged %d times:\n%s", n, log)
		}
		if strings.Count(log, "err=busy") != 1 || strings.Count(log, "works again") != 1 || !strings.Contains(log, "reader=hall") {
			t.Errorf("log:\n%s", log)
		}
	})
}

func TestSuperviseTellsOfADeviceThatNeverCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		gone := errors.New("gone")
		src := &flaky{runs: []run{{[]Kind{KindDown}, gone}, {[]Kind{KindDown}, gone}}}
		if events, _ := supervise(t, src, time.Minute); join(events) != "down" {
			t.Errorf("events %s", join(events))
		}
	})
}

// A source that returns without an error is run again as well: only ctx ends it.
func TestSuperviseRunsAnEndedSourceAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &flaky{runs: []run{{}, {}}}
		_, log := supervise(t, src, time.Minute)
		if len(src.began) != 3 || !strings.Contains(log, "device ended") {
			t.Errorf("%d runs, log:\n%s", len(src.began), log)
		}
	})
}

func TestSuperviseEndsWithItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		begin := time.Now()
		src := &flaky{runs: []run{{nil, errors.New("gone")}}}
		supervise(t, src, 30*time.Millisecond) // inside the first pause
		if d := time.Since(begin); d != 30*time.Millisecond || len(src.began) != 1 {
			t.Errorf("ended after %v and %d runs", d, len(src.began))
		}
	})
}

func join(kinds []Kind) string {
	s := make([]string, len(kinds))
	for i, k := range kinds {
		s[i] = string(k)
	}
	return strings.Join(s, " ")
}
