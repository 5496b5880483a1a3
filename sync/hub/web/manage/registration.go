package manage

import (
	"strings"

	"badged/sync/hub/audit"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/web/page"
)

// registration is the page «Envoyer le lien d'inscription».
type registration struct {
	Form  *page.Form
	Open  bool // people may register on the web
	Mails bool
	URL   string
	QR    page.QR
}

func showRegistration(r *page.Request) (page.Reply, error) {
	return registrationReply(r, r.Fill(nil), "")
}

func registrationReply(r *page.Request, f *page.Form, url string) (page.Reply, error) {
	d := registration{Form: f, Open: r.Site.Web, URL: url}
	err := r.Read(func(tx fleet.Tx) (err error) {
		d.Mails, err = mail.Configured(tx.Tx.Tx.Tx.Tx)
		return err
	})
	if err == nil && url != "" {
		d.QR, err = page.NewQR(url)
	}
	return page.Show("manage/registration", r.T("manage.register"), d), err
}

// sendRegistration sends the address of the page where people register, to one address or a
// pasted list. It holds no secret, so without a mail server the page shows it.
func (m *manage) sendRegistration(r *page.Request) (page.Reply, error) {
	f := r.Form()
	all := readInvitees(r, f)
	if !r.Site.Web {
		f.Refuse("", r.T("manage.register.closed"))
	}
	if !f.OK() {
		reply, err := registrationReply(r, f, "")
		return reply.Refused(), err
	}
	url, goes := m.URL+"/nouveau", false
	err := r.Write(func(tx fleet.Tx) (err error) {
		if goes, err = mail.Configured(tx.Tx.Tx.Tx.Tx); err != nil || !goes {
			return err
		}
		for _, who := range all {
			n := mail.New{Purpose: mail.Register, To: strings.TrimSpace(who.Email), Lang: f.Value("lang"), Fields: mail.Fields{"link": url}}
			if err := mail.Queue(tx.Tx.Tx.Tx.Tx, n); err != nil {
				return err
			}
		}
		return tx.Record(audit.Change{Action: "registration.send", Object: "web", After: map[string]any{"addresses": len(all)}})
	})
	switch {
	case err != nil:
		return page.Reply{}, err
	case !goes:
		return registrationReply(r, f, url)
	}
	return page.Go("/g/membres").Flash("manage.register.sent", r.N("manage.register.count", len(all))), nil
}
