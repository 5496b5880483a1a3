package web

var french = map[string]string{
	"web.certificate.title":       "Faire confiance à ce serveur",
	"web.certificate.lead":        "Ce serveur a sa propre autorité de certification. Tant que votre appareil ne la connaît pas, le navigateur met en garde.",
	"web.certificate.check":       "1. Comparez l’empreinte",
	"web.certificate.check.text":  "Demandez l’empreinte à la personne qui gère le site\u00a0: badgehub l’affiche à son démarrage. Si elle diffère, n’allez pas plus loin et prévenez cette personne.",
	"web.certificate.get":         "2. Installez le certificat",
	"web.certificate.button":      "Télécharger le certificat",
	"web.certificate.phone":       "iPhone\u00a0: ouvrez le fichier, puis Réglages › Général › Gestion des appareils, et enfin Informations › Réglages des certificats. Android\u00a0: Réglages › Sécurité › Installer un certificat › Certificat CA.",
	"web.certificate.computer":    "Windows\u00a0: double-cliquez le fichier, «\u00a0Installer un certificat\u00a0», «\u00a0Autorités de certification racines de confiance\u00a0». macOS\u00a0: Trousseaux d’accès, puis «\u00a0Toujours approuver\u00a0». Firefox\u00a0: Paramètres › Certificats › Autorités › Importer.",
	"web.certificate.fingerprint": "Empreinte SHA-256",
	"web.signin":                  "Connectez-vous pour voir cette page.",
	"web.again":                   "Votre session a pris fin. Connectez-vous, puis recommencez\u00a0: rien n’a été changé.",
	"web.signedout":               "Vous êtes déconnecté.",
}
