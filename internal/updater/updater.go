// Package updater fetches releases from the hub, piece by piece, and hands whole ones to the box
// that the agent runs on. The box verifies them and decides; the hub says whose turn it is.
//
//	offer ──► fetching ──all pieces──► ready ──offer says install──► installing ──► reboot ──► trial
//	             ▲                                                       │
//	             └── restart, cut, lost pieces: what is on the disk      └──► failed: the box refused it
//	                 is found by its hashes
package updater

import (
	"bytes"
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"log/slog"
	"reflect"
	"slices"
	"strings"
	"sync"
	"time"

	"badged/internal/boxctl"
	"badged/sync/wire"
)

// boxEvery is how often the box is asked how it is, and how long it may take to say so.
const boxEvery = 10 * time.Second

// longestWhy bounds what the hub is told, in bytes.
const longestWhy = 200

// Box is the box that the agent runs on.
type Box interface {
	Status(ctx context.Context) (boxctl.Status, error)
	Update(ctx context.Context, u boxctl.Update, fn func(boxctl.Step)) error
}

// Options is what an Updater needs.
type Options struct {
	Dir  string // of its own, which the box can read
	Free func(dir string) (uint64, error)
	Box  Box
	// Busy says why the machine should not start again now, because somebody is there; empty: nobody
	// is. It may be nil.
	Busy func() string
	// Every is how often the box is asked how it is; 0: every 10 s.
	Every time.Duration
	Log   *slog.Logger
}

// Updater implements uplink.Updates.
type Updater struct {
	o       Options
	disk    disk
	offers  chan wire.Release // holds the newest
	pieces  chan wire.Piece
	wants   chan wire.Want
	changed chan struct{}

	mu    sync.Mutex // guards state
	state *wire.Update

	// Only Run uses what follows.
	box    boxctl.Status
	job    *fetch // nil: nothing was offered
	phase  wire.UpdatePhase
	why    string
	halted bool // by the disk, until the next offer
	handed bool // the box has answered to what it was given
	ended  chan error
	all    sync.WaitGroup // what startInstall started
}

// New makes an updater. It does nothing before Run.
func New(o Options) *Updater {
	o.Every = cmp.Or(o.Every, boxEvery)
	return &Updater{
		o: o, disk: disk{o.Dir, o.Free}, offers: make(chan wire.Release, 1), pieces: make(chan wire.Piece, 2*wire.MaxWanted),
		wants: make(chan wire.Want), changed: make(chan struct{}, 1), ended: make(chan error, 1),
	}
}

// State implements uplink.Updates.
func (u *Updater) State() *wire.Update {
	u.mu.Lock()
	defer u.mu.Unlock()
	return u.state
}

// Offered implements uplink.Updates.
func (u *Updater) Offered(r wire.Release) {
	select {
	case <-u.offers: // an older one
	default:
	}
	select {
	case u.offers <- r:
	default: // the hub repeats it
	}
}

// Arrived implements uplink.Updates.
func (u *Updater) Arrived(p wire.Piece) {
	select {
	case u.pieces <- p:
	default: // it is asked for again
	}
}

// Wants implements uplink.Updates.
func (u *Updater) Wants() <-chan wire.Want { return u.wants }

// Changed implements uplink.Updates.
func (u *Updater) Changed() <-chan struct{} { return u.changed }

// Run fetches and installs until ctx ends. On a machine that did not start from a card it has
// nothing to do, and returns.
func (u *Updater) Run(ctx context.Context) error {
	if u.askBox(ctx) {
		return nil
	}
	defer u.all.Wait()
	timer := time.NewTimer(0)
	defer timer.Stop()
	for asked := time.Now(); ; {
		want, ask := u.nextWant()
		timer.Reset(time.Until(u.deadline(asked)))
		select {
		case <-ctx.Done():
			return nil
		case r := <-u.offers:
			u.handleOffer(ctx, r)
		case p := <-u.pieces:
			u.handlePiece(p)
		case ask <- want:
			u.job.markAsked(want.Pieces, time.Now())
		case err := <-u.ended:
			u.handleInstalled(err)
		case <-timer.C:
		}
		if time.Since(asked) >= u.o.Every {
			u.askBox(ctx)
			asked = time.Now()
		}
		u.reportState()
	}
}

// nextWant returns what to ask the hub for, and the channel to send it on; nil: there is nothing
// to ask for.
func (u *Updater) nextWant() (w wire.Want, ask chan<- wire.Want) {
	if !u.fetching() {
		return w, nil
	}
	if w.Pieces = u.job.nextPieces(time.Now()); len(w.Pieces) == 0 {
		return w, nil
	}
	w.Release = u.job.release.ID
	return w, u.wants
}

// fetching reports whether there is something to ask the hub for.
func (u *Updater) fetching() bool {
	return u.job != nil && u.phase == wire.UpdateFetching && !u.halted
}

// deadline is when Run goes on by itself.
func (u *Updater) deadline(asked time.Time) time.Time {
	d := asked.Add(u.o.Every)
	if u.fetching() {
		if again := u.job.deadline(); !again.IsZero() && again.Before(d) {
			d = again
		}
	}
	return d
}

// askBox asks the box how it is, and reports whether there is none.
func (u *Updater) askBox(ctx context.Context) (none bool) {
	ctx, cancel := context.WithTimeout(ctx, boxEvery)
	defer cancel()
	s, err := u.o.Box.Status(ctx)
	switch {
	case errors.Is(err, boxctl.ErrNoBox):
		return true
	case err != nil:
		u.o.Log.Warn("the box does not say how it is", "err", err)
		return false
	}
	if s.Release != u.box.Release {
		u.dropInstalled(parseDigest(s.Release))
	}
	u.box = s
	if u.phase == wire.UpdateInstalling && u.handed && s.Trying == "" && slices.Contains(s.Quarantined, u.job.release.ID.String()) {
		u.phase, u.why = wire.UpdateFailed, s.Why
	}
	u.reportState()
	return false
}

// dropInstalled forgets a release that is installed, and removes its bundle: after a reboot, an
// agent that ran before has fetched it.
func (u *Updater) dropInstalled(id wire.Digest) {
	if u.job != nil && u.job.release.ID == id {
		u.job, u.phase, u.why = nil, 0, ""
	}
	if err := u.disk.removeBundle(id); err != nil {
		u.o.Log.Warn("the bundle of the release that is installed stays", "err", err)
	}
}

// handleOffer begins to fetch a release, goes on with it, or installs it.
func (u *Updater) handleOffer(ctx context.Context, r wire.Release) {
	if err := r.Check(); err != nil {
		u.o.Log.Warn("an offer of a release is refused", "err", err)
		return
	}
	if u.phase == wire.UpdateInstalling || u.box.Trying != "" || u.box.Release == r.ID.String() {
		return
	}
	if u.job == nil || u.job.release.ID != r.ID || !bytes.Equal(u.job.release.Pieces, r.Pieces) || u.halted {
		u.beginFetch(r)
	}
	if u.job == nil {
		return
	}
	u.job.release, u.job.offered = r, time.Now()
	if u.phase == wire.UpdateFailed && r.Retry {
		u.phase, u.why = wire.UpdateReady, ""
	}
	if u.phase == wire.UpdateReady && r.Install && !u.noteBusy() {
		u.startInstall(ctx, r)
	}
}

// noteBusy reports whether somebody is about, and notes for the hub, which repeats its offer, why
// nothing happens.
func (u *Updater) noteBusy() bool {
	if u.o.Busy == nil {
		return false
	}
	u.why = u.o.Busy()
	return u.why != ""
}

// beginFetch finds what of a release is on the disk.
func (u *Updater) beginFetch(r wire.Release) {
	u.phase, u.why, u.halted = wire.UpdateFetching, "", false
	have, err := u.disk.openBundle(r)
	if err != nil {
		u.job = newFetch(r, make([]bool, r.Count()), time.Now())
		u.haltFetch(err)
		return
	}
	u.job = newFetch(r, have, time.Now())
	u.o.Log.Info("fetch a release", "version", r.Version, "pieces", r.Count(), "there", u.job.countDone())
	u.checkBundle()
}

// haltFetch stops fetching until the next offer.
func (u *Updater) haltFetch(err error) {
	u.o.Log.Warn("a release is not fetched", "err", err)
	u.halted, u.why = true, err.Error()
}

// handlePiece writes a piece that is wanted.
func (u *Updater) handlePiece(p wire.Piece) {
	if !u.fetching() || !u.job.wantsPiece(p) {
		return
	}
	if err := u.disk.writePiece(p); err != nil {
		u.haltFetch(err)
		return
	}
	u.job.markWritten(p.Index, time.Now())
	u.checkBundle()
}

// checkBundle reads the bundle back once all pieces are there. It fetches again those that the
// disk damaged.
func (u *Updater) checkBundle() {
	if u.job.left > 0 {
		return
	}
	have, err := u.disk.syncBundle(u.job.release)
	if err != nil {
		u.haltFetch(err)
		return
	}
	if u.job = newFetch(u.job.release, have, u.job.offered); u.job.left == 0 {
		u.phase = wire.UpdateReady
	}
}

// startInstall hands the bundle to the box, which verifies it and starts it on trial.
func (u *Updater) startInstall(ctx context.Context, r wire.Release) {
	u.phase, u.why, u.handed = wire.UpdateInstalling, "", false
	u.o.Log.Info("install a release", "version", r.Version)
	u.all.Go(func() { // ends with the box's answer, or with ctx
		u.ended <- u.o.Box.Update(ctx, boxctl.Update{From: u.disk.pathOf(r.ID), Retry: r.Retry}, func(boxctl.Step) {})
	})
}

// handleInstalled handles the box's answer. After a success the machine starts again.
func (u *Updater) handleInstalled(err error) {
	u.handed = true
	var failed *boxctl.Failure
	switch {
	case err == nil:
	case errors.As(err, &failed):
		u.o.Log.Error("the box refused a release", "err", err)
		u.phase, u.why = wire.UpdateFailed, err.Error()
	default: // it is no fault of the release; the hub repeats its offer
		u.o.Log.Warn("a release is not installed yet", "err", err)
		u.phase, u.why = wire.UpdateReady, err.Error()
	}
}

// reportState updates what the hub is told, and signals Changed when it is news.
func (u *Updater) reportState() {
	s := u.describeState()
	u.mu.Lock()
	was := u.state
	u.state = s
	u.mu.Unlock()
	if was != nil {
		copied := *was
		copied.Done = s.Done // is no news by itself
		if reflect.DeepEqual(copied, *s) {
			return
		}
	}
	select {
	case u.changed <- struct{}{}:
	default: // it will look
	}
}

// describeState says which release the terminal is at: the one on trial, the one that it fetches, or
// the last one that failed.
func (u *Updater) describeState() *wire.Update {
	s := &wire.Update{Board: u.box.Board, Installed: parseDigest(u.box.Release), Sequence: u.box.Sequence}
	about := func(id wire.Digest, phase wire.UpdatePhase, why string) {
		s.Release, s.Phase, s.Why = id[:], phase, strings.ToValidUTF8(why[:min(len(why), longestWhy)], "")
	}
	bad := u.box.Quarantined
	switch {
	case u.box.Trying != "":
		about(parseDigest(u.box.Trying), wire.UpdateTrial, u.box.Trial)
	case u.job != nil:
		about(u.job.release.ID, u.phase, u.why)
		s.Done = u.job.countDone()
	case len(bad) > 0:
		about(parseDigest(bad[len(bad)-1]), wire.UpdateFailed, u.box.Why)
	}
	return s
}

// parseDigest reads the name of a release; zero: there is none.
func parseDigest(text string) (d wire.Digest) {
	if b, err := hex.DecodeString(text); err == nil && len(b) == len(d) {
		copy(d[:], b)
	}
	return d
}
