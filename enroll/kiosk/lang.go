package kiosk

import (
	"badged/enroll"
	"badged/internal/profile"
)

// spoken is the language of the page.
func spoken(s enroll.Screen) string {
	if profile.IsLang(s.Lang) {
		return s.Lang
	}
	return "fr"
}

// panelLanguage is one that the panel speaks, with its own name for itself.
type panelLanguage struct{ Code, Name string }

var languages = []panelLanguage{{"fr", "Français"}, {"en", "English"}}
