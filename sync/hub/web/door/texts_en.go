package door

var english = map[string]string{
	"door.email":    "E-mail address",
	"door.password": "Password",

	"door.login.title":  "Log in",
	"door.login.button": "Log in",
	"door.login.help":   "Cannot log in?",
	"door.login.wrong":  "This address and this password do not belong together. Check capital letters and try again.",
	"door.wait.one":     "Too many tries from here. Try again in %s minute.",
	"door.wait.many":    "Too many tries from here. Try again in %s minutes.",

	"door.confirm.title":  "Confirm that it is you",
	"door.confirm.lead":   "For this step, give your password once more.",
	"door.confirm.button": "Confirm",
	"door.confirm.wrong":  "This is not your password.",

	"door.help.title":           "Cannot log in?",
	"door.help.lead":            "This is what happens most often, and what to do.",
	"door.help.spam":            "The mail does not arrive",
	"door.help.spam.text":       "Look into the spam folder. A mail sometimes takes a few minutes.",
	"door.help.address":         "The address may be another one",
	"door.help.address.text":    "Ask your manager to check the e-mail address that is registered for you: one wrong letter, and nothing arrives.",
	"door.help.activation":      "The account may not be active yet",
	"door.help.activation.text": "Open the link of the latest activation mail; former ones work no more. Without a mail, ask your manager to send it again.",
	"door.help.call":            "Whom to call",
	"door.help.call.text":       "Whoever manages the badges of “%s”: your manager, or the reception. They do not know your password and do not need it.",
	"door.help.warning":         "The browser warns you of this site",
	"door.help.warning.text":    "Do not go on without checking.",
	"door.help.certificate":     "How to trust this hub",
	"door.help.back":            "Back to the log-in",
}
