package page

import (
	"badged/internal/password"
	"badged/internal/secret"
)

// product is the name of the product, which a password must not be made of.
const product = "badged"

// CheckNewPassword reports whether the password in a field may be chosen; one that may not is
// refused beside the field. personal are names and addresses of the person, which it must not
// be made of, as of the names of the site and of the product.
func (f *Form) CheckNewPassword(field string, personal ...string) bool {
	problem := password.Check(secret.New(f.Raw(field)), password.Least, append(personal, f.r.Site.Name, product)...)
	if problem != "" {
		f.Refuse(field, f.r.T("page.password."+string(problem)))
	}
	return problem == ""
}

// HashPassword gives what is kept of the password in a field. It waits its turn; the error is
// password.ErrBusy when too many wait.
func (f *Form) HashPassword(field string) (phc string, err error) {
	return password.Hash(f.r.Context(), secret.New(f.Raw(field)))
}
