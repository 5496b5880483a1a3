//go:build postgres

package postgres_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/store/postgres"
)

// childRole makes this test binary the process of another hub, on the database childURL.
const (
	childRole = "BADGED_TEST_ROLE"
	childURL  = "BADGED_TEST_URL"
)

// The roles of a child: a hub that counts, one that stops inside each command for a byte from
// its input, and a program that counts without the store.
const (
	counts = "counts"
	inside = "inside"
	naive  = "naive"
)

// countForever counts, a line for each time, until it cannot.
func countForever(ctx context.Context, role, url string) error {
	var count func() error
	if role == naive {
		db, err := connect(url)
		if err != nil {
			return err
		}
		count = func() error {
			_, err := db.ExecContext(ctx, `UPDATE block SET used = used + 1`)
			return err
		}
	} else {
		s, err := postgres.Open(ctx, url)
		if err != nil {
			return err
		}
		count = func() error {
			return s.Write(ctx, operator, func(tx fleet.Tx) error {
				if role == inside {
					fmt.Println(inside)
					_, _ = os.Stdin.Read(make([]byte, 1)) // its end is a way to go on too
				}
				return countOne(tx)
			})
		}
	}
	for {
		if err := count(); err != nil {
			return err
		}
		fmt.Println("counted")
	}
}

// patience bounds how long a test waits for what must happen.
const patience = 2 * time.Minute

// child is another process on a database.
type child struct {
	*exec.Cmd
	in    io.WriteCloser
	lines *bufio.Scanner
}

func startChild(t *testing.T, role, url string) child {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	cmd := exec.CommandContext(ctx, os.Args[0])
	cmd.Env = append(os.Environ(), childRole+"="+role, childURL+"="+url)
	in, err1 := cmd.StdinPipe()
	out, err2 := cmd.StdoutPipe()
	if err := errors.Join(err1, err2, cmd.Start()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Process.Kill(); _ = cmd.Wait() }) // it may have ended
	return child{cmd, in, bufio.NewScanner(out)}
}

// line waits for a line that begins so.
func (c child) line(t *testing.T, prefix string) string {
	t.Helper()
	for c.lines.Scan() {
		if strings.HasPrefix(c.lines.Text(), prefix) {
			return c.lines.Text()
		}
	}
	t.Fatalf("the child ended without a line %q", prefix)
	return ""
}

func (c child) signal(t *testing.T, s syscall.Signal) {
	t.Helper()
	if err := c.Process.Signal(s); err != nil {
		t.Fatal(err)
	}
}

// million is set by the hub that takes over: what the former one writes then shows.
const million = 1_000_000

func setMillion(tx fleet.Tx) error {
	return tx.PutBlock(fleet.Block{First: 1, Last: 1, Used: million})
}

// TestDeadHubIsReplaced: after kill -9 the next hub waits for the lease to end, no longer.
func TestDeadHubIsReplaced(t *testing.T) {
	url := newDatabase(t)
	c := startChild(t, counts, url)
	c.line(t, "counted")
	if _, err := postgres.Open(t.Context(), url); !errors.Is(err, postgres.ErrInUse) {
		t.Errorf("a second hub at the same time: %v", err)
	}
	c.signal(t, syscall.SIGKILL)
	s := open(t, url)
	if err := s.Write(t.Context(), operator, countOne); err != nil {
		t.Error(err)
	}
}

// TestHubThatStoodStillWritesNothing: a hub that stops, also in the middle of a command, is
// replaced, and what it does when it wakes up has no effect.
func TestHubThatStoodStillWritesNothing(t *testing.T) {
	for _, role := range []string{counts, inside} {
		url := newDatabase(t)
		c := startChild(t, role, url)
		c.line(t, map[string]string{counts: "counted", inside: inside}[role])
		c.signal(t, syscall.SIGSTOP)
		s := open(t, url)
		if err := s.Write(t.Context(), operator, setMillion); err != nil {
			t.Fatal(err)
		}
		c.signal(t, syscall.SIGCONT)
		if err := c.in.Close(); err != nil {
			t.Fatal(err)
		}
		if end := c.line(t, "ended"); !strings.Contains(end, fleet.ErrReplaced.Error()) {
			t.Errorf("%s: the former hub %s", role, end)
		}
		wantUsed(t, s, million)
	}
}

// TestProgramThatStoodStillWritesLate is the control: without an epoch, what wakes up writes
// over what was done meanwhile.
func TestProgramThatStoodStillWritesLate(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url)
	if err := s.Write(t.Context(), operator, countOne); err != nil {
		t.Fatal(err)
	}
	c := startChild(t, naive, url)
	c.line(t, "counted")
	c.signal(t, syscall.SIGSTOP)
	if err := s.Write(t.Context(), operator, setMillion); err != nil {
		t.Fatal(err)
	}
	c.signal(t, syscall.SIGCONT)
	for db := plain(t, url); number(t, db, `SELECT used FROM block`) == million; {
		c.line(t, "counted")
	}
}

// TestProgramThatStandsStillBlocksOthers is the control for the time that a transaction may
// stand still: without one, others wait for their turn in vain.
func TestProgramThatStandsStillBlocksOthers(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url+"&lock_timeout=20ms")
	still := begin(t, plain(t, url), 0)
	execute(t, still, `SELECT FROM site FOR UPDATE`)
	var e *postgres.Error
	err := s.Write(t.Context(), operator, countOne)
	if !errors.As(err, &e) || !strings.Contains(e.Hint, "pg_stat_activity") {
		t.Errorf("a writer behind one that stands still: %v", err)
	}
	commit(t, still)
	if err := s.Write(t.Context(), operator, countOne); err != nil {
		t.Error(err)
	}
}

// TestClosedHubLeavesAtOnce: after an orderly end the next hub need not wait for the lease.
func TestClosedHubLeavesAtOnce(t *testing.T) {
	url := newDatabase(t)
	s := open(t, url)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	db := plain(t, url)
	if n := number(t, db, `SELECT count(*) FROM lease WHERE until > clock_timestamp()`); n != 0 {
		t.Error("a hub that was closed still has its lease")
	}
}
