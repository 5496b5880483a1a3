package store_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"badged/enroll"
	"badged/enroll/store"
	"badged/internal/sqlite"
	"badged/sync/wire"
)

// The test binary is its own writer when one of these is set.
const (
	childPath      = "STORE_TEST_WRITE"     // a database to write to until killed
	childSnapshots = "STORE_TEST_SNAPSHOTS" // apply snapshots instead of events
	childTells     = "STORE_TEST_TELLS"     // a file to say it in, instead of the standard output
	childUnsynced  = "STORE_TEST_UNSYNCED"  // leave out what makes a commit durable
)

func TestMain(m *testing.M) {
	if path := os.Getenv(childPath); path != "" {
		write := writeForEver
		if os.Getenv(childSnapshots) != "" {
			write = snapshotsForEver
		}
		out, err := childOut()
		if err == nil {
			err = write(path, out)
		}
		fmt.Fprintln(out, "error:", err)
		os.Exit(1)
	}
	os.Exit(m.Run())
}

func childOut() (*os.File, error) {
	if path := os.Getenv(childTells); path != "" {
		return os.OpenFile(path, os.O_WRONLY|os.O_APPEND, 0)
	}
	return os.Stdout, nil
}

func childStore(path string) (*store.Store, error) {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Path: path, Terminal: "child"})
	if err == nil && os.Getenv(childUnsynced) != "" {
		err = s.SkipSyncs(ctx)
	}
	return s, err
}

// writeForEver enrols, counts guesses and queues, and prints a line for all that is
// acknowledged. Now and then the hub has everything.
func writeForEver(path string, out io.Writer) error {
	ctx := context.Background()
	s, err := childStore(path)
	if err != nil {
		return err
	}
	for n := int(told(s)); ; n++ {
		if err := s.Queue(ctx, routine(n)); err != nil {
			return err
		}
		var number uint64
		err := s.Update(ctx, func(tx enroll.Tx) (err error) {
			if number, err = tx.TakeNumber(); err != nil {
				return err
			}
			return errors.Join(tx.PutTally(guesses, enroll.Tally{Count: int64(number)}), tx.Append(security(n)))
		})
		if err != nil {
			return err
		}
		fmt.Fprintln(out, number, told(s))
		if number%20 != 0 {
			continue
		}
		if err := ackEverything(ctx, s); err != nil {
			return err
		}
	}
}

// told is how many events were ever appended.
func told(s *store.Store) uint64 { return s.Stats().Outbox + s.Stats().Acked }

func ackEverything(ctx context.Context, s *store.Store) error {
	p, err := s.Position(ctx)
	for stream, next := range p.Next {
		err = errors.Join(err, s.Acked(ctx, wire.Durable{Incarnation: p.Incarnation, Stream: stream, Upto: next - 1}))
	}
	return err
}

func child(t *testing.T, path string, env ...string) (*exec.Cmd, *bufio.Scanner) {
	t.Helper()
	exe, err := os.Executable()
	must(t, err)
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), append(env, childPath+"="+path)...)
	out, err := cmd.StdoutPipe()
	must(t, err)
	must(t, cmd.Start())
	return cmd, bufio.NewScanner(out)
}

// What a power cut does to a disk cannot be shown by killing a process: the kernel
// keeps what was written. TestPowerCuts is for that.
func TestKillLosesNothingThatWasAcknowledged(t *testing.T) {
	const rounds = 25
	path := dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 60000)
	must(t, s.Close())
	seen := make(map[uint64]bool)
	for range rounds {
		cmd, out := child(t, path)
		var events uint64
		for lines := 1 + rand.IntN(20); lines > 0 && out.Scan(); lines-- {
			var number uint64
			if _, err := fmt.Sscan(out.Text(), &number, &events); err != nil {
				t.Fatal(out.Text())
			}
			if seen[number] || number == 0 {
				t.Fatalf("the number %d was given before", number)
			}
			seen[number] = true
		}
		must(t, cmd.Process.Kill())
		for out.Scan() { // acknowledged between the last look and the end
			var number uint64
			if _, err := fmt.Sscan(out.Text(), &number, &events); err == nil {
				seen[number] = true
			}
		}
		_ = cmd.Wait() // killed
		s := openStore(t, path)
		if got := told(s); got < events {
			t.Fatalf("%d events were acknowledged, %d are there", events, got)
		}
		sound(t, s)
		must(t, s.Close())
	}
}

func TestKillDuringALargeSnapshotLeavesAllOrNothing(t *testing.T) {
	path := dbPath(t)
	var rev uint64
	for range 8 {
		cmd, out := child(t, path, childSnapshots+"=1")
		for out.Scan() {
			if _, err := fmt.Sscan(out.Text(), &rev); err != nil {
				t.Fatal(out.Text())
			}
			break
		}
		time.AfterFunc(time.Duration(rand.IntN(150))*time.Millisecond, func() { _ = cmd.Process.Kill() })
		for out.Scan() {
			_, _ = fmt.Sscan(out.Text(), &rev)
		}
		_ = cmd.Wait() // killed
		s := openStore(t, path)
		if s.Recovered() != "" {
			t.Fatal("the rows do not add up after a kill")
		}
		p, err := s.Position(t.Context())
		must(t, err)
		v := p.Vector[wire.Cards-1]
		if v.Rev < rev || v.Hash != largeSet(v.Rev).hash() {
			t.Fatalf("revision %d was applied, the database is at %d", rev, v.Rev)
		}
		sound(t, s)
		must(t, s.Close())
	}
}

// largeSet is what a hub has at a revision: much of it differs from the one before.
func largeSet(rev uint64) *hub {
	h := newHub(wire.Cards)
	h.rev = rev
	for n := range 1500 {
		if rev == 0 || (n+int(rev))%3 == 0 {
			continue
		}
		b, err := wire.Marshal(activeCard(n + int(rev)%2))
		if err != nil {
			panic(err)
		}
		h.rows[string(key(n))] = b
	}
	return h
}

// snapshotsForEver applies one large snapshot after the other.
func snapshotsForEver(path string, out io.Writer) error {
	ctx := context.Background()
	s, err := childStore(path)
	if err != nil {
		return err
	}
	p, err := s.Position(ctx)
	if err != nil {
		return err
	}
	for rev := p.Vector[wire.Cards-1].Rev; ; rev++ {
		fmt.Fprintln(out, rev)
		if err := s.Apply(ctx, largeSet(rev+1).snapshot()); err != nil {
			return err
		}
	}
}

func TestADamagedDatabaseIsKeptAside(t *testing.T) {
	for name, damage := range map[string]func(*testing.T, string){
		"header": func(t *testing.T, path string) { flip(t, path, 0, 64) },
		"middle": func(t *testing.T, path string) { flip(t, path, 6*512, 100*512) },
		"empty":  func(t *testing.T, path string) { must(t, os.Truncate(path, 0)) },
		"cut":    func(t *testing.T, path string) { must(t, os.Truncate(path, 20*512)) },
		"rows": func(t *testing.T, path string) {
			raw(t, path, `DELETE FROM hub_row WHERE key = (SELECT min(key) FROM hub_row)`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			path := dbPath(t)
			s := openStore(t, path)
			h := newHub(wire.Cards)
			for n := range 500 {
				h.rows[string(key(n))] = marshal(t, activeCard(n))
			}
			h.rev = 1
			apply(t, s, h.snapshot())
			before, err := s.Position(t.Context())
			must(t, err)
			must(t, s.Close())
			damage(t, path)
			s = openStore(t, path)
			if want := path + ".corrupt-1"; s.Recovered() != want {
				t.Fatalf("kept aside as %q, want %q", s.Recovered(), want)
			}
			if _, err := os.Stat(s.Recovered()); err != nil {
				t.Error(err)
			}
			after, err := s.Position(t.Context())
			must(t, err)
			if after.Incarnation == before.Incarnation || after.Vector[wire.Cards-1].Rev != 0 {
				t.Errorf("the new database pretends to be the old one: %+v", after)
			}
			apply(t, s, h.snapshot())
			sound(t, s)
			if s = reopen(t, s, path); s.Recovered() != "" {
				t.Error("the next start says it again")
			}
		})
	}
}

func flip(t *testing.T, path string, from, n int) {
	t.Helper()
	b, err := os.ReadFile(path)
	must(t, err)
	for i := from; i < from+n && i < len(b); i++ {
		b[i] ^= 0x5a
	}
	must(t, os.WriteFile(path, b, 0o600))
}

func TestADatabaseOfSomebodyElseIsRefusedAndNotTouched(t *testing.T) {
	path := dbPath(t)
	must(t, openStore(t, path).Close())
	if os.Chown(path, 12345, -1) != nil { // only root can give a file away
		must(t, os.Chmod(path, 0o644))
	}
	before, err := os.ReadFile(path)
	must(t, err)
	_, err = store.Open(t.Context(), store.Options{Path: path, Terminal: "hall"})
	if !errors.Is(err, sqlite.ErrOwner) || !strings.Contains(err.Error(), path) || !strings.Contains(err.Error(), "ch") {
		t.Errorf("got %v", err)
	}
	if after, err := os.ReadFile(path); err != nil || string(after) != string(before) {
		t.Errorf("the file was changed, or is gone: %v", err)
	}
}

func TestASecondProcessIsRefused(t *testing.T) {
	path := dbPath(t)
	openStore(t, path)
	if _, err := store.Open(t.Context(), store.Options{Path: path}); !errors.Is(err, sqlite.ErrInUse) {
		t.Errorf("got %v, want ErrInUse", err)
	}
}

// A limit of the file's size is what a full disk looks like without being root: writes
// fail in the middle of the log.
func TestADiskThatRefusesToWriteIsSaidAndNothingIsAcknowledgedThatIsNotThere(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	lend(t, s, 1, 60000)
	must(t, s.Close())
	var before syscall.Rlimit
	must(t, syscall.Getrlimit(syscall.RLIMIT_FSIZE, &before))
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: 100 << 10, Max: before.Max}))
	cmd, out := child(t, path)
	must(t, syscall.Setrlimit(syscall.RLIMIT_FSIZE, &before))
	var events uint64
	var last string
	for out.Scan() {
		var number uint64
		if _, err := fmt.Sscan(out.Text(), &number, &events); err != nil {
			last = out.Text()
		}
	}
	if err := cmd.Wait(); err == nil || !strings.Contains(last, "the store cannot write") || !strings.Contains(last, path) {
		t.Errorf("the writer ended with %v, saying %q", err, last)
	}
	s = openStore(t, path)
	if got := told(s); got < events || events == 0 {
		t.Errorf("%d events were acknowledged, %d are there", events, got)
	}
	sound(t, s)
}

func TestAFullDiskStopsTheStoreUntilThereIsRoom(t *testing.T) {
	path := dbPath(t)
	s := openStore(t, path)
	queue(t, s, routine(0))
	must(t, s.SetPages(t.Context(), 1)) // SQLite takes what is used now
	taken, err := fillUp(t, s)
	if !errors.Is(err, store.ErrFailed) || !sqlite.IsFull(err) || !strings.Contains(err.Error(), "free some space") {
		t.Fatalf("a full disk gives %v", err)
	}
	for n := range 3 {
		if err := s.Queue(t.Context(), routine(n)); !errors.Is(err, store.ErrFailed) {
			t.Errorf("Queue gives %v", err)
		}
	}
	if err := s.Failed(); !sqlite.IsFull(err) {
		t.Errorf("Failed gives %v", err)
	}
	if _, err := account(t, s, 1); !errors.Is(err, enroll.ErrNotFound) {
		t.Errorf("reading fails too: %v", err)
	}
	must(t, s.SetPages(t.Context(), 1<<30))
	again, late := time.NewTicker(10*time.Millisecond), time.After(2*time.Minute)
	defer again.Stop()
	for s.Failed() != nil {
		select {
		case <-again.C:
		case <-late:
			t.Fatal("the store does not work again although there is room")
		}
	}
	queue(t, s, routine(2))
	if st := s.Stats(); st.Outbox != taken+3 || st.Unsaved != 0 {
		t.Errorf("%d events were taken, 2 more and a gap, the state is %+v", taken, st)
	}
	s = reopen(t, s, path)
	events, err := s.Tail(t.Context(), 2)
	must(t, err)
	gap := enroll.Event{
		Order: taken + 2, Seq: taken + 2, Kind: enroll.EventDevice, Reason: enroll.EventsLost,
		At: routine(0).At, Count: 4, // fillUp's last and three more
	}
	if events[0] != gap || events[1].Reason != enroll.KnownCard {
		t.Errorf("the last events are %+v, want first %+v", events, gap)
	}
	sound(t, s)
}

func TestCloseTellsOfEventsThatCouldNotBeWritten(t *testing.T) {
	s := openStore(t, dbPath(t))
	must(t, s.Break(t.Context(), errors.New("the disk is gone"), func() { must(t, s.Queue(t.Context(), routine(1))) }))
	if err := s.Close(); !errors.Is(err, store.ErrFailed) || !strings.Contains(err.Error(), "1 event") {
		t.Errorf("Close gives %v", err)
	}
}

// fillUp queues until the store fails, and tells how many events it took.
func fillUp(t *testing.T, s *store.Store) (taken uint64, err error) {
	t.Helper()
	for err == nil && taken < 10000 {
		if err = s.Queue(t.Context(), routine(1)); err == nil {
			taken++
			must(t, s.Commit(t.Context()))
		}
	}
	return taken, err
}
