package page

import (
	"net/http"
	"strings"

	"badged/internal/profile"
)

// Langs are the languages of the web.
var Langs = []string{"fr", "en"}

// chooseLang is the language of the account, else the one that was chosen in this browser,
// else the one that the browser asks for, else that of the site.
func chooseLang(h *http.Request, p *Person, site string) string {
	if p != nil && profile.IsLang(p.Account.Lang) {
		return p.Account.Lang
	}
	if c, err := h.Cookie(langCookie); err == nil && profile.IsLang(c.Value) {
		return c.Value
	}
	return acceptedLang(h.Header.Get("Accept-Language"), site)
}

// acceptedLang is the language that a browser asks for first. One that names neither gets
// English, and one that names none the language of the site.
func acceptedLang(header, site string) string {
	if header == "" && profile.IsLang(site) {
		return site
	}
	for tag := range strings.SplitSeq(header, ",") {
		tag = strings.ToLower(strings.TrimSpace(tag))
		for _, lang := range Langs {
			if strings.HasPrefix(tag, lang) {
				return lang
			}
		}
	}
	return "en"
}

// LangCookie keeps the language that somebody chose who is not logged in.
func LangCookie(lang string) *http.Cookie {
	return &http.Cookie{Name: langCookie, Value: lang, MaxAge: 365 * 24 * 3600}
}
