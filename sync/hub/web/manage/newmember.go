package manage

import (
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// creation is the form of a new member: who it is, and what it may do.
type creation struct {
	Form   *page.Form
	Groups []page.Option
	Langs  []page.Option
	Roles  []page.Option
}

func roleOptions(r *page.Request) (out []page.Option) {
	for _, role := range []people.Role{people.User, people.Admin} {
		out = append(out, page.Option{Value: string(role), Text: r.T("manage.role." + string(role)), Hint: r.T("manage.role." + string(role) + ".hint")})
	}
	return out
}

func newMember(r *page.Request) (page.Reply, error) {
	return showCreation(r, r.Fill(map[string]string{"role": string(people.User)}))
}

func showCreation(r *page.Request, f *page.Form) (page.Reply, error) {
	d := creation{Form: f, Langs: langOptions(r), Roles: roleOptions(r)}
	err := r.Read(func(tx fleet.Tx) (err error) {
		d.Groups, err = groupOptions(r, tx)
		return err
	})
	return page.Show("manage/new-member", r.T("manage.new.title"), d), err
}

// addMember creates an account, which can log in nowhere until it is activated.
func addMember(r *page.Request) (page.Reply, error) {
	f := r.Form()
	var a people.Account
	until := f.LastDay("until")
	if f.OK() {
		err := r.Write(func(tx fleet.Tx) (err error) {
			a, err = people.Add(tx.Tx.Tx.Tx, people.New{
				First: f.Value("first"), Last: f.Value("last"), Email: f.Value("email"), Lang: f.Value("lang"),
				Role: people.Role(f.Value("role")), Expires: until,
			})
			if err != nil {
				return err
			}
			return setGroups(tx, a.ID, f.Values("group"))
		})
		if err = f.Explain(err, identityFields); err != nil {
			return page.Reply{}, err
		}
	}
	if !f.OK() {
		reply, err := showCreation(r, f)
		return reply.Refused(), err
	}
	return page.Go("/g/membres/"+people.HexID(a.ID)+"/acces").Flash("manage.new.done", a.DisplayName()), nil
}
