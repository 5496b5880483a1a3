package release

import (
	"crypto/sha256"
	"encoding/binary"
	"slices"
	"time"

	"badged/sync/wire"
)

// LostAfter is how long a terminal that was told to install may be silent. A trial takes five
// minutes, and writing a slow card about as long.
const LostAfter = 30 * time.Minute

// Member is a terminal as the rule sees it.
type Member struct {
	Terminal  string
	Board     string
	Installed ID
	Sequence  uint64   // of what is installed
	Groups    []string // of its doors; two terminals with a common one never go together
	Install   Install  // of the release that is asked about
	Begun     bool     // it says that it is installing that release, or on trial with it
}

// Others is what the rule must know beside a terminal itself.
type Others struct {
	At      Minute   // of the day
	Busy    []string // groups of doors of which a terminal is under way, with any release
	Going   int      // terminals that are under way with this release
	Healthy int      // that have it
}

// Order is what a terminal is told.
type Order int

// The orders.
const (
	Nothing Order = iota
	Fetch
	Go // install what was fetched
)

// Decide says what a terminal is told about a release now. The same facts give the same order.
//
// The first terminal goes alone. From then on as many may be under way as have come through, so
// that a release that breaks them all meets few.
func Decide(r Release, m Member, o Others) Order {
	switch {
	case !r.GoesOn() || !r.means(m):
		return Nothing
	case !slices.Contains(r.Boards, m.Board) || m.Installed == r.ID || m.Sequence >= r.Sequence:
		return Nothing
	case m.Install.hasFailed() || m.Install.Stage == Healthy: // somebody rolled it back since
		return Nothing
	case m.Install.Stage == Installing && (m.Begun || r.Between.Has(o.At)): // it keeps its turn, after a restart in the middle too
		return Go
	case m.Install.Stage != Ready || waitsFor(r, m, o) != "":
		return Fetch
	}
	return Go
}

// Wait is what a terminal that is ready waits for.
type Wait string

// The waits.
const (
	ForHours  Wait = "hours"  // in which it may install
	ForGroup  Wait = "group"  // another terminal of its doors is under way
	ForFirst  Wait = "first"  // the first terminal goes alone
	ForOthers Wait = "others" // as many are under way as have come through
)

// waitsFor says what a terminal that is ready waits for; empty: nothing.
func waitsFor(r Release, m Member, o Others) Wait {
	switch {
	case !r.Between.Has(o.At):
		return ForHours
	case haveCommon(m.Groups, o.Busy):
		return ForGroup
	case o.Going < max(1, o.Healthy):
		return ""
	case o.Healthy == 0:
		return ForFirst
	}
	return ForOthers
}

// GoesOn reports whether anybody is told of a release.
func (r Release) GoesOn() bool { return r.State() == Assigned }

// means reports whether the wave has reached a terminal.
func (r Release) means(m Member) bool {
	named := slices.Contains(r.Terminals, m.Terminal) || haveCommon(r.Groups, m.Groups)
	if len(r.Terminals)+len(r.Groups) > 0 && !named {
		return false
	}
	return placeInWaves(r.ID, m.Terminal) < r.Percent
}

// placeInWaves is where a terminal stands in the waves of a release, 0 to 99: the same for good, so
// that a larger wave holds every smaller one, and another one for the next release, so that not
// always the same terminals go first.
func placeInWaves(id ID, terminal string) uint64 {
	sum := sha256.Sum256(append(id[:], terminal...))
	return binary.BigEndian.Uint64(sum[:8]) % 100
}

func haveCommon(a, b []string) bool {
	return slices.ContainsFunc(a, func(s string) bool { return slices.Contains(b, s) })
}

// applyReport gives how a terminal stands after it reported, and whether that is news. An old report
// of a failure does not undo a retry.
func applyReport(i Install, u wire.Update, now time.Time) (Install, bool) {
	was := i
	switch {
	case u.Installed == i.Release:
		i.Stage, i.Why, i.Retry = Healthy, "", false
	case string(u.Release) != string(i.Release[:]):
		return i, false
	case u.Phase == wire.UpdateFailed && (i.Stage == Fetching || i.Stage == Ready) && i.Retry:
		return i, false
	case u.Phase == wire.UpdateFailed:
		i.Stage, i.Why, i.Retry = Failed, u.Why, false
	case u.Phase == wire.UpdateTrial, u.Phase == wire.UpdateInstalling:
		i.Stage, i.Why = Installing, u.Why
	case i.Stage == Failed || i.Stage == Healthy:
		return i, false // until a retry
	case i.underWay(): // it was restarted in the middle, and fetches or waits: it still has its turn
		i.Stage, i.Why = Installing, u.Why
	case u.Phase == wire.UpdateReady:
		i.Stage, i.Why = Ready, u.Why
	default:
		i.Stage, i.Why = Fetching, u.Why
	}
	i.Done = u.Done
	if i.Stage != was.Stage {
		i.Since = now
	}
	return i, i != was
}

// isLost reports whether a terminal that was told to install was not heard of for too long.
func (i Install) isLost(lastSeen, now time.Time) bool {
	return i.Stage == Installing && now.Sub(i.Since) > LostAfter && now.Sub(lastSeen) > LostAfter
}
