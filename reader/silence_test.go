package reader

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// keyless is a device that may be silent until somebody gives it a key.
type keyless struct {
	script  func(ctx context.Context, run int64, emit func(Event))
	silence atomic.Int64
	runs    atomic.Int64
}

func (*keyless) Name() string             { return "hall" }
func (k *keyless) Silence() time.Duration { return time.Duration(k.silence.Load()) }

func (k *keyless) Run(ctx context.Context, emit func(Event)) error {
	k.script(ctx, k.runs.Add(1), emit)
	<-ctx.Done()
	return nil
}

// supervise runs it and gives the kinds of what it told.
func (k *keyless) supervise(t *testing.T, during time.Duration) (told []Kind) {
	ctx, stop := context.WithTimeout(t.Context(), during)
	defer stop()
	emit := func(e Event) {
		if e.Kind != KindFault {
			told = append(told, e.Kind)
		}
	}
	Supervise(ctx, k, emit, func(error) {}, slog.New(slog.DiscardHandler))
	return told
}

// A device that gets its key in a run must answer from then on, whether it says
// something just then or its port died at the same moment.
func TestDeviceThatMustAnswerFromNowOn(t *testing.T) {
	for name, answers := range map[string]int{"works first": 5, "says nothing more": 0} {
		synctest.Test(t, func(t *testing.T) {
			var dead time.Time
			var gap time.Duration
			k := &keyless{}
			k.script = func(ctx context.Context, run int64, emit func(Event)) {
				emit(Event{Kind: KindUp, At: time.Now(), Unit: Line})
				if run > 1 {
					gap = time.Since(dead)
					for sleep(ctx, time.Second) {
						emit(Event{Kind: KindAlive, At: time.Now()})
					}
					return
				}
				sleep(ctx, time.Hour)
				k.silence.Store(int64(AnswerTime))
				for range answers {
					emit(Event{Kind: KindAlive, At: time.Now()})
					sleep(ctx, time.Second)
				}
				dead = time.Now()
			}
			k.supervise(t, time.Hour+30*time.Second)
			if k.runs.Load() != 2 || gap > 2*AnswerTime {
				t.Errorf("%s: %d runs, opened again after %v", name, k.runs.Load(), gap)
			}
		})
	}
}

// A device that may be silent from now on, since it must not be trusted, is let be. That
// its noise has ended does not mean that it works.
func TestDeviceThatNeedNotAnswerFromNowOn(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		k := &keyless{}
		k.silence.Store(int64(AnswerTime))
		k.script = func(ctx context.Context, run int64, emit func(Event)) {
			if run == 1 {
				for range 2 * garbageFaults {
					emit(Event{Kind: KindFault, Why: Forged})
					sleep(ctx, AnswerTime/garbageFaults)
				}
				return
			}
			k.silence.Store(0)
			emit(Event{Kind: KindDown, Why: WrongKey})
		}
		told := k.supervise(t, time.Hour)
		if k.runs.Load() != 2 || len(told) != 1 || told[0] != KindDown {
			t.Errorf("%d runs, told %q", k.runs.Load(), told)
		}
	})
}
