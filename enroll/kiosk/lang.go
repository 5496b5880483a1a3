package kiosk

import (
	"slices"
	"time"

	"badged/enroll"
)

// A language picked on the idle page is for the person who stands there.
const pickedFor = 60 * time.Second

// choice is the language that somebody picked on the idle page. It also holds for
// the session that follows, when that account has no language of its own.
//
//	none --pick--> waiting --a session begins--> adopted --it ends--> none
//	               waiting --pickedFor passes--> none
type choice struct {
	lang    string // empty: none
	until   time.Time
	session string // not empty: adopted
}

func pick(lang string, now time.Time) choice { return choice{lang: lang, until: now.Add(pickedFor)} }

// at is the choice now, with this session on the panel (empty: nobody).
func (c choice) at(now time.Time, session string) choice {
	switch {
	case c.session != "" && c.session != session:
		return choice{}
	case c.session != "" || c.lang == "":
		return c
	case !now.Before(c.until):
		return choice{}
	}
	c.session = session
	return c
}

// spoken is the language of the page: the account's language, or else what was picked
// on the idle page, or else the site's.
func spoken(s enroll.Screen, c choice) string {
	own := ""
	if s.Session != "" {
		own = s.Account.Lang
	}
	for _, l := range []string{own, c.lang, s.SiteLang} {
		if isLang(l) {
			return l
		}
	}
	return "fr"
}

// panelLanguage is one that the panel speaks, with its own name for itself.
type panelLanguage struct{ Code, Name string }

var languages = []panelLanguage{{"fr", "Français"}, {"en", "English"}}

func isLang(code string) bool {
	return slices.ContainsFunc(languages, func(l panelLanguage) bool { return l.Code == code })
}
