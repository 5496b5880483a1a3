package door_test

import (
	gocontext "context"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web"
	"badged/sync/hub/web/page"
	"badged/sync/hub/web/webtest"
)

func context() gocontext.Context { return gocontext.Background() }

func query(action string) audit.Query { return audit.Query{Action: action, Limit: 100} }

type entry = audit.Entry

// S2.01 and PEOPLE §5.4: somebody logs in with their address in any of its forms, and logs
// out: the session is over at the hub, not only in the browser.
func TestAPersonLogsInAndOut(t *testing.T) {
	s := newStand(t)
	s.ada()
	b := s.Browser()
	b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	p := logIn(b, " ADA@Example.com ", right).Is(303)
	cookie := p.Header.Get("Set-Cookie")
	for _, want := range []string{"__Host-session=", "Path=/;", "HttpOnly", "Secure", "SameSite=Lax"} {
		if !strings.Contains(cookie, want) {
			t.Errorf("the cookie is %q, without %s", strings.Replace(cookie, b.Cookie("__Host-session"), "…", 1), want)
		}
	}
	if strings.Contains(cookie, "Domain") || strings.Contains(cookie, "Expires") || p.Header.Get("Location") != "/moi" {
		t.Errorf("it leads to %s, with a cookie for longer or for others", p.Header.Get("Location"))
	}
	if !isIn(b) || s.audits("session.open") != 1 {
		t.Fatal("she is not logged in, or the audit log does not say so")
	}
	token := b.Cookie("__Host-session")
	b.Post("/deconnexion", nil).Is(303)
	b.SetCookie(&http.Cookie{Name: "__Host-session", Value: token})
	if isIn(b) || s.audits("session.end") != 1 {
		t.Error("she is still logged in, or the audit log does not say that she is not")
	}
}

// Somebody who wanted to see a page gets there after the log-in, and never elsewhere.
func TestALogInLeadsOn(t *testing.T) {
	s := newStand(t)
	s.ada()
	b := s.Browser()
	p := b.Open("/confirmer?to=/x").Is(200).Shows("Connectez-vous pour voir cette page.")
	if got := p.Fill("email", "ada@example.com").Fill("password", right).Press("Se connecter").Path; got != "/confirmer?to=/x" {
		t.Errorf("it leads to %s", got)
	}
	p = s.Browser().Post("/connexion", form("email", "ada@example.com", "password", right, "to", "//evil.example"))
	if p.Path != "/moi" {
		t.Errorf("it leads to %s", p.Path)
	}
}

// PEOPLE §5.3: an address that is nobody's, one without a password and a wrong password are
// told apart by nothing.
func TestALogInTellsNothingOfAddresses(t *testing.T) {
	s := newStand(t)
	s.ada()
	s.AddPerson(people.New{First: "Eve", Email: "eve@example.com", State: people.Active})
	s.add(people.New{First: "Zoé", Email: "zoe@example.com"}) // not active
	pages := map[string]string{}
	for _, email := range []string{"ada@example.com", "eve@example.com", "zoe@example.com", "nobody@example.com", "no address", ""} {
		p := logIn(s.Browser(), email, "another password").Is(422).Shows("Cette adresse et ce mot de passe ne vont pas ensemble.")
		if email != "" {
			pages[without(p, `value="`+email+`"`)] = email
		}
	}
	if len(pages) != 1 {
		t.Errorf("the pages differ: %d", len(pages))
	}
	logIn(s.Browser(), "ada@example.com", strings.Repeat("x", 100_000)).Is(http.StatusRequestEntityTooLarge)
	logIn(s.Browser(), "ada@example.com", right+strings.Repeat("\x00", 2000)).Is(422)
}

// S3.02: a created account logs in nowhere until it is activated; a suspended or ended one
// neither. Whoever has the password is told why.
func TestOnlyAnActiveAccountLogsIn(t *testing.T) {
	s := newStand(t)
	for state, want := range map[people.State]string{
		people.Created: "Ce compte n’est pas encore activé", people.Invited: "Ce compte n’est pas encore activé", people.Suspended: "Ce compte est suspendu",
	} {
		a := s.add(people.New{First: "Ada", Email: string(state) + "@example.com"})
		if state != people.Created {
			s.Write(func(tx fleet.Tx) error {
				_, err := people.SetState(tx.Tx.Tx.Tx, a.ID, state, people.ByAdministrator)
				return err
			})
		}
		b := s.Browser()
		logIn(b, a.Email, right).Is(422).Shows(want)
		if b.Cookie("__Host-session") != "" {
			t.Errorf("%s: there is a session", state)
		}
	}
	s.add(people.New{First: "Ada", Email: "ended@example.com", State: people.Active, Expires: s.Now().Add(time.Hour)})
	s.Advance(2 * time.Hour)
	logIn(s.Browser(), "ended@example.com", right).Is(422).Shows("Ce compte est suspendu")
}

// PEOPLE §5.4: session fixation: a token that was in the browser before is none of the new
// session's, and the session that it had ends.
func TestALogInMakesANewSession(t *testing.T) {
	s := newStand(t)
	s.ada()
	b := s.Browser()
	planted := people.NewSessionToken().Reveal()
	b.SetCookie(&http.Cookie{Name: "__Host-session", Value: planted})
	logIn(b, "ada@example.com", right)
	first := b.Cookie("__Host-session")
	b.Post("/connexion", form("email", "ada@example.com", "password", right))
	second := b.Cookie("__Host-session")
	if first == planted || second == first {
		t.Error("a session goes on with the token that was there before")
	}
	for token, want := range map[string]bool{planted: false, first: false, second: true} {
		b.SetCookie(&http.Cookie{Name: "__Host-session", Value: token})
		if isIn(b) != want {
			t.Errorf("logged in with one of the three tokens: %v, want %v", !want, want)
		}
	}
}

// PEOPLE §5.4: idle 30 min, 12 h at most, administrators 15 min and 8 h. A page that follows
// the hub by itself is no use.
func TestSessionsEndByThemselves(t *testing.T) {
	for role, c := range map[people.Role]struct{ idle, most time.Duration }{
		people.User: {30 * time.Minute, 12 * time.Hour}, people.Admin: {15 * time.Minute, 8 * time.Hour},
	} {
		t.Run(string(role), func(t *testing.T) {
			s := newStand(t)
			a := s.add(people.New{First: "Ada", Email: "ada@example.com", State: people.Active, Role: role})
			b := s.As(a)
			s.Advance(c.idle - time.Minute)
			if !isIn(b) {
				t.Fatal("it ended before its time")
			}
			s.Advance(c.idle - time.Minute)
			req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/confirmer", nil)
			if err != nil {
				t.Fatal(err)
			}
			req.Header.Set("X-Live", "1")
			b.Do(req).Is(200)
			s.Advance(2 * time.Minute)
			if isIn(b) {
				t.Error("it lasts while nobody uses it")
			}
			b = s.As(a)
			for at := time.Duration(0); at < c.most; at += c.idle / 2 {
				if !isIn(b) {
					t.Fatalf("it ended after %v", at)
				}
				s.Advance(c.idle / 2)
			}
			if isIn(b) {
				t.Error("it lasts for ever while it is used")
			}
		})
	}
}

// PEOPLE §5.4: suspension and another role end sessions, and so does another password.
func TestSessionsEndWithWhatTheyStandOn(t *testing.T) {
	role := people.Admin
	for name, change := range map[string]func(people.Tx, people.ID) error{
		"suspended": func(tx people.Tx, id people.ID) error {
			_, err := people.SetState(tx, id, people.Suspended, people.ByAdministrator)
			return err
		},
		"another role": func(tx people.Tx, id people.ID) error {
			_, err := people.Change(tx, id, people.Changes{Role: &role})
			return err
		},
		"another password": func(tx people.Tx, id people.ID) error { return people.SetPassword(tx, id, hash()) },
		"erased":           func(tx people.Tx, id people.ID) error { return people.Erase(tx, id) },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStand(t)
			a := s.ada()
			b := s.As(a)
			if !isIn(b) {
				t.Fatal("she is not logged in")
			}
			s.Write(func(tx fleet.Tx) error { return change(tx.Tx.Tx.Tx, a.ID) })
			if isIn(b) {
				t.Error("she is still logged in")
			}
		})
	}
}

// PEOPLE §5.4: some steps want the password again after 10 minutes.
func TestAFreshLogInIsAskedFor(t *testing.T) {
	part := page.Part{Name: "x", Routes: []page.Route{{Method: "GET", Path: "/x", Right: page.SignedIn, Fresh: true,
		Handle: func(r *page.Request) (page.Reply, error) { return page.Go("/aide/connexion"), nil }}}}
	s := newStand(t, append(web.Parts(web.Options{}), part)...)
	b := s.As(s.ada())
	if p := b.Open("/x"); p.Path != "/aide/connexion" {
		t.Fatalf("at once: %s", p.Path)
	}
	s.Advance(11 * time.Minute)
	p := b.Open("/x")
	if p.Path != "/confirmer?to=%2Fx" {
		t.Fatalf("after 11 minutes: %s", p.Path)
	}
	p = p.Fill("password", "another").Press("Confirmer").Is(422).Shows("Ce n’est pas votre mot de passe.")
	if p = p.Fill("password", right).Press("Confirmer"); p.Path != "/aide/connexion" {
		t.Errorf("after the password: %s", p.Path)
	}
	if s.audits("session.reauthenticate") != 1 {
		t.Error("the audit log does not say so")
	}
}

// PEOPLE §5.3: whoever tries too often waits; nobody else does.
func TestWhoeverTriesTooOftenWaits(t *testing.T) {
	s := newStand(t)
	s.ada()
	s.count(10, func(tx people.Tx) error { _, err := people.CountLogin(tx, "ada@example.com", "127.0.0.1"); return err })
	logIn(s.Browser(), "ada@example.com", right).Is(429).Shows("Trop d’essais depuis cet endroit. Réessayez dans 15 minutes.")
	s.Advance(16 * time.Minute)
	if p := logIn(s.Browser(), "ada@example.com", right); p.Path != "/moi" {
		t.Errorf("later it leads to %s: %s", p.Path, p.Text())
	}
}

// PEOPLE §5.3 and §5.4: guesses at the door keep nobody out who is logged in and proves again
// who they are; there it is the session that has its tries.
func TestConfirmingCountsBySession(t *testing.T) {
	s := newStand(t)
	a := s.ada()
	b := s.As(a)
	for i := range 12 {
		email := fmt.Sprintf("p%d@example.com", i)
		if i == 0 {
			email = a.Email
		}
		s.count(10, func(tx people.Tx) error { _, err := people.CountLogin(tx, email, "127.0.0.1"); return err })
	}
	confirm := func() *webtest.Page { return b.Open("/confirmer").Fill("password", right).Press("Confirmer") }
	if p := confirm(); p.Path == "/confirmer" {
		t.Errorf("guesses at the door keep her out: %s", p.Text())
	}
	token, _ := people.ParseSessionToken(b.Cookie(page.SessionCookie))
	s.count(10, func(tx people.Tx) error { _, err := people.CountConfirm(tx, token.Hash()); return err })
	confirm().Is(429).Shows("Réessayez dans 15 minutes.")
}

// count does something often in one transaction.
func (s stand) count(times int, what func(people.Tx) error) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) error {
		for range times {
			if err := what(tx.Tx.Tx.Tx); err != nil {
				return err
			}
		}
		return nil
	})
}

// S3.11: what to do when one cannot log in is a page of its own.
func TestHelpStandsBesideTheLogIn(t *testing.T) {
	s := newStand(t)
	s.Browser().Open("/").Follow("Connexion impossible ?").Is(200).
		Shows("courriers indésirables (spam)", "vérifier l’adresse électronique enregistrée", "pas encore activé", "Qui appeler")
	b := s.Browser()
	b.Lang = "en"
	b.Open("/").Follow("Cannot log in?").Is(200).Shows("spam folder", "check the e-mail address", "may not be active yet", "Whom to call")
}

var entryBy = audit.Actor{Kind: audit.System, ID: "test"}
