package kiosk

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"testing"

	"badged/enroll"
)

func someNotice() enroll.Notice {
	return enroll.Notice{
		Version: 3, Link: "https://badged.example.org/confidentialite",
		French: "# Vos données\n\nNous gardons votre nom, vos badges et vos passages, pour que les portes et les imprimantes vous reconnaissent.\n" +
			strings.Repeat("\nVous pouvez les voir, les corriger, et demander leur effacement à l’accueil. Les passages sont effacés après trois mois.\nLes autres traces le sont après un an.\n", 9),
		English: "# Your data\n\nWe keep your name, your badges and your passages, so that doors and printers know you.\n" +
			strings.Repeat("\nYou may see them, correct them, and ask at the reception to have them erased. Passages are erased after three months.\nOther traces are after a year.\n", 9),
		ShortFrench:  "Nous gardons vos passages trois mois, et votre nom tant que vous êtes membre. Vous pouvez demander leur effacement à l’accueil.",
		ShortEnglish: "We keep your passages for three months, and your name while you are a member. You may ask at the reception to have them erased.",
	}
}

// longNotice has the longest short text that the hub takes, and a long address.
func longNotice() enroll.Notice {
	n := someNotice()
	n.ShortFrench = strings.Repeat("Nous gardons vos passages trois mois. ", 16)[:590]
	n.ShortEnglish, n.Link = n.ShortFrench, "https://badged.example.org/"+strings.Repeat("confidentialite/", 10)
	return n
}

// owing is a panel where somebody logged in who has to agree first.
func owing(t *testing.T, change func(*enroll.Screen)) (*desk, *visitor) {
	t.Helper()
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	n := someNotice()
	d.set(func(s *enroll.Screen) {
		s.Privacy = &n
		change(s)
	})
	return d, v
}

const tickText = "J’ai bien lu et j’accepte la politique de confidentialité"

// S5.08: at the first login the notice must be read and ticked before anything else: no page
// shows anything but it, no form does anything, and without the tick nothing is agreed to.
func TestTheNoticeStandsBeforeEverything(t *testing.T) {
	d, v := owing(t, func(s *enroll.Screen) { s.Offers, s.Offering = someOffers(), true })
	d.lists(someJobs())
	for _, path := range []string{"", "/edit", "/saved", "/service?id=2", "?from=1", "/view?page=home&session=session-1"} {
		page := v.get("/p/hall" + path)
		page.wants(t, http.StatusOK, tickText, "Continuer", "Refuser", "Vous pouvez les voir", "<h2>Vos données</h2>")
		page.lacks(t, "Photocopie", "Rapport annuel", "Nom complet")
	}
	form := fill(v.get("/p/hall"), "job", "all", "name", "Eve", "lang", "fr")
	v.post("/p/hall/print", form).leads(t, "/p/hall")
	v.post("/p/hall/delete", fill(v.get("/p/hall"), "job", "3")).leads(t, "/p/hall")
	v.get("/p/hall/delete?job=3").leads(t, "/p/hall")
	if released, deleted := d.drawer.done(); len(released)+len(deleted) > 0 {
		t.Errorf("before the agreement: released %v, deleted %v", released, deleted)
	}
	v.post("/p/hall/notice", fill(v.get("/p/hall"), "answer", "agree")).wants(t, http.StatusUnprocessableEntity, "Cochez la case pour continuer", tickText)
	if len(d.answers) > 0 {
		t.Errorf("without the tick: %v", d.answers)
	}
	v.post("/p/hall/notice", fill(v.get("/p/hall"), "answer", "agree", "read", "1")).leads(t, "/p/hall")
	if !slices.Equal(d.answers, []string{"agree 3"}) {
		t.Errorf("after the tick: %v", d.answers)
	}
	v.get("/p/hall").wants(t, http.StatusOK, "Photocopie", "Rapport annuel")
	v.get("/p/hall/notice").lacks(t, tickText)
}

// S5.08: whoever refuses is signed out.
func TestWhoRefusesTheNoticeIsSignedOut(t *testing.T) {
	d, v := owing(t, func(*enroll.Screen) {})
	v.post("/p/hall/notice", fill(v.get("/p/hall"), "answer", "refuse")).leads(t, "/p/hall")
	v.get("/p/hall").wants(t, http.StatusOK, "rien d’autre que votre refus")
	if s, _ := d.Screen("hall"); s.Session != "" || !slices.Equal(d.answers, []string{"refuse 3"}) {
		t.Errorf("session %q, answers %v", s.Session, d.answers)
	}
}

// S5.09: on a panel without a keyboard stands the short notice with a QR code and an OK key.
func TestAPanelWithoutAKeyboardShowsTheShortNotice(t *testing.T) {
	d, v := owing(t, func(s *enroll.Screen) { s.NoKeyboard = true })
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, someNotice().ShortFrench, `<path class="ink" d="M`, someNotice().Link, ">OK</button>")
	page.lacks(t, "Vos données", `type="checkbox"`)
	v.post("/p/hall/notice", fill(page, "answer", "agree")).leads(t, "/p/hall")
	if !slices.Equal(d.answers, []string{"agree 3"}) {
		t.Errorf("after OK: %v", d.answers)
	}
}

// S1.07, S5.08: whoever came by a new badge is in at once, and agrees before they write
// something about themselves.
func TestANewAccountAgreesBeforeItIsEdited(t *testing.T) {
	d, v := owing(t, func(s *enroll.Screen) { s.New = true })
	v.get("/p/hall").lacks(t, tickText)
	page := v.get("/p/hall/edit")
	page.wants(t, http.StatusOK, tickText)
	page.lacks(t, "Nom complet")
	v.get("/p/hall/view?page=notice&session=session-1").wants(t, http.StatusOK, tickText) // what changes leaves it there
	v.post("/p/hall/notice", fill(page, "answer", "agree", "read", "1")).leads(t, "/p/hall/edit")
	v.get("/p/hall/edit").wants(t, http.StatusOK, "Nom complet")
	if !slices.Equal(d.answers, []string{"agree 3"}) {
		t.Errorf("answers %v", d.answers)
	}
}

// An answer to a version that is no longer in force counts for nothing: the new one shows.
// One that cannot be kept is said, and asked again.
func TestAnAnswerThatComesTooLate(t *testing.T) {
	d, v := owing(t, func(*enroll.Screen) {})
	page := v.get("/p/hall")
	v.post("/p/hall/notice", fill(page, "answer", "agree", "read", "1", "version", "2")).leads(t, "/p/hall")
	for _, version := range []string{"", "x", "-1"} {
		v.post("/p/hall/notice", fill(page, "answer", "agree", "read", "1", "version", version)).leads(t, "/p/hall/ended")
	}
	d.editErr = errors.New("the disk is full")
	again := v.post("/p/hall/notice", fill(page, "answer", "agree", "read", "1"))
	again.wants(t, http.StatusServiceUnavailable, "Votre réponse n’a pas été enregistrée", tickText)
	again.lacks(t, "disk")
	d.editErr = enroll.ErrNoSession
	v.post("/p/hall/notice", fill(page, "answer", "agree", "read", "1")).leads(t, "/p/hall/ended")
	d.editErr = nil
	d.leave()
	v.post("/p/hall/notice", fill(page, "answer", "agree", "read", "1")).leads(t, "/p/hall/ended")
	if len(d.answers) > 0 {
		t.Errorf("answers %v", d.answers)
	}
}
