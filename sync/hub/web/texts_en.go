package web

var english = map[string]string{
	"web.certificate.title":       "Trust this hub",
	"web.certificate.lead":        "This hub is its own certificate authority. As long as your device does not know it, the browser warns you.",
	"web.certificate.check":       "1. Compare the fingerprint",
	"web.certificate.check.text":  "Ask whoever runs the site for the fingerprint: badgehub prints it when it starts. If it differs, go no further and tell them.",
	"web.certificate.get":         "2. Install the certificate",
	"web.certificate.button":      "Download the certificate",
	"web.certificate.phone":       "iPhone: open the file, then Settings › General › VPN & Device Management, and then About › Certificate Trust Settings. Android: Settings › Security › Install a certificate › CA certificate.",
	"web.certificate.computer":    "Windows: double-click the file, “Install Certificate”, “Trusted Root Certification Authorities”. macOS: Keychain Access, then “Always Trust”. Firefox: Settings › Certificates › Authorities › Import.",
	"web.certificate.fingerprint": "SHA-256 fingerprint",
	"web.signin":                  "Log in to see this page.",
	"web.again":                   "Your session has ended. Log in and do it again: nothing was changed.",
	"web.signedout":               "You are signed out.",
}
