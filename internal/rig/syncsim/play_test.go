package syncsim

import (
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"testing"
	"testing/cryptotest"
	"testing/synctest"
	"time"
)

var (
	oneSeed = flag.Uint64("seed", 0, "play this seed only, and tell what happens")
	seeds   = flag.Uint64("seeds", 20, "how many seeds to play")
	from    = flag.Uint64("from", 1, "the first seed")
)

// Whatever happens to a site, once it ends nothing is lost, nothing counts twice, nobody's
// number is another's, and everybody has the same. A seed that fails plays the same way
// again: go test ./internal/rig/syncsim -run Plays -seed N -v
func TestPlays(t *testing.T) {
	if *oneSeed > 0 {
		for _, p := range play(t, *oneSeed, os.Stdout) {
			t.Error(p)
		}
		return
	}
	failed, n := 0, *seeds
	if testing.Short() {
		n = min(n, 4)
	}
	for seed := *from; seed < *from+n && failed < enough; seed++ {
		if problems := play(t, seed, io.Discard); len(problems) > 0 {
			failed++
			t.Errorf("seed %d: %s", seed, problems[0])
		}
	}
}

// enough seeds that fail tell what there is to tell.
const enough = 3

// play plays one seed and gives what is wrong.
func play(t *testing.T, seed uint64, log io.Writer) (problems []string) {
	dir := memory(t)
	t.Run(fmt.Sprint(seed), func(t *testing.T) {
		cryptotest.SetGlobalRandom(t, seed)
		synctest.Test(t, func(*testing.T) {
			w := newWorld(dir, seed, log)
			defer w.close()
			w.playFaults()
			w.playCalm()
			w.check()
			problems = w.problems
		})
	})
	return problems
}

// memory is a folder in memory, where there is one: a sync costs nothing there.
func memory(t *testing.T) string {
	if info, err := os.Stat("/dev/shm"); err == nil && info.IsDir() {
		dir, err := os.MkdirTemp("/dev/shm", "syncsim")
		if err == nil {
			t.Cleanup(func() { _ = os.RemoveAll(dir) })
			return dir
		}
	}
	return t.TempDir()
}

const (
	troubled = 8 * time.Minute  // with faults
	quiet    = 12 * time.Minute // without
	acts     = 60
)

// playFaults lets people and faults act at random times.
func (w *world) playFaults() {
	end := time.Now().Add(troubled)
	w.run(time.Now().Add(2 * time.Second))
	for range acts {
		w.after(w.upTo(troubled-time.Minute), w.doRandomDeed)
	}
	w.run(end)
}

// playCalm ends all faults and lets everything be heard.
func (w *world) playCalm() {
	w.calm, w.jumped = true, 0
	w.logf("calm")
	end := time.Now().Add(quiet)
	for _, b := range w.boxes {
		b.offline = false
		w.after(0, b.connect)
	}
	for i := range 5 {
		w.after(time.Duration(i)*2*time.Minute+time.Minute, w.openAlarms)
		w.after(time.Duration(i)*2*time.Minute+time.Minute, func() { w.read(w.checkRetired) })
	}
	w.run(end)
	w.checkClaims()
}

// deeds are what happens, and how often of a hundred.
var deeds = []struct {
	of100 int
	do    func(*world)
}{
	{32, func(w *world) { w.box().present(fmt.Sprintf("badge %d", w.rand.IntN(12))) }},
	{12, func(w *world) { w.box().knock(w.member()) }},
	{6, func(w *world) { w.person(w.rand.IntN(1 << 30)) }},
	{4, func(w *world) { w.revokeSome() }},
	{10, func(w *world) { w.partition() }},
	{6, func(w *world) { w.crash() }},
	{5, func(w *world) { b := w.box(); b.past = append(b.past, b.copyDisk()) }},
	{5, func(w *world) { w.putBack() }},
	{3, func(w *world) { w.copyBox() }},
	{4, func(w *world) { w.crashHub() }},
	{3, func(w *world) { w.backUpHub() }},
	{2, func(w *world) { w.putHubBack() }},
	{2, func(w *world) { w.jumpHub() }},
	{2, func(w *world) { w.jumpBox() }},
	{1, func(w *world) { w.remove() }},
	{3, func(w *world) { w.rogue() }},
}

// doRandomDeed does one of the deeds, each as often as its share says.
func (w *world) doRandomDeed() {
	n := w.rand.IntN(100)
	for _, d := range deeds {
		if n -= d.of100; n < 0 {
			d.do(w)
			return
		}
	}
}

func (w *world) box() *box { return w.boxes[w.rand.IntN(len(w.boxes))] }

func (w *world) partition() {
	b := w.box()
	w.logf("%s is cut off", b.path)
	b.goOffline()
	w.after(w.upTo(3*time.Minute), b.goOnline)
}

func (w *world) crash() {
	b := w.box()
	w.logf("%s crashes", b.path)
	img := b.copyDisk()
	b.drop()
	b.start(img)
}

// putBack puts an older image on a disk. What came to it since is destroyed, unless it is at
// the hub.
func (w *world) putBack() {
	b := w.box()
	if len(b.past) == 0 {
		return
	}
	w.logf("%s is put back", b.path)
	b.drop()
	b.start(b.past[w.rand.IntN(len(b.past))])
}

// copyBox puts a copy of a disk into a new box.
func (w *world) copyBox() {
	if len(w.boxes) > 5 {
		return
	}
	b := w.box()
	c := w.newBox(b.name, b.key)
	c.removed = b.removed
	w.logf("%s is a copy of %s", c.path, b.path)
	c.start(b.copyDisk())
}

func (w *world) remove() {
	b := w.box()
	if b.name != "t2" {
		return
	}
	w.logf("%s is locked out", b.name)
	for _, c := range w.boxes {
		c.removed = c.removed || c.name == b.name
	}
	_ = w.hub.RemoveTerminal(w.ctx(), operator, b.name) // perhaps it was before
}

// rogue sends what others sent before under its own name, and claims of its own.
func (w *world) rogue() {
	r := rand.New(rand.NewPCG(w.rand.Uint64(), 1))
	if len(w.seen) == 0 {
		return
	}
	old := w.seen[r.IntN(len(w.seen))]
	w.carry(func() { w.link.up <- old }) // replayed
	other := old
	other.Terminal = w.boxes[r.IntN(len(w.boxes))].name
	w.carry(func() { w.link.up <- other })
	spoilt := old
	spoilt.Payload = append([]byte(nil), old.Payload...)
	spoilt.Payload[r.IntN(len(spoilt.Payload))] ^= 1 << r.IntN(8)
	w.carry(func() { w.link.up <- spoilt })
}
