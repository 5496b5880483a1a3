package box

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"time"

	"badged/internal/ctl"
	"badged/internal/health"
)

// A release on trial has trialBound to be found healthy, and must be so for healthyFor without a
// break. An agent that falls often has failed at once.
const (
	trialBound = 5 * time.Minute
	healthyFor = 60 * time.Second
	mostStarts = 3
)

// baselineFile is what worked when the update began. The new release must have it too.
const baselineFile = "/data/box/before.json"

// failedFile says why the last trial failed.
const failedFile = "/data/box/failed.json"

// failure is why a release failed its trial.
type failure struct {
	Release string `json:"release"` // hash
	Why     string `json:"why"`
}

// keepWhy keeps why a release failed its trial, for who asks after the restart.
func keepWhy(path, release, why string) error {
	text, err := json.Marshal(failure{release, why})
	if err == nil {
		err = os.WriteFile(path, text, 0o600)
	}
	return err
}

// whyFailed says why a release failed its trial. A trial that a kernel or the power ended has
// left no word.
func whyFailed(path, release string) string {
	var f failure
	text, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(text, &f)
	}
	if err != nil || f.Release != release {
		return "the machine started again before the release was found healthy"
	}
	return f.Why
}

// baseline is what worked.
type baseline struct {
	Connected bool     `json:"connected"`
	Readers   []string `json:"readers"` // that were fine
}

func baselineOf(s ctl.Status) (b baseline) {
	b.Connected = s.Uplink.Connected
	for _, r := range s.Readers {
		if r.State == health.OK {
			b.Readers = append(b.Readers, r.Name)
		}
	}
	return b
}

// missing says what of a baseline does not work; empty: all does.
func (b baseline) missing(s ctl.Status) string {
	if s.Worst() == health.Fail {
		for _, it := range s.Health {
			if it.State == health.Fail {
				return it.Name + ": " + it.Text
			}
		}
	}
	now := baselineOf(s)
	for _, r := range b.Readers {
		if !slices.Contains(now.Readers, r) {
			return "reader " + r + " worked before the update"
		}
	}
	if b.Connected && !now.Connected {
		return "the hub was connected before the update"
	}
	return ""
}

func (b *Box) writeBaseline(ctx context.Context) error {
	s, err := b.ctl.Status(ctx)
	if err != nil {
		s = ctl.Status{} // an agent that does not run must not keep the update from it that mends it
	}
	text, err := json.Marshal(baselineOf(s))
	if err == nil {
		err = os.WriteFile(baselineFile, text, 0o600)
	}
	return err
}

func readBaseline() (b baseline, err error) {
	text, err := os.ReadFile(baselineFile)
	if errors.Is(err, fs.ErrNotExist) {
		return b, nil
	}
	if err != nil {
		return b, err
	}
	return b, json.Unmarshal(text, &b)
}

// try watches a release on trial until it is healthy, or has failed.
func (b *Box) try(ctx context.Context) error {
	before, err := readBaseline()
	if err != nil {
		return fmt.Errorf("read what worked before the update: %w", err)
	}
	end := time.Now().Add(trialBound)
	healthy := time.Time{}
	for {
		wait := b.wanting(ctx, before)
		b.setTrial(wait)
		switch now := time.Now(); {
		case b.agent.startCount() > mostStarts:
			return errors.New("its agent falls again and again")
		case wait != "" && now.After(end):
			return errors.New(wait)
		case wait != "":
			healthy = time.Time{}
		case healthy.IsZero():
			healthy = now
		case now.Sub(healthy) >= healthyFor:
			return nil
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

// wanting says what the release on trial lacks; empty: nothing.
func (b *Box) wanting(ctx context.Context, before baseline) string {
	if b.agent.readyFor() == 0 {
		return "the agent is not ready: " + b.agent.State()
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	s, err := b.ctl.Status(ctx)
	if err != nil {
		return err.Error()
	}
	return before.missing(s)
}
