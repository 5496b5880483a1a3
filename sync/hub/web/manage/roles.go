package manage

import (
	"slices"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web/page"
)

// roles is the page of what a member may manage.
type roles struct {
	Member member
	Form   *page.Form
	Roles  []page.Option
	Areas  []page.Option
}

func showRoles(r *page.Request) (page.Reply, error) {
	m, err := readMember(r, nil)
	f := r.Fill(map[string]string{"role": string(m.Role)})
	f.Set("area", rightValues(m.Rights)...)
	return page.Show("manage/roles", m.DisplayName(), rolesPage(r, m, f)), err
}

func rolesPage(r *page.Request, m member, f *page.Form) roles {
	d := roles{Member: m, Form: f, Roles: roleOptions(r)}
	for _, right := range people.AllRights {
		d.Areas = append(d.Areas, page.Option{Value: string(right), Text: r.T("manage.area." + string(right))})
	}
	return d
}

func rightValues(rights []people.Right) (values []string) {
	for _, right := range rights {
		values = append(values, string(right))
	}
	return values
}

// changeRoles sets the role and the areas. The last administrator who can log in keeps the
// role.
func changeRoles(r *page.Request) (page.Reply, error) {
	f := r.Form()
	var m member
	err := r.Write(func(tx fleet.Tx) (err error) {
		if m, err = memberOf(r, tx); err != nil {
			return err
		}
		role := people.Role(f.Value("role"))
		if _, err := people.Change(tx.Tx.Tx.Tx, m.ID, people.Changes{Role: &role}); err != nil {
			return err
		}
		for _, right := range people.AllRights {
			if _, err := people.SetRight(tx.Tx.Tx.Tx, m.ID, right, slices.Contains(f.Values("area"), string(right))); err != nil {
				return err
			}
		}
		return nil
	})
	if err = f.Explain(err, page.Fields{people.CodeRoleUnknown: "role"}); err != nil {
		return page.Reply{}, err
	}
	if f.OK() {
		return page.Go(m.Path + "/roles").Flash("manage.saved"), nil
	}
	return page.Show("manage/roles", m.DisplayName(), rolesPage(r, m, f)).Refused(), nil
}
