//go:build browser

package kiosk

import (
	"slices"
	"strings"
	"testing"

	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"badged/enroll"
	"badged/internal/printjobs"
)

// lists logs somebody in and gives them jobs, as the print server answers: after the page.
func (b *screen) lists(jobs []printjobs.Job) {
	b.t.Helper()
	b.d.swipe(enroll.Account{Name: "Ada", Lang: "fr"})
	b.sees(heading, "Bienvenue Ada")
	b.d.lists(jobs)
}

const summary = `(document.getElementById("summary")||{}).textContent`

// Issue 10, 4: the list comes without a reload, and one press prints.
func TestBrowserListsAndPrintsJobs(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.sees(heading, "Présentez votre badge")
	b.run(chromedp.Evaluate("window.sameDocument = true", nil))
	b.lists(someJobs())
	b.sees(summary, "3 documents en attente")
	b.sees(spokenT, "Bienvenue Ada. 3 documents en attente")
	if b.eval("window.sameDocument") != "true" {
		t.Error("the page was loaded again to show the list")
	}
	b.run(chromedp.Click("#print-3"))
	b.sees(summary, "2 documents en attente")
	b.sees(`document.querySelector("#job-3 .jobstatus").textContent.trim()`, "Envoi à l’imprimante…")
	b.run(chromedp.Click("#do-printall"))
	b.sees(summary, "Aucun document en attente")
	if released, _ := d.drawer.done(); !slices.Equal(released, []int{3, 2, 1}) {
		t.Errorf("released %v", released)
	}
	d.leave()
	b.sees(heading, "Présentez votre badge")
	if html := b.eval("document.documentElement.outerHTML"); strings.Contains(html, "Rapport") {
		t.Error("a title stays")
	}
	b.quiet()
}

// With keys alone: to the question, back by Escape, and again to delete.
func TestBrowserDeletesWithKeysAlone(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.lists(someJobs()[:1])
	b.sees(summary, "1 document en attente")
	b.sees(focused, "heading")
	b.keys(kb.Tab, kb.Tab, kb.Tab, kb.Tab) // large text, edit, sign out, and the first document
	b.sees(focused, "print-3")
	b.keys(kb.Tab)
	b.sees(focused, "delete-3")
	b.keys(kb.Enter)
	b.sees(heading, "Supprimer ce document\u00a0?")
	b.keys(kb.Escape)
	b.sees(summary, "1 document en attente")
	if _, deleted := d.drawer.done(); len(deleted) > 0 {
		t.Fatalf("Escape deletes %v", deleted)
	}
	b.run(chromedp.Click("#delete-3"))
	b.sees(heading, "Supprimer ce document\u00a0?")
	b.keys(kb.Tab, kb.Tab)
	b.sees(focused, "do-delete")
	b.keys(kb.Enter)
	b.sees(summary, "Aucun document en attente")
	if _, deleted := d.drawer.done(); !slices.Equal(deleted, []int{3}) {
		t.Errorf("deleted %v", deleted)
	}
	b.quiet()
}

// A list that changes stays where the finger has scrolled it; the page itself does not scroll.
func TestBrowserKeepsThePlaceInALongList(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.lists(manyJobs(40))
	b.sees(summary, "40 documents en attente")
	const place = `document.getElementById("joblist").scrollTop`
	b.run(chromedp.Evaluate(`document.getElementById("joblist").scrollTop = 300`, nil))
	b.sees(place, "300")
	jobs := manyJobs(40)
	jobs[0].Phase = printjobs.Printed
	d.lists(jobs)
	b.sees(summary, "39 documents en attente")
	b.sees(place, "300")
	b.sees("document.documentElement.scrollHeight <= innerHeight", "true")
	b.quiet()
}

// The question goes away by itself when its document does: printed at another printer.
func TestBrowserLeavesAQuestionThatIsOver(t *testing.T) {
	d := newDesk()
	b := browse(t, d)
	b.lists(someJobs())
	b.sees(summary, "3 documents en attente")
	b.run(chromedp.Click("#delete-3"))
	b.sees(heading, "Supprimer ce document\u00a0?")
	d.lists(someJobs()[1:])
	b.sees(summary, "2 documents en attente")
	b.quiet()
}
