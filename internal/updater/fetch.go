package updater

import (
	"time"

	"badged/sync/wire"
)

// The times and bounds of fetching.
const (
	askWait = 10 * time.Second // for a piece; then it is asked for again
	slow    = time.Second      // for a piece: whoever waits longer has one on the way at a time
	fresh   = 3 * time.Minute  // how long an offer holds; the hub repeats it every minute
)

// fetch is which pieces of a release are there, and which are on the way. It is pure.
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

// next is what to ask for now. A piece that did not come in time is asked for again.
func (f *fetch) next(now time.Time) (pieces []uint64) {
	for i, at := range f.asked {
		if now.Sub(at) >= askWait {
			delete(f.asked, i)
			f.window = 1
		}
	}
	if now.Sub(f.offered) > fresh {
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

// sent notes that pieces were asked for.
func (f *fetch) sent(pieces []uint64, now time.Time) {
	for _, i := range pieces {
		f.asked[i] = now
	}
}

// wants reports whether data is a piece that is not there yet.
func (f *fetch) wants(p wire.Piece) bool {
	return p.Release == f.release.ID && f.release.Fits(p.Index, p.Data) && !f.have[p.Index]
}

// took notes that a piece is on the disk. A slow link gets one piece at a time, so that nothing
// else waits behind more than that.
func (f *fetch) took(i uint64, now time.Time) {
	if at, asked := f.asked[i]; asked {
		f.window = wire.MaxWanted
		if now.Sub(at) > slow {
			f.window = 1
		}
		delete(f.asked, i)
	}
	f.have[i] = true
	f.left--
}

// deadline is when next has more to say by itself.
func (f *fetch) deadline() (d time.Time) {
	for _, at := range f.asked {
		if again := at.Add(askWait); d.IsZero() || again.Before(d) {
			d = again
		}
	}
	return d
}

func (f *fetch) done() uint64 { return uint64(len(f.have) - f.left) }
