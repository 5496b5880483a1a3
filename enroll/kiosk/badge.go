package kiosk

import (
	"errors"

	"badged/enroll"
)

// pageBadge adds a badge to the account, in a session that a PIN opened.
const pageBadge = "badge"

// badgePage gives the page that shows instead of another while a badge is awaited, and after.
func badgePage(s enroll.Screen, page string) string {
	switch {
	case page == pageHome && s.Adding:
		return pageBadge
	case page == pageBadge && (!s.ByPIN || !s.Adding && s.Notice != enroll.ReasonNone):
		return pageHome // with what came of it
	default:
		return page
	}
}

// postBadge begins to wait for the badge, or stops.
func (k *Kiosk) postBadge(f submit) {
	if f.s.Session == "" {
		k.stale(f)
		return
	}
	k.touch(f.r.Context(), f.p, f.s.Session)
	begin := f.r.PostForm.Get("badge") == "begin"
	err := k.panel.AddBadge(f.r.Context(), f.p.name, f.s.Session, begin)
	switch {
	case errors.Is(err, enroll.ErrNoSession):
		k.stale(f)
	case err == nil && begin:
		f.home("/badge")
	default:
		f.home("")
	}
}
