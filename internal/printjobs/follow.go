package printjobs

import (
	"slices"
	"strings"
	"time"

	"badged/enroll"
	"badged/internal/cups"
)

const (
	// patience is how long a printer may do nothing with a job before it is taken back.
	patience = 60 * time.Second
	// turn is how long a job may wait for those before it.
	turn = 10 * time.Minute
)

// verdict is what to do about a job that was released.
type verdict uint8

const (
	wait verdict = iota
	done
	lost     // the printer or somebody at it gave it up
	takeBack // to the queue that it came from
)

// pursuit watches one released job. It is pure: looks come in, verdicts go out.
//
//	evaluate: completed ------------------------------> done
//	      canceled, aborted ----------------------> lost
//	      held, printer stopped, no progress -----> takeBack
type pursuit struct {
	id        int
	account   enroll.AccountID // whose; zero: a former agent released it
	state     cups.JobState
	printed   int
	since     time.Time // of the last progress; zero: none was seen since the print server was away
	restarted bool      // the print server was away meanwhile
}

// evaluate takes the job as it is now, with the printer that should print it.
func (p *pursuit) evaluate(now time.Time, j cups.Job, at cups.Printer) verdict {
	if p.since.IsZero() || j.State != p.state || j.Printed != p.printed {
		p.state, p.printed, p.since = j.State, j.Printed, now
	}
	still := now.Sub(p.since)
	switch j.State {
	case cups.Completed:
		return done
	case cups.Canceled, cups.Aborted:
		return lost
	case cups.Held:
		return takeBack
	case cups.Processing:
		if at.Stopped || still >= patience {
			return takeBack
		}
	default:
		if at.Stopped || still >= turn {
			return takeBack
		}
	}
	return wait
}

// resetProgress forgets how long nothing has happened: the print server was away.
func (p *pursuit) resetProgress() { p.since, p.restarted = time.Time{}, true }

// lacksPaper reports whether a printer says that it waits for paper.
func lacksPaper(p cups.Printer) bool {
	return slices.ContainsFunc(p.Reasons, func(r string) bool {
		return strings.HasPrefix(r, "media-empty") || strings.HasPrefix(r, "media-needed")
	})
}

// canPrint reports whether a printer can print such a job. One that says nothing can.
func canPrint(j cups.Job, p cups.Printer) bool {
	format := j.Format == "" || j.Format == "application/octet-stream" || len(p.Formats) == 0 || slices.Contains(p.Formats, j.Format)
	sides := !j.TwoSided || len(p.Sides) == 0 || slices.ContainsFunc(p.Sides, func(s string) bool { return strings.HasPrefix(s, "two-sided") })
	return format && sides
}
