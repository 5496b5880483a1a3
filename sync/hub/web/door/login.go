package door

import (
	"net"
	"net/http"
	"time"

	"badged/internal/password"
	"badged/internal/secret"
	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// login is the page where people log in, or do so again.
type login struct {
	Form *page.Form
	To   string // where they wanted to go
}

func showLogin(r *page.Request) (page.Reply, error) {
	if r.Person != nil {
		return page.Go(home(r.Account())), nil
	}
	return loginPage(r, r.Fill(map[string]string{"to": r.Query("to")})), nil
}

// home is where somebody begins who wanted nothing in particular.
func home(a people.Account) string {
	if a.Role == people.Admin {
		return "/g"
	}
	return "/moi"
}

func loginPage(r *page.Request, f *page.Form) page.Reply {
	return page.Show("door/login", r.T("door.login.title"), login{f, f.Value("to")})
}

// logIn checks an address with its password. Whatever is wrong with them, it takes the same
// time and the same words.
func logIn(r *page.Request) (page.Reply, error) {
	began := time.Now()
	f := r.Form()
	email := f.Value("email")
	who, wait, err := checkPassword(r, email, f.Raw("password"), func(tx people.Tx) (time.Duration, error) {
		return people.CountLogin(tx, email, network(r.HTTP))
	})
	switch {
	case err != nil:
		return page.Reply{}, err
	case wait > 0:
		return tooMany(r, f, wait, loginPage), nil
	case !who.ok:
		waitSteady(r.Context(), began)
		f.Refuse("", r.T("door.login.wrong"))
		return loginPage(r, f).Refused(), nil
	}
	token, err := openSession(r, who, email)
	if err = f.Explain(err, nil); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return loginPage(r, f).Refused(), nil
	}
	to := page.Local(f.Value("to"))
	if to == "/" {
		to = home(who.account)
	}
	return page.Go(to).SignIn(token), nil
}

// checked is what came of a password that was typed.
type checked struct {
	account people.Account
	phc     string // of the account's password
	ok      bool   // it was this one
}

// counter counts a try, and tells how long to wait before it is looked at.
type counter func(people.Tx) (wait time.Duration, err error)

// checkPassword counts a try, and tells whether a password is the one of an address. Above
// zero, wait is how long nothing is looked at.
func checkPassword(r *page.Request, email, typed string, count counter) (c checked, wait time.Duration, err error) {
	err = r.Write(func(tx fleet.Tx) (err error) {
		wait, err = count(tx.Tx.Tx.Tx)
		return err
	})
	if err != nil || wait > 0 {
		return c, wait, err
	}
	err = r.Read(func(tx fleet.Tx) (err error) {
		key, _ := people.EmailKey(email)
		c.account, c.phc, err = people.PasswordOf(tx.Tx.Tx.Tx, key)
		return err
	})
	if err != nil {
		return c, 0, err
	}
	c.ok, err = password.Verify(r.Context(), c.phc, secret.New(typed[:min(len(typed), maxPassword)]))
	return c, 0, err
}

// maxPassword bounds what is hashed, in bytes: no password is longer.
const maxPassword = 4 * password.Most

// openSession logs an account in, in a new session. One that this browser had ends.
func openSession(r *page.Request, c checked, email string) (token people.SessionToken, err error) {
	by := audit.Actor{Kind: audit.Account, ID: people.HexID(c.account.ID), Via: "web"}
	err = r.WriteAs(by, func(tx fleet.Tx) (err error) {
		domain := tx.Tx.Tx.Tx
		if err := people.ForgetLogins(domain, email, network(r.HTTP)); err != nil {
			return err
		}
		if r.Person != nil {
			if err := people.EndSession(domain, r.Person.Session.Hash); err != nil {
				return err
			}
		}
		token, err = people.LogIn(domain, c.account.ID, c.phc, client(r.HTTP))
		return err
	})
	return token, err
}

func client(h *http.Request) people.Client {
	return people.Client{IP: clientIP(h), Agent: h.UserAgent()}
}

func network(h *http.Request) string { return people.Network(clientIP(h)) }

func clientIP(h *http.Request) string {
	host, _, err := net.SplitHostPort(h.RemoteAddr)
	if err != nil {
		return h.RemoteAddr
	}
	return host
}

// tooMany shows a form again that was sent too often, and says when it may be sent next.
func tooMany(r *page.Request, f *page.Form, wait time.Duration, show func(*page.Request, *page.Form) page.Reply) page.Reply {
	f.Refuse("", r.N("door.wait", int((wait+time.Minute-1)/time.Minute)))
	return show(r, f).Status(http.StatusTooManyRequests)
}

func showConfirm(r *page.Request) (page.Reply, error) {
	return confirmPage(r, r.Fill(map[string]string{"to": r.Query("to")})), nil
}

func confirmPage(r *page.Request, f *page.Form) page.Reply {
	return page.Show("door/confirm", r.T("door.confirm.title"), login{f, f.Value("to")})
}

// confirm lets somebody who is logged in prove again who they are.
func confirm(r *page.Request) (page.Reply, error) {
	f := r.Form()
	who, wait, err := checkPassword(r, r.Account().Email, f.Raw("password"), func(tx people.Tx) (time.Duration, error) {
		return people.CountConfirm(tx, r.Person.Session.Hash)
	})
	switch {
	case err != nil:
		return page.Reply{}, err
	case wait > 0:
		return tooMany(r, f, wait, confirmPage), nil
	case !who.ok || who.account.ID != r.Account().ID:
		f.Refuse("password", r.T("door.confirm.wrong"))
		return confirmPage(r, f).Refused(), nil
	}
	err = r.Write(func(tx fleet.Tx) error { return people.Reauthenticate(tx.Tx.Tx.Tx, r.Person.Token) })
	if err != nil {
		return page.Reply{}, err
	}
	return page.Go(f.Value("to")), nil
}

// showHelp says what to do when one cannot log in.
func showHelp(r *page.Request) (page.Reply, error) {
	return page.Show("door/help", r.T("door.help.title"), nil), nil
}
