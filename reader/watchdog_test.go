package reader

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// device is a source that answers twice a second, unless it hangs. What heals it is
// the case's.
type device struct {
	silence time.Duration
	faults  time.Duration // a fault so often while it hangs; 0: it is silent
	hangs   func(d *device) bool
	stuck   func(run int) time.Duration // how long a run ignores its end

	slow time.Duration // how long a reset takes

	runs, resets int
	began        time.Time
	running      atomic.Int32
	answers      []time.Time
}

func (*device) Name() string             { return "hall" }
func (d *device) Silence() time.Duration { return d.silence }

func (d *device) Reset(context.Context) error {
	time.Sleep(d.slow)
	d.resets++
	return nil
}

func (d *device) Run(ctx context.Context, emit func(Event)) error {
	if d.running.Add(1) > 1 {
		panic("two runs at the same time")
	}
	defer d.running.Add(-1)
	d.runs++
	run := d.runs
	unit := 0
	if d.silence > 0 {
		unit = Line
	}
	emit(Event{Kind: KindUp, Unit: unit})
	for d.step(ctx, emit) {
	}
	if d.stuck != nil && d.stuck(run) > 0 {
		time.Sleep(d.stuck(run))
		emit(Event{Kind: KindCard})
	}
	return nil
}

// step waits, says what the device says, and reports whether ctx still lives.
func (d *device) step(ctx context.Context, emit func(Event)) bool {
	pause := 500 * time.Millisecond
	if d.hangs(d) && d.faults > 0 {
		pause = d.faults
	}
	if !sleep(ctx, pause) {
		return false
	}
	switch {
	case !d.hangs(d):
		d.answers = append(d.answers, time.Now())
		emit(Event{Kind: KindAlive, At: time.Now()})
	case d.faults > 0:
		emit(Event{Kind: KindFault, Why: BadChecksum})
	}
	return true
}

// heard is one thing that a supervised source told.
type heard struct {
	Event
	at time.Duration // since the begin
}

// watch supervises d for a time and gives what it told, without faults.
func watch(t *testing.T, d *device, during time.Duration) (told []heard, states []string, log string) {
	t.Helper()
	var out bytes.Buffer
	ctx, stop := context.WithTimeout(t.Context(), during)
	defer stop()
	d.began = time.Now()
	Supervise(ctx, d, func(e Event) {
		if e.Kind != KindFault {
			told = append(told, heard{e, time.Since(d.began)})
		}
	}, func(err error) {
		text := "works"
		if err != nil {
			text = err.Error()
		}
		states = append(states, text)
	}, slog.New(slog.NewTextHandler(&out, nil)))
	return told, states, out.String()
}

func kinds(told []heard) string {
	var list []Kind
	for _, h := range told {
		list = append(list, h.Kind)
	}
	return join(list)
}

func elapsed(d *device) time.Duration { return time.Since(d.began) }

// hung says whether the device hangs since a minute has passed.
func hung(d *device) bool { return elapsed(d) >= time.Minute }

func TestSilentDeviceIsHealedByOpeningItAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{silence: 3 * time.Second, hangs: func(d *device) bool { return hung(d) && d.runs < 2 }}
		told, states, _ := watch(t, d, 3*time.Minute)
		if kinds(told) != "up up" || d.runs != 2 || d.resets != 0 {
			t.Fatalf("told %s; %d runs, %d resets", kinds(told), d.runs, d.resets)
		}
		if gap := told[1].at - time.Minute; gap > 4*time.Second {
			t.Errorf("works again after %v", gap)
		}
		if strings.Join(states, ", ") != "works, works" {
			t.Errorf("states %v", states)
		}
	})
}

func TestSilentDeviceIsHealedByReset(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{silence: 3 * time.Second, hangs: func(d *device) bool { return hung(d) && d.resets == 0 }}
		told, _, _ := watch(t, d, 3*time.Minute)
		if kinds(told) != "up up" || d.runs != 3 || d.resets != 1 {
			t.Fatalf("told %s; %d runs, %d resets", kinds(told), d.runs, d.resets)
		}
		if gap := told[1].at - time.Minute; gap > 7*time.Second {
			t.Errorf("works again after %v", gap)
		}
	})
}

// Whenever the cause of the silence ends, and whatever the device then still needs,
// it works again within 10 s.
func TestDeadDeviceWorksAgainInTime(t *testing.T) {
	for _, needs := range []string{"nothing", "open", "reset"} {
		for back := 60 * time.Second; back < 80*time.Second; back += 130 * time.Millisecond {
			synctest.Test(t, func(t *testing.T) { deadUntil(t, needs, back) })
		}
	}
}

func deadUntil(t *testing.T, needs string, back time.Duration) {
	var runs, resets int // when it was back
	d := &device{silence: 3 * time.Second, slow: resetBound}
	d.stuck = func(int) time.Duration {
		if elapsed(d) > back+20*time.Second {
			return 0 // the test ends
		}
		return endBound - 100*time.Millisecond
	}
	d.hangs = func(d *device) bool {
		if elapsed(d) < back {
			runs, resets = d.runs, d.resets
			return true
		}
		return needs == "open" && d.runs == runs || needs == "reset" && d.resets == resets
	}
	told, states, log := watch(t, d, 2*time.Minute)
	if kinds(told) != "down up" || told[0].Why != Silent || told[0].at > 16*time.Second {
		t.Fatalf("told %s", kinds(told))
	}
	if gap := told[1].at - back; gap > 10*time.Second {
		t.Errorf("dead until %v, needs %s: works again after %v", back, needs, gap)
	}
	if strings.Count(log, "no answer") != 1 || states[len(states)-1] != "works" || !strings.Contains(states[0], "hear from hall: no answer") {
		t.Errorf("states %q, log:\n%s", states, log)
	}
}

func TestOpenPortIsNoProofThatItsDeviceWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{silence: 3 * time.Second, hangs: func(*device) bool { return true }}
		told, states, _ := watch(t, d, 5*time.Minute)
		if kinds(told) != "down" || strings.Contains(strings.Join(states, " "), "works") {
			t.Errorf("told %s, states %q", kinds(told), states)
		}
	})
}

func TestDeviceThatMayBeSilentIsLeftAlone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{hangs: func(*device) bool { return true }}
		if told, _, log := watch(t, d, 48*time.Hour); kinds(told) != "up" || d.runs != 1 || log != "" {
			t.Errorf("told %s; %d runs; log %s", kinds(told), d.runs, log)
		}
	})
}

func TestGarbage(t *testing.T) {
	for _, tt := range []struct {
		name  string
		heals func(d *device) bool
		told  string
		least int // resets
	}{
		{"opened again", func(d *device) bool { return d.runs > 1 }, "up up", 0},
		{"reset", func(d *device) bool { return d.resets > 0 }, "up up", 1},
		{"ends after a minute", func(d *device) bool { return elapsed(d) > time.Minute }, "up down up", 5},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				d := &device{faults: 40 * time.Millisecond, hangs: func(d *device) bool { return !tt.heals(d) }}
				told, _, _ := watch(t, d, 3*time.Minute)
				if kinds(told) != tt.told || d.resets < tt.least {
					t.Fatalf("told %s; %d resets", kinds(told), d.resets)
				}
				if down := told[1]; down.Kind == KindDown && (down.Why != Garbage || down.at > 10*time.Second) {
					t.Errorf("down %s after %v", down.Why, down.at)
				}
				last := told[len(told)-1].at
				if gap := last - d.answers[0].Sub(d.began); gap != 0 {
					t.Errorf("told %v after the first clean word", gap)
				}
			})
		})
	}
}

// Nobody presents a badge after the noise has ended: the reader is good when it is calm.
func TestGarbageThatEndsInSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{faults: 40 * time.Millisecond, hangs: func(d *device) bool {
			if elapsed(d) > time.Minute {
				d.faults = 0
			}
			return true
		}}
		told, _, _ := watch(t, d, 5*time.Minute)
		if kinds(told) != "up down up" {
			t.Fatalf("told %s", kinds(told))
		}
		if gap := told[2].at - time.Minute; gap > garbageTime+backOffMax+calmTime+time.Second {
			t.Errorf("told %v after the noise", gap)
		}
	})
}

func TestFewFaultsAreNoGarbage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{faults: calmTime, hangs: func(*device) bool { return true }}
		if told, _, _ := watch(t, d, time.Hour); kinds(told) != "up" || d.runs != 1 {
			t.Errorf("told %s; %d runs", kinds(told), d.runs)
		}
	})
}

// A source that waits for whoever takes its events is not silent.
func TestTakingAnEventIsNoSilence(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		d := &device{silence: 3 * time.Second, hangs: func(*device) bool { return false }, began: time.Now()}
		Supervise(ctx, d, func(Event) { time.Sleep(20 * time.Second) }, func(error) {}, slog.New(slog.DiscardHandler))
		if d.runs != 1 {
			t.Errorf("%d runs", d.runs)
		}
	})
}

func TestRunThatIsStuckIsReportedAndLeftBehind(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const long = 30 * time.Second
		d := &device{silence: 3 * time.Second, hangs: func(d *device) bool { return hung(d) && d.runs < 2 }}
		d.stuck = func(run int) time.Duration {
			if run == 1 {
				return long
			}
			return 0
		}
		told, states, log := watch(t, d, 3*time.Minute)
		if kinds(told) != "up down up" { // and not the card of the run that was left behind
			t.Fatalf("told %s", kinds(told))
		}
		if down := told[1]; down.Why != Lost || down.at-time.Minute > 6*time.Second {
			t.Errorf("down %s after %v", down.Why, down.at-time.Minute)
		}
		if gap := told[2].at - time.Minute - long; gap > 5*time.Second {
			t.Errorf("works again %v after the driver did", gap)
		}
		if !strings.Contains(log, "does not return") || !strings.Contains(states[1], "unplug") {
			t.Errorf("states %q, log:\n%s", states, log)
		}
	})
}

func TestSuperviseEndsThoughItsSourceIsStuck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &device{hangs: func(*device) bool { return true }, stuck: func(int) time.Duration { return time.Hour }}
		begin := time.Now()
		told, states, log := watch(t, d, time.Minute)
		if gap := time.Since(begin) - time.Minute; gap > endBound {
			t.Errorf("ended %v late", gap)
		}
		if kinds(told) != "up" || len(states) != 1 || !strings.Contains(log, "left behind") {
			t.Errorf("told %s, states %q, log %s", kinds(told), states, log)
		}
		time.Sleep(2 * time.Hour) // it ends at last
	})
}

// A device on a bus that works otherwise goes down by its decoder's word.
func TestDownByTheDecodersWord(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &flaky{runs: []run{{[]Kind{KindUp, KindDown, KindAlive, KindAlive}, errors.New("gone")}}}
		events, _ := supervise(t, src, time.Minute)
		if join(events) != "up down up" {
			t.Errorf("events %s", join(events))
		}
	})
}

// What must not be trusted does not work, but is not silent.
func TestAlarmIsNoProof(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		src := &flaky{runs: []run{{[]Kind{KindDown, KindAlarm, KindAlarm}, errors.New("gone")}}}
		events, _ := supervise(t, src, time.Minute)
		if join(events) != "down alarm alarm" {
			t.Errorf("events %s", join(events))
		}
	})
}

// A decoder that knows why its device does not work is not contradicted.
func TestReasonOfTheDecoderStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []string
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		Supervise(ctx, shut{}, func(Event) {}, func(err error) { states = append(states, err.Error()) }, slog.New(slog.DiscardHandler))
		for _, s := range states {
			if !strings.Contains(s, string(Insecure)) {
				t.Errorf("state %q", s)
			}
		}
		if len(states) == 0 {
			t.Error("nothing was told")
		}
	})
}

// shut is a device that nobody may speak to.
type shut struct{}

func (shut) Name() string           { return "hall" }
func (shut) Silence() time.Duration { return 3 * time.Second }

func (shut) Run(ctx context.Context, emit func(Event)) error {
	emit(Event{Kind: KindUp, Unit: Line})
	emit(Event{Kind: KindDown, Unit: 1, Why: Insecure})
	<-ctx.Done()
	return nil
}

// A device that says again and again why it must not be trusted is not silent: it is
// left alone, and so is what is known of it.
func TestRefusedDeviceIsNotOpenedAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []string
		src := &refused{}
		ctx, stop := context.WithTimeout(t.Context(), time.Minute)
		defer stop()
		Supervise(ctx, src, func(Event) {}, func(err error) { states = append(states, err.Error()) }, slog.New(slog.DiscardHandler))
		if src.runs != 1 || len(states) == 0 || !strings.Contains(states[len(states)-1], string(WrongKey)) {
			t.Errorf("%d runs, states %q", src.runs, states)
		}
	})
}

// refused is a device with a wrong key.
type refused struct{ runs int }

func (*refused) Name() string           { return "hall" }
func (*refused) Silence() time.Duration { return 3 * time.Second }

func (r *refused) Run(ctx context.Context, emit func(Event)) error {
	r.runs++
	for ctx.Err() == nil {
		emit(Event{Kind: KindDown, Why: WrongKey})
		select {
		case <-ctx.Done():
		case <-time.After(2 * time.Second):
		}
	}
	return nil
}

// What a port says better in the error of its Run is told and logged once.
func TestAmbiguousIsLoggedOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var states []string
		var out bytes.Buffer
		ctx, stop := context.WithTimeout(t.Context(), time.Second)
		defer stop()
		Supervise(ctx, two{}, func(Event) {}, func(err error) { states = append(states, err.Error()) }, slog.New(slog.NewTextHandler(&out, nil)))
		if strings.Count(out.String(), "reader failed") != 1 || !strings.Contains(states[0], "2 devices fit") {
			t.Errorf("states %q, log:\n%s", states, out.String())
		}
	})
}

// two is a port for which two devices are there.
type two struct{}

func (two) Name() string { return "hall" }

func (two) Run(_ context.Context, emit func(Event)) error {
	emit(Event{Kind: KindDown, Why: Ambiguous})
	return errors.New("2 devices fit")
}
