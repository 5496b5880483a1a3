// Package release brings signed releases to the terminals that start from cards: which are
// there, who is to have them, and whose turn it is. What is in a release only its makers decide;
// the hub assigns.
//
//	add ──► kept, verified ──► assign ──► waves ──► healthy
//	                             ▲          │ too many failures, or pause
//	                             └──────────┴──► stopped: nobody is told any more
package release

import (
	"slices"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/refusal"
	"badged/sync/wire"
)

// ID is the hash of a release's list: firmware/bundle makes it.
type ID = wire.Digest

// Release is a bundle that the hub keeps, and who is to have it.
type Release struct {
	ID       ID
	Version  string
	Sequence uint64   // order
	Boards   []string // that it is for
	Size     uint64   // bytes of the bundle
	Pieces   []byte   // as in wire.Release
	Added    time.Time
	Wave
}

// Wave is who is to have a release.
type Wave struct {
	Assigned  time.Time // zero: nobody
	Percent   uint64    // of those who are meant
	Groups    []string  // groups of doors; with none and no Terminals: all
	Terminals []string
	Between   Hours  // in which they may begin to install
	StopAfter uint64 // failures; one more stops it
	Paused    bool
	Stopped   bool // by itself: too many have failed
}

// State is what becomes of a release.
type State string

// The states.
const (
	Unassigned State = "unassigned"
	Assigned   State = "assigned"
	Paused     State = "paused"
	Stopped    State = "stopped" // by itself
)

// State is what becomes of the release now.
func (r Release) State() State {
	switch {
	case r.Assigned.IsZero():
		return Unassigned
	case r.Stopped:
		return Stopped
	case r.Paused:
		return Paused
	}
	return Assigned
}

// DonePercent is how much of the release a terminal has on its disk.
func (r Release) DonePercent(i Install) uint64 {
	pieces := wire.Release{Pieces: r.Pieces}.Count()
	if i.Stage != Fetching || pieces == 0 {
		return 100
	}
	return min(i.Done*100/pieces, 100)
}

// Stage is how far a terminal is with a release.
type Stage string

// The stages.
//
//	Fetching ──► Ready ──► Installing ──► Healthy
//	                           ├──► Failed: its report says why
//	                           └──► Lost: it was told, and not heard of since
//	Failed, Lost ──► Fetching, by a retry
const (
	Fetching   Stage = "fetching"
	Ready      Stage = "ready"      // has all pieces, and waits for its turn
	Installing Stage = "installing" // was told to; writes, or is on trial
	Healthy    Stage = "healthy"
	Failed     Stage = "failed"
	Lost       Stage = "lost"
)

// Install is one release on one terminal.
type Install struct {
	Release  ID
	Terminal string
	Stage    Stage
	Done     uint64 // pieces on its disk
	Why      string // in the terminal's words
	Since    time.Time
	Retry    bool // it failed before, and an operator wants it tried again
}

// UnderWay are the stages of a terminal that is being updated, or went and was not seen again: no
// other one of its doors may go meanwhile.
var UnderWay = [...]Stage{Installing, Lost}

func (i Install) underWay() bool { return slices.Contains(UnderWay[:], i.Stage) }

func (i Install) hasFailed() bool { return i.Stage == Failed || i.Stage == Lost }

// Releases keeps releases and how far terminals are.
type Releases interface {
	Release(id ID) (Release, error) // people.ErrNotFound
	PutRelease(r Release) error
	EachRelease(fn func(Release) error) error // the newest sequence first
	DropRelease(id ID) error                  // with its installs
	Installs
}

// Installs keeps how far terminals are.
type Installs interface {
	Install(id ID, terminal string) (Install, error) // people.ErrNotFound
	PutInstall(i Install) error
	EachInstall(id ID, fn func(Install) error) error // by terminal
	EachUnderWay(fn func(Install) error) error       // at a stage of UnderWay, with any release
	DropInstalls(terminal string) error              // of a box that is gone
}

// Tx is what a command about releases needs.
type Tx struct {
	access.Tx
	Releases
}

// The codes of refusals about releases.
const (
	CodeNone       = "release_none"       // release
	CodeAmbiguous  = "release_ambiguous"  // release, candidates
	CodeNoTrust    = "release_no_trust"   // path
	CodeBundle     = "release_bundle"     // detail
	CodeLarge      = "release_large"      // most
	CodePercent    = "release_percent"    // percent
	CodeMeant      = "release_meant"      // name
	CodeHours      = "release_hours"      // hours
	CodeUnassigned = "release_unassigned" // release
	CodeGiven      = "release_given"      // release
	CodeUnderWay   = "release_under_way"  // release, terminals
)

func refuse(kind refusal.Kind, code string, fields refusal.Fields) error {
	return &refusal.Error{Kind: kind, Code: code, Fields: fields}
}
