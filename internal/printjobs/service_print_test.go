//go:build print

package printjobs

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"badged/internal/cups"
	"badged/internal/rig/printserver"
)

// Issue 10, 4: two people send; each badge shows and releases exactly that person's, at
// either of two printers.
func TestEachPersonSeesAndReleasesTheirOwnAtEitherPrinter(t *testing.T) {
	h := newHouse(t)
	h.send("alice@example.com", "A1", "alice one")
	h.send(`CORP\alice`, "A2", "alice two", "-H", "immediate") // who says no-hold waits all the same
	h.send("alice", "A3", "alice three", "-n", "2")
	h.send("bob@example.com", "B1", "bob one")
	h.send(`HOST\alice`, "X1", "of another computer")
	h.send("anonymous", "X2", "of nobody")
	session := h.login("hall", alice)
	atHall := h.sees("hall", "A1", "A2", "A3")
	bobs := h.login("cellar", bob)
	atCellar := h.sees("cellar", "B1")

	b1 := idOf(t, atCellar, "B1")
	if h.service.Release("hall", session, b1) || h.service.Release("hall", session, idOf(t, atHall, "A1"), b1) || h.service.Delete("hall", session, b1) {
		t.Error("another's document can be ordered")
	}
	if h.service.Release("cellar", session, idOf(t, atHall, "A1")) || h.service.Release("hall", bobs, idOf(t, atHall, "A1")) {
		t.Error("another session's document can be ordered")
	}
	if !h.service.Release("hall", session, idOf(t, atHall, "A2")) || h.service.Release("hall", session, idOf(t, atHall, "A2")) {
		t.Error("a document is ordered not at all, or twice")
	}
	h.phase("hall", "A2", Printed)
	h.printed("hall-mfp", "alice two")
	h.sees("hall", "A1", "A3")
	h.logout("hall")
	h.until("hall", "empty", func(held Held) bool { return held.Session == "" && len(held.Jobs) == 0 })
	if h.service.Release("hall", session, idOf(t, atHall, "A1")) {
		t.Error("a session that has ended orders")
	}

	if !h.service.Release("cellar", bobs, b1) {
		t.Error("bob cannot print")
	}
	h.printed("cellar-mfp", "bob one")
	session = h.login("cellar", alice) // follow-me: the printer where she stands now
	held := h.sees("cellar", "A1", "A3")
	if !h.service.Release("cellar", session, held.Ready()...) {
		t.Error("alice cannot print all")
	}
	h.phase("cellar", "A1", Printed)
	h.phase("cellar", "A3", Printed)
	h.printed("cellar-mfp", "bob one", "alice one", "alice three")
	h.printed("hall-mfp", "alice two")
}

// Issue 10, 4: delete, keep. What is deleted is gone from the print server, what is kept is there
// at the next log-in.
func TestDeletedIsGoneAndKeptIsThere(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "away", "1")
	h.send("alice", "kept", "2")
	session := h.login("hall", alice)
	held := h.sees("hall", "away", "kept")
	id := idOf(t, held, "away")
	if !h.service.Delete("hall", session, id) {
		t.Fatal("not deleted")
	}
	h.sees("hall", "kept")
	eventually(t, func() bool { _, err := h.cups.Job(t.Context(), id); return errors.Is(err, cups.ErrNotFound) }, func() string { return "the job is still there" })
	h.logout("hall")
	h.login("cellar", alice)
	h.sees("cellar", "kept")
}

// Issue 10, 4: CUPS away is told, and loses nothing: killed, restarted.
func TestAPrintServerThatIsKilledLosesNothing(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	session := h.login("hall", alice)
	held := h.sees("hall", "A1")
	if err := h.server.Kill(); err != nil {
		t.Fatal(err)
	}
	if !h.service.Release("hall", session, idOf(t, held, "A1")) {
		t.Fatal("not ordered")
	}
	h.until("hall", "told that it is away", func(held Held) bool { return held.Note == NoteAway || held.State == Away })
	h.login("cellar", alice)
	h.until("cellar", "away", func(held Held) bool { return held.State == Away })
	h.says("print queue follow", "does not answer")
	if err := h.server.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	h.sees("cellar", "A1") // by itself
	held = h.sees("hall", "A1")
	if held.Note == NoteAway {
		t.Error("the panel still says that printing is away")
	}
	h.says("print queue follow", "")
	if !h.service.Release("hall", session, held.Ready()...) {
		t.Fatal("not ordered")
	}
	h.printed("hall-mfp", "alice one")
}

// Log-in waits for nothing: a print server that hangs leaves the panel as it is.
func TestAPrintServerThatHangsHoldsNobodyUp(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	if err := h.server.Freeze(true); err != nil {
		t.Fatal(err)
	}
	h.login("hall", alice)
	held := h.until("hall", "hers", func(held Held) bool { return held.Session != "" })
	if held.State != Asking {
		t.Errorf("the list is %+v before the print server has answered", held)
	}
	h.until("hall", "away", func(held Held) bool { return held.State == Away })
	if err := h.server.Freeze(false); err != nil {
		t.Fatal(err)
	}
	h.sees("hall", "A1")
}

// Issue 10, 4: paper out is told while it lasts; with paper the document comes.
func TestPaperOutIsToldAndPrintsWithPaper(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	if err := h.server.Break("hall-mfp", "empty", true); err != nil {
		t.Fatal(err)
	}
	session := h.login("hall", alice)
	if !h.service.Release("hall", session, h.sees("hall", "A1").Ready()...) {
		t.Fatal("not ordered")
	}
	h.until("hall", "told of the paper", func(held Held) bool { return held.Note == NotePaper && held.Jobs[0].Phase == Printing })
	h.printed("hall-mfp")
	if err := h.server.Break("hall-mfp", "empty", false); err != nil {
		t.Fatal(err)
	}
	if held := h.phase("hall", "A1", Printed); held.Note == NotePaper {
		t.Error("the panel still asks for paper")
	}
	h.printed("hall-mfp", "alice one")
}

// Issue 10, 4: a printer that is stopped gets nothing; the documents print at another one.
func TestAStoppedPrinterGetsNothing(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	if err := h.server.Run(t.Context(), "cupsdisable", "hall-mfp"); err != nil {
		t.Fatal(err)
	}
	session := h.login("hall", alice)
	if !h.service.Release("hall", session, h.sees("hall", "A1").Ready()...) {
		t.Fatal("not ordered")
	}
	h.until("hall", "told that it is stopped", func(held Held) bool { return held.Note == NoteStopped && len(held.Ready()) == 1 })
	session = h.login("cellar", alice)
	if !h.service.Release("cellar", session, h.sees("cellar", "A1").Ready()...) {
		t.Fatal("not ordered")
	}
	h.printed("cellar-mfp", "alice one")
	h.printed("hall-mfp")
}

// Issue 10, 4: a printer that breaks down with a document gives it back.
func TestABrokenPrinterGivesBackWhatItDidNotPrint(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	h.send("alice", "A2", "alice two")
	if err := h.server.Break("hall-mfp", "broken", true); err != nil {
		t.Fatal(err)
	}
	session := h.login("hall", alice)
	if !h.service.Release("hall", session, h.sees("hall", "A1", "A2").Ready()...) {
		t.Fatal("not ordered")
	}
	h.until("hall", "given back", func(held Held) bool { return held.Note == NoteReturned && len(held.Ready()) == 2 })
	h.says("printer hall-mfp", "it is stopped")
	session = h.login("cellar", alice)
	if !h.service.Release("cellar", session, h.sees("cellar", "A1", "A2").Ready()...) {
		t.Fatal("not ordered")
	}
	h.printed("cellar-mfp", "alice one", "alice two")
	h.printed("hall-mfp")
}

// What somebody deletes at the printer or on the server while it prints is told as what it is.
func TestACanceledDocumentIsTold(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	if err := h.server.Break("hall-mfp", "empty", true); err != nil {
		t.Fatal(err)
	}
	session := h.login("hall", alice)
	held := h.sees("hall", "A1")
	h.service.Release("hall", session, held.Ready()...)
	h.until("hall", "told of the paper", func(held Held) bool { return held.Note == NotePaper })
	if err := h.server.Run(t.Context(), "cancel", fmt.Sprint("hall-mfp-", held.Jobs[0].ID)); err != nil {
		t.Fatal(err)
	}
	held = h.phase("hall", "A1", Lost)
	if held.Note != NoteLost && held.Note != NotePaper {
		t.Errorf("note %d", held.Note)
	}
}

// An agent that ends between two steps loses nothing: what it left at the printer is on the
// list again, and what prints goes on.
func TestANewAgentGoesOnWithWhatTheFormerLeft(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "moved", "alice one")
	h.send("alice", "printing", "alice two")
	if err := h.server.Break("hall-mfp", "empty", true); err != nil {
		t.Fatal(err)
	}
	session := h.login("hall", alice)
	held := h.sees("hall", "moved", "printing")
	h.service.Release("hall", session, idOf(t, held, "printing"))
	h.until("hall", "told of the paper", func(held Held) bool { return held.Note == NotePaper })
	h.stop()
	h.logout("hall")
	if h.service.Release("hall", session, idOf(t, held, "moved")) {
		t.Error("a service that has ended takes orders")
	}
	if err := h.cups.Move(t.Context(), idOf(t, held, "moved"), "hall-mfp"); err != nil {
		t.Fatal(err)
	}
	h.start()
	session = h.login("hall", alice)
	held = h.sees("hall", "moved")
	if err := h.server.Break("hall-mfp", "empty", false); err != nil {
		t.Fatal(err)
	}
	h.printed("hall-mfp", "alice two")
	if !h.service.Release("hall", session, held.Ready()...) {
		t.Fatal("not ordered")
	}
	h.printed("hall-mfp", "alice one", "alice two")
}

// What a former agent released, and the printer does not print, comes back too.
func TestANewAgentTakesBackWhatIsStuck(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	if err := h.server.Break("hall-mfp", "empty", true); err != nil {
		t.Fatal(err)
	}
	session := h.login("hall", alice)
	h.service.Release("hall", session, h.sees("hall", "A1").Ready()...)
	h.until("hall", "told of the paper", func(held Held) bool { return held.Note == NotePaper })
	h.stop()
	if err := h.server.Run(t.Context(), "cupsdisable", "hall-mfp"); err != nil {
		t.Fatal(err)
	}
	h.start()
	h.login("cellar", alice)
	h.sees("cellar", "A1")
}

// The same person at two printers prints a document once.
func TestOneDocumentAtTwoPrintersPrintsOnce(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "A1", "alice one")
	first, second := h.login("hall", alice), h.login("cellar", alice)
	id := idOf(t, h.sees("hall", "A1"), "A1")
	h.sees("cellar", "A1")
	h.service.Release("hall", first, id)
	h.service.Release("cellar", second, id)
	eventually(t, func() bool {
		j, err := h.cups.Job(t.Context(), id)
		return err == nil && j.State == cups.Completed
	}, func() string { return "nothing is printed" })
	h.until("hall", "settled", func(held Held) bool { return len(held.Ready()) == 0 })
	h.until("cellar", "settled", func(held Held) bool { return len(held.Ready()) == 0 })
	if n := len(h.server.Printed("hall-mfp")) + len(h.server.Printed("cellar-mfp")); n != 1 {
		t.Errorf("printed %d times", n)
	}
}

// Issue 10: more than 500 jobs, in two answers, and titles in Arabic, emoji, HTML and worse.
func TestMoreThanFiveHundredJobsAndStrangeTitles(t *testing.T) {
	h := newHouse(t)
	want := []string{"تقرير سنوي", "🎉 été", "<script>alert(1)</script>", "evil gpj.exe"}
	for _, title := range []string{"تقرير سنوي", "🎉 été", "<script>alert(1)</script>", "evil \u202egpj.exe\u200b"} {
		h.send("bob", title, "bob")
	}
	for i := range 516 {
		h.send("alice", fmt.Sprint("Document ", i), "a")
	}
	h.login("hall", bob)
	h.sees("hall", want...)
	h.login("cellar", alice)
	held := h.until("cellar", "all", func(held Held) bool { return len(held.Jobs) == 516 })
	if held.Jobs[0].Title != "Document 515" || held.Jobs[515].Title != "Document 0" {
		t.Errorf("the order is %q to %q", held.Jobs[0].Title, held.Jobs[515].Title)
	}
}

// S1.32: what people can type at a panel owns nothing; status says so.
func TestTypedProfilesOwnNothing(t *testing.T) {
	h := newHouse(t)
	h.stop()
	h.editable = true
	h.start()
	h.send("alice", "A1", "1")
	h.send("anonym7", "N7", "2")
	seven := alice
	seven.Aliases = []uint64{7}
	h.login("hall", seven)
	h.sees("hall", "N7")
	h.says("print jobs", "people see only what was sent as anonymN")
}

// status knows the queues: paused, closed to strangers, there.
func TestHealthKnowsTheQueues(t *testing.T) {
	h := newHouse(t)
	for _, item := range []string{"print queue follow", "printer hall-mfp", "printer cellar-mfp", "print jobs"} {
		h.says(item, "")
	}
	probe := func() { h.service.probeSoon() }
	for _, c := range []struct {
		item, says string
		make, mend []string
	}{
		{"print queue follow", "it is not paused", []string{"cupsenable", printserver.Follow}, []string{"cupsdisable", printserver.Follow}},
		{"print queue follow", "it takes no documents", []string{"cupsreject", printserver.Follow}, []string{"cupsaccept", printserver.Follow}},
		{"print queue follow", "anybody who says to be somebody", []string{"lpadmin", "-p", printserver.Follow, "-o", "printer-op-policy=open"}, []string{"lpadmin", "-p", printserver.Follow, "-o", "printer-op-policy=badged-follow"}},
		{"printer hall-mfp", "it is stopped", []string{"cupsdisable", "hall-mfp"}, []string{"cupsenable", "hall-mfp"}},
		{"printer hall-mfp", "it takes no documents", []string{"cupsreject", "hall-mfp"}, []string{"cupsaccept", "hall-mfp"}},
		{"printer hall-mfp", "anybody can print on it past", []string{"lpadmin", "-p", "hall-mfp", "-o", "printer-op-policy=open"}, []string{"lpadmin", "-p", "hall-mfp", "-o", "printer-op-policy=badged-printer"}},
		{"printer cellar-mfp", "no queue of this name", []string{"lpadmin", "-x", "cellar-mfp"}, nil},
	} {
		if err := h.server.Run(t.Context(), c.make[0], c.make[1:]...); err != nil {
			t.Fatal(err)
		}
		probe()
		h.says(c.item, c.says)
		if c.mend == nil {
			continue
		}
		if err := h.server.Run(t.Context(), c.mend[0], c.mend[1:]...); err != nil {
			t.Fatal(err)
		}
		probe()
		h.says(c.item, "")
	}
}

// A job that somebody else deletes, or whose owner is another by now, is not printed.
func TestOrdersLookAgain(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "gone", "1")
	h.send("alice", "hers", "2")
	session := h.login("hall", alice)
	held := h.sees("hall", "gone", "hers")
	if err := h.cups.Delete(t.Context(), idOf(t, held, "gone")); err != nil {
		t.Fatal(err)
	}
	d := h.service.desks["hall"]
	phase, _, err := d.releaseJob(t.Context(), d.owner(bob), idOf(t, held, "hers"), cups.Printer{})
	if phase != Gone || err != nil {
		t.Errorf("another's document is released: %d, %v", phase, err)
	}
	h.service.Release("hall", session, idOf(t, held, "gone"), idOf(t, held, "hers"))
	h.phase("hall", "hers", Printed)
	h.printed("hall-mfp", "2")
	h.sees("hall")
}

// keep_for: what nobody printed is deleted by the print server's clock.
func TestOldDocumentsAreDeleted(t *testing.T) {
	h := newHouse(t)
	h.send("alice", "old", "1")
	h.login("hall", alice)
	held := h.sees("hall", "old")
	h.stop()
	h.keepFor = time.Second
	h.start()
	eventually(t, func() bool {
		h.service.probeSoon()
		_, err := h.cups.Job(t.Context(), held.Jobs[0].ID)
		return errors.Is(err, cups.ErrNotFound)
	}, func() string { return "the document is still there" })
	h.sees("hall")
}
