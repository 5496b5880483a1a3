package updater

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"badged/internal/boxctl"
	"badged/sync/wire"
)

// content is the bundle of these tests: what is in it only the box looks at.
func content(pieces int) []byte {
	b := make([]byte, pieces*wire.PieceBytes-1000)
	r := rand.New(rand.NewPCG(1, 2))
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func offerOf(b []byte) wire.Release {
	r := wire.Release{ID: wire.Digest{14}, Version: "1.4.0", Size: uint64(len(b))}
	for i := 0; i < len(b); i += wire.PieceBytes {
		r.Pieces = append(r.Pieces, wire.PieceHash(b[i:min(i+wire.PieceBytes, len(b))])...)
	}
	return r
}

func pieceOf(r wire.Release, b []byte, i uint64) wire.Piece {
	at := int(i) * wire.PieceBytes
	return wire.Piece{Release: r.ID, Index: i, Data: b[at : at+r.SizeOf(i)]}
}

// box plays the box, which has its own tests: it keeps the bundle that it is given.
type box struct {
	mu     sync.Mutex // guards what follows
	status boxctl.Status
	got    [][]byte
	asked  []boxctl.Update
	answer error
	takes  time.Duration // to verify a bundle
}

func (b *box) Status(context.Context) (boxctl.Status, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.status, nil
}

func (b *box) Update(_ context.Context, u boxctl.Update, _ func(boxctl.Step)) error {
	time.Sleep(b.takes)
	b.mu.Lock()
	defer b.mu.Unlock()
	text, err := os.ReadFile(u.From)
	if err != nil {
		return err
	}
	b.got, b.asked = append(b.got, text), append(b.asked, u)
	return b.answer
}

// rig is an updater, and a hub that answers what it asks for as the test says.
type rig struct {
	t     *testing.T
	dir   string
	box   *box
	free  uint64
	up    *Updater
	stop  func()
	asked int // pieces
}

func newRig(t *testing.T, dir string) *rig {
	return &rig{t: t, dir: dir, box: &box{status: boxctl.Status{Board: "rpi-4", Release: wire.Digest{13}.String(), Sequence: 13}}, free: 1 << 40}
}

// start starts the updater, as after a restart of the agent.
func (r *rig) start() {
	r.up = New(Options{
		Dir: r.dir, Box: r.box, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Free: func(string) (uint64, error) { return r.free, nil },
	})
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error)
	go func() { over <- r.up.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-over; err != nil {
			r.t.Error(err)
		}
	}
}

// serve answers wants until none comes for two minutes, which is when pieces that were lost
// have been asked for again. send may lose, change, repeat and reorder.
func (r *rig) serve(offer wire.Release, b []byte, send func(p wire.Piece, give func(wire.Piece))) {
	r.up.Offered(offer)
	for {
		select {
		case w := <-r.up.Wants():
			if len(w.Pieces) > wire.MaxWanted {
				r.t.Errorf("%d pieces are asked for at a time", len(w.Pieces))
			}
			for _, i := range w.Pieces {
				r.asked++
				send(pieceOf(offer, b, i), r.up.Arrived)
			}
		case <-time.After(2 * time.Minute):
			return
		}
	}
}

func plain(p wire.Piece, give func(wire.Piece)) { give(p) }

func (r *rig) phase(want wire.UpdatePhase, why string) {
	r.t.Helper()
	synctest.Wait()
	s := r.up.State()
	if s == nil || s.Phase != want || !strings.Contains(s.Why, why) || why == "" && s.Why != "" {
		r.t.Fatalf("the hub is told %+v, want phase %s because of %q", s, want, why)
	}
}

// Issue 12, 5: a release arrives whole through a link that loses, repeats, reorders and changes
// pieces, and the box gets it only when it is the terminal's turn.
func TestAReleaseArrivesWhole(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(12)
		offer := offerOf(b)
		r.start()
		dice := rand.New(rand.NewPCG(7, 7))
		var held []wire.Piece
		r.serve(offer, b, func(p wire.Piece, give func(wire.Piece)) {
			switch dice.IntN(5) {
			case 0: // lost
			case 1:
				changed := p
				changed.Data = append([]byte{p.Data[0] ^ 1}, p.Data[1:]...)
				give(changed)
			case 2:
				give(p)
				give(p)
			case 3:
				held = append(held, p)
			default:
				give(p)
				for _, h := range held {
					give(h)
				}
				held = nil
			}
			r.up.Offered(offer) // the hub repeats it every minute
		})
		r.phase(wire.UpdateReady, "")
		if len(r.box.got) != 0 {
			t.Fatal("the box was given a release before it was this terminal's turn")
		}
		offer.Install = true
		r.up.Offered(offer)
		r.phase(wire.UpdateInstalling, "")
		if len(r.box.got) != 1 || string(r.box.got[0]) != string(b) || r.box.asked[0].Retry {
			t.Errorf("the box was given %d bundles, asked %+v", len(r.box.got), r.box.asked)
		}
		r.stop()
	})
}

// Issue 12, 5: after a restart only what is not on the disk is fetched, and what the power cut
// left damaged is.
func TestFetchingIsResumedFromTheDisk(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(10)
		offer := offerOf(b)
		r.start()
		n := 0
		r.serve(offer, b, func(p wire.Piece, give func(wire.Piece)) {
			if n++; n <= 6 {
				give(p)
			}
		})
		r.phase(wire.UpdateFetching, "")
		if got := r.up.State().Done; got != 6 {
			t.Fatalf("%d pieces are there", got)
		}
		r.stop()
		f, err := os.OpenFile(r.up.disk.path(offer.ID), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := f.WriteAt(make([]byte, 100), 2*wire.PieceBytes+7); err != nil {
			t.Fatal(err)
		}
		f.Close()
		r.asked = 0
		r.start()
		r.serve(offer, b, plain)
		r.phase(wire.UpdateReady, "")
		if r.asked != 5 {
			t.Errorf("%d pieces were fetched after the restart, want the 4 that are missing and the damaged one", r.asked)
		}
		r.stop()
	})
}

// Issue 12, 5: an offer lapses: a terminal that is told nothing more, because the release is
// paused or the hub is gone, asks for nothing more.
func TestAnOfferLapses(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(3)
		r.start()
		r.serve(offerOf(b), b, func(wire.Piece, func(wire.Piece)) {})
		if late := r.asked; late == 0 {
			t.Fatal("nothing was asked for")
		}
		time.Sleep(fresh)
		select {
		case w := <-r.up.Wants():
			t.Errorf("asked for %v long after the last offer", w.Pieces)
		case <-time.After(time.Hour):
		}
		r.stop()
	})
}

// Issue 12, 5: a full disk is told, room is left for the database, and the release goes on when
// there is room again.
func TestAFullDiskIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(3)
		r.free = uint64(len(b)) + reserve - 1
		r.start()
		r.serve(offerOf(b), b, plain)
		r.phase(wire.UpdateFetching, "no room for the update")
		if r.asked != 0 {
			t.Error("pieces were asked for that have no room")
		}
		r.free++
		r.serve(offerOf(b), b, plain)
		r.phase(wire.UpdateReady, "")
		r.stop()
	})
}

// A disk that takes no more in the middle ends the fetching until the next offer.
func TestAPieceThatCannotBeWrittenIsTold(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(3)
		r.start()
		r.serve(offerOf(b), b, func(p wire.Piece, give func(wire.Piece)) {
			_ = os.Remove(r.up.disk.path(p.Release)) // as when the file system went away
			give(p)
		})
		r.phase(wire.UpdateFetching, "write the bundle")
		r.serve(offerOf(b), b, plain)
		r.phase(wire.UpdateReady, "")
		r.stop()
	})
}

// Issue 12, 5: what the box refuses, a bundle of another key for one, is told with its reason, and
// is not tried again until an operator says so. A box that is busy is asked again.
func TestWhatTheBoxSays(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(2)
		offer := offerOf(b)
		offer.Install = true
		r.start()
		r.box.answer = errors.New("ask the box: an update is under way")
		r.serve(offer, b, plain)
		r.up.Offered(offer)
		r.phase(wire.UpdateReady, "under way")
		r.box.answer = &boxctl.Failure{Text: "not signed by enough keys that are trusted"}
		r.up.Offered(offer)
		r.phase(wire.UpdateFailed, "not signed")
		tries := len(r.box.asked)
		r.up.Offered(offer)
		r.phase(wire.UpdateFailed, "not signed")
		if len(r.box.asked) != tries {
			t.Error("a release that was refused was tried again")
		}
		offer.Retry, r.box.answer = true, nil
		r.up.Offered(offer)
		r.phase(wire.UpdateInstalling, "")
		if last := r.box.asked[len(r.box.asked)-1]; !last.Retry {
			t.Errorf("the box is asked %+v", last)
		}
		r.stop()
	})
}

// Issue 12, 5: the hub is told how the box stands after it started again: on trial, rolled back
// and why, or with the release installed, whose bundle then makes room.
func TestTheHubIsToldHowTheBoxStands(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(2)
		offer := offerOf(b)
		set := func(s boxctl.Status) {
			s.Board = "rpi-4"
			r.box.mu.Lock()
			r.box.status = s
			r.box.mu.Unlock()
			time.Sleep(2 * boxEvery)
			synctest.Wait()
		}
		r.start()
		r.serve(offer, b, plain)
		set(boxctl.Status{Release: wire.Digest{13}.String(), Trying: offer.ID.String(), Trial: "the agent is not ready"})
		r.phase(wire.UpdateTrial, "not ready")
		r.stop()
		set(boxctl.Status{Release: wire.Digest{13}.String(), Quarantined: []string{wire.Digest{9}.String(), offer.ID.String()}, Why: "reader hall worked before the update"})
		r.start()
		r.phase(wire.UpdateFailed, "reader hall")
		if s := r.up.State(); string(s.Release) != string(offer.ID[:]) {
			t.Errorf("the hub is told of %x", s.Release)
		}
		set(boxctl.Status{Release: offer.ID.String(), Sequence: 14})
		r.phase(0, "")
		if s := r.up.State(); s.Installed != offer.ID || s.Sequence != 14 {
			t.Errorf("the hub is told %+v", s)
		}
		r.stop()
	})
}

// Issue 12, 5: while a release is tried again, the box still says that it failed before: that is
// no failure of the new try.
func TestAnOldFailureIsNoneOfTheNewTry(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r, b := newRig(t, t.TempDir()), content(2)
		offer := offerOf(b)
		r.box.status.Quarantined, r.box.status.Why = []string{offer.ID.String()}, "the reader"
		r.box.takes = 5 * boxEvery
		r.start()
		r.phase(wire.UpdateFailed, "the reader")
		offer.Retry = true
		r.serve(offer, b, plain)
		offer.Install = true
		r.up.Offered(offer)
		time.Sleep(3 * boxEvery)
		r.phase(wire.UpdateInstalling, "")
		time.Sleep(3 * boxEvery) // the box has answered, and is not on trial
		r.phase(wire.UpdateFailed, "the reader")
		r.stop()
	})
}

// A machine that did not start from a card has nothing to do with releases.
func TestAMachineWithoutACardIsLeftAlone(t *testing.T) {
	u := New(Options{Dir: t.TempDir(), Box: noBox{}, Log: slog.New(slog.NewTextHandler(io.Discard, nil))})
	if err := u.Run(t.Context()); err != nil || u.State() != nil {
		t.Errorf("%v, %+v", err, u.State())
	}
}

type noBox struct{}

func (noBox) Status(context.Context) (boxctl.Status, error) { return boxctl.Status{}, boxctl.ErrNoBox }
func (noBox) Update(context.Context, boxctl.Update, func(boxctl.Step)) error {
	return boxctl.ErrNoBox
}

// Issue 12, 5: an update never delays what else goes over the link: on a slow one, a single piece
// is on the way at a time.
func TestASlowLinkHasOnePieceOnTheWay(t *testing.T) {
	r := offerOf(content(9))
	at := time.Unix(1000, 0)
	f := newFetch(r, make([]bool, 9), at)
	first := f.next(at)
	if len(first) != wire.MaxWanted {
		t.Fatalf("%d pieces are asked for at first", len(first))
	}
	f.sent(first, at)
	for _, i := range first {
		f.took(i, at.Add(slow+time.Millisecond))
	}
	if got := f.next(at.Add(2 * slow)); len(got) != 1 {
		t.Errorf("after slow pieces, %d are asked for", len(got))
	}
	f.sent([]uint64{4}, at.Add(2*slow))
	f.took(4, at.Add(2*slow+time.Millisecond))
	if got := f.next(at.Add(3 * slow)); len(got) != wire.MaxWanted {
		t.Errorf("after a quick one, %d are asked for", len(got))
	}
}
