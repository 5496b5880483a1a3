package door

import (
	"strings"
	"time"

	"badged/internal/profile"
	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// request is a page with one form.
type request struct{ Form *page.Form }

func showForgotten(r *page.Request) (page.Reply, error) {
	return forgottenPage(r, r.Fill(nil)), nil
}

func forgottenPage(r *page.Request, f *page.Form) page.Reply {
	return page.Show("door/forgotten", r.T("door.forgotten.title"), request{f})
}

// sendReset mails a link to choose another password to whoever has an address, and says the
// same to everybody.
func sendReset(r *page.Request) (page.Reply, error) {
	began := time.Now()
	f := r.Form()
	if !checkAddress(r, f) {
		return forgottenPage(r, f).Refused(), nil
	}
	err := r.WriteAs(visitor, func(tx fleet.Tx) error {
		return people.ForgotPassword(tx.Tx.Tx.Tx, f.Value("email"), network(r.HTTP))
	})
	if err != nil {
		return page.Reply{}, err
	}
	waitSteady(r.Context(), began)
	return sentPage(r, "door.forgotten.sent"), nil
}

// checkAddress refuses in place what is no address.
func checkAddress(r *page.Request, f *page.Form) bool {
	if _, ok := people.EmailKey(profile.CleanEmail(f.Value("email"))); !ok {
		f.Refuse("email", r.T("door.email.bad"))
	}
	return f.OK()
}

// sent is the page after a request that a mail may answer.
type sent struct{ Text string }

func sentPage(r *page.Request, key string) page.Reply {
	return page.Show("door/sent", r.T("door.sent.title"), sent{r.T(key)})
}

func showOwn(r *page.Request) (page.Reply, error) { return ownPage(r, r.Fill(nil)), nil }

func ownPage(r *page.Request, f *page.Form) page.Reply {
	return page.Show("door/own", r.T("door.own.title"), request{f})
}

// ownPassword is what the password chosen at /creer is sealed for.
const ownPassword = "own password"

// requestOwn mails a link that makes an account active which an operator registered, and says
// the same to everybody. The password that was chosen waits with the link, and only this
// browser can use it: whoever reads the mail elsewhere chooses another one.
func requestOwn(r *page.Request) (page.Reply, error) {
	began := time.Now()
	f := r.Form()
	checkAddress(r, f)
	if !f.CheckNewPassword("password", f.Value("email")) || !f.OK() {
		waitSteady(r.Context(), began)
		return ownPage(r, f).Refused(), nil
	}
	wait, err := countOwn(r)
	switch {
	case err != nil:
		return page.Reply{}, err
	case wait > 0:
		return tooMany(r, f, wait, ownPage), nil
	}
	key, sealed, err := sealOwn(f)
	if err != nil {
		return page.Reply{}, err
	}
	err = r.WriteAs(visitor, func(tx fleet.Tx) error {
		return people.RequestOwn(tx.Tx.Tx.Tx, f.Value("email"), network(r.HTTP), sealed)
	})
	if err != nil {
		return page.Reply{}, err
	}
	waitSteady(r.Context(), began)
	return sentPage(r, "door.own.sent").Cookie(keep(ownCookie, key.Reveal(), people.Activate.Life())), nil
}

// countOwn counts a request before it costs the hub a hash.
func countOwn(r *page.Request) (wait time.Duration, err error) {
	err = r.WriteAs(visitor, func(tx fleet.Tx) (err error) {
		wait, err = people.CountOwn(tx.Tx.Tx.Tx, network(r.HTTP))
		return err
	})
	return wait, err
}

// sealOwn hashes the password that was chosen, and seals what is kept of it with a new key.
func sealOwn(f *page.Form) (key people.SessionToken, sealed []byte, err error) {
	phc, err := f.HashPassword("password")
	if err != nil {
		return key, nil, err
	}
	key = people.NewSessionToken()
	sealed, err = people.Seal(key, ownPassword, []byte(phc))
	return key, sealed, err
}

func showRegister(r *page.Request) (page.Reply, error) {
	if !r.Site.Web {
		return page.Reply{}, page.ErrNotFound
	}
	return registerPage(r, r.Fill(nil)), nil
}

func registerPage(r *page.Request, f *page.Form) page.Reply {
	return page.Show("door/register", r.T("door.register.title"), request{f})
}

// register makes an account for somebody who asks for one. The page that follows is the same
// for an address that is known.
func (d door) register(r *page.Request) (page.Reply, error) {
	began := time.Now()
	if !r.Site.Web {
		return page.Reply{}, page.ErrNotFound
	}
	f := r.Form()
	first, last := profile.SplitName(f.Value("name"))
	var box people.SessionToken
	err := r.WriteAs(visitor, func(tx fleet.Tx) (err error) {
		box, err = access.Register(tx.Tx.Tx, d.key(), people.Self{First: first, Last: last, Email: f.Value("email"), Lang: r.Lang}, network(r.HTTP))
		return err
	})
	if err = f.Explain(err, page.Fields{
		people.CodeNameMissing: "name", people.CodeNameReserved: "name", people.CodeNameEmpty: "name", people.CodeNameText: "name",
		people.CodeNameLong: "name", people.CodeEmailBad: "email", people.CodeEmailLong: "email",
	}); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return registerPage(r, f).Refused(), nil
	}
	waitSteady(r.Context(), began)
	return page.Go("/nouveau/cree").Cookie(keep(boxCookie, box.Reveal(), people.Box.Life())), nil
}

// shown is what was in a box: user name and PIN.
type shown struct{ user, pin string }

func newShown(text secret.Text) shown {
	user, pin, _ := strings.Cut(text.Reveal(), "\n")
	return shown{user, pin}
}

// User is the name that somebody logs in with.
func (s shown) User() string { return s.user }

// PIN is what somebody types at a printer.
func (s shown) PIN() string { return s.pin }

// showBox is the box «Nouveau compte créé».
func showBox(r *page.Request) (page.Reply, error) {
	if cookie(r, boxCookie) == "" {
		return page.Go("/"), nil
	}
	return page.Show("door/box", r.T("door.box.title"), nil), nil
}

// openBox shows user name and PIN, once.
func openBox(r *page.Request) (page.Reply, error) {
	token, _ := people.ParseSessionToken(cookie(r, boxCookie))
	var text secret.Text
	err := r.WriteAs(visitor, func(tx fleet.Tx) (err error) {
		text, err = people.OpenBox(tx.Tx.Tx.Tx, token)
		return err
	})
	if err != nil {
		return page.Reply{}, err
	}
	return page.Show("door/pin", r.T("door.box.title"), newShown(text)).Cookie(drop(boxCookie)), nil
}
