// Package cups speaks IPP with a print server over its unix socket: it lists the jobs of a
// queue, moves, releases, holds and deletes them, and looks at printers. It knows nothing of
// people or panels, keeps nothing, and starts no goroutine.
//
// The server knows the agent by the user that it runs as (PeerCred): there is no password,
// and nobody can claim to be the agent over the network. Operations and attributes are those
// of RFC 8011 and of «CUPS Implementation of IPP».
package cups

import (
	"errors"
	"time"
)

// The errors that callers tell apart. All others are the server's, with its status.
var (
	// ErrAway: the server cannot be asked now; nothing was lost.
	ErrAway = errors.New("the print server does not answer")
	// ErrDenied: the server's policy does not let the agent do this.
	ErrDenied = errors.New("the print server refuses the agent")
	// ErrNotFound: there is no such queue or job, or no longer.
	ErrNotFound = errors.New("not on the print server")
	// ErrNotPossible: the job is in a state in which this cannot be done.
	ErrNotPossible = errors.New("not possible in the job's state")
)

// JobState is how far a job is (RFC 8011 §5.3.7).
type JobState int32

// The states of a job.
const (
	Pending    JobState = 3
	Held       JobState = 4
	Processing JobState = 5
	Stopped    JobState = 6
	Canceled   JobState = 7
	Aborted    JobState = 8
	Completed  JobState = 9
)

// Colour is whether a job was sent to be printed in colour.
type Colour uint8

// What a job may say of colour. Many say nothing.
const (
	ColourUnknown Colour = iota
	Monochrome
	InColour
)

// Job is a job as the server tells it. All texts come from whoever sent it: nobody has
// checked them.
type Job struct {
	ID        int
	Queue     string // the queue that it is in
	User      string // who sent it, as their computer says
	Title     string
	State     JobState
	Age       time.Duration // by the server's clock
	KBytes    int
	Documents int // 0: nothing has arrived yet
	Copies    int
	Pages     int // as the sender says; 0: unknown
	Colour    Colour
	TwoSided  bool
	Format    string // of its document; may be empty
	Printed   int    // pages or sheets that have come out, as far as the server knows
}

// Printer is a queue and the device behind it.
type Printer struct {
	Name      string
	Stopped   bool
	Accepting bool     // takes new jobs
	Reasons   []string // printer-state-reasons, such as media-empty-error
	Sides     []string // that it can print; empty: it does not say
	Formats   []string // of documents that it takes; empty: it does not say
	Policy    string   // the name of its operation policy
	Hold      string   // job-hold-until-default
}
