package kiosk

import (
	"errors"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/enroll"
)

func now() time.Time { return time.Now() }

func TestIdleAsksForABadge(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	v.get("/p/hall").wants(t, http.StatusOK, `<html lang="fr">`, "Présentez votre badge", `<noscript><meta http-equiv="refresh" content="2;url=/p/hall"></noscript>`)
	v.get("/p/hall/edit").leads(t, "/p/hall")
	v.get("/p/hall/saved").leads(t, "/p/hall")
	d.set(func(s *enroll.Screen) { s.Lang = "en" })
	v.get("/p/hall").wants(t, http.StatusOK, `<html lang="en">`, "Present your badge")
}

// S1.07, S1.13
func TestBadgeLogsInAndOffersToEdit(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	v.get("/p/hall").wants(t, http.StatusOK, "Bienvenue anonym1", "Modifier le compte", "Se déconnecter", "Votre session est ouverte")
	d.set(func(s *enroll.Screen) { s.New = true })
	v.get("/p/hall").wants(t, http.StatusOK, "Bienvenue anonym1", "maintenant enregistré")
	d.set(func(s *enroll.Screen) { s.Lang = "en" })
	v.get("/p/hall").wants(t, http.StatusOK, "Welcome anonym1", "Edit account", "Sign out", "now registered")
	d.set(func(s *enroll.Screen) { s.Lang = "fr" })
	d.swipe(enroll.Account{Name: `<b>%d</b>`})
	v.get("/p/hall").wants(t, http.StatusOK, "Bienvenue &lt;b&gt;%d&lt;/b&gt;")
}

// S1.14, S1.15
func TestEditSavesNameEmailAndLanguage(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	form := v.get("/p/hall/edit")
	form.wants(t, http.StatusOK, `name="name"`, `name="email"`, `value="fr" id="radio-fr" checked`)
	v.post("/p/hall/edit", fill(form, "name", "Ada Lovelace", "email", "ada@example.org", "lang", "en")).leads(t, "/p/hall/saved")
	v.get("/p/hall/saved").wants(t, http.StatusOK, "Welcome Ada Lovelace", "Changes saved", `content="6;url=/p/hall"`)
	v.get("/p/hall").lacks(t, "Changes saved")
	v.get("/p/hall/edit").wants(t, http.StatusOK, `value="Ada Lovelace"`, "still to be confirmed", `value="en" id="radio-en" checked`)
	if got := d.saved(); len(got) != 1 || got[0] != (enroll.Edit{Name: "Ada Lovelace", Email: "ada@example.org", Lang: "en"}) {
		t.Errorf("saved %+v", got)
	}
}

// TestThePanelSaysWhatBecomesOfAnEmail: the address stays at the hub. Whether there is one,
// and whether it waits to be confirmed, is all that a panel shows; an empty field keeps it.
func TestThePanelSaysWhatBecomesOfAnEmail(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	const toConfirm, kept = "Une adresse est enregistrée, à confirmer", "Une adresse est enregistrée. Laissez"
	for state, want := range map[enroll.EmailState][]string{
		enroll.EmailNone: nil, enroll.EmailToConfirm: {toConfirm}, enroll.EmailConfirmed: {kept},
	} {
		d.swipe(enroll.Account{Name: "Ada", EmailState: state, Lang: "fr"})
		form := v.get("/p/hall/edit")
		form.wants(t, http.StatusOK, append(want, `id="email" name="email" value=""`)...)
		for _, text := range []string{toConfirm, kept} {
			if !slices.Contains(want, text) {
				form.lacks(t, text)
			}
		}
		if state == enroll.EmailNone {
			form.lacks(t, "email-note")
		}
		v.post("/p/hall/edit", fill(form, "name", "Ada Byron", "lang", "fr")).leads(t, "/p/hall/saved")
		if got := d.saved(); got[len(got)-1] != (enroll.Edit{Name: "Ada Byron", Lang: "fr"}) {
			t.Errorf("saved %+v", got)
		}
		saved := v.get("/p/hall/saved")
		if saved.wants(t, http.StatusOK, "Votre compte est à jour"); state == enroll.EmailToConfirm {
			saved.wants(t, http.StatusOK, "Votre adresse e-mail est à confirmer")
		} else {
			saved.lacks(t, "à confirmer")
		}
	}
}

// S1.14
func TestEditWithoutProfileIsTheLanguageOnly(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.set(func(s *enroll.Screen) { s.EditProfile = false })
	d.swipe(enroll.Account{Name: "Ada", EmailState: enroll.EmailConfirmed, Lang: "fr"})
	form := v.get("/p/hall/edit")
	form.wants(t, http.StatusOK, "Seule la langue", `name="lang"`)
	form.lacks(t, `name="name"`, `name="email"`)
	v.post("/p/hall/edit", fill(form, "name", "Eve", "email", "eve@example.org", "lang", "en")).leads(t, "/p/hall/saved")
	if got := d.saved(); len(got) != 1 || got[0] != (enroll.Edit{Name: "Ada", Lang: "en"}) {
		t.Errorf("saved %+v", got)
	}
}

func TestProblemsAreShownAtTheirField(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	for lang, want := range map[string][]string{
		"fr": {"<title>Erreur\u00a0: Modifier le compte</title>", "Vérifiez votre saisie", "Cette adresse n’est pas complète", `<html lang="fr">`},
		"en": {"<title>Error: Edit account</title>", "Please check your entries", "This address is not complete", `<html lang="en">`},
	} {
		d.swipe(enroll.Account{Number: 1, Lang: lang})
		page := v.post("/p/hall/edit", fill(v.get("/p/hall/edit"), "name", "Ada", "email", "ada", "lang", lang))
		page.wants(t, http.StatusUnprocessableEntity, want...)
		page.wants(t, http.StatusUnprocessableEntity, `value="ada"`, `value="Ada"`,
			`aria-invalid="true" aria-describedby="email-problem" autofocus>`, `<p class="problem" id="email-problem">`)
		page.lacks(t, `id="name-problem"`, `id="lang-problem"`)
	}
	page := v.post("/p/hall/edit", fill(v.get("/p/hall/edit"), "lang", "de"))
	page.wants(t, http.StatusUnprocessableEntity, `id="lang-problem"`)
	page = v.post("/p/hall/edit", fill(v.get("/p/hall/edit"), "name", strings.Repeat("x", 201), "lang", "fr"))
	page.wants(t, http.StatusUnprocessableEntity, `id="name-problem"`)
}

func TestEditFailsClearly(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	form := fill(v.get("/p/hall/edit"), "name", "Ada", "lang", "fr")
	d.editErr = errors.New("the disk is full")
	page := v.post("/p/hall/edit", form)
	page.wants(t, http.StatusServiceUnavailable, "n’ont pas été enregistrées", "appelez un technicien", `value="Ada"`)
	page.lacks(t, "disk")
	d.editErr = enroll.ErrNoSession
	v.post("/p/hall/edit", form).leads(t, "/p/hall/ended")
}

func TestSignOutLeavesNothing(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(enroll.Account{Name: "Ada Lovelace"})
	form := fill(v.get("/p/hall/edit"))
	v.post("/p/hall/signout", form).leads(t, "/p/hall")
	for _, path := range []string{"/p/hall", "/p/hall/view?page=edit&session=session-1", "/p/hall/ended"} {
		v.get(path).lacks(t, "Ada", "session-1")
	}
	v.get("/p/hall/edit").leads(t, "/p/hall") // the back button
	v.post("/p/hall/signout", fill(v.get("/p/hall"))).leads(t, "/p/hall")
}

// A session that had ended before is signed out, too.
func TestSignOutOfAnEndedSession(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	d.outErr = enroll.ErrNoSession
	v.post("/p/hall/signout", fill(v.get("/p/hall"))).leads(t, "/p/hall")
}

func TestFormOfAFormerSessionIsRefusedKindly(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	old := fill(v.get("/p/hall/edit"), "name", "Ada", "lang", "fr")
	d.swipe(enroll.Account{Number: 2})
	for _, path := range []string{"edit", "signout", "touch"} {
		v.post("/p/hall/"+path, old).leads(t, "/p/hall/ended")
	}
	v.get("/p/hall/ended").wants(t, http.StatusOK, "Cette session est terminée", "Bienvenue anonym2")
	if s, _ := d.Screen("hall"); s.Session != "session-2" || len(d.saved()) != 0 {
		t.Error("a form of a former session did something")
	}
	d.leave()
	v.post("/p/hall/edit", old).leads(t, "/p/hall/ended")
	v.get("/p/hall/ended").wants(t, http.StatusOK, "Cette session est terminée")
	idle := fill(v.get("/p/hall"), "lang", "fr")
	v.post("/p/hall/edit", idle).leads(t, "/p/hall/ended")
	v.post("/p/hall/touch", idle).leads(t, "/p/hall/ended")
}

func TestNoticesSayWhatToDo(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	for reason, want := range map[enroll.Reason]string{
		enroll.BadRead:      "Badge mal lu",
		enroll.UnknownCard:  "Badge refusé",
		enroll.QuotaReached: "Pas de nouveau compte",
		enroll.StoreFailed:  "Appelez un technicien",
		enroll.PINUnknown:   "Code refusé",
		enroll.PINDelayed:   "Attendez une minute",
		enroll.Reason(999):  "Badge refusé",
	} {
		d.notice(reason)
		v.get("/p/hall").wants(t, http.StatusOK, want)
	}
	d.swipe(anonym1)
	d.notice(enroll.BadRead)
	v.get("/p/hall").wants(t, http.StatusOK, "Bienvenue anonym1", "Badge mal lu")
}

// What a person is told about a card is the same whoever it belongs to.
func TestNoticesRevealNothingOfOthers(t *testing.T) {
	for _, r := range []enroll.Reason{
		enroll.RouteOff, enroll.AccountInactive, enroll.BindingInactive, enroll.CardTaken, enroll.NoGrant, enroll.DeniedGrant, enroll.ServiceAccount,
		enroll.OutOfHours,
	} {
		if noticeOf(r) != noticeOf(enroll.UnknownCard) {
			t.Errorf("reason %d differs from an unknown card", r)
		}
	}
	for _, r := range []enroll.Reason{enroll.PINUnknown, enroll.CodeIdle} {
		if noticeOf(r) != noticeOf(enroll.CodeRefused) {
			t.Errorf("reason %d differs from a refused code", r)
		}
	}
}

func TestTouchKeepsTheSession(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	d.set(func(s *enroll.Screen) { s.Ends = now().Add(10 * time.Second) })
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "Déconnexion dans 10 s", "Continuer")
	page.lacks(t, `data-text="Déconnexion dans # s" hidden`)
	v.post("/p/hall/touch", fill(page)).leads(t, "/p/hall")
	r := v.request(http.MethodPost, "/p/hall/touch", fill(page))
	r.Header.Set("Accept", "application/json")
	if a := v.do(r); a.status != http.StatusOK || !strings.Contains(a.body, `"left":59`) {
		t.Errorf("the script is told %d %s", a.status, a.body)
	}
	v.get("/p/hall").wants(t, http.StatusOK, `data-text="Déconnexion dans # s" hidden`)
	v.get("/p/hall/edit")
	if d.touches != 3 {
		t.Errorf("%d touches, want 3", d.touches)
	}
	d.leave()
	r = v.request(http.MethodPost, "/p/hall/touch", fill(page))
	r.Header.Set("Accept", "application/json")
	v.do(r).wants(t, http.StatusConflict)
}

func TestEditWithoutScriptDoesNotReloadUnderTheFingers(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	v.get("/p/hall/edit").wants(t, http.StatusOK, `content="61;url=/p/hall"`)
}

func TestLanguageOfTheIdlePage(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	v.post("/p/hall/lang", fill(v.get("/p/hall"), "lang", "en")).leads(t, "/p/hall")
	v.get("/p/hall").wants(t, http.StatusOK, "Present your badge", `lang="en" id="lang-en" aria-pressed="true"`)
	v.post("/p/hall/lang", fill(v.get("/p/hall"), "lang", "xx")).leads(t, "/p/hall")
	v.get("/p/hall").wants(t, http.StatusOK, "Present your badge")
	d.swipe(enroll.Account{Number: 2, Lang: "fr"})
	v.get("/p/hall").wants(t, http.StatusOK, "Bienvenue anonym2")
}

func TestAPanelThatKnowsNoLanguageSpeaksFrench(t *testing.T) {
	for lang, want := range map[string]string{"fr": "fr", "en": "en", "": "fr", "de": "fr"} {
		if got := spoken(enroll.Screen{Lang: lang}); got != want {
			t.Errorf("%q is spoken as %q, want %q", lang, got, want)
		}
	}
}

func TestFragmentIsThePageOfItsSession(t *testing.T) {
	d := newDesk()
	k, v := serve(t, d)
	d.swipe(anonym1)
	v.get("/p/hall/view?page=edit&session=session-1").wants(t, http.StatusOK, `data-page="edit"`)
	v.get("/p/hall/view?page=saved&session=session-1").wants(t, http.StatusOK, `data-page="saved"`, "Modifications enregistrées")
	v.get("/p/hall/view?page=edit&session=session-0").wants(t, http.StatusOK, `data-page="home"`)
	v.get("/p/hall/view?page=../etc&session=session-1").wants(t, http.StatusOK, `data-page="home"`)
	v.get("/p/hall/view").lacks(t, "<html", "<script")
	s, _ := d.Screen("hall")
	v.get("/p/hall/view?page=home&session=session-1&v="+url.QueryEscape(k.version(s, 0))).wants(t, http.StatusNoContent)
	d.leave()
	v.get("/p/hall/view?page=edit&session=session-1").wants(t, http.StatusOK, `data-page="idle"`)
}

func TestAssetsAreOfThisBuild(t *testing.T) {
	_, v := serve(t, newDesk())
	stranger := newVisitor(t, v.server)
	for _, name := range []string{"kiosk.css", "kiosk.js", "icon.svg", "font.css", "source-sans-3-latin-ext-700.woff2"} {
		address, err := assets.URL(name)
		if err != nil {
			t.Fatal(err)
		}
		a := stranger.get(address) // the page that refuses a stranger is styled too
		a.wants(t, http.StatusOK)
		if !strings.Contains(a.header.Get("Cache-Control"), "immutable") {
			t.Errorf("%s: %v", name, a.header)
		}
		if a := stranger.get("/static/" + name + "?v=old"); a.header.Get("Cache-Control") != "no-store" {
			t.Errorf("%s of another build: %v", name, a.header)
		}
	}
	stranger.get("/static/kiosk.go").wants(t, http.StatusNotFound)
	stranger.get("/static/..%2fkiosk.go").wants(t, http.StatusNotFound)
}

func FuzzEditForm(f *testing.F) {
	d := newDesk()
	d.swipe(anonym1)
	k := New(Options{Panel: d, Points: []string{"hall"}})
	token := k.guard.formToken("hall", "session-1")
	good := "session=session-1&form=" + token
	for _, seed := range []string{"", good, good + "&name=Ada&email=ada%40example.org&lang=en", good + "&name=%00%ff%fe&lang=fr", good + "&email=<script>&lang=fr", "session=session-1&form=" + token[1:], good + "&lang=fr;name=x", "%zz", good + "&name=%d%s{{.}}&lang=en"} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		r, err := http.NewRequest(http.MethodPost, "http://127.0.0.1:8631/p/hall/edit", strings.NewReader(string(body)))
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		r.AddCookie(&http.Cookie{Name: "badged_8631", Value: k.guard.token})
		d.edits = nil
		w := newRecorder()
		k.Handler().ServeHTTP(w, r)
		if w.code >= 500 {
			t.Errorf("status %d", w.code)
		}
		fields, err := url.ParseQuery(string(body))
		if len(d.saved()) > 0 && (err != nil || fields.Get("form") != token || fields.Get("session") != "session-1") {
			t.Error("a form without its token was saved")
		}
		if strings.Contains(w.body(), "<script>") {
			t.Error("the page has the form's markup in it")
		}
	})
}
