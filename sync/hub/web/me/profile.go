package me

import (
	"slices"

	"badged/internal/profile"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/mail"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// profilePage is who somebody is, and which notices they want by mail.
type profilePage struct {
	Form   *page.Form
	Mails  *page.Form
	Langs  []page.Option
	Kinds  []page.Option
	Edits  bool // the name can be changed
	Groups []string
	// Waits is a name that was typed at a terminal, which is not in force before its owner
	// says that it is theirs.
	Waits *people.Edit
}

func showProfile(r *page.Request) (page.Reply, error) {
	a := r.Account()
	return profileReply(r, r.Fill(map[string]string{"name": a.FullName(), "lang": a.Lang}))
}

func profileReply(r *page.Request, f *page.Form) (page.Reply, error) {
	d := profilePage{Form: f, Mails: r.Fill(nil), Edits: r.Site.EditProfile,
		Langs: []page.Option{{Value: "", Text: r.T("me.profile.lang.site")}, {Value: "fr", Text: "Français"}, {Value: "en", Text: "English"}}}
	for _, p := range access.OptionalMails {
		d.Kinds = append(d.Kinds, page.Option{Value: string(p), Text: r.T("me.profile.mail." + string(p))})
	}
	err := r.Read(func(tx fleet.Tx) error {
		wanted, err := wantedMails(tx, r.Account().ID)
		if err != nil {
			return err
		}
		d.Mails.Set("mail", wanted...)
		if d.Groups, err = groupsOf(tx, r.Account().ID); err != nil {
			return err
		}
		d.Waits, err = waitingName(tx, r.Account().ID)
		return err
	})
	reply := page.Show("me/profile", r.T("me.profile.title"), d)
	if !f.OK() {
		reply = reply.Refused()
	}
	return reply, err
}

func waitingName(tx fleet.Tx, id people.ID) (*people.Edit, error) {
	e, waits, err := people.WaitingName(tx.Tx.Tx.Tx, id)
	if !waits {
		return nil, err
	}
	return &e, err
}

// settleName takes the answer of somebody to whom a terminal reported another name.
func settleName(theirs bool, done string) page.Handler {
	return func(r *page.Request) (page.Reply, error) {
		err := r.Write(func(tx fleet.Tx) error {
			_, err := people.SettleName(tx.Tx.Tx.Tx, r.Account().ID, theirs)
			return err
		})
		return page.Go("/moi/profil").Flash(done), err
	}
}

func wantedMails(tx fleet.Tx, id people.ID) (wanted []string, err error) {
	muted, err := tx.MutedMails(id)
	for _, p := range access.OptionalMails {
		if !slices.Contains(muted, p) {
			wanted = append(wanted, string(p))
		}
	}
	return wanted, err
}

func groupsOf(tx fleet.Tx, id people.ID) (names []string, err error) {
	groups, err := tx.GroupsOf(id)
	for _, g := range groups {
		group, err := tx.Group(g)
		if err != nil {
			return nil, err
		}
		names = append(names, group.Name)
	}
	return names, err
}

// changeProfile keeps what somebody says about themselves. A name is attested by nobody then.
func changeProfile(r *page.Request) (page.Reply, error) {
	f := r.Form()
	name, lang := profile.CleanName(f.Value("name")), f.Value("lang")
	if !r.Site.EditProfile {
		name = r.Account().FullName()
	}
	if problem := profile.CheckName(name); problem != "" || name == "" {
		f.Refuse("name", r.T("me.profile.name.wrong"))
		return profileReply(r, f)
	}
	if lang != "" && !profile.IsLang(lang) {
		return page.Reply{}, page.ErrNotFound
	}
	var out people.Outcome
	err := r.Write(func(tx fleet.Tx) (err error) {
		out, err = people.PanelEdit(tx.Tx.Tx.Tx, people.Typed{
			Account: r.Account().ID, At: tx.Now, Profile: people.Profile{Name: name, Lang: lang},
		})
		return err
	})
	if err != nil {
		return page.Reply{}, err
	}
	if out.Refused {
		f.Refuse("name", r.T("me.profile.name.wrong"))
		return profileReply(r, f)
	}
	key := "me.profile.saved"
	if out.Unnamed {
		key = "me.profile.unnamed"
	}
	return page.Go("/moi/profil").Flash(key), nil
}

// chooseMails keeps which notices come by mail (S3.12).
func chooseMails(r *page.Request) (page.Reply, error) {
	var wanted []mail.Purpose
	for _, v := range r.Form().Values("mail") {
		wanted = append(wanted, mail.Purpose(v))
	}
	err := r.Write(func(tx fleet.Tx) error { return access.ChooseMails(tx.Tx.Tx, r.Account().ID, wanted) })
	return page.Go("/moi/profil").Flash("me.profile.saved"), err
}
