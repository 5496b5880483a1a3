package agent

import (
	"context"
	"time"

	"badged/enroll"
	"badged/internal/profile"
)

// pickedFor is how long what was picked on an idle panel waits for the person who picked it.
const pickedFor = 60 * time.Second

// picked is what somebody picked on an idle panel: a language, and large text with strong
// contrast. It also holds for the session that follows: an account that is made has the
// language for its own.
//
//	none --SetLang, SetClear--> waiting --a session begins--> the session's
//	                            waiting --pickedFor passes--> none
type picked struct {
	lang  string // empty: none
	clear bool
	ends  time.Time
}

// SetLang picks the language of an idle panel.
func (a *Agent) SetLang(name, lang string) {
	a.turn(context.Background(), func(context.Context) {
		p := a.points[name]
		if p == nil || p.Kind != enroll.Print || p.session != nil || !profile.IsLang(lang) {
			return
		}
		p.picked.lang, p.picked.ends = lang, time.Now().Add(pickedFor)
		a.publishScreen(p)
	})
}

// SetClear picks large text and strong contrast for a panel, or takes them back: for whoever is
// logged in, or comes next.
func (a *Agent) SetClear(name string, clear bool) {
	a.turn(context.Background(), func(context.Context) {
		p := a.points[name]
		switch {
		case p == nil || p.Kind != enroll.Print:
		case p.session != nil:
			p.session.clear = clear
			a.prolongSession(p)
		default:
			p.picked.clear, p.picked.ends = clear, time.Now().Add(pickedFor)
			a.publishScreen(p)
		}
	})
}

// clear reports whether a panel shows large text and strong contrast.
func (p *point) clear() bool {
	if p.session != nil {
		return p.session.clear
	}
	return p.picked.clear
}

// idleLang is what a panel speaks to whoever comes.
func (a *Agent) idleLang(p *point) string {
	return firstLang(p.picked.lang, a.opts.Index.Site().Lang)
}

// lang is the language of a panel: that of the account that is logged in, or else the picked
// one, or else the site's.
func (a *Agent) lang(p *point) string {
	if p.session == nil {
		return a.idleLang(p)
	}
	return firstLang(p.session.account.Lang, p.session.lang, a.idleLang(p))
}

// firstLang is the first that is a language.
func firstLang(langs ...string) string {
	for _, l := range langs {
		if profile.IsLang(l) {
			return l
		}
	}
	return "fr"
}

// spokenTo returns the point with the given language of its panel.
func (p *point) spokenTo(lang string) enroll.Point {
	pt := p.Point
	pt.Lang = lang
	return pt
}
