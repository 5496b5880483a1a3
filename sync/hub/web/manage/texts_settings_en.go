package manage

var englishSettings = map[string]string{
	"manage.menu.settings":   "Settings",
	"manage.settings.title":  "Settings",
	"manage.settings.site":   "The site",
	"manage.settings.routes": "How accounts come to be",
	"manage.settings.cards":  "Cards, codes and PINs",
	"manage.settings.quotas": "Anonymous accounts",
	"manage.settings.panel":  "Sessions at printers",
	"manage.settings.keep":   "How long things are kept",
	"manage.settings.other":  "Other",
	"manage.settings.span":   "In seconds, or 5m, 12h, 30d.",
	"manage.choice.fr":       "French",
	"manage.choice.en":       "English",
	"manage.choice.refuse":   "Refuse",
	"manage.choice.bind":     "Offer to add it to an account",
	"manage.choice.create":   "Make an anonymous account",
	"manage.choice.none":     "Nobody",
	"manage.choice.owner":    "Its owner",
	"manage.choice.admin":    "An administrator",
	"manage.choice.many":     "Several",
	"manage.choice.one":      "One: the new one replaces the old one",
}
