package kiosk

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"badged/internal/cups"
	"badged/internal/printjobs"
)

// drawer is a Printing in memory.
type drawer struct {
	mu       sync.Mutex // guards all below
	held     printjobs.Held
	watchers map[chan struct{}]struct{}
	released []int
	deleted  []int
}

func (d *drawer) Held(string) printjobs.Held {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.held
}

func (d *drawer) Watch(string) (<-chan struct{}, func()) {
	d.mu.Lock()
	defer d.mu.Unlock()
	ch := make(chan struct{}, 1)
	d.watchers[ch] = struct{}{}
	return ch, func() {
		d.mu.Lock()
		defer d.mu.Unlock()
		delete(d.watchers, ch)
	}
}

// set puts a list in the drawer and tells it.
func (d *drawer) set(h printjobs.Held) {
	d.mu.Lock()
	defer d.mu.Unlock()
	h.Rev = d.held.Rev + 1
	d.held = h
	for ch := range d.watchers {
		select {
		case ch <- struct{}{}:
		default:
		}
	}
}

// mark moves jobs of the session's list on, if all of them can be.
func (d *drawer) mark(session string, phase printjobs.Phase, ids ...int) bool {
	h := d.Held("hall")
	h.Jobs = slices.Clone(h.Jobs)
	for _, id := range ids {
		i := slices.IndexFunc(h.Jobs, func(j printjobs.Job) bool { return j.ID == id && j.CanRelease() })
		if session != h.Session || i < 0 {
			return false
		}
		h.Jobs[i].Phase = phase
	}
	h.Jobs = slices.DeleteFunc(h.Jobs, func(j printjobs.Job) bool { return j.Phase == printjobs.Gone })
	d.set(h)
	return true
}

func (d *drawer) Release(_, session string, ids ...int) bool {
	if !d.mark(session, printjobs.Sending, ids...) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.released = append(d.released, ids...)
	return true
}

func (d *drawer) Delete(_, session string, id int) bool {
	if !d.mark(session, printjobs.Gone, id) {
		return false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.deleted = append(d.deleted, id)
	return true
}

// done is what was released and deleted so far.
func (d *drawer) done() (released, deleted []int) {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Clone(d.released), slices.Clone(d.deleted)
}

func someJobs() []printjobs.Job {
	now := time.Now()
	return []printjobs.Job{
		{ID: 3, Title: "Rapport annuel 2026.pdf", Sent: now.Add(-5*time.Minute - time.Second), Copies: 2, Pages: 14, Colour: cups.InColour, TwoSided: true},
		{ID: 2, Title: "Convocation", Sent: now.Add(-26 * time.Hour), Copies: 1, Colour: cups.Monochrome},
		{ID: 1, Title: "", Sent: now.Add(-2*time.Hour - time.Second), Copies: 1, Pages: 1},
	}
}

func manyJobs(n int) (list []printjobs.Job) {
	for i := range n {
		list = append(list, printjobs.Job{ID: n - i, Title: fmt.Sprintf("Document %d", n-i), Sent: time.Now(), Copies: 1})
	}
	return list
}

// strangeJobs have the titles that computers really send.
func strangeJobs() (list []printjobs.Job) {
	for i, title := range []string{
		"تقرير سنوي.pdf", "🎉👩‍👩‍👧 Fête 🇨🇦 été.docx", "<script>alert(1)</script><b>gras</b>",
		printjobs.CleanTitle("\u202egpj.exe " + strings.Repeat("Bundesausbildungsförderungsgesetz", 9)),
		printjobs.CleanTitle(strings.Repeat("H\u0300\u0301\u0302\u0303\u0304\u0305\u0306\u0307\u0308", 30)),
	} {
		list = append(list, printjobs.Job{ID: i + 1, Title: title, Sent: time.Now(), Copies: 1})
	}
	return list
}

// phasedJobs are in each phase.
func phasedJobs() []printjobs.Job {
	list := manyJobs(6)
	for i, p := range []printjobs.Phase{printjobs.Sending, printjobs.Printing, printjobs.Printed, printjobs.Lost, printjobs.Returned, printjobs.Waiting} {
		list[i].Phase = p
	}
	return list
}
