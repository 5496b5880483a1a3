package door_test

import (
	"errors"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/webtest"
)

// letter is a mail that waits in the outbox.
type letter struct {
	mail.Mail
	fields mail.Fields
}

// mails are those in the outbox, the newest first.
func (s stand) mails() (all []letter) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) error {
		page, _, err := tx.ListMails(mail.Query{Limit: 100})
		for _, m := range page {
			fields, err := tx.MailKey.Open(m)
			if err != nil {
				return err
			}
			all = append(all, letter{m, fields})
		}
		return err
	})
	return all
}

// last is the newest mail, which must be for a purpose and an address.
func (s stand) last(p mail.Purpose, to string) letter {
	s.t.Helper()
	all := s.mails()
	if len(all) == 0 || all[0].Purpose != p || all[0].To != to {
		s.t.Fatalf("there are %d mails, the newest %s to %s", len(all), all[0].Purpose, all[0].To)
	}
	return all[0]
}

// path is where a mail's link leads on the hub.
func (s stand) path(l letter) string { return strings.TrimPrefix(l.fields["link"], s.URL) }

// activation gives the path of a link that an administrator sends.
func (s stand) activation(a people.Account) string {
	s.t.Helper()
	var token people.Token
	s.Write(func(tx fleet.Tx) (err error) {
		token, _, err = people.IssueActivationLink(tx.Tx.Tx.Tx, a.ID)
		return err
	})
	return token.Path()
}

func (s stand) account(id people.ID) (a people.Account) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) (err error) {
		a, err = tx.Account(id)
		return err
	})
	return a
}

// choose chooses a password on the page that a link leads to.
func choose(p *webtest.Page, password string) *webtest.Page {
	return p.Follow("Choisir mon mot de passe").Is(200).Fill("password", password).Press("Définir")
}

// S2.01, S3.05, S5.05 and S5.07: the mail's link leads to a page that says for whom it is and
// until when, then to the choice of a password; then the account is active and logs in.
func TestAMailedLinkActivatesAnAccount(t *testing.T) {
	s := newStand(t)
	a := s.AddPerson(people.New{First: "Ada", Last: "Byron", Email: "ada@example.com", Lang: "fr"})
	link := s.activation(a)
	if got := s.account(a.ID).State; got != people.Invited {
		t.Errorf("after the mail it is %s", got)
	}
	b := s.Browser()
	p := b.Open(link).Is(200).Shows("Activez votre compte", "a•••@example.com", "Valable jusqu’au").Hides("ada@example.com")
	if p.Path != "/lien" || p.Header.Get("Referrer-Policy") != "no-referrer" {
		t.Errorf("the token stays in the address %s", p.Path)
	}
	choose(p, right).Is(200).Shows("Votre mot de passe est défini. Connectez-vous.")
	if now := s.account(a.ID); now.State != people.Active || now.Verified.IsZero() {
		t.Errorf("after the link it is %s, confirmed %v", now.State, now.Verified)
	}
	if p := logIn(b, "ada@example.com", right); p.Path != "/moi" {
		t.Errorf("the log-in leads to %s", p.Path)
	}
	if s.audits("link.use") != 1 || s.audits("password.set") != 1 {
		t.Error("the audit log does not say so")
	}
	b.Open(link).Is(410).Shows("Ce lien a déjà servi", "Connectez-vous")
}

// PEOPLE §5.1: mail scanners open every link, follow its redirects, ask for heads and even run
// pages: none of it spends the link. A POST without the cookie does nothing.
func TestAScannerSpendsNoLink(t *testing.T) {
	s := newStand(t)
	a := s.AddPerson(people.New{First: "Ada", Email: "ada@example.com"})
	link := s.activation(a)
	for range 3 {
		scanner := s.Browser()
		scanner.Open(link).Is(200)
		scanner.Open("/mot-de-passe").Is(200)
		for _, method := range []string{http.MethodHead, http.MethodOptions} {
			req, err := http.NewRequestWithContext(t.Context(), method, s.URL+link, nil)
			if err != nil {
				t.Fatal(err)
			}
			scanner.Do(req)
		}
	}
	b := s.Browser()
	b.Post("/mot-de-passe", form("password", right)).Is(410).Shows("Ce lien n’existe pas")
	b.Post("/lien", form("answer", "yes")).Is(410)
	b.Post(link, nil).Is(404)
	if s.account(a.ID).State != people.Invited || s.audits("link.use") != 0 {
		t.Fatal("the link was spent")
	}
	choose(s.Browser().Open(link), right).Is(200)
}

// S3.07: a link that was sent again replaces the former one, which says when; one whose time
// is over, or whose account is active or has another address, says that, before a password is
// typed.
func TestALinkSaysWhyItIsOver(t *testing.T) {
	s := newStand(t)
	a := s.AddPerson(people.New{First: "Ada", Email: "ada@example.com"})
	first := s.activation(a)
	s.Advance(time.Minute)
	second := s.activation(a)
	zone, err := time.LoadLocation("Europe/Paris")
	if err != nil {
		t.Fatal(err)
	}
	s.Browser().Open(first).Is(410).Shows("Un lien plus récent remplace celui-ci", "Un autre lien a été envoyé le "+s.Now().In(zone).Format("02/01/2006 15:04"), "dernier courriel")
	email := "ada.byron@example.com"
	s.Write(func(tx fleet.Tx) error {
		_, err := people.Change(tx.Tx.Tx.Tx, a.ID, people.Changes{Email: &email})
		return err
	})
	s.Browser().Open(second).Is(410).Shows("Ce lien n’est plus valable")
	a.Email = email
	third := s.activation(a)
	b := s.Browser()
	b.Open(third).Is(200)
	s.Advance(7*24*time.Hour + time.Minute)
	p := s.Browser().Open(third).Is(410).Shows("Ce lien n’est plus valable")
	if p.Link("Demander un nouveau lien") != "/creer" {
		t.Error("it does not say what to do")
	}
	fourth := s.activation(a)
	s.Write(func(tx fleet.Tx) error {
		_, err := people.ActivateByHand(tx.Tx.Tx.Tx, a.ID, "no mail arrives")
		return err
	})
	p = s.Browser().Open(fourth).Is(410).Shows("Ce compte est déjà activé")
	if p.Link("Se connecter") != "/" || p.Link("Mot de passe oublié ?") != "/oublie" {
		t.Error("it does not say what to do")
	}
	for _, none := range []string{"/lien", "/lien/x", "/lien/" + people.NewToken().Reveal(), "/lien/" + strings.Repeat("A", 5000)} {
		s.Browser().Open(none).Is(410).Shows("Ce lien n’existe pas")
	}
}

// S3.07: two windows cannot both use a link.
func TestALinkIsUsedOnce(t *testing.T) {
	s := newStand(t)
	link := s.activation(s.AddPerson(people.New{First: "Ada", Email: "ada@example.com"}))
	one, two := s.Browser(), s.Browser()
	p1, p2 := one.Open(link).Follow("Choisir mon mot de passe"), two.Open(link).Follow("Choisir mon mot de passe")
	p1.Fill("password", right).Press("Définir").Is(200)
	p2.Fill("password", "another good password").Press("Définir").Is(410).Shows("Ce lien a déjà servi")
	if p := logIn(two, "ada@example.com", right); p.Path != "/moi" {
		t.Error("the second window changed the password")
	}
}

// S5.07, S3.09: one's own choice or a strong one that is proposed; what may not be chosen is
// said in place, and the link stays.
func TestAPasswordIsChosenOrProposed(t *testing.T) {
	s := newStand(t)
	link := s.activation(s.AddPerson(people.New{First: "Ada", Last: "Lovelace-Byron", Email: "ada@example.com"}))
	p := s.Browser().Open(link).Follow("Choisir mon mot de passe")
	for typed, want := range map[string]string{
		"quatorze lettr": "Il est trop court", strings.Repeat("un deux trois ", 19): "Il est trop long",
		"Lovelace-Byron2026": "Il se devine trop vite", "ClosSaint-Marc2026": "Il se devine trop vite",
	} {
		p = p.Fill("password", typed).Press("Définir").Is(422).Shows(want).Hides(typed)
	}
	first := p.Press("Proposer un mot de passe robuste").Is(200)
	second := first.Press("En proposer un autre").Is(200)
	proposed := second.Value("password")
	if !regexp.MustCompile(`^\w{4}(-\w{4}){3}$`).MatchString(proposed) || proposed == first.Value("password") {
		t.Error("what is proposed has another form, or is the same twice")
	}
	second.Press("Définir").Is(200).Shows("Votre mot de passe est défini")
	if p := logIn(s.Browser(), "ada@example.com", proposed); p.Path != "/moi" {
		t.Error("the proposed password does not log in")
	}
}

// S3.03: an address that an operator registered, one's own password, a mail; active only
// after confirming. In the browser that chose the password one button confirms.
func TestSomebodyCreatesTheAccountThatWasRegistered(t *testing.T) {
	s := newStand(t)
	a := s.AddPerson(people.New{First: "Ada", Email: "ada@example.com"})
	b := s.Browser()
	b.Open("/").Follow("Créer un compte").Is(200).Fill("email", "ADA@example.com").Fill("password", right).Press("Créer mon compte").
		Is(200).Shows("Si cette adresse est enregistrée")
	if s.account(a.ID).State != people.Created {
		t.Error("it is active before it is confirmed")
	}
	logIn(s.Browser(), "ada@example.com", right).Is(422).Shows("ne vont pas ensemble")
	b.Open(s.path(s.last(mail.Activate, "ada@example.com"))).Is(200).Press("Confirmer").Shows("Votre compte est actif.")
	if p := logIn(s.Browser(), "ada@example.com", right); p.Path != "/moi" || s.account(a.ID).State != people.Active {
		t.Error("she cannot log in")
	}
}

// S3.03: whoever opens the mail elsewhere chooses the password there: one that a stranger
// chose for the address is never hers.
func TestAStrangersPasswordIsNotConfirmed(t *testing.T) {
	s := newStand(t)
	a := s.AddPerson(people.New{First: "Ada", Email: "ada@example.com"})
	stranger := s.Browser()
	stranger.Open("/creer").Fill("email", "ada@example.com").Fill("password", "what the stranger chose").Press("Créer mon compte").Is(200)
	p := s.Browser().Open(s.path(s.last(mail.Activate, "ada@example.com"))).Is(200)
	if p.HasLink("Confirmer") {
		t.Fatal("she can confirm a password that she did not choose")
	}
	choose(p, right).Is(200)
	logIn(s.Browser(), "ada@example.com", "what the stranger chose").Is(422)
	if s.account(a.ID).State != people.Active {
		t.Error("it is not active")
	}
}

// S3.04 and S3.08: an address that nobody registered, or whose account is in another state,
// gains nothing, and no page, status or header tells.
func TestNoRequestTellsOfAddresses(t *testing.T) {
	s := newStand(t)
	s.AddPerson(people.New{First: "Ada", Email: "created@example.com"})
	s.ada()
	suspended := s.AddPerson(people.New{First: "Eve", Email: "suspended@example.com", State: people.Active})
	s.Write(func(tx fleet.Tx) error {
		_, err := people.SetState(tx.Tx.Tx.Tx, suspended.ID, people.Suspended, people.ByAdministrator)
		return err
	})
	for path, mailed := range map[string]string{"/creer": "created@example.com", "/oublie": "ada@example.com"} {
		pages := map[string]bool{}
		for _, email := range []string{"created@example.com", "ada@example.com", "suspended@example.com", "nobody@example.com"} {
			before := len(s.mails())
			b := s.Browser()
			p := b.Post(path, form("email", email, "password", right)).Is(200)
			pages[without(p, email)] = true
			if got := len(s.mails()) - before; got != map[bool]int{true: 1}[email == mailed] {
				t.Errorf("%s %s: %d mails", path, email, got)
			}
		}
		if len(pages) != 1 {
			t.Errorf("%s: the pages differ", path)
		}
	}
	s.Browser().Post("/creer", form("email", "nobody@example.com", "password", "short")).Is(422).Shows("Il est trop court")
	s.Browser().Post("/oublie", form("email", "no address")).Is(422).Shows("Ce n’est pas une adresse électronique")
}

// Without a mail server, links are handed over: a stranger who asks for a mail to the same
// address takes none away, and sees the same pages.
func TestAStrangerTakesNoLinkThatWasHandedOver(t *testing.T) {
	s := newStand(t)
	s.web()
	s.set(map[string]string{"mail_out": "none"})
	eve := s.AddPerson(people.New{First: "Eve", Email: "eve@example.com"})
	var reset people.Token
	ada, activation := s.ada(), s.activation(eve)
	s.Write(func(tx fleet.Tx) (err error) {
		reset, err = people.IssueLink(tx.Tx.Tx.Tx, people.Reset, ada.ID, "")
		return err
	})
	for _, path := range []string{"/creer", "/oublie", "/nouveau"} {
		pages := map[string]bool{}
		for _, email := range []string{"eve@example.com", "ada@example.com", "nobody@example.com"} {
			p := s.Browser().Post(path, form("name", "Bob", "email", email, "password", right)).Is(200)
			pages[without(p, email)] = true
		}
		if len(pages) != 1 {
			t.Errorf("%s: the pages differ", path)
		}
	}
	for _, l := range s.mails() {
		if l.To != "nobody@example.com" {
			t.Errorf("a mail %s waits for a server", l.Purpose)
		}
	}
	choose(s.Browser().Open(activation).Is(200), right).Is(200)
	choose(s.Browser().Open(reset.Path()).Is(200), right).Is(200)
}

// S3.08: a forgotten password; the former one works until another is chosen, then all
// sessions are over.
func TestAForgottenPasswordIsReset(t *testing.T) {
	s := newStand(t)
	a := s.ada()
	elsewhere := s.As(a)
	b := s.Browser()
	b.Open("/").Follow("Mot de passe oublié ?").Fill("email", "ada@example.com").Press("Recevoir un lien").Is(200).Shows("un courriel avec un lien est en route", "spam")
	link := s.path(s.last(mail.Reset, "ada@example.com"))
	if p := logIn(s.Browser(), "ada@example.com", right); p.Path != "/moi" {
		t.Error("the former password is dead before there is another")
	}
	s.Advance(59 * time.Minute)
	choose(b.Open(link), "le nouveau mot de passe").Is(200)
	logIn(s.Browser(), "ada@example.com", right).Is(422)
	if isIn(elsewhere) {
		t.Error("a session goes on")
	}
	if p := logIn(s.Browser(), "ada@example.com", "le nouveau mot de passe"); p.Path != "/moi" {
		t.Error("the new password does not log in")
	}
}

// PEOPLE §5.3: whoever asks again and again fills no mailbox, and the last link stays good.
func TestMailsThatAnybodyMayAskForAreCounted(t *testing.T) {
	s := newStand(t)
	s.ada()
	for range 6 {
		s.Browser().Post("/oublie", form("email", "ada@example.com")).Is(200)
	}
	all := s.mails()
	if len(all) != 3 {
		t.Fatalf("%d mails", len(all))
	}
	newest := slices.IndexFunc(all, func(l letter) bool { return s.Browser().Open(s.path(l)).Status == 200 })
	if newest < 0 {
		t.Error("no link works any more")
	}
}

// web switches the web's route on.
func (s stand) web(groups ...string) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) error {
		for _, g := range groups {
			if _, err := people.AddGroup(tx.Tx.Tx.Tx, g); err != nil {
				return err
			}
		}
		_, err := access.ChangeSettings(tx.Tx.Tx, map[string]string{"web": "true", "web_groups": strings.Join(groups, ",")})
		return err
	})
}

// S1.01, S1.02 and S1.17: «Nouveau compte» stands on the log-in page only while the route is on; off,
// it is not usable over HTTP either.
func TestARouteThatIsOffIsNotThere(t *testing.T) {
	s := newStand(t)
	b := s.Browser()
	if b.Open("/").HasLink("Nouveau compte") {
		t.Error("the link is there")
	}
	b.Open("/nouveau").Is(404)
	b.Post("/nouveau", form("name", "Ada Byron", "email", "ada@example.com")).Is(404)
	if len(s.mails()) > 0 || s.audits("account.register") > 0 {
		t.Error("an account was made")
	}
	s.web()
	b.Open("/").Follow("Nouveau compte").Is(200).Shows("Nom", "Adresse électronique", "S’inscrire")
}

// S1.18, S1.19, S1.12 and S1.20: name and e-mail, which is the user name; the box «Nouveau
// compte créé»; «Afficher le code PIN» shows user name and PIN once, in this browser; a mail
// has them too.
func TestSomebodyRegistersOnTheWeb(t *testing.T) {
	s := newStand(t)
	s.web("Visiteurs")
	b := s.Browser()
	p := b.Open("/nouveau").Fill("name", " Ada  King Byron ").Fill("email", "Ada@Example.com").Press("S’inscrire").Is(200).Shows("Nouveau compte créé")
	if strings.Contains(p.Text(), "Code PIN") {
		t.Error("the PIN is there before it was asked for")
	}
	s.Browser().Post("/nouveau/pin", nil).Is(409)
	p = p.Press("Afficher le code PIN").Is(200).Shows("Nom d’utilisateur", "ada@example.com", "Code PIN")
	pin := s.last(mail.NewAccount, "ada@example.com").fields["pin"]
	if len(pin) < 4 || !strings.Contains(p.Text(), pin) {
		t.Error("the page does not show the PIN of the mail")
	}
	b.Post("/nouveau/pin", nil).Is(409).Hides(pin)
	s.Read(func(tx fleet.Tx) error {
		a, err := tx.AccountByEmail("ada@example.com")
		if err != nil {
			return err
		}
		groups, err := tx.GroupsOf(a.ID)
		holder, err2 := tx.PINByMAC(s.Hub.SiteKey().PIN(pin))
		if a.State != people.Active || a.Source != people.BySelf || a.First != "Ada" || a.Last != "King Byron" || !a.IsUnconfirmed() || len(groups) != 1 || holder.Account != a.ID {
			t.Errorf("the account is %+v in %d groups", a, len(groups))
		}
		if a.IsNamed() {
			t.Error("it can hold a right to a door before the address is confirmed")
		}
		return errors.Join(err, err2)
	})
}

// S1.20: the site says whether the PIN stands in the mail; without it the page shows it all
// the same, and the link confirms the address.
func TestTheMailHasNoPINWhenTheSiteSaysSo(t *testing.T) {
	s := newStand(t)
	s.web()
	s.set(map[string]string{"new_account_mail": "link"})
	p := s.Browser().Post("/nouveau", form("name", "Ada Byron", "email", "ada@example.com")).Is(200).Press("Afficher le code PIN").Is(200)
	l := s.last(mail.NewAccountLink, "ada@example.com")
	if _, has := l.fields["pin"]; has || l.fields["user_name"] != "ada@example.com" {
		t.Error("the mail has a PIN or no user name")
	}
	pin := regexp.MustCompile(`\b\d{4,16}\b`).FindString(p.Text())
	s.Read(func(tx fleet.Tx) error {
		holder, err := tx.PINByMAC(s.Hub.SiteKey().PIN(pin))
		if holder.Account != l.Account {
			t.Error("the page does not show the PIN")
		}
		return err
	})
	choose(s.Browser().Open(s.path(l)).Is(200).Shows("Confirmez votre adresse"), right).Is(200)
}

// S1.19: ten minutes, and not with another browser's cookie twice.
func TestTheBoxClosesByItself(t *testing.T) {
	s := newStand(t)
	s.web()
	b := s.Browser()
	b.Post("/nouveau", form("name", "Ada Byron", "email", "ada@example.com")).Is(200)
	token := b.Cookie("__Host-box")
	s.Advance(11 * time.Minute)
	b.SetCookie(&http.Cookie{Name: "__Host-box", Value: token})
	b.Post("/nouveau/pin", nil).Is(409).Hides(s.mails()[0].fields["pin"])
}

// PEOPLE §4.1: a taken address shows the very same pages, a PIN that is nobody's too, and its
// owner gets a mail, once a day. S1.23: a variant of an address makes no second account.
func TestATakenAddressShowsTheSamePages(t *testing.T) {
	s := newStand(t)
	s.ada()
	s.web()
	digits := regexp.MustCompile(`\d{4,16}`)
	var texts []string
	for _, email := range []string{"new@example.com", "ADA@example.com", " Ada@EXAMPLE.com "} {
		b := s.Browser()
		p := b.Post("/nouveau", form("name", "Eve Roy", "email", email)).Is(200)
		q := p.Press("Afficher le code PIN").Is(200)
		email = strings.ToLower(strings.TrimSpace(email))
		texts = append(texts, p.Body+digits.ReplaceAllString(strings.ReplaceAll(q.Text(), email, "…"), "PIN"))
	}
	if texts[0] != texts[1] || texts[1] != texts[2] {
		t.Error("the pages differ")
	}
	if all := s.mails(); len(all) != 2 || s.last(mail.AddressKnown, "ada@example.com").Account == (people.ID{}) {
		t.Errorf("%d mails", len(all))
	}
	if s.audits("account.register") != 1 {
		t.Errorf("%d accounts were made", s.audits("account.register"))
	}
}

// PEOPLE §4.1: the mail's link confirms the address with a password; from then on the account
// can hold rights.
func TestARegisteredAddressIsConfirmed(t *testing.T) {
	s := newStand(t)
	s.web()
	s.Browser().Post("/nouveau", form("name", "Ada Byron", "email", "ada@example.com")).Is(200)
	s.Read(func(tx fleet.Tx) error {
		if _, err := people.Find(tx.Tx.Tx.Tx, "ada@example.com"); err == nil {
			t.Error("S1.32: an address that nobody confirmed decides whom an operator means")
		}
		return nil
	})
	l := s.last(mail.NewAccount, "ada@example.com")
	choose(s.Browser().Open(s.path(l)).Is(200).Shows("Confirmez votre adresse"), right).Is(200)
	if a := s.account(l.Account); a.IsUnconfirmed() || !a.IsNamed() {
		t.Error("it is not confirmed")
	}
	if p := logIn(s.Browser(), "ada@example.com", right); p.Path != "/moi" {
		t.Errorf("it leads to %s", p.Path)
	}
}

// PEOPLE §4.6: the set-up link makes the first administrator, and is over once there is one.
func TestTheFirstAdministratorSetsUp(t *testing.T) {
	s := newStand(t)
	setUp := func() (path string) {
		s.Write(func(tx fleet.Tx) error {
			token, _, err := people.AdminLink(tx.Tx.Tx.Tx, "")
			path = token.Path()
			return err
		})
		return path
	}
	old, link := setUp(), setUp()
	s.Browser().Open(old).Is(410).Shows("Un lien plus récent")
	b := s.Browser()
	p := b.Open(link).Is(200).Shows("Entrez comme administrateur").Follow("Choisir mon mot de passe").Is(200)
	p = p.Fill("first", "Ada").Fill("last", "").Fill("email", "").Fill("password", right).Press("Définir").Is(422)
	if p.Value("first") != "Ada" {
		t.Error("what was typed is gone")
	}
	p.Fill("email", "ada@example.com").Fill("last", "Byron").Fill("password", right).Press("Définir").Is(200)
	if p := logIn(b, "ada@example.com", right); p.Path != "/g" {
		t.Errorf("the log-in leads to %s", p.Path)
	}
	s.Browser().Open(link).Is(410).Shows("Ce lien a déjà servi")
	err := s.Store.Write(t.Context(), entryBy, func(tx fleet.Tx) error {
		_, _, err := people.AdminLink(tx.Tx.Tx.Tx, "")
		return err
	})
	if err == nil {
		t.Error("there is another one")
	}
}

// PEOPLE §4.6: a set-up link that somebody else has is over once an administrator can log in.
func TestASetUpLinkEndsWithTheFirstAdministrator(t *testing.T) {
	s := newStand(t)
	var link string
	s.Write(func(tx fleet.Tx) error {
		token, _, err := people.AdminLink(tx.Tx.Tx.Tx, "")
		link = token.Path()
		return err
	})
	b := s.Browser()
	p := b.Open(link).Follow("Choisir mon mot de passe").Is(200)
	s.add(people.New{First: "Grace", Email: "grace@example.com", State: people.Active, Role: people.Admin})
	p.Fill("first", "Eve").Fill("email", "eve@example.com").Fill("password", right).Press("Définir").Is(410).Shows("Ce lien n’est plus valable")
	b.Open(link).Is(410)
}

// PEOPLE §4.6: the way back in for an administrator, who chooses another password.
func TestAnAdministratorGetsBackIn(t *testing.T) {
	s := newStand(t)
	a := s.add(people.New{First: "Ada", Email: "ada@example.com", State: people.Active, Role: people.Admin})
	var link string
	s.Write(func(tx fleet.Tx) error {
		token, _, err := people.AdminLink(tx.Tx.Tx.Tx, "ADA@example.com")
		link = token.Path()
		return err
	})
	choose(s.Browser().Open(link), "a password that she remembers").Is(200)
	if p := logIn(s.Browser(), a.Email, "a password that she remembers"); p.Path != "/g" {
		t.Errorf("it leads to %s", p.Path)
	}
	s.Advance(16 * time.Minute)
	s.Browser().Open(link).Is(410)
}

// S5.02: another address for log-in is confirmed from the new one; the former one hears of it.
// A taken one tells nobody.
func TestAnAddressIsChangedByALink(t *testing.T) {
	s := newStand(t)
	a := s.ada()
	s.AddPerson(people.New{First: "Eve", Email: "eve@example.com", State: people.Active})
	change := func(to string) {
		s.Write(func(tx fleet.Tx) error { return people.RequestEmail(tx.Tx.Tx.Tx, a.ID, to) })
	}
	change("EVE@example.com")
	s.last(mail.AddressKnown, "eve@example.com")
	change("Ada.Byron@example.com")
	link := s.path(s.last(mail.EmailChange, "ada.byron@example.com"))
	if s.account(a.ID).Email != "ada@example.com" {
		t.Fatal("it is changed before it is confirmed")
	}
	s.Browser().Open(link).Is(200).Shows("Confirmez votre nouvelle adresse", "a•••@example.com").Press("Confirmer").Shows("Votre nouvelle adresse est confirmée.")
	s.last(mail.EmailChanged, "ada@example.com")
	logIn(s.Browser(), "ada@example.com", right).Is(422)
	if p := logIn(s.Browser(), "ada.byron@example.com", right); p.Path != "/moi" {
		t.Errorf("it leads to %s", p.Path)
	}
}

// typed lets somebody type an address at a panel with an anonymous account.
func (s stand) typed(email string) (a people.Account) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) (err error) {
		if a, err = people.NewAnonymous(tx.Tx.Tx.Tx, people.NewAnon{ID: people.ID{7}, Expires: tx.Now.Add(time.Hour)}); err != nil {
			return err
		}
		if err := tx.PutCard(access.Card{ID: access.ID{9}, Account: a.ID, State: access.CardActive, Assurance: access.UID, Since: tx.Now}); err != nil {
			return err
		}
		_, err = people.PanelEdit(tx.Tx.Tx.Tx, people.Typed{Account: a.ID, Terminal: "hall", At: tx.Now,
			Profile: people.Profile{Name: "Eve <b>Roy</b>", Email: email}})
		return err
	})
	return a
}

// S1.16: an address of somebody else's that is typed at a panel starts a merge that its owner
// confirms by mail: with one button both accounts are one, its card too.
func TestTheOwnerOfAnAddressConfirmsAMerge(t *testing.T) {
	s := newStand(t)
	ada := s.ada()
	visitor := s.typed("ADA@example.com")
	l := s.last(mail.Merge, "ada@example.com")
	if l.fields["other"] != "anonym1" {
		t.Error("the mail says what somebody typed")
	}
	if s.account(visitor.ID).State != people.Active {
		t.Fatal("they are one before anybody confirmed it")
	}
	p := s.Browser().Open(s.path(l)).Is(200).Shows("Est-ce votre badge ?", "hall", "Eve <b>Roy</b>")
	p.Press("C’était moi : réunir les comptes").Shows("Les deux comptes n’en font plus qu’un.")
	if a := s.account(visitor.ID); a.State != people.Merged || a.MergedTo != ada.ID {
		t.Errorf("it is %s", a.State)
	}
	s.Read(func(tx fleet.Tx) error {
		c, err := tx.Card(access.ID{9})
		if c.Account != ada.ID {
			t.Error("the card is not hers")
		}
		return err
	})
	s.Browser().Open(s.path(l)).Is(410).Shows("Ce lien a déjà servi")
}

// S1.16: never a silent takeover: «Ce n'était pas moi» leaves both as they are, and a link of
// a merge that is off is over.
func TestTheOwnerOfAnAddressRefusesAMerge(t *testing.T) {
	s := newStand(t)
	s.ada()
	visitor := s.typed("ada@example.com")
	link := s.path(s.last(mail.Merge, "ada@example.com"))
	s.Browser().Open(link).Press("Ce n’était pas moi").Shows("C’est noté : rien n’a été réuni.")
	if a := s.account(visitor.ID); a.State != people.Active || a.TypedEmail != "" {
		t.Errorf("it is %s with the address %q", a.State, a.TypedEmail)
	}
	s.Browser().Open(link).Is(410)
}

// S2.24: «Ce n'est pas moi»: whoever reads the mail takes a card back with one button.
func TestACardIsTakenBackByALink(t *testing.T) {
	s := newStand(t)
	a := s.ada()
	var token people.Token
	s.Write(func(tx fleet.Tx) (err error) {
		c := access.Card{ID: access.ID{0x41, 0xc0}, Account: a.ID, State: access.CardActive, Assurance: access.UID, Since: tx.Now}
		if err := tx.PutCard(c); err != nil {
			return err
		}
		token, err = people.IssueLinkAbout(tx.Tx.Tx.Tx, people.UndoCard, a.ID, "", c.ID)
		return err
	})
	p := s.Browser().Open(token.Path()).Is(200).Shows("Est-ce votre carte ?", "41c00000")
	p.Press("Ce n’est pas moi : retirer la carte").Shows("La carte est retirée")
	s.Read(func(tx fleet.Tx) error {
		if _, err := tx.Card(access.ID{0x41, 0xc0}); err == nil {
			t.Error("it is still there")
		}
		return nil
	})
	s.Browser().Open(token.Path()).Is(410).Shows("Ce lien a déjà servi")
}
