package kiosk

import (
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"

	"badged/enroll"
	"badged/keypad"
)

// maxBody is far above the longest profile.
const maxBody = 8 << 10

// submit is a form that came from a page of this panel, for the session that is
// still there.
type submit struct {
	w http.ResponseWriter
	r *http.Request
	p *point
	s enroll.Screen
}

// home is where the panel goes on after a form.
func (f submit) home(page string) {
	http.Redirect(f.w, f.r, basePath(f.p.name)+page, http.StatusSeeOther)
}

// fromScript reports whether the answer goes to the script rather than on the screen.
func (f submit) fromScript() bool { return f.r.Header.Get("Accept") == "application/json" }

// form checks what a form carries before do sees it. A form of a session that has
// ended is refused kindly: the panel says so and shows what is now.
func (k *Kiosk) form(do func(submit)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		p := k.points[r.PathValue("point")]
		if p == nil {
			k.fail(w, http.StatusNotFound)
			return
		}
		r.Body = http.MaxBytesReader(w, r.Body, maxBody)
		if err := r.ParseForm(); err != nil {
			k.fail(w, badForm(err))
			return
		}
		session := r.PostForm.Get("session")
		want := k.guard.formToken(p.name, session)
		if subtle.ConstantTimeCompare([]byte(r.PostForm.Get("form")), []byte(want)) != 1 {
			k.fail(w, http.StatusForbidden)
			return
		}
		s, _ := k.panel.Screen(p.name)
		f := submit{w, r, p, s}
		if session != s.Session {
			k.stale(f)
			return
		}
		do(f)
	}
}

func badForm(err error) int {
	var big *http.MaxBytesError
	if errors.As(err, &big) {
		return http.StatusRequestEntityTooLarge
	}
	return http.StatusBadRequest
}

func (k *Kiosk) stale(f submit) {
	if f.fromScript() {
		f.w.WriteHeader(http.StatusConflict)
		return
	}
	f.home("/ended")
}

// postEdit saves a profile, or shows the form again with what is wrong next to its
// field. With profile editing off, only the language is taken from the form.
func (k *Kiosk) postEdit(f submit) {
	if f.s.Session == "" {
		k.stale(f)
		return
	}
	k.touch(f.r.Context(), f.p, f.s.Session)
	ed := enroll.Edit{Name: f.s.Account.Name, Lang: f.r.PostForm.Get("lang")}
	if f.s.EditProfile {
		ed.Name, ed.Email = f.r.PostForm.Get("name"), f.r.PostForm.Get("email")
	}
	err := k.panel.Edit(f.r.Context(), f.p.name, f.s.Session, ed)
	var wrong *enroll.FieldError
	switch {
	case err == nil:
		f.home("/saved")
	case errors.Is(err, enroll.ErrNoSession):
		k.stale(f)
	case errors.Is(err, enroll.ErrNoticeFirst):
		f.home("/edit")
	case errors.As(err, &wrong):
		k.again(f, http.StatusUnprocessableEntity, fields{Edit: ed, Wrong: wrong})
	default:
		k.log.Error("save the profile from the panel", "point", f.p.name, "account", f.s.Account.ID, "err", err)
		k.again(f, http.StatusServiceUnavailable, fields{Edit: ed, Banner: &failed})
	}
}

// again shows the form as the person filled it.
func (k *Kiosk) again(f submit, status int, fs fields) {
	s, _ := k.panel.Screen(f.p.name)
	if s.Session != f.s.Session {
		k.stale(f)
		return
	}
	v := k.view(f.p, s, place{page: pageEdit})
	v.Fields = fs
	k.write(f.w, status, "document", v)
}

func (k *Kiosk) postSignOut(f submit) {
	_ = k.panel.SignOut(f.r.Context(), f.p.name, f.s.Session) // it had ended: so much the better
	f.home("")
}

// postTouch keeps the session. The script wants to know for how long.
func (k *Kiosk) postTouch(f submit) {
	if f.s.Session == "" {
		k.stale(f)
		return
	}
	k.touch(f.r.Context(), f.p, f.s.Session)
	if !f.fromScript() {
		f.home("")
		return
	}
	n := k.newsOf(f.p)
	f.w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(f.w).Encode(n) // the browser has gone: nobody to tell
}

// postLang is the switch on the idle page.
func (k *Kiosk) postLang(f submit) {
	k.panel.SetLang(f.p.name, f.r.PostForm.Get("lang"))
	f.home("")
}

// postText is the switch between large text and the usual one.
func (k *Kiosk) postText(f submit) {
	k.panel.SetClear(f.p.name, f.r.PostForm.Get("text") == "large")
	f.home("")
}

// postPIN shows the keys of a PIN, or takes them away.
func (k *Kiosk) postPIN(f submit) {
	k.panel.ShowPINKeys(f.p.name, f.r.PostForm.Get("keys") == "show")
	f.home("")
}

// postKey is a key of a claim code or a PIN. The script does not need the page: it hears of
// the change.
func (k *Kiosk) postKey(f submit) {
	value := f.r.PostForm.Get("key")
	if len(value) == 1 && f.s.Keys != enroll.NoKeys {
		if key, ok := keypad.KeyOf(value[0]); ok {
			k.panel.Type(f.p.name, key)
		}
	}
	if f.fromScript() {
		f.w.WriteHeader(http.StatusNoContent)
		return
	}
	f.home("")
}
