package web_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"badged/sync/hub/fleet"
	"badged/sync/hub/people"
	"badged/sync/hub/web"
	"badged/sync/hub/web/page"
	"badged/sync/hub/web/webtest"
)

// marked is the parts of the product with other handlers, which say that somebody came in.
func marked() (parts []page.Part) {
	for _, part := range web.Parts(web.Options{}) {
		for i := range part.Routes {
			part.Routes[i].Fresh = false
			part.Routes[i].Handle = func(*page.Request) (page.Reply, error) {
				return page.Show("failure", "came in", struct{ Text, Todo string }{}).Status(http.StatusTeapot), nil
			}
		}
		parts = append(parts, part)
	}
	return parts
}

// Every route of the product gives everybody what their role gives, by one rule.
func TestRightsOfAllRoutesAndRoles(t *testing.T) {
	s := webtest.New(t, marked()...)
	member := s.AddPerson(people.New{First: "Ada", Last: "Byron", State: people.Active})
	admin := s.AddPerson(people.New{First: "Grace", Last: "Hopper", Email: "grace@example.org", State: people.Active, Role: people.Admin})
	const in, login, hidden = http.StatusTeapot, http.StatusSeeOther, http.StatusNotFound
	for role, c := range map[string]struct {
		b    *webtest.Browser
		want func(page.Right) int
	}{
		"nobody": {s.Browser(), func(r page.Right) int { return pick(r == page.Anyone, in, login) }},
		"member": {s.As(member), func(r page.Right) int { return pick(r == page.Anyone || r == page.SignedIn, in, hidden) }},
		"admin":  {s.As(admin), func(page.Right) int { return in }},
	} {
		c.b.Client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
		for _, part := range marked() {
			for _, route := range part.Routes {
				p := ask(c.b, route)
				if p.Status != c.want(route.Right) {
					t.Errorf("%s: %s %s answers %d, want %d", role, route.Method, route.Path, p.Status, c.want(route.Right))
				}
			}
		}
	}
}

func pick(first bool, a, b int) int {
	if first {
		return a
	}
	return b
}

// ask sends a request that fits a route.
func ask(b *webtest.Browser, route page.Route) *webtest.Page {
	path := strings.ReplaceAll(route.Path, "{$}", "")
	for strings.Contains(path, "{") {
		before, rest, _ := strings.Cut(path, "{")
		_, after, _ := strings.Cut(rest, "}")
		path = before + "0123456789abcdef0123456789abcdef" + after
	}
	if route.Method == http.MethodPost {
		return b.Post(path, nil)
	}
	return b.Open(path)
}

// What somebody may do is decided by the right of a route, their role and their areas.
func TestDecide(t *testing.T) {
	user := &page.Person{Account: people.Account{Role: people.User}}
	desk := &page.Person{Account: people.Account{Role: people.User}, Areas: []page.Right{page.Members, page.Cards}}
	admin := &page.Person{Account: people.Account{Role: people.Admin}}
	for _, c := range []struct {
		need                       page.Right
		nobody, user, desk, adminV page.Verdict
	}{
		{page.Anyone, page.Allowed, page.Allowed, page.Allowed, page.Allowed},
		{page.SignedIn, page.LogIn, page.Allowed, page.Allowed, page.Allowed},
		{page.Members, page.LogIn, page.Hidden, page.Allowed, page.Allowed},
		{page.Doors, page.LogIn, page.Hidden, page.Denied, page.Allowed},
		{page.Admin, page.LogIn, page.Hidden, page.Denied, page.Allowed},
		{page.Manager, page.LogIn, page.Hidden, page.Allowed, page.Allowed},
		{"", page.LogIn, page.Hidden, page.Denied, page.Allowed},
	} {
		got := [4]page.Verdict{page.Decide(c.need, nil), page.Decide(c.need, user), page.Decide(c.need, desk), page.Decide(c.need, admin)}
		if want := [4]page.Verdict{c.nobody, c.user, c.desk, c.adminV}; got != want {
			t.Errorf("%q: %v, want %v", c.need, got, want)
		}
	}
}

// door is a part with a page for each kind of session.
func door() page.Part {
	show := func(r *page.Request) (page.Reply, error) {
		return page.Show("failure", r.Account().First, struct{ Text, Todo string }{}), nil
	}
	return page.Part{Name: "test", Layout: page.Narrow, Routes: []page.Route{
		{Method: "GET", Path: "/{$}", Right: page.Anyone, Handle: show},
		{Method: "GET", Path: "/confirmer", Right: page.SignedIn, Handle: show},
		{Method: "GET", Path: "/mine", Right: page.SignedIn, Handle: show},
		{Method: "POST", Path: "/mine", Right: page.SignedIn, Handle: show},
		{Method: "GET", Path: "/careful", Right: page.SignedIn, Fresh: true, Handle: show},
	}}
}

func TestWhoIsNotLoggedInIsLedBack(t *testing.T) {
	s := webtest.New(t, door())
	b := s.Browser()
	if p := b.Open("/mine?x=1"); p.Path != "/?to=%2Fmine%3Fx%3D1" {
		t.Errorf("it leads to %s", p.Path)
	}
	if p := b.Post("/mine", nil); p.Path != "/" {
		t.Errorf("a form leads to %s", p.Path)
	}
	s.As(s.AddPerson(people.New{First: "Ada", Last: "Byron", State: people.Active})).Open("/mine").Is(200).Shows("Ada")
}

// A session rests 30 minutes and no more; a page that follows the hub by itself does not
// keep it awake. What asks for care wants a log-in of the last ten minutes.
func TestSessionsRest(t *testing.T) {
	s := webtest.New(t, door())
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", State: people.Active})
	b := s.As(ada)
	b.Open("/careful").Is(200)
	s.Advance(25 * time.Minute)
	if p := b.Open("/careful"); p.Path != "/confirmer?to=%2Fcareful" {
		t.Errorf("after 25 minutes it leads to %s", p.Path)
	}
	s.Advance(25 * time.Minute) // the request above counted
	b.Open("/mine").Is(200).Shows("Ada")
	s.Advance(20 * time.Minute)
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/mine", nil)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("X-Live", "1")
	b.Do(req).Is(200)
	s.Advance(15 * time.Minute) // the page's own request did not count
	if p := b.Open("/mine"); !strings.HasPrefix(p.Path, "/?to=") {
		t.Errorf("after 35 minutes of rest it shows %s", p.Path)
	}
}

// A session ends at once with the account's right to it.
func TestASuspendedAccountIsOut(t *testing.T) {
	s := webtest.New(t, door())
	ada := s.AddPerson(people.New{First: "Ada", Last: "Byron", State: people.Active})
	b := s.As(ada)
	b.Open("/mine").Is(200)
	s.Write(func(tx fleet.Tx) error {
		_, err := people.SetState(tx.Tx.Tx.Tx, ada.ID, people.Suspended, people.ByAdministrator)
		return err
	})
	if p := b.Open("/mine"); !strings.HasPrefix(p.Path, "/?to=") {
		t.Errorf("a suspended account sees %s", p.Path)
	}
}

func TestSignOut(t *testing.T) {
	s := webtest.New(t)
	b := s.AsAdmin()
	p := b.Open("/aide/certificat").Press("Se déconnecter")
	p.Shows("Vous êtes déconnecté.")
	if b.Cookie(page.SessionCookie) != "" {
		t.Error("the browser still has the session")
	}
	b.Open("/aide/certificat").Hides("Se déconnecter", "Vous êtes déconnecté")
}
