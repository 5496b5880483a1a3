package manage

import (
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// accessPage is the page of how a member gets in.
type accessPage struct {
	Member member
	Mails  bool // mails go out
}

func (m *manage) showAccess(r *page.Request) (page.Reply, error) {
	var d accessPage
	var err error
	d.Member, err = readMember(r, func(tx fleet.Tx, _ member) (err error) {
		d.Mails, err = mail.Configured(tx.Tx.Tx.Tx.Tx)
		return err
	})
	return page.Show("manage/access", d.Member.DisplayName(), d), err
}

// handedLink is a link that goes by hand, as no mail goes out.
type handedLink struct {
	Back, URL string
	To        string
	Ends      time.Time
	QR        page.QR
}

// inviteAgain makes an account's activation link and queues its mail. Without a mail server
// it gives the link.
func (m *manage) inviteAgain(r *page.Request, tx fleet.Tx, id people.ID) (handedLink, error) {
	token, a, err := people.IssueActivationLink(tx.Tx.Tx.Tx, id)
	if err != nil {
		return handedLink{}, err
	}
	return m.send(r, tx, a, mail.Activate, people.Activate, token)
}

// send queues the mail with an account's link, or gives the link if no mail goes out.
func (m *manage) send(r *page.Request, tx fleet.Tx, a people.Account, p mail.Purpose, purpose people.Purpose, t people.Token) (handedLink, error) {
	l := handedLink{URL: m.URL + t.Path(), To: a.DisplayName(), Ends: r.Now.Add(purpose.Life())}
	goes, err := mail.Configured(tx.Tx.Tx.Tx.Tx)
	if err != nil || !goes {
		return l, err
	}
	return handedLink{}, people.MailLink(tx.Tx.Tx.Tx, a, t, purpose, p)
}

// sendActivation sends the mail with which a member activates the account.
func (m *manage) sendActivation(r *page.Request) (page.Reply, error) {
	return m.sendLink(r, func(tx fleet.Tx, of member) (handedLink, error) { return m.inviteAgain(r, tx, of.ID) })
}

// sendReset sends the mail with which a member chooses another password.
func (m *manage) sendReset(r *page.Request) (page.Reply, error) {
	return m.sendLink(r, func(tx fleet.Tx, of member) (handedLink, error) {
		token, a, err := people.IssueResetLink(tx.Tx.Tx.Tx, of.ID)
		if err != nil {
			return handedLink{}, err
		}
		return m.send(r, tx, a, mail.Reset, people.Reset, token)
	})
}

func (m *manage) sendLink(r *page.Request, send func(fleet.Tx, member) (handedLink, error)) (page.Reply, error) {
	var of member
	var link handedLink
	err := r.Write(func(tx fleet.Tx) (err error) {
		if of, err = memberOf(r, tx); err == nil {
			link, err = send(tx, of)
		}
		return err
	})
	if err != nil {
		return page.Reply{}, err
	}
	back := of.Path + "/acces"
	if link.URL == "" {
		return page.Go(back).Flash("manage.access.sent", of.Email), nil
	}
	return showLink(r, link, back)
}

// showLink shows a link that the administrator hands over.
func showLink(r *page.Request, l handedLink, back string) (page.Reply, error) {
	var err error
	l.Back = back
	l.QR, err = page.NewQR(l.URL)
	return page.Show("manage/link", r.T("manage.link.title"), l), err
}

func confirmActivation(r *page.Request) (page.Reply, error) {
	m, err := readMember(r, nil)
	return r.Confirm(activation(r, m, nil)), err
}

func activation(r *page.Request, m member, f *page.Form) page.Confirm {
	return page.Confirm{
		Title: r.T("manage.activate.title", m.DisplayName()), Text: r.T("manage.activate.text"),
		Points: []string{r.T("manage.activate.point1"), r.T("manage.activate.point2")},
		Action: m.Path + "/acces/activer", Button: r.T("manage.activate.button"), Cancel: m.Path + "/acces", Reason: true, Form: f,
	}
}

// activate makes an account active without a mail, for a reason that the log keeps.
func activate(r *page.Request) (page.Reply, error) {
	f := r.Form()
	var m member
	err := r.Write(func(tx fleet.Tx) (err error) {
		if m, err = memberOf(r, tx); err == nil {
			_, err = people.ActivateByHand(tx.Tx.Tx.Tx, m.ID, f.Value("reason"))
		}
		return err
	})
	if err = f.Explain(err, page.Fields{people.CodeReasonMissing: "reason"}); err != nil {
		return page.Reply{}, err
	}
	if !f.OK() {
		return r.Confirm(activation(r, m, f)), nil
	}
	return page.Go(m.Path + "/acces").Flash("manage.activate.done"), nil
}
