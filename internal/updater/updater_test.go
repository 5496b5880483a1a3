package updater

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"testing/synctest"
	"time"
	"unicode/utf8"

	"badged/internal/boxctl"
	"badged/sync/wire"
)

// Issue 12, 5: a release arrives whole through a link that loses, repeats, reorders and changes
// pieces, and the box gets it only when it is the terminal's turn.
func TestAReleaseArrivesWhole(t *testing.T) {
	playRig(t, 12, func(r *rig) {
		r.start()
		dice := rand.New(rand.NewPCG(7, 7))
		var held []wire.Piece
		r.servePieces(func(p wire.Piece, give func(wire.Piece)) {
			switch dice.IntN(5) {
			case 0: // lost
			case 1:
				give(changed(p))
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
			r.makeOffer()
		})
		r.expectPhase(wire.UpdateReady, "")
		if len(r.box.got) != 0 {
			t.Fatal("the box was given a release before it was this terminal's turn")
		}
		r.offer.Install = true
		r.makeOffer()
		r.expectPhase(wire.UpdateInstalling, "")
		if len(r.box.got) != 1 || string(r.box.got[0]) != string(r.bundle) || r.box.asked[0].Retry {
			t.Errorf("the box was given %d bundles, asked %+v", len(r.box.got), r.box.asked)
		}
	})
}

// A piece that was changed on the way, one that comes twice, and one of another release do not
// count, and are no news for the hub; the bundles of other releases make room.
func TestOnlyWholePiecesThatAreMissingCount(t *testing.T) {
	playRig(t, 4, func(r *rig) {
		r.start()
		r.servePieces(dead)
		former := r.up.disk.pathOf(r.offer.ID)
		r.offer.ID = wire.Digest{15}
		r.servePieces(dead)
		if _, err := os.Stat(former); !errors.Is(err, os.ErrNotExist) || len(r.bundles()) != 1 {
			t.Errorf("the bundles are %v, of which %s is old: %v", r.bundles(), former, err)
		}
		<-r.up.Changed()
		other := r.piece(1)
		other.Release = wire.Digest{14}
		for _, p := range []wire.Piece{r.piece(0), r.piece(0), changed(r.piece(2)), other} {
			r.up.Arrived(p)
			synctest.Wait()
			if got := r.up.State().Done; got != 1 {
				t.Errorf("%d pieces count", got)
			}
		}
		select {
		case <-r.up.Changed():
			t.Error("a piece is news")
		default:
		}
		r.expectPhase(wire.UpdateFetching, "")
	})
}

// Issue 12, 5: after a restart only what is not on the disk is fetched, and what the power cut
// left damaged is.
func TestFetchingIsResumedFromTheDisk(t *testing.T) {
	playRig(t, 10, func(r *rig) {
		r.start()
		n := 0
		r.servePieces(func(p wire.Piece, give func(wire.Piece)) {
			if n++; n <= 6 {
				give(p)
			}
		})
		r.expectPhase(wire.UpdateFetching, "")
		if got := r.up.State().Done; got != 6 {
			t.Fatalf("%d pieces are there", got)
		}
		r.stop()
		f, err := os.OpenFile(r.up.disk.pathOf(r.offer.ID), os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, at := range []int64{2*wire.PieceBytes + 7, int64(len(r.bundle))} { // in a piece, and behind the last
			if _, err := f.WriteAt(make([]byte, 100), at); err != nil {
				t.Fatal(err)
			}
		}
		f.Close()
		r.asked = 0
		r.start()
		r.servePieces(plain)
		r.expectPhase(wire.UpdateReady, "")
		if r.asked != 5 {
			t.Errorf("%d pieces were fetched after the restart, want the 4 that are missing and the damaged one", r.asked)
		}
		if got, err := os.ReadFile(r.up.disk.pathOf(r.offer.ID)); err != nil || string(got) != string(r.bundle) {
			t.Errorf("the bundle has %d bytes, %v", len(got), err)
		}
	})
}

// Issue 12, 5: an offer lapses: a terminal that is told nothing more, because the release is
// paused or the hub is gone, asks for nothing more.
func TestAnOfferLapses(t *testing.T) {
	playRig(t, 3, func(r *rig) {
		r.start()
		r.servePieces(dead)
		if r.asked == 0 {
			t.Fatal("nothing was asked for")
		}
		time.Sleep(offerHolds)
		select {
		case w := <-r.up.Wants():
			t.Errorf("asked for %v long after the last offer", w.Pieces)
		case <-time.After(time.Hour):
		}
	})
}

// Issue 12, 5: a full disk is told, room is left for the database, and the release goes on when
// there is room again.
func TestAFullDiskIsTold(t *testing.T) {
	playRig(t, 3, func(r *rig) {
		r.free = uint64(len(r.bundle)) + reserve - 1
		r.start()
		r.servePieces(plain)
		r.expectPhase(wire.UpdateFetching, "no room for the update")
		if r.asked != 0 {
			t.Error("pieces were asked for that have no room")
		}
		r.free++
		r.servePieces(plain)
		r.expectPhase(wire.UpdateReady, "")
	})
}

// A disk that takes no more in the middle ends the fetching until the next r.offer.
func TestAPieceThatCannotBeWrittenIsTold(t *testing.T) {
	playRig(t, 3, func(r *rig) {
		r.start()
		r.servePieces(func(p wire.Piece, give func(wire.Piece)) {
			_ = os.Remove(r.up.disk.pathOf(p.Release)) // as when the file system went away
			give(p)
		})
		r.expectPhase(wire.UpdateFetching, "write the bundle")
		r.servePieces(plain)
		r.expectPhase(wire.UpdateReady, "")
	})
}

// Issue 12, 5: what the box refuses, a bundle of another key for one, is told with its reason, and
// is not tried again until an operator says so. A box that is busy is asked again.
func TestWhatTheBoxSays(t *testing.T) {
	playRig(t, 2, func(r *rig) {
		r.offer.Install = true
		r.start()
		r.box.answer = errors.New("ask the box: an update is under way")
		r.servePieces(plain)
		r.makeOffer()
		r.expectPhase(wire.UpdateReady, "under way")
		r.box.answer = &boxctl.Failure{Text: "not signed by enough keys that are trusted"}
		r.makeOffer()
		r.expectPhase(wire.UpdateFailed, "not signed")
		tries := len(r.box.asked)
		r.makeOffer()
		r.expectPhase(wire.UpdateFailed, "not signed")
		if len(r.box.asked) != tries {
			t.Error("a release that was refused was tried again")
		}
		r.offer.Retry, r.box.answer = true, nil
		r.makeOffer()
		r.expectPhase(wire.UpdateInstalling, "")
		if last := r.box.asked[len(r.box.asked)-1]; !last.Retry {
			t.Errorf("the box is asked %+v", last)
		}
	})
}

// Issue 12, 5: a release is not installed while somebody is about; the hub hears why, once, and the
// first offer after that installs it.
func TestAnInstallWaitsUntilNobodyIsAbout(t *testing.T) {
	playRig(t, 2, func(r *rig) {
		r.offer.Install = true
		somebody := "waits until door front is closed and locked"
		r.about.Store(&somebody)
		r.start()
		r.servePieces(plain)
		r.makeOffer()
		r.expectPhase(wire.UpdateReady, somebody)
		<-r.up.Changed()
		r.makeOffer()
		r.expectPhase(wire.UpdateReady, somebody)
		select {
		case <-r.up.Changed():
			t.Error("the same reason is told again")
		default:
		}
		if len(r.box.asked) > 0 {
			t.Fatal("it is installed while somebody is about")
		}
		nobody := ""
		r.about.Store(&nobody)
		r.makeOffer()
		r.expectPhase(wire.UpdateInstalling, "")
		if len(r.box.asked) != 1 {
			t.Errorf("the box was asked %d times", len(r.box.asked))
		}
	})
}

// A reason that is longer than the hub takes is cut between two letters.
func TestALongReasonIsCut(t *testing.T) {
	playRig(t, 2, func(r *rig) {
		r.offer.Install = true
		r.box.answer = &boxctl.Failure{Text: "x" + strings.Repeat("é", longestWhy)}
		r.start()
		r.servePieces(plain)
		r.makeOffer()
		r.expectPhase(wire.UpdateFailed, "xé")
		if why := r.up.State().Why; len(why) != longestWhy-1 || !utf8.ValidString(why) {
			t.Errorf("%d bytes are told: %q", len(why), why)
		}
	})
}

// Issue 12, 5: the hub is told how the box stands after it started again: on trial, rolled back
// and why, or with the release installed, whose bundle then makes room.
func TestTheHubIsToldHowTheBoxStands(t *testing.T) {
	playRig(t, 2, func(r *rig) {
		r.start()
		r.servePieces(plain)
		r.setBox(boxctl.Status{Release: wire.Digest{13}.String(), Trying: r.offer.ID.String(), Trial: "the agent is not ready"})
		r.expectPhase(wire.UpdateTrial, "not ready")
		r.stop()
		r.setBox(boxctl.Status{Release: wire.Digest{13}.String(), Quarantined: []string{wire.Digest{9}.String(), r.offer.ID.String()}, Why: "reader hall worked before the update"})
		r.start()
		r.expectPhase(wire.UpdateFailed, "reader hall")
		if s := r.up.State(); string(s.Release) != string(r.offer.ID[:]) {
			t.Errorf("the hub is told of %x", s.Release)
		}
		r.setBox(boxctl.Status{Release: r.offer.ID.String(), Sequence: 14})
		r.expectPhase(0, "")
		if left := r.bundles(); len(left) != 0 {
			t.Errorf("the bundle of the installed release stays: %v", left)
		}
		if s := r.up.State(); s.Installed != r.offer.ID || s.Sequence != 14 {
			t.Errorf("the hub is told %+v", s)
		}
	})
}

// Issue 12, 5: while a release is tried again, the box still says that it failed before: that is
// no failure of the new try.
func TestAnOldFailureIsNoneOfTheNewTry(t *testing.T) {
	playRig(t, 2, func(r *rig) {
		r.box.status.Quarantined, r.box.status.Why = []string{r.offer.ID.String()}, "the reader"
		r.box.takes = 5 * boxEvery
		r.start()
		r.expectPhase(wire.UpdateFailed, "the reader")
		r.offer.Retry = true
		r.servePieces(plain)
		r.offer.Install = true
		r.makeOffer()
		time.Sleep(3 * boxEvery)
		r.expectPhase(wire.UpdateInstalling, "")
		time.Sleep(3 * boxEvery) // the box has answered, and is not on trial
		r.expectPhase(wire.UpdateFailed, "the reader")
	})
}

// A machine that did not start from a card has nothing to do with releases.
func TestAMachineWithoutACardIsLeftAlone(t *testing.T) {
	u := New(Options{Dir: t.TempDir(), Box: noBox{}, Log: slog.New(slog.DiscardHandler)})
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
	first := f.nextPieces(at)
	if len(first) != wire.MaxWanted {
		t.Fatalf("%d pieces are asked for at first", len(first))
	}
	f.markAsked(first, at)
	for _, i := range first {
		f.markWritten(i, at.Add(slowPiece+time.Millisecond))
	}
	if got := f.nextPieces(at.Add(2 * slowPiece)); len(got) != 1 {
		t.Errorf("after slow pieces, %d are asked for", len(got))
	}
	f.markAsked([]uint64{4}, at.Add(2*slowPiece))
	f.markWritten(4, at.Add(2*slowPiece+time.Millisecond))
	if got := f.nextPieces(at.Add(3 * slowPiece)); len(got) != wire.MaxWanted {
		t.Errorf("after a quick one, %d are asked for", len(got))
	}
}
