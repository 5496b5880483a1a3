package manage

var frenchSettings = map[string]string{
	"manage.menu.settings":   "Réglages",
	"manage.settings.title":  "Réglages",
	"manage.settings.site":   "Le site",
	"manage.settings.routes": "Comment naissent les comptes",
	"manage.settings.cards":  "Cartes, codes et PIN",
	"manage.settings.quotas": "Comptes anonymes",
	"manage.settings.panel":  "Sessions sur les imprimantes",
	"manage.settings.keep":   "Durées de conservation",
	"manage.settings.other":  "Autres",
	"manage.settings.span":   "En secondes, ou 5m, 12h, 30d.",
	"manage.choice.fr":       "Français",
	"manage.choice.en":       "Anglais",
	"manage.choice.refuse":   "Refuser",
	"manage.choice.bind":     "Proposer de l’ajouter à un compte",
	"manage.choice.create":   "Créer un compte anonyme",
	"manage.choice.none":     "Personne",
	"manage.choice.owner":    "Son titulaire",
	"manage.choice.admin":    "Un administrateur",
	"manage.choice.many":     "Plusieurs",
	"manage.choice.one":      "Une seule\u00a0: la nouvelle remplace l’ancienne",
}
