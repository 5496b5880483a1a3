//go:build browser

package door_test

import (
	"fmt"
	"testing"

	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

// way is one way to use a browser, with the words that it shows.
type way struct {
	lang          string
	width, height int64
	script        bool
	words         map[string]string
}

var french = map[string]string{
	"own": "Créer un compte", "make": "Créer mon compte", "sent": "Regardez votre boîte aux lettres", "confirm": "Confirmer", "active": "Votre compte est actif.",
	"forgotten": "Mot de passe oublié ?", "get": "Recevoir un lien", "choose": "Choisir mon mot de passe", "propose": "Proposer un mot de passe robuste",
	"set": "Définir", "done": "Votre mot de passe est défini. Connectez-vous.", "login": "Se connecter", "again": "Confirmez que c’est vous",
	"new": "Nouveau compte", "register": "S’inscrire", "box": "Nouveau compte créé", "pin": "Afficher le code PIN", "user": "Nom d’utilisateur",
}

var english = map[string]string{
	"own": "Create an account", "make": "Create my account", "sent": "Look into your mailbox", "confirm": "Confirm", "active": "Your account is active.",
	"forgotten": "Forgot your password?", "get": "Get a link", "choose": "Choose my password", "propose": "Propose a strong password",
	"set": "Set", "done": "Your password is set. Log in.", "login": "Log in", "again": "Confirm that it is you",
	"new": "New account", "register": "Register", "box": "New account created", "pin": "Show the PIN", "user": "User name",
}

var ways = []way{
	{"fr", 360, 740, true, french}, {"en", 1280, 800, true, english}, {"en", 360, 740, false, english}, {"fr", 1280, 800, false, french},
}

// eachWay runs a flow in a real browser on a phone and on a desk, in both languages, with and
// without script.
func eachWay(t *testing.T, flow func(s stand, c *webtest.Screen, w way, email string)) {
	s := newStand(t)
	s.web()
	c := s.Screen(t)
	for i, w := range ways {
		c.Lang(w.lang)
		c.Size(w.width, w.height)
		c.Script(w.script)
		c.Take(s.Browser()) // nobody is logged in
		flow(s, c, w, fmt.Sprintf("person%d@example.com", i))
		c.Quiet()
	}
}

// S3.03 and S3.07: click by click: «Créer un compte», a password of one's own, the mail's link,
// one button, log in.
func TestInABrowserTheRegisteredAccountIsCreated(t *testing.T) {
	eachWay(t, func(s stand, c *webtest.Screen, w way, email string) {
		s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: email, Lang: w.lang})
		c.Open("/?to=/confirmer")
		c.Press(w.words["own"])
		c.Type("email", email)
		c.Type("password", right)
		c.Press(w.words["make"])
		c.SeesText(w.words["sent"])
		c.Open(s.path(s.last(mail.Activate, email)))
		c.Press(w.words["confirm"])
		c.SeesText(w.words["active"])
		s.logsIn(c, w, email, right)
	})
}

// logsIn types an address and a password, and waits for a page that asks for a log-in.
func (s stand) logsIn(c *webtest.Screen, w way, email, password string) {
	c.Open("/?to=/confirmer")
	c.Type("email", email)
	c.Type("password", password)
	c.Press(w.words["login"])
	c.SeesText(w.words["again"])
}

// S3.08 and S5.07: click by click: «Mot de passe oublié ?», the mail's link, «Proposer un mot
// de passe robuste», «Définir», log in with it.
func TestInABrowserAForgottenPasswordIsReset(t *testing.T) {
	eachWay(t, func(s stand, c *webtest.Screen, w way, email string) {
		s.add(people.New{First: "Ada", Last: "Byron", Email: email, Lang: w.lang, State: people.Active})
		c.Open("/")
		c.Press(w.words["forgotten"])
		c.Type("email", email)
		c.Press(w.words["get"])
		c.SeesText(w.words["sent"])
		c.Open(s.path(s.last(mail.Reset, email)))
		c.Press(w.words["choose"])
		c.Press(w.words["propose"])
		c.Sees(`document.querySelector("[name=password]").type`, "text")
		proposed := c.Eval(`document.querySelector("[name=password]").value`)
		c.Press(w.words["set"])
		c.SeesText(w.words["done"])
		s.logsIn(c, w, email, proposed)
	})
}

// S1.17, S1.18 and S1.19: click by click: «Nouveau compte», name and address, «S'inscrire», the
// box, «Afficher le code PIN», once.
func TestInABrowserSomebodyRegisters(t *testing.T) {
	eachWay(t, func(s stand, c *webtest.Screen, w way, email string) {
		c.Open("/")
		c.Press(w.words["new"])
		c.Type("name", "Zoé Müller")
		c.Type("email", email)
		c.Press(w.words["register"])
		c.SeesText(w.words["box"])
		c.Press(w.words["pin"])
		c.SeesText(w.words["user"])
		c.SeesText(email)
		c.SeesText(s.last(mail.NewAccount, email).fields["pin"])
		c.Open("/nouveau/cree")
		c.SeesText(w.words["login"])
	})
}
