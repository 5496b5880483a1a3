package printjobs

import (
	"testing"
	"time"

	"badged/internal/cups"
)

// look is what one look at a released job finds.
type look struct {
	at      time.Duration
	state   cups.JobState
	printed int
	stopped bool
	away    bool
}

// A released job comes out, is given up, or is held again: when its printer stops, when it is
// held there, and when nothing happens for a minute. A long one that prints is left alone.
func TestReleasedJobsAreFollowed(t *testing.T) {
	for name, c := range map[string]struct {
		looks []look
		want  verdict
	}{
		"comes out":                  {[]look{{state: cups.Processing}, {at: time.Second, state: cups.Completed, printed: 3}}, done},
		"canceled at the printer":    {[]look{{state: cups.Processing}, {at: time.Second, state: cups.Canceled}}, lost},
		"given up":                   {[]look{{state: cups.Aborted}}, lost},
		"held at the printer":        {[]look{{state: cups.Held}}, takeBack},
		"printer stops":              {[]look{{state: cups.Processing}, {at: time.Second, state: cups.Pending, stopped: true}}, takeBack},
		"printer stops in it":        {[]look{{state: cups.Processing, stopped: true}}, takeBack},
		"nothing happens yet":        {[]look{{state: cups.Processing, printed: 1}, {at: 59 * time.Second, state: cups.Processing, printed: 1}}, wait},
		"nothing happens":            {[]look{{state: cups.Processing, printed: 1}, {at: 60 * time.Second, state: cups.Processing, printed: 1}}, takeBack},
		"a long one":                 {[]look{{state: cups.Processing, printed: 1}, {at: 50 * time.Second, state: cups.Processing, printed: 9}, {at: 100 * time.Second, state: cups.Processing, printed: 9}}, wait},
		"waits for its turn":         {[]look{{state: cups.Pending}, {at: 9 * time.Minute, state: cups.Pending}}, wait},
		"its turn never comes":       {[]look{{state: cups.Pending}, {at: 10 * time.Minute, state: cups.Pending}}, takeBack},
		"its turn comes late":        {[]look{{state: cups.Pending}, {at: 9 * time.Minute, state: cups.Processing}, {at: 9*time.Minute + 59*time.Second, state: cups.Processing}}, wait},
		"print server was away":      {[]look{{state: cups.Processing}, {away: true}, {at: 2 * time.Minute, state: cups.Processing}}, wait},
		"away, then nothing happens": {[]look{{state: cups.Processing}, {away: true}, {at: 2 * time.Minute, state: cups.Processing}, {at: 3 * time.Minute, state: cups.Processing}}, takeBack},
	} {
		p, begun, got := &pursuit{}, time.Now(), wait
		for i, l := range c.looks {
			if l.away {
				p.resetProgress()
				continue
			}
			got = p.evaluate(begun.Add(l.at), cups.Job{State: l.state, Printed: l.printed}, cups.Printer{Stopped: l.stopped})
			if i < len(c.looks)-1 && got != wait {
				t.Errorf("%s: look %d is the last: %d", name, i, got)
			}
		}
		if got != c.want {
			t.Errorf("%s: got %d, want %d", name, got, c.want)
		}
	}
}

// A printer that cannot print a document two-sided, or of its format, does not get it.
func TestWhatFitsAPrinter(t *testing.T) {
	simplex := cups.Printer{Sides: []string{"one-sided"}, Formats: []string{"application/pdf"}}
	duplex := cups.Printer{Sides: []string{"one-sided", "two-sided-long-edge"}}
	for _, c := range []struct {
		job  cups.Job
		at   cups.Printer
		fits bool
	}{
		{cups.Job{TwoSided: true}, duplex, true}, {cups.Job{TwoSided: true}, simplex, false}, {cups.Job{}, simplex, true},
		{cups.Job{TwoSided: true}, cups.Printer{}, true}, {cups.Job{Format: "application/pdf"}, simplex, true},
		{cups.Job{Format: "image/urf"}, simplex, false}, {cups.Job{Format: "image/urf"}, duplex, true}, {cups.Job{Format: "application/octet-stream"}, simplex, true},
	} {
		if canPrint(c.job, c.at) != c.fits {
			t.Errorf("%+v fits %+v: %v", c.job, c.at, !c.fits)
		}
	}
}

// A document that waits too long is deleted; one that prints is not, however old it is.
func TestWhatIsTooOld(t *testing.T) {
	for _, c := range []struct {
		state cups.JobState
		age   time.Duration
		old   bool
	}{
		{cups.Held, 71 * time.Hour, false}, {cups.Held, 72 * time.Hour, true}, {cups.Pending, 73 * time.Hour, true},
		{cups.Processing, 100 * time.Hour, false}, {cups.Stopped, 100 * time.Hour, false},
	} {
		if got := isOld(cups.Job{State: c.state, Age: c.age}, 72*time.Hour); got != c.old {
			t.Errorf("%+v is old: %v", c, got)
		}
	}
}
