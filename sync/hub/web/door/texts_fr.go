package door

var french = map[string]string{
	"door.email":    "Adresse e-mail",
	"door.password": "Mot de passe",

	"door.login.title":  "Connexion",
	"door.login.button": "Se connecter",
	"door.login.help":   "Connexion impossible\u00a0?",
	"door.login.wrong":  "Cette adresse et ce mot de passe ne vont pas ensemble. Vérifiez les majuscules et réessayez.",
	"door.wait.one":     "Trop d’essais depuis cet endroit. Réessayez dans %s minute.",
	"door.wait.many":    "Trop d’essais depuis cet endroit. Réessayez dans %s minutes.",

	"door.confirm.title":  "Confirmez que c’est vous",
	"door.confirm.lead":   "Pour cette étape, donnez encore une fois votre mot de passe.",
	"door.confirm.button": "Confirmer",
	"door.confirm.wrong":  "Ce n’est pas votre mot de passe.",

	"door.help.title":           "Connexion impossible\u00a0?",
	"door.help.lead":            "Voici ce qui arrive le plus souvent, et quoi faire.",
	"door.help.spam":            "Le courriel n’arrive pas",
	"door.help.spam.text":       "Regardez dans le dossier des courriers indésirables (spam). Un courriel met parfois quelques minutes.",
	"door.help.address":         "L’adresse est peut-être une autre",
	"door.help.address.text":    "Demandez à votre gestionnaire de vérifier l’adresse électronique enregistrée pour vous\u00a0: une lettre de travers, et rien n’arrive.",
	"door.help.activation":      "Le compte n’est peut-être pas encore activé",
	"door.help.activation.text": "Ouvrez le lien du dernier courriel d’activation\u00a0; les précédents ne valent plus. Sans courriel, demandez à votre gestionnaire de l’envoyer de nouveau.",
	"door.help.call":            "Qui appeler",
	"door.help.call.text":       "La personne qui gère les badges de «\u00a0%s\u00a0»\u00a0: votre gestionnaire, ou l’accueil. Elle ne connaît pas votre mot de passe et n’en a pas besoin.",
	"door.help.warning":         "Le navigateur met en garde contre ce site",
	"door.help.warning.text":    "Ne passez pas outre sans vérifier.",
	"door.help.certificate":     "Comment faire confiance à ce serveur",
	"door.help.back":            "Revenir à la connexion",
}
