package kiosk

import (
	"bufio"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"badged/enroll"
	"badged/internal/printjobs"
)

// withJobs is a panel where somebody logged in who has these jobs.
func withJobs(t *testing.T, jobs []printjobs.Job) (*desk, *Kiosk, *visitor) {
	t.Helper()
	d := newDesk()
	k, v := serve(t, d)
	d.swipe(enroll.Account{Name: "Ada", Lang: "fr"})
	d.lists(jobs)
	return d, k, v
}

// lists puts jobs on the list of who is logged in.
func (d *desk) lists(jobs []printjobs.Job) {
	s, _ := d.Screen("hall")
	d.drawer.set(printjobs.Held{Session: s.Session, State: printjobs.Listed, Jobs: jobs})
}

// Issue 10, 4: at the badge the person's jobs appear: title, pages, copies, colour, time.
func TestHeldJobsAreListedAfterLogin(t *testing.T) {
	d, _, v := withJobs(t, someJobs())
	v.get("/p/hall").wants(t, http.StatusOK, "Bienvenue Ada", "3 documents en attente", "Tout imprimer (3)", "Rapport annuel 2026.pdf",
		"il y a 5 min · 14 pages · 2 exemplaires · couleur · recto verso", "il y a 1 j · noir et blanc", "Document sans titre", "il y a 2 h · 1 page")
	d.set(func(s *enroll.Screen) { s.Lang = "en" })
	v.get("/p/hall").wants(t, http.StatusOK, "3 documents are waiting", "Print all (3)", "5 min ago · 14 pages · 2 copies · colour · two-sided", "1 d ago · black and white")
	d.lists(nil)
	v.get("/p/hall").wants(t, http.StatusOK, "No document is waiting", "that you send to the printer appear here")
}

// What is another session's is neither shown nor reached.
func TestJobsOfAnotherSessionAreNotShown(t *testing.T) {
	d, _, v := withJobs(t, someJobs())
	d.swipe(enroll.Account{Name: "Eve", Lang: "fr"})
	page := v.get("/p/hall")
	page.lacks(t, "Rapport", "Convocation", "Tout imprimer")
	v.post("/p/hall/print", fill(page, "job", "3")).leads(t, "/p/hall")
	v.post("/p/hall/print", fill(page, "job", "all")).leads(t, "/p/hall")
	v.post("/p/hall/delete", fill(page, "job", "3")).leads(t, "/p/hall")
	v.get("/p/hall/delete?job=3").leads(t, "/p/hall")
	d.leave()
	v.get("/p/hall").lacks(t, "Rapport", "documents")
	v.get("/p/hall/delete?job=3").leads(t, "/p/hall")
	if released, deleted := d.drawer.done(); len(released)+len(deleted) > 0 {
		t.Errorf("released %v, deleted %v", released, deleted)
	}
}

// Issue 10, 4: release one or all.
func TestJobsAreReleasedOneOrAll(t *testing.T) {
	d, _, v := withJobs(t, someJobs())
	v.post("/p/hall/print", fill(v.get("/p/hall"), "job", "2")).leads(t, "/p/hall")
	if released, _ := d.drawer.done(); !slices.Equal(released, []int{2}) {
		t.Errorf("released %v", released)
	}
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "Envoi à l’imprimante…", "2 documents en attente", `id="print-3"`)
	page.lacks(t, `id="print-2"`, `id="delete-2"`)
	for _, job := range []string{"2", "77", "-1", "0", "", "3x", "99999999999999999999"} {
		v.post("/p/hall/print", fill(page, "job", job)).leads(t, "/p/hall")
	}
	if released, _ := d.drawer.done(); len(released) != 1 {
		t.Errorf("released %v", released)
	}
	v.post("/p/hall/print", fill(page, "job", "all")).leads(t, "/p/hall")
	if released, _ := d.drawer.done(); !slices.Equal(released, []int{2, 3, 1}) {
		t.Errorf("released %v", released)
	}
	if d.touches < 9 {
		t.Errorf("the session was prolonged %d times", d.touches)
	}
}

// Issue 10, 4: delete, keep. Opening the question deletes nothing.
func TestDeletingAsksFirst(t *testing.T) {
	d, _, v := withJobs(t, someJobs())
	page := v.get("/p/hall/delete?job=3")
	page.wants(t, http.StatusOK, "Supprimer ce document", "Rapport annuel 2026.pdf", "Garder", `href="/p/hall"`)
	page.lacks(t, "Convocation")
	if _, deleted := d.drawer.done(); len(deleted) > 0 {
		t.Fatalf("deleted %v", deleted)
	}
	v.post("/p/hall/delete", fill(page, "job", "3")).leads(t, "/p/hall")
	if _, deleted := d.drawer.done(); !slices.Equal(deleted, []int{3}) {
		t.Errorf("deleted %v", deleted)
	}
	v.get("/p/hall").lacks(t, "Rapport annuel")
	v.get("/p/hall/delete?job=3").leads(t, "/p/hall")
	v.get("/p/hall/delete").leads(t, "/p/hall")
	v.get("/p/cellar/delete?job=3").wants(t, http.StatusNotFound)
}

// Attacks on the forms, as on those of the profile.
func TestJobFormsAreGuarded(t *testing.T) {
	d, k, v := withJobs(t, someJobs())
	good := fill(v.get("/p/hall"), "job", "3")
	for _, path := range []string{"/p/hall/print", "/p/hall/delete"} {
		for name, spoil := range map[string]func(*http.Request, url.Values){
			"no token":       func(_ *http.Request, f url.Values) { f.Del("form") },
			"another token":  func(_ *http.Request, f url.Values) { f.Set("form", k.guard.formToken("hall", "session-9")) },
			"another origin": func(r *http.Request, _ url.Values) { r.Header.Set("Origin", "http://evil.example") },
			"another host":   func(r *http.Request, _ url.Values) { r.Host = "evil.example" },
			"no cookie":      func(r *http.Request, _ url.Values) { r.Header.Set("X-No-Cookie", "1") },
		} {
			form := url.Values{}
			for key, value := range good {
				form[key] = slices.Clone(value)
			}
			probe := v.request(http.MethodPost, path, form)
			spoil(probe, form)
			r := v.request(http.MethodPost, path, form)
			r.Header, r.Host = probe.Header, probe.Host
			who := v
			if name == "no cookie" {
				who = newVisitor(t, v.server)
			}
			if got := who.do(r); got.status != http.StatusForbidden && got.status != http.StatusMisdirectedRequest {
				t.Errorf("%s, %s: status %d", path, name, got.status)
			}
		}
		d.swipe(enroll.Account{Name: "Eve"})
		d.lists(someJobs()) // the same ids, in another's session
		v.post(path, good).leads(t, "/p/hall/ended")
		d.leave()
		v.post(path, good).leads(t, "/p/hall/ended")
		v.post(path, fill(v.get("/p/hall"), "job", "3")).leads(t, "/p/hall/ended")
		d.swipe(enroll.Account{Name: "Ada"})
		d.lists(someJobs())
		good = fill(v.get("/p/hall"), "job", "3")
	}
	if released, deleted := d.drawer.done(); len(released)+len(deleted) > 0 {
		t.Errorf("released %v, deleted %v", released, deleted)
	}
}

// Issue 10: 500 jobs. A page has fifty of them, and its size is bounded.
func TestManyJobsComeInPages(t *testing.T) {
	_, _, v := withJobs(t, manyJobs(500))
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "500 documents en attente", "Tout imprimer (500)", "Document 500<", "Document 451<", `href="/p/hall?from=50"`)
	page.lacks(t, "Document 450<", "Précédents")
	if len(page.body) > 64<<10 {
		t.Errorf("the page has %d bytes", len(page.body))
	}
	last := v.get("/p/hall?from=450")
	last.wants(t, http.StatusOK, "Document 50<", "Document 1<", `href="/p/hall?from=400"`, `content="10;url=/p/hall?from=450"`)
	last.lacks(t, "Suivants")
	for _, from := range []string{"500", "-50", "x", "99999999999999999999"} {
		v.get("/p/hall?from="+from).wants(t, http.StatusOK, "Document 500<")
	}
	v.get("/p/hall/view?page=home&session=session-1&from=50").wants(t, http.StatusOK, "Document 450<")
}

// Print service away, no paper, stopped, sent back: plain words, and that nothing is lost.
func TestTroubleWithPrintingIsToldInPlainWords(t *testing.T) {
	d, _, v := withJobs(t, nil)
	s, _ := d.Screen("hall")
	for note, want := range map[printjobs.Note][]string{
		printjobs.NoteAway:     {"ne répond pas pour l’instant", "ne sont pas perdus"},
		printjobs.NoteStopped:  {"L’imprimante est arrêtée", "Rien n’est perdu"},
		printjobs.NotePaper:    {"n’a plus de papier", "Ajoutez du papier"},
		printjobs.NoteReturned: {"n’a pas imprimé", "de nouveau en attente"},
	} {
		d.drawer.set(printjobs.Held{Session: s.Session, State: printjobs.Listed, Note: note, Jobs: someJobs()})
		v.get("/p/hall").wants(t, http.StatusOK, append(want, "3 documents en attente")...)
	}
	d.drawer.set(printjobs.Held{Session: s.Session, State: printjobs.Away, Jobs: someJobs()})
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "L’impression ne répond pas", "ne sont pas perdus", "Rapport annuel", "Se déconnecter")
	page.lacks(t, "Tout imprimer", `id="print-3"`)
}

// A page that is open hears of jobs as it hears of swipes.
func TestAnOpenPageHearsOfJobs(t *testing.T) {
	d, k, v := withJobs(t, nil)
	r := v.request(http.MethodGet, "/p/hall/events", nil)
	res, err := v.client.Do(r)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	lines := bufio.NewScanner(res.Body)
	next := func() string {
		for lines.Scan() {
			if data, ok := strings.CutPrefix(lines.Text(), "data: "); ok {
				return data
			}
		}
		t.Fatal("the stream ends")
		return ""
	}
	first := next()
	d.lists(someJobs())
	if second := next(); second == first {
		t.Errorf("the page is told that nothing has changed: %s", second)
	}
	s, _ := d.Screen("hall")
	if k.version(s, 1) == k.version(s, 2) {
		t.Error("a page with other jobs passes for the same")
	}
}
