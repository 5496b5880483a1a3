package sim

import (
	"math/rand/v2"
	"sync"
	"time"

	"badged/internal/ptyport"
)

// OSDPTap is somebody on the line between host and readers: he sees each frame (an
// answer that OSDPSplit cuts: each piece) and says what goes on in its place; nil is
// nothing. A frame that he keeps he must copy.
type OSDPTap func(toReader bool, frame []byte) []byte

// OSDPLine is an RS-485 line with readers, in memory. A frame reaches them all, and
// whoever it is for answers. Its methods are safe for concurrent use.
type OSDPLine struct {
	mu      sync.Mutex // guards what follows
	in      []byte     // a frame that has not ended
	readers []*OSDPReader
	tap     OSDPTap
	loss    float64 // of bytes, either way
	random  *rand.Rand
}

// NewOSDPLine joins readers, which may have the same address: then both answer, as on
// a line that is wired wrongly.
func NewOSDPLine(readers ...*OSDPReader) *OSDPLine { return &OSDPLine{readers: readers} }

// Tap puts somebody on the line; nil takes him away.
func (l *OSDPLine) Tap(tap OSDPTap) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.tap = tap
}

// Swap takes all readers off the line and puts others on.
func (l *OSDPLine) Swap(readers ...*OSDPReader) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.readers = readers
}

// Lose lets a share of the bytes vanish from now on, both ways; the same seed loses the
// same ones.
func (l *OSDPLine) Lose(share float64, seed uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.loss, l.random = share, rand.New(rand.NewPCG(seed, 0))
}

// lose gives what is left of bytes on the wire.
func (l *OSDPLine) lose(p []byte) (left []byte) {
	if l.loss == 0 {
		return p
	}
	for _, b := range p {
		if l.random.Float64() >= l.loss {
			left = append(left, b)
		}
	}
	return left
}

// Receive takes what the host writes, split anywhere, and gives what it reads for it.
func (l *OSDPLine) Receive(p []byte) (replies [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in = append(l.in, l.lose(p)...)
	for {
		frame, rest := cutOSDP(l.in)
		l.in = rest
		if frame == nil {
			return replies
		}
		if frame = l.pass(true, frame); frame == nil {
			continue
		}
		for _, r := range l.readers {
			replies = append(replies, l.back(r.Receive(frame))...)
		}
	}
}

// Release gives the answers that were held back by OSDPLate.
func (l *OSDPLine) Release() (replies [][]byte) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, r := range l.readers {
		replies = append(replies, l.back(r.Release())...)
	}
	return replies
}

// Pause forgets a command that stopped in the middle, as readers do after 20 ms.
func (l *OSDPLine) Pause() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.in = nil
}

func (l *OSDPLine) back(pieces [][]byte) (passed [][]byte) {
	for _, p := range pieces {
		if p = l.lose(l.pass(false, p)); len(p) > 0 {
			passed = append(passed, p)
		}
	}
	return passed
}

func (l *OSDPLine) pass(toReader bool, p []byte) []byte {
	if l.tap == nil {
		return p
	}
	return l.tap(toReader, p)
}

// OSDPBus is such a line behind the serial port of the host.
type OSDPBus struct {
	*OSDPLine
	*ptyport.Port

	bmu    sync.Mutex // guards what follows
	baud   int
	lateBy time.Duration
	heard  time.Time // when the host last said something
	late   sync.WaitGroup
}

// The silences of a line (section 5.7): in a frame, and until an answer is too late.
const (
	osdpGap  = 20 * time.Millisecond
	osdpLate = 400 * time.Millisecond
)

// NewOSDPBus plugs a line with readers in at path.
func NewOSDPBus(path string, readers ...*OSDPReader) (*OSDPBus, error) {
	b := &OSDPBus{OSDPLine: NewOSDPLine(readers...), lateBy: osdpLate}
	t, err := ptyport.Open(path, b.handleBytes)
	if err != nil {
		return nil, err
	}
	b.Port = t
	return b, nil
}

// Baud lets bytes take the time that they take on a wire, ten bits each; 0, as at
// first: none.
func (b *OSDPBus) Baud(baud int) {
	b.bmu.Lock()
	defer b.bmu.Unlock()
	b.baud = baud
}

// LateBy is how long OSDPLate holds an answer back: 400 ms at first, which is longer
// than the 200 ms in which a reader must answer.
func (b *OSDPBus) LateBy(d time.Duration) {
	b.bmu.Lock()
	defer b.bmu.Unlock()
	b.lateBy = d
}

// Close unplugs the line for good.
func (b *OSDPBus) Close() error {
	err := b.Port.Close()
	b.late.Wait()
	return err
}

// handleBytes answers what the host says.
func (b *OSDPBus) handleBytes(p []byte) {
	b.bmu.Lock()
	baud, lateBy := b.baud, b.lateBy
	now := time.Now()
	if now.Sub(b.heard) > osdpGap {
		b.Pause()
	}
	b.heard = now
	b.bmu.Unlock()

	wire(baud, len(p))
	b.put(baud, b.Receive(p))
	if late := b.Release(); late != nil {
		b.late.Go(func() {
			time.Sleep(lateBy)
			b.put(baud, late)
		})
	}
}

// put writes answers. Pieces come apart, so that the host reads them one by one.
func (b *OSDPBus) put(baud int, pieces [][]byte) {
	const apart = 2 * time.Millisecond
	for i, p := range pieces {
		if i > 0 {
			time.Sleep(apart)
		}
		wire(baud, len(p))
		_ = b.Send(p) // a host that does not listen misses it
	}
}

// wire is the time of n bytes on the wire.
func wire(baud, n int) {
	if baud > 0 {
		time.Sleep(time.Duration(n) * 10 * time.Second / time.Duration(baud))
	}
}
