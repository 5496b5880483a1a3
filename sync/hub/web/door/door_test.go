package door_test

import (
	"net/url"
	"os"
	"strings"
	"sync"
	"testing"

	"badged/internal/password"
	"badged/internal/secret"
	"badged/sync/hub/access"
	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/store/teststore"
	"badged/sync/hub/web/door"
	"badged/sync/hub/web/page"
	"badged/sync/hub/web/webtest"
)

func TestMain(m *testing.M) { os.Exit(teststore.Main(m)) }

func TestTexts(t *testing.T) { webtest.Texts(t, door.Part(nil)) }

// right is the password of everybody here, and hash what is kept of it.
const right = "le merle moqueur et son nid"

var hash = sync.OnceValue(func() string {
	phc, err := password.Hash(context(), secret.New(right))
	if err != nil {
		panic(err)
	}
	return phc
})

// stand is a hub with its web, and people.
type stand struct {
	*webtest.Stand
	t *testing.T
}

// newStand is a hub whose mails go out, for all that the pages know.
func newStand(t *testing.T, parts ...page.Part) stand {
	s := stand{webtest.New(t, parts...), t}
	s.set(map[string]string{"mail_out": "sendmail", "mail_from": "hub@example.org"})
	return s
}

func (s stand) set(change map[string]string) {
	s.t.Helper()
	s.Write(func(tx fleet.Tx) error {
		_, err := access.ChangeSettings(tx.Tx.Tx, change)
		return err
	})
}

// add makes an account with the password right.
func (s stand) add(n people.New) people.Account {
	s.t.Helper()
	a := s.AddPerson(n)
	s.Write(func(tx fleet.Tx) error { return people.SetPassword(tx.Tx.Tx.Tx, a.ID, hash()) })
	return a
}

func (s stand) ada() people.Account {
	s.t.Helper()
	return s.add(people.New{First: "Ada", Last: "Byron", Email: "ada@example.com", State: people.Active})
}

// logIn types an address and a password at the door.
func logIn(b *webtest.Browser, email, password string) *webtest.Page {
	return b.Open("/").Is(200).Fill("email", email).Fill("password", password).Press("Se connecter")
}

// isIn reports whether somebody is logged in in a browser.
func isIn(b *webtest.Browser) bool {
	p := b.Open("/confirmer")
	return p.Status == 200 && p.Path == "/confirmer"
}

// audits counts the lines of the audit log with an action.
func (s stand) audits(action string) (n int) {
	s.t.Helper()
	s.Read(func(tx fleet.Tx) error {
		return tx.ListAudit(query(action), func(entry) error { n++; return nil })
	})
	return n
}

func form(pairs ...string) url.Values {
	v := url.Values{}
	for i := 0; i < len(pairs); i += 2 {
		v.Set(pairs[i], pairs[i+1])
	}
	return v
}

// without is a page's text without what was typed.
func without(p *webtest.Page, typed string) string { return strings.ReplaceAll(p.Body, typed, "…") }
