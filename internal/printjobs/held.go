package printjobs

import (
	"time"

	"badged/internal/cups"
)

// State is what is known of the jobs of who is logged in.
type State uint8

// The states of a list.
//
//	         log-in          answer
//	(Nobody) ------> Asking --------> Listed
//	    ^              |   ^            |
//	    | sign-out     v   | answer     v
//	    +------------ Away <------------+  no answer; asked again every few seconds
const (
	Nobody State = iota // nobody is logged in, or the point has no printer
	Asking
	Listed
	Away // the print server does not answer, or refuses the agent
)

// Phase is how far a job of the list is.
//
//	Waiting, Returned --release--> Sending --> Printing --> Printed
//	    ^      ^                      |            |------> Lost
//	    |      +----------------------|------------+
//	    +-----------------------------+
//	Waiting, Returned --delete--> Gone
type Phase uint8

// The phases of a job.
const (
	Waiting  Phase = iota // held for the person
	Sending               // asked to print; the print server has not confirmed
	Printing              // at the printer
	Printed
	Returned // the printer did not print it: it is held again
	Lost     // canceled or given up at the printer: it has to be sent again
	Gone     // deleted, or no longer this person's to print: no list shows it
)

// Job is a job as a panel shows it.
type Job struct {
	ID       int
	Title    string // clean; empty: it has none
	Sent     time.Time
	Copies   int
	Pages    int // 0: nobody knows before it is printed
	Colour   cups.Colour
	TwoSided bool
	Phase    Phase
}

// CanRelease reports whether the person may print or delete the job now.
func (j Job) CanRelease() bool { return j.Phase == Waiting || j.Phase == Returned }

// Note is what the person must know about the last thing they did, or about the printer.
type Note uint8

// The notes.
const (
	NoteNone       Note = iota
	NoteAway            // the print server did not answer; nothing was lost
	NoteStopped         // the printer is stopped or takes no jobs; nothing was lost
	NotePaper           // the printer waits for paper
	NoteUnfit           // this printer cannot print such a document
	NoteReturned        // the printer did not print; the documents are held again
	NoteLost            // documents were canceled at the printer
	NoteMaybeTwice      // the print server was started again while it printed
)

// Held is the jobs of who is logged in at a point.
type Held struct {
	Rev     uint64 // grows with every change
	Session string // whose; empty: nobody's
	State   State
	Note    Note
	Jobs    []Job // not to be changed: what is under way first, then the newest first
}

// Ready is the jobs that can be released.
func (h Held) Ready() (ids []int) {
	for _, j := range h.Jobs {
		if j.CanRelease() {
			ids = append(ids, j.ID)
		}
	}
	return ids
}

// Job finds a job of the list.
func (h Held) Job(id int) (Job, bool) {
	for _, j := range h.Jobs {
		if j.ID == id {
			return j, true
		}
	}
	return Job{}, false
}

func jobOf(j cups.Job, now time.Time) Job {
	return Job{
		ID: j.ID, Title: CleanTitle(j.Title), Sent: now.Add(-j.Age), Copies: j.Copies, Pages: j.Pages, Colour: j.Colour, TwoSided: j.TwoSided,
	}
}
