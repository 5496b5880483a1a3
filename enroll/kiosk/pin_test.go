package kiosk

import (
	"net/http"
	"testing"

	"badged/enroll"
)

// S1.28: where there is no keypad the idle page asks for the keys of a PIN, and each of them is
// a form that works without script. What was typed is in no page and no address.
func TestAPINIsTypedOnThePanel(t *testing.T) {
	for _, lang := range []string{"fr", "en"} {
		d := newDesk()
		d.speak(lang)
		say := func(key string, args ...any) string { return printerFor(lang).Sprintf(key, args...) }
		_, v := serve(t, d)
		v.get("/p/hall").lacks(t, say("idle.pin"), "/pin")
		d.set(func(s *enroll.Screen) { s.PINs = true })
		page := v.get("/p/hall")
		page.wants(t, http.StatusOK, say("idle.heading"), say("idle.pin"))
		page.lacks(t, `name="key"`)
		v.post("/p/hall/pin", fill(page, "keys", "show")).leads(t, "/p/hall")
		page = v.get("/p/hall")
		page.wants(t, http.StatusOK, say("pin.heading"), say("pin.lead"), `name="key" value="7"`, `name="key" value="0"`, `name="key" value="*"`, `name="key" value="#"`, say("pin.typed", "0"), say("edit.cancel"))
		for _, key := range []string{"7", "3", "9", "1", "7"} {
			v.post("/p/hall/key", fill(page, "key", key)).leads(t, "/p/hall")
		}
		if d.typed != "73917" {
			t.Errorf("typed %q", d.typed)
		}
		page = v.get("/p/hall")
		page.wants(t, http.StatusOK, say("pin.typed", "5"), `<i class="full"></i><i class="full"></i><i class="full"></i><i class="full"></i><i class="full"></i></span>`)
		page.lacks(t, "73917", "7391")
		v.post("/p/hall/pin", fill(page, "keys", "hide")).leads(t, "/p/hall")
		v.get("/p/hall").lacks(t, `name="key"`, "73917")
	}
}

// S1.24: PINs of one length have their places and no key that ends them.
func TestThePanelShowsHowLongAPINIs(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.set(func(s *enroll.Screen) { s.PINs, s.Keys, s.PINDigits, s.Typed = true, enroll.PINKeys, 6, 2 })
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "tapés\u00a0: 2 sur 6", `<i class="full"></i><i class="full"></i><i></i><i></i><i></i><i></i></span>`)
	page.lacks(t, `value="#"`)
}

// S1.11: after an unknown badge that may be bound, the keys of a PIN say what follows; a
// refusal stands above the same keys.
func TestThePanelSaysWhatAPINDoes(t *testing.T) {
	d := newDesk()
	_, v := serve(t, d)
	d.offerKeys()
	d.set(func(s *enroll.Screen) { s.PINs, s.Binds = true, true })
	page := v.get("/p/hall")
	page.wants(t, http.StatusOK, "Badge inconnu", french["idle.pin"])
	v.post("/p/hall/pin", fill(page, "keys", "show")).leads(t, "/p/hall")
	v.get("/p/hall").wants(t, http.StatusOK, french["pin.heading"], "le badge encore une fois")
	d.set(func(s *enroll.Screen) { s.ReaderDown = true }) // a PIN needs no reader
	v.get("/p/hall").wants(t, http.StatusOK, french["pin.heading"])
	d.notice(enroll.PINUnknown)
	v.get("/p/hall").wants(t, http.StatusOK, "Code refusé", `name="key" value="7"`)
}
