//go:build print

package cups

import (
	"context"
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/OpenPrinting/goipp"

	"badged/internal/rig/printserver"
)

// start gives a real print server with two printers.
func start(t *testing.T) (*printserver.Server, *Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	s, err := printserver.New(ctx, t.TempDir(), "hall", "cellar")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = s.Kill() })
	return s, New(s.Socket, s.Account)
}

// The policies of docs/print.md let everybody send, and nobody but the agent list, read,
// release, move, change or delete, whoever they say to be.
func TestPoliciesKeepStrangersOut(t *testing.T) {
	s, c := start(t)
	if err := s.Send(t.Context(), "alice", "secret", "a"); err != nil {
		t.Fatal(err)
	}
	jobs, err := c.Jobs(t.Context(), printserver.Follow)
	if err != nil || len(jobs) != 1 || jobs[0].User != "alice" || jobs[0].State != Held {
		t.Fatal(jobs, err)
	}
	id := jobs[0].ID
	move := onJob(goipp.OpCupsMoveJob, "move", id)
	move.job = []goipp.Attribute{goipp.MakeAttr("job-printer-uri", goipp.TagURI, uriOf("hall"))}
	set := onJob(goipp.OpSetJobAttributes, "change", id)
	set.job = []goipp.Attribute{goipp.MakeAttr("job-hold-until", goipp.TagKeyword, goipp.String("no-hold"))}
	document := onJob(goipp.OpCupsGetDocument, "read", id, goipp.MakeAttr("document-number", goipp.TagInteger, goipp.Integer(1)))
	mine := goipp.MakeAttr("my-jobs", goipp.TagBoolean, goipp.Boolean(true))
	for _, q := range []request{
		onQueue(goipp.OpGetJobs, "list", printserver.Follow, jobAttributes), onQueue(goipp.OpGetJobs, "list mine of", printserver.Follow, mine, jobAttributes),
		onJob(goipp.OpGetJobAttributes, "look at", id, jobAttributes), document, set, move,
		onJob(goipp.OpReleaseJob, "release", id), onJob(goipp.OpHoldJob, "hold", id),
		onJob(goipp.OpCancelJob, "cancel", id), onQueue(goipp.OpCancelMyJobs, "cancel mine of", printserver.Follow), onQueue(goipp.OpCancelJobs, "cancel all of", printserver.Follow),
		onQueue(goipp.OpResumePrinter, "enable", printserver.Follow), onQueue(goipp.OpPurgeJobs, "purge", printserver.Follow),
		onQueue(goipp.OpValidateJob, "print on", "hall"), onQueue(goipp.OpCreateJob, "print on", "hall"),
	} {
		q.plain, q.user = true, "alice"
		if _, err := c.request(t.Context(), q); !errors.Is(err, ErrDenied) {
			t.Errorf("somebody who says to be alice may %s: %v", q.what, err)
		}
	}
	if open, err := c.CanAnybodyList(t.Context(), printserver.Follow); open || err != nil {
		t.Error("anybody can list", err)
	}
	if open, err := c.CanAnybodyPrint(t.Context(), "hall"); open || err != nil {
		t.Error("anybody can print", err)
	}
	if open, err := c.CanAnybodyPrint(t.Context(), printserver.Follow); !open || err != nil {
		t.Error("nobody can send", err)
	}
	forged := "daemon"
	if s.Account == forged {
		forged = "nobody"
	}
	if _, err := New(s.Socket, forged).Jobs(t.Context(), printserver.Follow); !errors.Is(err, ErrDenied) {
		t.Errorf("a forged name is let in: %v", err)
	}
}

// What the recipe of the queue does: list, move, release, hold, delete.
func TestJobsMoveAsTheRecipeSays(t *testing.T) {
	s, c := start(t)
	for _, options := range [][]string{nil, {"-H", "immediate", "-n", "2", "-o", "print-color-mode=color", "-o", "sides=two-sided-long-edge"}} {
		if err := s.Send(t.Context(), "alice", "Été 🎉", "a\fb", options...); err != nil {
			t.Fatal(err)
		}
	}
	jobs, err := c.Jobs(t.Context(), printserver.Follow)
	if err != nil || len(jobs) != 2 {
		t.Fatal(jobs, err)
	}
	slices.SortFunc(jobs, func(a, b Job) int { return a.ID - b.ID })
	held, sent := jobs[0], jobs[1]
	if held.State != Held || held.Title != "Été 🎉" || held.Documents != 1 || held.Colour != ColourUnknown || held.Queue != printserver.Follow {
		t.Errorf("%+v", held)
	}
	if sent.State != Pending || sent.Copies != 2 || sent.Colour != InColour || !sent.TwoSided {
		t.Errorf("who says no-hold: %+v", sent)
	}
	if err := errors.Join(c.Move(t.Context(), held.ID, "hall"), c.Release(t.Context(), held.ID)); err != nil {
		t.Fatal(err)
	}
	if j := await(t, c, held.ID, Completed); j.Printed != 1 && j.Printed != 2 {
		t.Errorf("%d sheets came out", j.Printed)
	}
	if got := s.Printed("hall"); len(got) != 1 || got[0] != "a\fb" {
		t.Errorf("printed %q", got)
	}
	if err := c.Release(t.Context(), held.ID); !errors.Is(err, ErrNotPossible) {
		t.Errorf("released twice: %v", err)
	}
	if err := c.Delete(t.Context(), sent.ID); err != nil {
		t.Error(err)
	}
	if _, err := c.Job(t.Context(), sent.ID); !errors.Is(err, ErrNotFound) {
		t.Errorf("a deleted job: %v", err)
	}
	if _, err := c.Printer(t.Context(), "nowhere"); !errors.Is(err, ErrNotFound) {
		t.Errorf("a queue that is not there: %v", err)
	}
}

// await waits until a job is in a state.
func await(t *testing.T, c *Client, id int, want JobState) Job {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	again := time.NewTicker(20 * time.Millisecond)
	defer again.Stop()
	for {
		j, err := c.Job(ctx, id)
		if err == nil && j.State == want {
			return j
		}
		select {
		case <-ctx.Done():
			t.Fatalf("job %d is %+v, %v", id, j, err)
		case <-again.C:
		}
	}
}
