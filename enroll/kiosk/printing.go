package kiosk

import (
	"net/http"
	"strconv"

	"badged/internal/printjobs"
)

// Printing is the print jobs that are held for who is logged in. None of its methods waits
// for a print server.
type Printing interface {
	// Held is what is known now of the jobs of the point's session.
	Held(point string) printjobs.Held
	// Watch sends after every change of Held, as Panel.Watch.
	Watch(point string) (ch <-chan struct{}, stop func())
	// Release prints jobs; false: none, as one of them is not on the session's list.
	Release(point, session string, ids ...int) bool
	// Delete removes a job for good; false: it is not on the session's list.
	Delete(point, session string, id int) bool
}

// noPrinting is a terminal without printers.
type noPrinting struct{}

func (noPrinting) Held(string) printjobs.Held             { return printjobs.Held{} }
func (noPrinting) Watch(string) (<-chan struct{}, func()) { return nil, func() {} }
func (noPrinting) Release(string, string, ...int) bool    { return false }
func (noPrinting) Delete(string, string, int) bool        { return false }

// pageDelete asks whether a job is to be deleted for good.
const pageDelete = "delete"

// parseJob gives the job that a request names; 0: none.
func parseJob(value string) int {
	id, err := strconv.Atoi(value)
	if err != nil || id < 0 {
		return 0
	}
	return id
}

// askDelete shows the question, for a job that is on the list.
func (k *Kiosk) askDelete(w http.ResponseWriter, r *http.Request) {
	p := k.points[r.PathValue("point")]
	if p == nil {
		k.fail(w, http.StatusNotFound)
		return
	}
	s, _ := k.panel.Screen(p.name)
	k.touch(r.Context(), p, s.Session)
	s, _ = k.panel.Screen(p.name)
	v := k.view(p, s, place{page: pageDelete, job: parseJob(r.URL.Query().Get("job"))})
	if v.Page != pageDelete {
		http.Redirect(w, r, basePath(p.name), http.StatusSeeOther)
		return
	}
	k.write(w, http.StatusOK, "document", v)
}

// postPrint releases one job, or all that the list has.
func (k *Kiosk) postPrint(f submit) {
	if f.s.Session == "" {
		k.stale(f)
		return
	}
	k.touch(f.r.Context(), f.p, f.s.Session)
	if k.jobsOf(f.p, f.s).State == printjobs.Nobody { // printing is not theirs, or the notice comes first
		f.home("")
		return
	}
	ids := []int{parseJob(f.r.PostForm.Get("job"))}
	if f.r.PostForm.Get("job") == "all" {
		ids = k.held(f.p, f.s.Session).Ready()
	}
	k.printing.Release(f.p.name, f.s.Session, ids...) // what is not on the list any more shows there
	f.home("")
}

// postDelete removes a job for good.
func (k *Kiosk) postDelete(f submit) {
	if f.s.Session == "" {
		k.stale(f)
		return
	}
	k.touch(f.r.Context(), f.p, f.s.Session)
	if k.jobsOf(f.p, f.s).State == printjobs.Nobody {
		f.home("")
		return
	}
	k.printing.Delete(f.p.name, f.s.Session, parseJob(f.r.PostForm.Get("job")))
	f.home("")
}

// held is the jobs of this session; none, if the list is still another's.
func (k *Kiosk) held(p *point, session string) printjobs.Held {
	h := k.printing.Held(p.name)
	if h.Session != session || session == "" {
		return printjobs.Held{}
	}
	return h
}
