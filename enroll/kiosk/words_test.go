package kiosk

import (
	"net/http"
	"regexp"
	"testing"
	"time"

	"badged/enroll"
)

// Issue 7, 3.4: how long the panel waits is the site's setting.
func TestWaitsSayForHowLong(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	for _, c := range []struct {
		window time.Duration
		fr, en string
	}{
		{45 * time.Second, "Vous avez 45 secondes.", "You have 45 seconds."},
		{time.Second, "Vous avez 1 seconde.", "You have 1 second."},
		{time.Minute, "Vous avez 1 minute.", "You have 1 minute."},
		{90 * time.Second, "Vous avez 90 secondes.", "You have 90 seconds."},
		{3 * time.Minute, "Vous avez 3 minutes.", "You have 3 minutes."},
	} {
		for _, r := range []enroll.Reason{enroll.AwaitCard, enroll.BindOffered} {
			d.set(func(s *enroll.Screen) { s.ClaimWindow, s.Notice, s.Lang = c.window, r, "fr" })
			v.get("/p/hall").wants(t, http.StatusOK, c.fr)
			d.set(func(s *enroll.Screen) { s.Lang = "en" })
			v.get("/p/hall").wants(t, http.StatusOK, c.en)
		}
	}
}

var window = regexp.MustCompile(`\d+ (secondes|seconds|minutes)`)

// No text has a time in it that is a setting.
func TestNoTextHasATimeOfItsOwn(t *testing.T) {
	for lang, msgs := range texts {
		for key, msg := range msgs {
			if window.MatchString(msg) {
				t.Errorf("%s %s says %q", lang, key, msg)
			}
		}
	}
}

// Issue 7, 3.4: «Vous pouvez compléter votre compte» stands there only while that is so.
func TestCompletingIsOfferedWhileItCanBeDone(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	const offer = "Vous pouvez compléter votre compte."
	d.swipe(anonym1)
	d.set(func(s *enroll.Screen) { s.New = true })
	v.get("/p/hall").wants(t, http.StatusOK, "maintenant enregistré sous ce nom", offer)
	d.set(func(s *enroll.Screen) { s.EditProfile = false })
	only := v.get("/p/hall")
	only.wants(t, http.StatusOK, "maintenant enregistré sous ce nom")
	only.lacks(t, offer)
	d.set(func(s *enroll.Screen) { s.EditProfile = true })
	v.post("/p/hall/edit", fill(v.get("/p/hall/edit"), "name", "Ada", "email", "ada@example.org", "lang", "fr")).leads(t, "/p/hall/saved")
	for _, page := range []string{"/p/hall/saved", "/p/hall"} {
		v.get(page).lacks(t, offer)
	}
}

// masculine is what calls whoever stands there a man.
var masculine = regexp.MustCompile(`(?i)vous (êtes|serez|avez été|étiez) \w*(é|prêt|inscrit)\b|(rester|êtes) (connecté|prêt)`)

// Issue 7, 3.4: the panel speaks to everybody.
func TestFrenchSpeaksToEverybody(t *testing.T) {
	for _, bad := range []string{"Vous êtes connecté.", "Rester connecté", "quand vous êtes prêt", "Vous avez été déconnecté"} {
		if !masculine.MatchString(bad) {
			t.Errorf("this test does not see %q", bad)
		}
	}
	for key, msg := range french {
		if masculine.MatchString(msg) {
			t.Errorf("%s says %q", key, msg)
		}
	}
}

// Issue 7, 3.4: nobody is asked for a badge that no reader can read.
func TestIdlePanelWithADeadReaderSaysSo(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.set(func(s *enroll.Screen) { s.ReaderDown = true })
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "Le lecteur ne répond pas", "Prévenez l’accueil ou un technicien", "tone-bad")
	page.lacks(t, "Présentez votre badge")
	d.notice(enroll.SignedOut) // what has just happened comes first
	v.get("/p/hall").wants(t, http.StatusOK, french["notice.signedout.title"])
	d.notice(enroll.ReasonNone)
	d.swipe(anonym1) // by a reader that died since
	v.get("/p/hall").lacks(t, "Le lecteur ne répond pas")
	d.leave()
	d.set(func(s *enroll.Screen) { s.ReaderDown = false })
	v.get("/p/hall").wants(t, http.StatusOK, "Présentez votre badge")
}

// Issue 7, 3.4: the panel says where it stands.
func TestPanelSaysWhereItStands(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	const place = `<p class="place"><strong>Siège de Lyon</strong> <span>hall</span></p>`
	v.get("/p/hall").wants(t, http.StatusOK, place)
	d.swipe(anonym1)
	v.get("/p/hall").wants(t, http.StatusOK, place)
	d.leave()
	d.set(func(s *enroll.Screen) { s.Site = "" })
	v.get("/p/hall").wants(t, http.StatusOK, `<p class="place"><span>hall</span></p>`)
}

// S1.11: a badge that is refused says whom to ask: the reception, or who the site says.
func TestARefusalSaysWhomToAsk(t *testing.T) {
	for lang, want := range map[string][2]string{
		"fr": {"Ce badge ne peut pas être utilisé ici. Adressez-vous à l’accueil.", "Ce badge ne peut pas être utilisé ici. Adressez-vous à\u00a0: Léa &lt;bureau 12&gt;"},
		"en": {"This badge cannot be used here. Ask at the reception.", "This badge cannot be used here. Ask: Léa &lt;bureau 12&gt;"},
	} {
		d := newDesk()
		d.speak(lang)
		_, v := serve(t, d)
		d.notice(enroll.RouteOff)
		v.get("/p/hall").wants(t, http.StatusOK, want[0])
		d.set(func(s *enroll.Screen) { s.Ask = "Léa <bureau 12>" })
		v.get("/p/hall").wants(t, http.StatusOK, want[1])
		d.leave()
		d.swipe(anonym1)
		d.set(func(s *enroll.Screen) { s.Offering = true })
		v.get("/p/hall").wants(t, http.StatusOK, "Léa &lt;bureau 12&gt;")
	}
}

// offerKeys has the panel take a claim code.
func (d *desk) offerKeys() {
	d.set(func(s *enroll.Screen) { s.Notice, s.Keys, s.Typed = enroll.BindOffered, enroll.CodeKeys, 0 })
}

// Issue 7, 3.5: the keys of a claim code are buttons of a form, and say how far one is.
func TestClaimCodeIsTypedOnThePanel(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.offerKeys()
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "Badge inconnu", "tapez le code", `name="key" value="1"`, `name="key" value="0"`, `name="key" value="*"`, "tapés\u00a0: 0 sur 4")
	for _, key := range []string{"7", "3", "*", "6"} {
		v.post("/p/hall/key", fill(page, "key", key)).leads(t, "/p/hall")
	}
	if d.typed != "73*6" {
		t.Errorf("typed %q", d.typed)
	}
	page = v.get("/p/hall")
	page.wants(t, http.StatusOK, "tapés\u00a0: 1 sur 4", `<i class="full"></i><i></i><i></i><i></i>`)
	for _, key := range []string{"", "12", "x", "\x00", "é"} {
		v.post("/p/hall/key", fill(page, "key", key)).leads(t, "/p/hall")
	}
	r := v.request(http.MethodPost, "/p/hall/key", fill(page, "key", "5"))
	r.Header.Set("Accept", "application/json")
	v.do(r).wants(t, http.StatusNoContent)
	if d.typed != "73*65" {
		t.Errorf("typed %q", d.typed)
	}
	d.set(func(s *enroll.Screen) { s.Keys = enroll.NoKeys })
	v.post("/p/hall/key", fill(page, "key", "1")).leads(t, "/p/hall")
	v.post("/p/hall/key", fill(page, "key", "1", "form", "x")).wants(t, http.StatusForbidden)
	v.get("/p/hall").lacks(t, `name="key"`)
	d.offerKeys()
	d.swipe(anonym1)
	v.post("/p/hall/key", fill(page, "key", "1")).leads(t, "/p/hall/ended")
	v.get("/p/hall").lacks(t, `name="key"`)
	if d.typed != "73*65" {
		t.Errorf("a key that was not offered was taken: %q", d.typed)
	}
}

// Issue 10, 3: the switch for large text and strong contrast stands on the idle page and in a
// session, and says what it does.
func TestTheSwitchForLargeText(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	for _, place := range []func(){func() {}, func() { d.swipe(anonym1) }} {
		place()
		page := v.get("/p/hall")
		page.wants(t, http.StatusOK, `<html lang="fr">`, "Grand texte")
		v.post("/p/hall/text", fill(page, "text", "large")).leads(t, "/p/hall")
		page = v.get("/p/hall")
		page.wants(t, http.StatusOK, `<html lang="fr" class="clear">`, `data-look="clear"`, "Texte habituel")
		v.post("/p/hall/text", fill(page, "text", "usual")).leads(t, "/p/hall")
		v.get("/p/hall").lacks(t, `"clear"`)
	}
}
