package kiosk

import (
	"strconv"
	"time"

	"badged/internal/cups"
	"badged/internal/printjobs"
)

// jobsOnPage is how many jobs one page lists.
const jobsOnPage = 50

// What the person must know of the last thing they did, or of the printer.
var jobNotes = map[printjobs.Note]*banner{
	printjobs.NoteAway:       {toneWarn, "jobs.away.title", "jobs.away.text"},
	printjobs.NoteStopped:    {toneWarn, "jobs.stopped.title", "jobs.stopped.text"},
	printjobs.NotePaper:      {toneWarn, "jobs.paper.title", "jobs.paper.text"},
	printjobs.NoteUnfit:      {toneWarn, "jobs.unfit.title", "jobs.unfit.text"},
	printjobs.NoteReturned:   {toneWarn, "jobs.returned.title", "jobs.returned.text"},
	printjobs.NoteLost:       {toneBad, "jobs.lost.title", "jobs.lost.text"},
	printjobs.NoteMaybeTwice: {toneInfo, "jobs.twice.title", "jobs.twice.text"},
}

// away is the note of a list that cannot be had.
var away = jobNotes[printjobs.NoteAway]

// Prints reports whether the page of the session lists jobs.
func (v view) Prints() bool { return v.Held.State != printjobs.Nobody }

// jobRow is a job on the page.
type jobRow struct {
	ID     int
	Title  string
	About  string // when, how many, how
	Ready  bool   // can be printed or deleted
	Status string // of one that was ordered
	Tone   tone   // of Status
}

// Rows is the jobs on this page.
func (v view) Rows() (rows []jobRow) {
	for _, j := range v.Held.Jobs[min(v.From, len(v.Held.Jobs)):min(v.From+jobsOnPage, len(v.Held.Jobs))] {
		rows = append(rows, v.row(j))
	}
	return rows
}

// Asked is the job that is to be deleted.
func (v view) Asked() jobRow {
	j, _ := v.Held.Job(v.Job)
	return v.row(j)
}

func (v view) row(j printjobs.Job) jobRow {
	r := jobRow{ID: j.ID, Title: j.Title, About: v.about(j), Ready: j.CanRelease() && v.Held.State != printjobs.Away}
	if r.Title == "" {
		r.Title = v.T("jobs.untitled")
	}
	r.Status, r.Tone = v.status(j.Phase)
	return r
}

func (v view) status(p printjobs.Phase) (string, tone) {
	switch p {
	case printjobs.Sending:
		return v.T("jobs.sending"), toneInfo
	case printjobs.Printing:
		return v.T("jobs.printing"), toneInfo
	case printjobs.Printed:
		return v.T("jobs.printed"), toneGood
	case printjobs.Returned:
		return v.T("jobs.notprinted"), toneWarn
	case printjobs.Lost:
		return v.T("jobs.gone"), toneBad
	default:
		return "", toneCalm
	}
}

// about is what is known of a job, in one line.
func (v view) about(j printjobs.Job) string {
	about := v.age(time.Since(j.Sent))
	add := func(text string) { about += " · " + text }
	if j.Pages > 0 {
		add(v.count(j.Pages, "jobs.page", "jobs.pages"))
	}
	if j.Copies > 1 {
		add(v.T("jobs.copies", strconv.Itoa(j.Copies)))
	}
	switch j.Colour {
	case cups.InColour:
		add(v.T("jobs.colour"))
	case cups.Monochrome:
		add(v.T("jobs.mono"))
	}
	if j.TwoSided {
		add(v.T("jobs.twosided"))
	}
	return about
}

// age is how long ago something was, as people say it.
func (v view) age(d time.Duration) string {
	switch {
	case d < time.Minute:
		return v.T("jobs.now")
	case d < time.Hour:
		return v.T("jobs.minutes", strconv.Itoa(int(d/time.Minute)))
	case d < 24*time.Hour:
		return v.T("jobs.hours", strconv.Itoa(int(d/time.Hour)))
	default:
		return v.T("jobs.days", strconv.Itoa(int(d/(24*time.Hour))))
	}
}

// count says how many there are of something.
func (v view) count(n int, one, many string) string {
	if n == 1 {
		return v.T(one)
	}
	return v.T(many, strconv.Itoa(n))
}

// Waiting is how many jobs can be printed.
func (v view) Waiting() int {
	if v.Held.State == printjobs.Away {
		return 0
	}
	return len(v.Held.Ready())
}

// Summary is the state of the list, in a sentence.
func (v view) Summary() string {
	switch {
	case v.Held.State == printjobs.Asking:
		return v.T("jobs.asking")
	case v.Held.State == printjobs.Away:
		return v.T(away.Title)
	case v.Waiting() == 0:
		return v.T("jobs.none")
	default:
		return v.count(v.Waiting(), "jobs.one", "jobs.many")
	}
}

// Advice stands where there is no job to show.
func (v view) Advice() string {
	switch {
	case v.Held.State == printjobs.Away:
		return v.T(away.Text)
	case v.Held.State == printjobs.Listed && len(v.Held.Jobs) == 0:
		return v.T("jobs.send")
	default:
		return ""
	}
}

// Earlier is where the page before this one begins; negative: there is none.
func (v view) Earlier() int { return v.From - jobsOnPage }

// Later is where the next page begins; negative: there is none.
func (v view) Later() int {
	if next := v.From + jobsOnPage; next < len(v.Held.Jobs) {
		return next
	}
	return -1
}

// Here is where the page is found again, with what it is about.
func (v view) Here() string {
	switch {
	case v.Page == pageHome && v.From > 0:
		return v.Base + "?from=" + strconv.Itoa(v.From)
	case v.Page == pageService:
		return v.Base + "/service?id=" + strconv.FormatUint(v.Service, 10)
	case v.Page == pageBadge:
		return v.Base + "/badge"
	case v.Page == pageServices:
		return v.Base + "/services"
	case v.Page == pageNotice:
		return v.Base + "/notice"
	case v.Page == pageDelete:
		return v.Base + "/delete?job=" + strconv.Itoa(v.Job)
	default:
		return v.Base
	}
}
