package fleet_test

import (
	"testing"

	"badged/sync/wire"
)

// S1.31: a new account has the language that its panel spoke; without one, or with one that
// nobody speaks, the site's.
func TestS131_ANewAccountHasThePanelsLanguage(t *testing.T) {
	w := newWorld(t, t.TempDir())
	x := printing(w, "hall")
	for number, c := range map[string]struct {
		edit *wire.Edit
		want string
	}{
		"1": {&wire.Edit{Lang: "en"}, "en"}, "2": {&wire.Edit{}, "fr"}, "3": {nil, "fr"}, "4": {&wire.Edit{Lang: "<script>"}, "fr"},
	} {
		e := x.newAccount(number, 0)
		e.Edit = c.edit
		x.report(e)
		if a := w.accounts()[[16]byte(e.Account)]; a.Lang != c.want || a.First != "" {
			t.Errorf("%+v makes an account that speaks %q, want %q", c.edit, a.Lang, c.want)
		}
	}
}
