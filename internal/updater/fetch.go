package updater

import (
	"time"

	"badged/sync/wire"
)

// The times and bounds of fetching.
const (
	askWait    = 10 * time.Second // for a piece; then it is asked for again
	slowPiece  = time.Second      // for a piece: after a slower one, a single piece is on the way at a time
	offerHolds = 3 * time.Minute  // how long an offer holds; the hub repeats it every minute
)

// fetch knows which pieces of a release are there, and which are on the way. It does no I/O.
type fetch struct {
	release wire.Release
	have    []bool
	left    int // pieces that are not there
	offered time.Time
	asked   map[uint64]time.Time
	window  int
}

// newFetch begins with the pieces that are there.
func newFetch(r wire.Release, have []bool, now time.Time) *fetch {
	f := &fetch{release: r, have: have, offered: now, asked: map[uint64]time.Time{}, window: wire.MaxWanted}
	for _, there := range have {
		if !there {
			f.left++
		}
	}
	return f
}

// nextPieces returns the pieces to request from the hub, those included that did not come in time.
func (f *fetch) nextPieces(now time.Time) (pieces []uint64) {
	for i, at := range f.asked {
		if now.Sub(at) >= askWait {
			delete(f.asked, i)
			f.window = 1
		}
	}
	if now.Sub(f.offered) > offerHolds {
		return nil
	}
	for i, there := range f.have {
		if len(f.asked)+len(pieces) >= f.window {
			break
		}
		if _, asked := f.asked[uint64(i)]; !there && !asked {
			pieces = append(pieces, uint64(i))
		}
	}
	return pieces
}

// markAsked notes that pieces were asked for.
func (f *fetch) markAsked(pieces []uint64, now time.Time) {
	for _, i := range pieces {
		f.asked[i] = now
	}
}

// wantsPiece reports whether p is a piece of the release, unchanged, that is not there yet.
func (f *fetch) wantsPiece(p wire.Piece) bool {
	return p.Release == f.release.ID && f.release.Fits(p.Index, p.Data) && !f.have[p.Index]
}

// markWritten notes that a piece is on the disk. A slow link carries one piece at a time, so that
// nothing else waits behind more than that.
func (f *fetch) markWritten(i uint64, now time.Time) {
	if at, asked := f.asked[i]; asked {
		f.window = wire.MaxWanted
		if now.Sub(at) > slowPiece {
			f.window = 1
		}
		delete(f.asked, i)
	}
	f.have[i] = true
	f.left--
}

// deadline is when a piece must be asked for again; zero: none is on the way.
func (f *fetch) deadline() (d time.Time) {
	for _, at := range f.asked {
		if again := at.Add(askWait); d.IsZero() || again.Before(d) {
			d = again
		}
	}
	return d
}

// countDone counts the pieces that are there.
func (f *fetch) countDone() uint64 { return uint64(len(f.have) - f.left) }
