//go:build power

package store_test

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"badged/internal/rig/forgetful"
	"badged/sync/wire"
)

// The files on the disk of a powered store.
const (
	database = "badged.db"
	saysFile = "says" // what the store has acknowledged; the disk knows it at each moment
)

// powered is a store that another process writes to, on a disk whose power goes.
type powered struct {
	disk *forgetful.Disk
	dir  string
	ctx  context.Context // ends with the process
}

// power starts a process on a disk that has a copy of a store.
func power(t *testing.T, from string, env ...string) powered {
	t.Helper()
	dir := t.TempDir()
	disk, err := forgetful.Mount(dir)
	must(t, err)
	for _, name := range []string{database, database + ".witness"} {
		b, err := os.ReadFile(filepath.Join(filepath.Dir(from), name))
		must(t, err)
		putFile(t, dir, name, b)
	}
	putFile(t, dir, saysFile, nil)
	cmd, _ := child(t, filepath.Join(dir, database), append(env, childTells+"="+filepath.Join(dir, saysFile))...)
	ctx, cancel := context.WithCancel(t.Context())
	go func() {
		defer cancel()
		_ = cmd.Wait() // it always fails, or is killed
	}()
	t.Cleanup(func() {
		_ = cmd.Process.Kill() // it may have ended
		<-ctx.Done()
		must(t, disk.Unmount())
	})
	return powered{disk, dir, ctx}
}

// putFile makes a file that outlives a power cut.
func putFile(t *testing.T, dir, name string, b []byte) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(dir, name), os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	must(t, err)
	_, err = f.Write(b)
	must(t, err)
	must(t, f.Sync())
	must(t, f.Close())
	d, err := os.Open(dir)
	must(t, err)
	must(t, d.Sync())
	must(t, d.Close())
}

// cut lets the power go, and calls look with what the store had acknowledged last and with
// what is left, while the store waits.
func (p powered) cut(t *testing.T, r *rand.Rand, look func(said string, left files)) {
	t.Helper()
	err := p.disk.Cut(p.ctx, r.IntN(60), r, func(i *forgetful.Image) {
		said, left := lines(i.Seen[saysFile]), files{}
		for _, suffix := range []string{"", "-wal", "-shm", ".witness"} {
			if b, ok := i.Left[database+suffix]; ok {
				left[suffix] = b
			}
		}
		look(said[len(said)-1], left)
	})
	if err != nil {
		t.Fatalf("the store that is written to: %v", err)
	}
}

// said gives all that the store has acknowledged.
func (p powered) said(t *testing.T) []string {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(p.dir, saysFile))
	must(t, err)
	return lines(b)
}

// lines gives those that are whole: the kernel writes one that crosses a page in two pieces.
func lines(b []byte) []string {
	whole := string(b[:bytes.LastIndexByte(b, '\n')+1])
	return strings.Split(strings.TrimSuffix(whole, "\n"), "\n")
}

// lost starts what is left after a power cut and tells what was acknowledged and is gone.
func (f files) lost(t *testing.T, said string) string {
	t.Helper()
	var number, events uint64
	if _, err := fmt.Sscan(said, &number, &events); err != nil && said != "" {
		t.Fatalf("the store that is written to says %q", said)
	}
	s := f.start(t)
	defer s.Close()
	if s.Recovered() != "" {
		return "the database is damaged"
	}
	if got := told(s); got < events {
		return fmt.Sprintf("%d events of %d", got, events)
	}
	if got := tally(t, s); got < int64(number) {
		return fmt.Sprintf("%d guesses of %d", got, number)
	}
	if got := enrol(t, s, 1); got <= number {
		return fmt.Sprintf("the number %d is given again, the last was %d", got, number)
	}
	sound(t, s)
	return ""
}

func leased(t *testing.T) (path string) {
	t.Helper()
	path = dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 60000)
	must(t, s.Close())
	return path
}

const powerCuts = 400

// The power goes at any change of the disk, which then has what was synced, and of the rest
// what it likes.
func TestPowerCutsLoseNothingThatWasAcknowledged(t *testing.T) {
	p, r := power(t, leased(t)), chance(t)
	for n := range powerCuts {
		p.cut(t, r, func(said string, left files) {
			if lost := left.lost(t, said); lost != "" {
				t.Fatalf("power cut %d lost what was acknowledged: %s", n, lost)
			}
		})
	}
	syncs, commits := p.disk.Syncs(), len(p.said(t))
	t.Logf("%d power cuts, %d commits acknowledged, %+v", powerCuts, commits, syncs)
	if syncs.Data < commits || syncs.Full > 10 {
		t.Errorf("%d commits synced %+v: want full ones of new files only, each commit without the file's times", commits, syncs)
	}
}

// Without this, the test above could pass on a disk that forgets nothing.
func TestPowerCutsLoseWhatIsNotSynced(t *testing.T) {
	p, r := power(t, leased(t), childUnsynced+"=1"), chance(t)
	losses := 0
	for range powerCuts / 10 {
		p.cut(t, r, func(said string, left files) {
			if left.lost(t, said) != "" {
				losses++
			}
		})
	}
	if losses == 0 {
		t.Errorf("%d power cuts lost nothing of a store that does not sync", powerCuts/10)
	}
	t.Logf("%d of %d power cuts lost something", losses, powerCuts/10)
}

func TestPowerCutsDuringALargeSnapshotLeaveAllOrNothing(t *testing.T) {
	p, r := power(t, leased(t), childSnapshots+"=1"), chance(t)
	for range powerCuts / 4 {
		p.cut(t, r, func(said string, left files) { left.wantSnapshot(t, said) })
	}
}

func (f files) wantSnapshot(t *testing.T, said string) {
	t.Helper()
	var rev uint64
	if _, err := fmt.Sscan(said, &rev); err != nil && said != "" {
		t.Fatalf("the store that is written to says %q", said)
	}
	s := f.start(t)
	defer s.Close()
	position, err := s.Position(t.Context())
	must(t, err)
	v := position.Vector[wire.Cards-1]
	if s.Recovered() != "" || v.Rev < rev || v.Hash != largeSet(v.Rev).hash() {
		t.Fatalf("revision %d was applied, the database is at %d, kept aside as %q", rev, v.Rev, s.Recovered())
	}
	sound(t, s)
}

// After an error of the disk a later success proves nothing: nothing more is acknowledged.
func TestPowerDiskThatCannotSyncStopsTheStore(t *testing.T) {
	p, r := power(t, leased(t)), chance(t)
	p.cut(t, r, func(string, files) {})
	p.disk.Break()
	before := p.said(t)
	<-p.ctx.Done()
	after := p.said(t)
	end := after[len(after)-1]
	opening := before[0] == "" && strings.Contains(end, syscall.EIO.Error()) // it had not begun to write
	if !opening && !strings.Contains(end, "the store cannot write") {
		t.Errorf("the store ends with %q", end)
	}
	if late := len(after) - 1 - len(before); late > 1 { // one may have been synced before
		t.Errorf("%d commits were acknowledged on a disk that keeps nothing", late)
	}
}

func chance(t *testing.T) *rand.Rand {
	seed := rand.Uint64()
	t.Logf("the seed is %d", seed)
	return rand.New(rand.NewPCG(seed, 0))
}
