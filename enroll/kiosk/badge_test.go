package kiosk

import (
	"net/http"
	"testing"

	"badged/enroll"
)

// byPIN is a panel where somebody logged in by PIN.
func byPIN(t *testing.T) (*desk, *visitor) {
	t.Helper()
	d := newDesk()
	_, v := serve(t, d)
	d.swipe(anonym1)
	d.set(func(s *enroll.Screen) { s.ByPIN = true })
	return d, v
}

// S1.28: in a session that a PIN opened stands «Enregistrer un badge»; the badge that is
// presented next is added, with a clear text for success and for each failure, and the
// session goes on.
func TestABadgeIsAddedInASessionByPIN(t *testing.T) {
	d, v := byPIN(t)
	v.get("/p/hall").wants(t, http.StatusOK, "Enregistrer un badge")
	v.get("/p/hall/badge").wants(t, http.StatusOK, "ajouté à votre compte", "Continuer", "Annuler")
	v.post("/p/hall/badge", fill(v.get("/p/hall/badge"), "badge", "begin")).leads(t, "/p/hall/badge")
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "Présentez maintenant le badge", "45 secondes", "Annuler")
	page.lacks(t, `id="do-begin"`)
	v.post("/p/hall/badge", fill(page, "badge", "stop")).leads(t, "/p/hall")
	v.get("/p/hall").lacks(t, "Présentez maintenant")
	for reason, text := range map[enroll.Reason]string{
		enroll.CardAdded: "Il est ajouté à votre compte", enroll.KnownCard: "Ce badge est déjà le vôtre", enroll.CardTaken: "Adressez-vous à l’accueil",
		enroll.RandomUID: "Son numéro change à chaque lecture", enroll.CutUID: "qu’une partie du numéro", enroll.StoreFailed: "Appelez un technicien",
	} {
		d.notice(reason)
		page := v.get("/p/hall/badge")
		page.wants(t, http.StatusOK, text, "Se déconnecter")
		page.lacks(t, `id="do-begin"`)
	}
	d.set(func(s *enroll.Screen) { s.Notice, s.Waits = enroll.CardAdded, true })
	v.get("/p/hall").wants(t, http.StatusOK, "Il servira dès que")
}

// S1.29, S2.20: where a person has one badge, they are warned before it is replaced.
func TestReplacingABadgeWarnsFirst(t *testing.T) {
	d, v := byPIN(t)
	v.get("/p/hall/badge").lacks(t, "ne fonctionnera plus")
	d.set(func(s *enroll.Screen) { s.Replaces = true })
	v.get("/p/hall/badge").wants(t, http.StatusOK, "Il remplace votre badge actuel, qui ne fonctionnera plus nulle part", "Continuer")
}

// A badge opens a session in which none can be added: it would be the holder's word alone.
func TestABadgeAddsNoOther(t *testing.T) {
	d, v := byPIN(t)
	form := fill(v.get("/p/hall/badge"), "badge", "begin")
	d.set(func(s *enroll.Screen) { s.ByPIN = false })
	page := v.get("/p/hall/badge")
	page.lacks(t, "Enregistrer un badge", "do-begin")
	v.post("/p/hall/badge", form).leads(t, "/p/hall/ended")
	n := someNotice()
	d.set(func(s *enroll.Screen) { s.ByPIN, s.Privacy = true, &n })
	v.get("/p/hall/badge").wants(t, http.StatusOK, tickText)
}
