package updater

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
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
	t      *testing.T
	dir    string
	box    *box
	free   uint64
	bundle []byte
	offer  wire.Release // of the bundle
	up     *Updater
	stop   func()
	asked  int // pieces
	about  atomic.Pointer[string]
}

// playRig runs a test with a release of some pieces. The test starts the updater; playRig ends it.
func playRig(t *testing.T, pieces int, play func(r *rig)) {
	synctest.Test(t, func(t *testing.T) {
		b := content(pieces)
		r := &rig{
			t: t, dir: t.TempDir(), free: 1 << 40, bundle: b, offer: offerOf(b),
			box: &box{status: boxctl.Status{Board: "rpi-4", Release: wire.Digest{13}.String(), Sequence: 13}},
		}
		defer func() { r.stop() }()
		play(r)
	})
}

// start starts the updater, as after a restart of the agent.
func (r *rig) start() {
	r.up = New(Options{
		Dir: r.dir, Box: r.box, Log: slog.New(slog.DiscardHandler),
		Free: func(string) (uint64, error) { return r.free, nil },
		Busy: func() string {
			if why := r.about.Load(); why != nil {
				return *why
			}
			return ""
		},
	})
	ctx, cancel := context.WithCancel(context.Background())
	over := make(chan error)
	go func() { over <- r.up.Run(ctx) }()
	r.stop = sync.OnceFunc(func() {
		cancel()
		if err := <-over; err != nil {
			r.t.Error(err)
		}
	})
}

// makeOffer offers the release, as the hub does every minute.
func (r *rig) makeOffer() { r.up.Offered(r.offer) }

// servePieces offers the release and answers wants until none comes for two minutes: by then,
// pieces that were lost have been asked for again. send may lose, change, repeat and reorder.
func (r *rig) servePieces(send func(p wire.Piece, give func(wire.Piece))) {
	r.makeOffer()
	for {
		select {
		case w := <-r.up.Wants():
			if len(w.Pieces) > wire.MaxWanted {
				r.t.Errorf("%d pieces are asked for at a time", len(w.Pieces))
			}
			for _, i := range w.Pieces {
				r.asked++
				send(r.piece(i), r.up.Arrived)
			}
		case <-time.After(2 * time.Minute):
			return
		}
	}
}

// plain is a link without faults.
func plain(p wire.Piece, give func(wire.Piece)) { give(p) }

// dead is a link that loses everything.
func dead(wire.Piece, func(wire.Piece)) {}

// piece is a piece of the bundle.
func (r *rig) piece(i uint64) wire.Piece {
	at := int(i) * wire.PieceBytes
	return wire.Piece{Release: r.offer.ID, Index: i, Data: r.bundle[at : at+r.offer.SizeOf(i)]}
}

// changed is a piece with another byte in it.
func changed(p wire.Piece) wire.Piece {
	p.Data = append([]byte{p.Data[0] ^ 1}, p.Data[1:]...)
	return p
}

// setBox lets the box say something else, and waits until the updater has asked it.
func (r *rig) setBox(s boxctl.Status) {
	s.Board = "rpi-4"
	r.box.mu.Lock()
	r.box.status = s
	r.box.mu.Unlock()
	time.Sleep(2 * boxEvery)
	synctest.Wait()
}

// bundles lists the bundles on the disk.
func (r *rig) bundles() []string {
	r.t.Helper()
	list, err := filepath.Glob(filepath.Join(r.dir, "*.bundle"))
	if err != nil {
		r.t.Fatal(err)
	}
	return list
}

// expectPhase checks what the hub is told.
func (r *rig) expectPhase(want wire.UpdatePhase, why string) {
	r.t.Helper()
	synctest.Wait()
	s := r.up.State()
	if s == nil || s.Phase != want || !strings.Contains(s.Why, why) || why == "" && s.Why != "" {
		r.t.Fatalf("the hub is told %+v, want phase %s because of %q", s, want, why)
	}
}
